"""What custodians' private key makes of a bundle: lines of JSON for whoever asked, filtered to what was asked.

Each line has a `type`: `record`, `identification`, and last `manifest`, which counts them and says what could not be
opened and why.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from parvis.app.opening_vault import VaultScope, plain
from parvis.archive import custody, vault
from parvis.archive.bundle import BundledKey, BundledRecord, BundledVaultKey, BundledVaultRow, Counts, Frame
from parvis.archive.content_keys import custody_info, hour_of
from parvis.archive.custody import UnopenedCustody
from parvis.archive.reading import OpenedRecord, opened_record
from parvis.archive.record import (
    COUNTER_MAX,
    RUN_MAX,
    Header,
    MalformedRecord,
    UnopenedRecord,
    leaf_of,
    parse_header,
    record_id,
    run_and_counter,
)
from parvis.archive.vault import UnopenedVault
from parvis.irc.names import ROOM_PREFIX
from parvis.legal.openings import Request, Scope
from parvis.model.records import RecordKind

NAMED_MAX: Final = 1000
"""Most records that a manifest names one by one; ours."""

_WRITTEN: Final = frozenset({RecordKind.MESSAGE, RecordKind.NOTICE, RecordKind.TAG_MESSAGE})
"""What the two of a private conversation alone put into it."""
_STATUS: Final = "~&@%+"
"""What may stand before a room's name (STATUSMSG)."""


class Tally(msgspec.Struct):
    """How much there was of everything."""

    records: int = 0
    withheld: int = 0
    unopened: int = 0
    leaves_wrong: int = 0
    vault: int = 0
    vault_unopened: int = 0


class Opener:
    """Opens one bundle once."""

    def __init__(
        self,
        request: Request,
        private: MLKEM768X25519PrivateKey,
        facts: dict[str, object],
        strangers: Collection[bytes] = (),
    ) -> None:
        """Prepare.

        Args:
            request: What was asked for, and nothing else is given.
            private: The custodians' key.
            facts: What else the manifest says.
            strangers: What :func:`between_strangers` found.
        """
        self._request = request
        self._scope = Scope(request)
        self._private = private
        self._facts = facts
        self._strangers = strangers
        self._custodian = bytes.fromhex(request.quorum.custodian)
        self._keys: dict[bytes, tuple[BundledKey, bytes]] = {}
        self._vault_keys: dict[bytes, bytes] = {}
        self._vault_rows: dict[bytes, int] = {}
        self._written: set[int] = set()
        self._accounts = frozenset(bytes.fromhex(each.id) for each in request.accounts)
        self._named: list[dict[str, object]] = []
        self._kinds: Counter[str] = Counter()
        self._span: list[int] = []
        self._last = 0
        self.tally = Tally()

    def lines(self, frames: Iterable[Frame]) -> Iterator[bytes]:
        """Give the lines of the result, each with its end."""
        counts = Counts()
        identified = VaultScope(self._request, self._written)
        waiting = iter(frames)
        first: BundledVaultKey | BundledVaultRow | None = None
        for frame in waiting:
            match frame:
                case BundledKey():
                    self._open_key(frame)
                case BundledRecord():
                    yield from self._record(frame)
                case BundledVaultKey() | BundledVaultRow():
                    # From here on there are entries of the vault alone; a record behind them would go unseen.
                    first = frame
                    break
                case Counts():
                    counts = frame
        if first is not None:
            rest: list[Counts] = []
            for entry in identified.kept(self._entries(first, waiting, rest)):
                self.tally.vault += 1
                yield _line({"type": "identification", "time": _time(entry.time_ms), **plain(entry)})
            counts = rest[0]
        yield _line(self._manifest(counts, len(identified.unknown)))

    def _open_key(self, key: BundledKey) -> None:
        try:
            opened = custody.open_sealed(self._private, key.wrap, custody_info(key, self._custodian))
        except UnopenedCustody:
            return
        self._keys[key.id] = key, opened

    def _record(self, row: BundledRecord) -> Iterator[bytes]:
        try:
            header = parse_header(row.header)
        except MalformedRecord as malformed:
            return self._unopened(row.number, str(malformed))
        if not self._scope.covers(header.author, header.conversation, header.time_ms):
            self.tally.withheld += 1
            return None
        if row.number <= self._last:
            return self._unopened(row.number, "it stands there twice, or out of order")
        self._last = row.number
        key, opened = self._keys.get(header.content_key, (None, b""))
        if key is None:
            return self._unopened(row.number, "its key does not open")
        if not _belongs(row, header, key):
            return self._unopened(row.number, "its header, number and key do not belong together")
        try:
            record = opened_record(row.header, row.ciphertext, opened, undelivered=row.is_undelivered)
        except (MalformedRecord, UnopenedRecord) as fault:
            return self._unopened(row.number, str(fault))
        if self._scope.needs_privacy(header.author, header.conversation) and (
            header.conversation in self._strangers or _is_to_room(record.line)
        ):
            # Somebody called a room, or what others wrote to each other, a private conversation of theirs.
            self.tally.withheld += 1
            return None
        is_whole = leaf_of(row.salt, row.header, row.ciphertext) == row.leaf
        self._count(row.number, record, is_whole=is_whole)
        yield _line(_plain_record(row, record, is_whole=is_whole))
        return None

    def _count(self, number: int, record: OpenedRecord, *, is_whole: bool) -> None:
        self.tally.records += 1
        self.tally.leaves_wrong += not is_whole
        self._kinds[record.header.kind.name] += 1
        self._span = [*self._span[:1], record.header.time_ms] if self._span else [record.header.time_ms] * 2
        if record.header.author in self._accounts:
            self._written.add(number)

    def _unopened(self, number: int, why: str) -> None:
        self.tally.unopened += 1
        if len(self._named) < NAMED_MAX:
            run, counter = run_and_counter(number)
            self._named.append({"run": run, "counter": counter, "why": why})

    def _entries(
        self, first: BundledVaultKey | BundledVaultRow, frames: Iterator[Frame], rest: list[Counts]
    ) -> Iterator[vault.Entry]:
        frame: Frame | None = first
        while frame is not None:
            match frame:
                case BundledVaultKey():
                    self._open_day(frame)
                case BundledVaultRow():
                    yield from self._open_row(frame)
                case Counts():
                    rest.append(frame)
                case _:
                    self.tally.unopened += 1
            frame = next(frames, None)

    def _open_day(self, key: BundledVaultKey) -> None:
        info = vault.key_info(key.id, key.kind, key.day_ms, self._custodian)
        try:
            self._vault_keys[key.id] = vault.open_day_key(self._private, key.wrap, info)
        except UnopenedCustody:
            return

    def _open_row(self, row: BundledVaultRow) -> list[vault.Entry]:
        key = self._vault_keys.get(row.key)
        following = self._vault_rows.get(row.key, 0)
        number = vault.number_of(row.sealed)
        if number < following:
            # A commit that was repeated wrote it once more.
            return []
        self._vault_rows[row.key] = number + 1
        try:
            if key is not None:
                return vault.read_entries(vault.open_row(key, row.key, row.sealed))
        except UnopenedVault:
            pass
        self.tally.vault_unopened += 1
        return []

    def _manifest(self, counts: Counts, connections_unknown: int) -> dict[str, object]:
        request = self._request
        asked = msgspec.to_builtins(request)
        del asked["release"], asked["requester"]["public"]
        return {
            "type": "manifest",
            "request": asked,
            **self._facts,
            "times": "UTC",
            "records": self.tally.records,
            "kinds": dict(self._kinds),
            "first": _time(self._span[0]) if self._span else None,
            "last": _time(self._span[1]) if self._span else None,
            "leaves_verified": self.tally.records - self.tally.leaves_wrong,
            "leaves_wrong": self.tally.leaves_wrong,
            "identification": self.tally.vault,
            "not_opened": {
                "withheld": self.tally.withheld,
                "withheld_why": "not asked for",
                "term_ended": counts.closed,
                "other_custodians_key": counts.elsewhere,
                "damaged": self.tally.unopened,
                "damaged_records": self._named,
                "vault_rows": self.tally.vault_unopened,
                "connections_unknown": connections_unknown,
            },
        }


