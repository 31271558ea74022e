"""What a server hands to an opening, sealed: keys for custodians, and the records and vault entries that match.

A file is a line that names the form, then frames: kind (1), length (4), that many bytes; the last frame counts the
others, so that a file that was cut is known. Numbers are unsigned and big endian.

Rule 1: a frame is bounded before it is read; the reader keeps one at a time.
Rule 2: nothing here is opened; what a frame says is checked against what it seals by whoever opens it.

Source: docs/protocol/opening.md; vectors/openings.json.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from struct import Struct
from typing import Final

import msgspec

from parvis.archive.record import HEADER_BYTES, LEAF_BYTES, NONCE_BYTES, SALT_BYTES, TAG_BYTES
from parvis.model.ids import OPAQUE_ID_BYTES

FORM: Final = b"parvis opening sealed v1\n"
"""The first line of a file."""
FRAME_BYTES_MAX: Final = 1_048_576
"""Longest frame; ours: a record of the longest message is far below."""
WRAP_BYTES_MAX: Final = 8192
"""Longest wrap; one of the suite so far takes 1169 bytes."""
KIND_BYTES_MAX: Final = 64
"""Longest name of a kind of term."""

_DIGEST_LABEL: Final = b"parvis opening export v1"
_HEAD: Final = Struct(">BI")
_KEY: Final = Struct(">16s16sQI")
_RECORD: Final = Struct(f">QB{LEAF_BYTES}s{HEADER_BYTES}s{SALT_BYTES}s")
_VAULT_KEY: Final = Struct(">16sQB")
_END: Final = Struct(">5Q")
_IS_KEY, _IS_RECORD, _IS_VAULT_KEY, _IS_VAULT_ROW, _IS_END = 1, 2, 3, 4, 255
_UNDELIVERED: Final = 1


class MalformedBundle(ValueError):
    """Bytes that are no bundle of a known form, or were cut. The text carries sizes and numbers alone."""


class BundledKey(msgspec.Struct, frozen=True, kw_only=True):
    """A content key, sealed to custodians: the outer layer is off."""

    id: bytes
    conversation: bytes
    hour: int
    run: int
    wrap: bytes

    def __repr__(self) -> str:
        """Name the id alone."""
        return f"BundledKey({self.id.hex()})"


class BundledRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it is stored."""

    number: int
    is_undelivered: bool
    leaf: bytes
    header: bytes
    salt: bytes
    ciphertext: bytes

    def __repr__(self) -> str:
        """Name the number alone."""
        return f"BundledRecord({self.number})"


class BundledVaultKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key of a day of the identification vault, sealed to custodians: the outer layer is off."""

    id: bytes
    kind: str
    day_ms: int
    wrap: bytes

    def __repr__(self) -> str:
        """Name the id alone."""
        return f"BundledVaultKey({self.id.hex()})"


class BundledVaultRow(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of the vault, sealed under the key named."""

    key: bytes
    sealed: bytes

    def __repr__(self) -> str:
        """Name the key's id alone."""
        return f"BundledVaultRow({self.key.hex()})"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a bundle: how many frames stand before it, and how much could not be put in."""

    keys: int = 0
    records: int = 0
    vault_rows: int = 0
    closed: int = 0
    """Records that match and whose key is gone for custodians: their term ended."""
    elsewhere: int = 0
    """Records that match and are sealed to another custodians' key."""


Frame = BundledKey | BundledRecord | BundledVaultKey | BundledVaultRow | Counts
"""What a bundle is made of."""


def export_digest(request: bytes, sealed: bytes) -> bytes:
    """Give the 32 bytes that an export is known by.

    Args:
        request: Digest of the request.
        sealed: SHA-256 of the bundle.
    """
    return sha256(_DIGEST_LABEL + request + sealed).digest()


def write_frame(frame: Frame) -> bytes:
    """Write one frame; the counts end a bundle.

    Raises:
        MalformedBundle: It is too long, or an id has the wrong length.
    """
    match frame:
        case BundledKey():
            kind, body = _IS_KEY, _KEY.pack(frame.id, frame.conversation, frame.hour, frame.run) + frame.wrap
        case BundledRecord():
            flags = _UNDELIVERED if frame.is_undelivered else 0
            head = _RECORD.pack(frame.number, flags, frame.leaf, frame.header, frame.salt)
            kind, body = _IS_RECORD, head + frame.ciphertext
        case BundledVaultKey():
            name = frame.kind.encode()
            kind = _IS_VAULT_KEY
            body = _VAULT_KEY.pack(frame.id, frame.day_ms, len(name)) + name + frame.wrap
        case BundledVaultRow():
            kind, body = _IS_VAULT_ROW, frame.key + frame.sealed
        case Counts():
            kind, body = _IS_END, _END.pack(*msgspec.structs.astuple(frame))
    if len(body) > FRAME_BYTES_MAX:
        raise MalformedBundle(f"frame is {len(body)} bytes, limit is {FRAME_BYTES_MAX}")
    return _HEAD.pack(kind, len(body)) + body


