"""A run sealed in memory, for the tests of sealing, reading and checking."""

import os
from typing import cast

from tests.custodians import a_custodian

from parvis.archive.content_keys import ContentKey, unwrap_visible
from parvis.archive.record import pack_content
from parvis.archive.sealing import ROW_FIELDS, Sealer, Wrapping
from parvis.archive.terms import DAY_MS, TermKey, TermKind
from parvis.archive.verify import Row
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind, Unsealed

NOON_MS = 20_000 * DAY_MS + DAY_MS // 2
TERM_KEY = TermKey(id=b"t" * 16, kind=TermKind.VISIBLE_RECORDS, term_ms=DAY_MS, begins_ms=NOON_MS, key=b"T" * 32)
ROOM = ConversationId(b"r" * 16)
OTHER_ROOM = ConversationId(b"o" * 16)


def a_record(
    kind: RecordKind = RecordKind.MESSAGE,
    *,
    time_ms: int = NOON_MS,
    conversation: ConversationId = ROOM,
    line: bytes = b":ann!~a@guest PRIVMSG #nave :hello",
    rooms: list[ConversationId] | None = None,
) -> Unsealed:
    """Make a record that says hello."""
    return Unsealed(
        kind=kind,
        time_ms=time_ms,
        author=IdentityId(b"a" * 16),
        session=SessionId(b"s" * 16),
        conversation=conversation,
        message_id=b"m" * 15,
        content=pack_content(rooms or [], line),
    )


class SealedRun:
    """Rows of one run and the keys that open them."""

    def __init__(self, run: int = 1) -> None:
        """Begin a run with nothing sealed."""
        self.sealer = Sealer(run, Wrapping(lambda _kind, _time_ms: TERM_KEY, a_custodian), os.urandom)
        self.keys: dict[bytes, ContentKey] = {}

    def seal(self, *records: Unsealed) -> list[Row]:
        """Seal records and remember their keys."""
        flat, made = self.sealer.seal(list(records))
        self.keys |= {key.wrapped.id: unwrap_visible(key.wrapped, TERM_KEY) for key in made}
        rows = [
            cast("tuple[int, bytes, bytes, bytes, bytes]", tuple(flat[at : at + ROW_FIELDS]))
            for at in range(0, len(flat), ROW_FIELDS)
        ]
        return [
            Row(
                number=number,
                header=header,
                salt=salt,
                ciphertext=ciphertext,
                leaf=leaf,
            )
            for number, header, salt, ciphertext, leaf in rows
        ]
