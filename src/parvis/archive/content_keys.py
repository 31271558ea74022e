"""Content keys: what the records of one conversation, one hour and one writer run are sealed under.

A content key is stored only wrapped, twice. The *visible* wrap, AES-256-GCM under a term key, is for the server and
lives as long as the longest window. The *custodians'* wrap is sealed to their public key (`archive/custody.py`), lies
under a term key of its own, and may lie under those of holds as well.

Source: docs/adr/0002-record-and-leaf.md; docs/adr/0020-terms-and-wraps.md; vectors/records.json, vectors/custody.json.
"""

from struct import Struct
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parvis.archive import custody
from parvis.archive.custody import CustodianKey
from parvis.archive.terms import HOUR_MS, RandomBytes, TermKey
from parvis.model.ids import ConversationId
from parvis.model.records import DataKind

CONTENT_KEY_ID_BYTES: Final = 16
"""Random bytes of a content key's id."""

CONTENT_KEY_BYTES: Final = 32
"""An AES-256 key."""

WRAP_NONCE_BYTES: Final = 12
"""Random bytes in front of a visible wrap."""

_WRAP_LABEL: Final = b"parvis visible wrap v1"
_CUSTODY_LABEL: Final = b"parvis custodian wrap v1"
_BOUND_TO: Final = Struct(">16s16sQI16s")


class UnopenedKey(ValueError):
    """A wrap that its term key does not open: changed, or moved to another key, conversation, hour or run."""


class Belonging(Protocol):
    """Whatever says which content key it is, and what that belongs to."""

    @property
    def id(self) -> bytes:
        """Give the id of the key."""

    @property
    def conversation(self) -> bytes:
        """Give the conversation."""

    @property
    def hour(self) -> int:
        """Give the hour, counted from 1970."""

    @property
    def run(self) -> int:
        """Give the run of the writer."""


class ContentKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key and what it belongs to. `hour` counts hours since 1970."""

    id: bytes
    conversation: ConversationId
    hour: int
    run: int
    key: bytes

    def __repr__(self) -> str:
        """Name the id alone: keys stay out of logs."""
        return f"ContentKey({self.id.hex()})"


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A content key as it is stored for the server, under the term key named."""

    id: bytes
    conversation: ConversationId
    hour: int
    run: int
    term_key: bytes
    visible_wrap: bytes
    data: DataKind = DataKind.ROOMS
    first_id: int = 0
    """Number of the first record sealed under it; 0 where that was not kept."""


class CustodyWrap(msgspec.Struct, frozen=True, kw_only=True):
    """A content key as it is stored for custodians, under the term key named: its own, or that of a hold."""

    content_key: bytes
    custodian: bytes
    """Which custodians' key it is sealed to."""
    term_key: bytes
    wrap: bytes


class MadeKey(msgspec.Struct, frozen=True):
    """A content key that was just made, as it is to be stored."""

    wrapped: WrappedKey
    custody: CustodyWrap


def hour_of(time_ms: int) -> int:
    """Give the hour a time belongs to, counted from 1970."""
    return time_ms // HOUR_MS


def new_content_key(conversation: ConversationId, hour: int, run: int, random: RandomBytes) -> ContentKey:
    """Make a content key; id and key are random and derived from nothing."""
    return ContentKey(
        id=random(CONTENT_KEY_ID_BYTES),
        conversation=conversation,
        hour=hour,
        run=run,
        key=random(CONTENT_KEY_BYTES),
    )


def wrap_visible(
    key: ContentKey, term_key: TermKey, nonce: bytes, data: DataKind = DataKind.ROOMS, first_id: int = 0
) -> WrappedKey:
    """Wrap a content key for the server; the wrap is nonce ‖ ciphertext ‖ tag."""
    bound_to = _bound_to(key.id, key.conversation, key.hour, key.run, term_key.id)
    return WrappedKey(
        id=key.id,
        conversation=key.conversation,
        hour=key.hour,
        run=key.run,
        term_key=term_key.id,
        visible_wrap=nonce + AESGCM(term_key.key).encrypt(nonce, key.key, bound_to),
        data=data,
        first_id=first_id,
    )


def unwrap_visible(wrapped: WrappedKey, term_key: TermKey) -> ContentKey:
    """Open a visible wrap.

    Raises:
        UnopenedKey: The wrap was changed or belongs elsewhere.
    """
    bound_to = _bound_to(wrapped.id, wrapped.conversation, wrapped.hour, wrapped.run, term_key.id)
    nonce, ciphertext = wrapped.visible_wrap[:WRAP_NONCE_BYTES], wrapped.visible_wrap[WRAP_NONCE_BYTES:]
    try:
        key = AESGCM(term_key.key).decrypt(nonce, ciphertext, bound_to)
    except (InvalidTag, ValueError):
        raise UnopenedKey("content key does not open under its term key") from None
    return ContentKey(id=wrapped.id, conversation=wrapped.conversation, hour=wrapped.hour, run=wrapped.run, key=key)


def wrap_for_custodians(key: ContentKey, custodian: CustodianKey, term_key: TermKey, nonce: bytes) -> CustodyWrap:
    """Wrap a content key for the custodians, under a term key."""
    sealed = custody.seal_to(custodian.public, key.key, custody_info(key, custodian.id), custodian.suite)
    return CustodyWrap(
        content_key=key.id,
        custodian=custodian.id,
        term_key=term_key.id,
        wrap=custody.under_term(sealed, term_key, key.id, nonce),
    )


def custody_info(key: Belonging, custodian: bytes) -> bytes:
    """Say what a custodians' wrap is about: the key, what it belongs to, and whose it is."""
    return _CUSTODY_LABEL + _BOUND_TO.pack(key.id, key.conversation, key.hour, key.run, custodian)


def _bound_to(key_id: bytes, conversation: bytes, hour: int, run: int, term_key_id: bytes) -> bytes:
    return _WRAP_LABEL + _BOUND_TO.pack(key_id, conversation, hour, run, term_key_id)
