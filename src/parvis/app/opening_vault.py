"""What of the identification vault belongs to the accounts of a request, entry by entry.

Rule 1: an entry is given if it is of one of the accounts and of the span; how one came is given with it, whenever
that was, since an address in use in the span may be older.
Rule 2: of a connection that several people used, each one's part is theirs alone.
"""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from parvis.archive import vault
from parvis.archive.vault import Entry, Operation
from parvis.legal.openings import Request


class _Way:
    """One connection: how it came, whose it was since when, and what waits to be given of it."""

    __slots__ = ("came", "is_given", "mine", "whose")

    def __init__(self) -> None:
        self.came: vault.Connection | None = None
        self.is_given = False
        self.mine: list[Entry] = []
        self.whose: list[tuple[int, bytes]] = []


class VaultScope:
    """Keeps what was asked for of entries that come in their order."""

    def __init__(self, request: Request, written: Collection[int]) -> None:
        """Prepare.

        Args:
            request: What is asked for.
            written: Numbers of the records that the accounts wrote in the span.
        """
        self._from_ms, self._to_ms = request.from_ms, request.to_ms
        self._accounts = frozenset(bytes.fromhex(each.id) for each in request.accounts)
        self._written = written
        self._ways: dict[bytes, _Way] = {}
        self._sessions: dict[bytes, list[tuple[int, bytes]]] = {}
        self.unknown: set[bytes] = set()
        """Connections that something was written on and that no entry handed out tells of."""

    def kept(self, entries: Iterable[Entry]) -> Iterator[Entry | Operation]:
        """Give what belongs to the request."""
        for entry in entries:
            if isinstance(entry, vault.ClosedAccount):
                if entry.account in self._accounts:
                    yield entry
            elif isinstance(entry, vault.Operations):
                for operation in vault.operations_of(entry):
                    yield from self._operation(operation)
            elif entry.time_ms < self._to_ms:
                yield from self._event(entry)
        for way in self._ways.values():
            # Still open when the span ended, as far as is known.
            yield from self._give(way)

    def _event(
        self, entry: vault.Connection | vault.Presence | vault.Login | vault.Registration | vault.Ended
    ) -> Iterator[Entry]:
        way = self._ways.setdefault(entry.connection, _Way())
        match entry:
            case vault.Connection():
                way.came = entry
                if entry.connection in self.unknown:
                    # It was open when the day began, and written on before the day was told of it.
                    self.unknown.discard(entry.connection)
                    yield from self._give(way, is_used=True)
                return
            case vault.Ended():
                if entry.time_ms >= self._from_ms and (way.mine or way.is_given):
                    way.mine.append(entry)
                    yield from self._give(way)
                way.mine.clear()
                return
            case vault.Presence():
                whose = entry.identity
                way.whose.append((entry.time_ms, whose))
                self._sessions.setdefault(entry.session, []).append((entry.time_ms, whose))
            case vault.Login() | vault.Registration():
                whose = entry.account
        if whose in self._accounts:
            way.mine.append(entry)
            if entry.time_ms >= self._from_ms:
                yield from self._give(way)

    def _operation(self, operation: Operation) -> Iterator[Entry | Operation]:
        if not self._from_ms <= operation.time_ms < self._to_ms:
            return
        way = None if operation.connection is None else self._ways.get(operation.connection)
        whose = [] if way is None else way.whose
        if operation.session is not None:
            whose = self._sessions.get(operation.session, [])
        if operation.number not in self._written and _at(whose, operation.time_ms) not in self._accounts:
            return
        if way is not None:
            yield from self._give(way, is_used=True)
        elif operation.connection is not None:
            self.unknown.add(operation.connection)
        yield operation

    def _give(self, way: _Way, *, is_used: bool = False) -> Iterator[Entry]:
        if (way.mine or is_used) and way.came is not None and not way.is_given:
            way.is_given = True
            yield way.came
        yield from way.mine
        way.mine.clear()


def _at(whose: list[tuple[int, bytes]], time_ms: int) -> bytes | None:
    """Say whose it was at a moment."""
    return next((identity for since_ms, identity in reversed(whose) if since_ms <= time_ms), None)


def plain(entry: Entry | Operation) -> dict[str, object]:
    """Write an entry as JSON has it: ids in hexadecimal."""
    fields = {name: _plain(value) for name, value in msgspec.structs.asdict(entry).items()}
    if isinstance(entry, Operation):
        run, counter = entry.number >> 40, entry.number & ((1 << 40) - 1)
        return {
            "what": "operation",
            **fields,
            "run": run,
            "counter": counter,
            "nature": entry.nature,
            "kind": entry.kind.name,
        }
    return {"what": str(entry.__struct_config__.tag), **fields}


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value
