"""What of the archive belongs to a request: found by headers alone, since nothing is opened here.

Rule 1: an export is minimal already: no record, key or vault entry goes out that the request does not need.
Rule 2: the outer layer of a wrap is lifted here, and only of keys that go out: what remains takes custodians.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Final

import msgspec

from parvis.archive import custody
from parvis.archive.bundle import (
    BundledKey,
    BundledRecord,
    BundledVaultKey,
    BundledVaultRow,
    Counts,
    Frame,
)
from parvis.archive.content_keys import hour_of
from parvis.archive.custody import UnopenedCustody
from parvis.archive.record import NONCE_BYTES, SALT_BYTES, TAG_BYTES, MalformedRecord, parse_header
from parvis.archive.terms import TermKind, day_of
from parvis.legal.openings import Request, Scope
from parvis.model.ids import ConversationId, IdentityId
from parvis.model.records import DataKind
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import SealedStore, StoredRow, Wanted

PairOf = Callable[[IdentityId, IdentityId], ConversationId]
"""Gives the conversation of two identities."""

_HOURS_AHEAD: Final = 24
"""How many hours behind a span are looked at first for the record that follows it."""


class Span(msgspec.Struct, frozen=True):
    """The numbers between which every record of a span of time stands, both ends included."""

    first_id: int
    last_id: int


def span_of(sealed: SealedStore, from_ms: int, to_ms: int) -> Span:
    """Find where a span of time stands among the records, by the keys that were made in it and behind it.

    Numbers grow with time, and each hour's first record makes a key that names it.
    """
    first_hour, last_hour = hour_of(from_ms), hour_of(to_ms - 1)
    firsts = [key.first_id for key in sealed.content_keys(first_hour, last_hour)]
    head = sealed.head()
    if not firsts:
        return Span(1, 0)
    last_id, hour, ahead, end = head, last_hour + 1, _HOURS_AHEAD, _newest_hour(sealed, head)
    while hour <= end:
        later = [key.first_id for key in sealed.content_keys(hour, hour + ahead) if key.first_id]
        if later:
            last_id = min(later) - 1
            break
        hour, ahead = hour + ahead + 1, ahead * 8
    return Span(min(firsts), last_id)


def _newest_hour(sealed: SealedStore, head: int) -> int:
    for row in sealed.rows(Wanted(first_id=head, last_id=head)):
        if row.header is not None:
            with suppress(MalformedRecord):
                return hour_of(parse_header(row.header).time_ms)
    # Its body is gone or damaged: every hour there could be.
    return hour_of(1 << 50)


def private_conversations(
    sealed: SealedStore, pair_of: PairOf, accounts: Collection[IdentityId], from_ms: int, to_ms: int
) -> set[ConversationId]:
    """Find the private conversations that accounts were part of in a span.

    Whoever wrote in one stands in its headers; with whom, the id of the pair tells.
    """
    hours = hour_of(from_ms), hour_of(to_ms - 1)
    private = {key.conversation for key in sealed.content_keys(*hours) if key.data is DataKind.PRIVATE}
    found: set[ConversationId] = set()
    seen: set[tuple[ConversationId, IdentityId]] = set()
    if not private or not accounts:
        return found
    span = span_of(sealed, from_ms, to_ms)
    for row in sealed.rows(Wanted(first_id=span.first_id, last_id=span.last_id)):
        if row.header is None:
            continue
        try:
            header = parse_header(row.header)
        except MalformedRecord:
            continue
        heard = (header.conversation, header.author)
        if header.conversation not in private or heard in seen or not from_ms <= header.time_ms < to_ms:
            continue
        seen.add(heard)
        if header.author in accounts or any(
            pair_of(account, header.author) == header.conversation for account in accounts
        ):
            found.add(header.conversation)
    return found


class Bundle:
    """The frames of one request, and their counts once all were given."""

    def __init__(self, sealed: SealedStore, keys: KeyStore, request: Request, now_ms: int) -> None:
        """Prepare; nothing is read before :meth:`frames`.

        Args:
            sealed: What is stored.
            keys: Whose term keys lift the outer layer.
            request: What is asked for.
            now_ms: The time: what has ended by then goes out no more, even if its key is not destroyed yet.
        """
        self._sealed = sealed
        self._terms = {key.id: key for key in keys.term_keys() if now_ms < key.ends_ms}
        self._request = request
        self._custodian = bytes.fromhex(request.quorum.custodian)
        self._usable: dict[bytes, BundledKey | None] = {}
        self._elsewhere: set[bytes] = set()
        self._damaged: set[bytes] = set()
        """Keys whose wrap was changed: their records go out without them, and are told to be damaged."""
        self.counts = Counts()

    def frames(self) -> Iterator[Frame]:
        """Give them in order: each key before the first record under it, the counts last."""
        scope = Scope(self._request)
        undelivered = self._sealed.undelivered()
        starts = [first for first, _ in undelivered]
        keys = records = vault_rows = closed = elsewhere = 0
        for row in self._rows():
            if row.header is None or row.salt is None or row.ciphertext is None:
                continue
            try:
                header = parse_header(row.header)
            except MalformedRecord:
                # Nobody knows whose it is. `archive verify` tells of it.
                continue
            if not scope.covers(header.author, header.conversation, header.time_ms):
                continue
            is_new = header.content_key not in self._usable
            key = self._key(header.content_key)
            if key is None and header.content_key not in self._damaged:
                elsewhere += header.content_key in self._elsewhere
                closed += header.content_key not in self._elsewhere
                continue
            if is_new and key is not None:
                keys += 1
                yield key
            if len(row.ciphertext) < NONCE_BYTES + TAG_BYTES or len(row.salt) != SALT_BYTES:
                # No bundle can hold it; what follows it still can be opened.
                continue
            at = bisect_right(starts, row.number) - 1
            yield BundledRecord(
                number=row.number,
                is_undelivered=at >= 0 and row.number <= undelivered[at][1],
                leaf=row.leaf,
                header=row.header,
                salt=row.salt,
                ciphertext=row.ciphertext,
            )
            records += 1
        if self._request.vault:
            for frame in self._vault():
                vault_rows += isinstance(frame, BundledVaultRow)
                yield frame
        self.counts = Counts(keys=keys, records=records, vault_rows=vault_rows, closed=closed, elsewhere=elsewhere)
        yield self.counts

    def _rows(self) -> Iterator[StoredRow]:
        request = self._request
        span = span_of(self._sealed, request.from_ms, request.to_ms)
        conversation = author = None
        one = [*request.conversations, *request.accounts, *request.private]
        if len(one) == 1:
            # One thing is found in the store, several here: its rows are read once either way.
            conversation = ConversationId(bytes.fromhex(request.conversations[0].id)) if request.conversations else None
            author = IdentityId(bytes.fromhex(request.accounts[0].id)) if request.accounts else None
        return self._sealed.rows(
            Wanted(first_id=span.first_id, last_id=span.last_id, conversation=conversation, author=author)
        )

    def _key(self, key_id: bytes) -> BundledKey | None:
        """Find a content key and a wrap of it that still lives, without its outer layer."""
        if key_id in self._usable:
            return self._usable[key_id]
        self._usable[key_id] = None
        stored = self._sealed.content_key(key_id)
        if stored is None:
            return None
        for wrap in self._sealed.wraps_of(key_id):
            term = self._terms.get(wrap.term_key)
            if wrap.custodian != self._custodian:
                self._elsewhere.add(key_id)
            elif term is not None:
                self._elsewhere.discard(key_id)
                try:
                    lifted = custody.lift_term(wrap.wrap, term, key_id)
                except UnopenedCustody:
                    self._damaged.add(key_id)
                    continue
                self._usable[key_id] = BundledKey(
                    id=key_id, conversation=stored.conversation, hour=stored.hour, run=stored.run, wrap=lifted
                )
                break
        return self._usable[key_id]

    def _vault(self) -> Iterator[BundledVaultKey | BundledVaultRow]:
        """Give the days of the vault that the span touches: each tells of the connections that were open on it."""
        request = self._request
        first_ms = day_of(request.from_ms)
        for key in self._sealed.vault_keys():
            term = self._terms.get(key.term_key)
            if key.custodian != self._custodian or term is None or key.day_ms < first_ms:
                continue
            # An account was closed when its span was over.
            if key.day_ms >= request.to_ms and key.kind != TermKind.CLOSED_ACCOUNTS:
                continue
            # Rows whose key was changed go out without it, and are told to be damaged.
            with suppress(UnopenedCustody):
                wrap = custody.lift_term(key.wrap, term, key.id)
                yield BundledVaultKey(id=key.id, kind=key.kind, day_ms=key.day_ms, wrap=wrap)
            for row in self._sealed.vault_rows(key.id):
                yield BundledVaultRow(key=row.key, sealed=row.sealed)
