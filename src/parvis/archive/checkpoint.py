"""Checkpoints: what is signed of the log, its size and root, as notes that several keys may sign.

Rule 1: a note is read strictly or not at all; of its signatures those of unknown keys are passed over, so that
witnesses may add theirs and keys may change.
Rule 2: one signature of a known key that is wrong spoils the note.

Source: https://c2sp.org/signed-note; https://c2sp.org/tlog-checkpoint; RFC 8032; vectors/checkpoints.json.
"""

import re
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from parvis.archive.merkle import HASH_BYTES, SIZE_MAX

NOTE_BYTES_MAX: Final = 65_536
"""Longest note that is read: a checkpoint of ours has some 300 bytes, each signature of a witness up to 7 000."""

SIGNATURES_MAX: Final = 32
"""Most signatures of a note; the specification asks for 16 at least."""

NAME_BYTES_MAX: Final = 255
"""Longest name of a key, and longest origin; ours: a host name and a path."""

ED25519: Final = 1
"""The kind of signature that the specification gives this number to."""

KEY_BYTES: Final = 32
"""A private or a public key of Ed25519."""

_KEY_ID_BYTES: Final = 4
_DASH: Final = "\N{EM DASH} "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class MalformedNote(ValueError):
    """No note, no checkpoint or no key of the form the specifications give."""


class UnsignedNote(ValueError):
    """No known key has signed it, or a signature of one is wrong."""


class Signature(msgspec.Struct, frozen=True):
    """One line under a note: who signed, the id of the key, and what the key made."""

    name: str
    key_id: bytes
    signature: bytes


class Note(msgspec.Struct, frozen=True):
    """A text with signatures that nobody has checked yet."""

    text: str
    signatures: tuple[Signature, ...]


class VerifierKey(msgspec.Struct, frozen=True):
    """A public key that notes are checked with."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Give the four bytes that stand in front of its signatures."""
        return sha256(self.name.encode() + b"\n" + bytes((ED25519,)) + self.public).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        """Write it as it is published: name, id and key."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes((ED25519,)) + self.public).decode()}"


class Checkpoint(msgspec.Struct, frozen=True):
    """What a log says of itself."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Write it as the text of a note."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def check_name(name: str) -> str:
    """Give a name back that a key may have.

    Raises:
        MalformedNote: It is empty, too long, or has spaces, a plus or control characters.
    """
    if not name or len(name.encode()) > NAME_BYTES_MAX:
        raise MalformedNote(f"name is {len(name.encode())} bytes, limit is {NAME_BYTES_MAX}, and not none")
    if any(letter == "+" or letter.isspace() or unicodedata.category(letter) in {"Cc", "Cs"} for letter in name):
        raise MalformedNote("name has a space, a plus or a control character")
    return name


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a public key as it is published.

    Raises:
        MalformedNote: It is none, or its id is not that of name and key.
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _decoded(encoded)
    if len(raw) != 1 + KEY_BYTES or raw[0] != ED25519:
        raise MalformedNote("key is not one of Ed25519")
    key = VerifierKey(check_name(name), raw[1:])
    if key.key_id.hex() != key_id:
        raise MalformedNote("id of the key is not that of its name and bytes")
    return key


def public_key(private: bytes, name: str) -> VerifierKey:
    """Give the public half of a private key of 32 bytes."""
    return VerifierKey(name, Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())


def sign(text: str, private_keys: Iterable[tuple[str, bytes]]) -> bytes:
    """Sign a text with every key, each told by its name and its 32 private bytes.

    Raises:
        MalformedNote: It is no text of a note.
    """
    _check_text(text)
    lines = []
    for name, private in private_keys:
        key_id = public_key(private, name).key_id
        signature = Ed25519PrivateKey.from_private_bytes(private).sign(text.encode())
        lines.append(f"{_DASH}{name} {b64encode(key_id + signature).decode()}\n")
    return (text + "\n" + "".join(lines)).encode()


