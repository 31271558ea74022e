"""The identification vault: who connected from where, and with which connection something was written.

A *day key* (32 random bytes) belongs to one kind of term and one day. It is in the server's memory that day only;
what is stored of it is sealed to the custodians (`archive/custody.py`) under the term key of that kind and day. A row
holds entries, sealed under a day key.

A stored row: number (4 bytes, big endian, from 0 for each key) ‖ nonce (12) ‖ AES-256-GCM ciphertext ‖ tag. Its
associated data is `parvis vault row v1` ‖ key id ‖ number, its plaintext a MessagePack array of entries, each a map
whose `what` names it. When a key is given up, a record of the audit holds how many rows there are and their digest.

Rule 1: rows are numbered without a gap. A commit whose answer was lost is made again, so that rows may stand twice:
the first of a number counts.
Rule 2: the `repr` of an entry tells nothing; addresses stand in no log.

Source: docs/adr/0024-the-identification-vault.md; vectors/vault.json; décret 2021-1362, articles 3 and 5.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from struct import Struct
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from parvis.archive import custody
from parvis.archive.custody import CustodianKey
from parvis.archive.record import Header
from parvis.archive.terms import DAY_MS, RandomBytes, TermKey, TermKind, day_of
from parvis.model.audit import VaultSealed
from parvis.model.ids import MESSAGE_ID_BYTES, NO_SESSION, OPAQUE_ID_BYTES
from parvis.model.records import RecordKind, Unsealed

KEY_ID_BYTES: Final = 16
"""Random bytes of a day key's id."""

KEY_BYTES: Final = 32
"""An AES-256 key."""

ROW_NONCE_BYTES: Final = 12
"""Random bytes in front of a row's ciphertext."""

ROW_BYTES_MAX: Final = 65_536
"""Most bytes of entries in one row, unless one alone is longer; ours, so that dropping rows stays a small act."""

OPERATIONS_MAX: Final = 1024
"""Most operations of one entry; ours."""

_KEY_LABEL: Final = b"parvis vault key v1"
_ROW_LABEL: Final = b"parvis vault row v1"
_BOUND_TO: Final = Struct(">16sQ16s")
_NUMBER: Final = Struct(">I")
_LENGTH: Final = Struct(">I")


class UnopenedVault(ValueError):
    """A row that does not open: changed, moved to another place, or sealed under another key. Says nothing of keys."""


class _Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", forbid_unknown_fields=True):
    """What each entry has."""

    time_ms: int

    def __repr__(self) -> str:
        """Give the kind of entry alone."""
        return f"{type(self).__name__}()"


class Connection(_Base, frozen=True, kw_only=True, tag="connection"):
    """Somebody came: they entered, logged in or registered on this connection."""

    connection: bytes
    """Its id: 16 random bytes."""
    address: str
    """IPv4 or IPv6 in canonical text, after PROXY, WEBIRC or Forwarded."""
    port: int | None
    """The source port; None where a proxy did not pass it on."""
    transport: Literal["tcp", "tls", "ws", "wss"]
    via: Literal["direct", "proxy", "forwarded", "webirc"]
    """Who said the address: the socket itself, a PROXY header, a Forwarded header, or a gateway."""
    is_own: bool
    """Whether it is the peer's; false for that of a proxy which did not say whom it speaks for."""
    listener: str
    """Where they came in: our own host and port; empty when not known."""
    again: bool = False
    """Whether it had come before and was open when the day began: each day tells of every connection that it finds,
    so that what was written on one is never kept longer than where it came from."""


class Presence(_Base, frozen=True, kw_only=True, tag="presence"):
    """From now on this connection is one of this person."""

    connection: bytes
    session: bytes
    identity: bytes
    """An account or a guest."""


class Ended(_Base, frozen=True, kw_only=True, tag="ended"):
    """The connection is closed. Those that the end of a run closed have none."""

    connection: bytes


class Login(_Base, frozen=True, kw_only=True, tag="login"):
    """Somebody proved on this connection to own an account."""

    connection: bytes
    account: bytes
    mechanism: str
    """A SASL mechanism, `REGISTER` or `VERIFY`."""


class Registration(_Base, frozen=True, kw_only=True, tag="registration"):
    """An account was made on this connection."""

    connection: bytes
    account: bytes