def between_strangers(request: Request, frames: Iterable[Frame]) -> set[bytes]:
    """Find what is called a private conversation of the accounts although two others wrote in it.

    A private conversation is of two: whatever else its server says, this one is not theirs.
    """
    scope = Scope(request)
    heard: dict[bytes, bytes] = {}
    found = set[bytes]()
    for frame in frames:
        if not isinstance(frame, BundledRecord):
            continue
        try:
            header = parse_header(frame.header)
        except MalformedRecord:
            continue
        if (
            header.kind in _WRITTEN
            and scope.covers(header.author, header.conversation, header.time_ms)
            and scope.needs_privacy(header.author, header.conversation)
            and heard.setdefault(header.conversation, header.author) != header.author
        ):
            found.add(header.conversation)
    return found


def _belongs(row: BundledRecord, header: Header, key: BundledKey) -> bool:
    return (
        0 < header.run <= RUN_MAX
        and 0 < header.counter <= COUNTER_MAX
        and row.number == record_id(header.run, header.counter)
        and (key.conversation, key.hour, key.run) == (header.conversation, hour_of(header.time_ms), header.run)
    )


def _is_to_room(line: bytes) -> bool:
    """Tell whether a line was sent to a room: tags and source stand before its command, the target behind it."""
    words = [word for word in line.split(b" ") if word]
    while words and words[0][:1] in (b"@", b":"):
        del words[0]
    at = 2 if words[:1] == [b"INVITE"] else 1
    target = words[at].decode(errors="replace") if len(words) > at else ""
    return target.lstrip(":").lstrip(_STATUS)[:1] == ROOM_PREFIX


def _plain_record(row: BundledRecord, record: OpenedRecord, *, is_whole: bool) -> dict[str, object]:
    header = record.header
    line: dict[str, object]
    try:
        line = {"line": record.line.decode()}
    except UnicodeDecodeError:
        line = {"line_hex": record.line.hex()}
    return {
        "type": "record",
        "run": header.run,
        "counter": header.counter,
        "time": _time(header.time_ms),
        "kind": header.kind.name,
        "author": header.author.hex(),
        "session": header.session.hex(),
        "conversation": header.conversation.hex(),
        "message_id": header.message_id.hex(),
        "rooms": [room.hex() for room in record.rooms],
        **line,
        "undelivered": record.undelivered,
        "leaf_matches": is_whole,
        "leaf": row.leaf.hex(),
        "header": row.header.hex(),
        "salt": row.salt.hex(),
    }


def _line(value: dict[str, object]) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _time(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
