"""Sealing the records of one run: numbers, keys, salts, ciphertexts, leaves. This runs once per message.

Rule 1: a number is used again only after :meth:`Sealer.rewind`, and a nonce never: both are drawn at each
try.
Rule 2: no object per record. A batch becomes one flat list of parameters, five per record, as stores want
them.
Rule 3: random bytes are drawn once per batch and sliced.

Source: docs/adr/0002-record-and-leaf.md.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parvis.archive.content_keys import (
    WRAP_NONCE_BYTES,
    WrappedKey,
    hour_of,
    new_content_key,
    wrap_visible,
)
from parvis.archive.record import (
    COUNTER_BITS,
    HEADER_V1,
    NONCE_BYTES,
    SALT_BYTES,
    VERSION,
    VERSION_BYTE,
)
from parvis.archive.terms import HOUR_MS, RandomBytes, TermKey
from parvis.model.ids import ConversationId
from parvis.model.records import Unsealed

ROW_FIELDS: Final = 5
"""Parameters per record in what :meth:`Sealer.seal` gives: number, header, salt, ciphertext, leaf."""

CONTENT_KEYS_MAX: Final = 65_536
"""Most content keys held in memory. Beyond it they are forgotten, and conversations get a second key that hour."""

Encrypt = Callable[[bytes, bytes, bytes], bytes]


class Sealer:
    """The numbers and content keys of one run."""

    def __init__(self, run: int, term_key_for: Callable[[int], TermKey], random: RandomBytes) -> None:
        """Begin a run at counter 1.

        Args:
            run: The run, which every record names.
            term_key_for: Gives the visible term key that covers a time; it is stored durably before it is
                given.
            random: Where random bytes come from.
        """
        self.next_counter = 1
        self._run = run
        self._term_key_for = term_key_for
        self._random = random
        self._last_time_ms = 0
        self._keys: dict[bytes, tuple[bytes, Encrypt]] = {}
        self._hour_begins_ms = 0
        self._hour_ends_ms = 0

    def rewind(self, next_counter: int, last_time_ms: int) -> None:
        """Go back to the head of the store after a commit that failed.

        Content keys are forgotten with it: their wraps may not have been stored.
        """
        self.next_counter = next_counter
        self._last_time_ms = last_time_ms
        self._forget_keys()

    @property
    def last_time_ms(self) -> int:
        """Time of the newest record sealed."""
        return self._last_time_ms

    def seal(self, records: list[Unsealed]) -> tuple[list[object], list[WrappedKey]]:
        """Seal records in order, with consecutive numbers.

        A time that goes back is raised to the one before: no record stands earlier than its predecessor.

        Returns:
            Five parameters per record, flat (number, header, salt, ciphertext, leaf), and the wraps of
            content keys made now, which must become durable in the same transaction.
        """
        counter = self.next_counter
        run = self._run
        base = run << COUNTER_BITS
        last_ms = self._last_time_ms
        hour_ends_ms = self._hour_ends_ms
        keys = self._keys
        made: list[WrappedKey] = []
        rows: list[object] = []
        pool = self._random(len(records) * (SALT_BYTES + NONCE_BYTES))
        at = 0
        pack = HEADER_V1.pack
        for record in records:
            time_ms = record.time_ms
            if time_ms > last_ms:
                last_ms = time_ms
            else:
                time_ms = last_ms
            if time_ms >= hour_ends_ms or time_ms < self._hour_begins_ms:
                self._enter_hour(time_ms)
                hour_ends_ms = self._hour_ends_ms
            conversation = record.conversation
            if conversation not in keys:
                made.append(self._make_key(conversation))
            key_id, encrypt = keys[conversation]
            header = pack(
                VERSION,
                record.kind,
                0,
                run,
                counter,
                time_ms,
                record.author,
                record.session,
                conversation,
                key_id,
                record.message_id,
            )
            salt_ends = at + SALT_BYTES
            salt = pool[at:salt_ends]
            at = salt_ends + NONCE_BYTES
            nonce = pool[salt_ends:at]
            ciphertext = nonce + encrypt(nonce, record.content, header)
            leaf = VERSION_BYTE + sha256(salt + header).digest() + sha256(ciphertext).digest()
            rows += (base + counter, header, salt, ciphertext, leaf)
            counter += 1
        self.next_counter = counter
        self._last_time_ms = last_ms
        return rows, made

    def _enter_hour(self, time_ms: int) -> None:
        self._hour_begins_ms = time_ms - time_ms % HOUR_MS
        self._hour_ends_ms = self._hour_begins_ms + HOUR_MS
        self._keys.clear()

    def _forget_keys(self) -> None:
        self._hour_begins_ms = 0
        self._hour_ends_ms = 0
        self._keys.clear()

    def _make_key(self, conversation: ConversationId) -> WrappedKey:
        """Make the key of a conversation for this hour; the term key of the hour's day wraps it."""
        if len(self._keys) >= CONTENT_KEYS_MAX:
            self._keys.clear()
        begins_ms = self._hour_begins_ms
        term_key = self._term_key_for(begins_ms)
        key = new_content_key(conversation, hour_of(begins_ms), self._run, self._random)
        wrapped = wrap_visible(key, term_key, self._random(WRAP_NONCE_BYTES))
        self._keys[conversation] = (key.id, AESGCM(key.key).encrypt)
        return wrapped