class Operations(_Base, frozen=True, kw_only=True, tag="operations"):
    """Acts by which people made others read something, in columns; `operations_of` gives them one by one."""

    first: int
    """Number of the first of their records; `time_ms` is its time."""
    numbers: list[int]
    """How much further each number is."""
    times: list[int]
    """How much later each was, in milliseconds."""
    kinds: bytes
    """A byte each: `RecordKind`."""
    messages: bytes
    """15 bytes each: the message id."""
    by: Literal["connection", "session"]
    """What `carriers` are. After a run that was killed only the session is known, whose connections are."""
    carriers: bytes
    """16 bytes each."""


class ClosedAccount(_Base, frozen=True, kw_only=True, tag="account"):
    """What stood in an account that was closed; `time_ms` is when."""

    account: bytes
    name: str
    """What it was logged in to with."""
    pseudonyms: tuple[str, ...]
    """Under which it was here, its name first."""
    registered_at_ms: int
    verifier: str
    """What its password was checked against; empty: none."""
    certificates: tuple[str, ...]


Entry = Connection | Presence | Ended | Login | Registration | Operations | ClosedAccount
"""Every entry there is."""


Place = tuple[TermKind, int]
"""Which entries lie under a key: a kind of term, and the beginning of a day."""


def term_of(entry: Entry) -> TermKind:
    """Say under which kind of term an entry is kept."""
    return TermKind.CLOSED_ACCOUNTS if isinstance(entry, ClosedAccount) else TermKind.CONNECTIONS


