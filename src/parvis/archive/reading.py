"""Reading sealed records back: header, rooms and line, through a key that somebody else has opened."""

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parvis.archive.record import Header, open_content, parse_header, unpack_content
from parvis.model.ids import ConversationId


class OpenedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record as its readers saw it."""

    header: Header
    rooms: list[ConversationId]
    line: bytes
    undelivered: bool
    """Whether it was found after a commit that failed, so that nobody saw it."""

    def __repr__(self) -> str:
        """Name kind and number alone: words stay out of logs."""
        return f"OpenedRecord({self.header.kind.name} {self.header.run}/{self.header.counter})"


def opened_record(header: bytes, ciphertext: bytes, content_key: bytes, *, undelivered: bool) -> OpenedRecord:
    """Open one record.

    Args:
        header: Its canonical header.
        ciphertext: Nonce, ciphertext and tag.
        content_key: The key that its header names.
        undelivered: Whether the store marks it so.

    Raises:
        MalformedRecord: The header or the content is not of a known layout.
        UnopenedRecord: Key, header and ciphertext do not belong together.
    """
    parsed = parse_header(header)
    rooms, line = unpack_content(open_content(AESGCM(content_key), header, ciphertext))
    return OpenedRecord(header=parsed, rooms=rooms, line=line, undelivered=undelivered)
