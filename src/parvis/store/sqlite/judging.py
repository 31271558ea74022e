"""What of a damaged archive's rows is true: what proves a record is its leaf, what proves a wrap its term key.

Source: docs/adr/0027-damage-and-repair.md.
"""

from collections.abc import Callable

from parvis.archive import custody
from parvis.archive.content_keys import UnopenedKey, WrappedKey, unwrap_visible
from parvis.archive.record import LEAF_BYTES, VERSION, MalformedRecord, leaf_of, parse_header, record_id
from parvis.archive.terms import TermKey
from parvis.model.ids import ConversationId
from parvis.store.sqlite.salvage import StoredRow

Judge = Callable[[StoredRow], StoredRow | None]
"""Says what of a row is true; None: nothing."""


def as_it_is(row: StoredRow) -> StoredRow:
    """Take a row that nothing proves and nothing refutes."""
    return row


class RecordJudge:
    """Says of records whether they are whole."""

    def __init__(self) -> None:
        """Begin."""
        self.without_body: set[int] = set()
        """Numbers of records that were found with a body that is not theirs."""

    def judge(self, row: StoredRow) -> StoredRow | None:
        """Give a record whole, or its number and leaf alone, or nothing."""
        number, header, salt, ciphertext, leaf = row
        if len(leaf) != LEAF_BYTES or leaf[0] != VERSION:
            return None
        if header is None and salt is None and ciphertext is None:
            return row
        if isinstance(header, bytes) and isinstance(salt, bytes) and isinstance(ciphertext, bytes):
            try:
                parsed = parse_header(header)
            except MalformedRecord:
                parsed = None
            if parsed is not None and leaf_of(salt, header, ciphertext) == leaf:
                # The leaf proves the header, and the header says the number.
                return (record_id(parsed.run, parsed.counter), header, salt, ciphertext, leaf)
        self.without_body.add(number)
        return (number, None, None, None, leaf)


class KeyJudge:
    """Says of wraps whether their term keys open them; of terms that have ended nothing can be said."""

    def __init__(self, term_keys: dict[bytes, TermKey]) -> None:
        """Judge by these keys."""
        self._term_keys = term_keys

    def content_key(self, row: StoredRow) -> StoredRow | None:
        """Give a content key as it is stored, if its visible wrap opens or cannot be tried."""
        wrapped = _wrapped(row)
        term_key = self._term_keys.get(wrapped.term_key) if wrapped is not None else None
        if wrapped is None or term_key is None:
            return row
        try:
            unwrap_visible(wrapped, term_key)
        except UnopenedKey:
            return None
        return row

    def custody_wrap(self, row: StoredRow) -> StoredRow | None:
        """Give a custodians' wrap, if its term key takes the outer layer off or is gone."""
        content_key, term_key_id, _, wrap = row
        term_key = self._term_keys.get(term_key_id) if isinstance(term_key_id, bytes) else None
        if term_key is None:
            return row
        try:
            custody.lift_term(wrap, term_key, content_key)
        except custody.UnopenedCustody:
            return None
        return row


def _wrapped(row: StoredRow) -> WrappedKey | None:
    """Read the visible wrap of a content key's row; None without one."""
    key_id, conversation, hour, run, term_key, wrap, _, _ = row
    if not (isinstance(term_key, bytes) and isinstance(wrap, bytes)):
        return None
    return WrappedKey(
        id=key_id,
        conversation=ConversationId(conversation),
        hour=hour,
        run=run,
        term_key=term_key,
        visible_wrap=wrap,
    )