def by_place(entries: list[Entry]) -> dict[Place, list[Entry]]:
    """Part entries by the key that they lie under, each in their order."""
    days = {entry.time_ms // DAY_MS for entry in entries}
    if len(days) == 1 and ClosedAccount not in set(map(type, entries)):
        # Nearly always, and whoever enters waits for it.
        return {(TermKind.CONNECTIONS, days.pop() * DAY_MS): entries}
    found: dict[Place, list[Entry]] = {}
    for entry in entries:
        found.setdefault((term_of(entry), day_of(entry.time_ms)), []).append(entry)
    return found


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One act by which somebody made others read something."""

    number: int
    time_ms: int
    kind: RecordKind
    message_id: bytes
    connection: bytes | None
    session: bytes | None
    """Given where the connection is not known."""

    @property
    def nature(self) -> Literal["post", "edit", "delete"]:
        """Say what it did to what others read (décret 2021-1362, article 6)."""
        if self.kind is RecordKind.REDACTED:
            return "delete"
        return "edit" if self.kind in _EDITS else "post"


_EDITS: Final = (
    *(RecordKind.NAMED, RecordKind.TOPIC, RecordKind.MODE, RecordKind.AWAY),
    *(RecordKind.SET_NAME, RecordKind.METADATA),
)

_POSTS: Final = (
    *(RecordKind.MESSAGE, RecordKind.NOTICE, RecordKind.TAG_MESSAGE, RecordKind.INVITED, RecordKind.WALLOPS),
    *(RecordKind.KICKED, RecordKind.KILLED, RecordKind.PARTED, RecordKind.QUIT),
)
"""Those that leave or put out carry a reason, which is a text like any other."""

IS_OPERATION: Final = tuple(kind in {*_POSTS, *_EDITS, RecordKind.REDACTED} for kind in range(max(RecordKind) + 1))
"""Whether records of a kind are content operations, by its number: everything a person makes others read."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Entry])


class DayKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key of one kind of term and one day, in memory."""

    id: bytes
    kind: TermKind
    day_ms: int
    key: bytes

    def __repr__(self) -> str:
        """Name the id alone: keys stay out of logs."""
        return f"DayKey({self.id.hex()})"


def new_day_key(kind: TermKind, day_ms: int, random: RandomBytes) -> DayKey:
    """Make a day key; id and key are random and derived from nothing."""
    return DayKey(id=random(KEY_ID_BYTES), kind=kind, day_ms=day_ms, key=random(KEY_BYTES))


def key_info(key_id: bytes, kind: str, day_ms: int, custodian: bytes) -> bytes:
    """Say what the wrap of a day key is about: the key, its kind and day, and whose it is."""
    return _KEY_LABEL + bytes((len(kind),)) + kind.encode() + _BOUND_TO.pack(key_id, day_ms, custodian)


def wrap_day_key(key: DayKey, custodian: CustodianKey, term_key: TermKey, nonce: bytes) -> bytes:
    """Seal a day key to the custodians, under the term key of its kind and day.

    Args:
        key: The day key.
        custodian: Whose it is.
        term_key: What ends it.
        nonce: `custody.NONCE_BYTES` random bytes.
    """
    info = key_info(key.id, key.kind, key.day_ms, custodian.id)
    return custody.under_term(
        custody.seal_to(custodian.public, key.key, info, custodian.suite), term_key, key.id, nonce
    )


def open_day_key(private: MLKEM768X25519PrivateKey, sealed: bytes, info: bytes) -> bytes:
    """Give the 32 bytes of a day key, of what remains when the term key's layer is off (`custody.lift_term`).

    Raises:
        UnopenedCustody: It does not open under this private key, or is not about that.
    """
    return custody.open_sealed(private, sealed, info)


def pack_rows(entries: Sequence[Entry]) -> list[bytes]:
    """Encode entries, in order, as the plaintexts of as few rows as their bound allows."""
    whole = _ENCODER.encode(entries)
    if entries and len(whole) <= ROW_BYTES_MAX:
        return [whole]
    rows, row, size = [], list[msgspec.Raw](), 0
    for entry in entries:
        encoded = _ENCODER.encode(entry)
        if row and size + len(encoded) > ROW_BYTES_MAX:
            rows.append(_ENCODER.encode(row))
            row, size = [], 0
        row.append(msgspec.Raw(encoded))
        size += len(encoded)
    if row:
        rows.append(_ENCODER.encode(row))
    return rows


def seal_row(key: DayKey, number: int, plaintext: bytes, nonce: bytes) -> bytes:
    """Seal the plaintext of a row as it is stored."""
    about = _NUMBER.pack(number)
    return about + nonce + AESGCM(key.key).encrypt(nonce, plaintext, _ROW_LABEL + key.id + about)


def open_row(key: bytes, key_id: bytes, sealed: bytes) -> bytes:
    """Open a stored row; `read_entries` reads what it gives.

    Raises:
        UnopenedVault: It was changed, or belongs to another key or place.
    """
    about, rest = sealed[: _NUMBER.size], sealed[_NUMBER.size :]
    try:
        return AESGCM(key).decrypt(rest[:ROW_NONCE_BYTES], rest[ROW_NONCE_BYTES:], _ROW_LABEL + key_id + about)
    except (InvalidTag, ValueError):
        raise UnopenedVault("row of the vault does not open under this key") from None


def read_entries(plaintext: bytes) -> list[Entry]:
    """Read the entries of an opened row.

    Raises:
        UnopenedVault: They are not of a layout that this program knows.
    """
    try:
        entries = _DECODER.decode(plaintext)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A reader that skips unknown keys goes down into whatever nests in them.
        raise UnopenedVault("row of the vault is not of a known layout") from None
    for entry in entries:
        if isinstance(entry, Operations):
            _check(entry)
    return entries


# Columns are made by whole lists: this runs for every message, once a second.


def operations(first: int, records: Sequence[Unsealed]) -> list[Operations]:
    """Gather the content operations among records with consecutive numbers.

    What names no connection was nobody's act: the server's own.

    Args:
        first: The number of the first.
        records: They.
    """
    found = [record for record in records if record.connection and IS_OPERATION[record.kind]]
    if not found:
        return []
    numbers = list(range(first, first + len(records)))
    if len(found) < len(records):
        numbers = [
            number
            for number, record in zip(numbers, records, strict=True)
            if record.connection and IS_OPERATION[record.kind]
        ]
    return [
        _columns(numbers[begin:end], part, "connection", b"".join([record.connection for record in part]))
        for begin, end in _parts(found)
        for part in [found[begin:end]]
    ]


def operations_of_sessions(stored: Iterable[tuple[int, Header]]) -> list[Operations]:
    """Gather the content operations of stored records, of which the session is known and not the connection."""
    theirs = [
        (number, header) for number, header in stored if header.session != NO_SESSION and IS_OPERATION[header.kind]
    ]
    numbers, found = [number for number, _ in theirs], [header for _, header in theirs]
    return [
        _columns(numbers[begin:end], part, "session", b"".join([header.session for header in part]))
        for begin, end in _parts(found)
        for part in [found[begin:end]]
    ]


def _parts(found: Sequence[Unsealed | Header]) -> Iterator[tuple[int, int]]:
    """Say where to cut into entries: of one day each, so that none ends too early, and bounded."""
    begin = 0
    while begin < len(found):
        end = min(begin + OPERATIONS_MAX, len(found))
        day_ends_ms = day_of(found[begin].time_ms) + DAY_MS
        if found[end - 1].time_ms >= day_ends_ms:
            end = next(at for at in range(begin, end) if found[at].time_ms >= day_ends_ms)
        yield begin, end
        begin = end


def _columns(
    numbers: list[int], part: Sequence[Unsealed | Header], by: Literal["connection", "session"], carriers: bytes
) -> Operations:
    first, time_ms = numbers[0], part[0].time_ms
    return Operations(
        time_ms=time_ms,
        first=first,
        numbers=[number - first for number in numbers],
        times=[each.time_ms - time_ms for each in part],
        kinds=bytes([each.kind for each in part]),
        messages=b"".join([each.message_id for each in part]),
        by=by,
        carriers=carriers,
    )


def operations_of(entry: Operations) -> Iterator[Operation]:
    """Give the operations of an entry one by one."""
    is_known = entry.by == "connection"
    for at, further in enumerate(entry.numbers):
        carrier = entry.carriers[at * OPAQUE_ID_BYTES : (at + 1) * OPAQUE_ID_BYTES]
        yield Operation(
            number=entry.first + further,
            time_ms=entry.time_ms + entry.times[at],
            kind=RecordKind(entry.kinds[at]),
            message_id=entry.messages[at * MESSAGE_ID_BYTES : (at + 1) * MESSAGE_ID_BYTES],
            connection=carrier if is_known else None,
            session=None if is_known else carrier,
        )


def _check(entry: Operations) -> None:
    count = len(entry.numbers)
    sizes = (len(entry.times), len(entry.kinds), len(entry.messages), len(entry.carriers))
    if sizes != (count, count, count * MESSAGE_ID_BYTES, count * OPAQUE_ID_BYTES):
        raise UnopenedVault("columns of operations differ in length")
    if not set(entry.kinds) <= set(RecordKind):
        raise UnopenedVault("operation is of no known kind")


# What the rows of a key are checked by.


class Digest:
    """How many rows a key has, and SHA-256 over them: each preceded by its length (4 bytes, big endian)."""

    def __init__(self) -> None:
        """Begin with no row."""
        self.rows = 0
        self._hash = sha256()

    def add(self, sealed: bytes) -> None:
        """Count one row, as it is stored."""
        self.rows += 1
        self._hash.update(_LENGTH.pack(len(sealed)))
        self._hash.update(sealed)

    def hex(self) -> str:
        """Give the digest of the rows so far."""
        return self._hash.hexdigest()


def number_of(sealed: bytes) -> int:
    """Give the number that a stored row has under its key."""
    return int.from_bytes(sealed[: _NUMBER.size])


def without_repeats(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Give the stored rows of one key, in their order, without those that a repeated commit wrote once more."""
    following = 0
    for row in rows:
        if number_of(row) >= following:
            following = number_of(row) + 1
            yield row


def digest(rows: Iterable[bytes]) -> Digest:
    """Digest the stored rows of one key, in their order, repeated ones once."""
    found = Digest()
    for row in without_repeats(rows):
        found.add(row)
    return found


def vault_problems(
    found: Iterable[tuple[bytes, Iterable[bytes]]], told: Iterable[VaultSealed], now_ms: int
) -> list[str]:
    """Compare what is stored of the vault with what the audit tells of it; each problem is a whole sentence.

    Args:
        found: Each key's id, and its stored rows in their order.
        told: What the audit tells.
        now_ms: The time of day: keys and rows may be gone, whole or in part, once their term has ended.
    """
    entries = {entry.key: entry for entry in told}
    problems = []
    there = set()
    for key_id, rows in found:
        name = key_id.hex()
        there.add(name)
        entry = entries.get(name)
        if entry is not None and now_ms >= entry.ends_ms:
            continue
        counted, following, lacking = Digest(), 0, None
        for row in without_repeats(rows):
            if lacking is None and number_of(row) != following:
                lacking = following
            following = number_of(row) + 1
            counted.add(row)
        if lacking is not None:
            problems.append(f"The vault's key {name} lacks its row {lacking}, or has it in another place.")
        elif entry is not None and (counted.rows, counted.hex()) != (entry.rows, entry.digest):
            problems.append(f"The rows under the vault's key {name} are not the {entry.rows} that the audit tells of.")
    problems += [
        f"The vault's key {name} is gone, and its term has not ended."
        for name, entry in entries.items()
        if name not in there and now_ms < entry.ends_ms and entry.rows
    ]
    return problems
