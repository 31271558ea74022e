"""What is kept about somebody, as a file for them: `export.json` and a page of it, in a zip (GDPR, articles 15 and 20).

Rule 1: their own words and what is decided about them; of others nothing but the pseudonyms that stood in those words.
Rule 2: the file is the same with a hold and without: what only a hold keeps is not in it, and nothing says that it is.
So its bytes depend on what is kept, the language and the moment alone: times of the zip are fixed, and its order is.
Rule 3: everything has a bound, and what is left out is counted.

Source: docs/adr/0026-holds-access-and-erasure.md.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from parvis.archive.content_keys import ContentKey, UnopenedKey, WrappedKey, unwrap_visible
from parvis.archive.reading import opened_record
from parvis.archive.record import Header, MalformedRecord, UnopenedRecord, parse_header
from parvis.archive.terms import TermKey, TermKind
from parvis.model.ids import AUDIT, DECISIONS, PRESENCE, IdentityId
from parvis.model.moments import written
from parvis.model.records import DataKind
from parvis.moderation import export_page
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import SealedStore, StoredKey, StoredRow, Wanted

LINES_MAX: Final = 100_000
"""Most lines that one file holds; ours."""
LINES_BYTES_MAX: Final = 8_388_608
"""Most bytes of those lines; ours: a file is made in memory, one at a time."""
SEALED_MAX: Final = 100_000
"""Most lines that the server cannot read any more which one file names by their times; ours."""
ROWS_AT_ONCE: Final = 500
"""Rows whose keys are looked up together."""

_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_PRIVATE: Final = 0o600 << 16
_UNIX: Final = 3


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What staff decided about somebody, as they read it."""

    at: str
    name: str
    action: str
    ends: str
    told: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody wrote or did, as its readers saw it."""

    at: str
    where: str
    """`room`, `private` or `server`."""
    kind: str
    line: str


class SealedLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody wrote and that this server cannot read any more."""

    at: str
    where: str


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """From where somebody is here now."""

    pseudonym: str
    since: str
    address: str
    host: str
    """What others see in its place."""
    encrypted: bool


class RoomHeld(msgspec.Struct, frozen=True, kw_only=True):
    """A room that somebody owns, or is a host of for good."""

    name: str
    since: str
    owner: bool


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the live tables hold of an account."""

    identity: IdentityId
    network: str
    account: str
    registered: str
    registered_ms: int
    has_password: bool
    certificates: tuple[str, ...]
    many_devices: bool | None
    devices: tuple[Device, ...]
    silences: tuple[str, ...]
    metadata: dict[str, str]
    rooms: tuple[RoomHeld, ...]
    read_until: dict[str, str]
    decisions: tuple[Decision, ...]
    """Those that run now; older ones stand in the archive."""

    def __repr__(self) -> str:
        """Say nothing: all of it is somebody's."""
        return "About()"


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """What `export.json` holds. Times are ISO 8601 in UTC."""

    version: int
    network: str
    made: str
    id: str
    account: str
    registered: str
    has_password: bool
    certificates: tuple[str, ...]
    many_devices: bool | None
    devices: tuple[Device, ...]
    silences: tuple[str, ...]
    metadata: dict[str, str]
    rooms: tuple[RoomHeld, ...]
    read_until: dict[str, str]
    decisions: tuple[Decision, ...]
    lines: list[Line]
    lines_left_out: int
    sealed: list[SealedLine]
    sealed_left_out: int
    notes: Mapping[str, str]
    """What the rest means, and what is kept beside it."""

    def __repr__(self) -> str:
        """Say nothing: all of it is somebody's."""
        return "Export()"


def make_export(
    about: About, sealed: SealedStore, keys: KeyStore, now_ms: int, language: str, *, words: bool = True
) -> bytes:
    """Make the file. Blocks for as long as it takes to read the archive; memory is bounded.

    Args:
        about: What the live tables hold.
        sealed: What is stored.
        keys: The server's own keys.
        now_ms: The moment.
        language: One of `export_page.LANGUAGES`.
        words: Whether with what was written, as far as the server can read it.

    Raises:
        ArchiveError: It could not be read.
    """
    export = gathered(about, sealed, keys, now_ms, language, words=words)
    return zipped({"export.json": _json(export), "index.html": export_page.render(export, language).encode()})