def read_frames(read: Callable[[int], bytes]) -> Iterator[Frame]:
    """Read a bundle, one frame after the other; its end comes last, and only behind a bundle that is whole.

    Args:
        read: Gives at most so many next bytes, and fewer only at the end.

    Raises:
        MalformedBundle: The form is not known, a frame is out of bounds, the file was cut or goes on behind its end,
            or it does not hold what its end counts. Frames before that have been given by then.
    """
    if read(len(FORM)) != FORM:
        raise MalformedBundle("file does not begin as a bundle of a known form does")
    keys = records = vault_rows = 0
    while True:
        kind, body = _next(read)
        if kind == _IS_END:
            if len(body) != _END.size:
                raise MalformedBundle(f"end is {len(body)} bytes, expected {_END.size}")
            *counted, closed, elsewhere = _END.unpack(body)
            if counted != [keys, records, vault_rows]:
                raise MalformedBundle("end does not count what stands before it")
            if read(1):
                raise MalformedBundle("bytes stand behind the end")
            yield Counts(keys=keys, records=records, vault_rows=vault_rows, closed=closed, elsewhere=elsewhere)
            return
        frame = _parse(kind, body)
        keys += isinstance(frame, BundledKey)
        records += isinstance(frame, BundledRecord)
        vault_rows += isinstance(frame, BundledVaultRow)
        yield frame


def _next(read: Callable[[int], bytes]) -> tuple[int, bytes]:
    head = read(_HEAD.size)
    if len(head) != _HEAD.size:
        raise MalformedBundle("bundle was cut: its end is missing")
    kind, length = _HEAD.unpack(head)
    if length > FRAME_BYTES_MAX:
        raise MalformedBundle(f"frame is {length} bytes, limit is {FRAME_BYTES_MAX}")
    body = read(length)
    if len(body) != length:
        raise MalformedBundle(f"bundle was cut: {len(body)} bytes of a frame of {length}")
    return kind, body


def _parse(kind: int, body: bytes) -> Frame:
    match kind:
        case 1 if _KEY.size < len(body) <= _KEY.size + WRAP_BYTES_MAX:
            key_id, conversation, hour, run = _KEY.unpack_from(body)
            return BundledKey(id=key_id, conversation=conversation, hour=hour, run=run, wrap=body[_KEY.size :])
        case 2 if len(body) >= _RECORD.size + NONCE_BYTES + TAG_BYTES:
            number, flags, leaf, header, salt = _RECORD.unpack_from(body)
            if flags not in (0, _UNDELIVERED):
                raise MalformedBundle(f"flags of a record are {flags:#04x}")
            return BundledRecord(
                number=number,
                is_undelivered=bool(flags),
                leaf=leaf,
                header=header,
                salt=salt,
                ciphertext=body[_RECORD.size :],
            )
        case 3 if len(body) > _VAULT_KEY.size:
            return _vault_key(body)
        case 4 if len(body) > OPAQUE_ID_BYTES:
            return BundledVaultRow(key=body[:OPAQUE_ID_BYTES], sealed=body[OPAQUE_ID_BYTES:])
        case _:
            raise MalformedBundle(f"frame of kind {kind} and {len(body)} bytes is not known")


def _vault_key(body: bytes) -> BundledVaultKey:
    key_id, day_ms, name_bytes = _VAULT_KEY.unpack_from(body)
    wrap_at = _VAULT_KEY.size + name_bytes
    if name_bytes > KIND_BYTES_MAX or not wrap_at < len(body) <= wrap_at + WRAP_BYTES_MAX:
        raise MalformedBundle(f"key of the vault is {len(body)} bytes")
    try:
        kind = body[_VAULT_KEY.size : wrap_at].decode("ascii")
    except UnicodeDecodeError:
        raise MalformedBundle("kind of a key of the vault is not written in ASCII") from None
    return BundledVaultKey(id=key_id, kind=kind, day_ms=day_ms, wrap=body[wrap_at:])
