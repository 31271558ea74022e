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

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parvis.archive.content_keys import (
    WRAP_NONCE_BYTES,
    MadeKey,
    hour_of,
    new_content_key,
    wrap_for_custodians,
    wrap_visible,
)
from parvis.archive.custody import NONCE_BYTES as CUSTODY_NONCE_BYTES
from parvis.archive.custody import CustodianKey
from parvis.archive.record import (
    COUNTER_BITS,
    HEADER_V1,
    NONCE_BYTES,
    SALT_BYTES,
    VERSION,
    VERSION_BYTE,
)
from parvis.archive.terms import CUSTODY_TERM_OF, HOUR_MS, VISIBLE_TERM_OF, RandomBytes, TermKey, TermKind
from parvis.model.records import Unsealed

ROW_FIELDS: Final = 5
"""Parameters per record in what :meth:`Sealer.seal` gives: number, header, salt, ciphertext, leaf."""

CONTENT_KEYS_MAX: Final = 65_536
"""Most content keys held in memory. Beyond it they are forgotten, and conversations get a second key that hour."""

Encrypt = Callable[[bytes, bytes, bytes], bytes]


class Wrapping(msgspec.Struct, frozen=True):
    """What content keys are wrapped under."""

    term_key: Callable[[TermKind, int], TermKey]
    """Gives the term key of a kind that covers a time; it is stored durably before it is given."""
    custodian: Callable[[], CustodianKey]
    """Gives the custodians' key of this moment."""


class Sealer:
    """The numbers and content keys of one run."""

    def __init__(self, run: int, wrapping: Wrapping, random: RandomBytes) -> None:
        """Begin a run at counter 1.

        Args:
            run: The run, which every record names.
            wrapping: What content keys are wrapped under.
            random: Where random bytes come from.
        """
        self.next_counter = 1
        self._run = run
        self._wrapping = wrapping
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
        self.forget_keys()

    def forget_keys(self) -> None:
        """Make a new content key for every conversation, as its next record comes."""
        self._hour_begins_ms = 0
        self._hour_ends_ms = 0
        self._keys.clear()

    def forget_before(self, now_ms: int) -> None:
        """Forget the content keys of an hour that is over: nothing may come for longer than their term."""
        if self._keys and now_ms >= self._hour_ends_ms:
            self.forget_keys()

    @property
    def last_time_ms(self) -> int:
        """Time of the newest record sealed."""
        return self._last_time_ms

    def seal(self, records: list[Unsealed]) -> tuple[list[object], list[MadeKey]]:
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
        made: list[MadeKey] = []
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
                made.append(self._make_key(record, base + counter))
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

    def _make_key(self, record: Unsealed, first_id: int) -> MadeKey:
        """Make the key of a record's conversation for this hour; term keys of the hour's day wrap it."""
        if len(self._keys) >= CONTENT_KEYS_MAX:
            self._keys.clear()
        begins_ms = self._hour_begins_ms
        wrapping, random = self._wrapping, self._random
        key = new_content_key(record.conversation, hour_of(begins_ms), self._run, random)
        visible = wrapping.term_key(VISIBLE_TERM_OF[record.data], begins_ms)
        custody = wrapping.term_key(CUSTODY_TERM_OF[record.data], begins_ms)
        made = MadeKey(
            wrap_visible(key, visible, random(WRAP_NONCE_BYTES), record.data, first_id),
            wrap_for_custodians(key, wrapping.custodian(), custody, random(CUSTODY_NONCE_BYTES)),
        )
        self._keys[key.conversation] = (key.id, AESGCM(key.key).encrypt)
        return made