def gathered(about: About, sealed: SealedStore, keys: KeyStore, now_ms: int, language: str, *, words: bool) -> Export:
    """Gather what the file holds; arguments as for `make_export`."""
    lines: list[Line] = []
    times: list[SealedLine] = []
    size = lines_left_out = sealed_left_out = 0
    ways = _Ways(sealed, keys)
    for header, row, key in ways.rows(Wanted(author=about.identity)):
        if header.conversation in (DECISIONS, AUDIT):
            continue
        at, where = written(header.time_ms), _where(header, key)
        text = ways.opened(key, row) if words else None
        if text is None:
            if len(times) < SEALED_MAX:
                times.append(SealedLine(at=at, where=where))
            else:
                sealed_left_out += 1
        elif len(lines) < LINES_MAX and size + len(text.encode()) <= LINES_BYTES_MAX:
            size += len(text.encode())
            lines.append(Line(at=at, where=where, kind=header.kind.name.lower(), line=text))
        else:
            lines_left_out += 1
    decisions = {each.name + each.action: each for each in about.decisions}
    for header, row, key in ways.rows(Wanted(conversation=DECISIONS)):
        if header.time_ms >= about.registered_ms:
            found = _decision(about.account, header, ways.opened(key, row))
            if found is not None:
                decisions[found.name + found.action] = found
    return Export(
        version=1,
        network=about.network,
        made=written(now_ms),
        id=about.identity.hex(),
        account=about.account,
        registered=about.registered,
        has_password=about.has_password,
        certificates=about.certificates,
        many_devices=about.many_devices,
        devices=about.devices,
        silences=about.silences,
        metadata=dict(sorted(about.metadata.items())),
        rooms=about.rooms,
        read_until=dict(sorted(about.read_until.items())),
        decisions=tuple(sorted(decisions.values(), key=lambda each: (each.at, each.name, each.action))),
        lines=lines,
        lines_left_out=lines_left_out,
        sealed=times,
        sealed_left_out=sealed_left_out,
        notes=export_page.notes(language),
    )


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Put files into a zip whose bytes depend on them alone."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, _PRIVATE, _UNIX
            archive.writestr(entry, content)
    return out.getvalue()


class _Ways:
    """Ways into records that the server has by itself, and not by a hold."""

    def __init__(self, sealed: SealedStore, keys: KeyStore) -> None:
        self._sealed = sealed
        self._term_keys: dict[bytes, TermKey] = {
            key.id: key for key in keys.term_keys() if key.kind is not TermKind.HOLD
        }
        self._undelivered = sealed.undelivered()

    def rows(self, wanted: Wanted) -> Iterator[tuple[Header, StoredRow, StoredKey]]:
        """Give the rows that are kept for their own term's sake, with their keys."""
        part: list[StoredRow] = []
        for row in self._sealed.rows(wanted):
            part.append(row)
            if len(part) >= ROWS_AT_ONCE:
                yield from self._with_keys(part)
                part = []
        yield from self._with_keys(part)

    def _with_keys(self, rows: Sequence[StoredRow]) -> Iterator[tuple[Header, StoredRow, StoredKey]]:
        headers = [(row, _header_of(row)) for row in rows]
        ids = {header.content_key for _, header in headers if header is not None}
        keys = {key.id: key for key in self._sealed.keys_of(ids) if self._has_own_term(key)}
        for row, header in headers:
            key = None if header is None else keys.get(header.content_key)
            if header is not None and key is not None and not self._is_unseen(row.number):
                yield header, row, key

    def _has_own_term(self, key: StoredKey) -> bool:
        """Tell whether a key would be there without any hold."""
        if key.visible_wrap is not None and key.visible_term in self._term_keys:
            return True
        return any(wrap.term_key in self._term_keys for wrap in self._sealed.wraps_of(key.id))

    def _is_unseen(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self._undelivered)

    def opened(self, key: StoredKey, row: StoredRow) -> str | None:
        """Open a record through the server's own wrap; None: its window is over."""
        term_key = None if key.visible_term is None else self._term_keys.get(key.visible_term)
        if term_key is None or key.visible_wrap is None or row.header is None or row.ciphertext is None:
            return None
        try:
            opened_key = _unwrapped(key, term_key, key.visible_wrap)
            opened = opened_record(row.header, row.ciphertext, opened_key.key, undelivered=False)
        except (UnopenedKey, UnopenedRecord, MalformedRecord):
            return None
        return opened.line.decode(errors="replace")


def _unwrapped(key: StoredKey, term_key: TermKey, wrap: bytes) -> ContentKey:
    return unwrap_visible(
        WrappedKey(
            id=key.id,
            conversation=key.conversation,
            hour=key.hour,
            run=key.run,
            term_key=term_key.id,
            visible_wrap=wrap,
        ),
        term_key,
    )


def _header_of(row: StoredRow) -> Header | None:
    try:
        return None if row.header is None else parse_header(row.header)
    except MalformedRecord:
        return None


def _where(header: Header, key: StoredKey) -> str:
    if header.conversation == PRESENCE:
        return "server"
    return "private" if key.data is DataKind.PRIVATE else "room"


def _decision(account: str, header: Header, line: str | None) -> Decision | None:
    """Read `:WHO DECISION NAME ACTION TARGET END :WORDS` if it is about an account."""
    words = (line or "").split(" ", 6)
    if len(words) < 7 or words[1] != "DECISION" or words[4].casefold() != f"account:{account}".casefold():
        return None
    _, _, name, action, _, ends, told = words
    return Decision(at=written(header.time_ms), name=name, action=action, ends=ends, told=told.removeprefix(":"))


def _json(export: Export) -> bytes:
    return msgspec.json.format(msgspec.json.encode(export), indent=1) + b"\n"