def parse_note(raw: bytes) -> Note:
    """Read a note.

    Raises:
        MalformedNote: It is none.
    """
    if len(raw) > NOTE_BYTES_MAX:
        raise MalformedNote(f"note is {len(raw)} bytes, limit is {NOTE_BYTES_MAX}")
    try:
        whole = raw.decode()
    except UnicodeDecodeError:
        raise MalformedNote("note is not UTF-8") from None
    text, parted, signed = whole.rpartition("\n\n")
    if not parted or not signed.endswith("\n"):
        raise MalformedNote("note has no signature behind an empty line")
    _check_text(text + "\n")
    lines = signed[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise MalformedNote(f"note has {len(lines)} signatures, limit is {SIGNATURES_MAX}")
    return Note(text + "\n", tuple(map(_signature, lines)))


def verify_note(note: Note, known: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Give the known keys that signed a note, at least one.

    Raises:
        UnsignedNote: None did, or the signature of one is wrong.
    """
    signers: list[VerifierKey] = []
    for signature in note.signatures:
        for key in known:
            if (key.name, key.key_id) != (signature.name, signature.key_id):
                continue
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(signature.signature, note.text.encode())
            except (InvalidSignature, ValueError):
                raise UnsignedNote(f"signature of {key.name}+{key.key_id.hex()} is wrong") from None
            if key not in signers:
                signers.append(key)
    if not signers:
        raise UnsignedNote("no key that is known has signed it")
    return signers


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a note as a checkpoint; lines that extend it are passed over.

    Raises:
        MalformedNote: It is none.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise MalformedNote("checkpoint has not three lines, or an empty one")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size) or int(size) > SIZE_MAX:
        raise MalformedNote("size of the checkpoint is no number of leaves")
    hashed = _decoded(root)
    if len(hashed) != HASH_BYTES:
        raise MalformedNote(f"root of the checkpoint is {len(hashed)} bytes, expected {HASH_BYTES}")
    return Checkpoint(origin, int(size), hashed)


HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
DAYS_KEPT_MAX: Final = 4000
"""Most daily checkpoints that are kept, some eleven years; beyond it the oldest go."""


def to_thin(times_ms: Iterable[int], now_ms: int) -> set[int]:
    """Say which old checkpoints go: one an hour stays for a day, and one a day then; of each span the first.

    Args:
        times_ms: When they were signed.
        now_ms: The time.
    """
    kept: dict[tuple[str, int], int] = {}
    times = sorted(times_ms)
    for time_ms in times:
        is_new = time_ms > now_ms - DAY_MS
        kept.setdefault(("hour", time_ms // HOUR_MS) if is_new else ("day", time_ms // DAY_MS), time_ms)
    days = [time_ms for (span, _), time_ms in kept.items() if span == "day"]
    return set(times) - set(kept.values()) | set(days[: max(0, len(days) - DAYS_KEPT_MAX)])


def _check_text(text: str) -> None:
    if not text.endswith("\n") or len(text.encode()) > NOTE_BYTES_MAX:
        raise MalformedNote("text of the note does not end with a line, or is too long")
    if _CONTROL.search(text):
        raise MalformedNote("note has control characters")


def _signature(line: str) -> Signature:
    if not line.startswith(_DASH) or _CONTROL.search(line):
        raise MalformedNote("line under the note is no signature")
    name, parted, encoded = line.removeprefix(_DASH).partition(" ")
    raw = _decoded(encoded)
    if not parted or len(raw) <= _KEY_ID_BYTES:
        raise MalformedNote("line under the note is no signature")
    return Signature(check_name(name), raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def _decoded(encoded: str) -> bytes:
    """Read standard base64 with its padding, in the one form that bytes have."""
    try:
        raw = b64decode(encoded.encode("ascii"), validate=True)
    except ValueError:
        raise MalformedNote("base64 is damaged") from None
    if b64encode(raw).decode() != encoded:
        raise MalformedNote("base64 is not in its one form")
    return raw
