"""The keys that sign checkpoints. Source: docs/adr/0023-the-log.md."""

import os

import pytest

from parvis.archive.checkpoint import MalformedNote
from parvis.archive.log_keys import (
    OVERLAP_MS,
    SIGNING_MAX,
    TooManyKeys,
    fingerprint,
    new_log_key,
    rotated,
    signing,
    without_ended,
)

ORIGIN = "chat.example.org/log"
NOON = 1_800_000_000_000


def test_one_key_signs_and_two_while_one_takes_over() -> None:
    """For a week; then the private half of the old one is forgotten, and the public one stays."""
    first, second = (new_log_key(ORIGIN, NOON, os.urandom) for _ in range(2))
    assert signing([first], NOON) == [first]
    keys = rotated([first], second, NOON + 5)
    assert [key.public for key in signing(keys, NOON + 5)] == [second.public, first.public]
    over = NOON + 5 + OVERLAP_MS
    assert [key.public for key in signing(keys, over - 1)] == [second.public, first.public]
    assert [key.public for key in signing(keys, over)] == [second.public]
    assert without_ended(keys, over - 1) == keys
    left = without_ended(keys, over)
    assert [(key.public, bool(key.private)) for key in left] == [(first.public, False), (second.public, True)]
    assert signing(left, 0) == [second]


def test_few_keys_sign_at_a_time() -> None:
    """A checkpoint has a line of each."""
    keys = [new_log_key(ORIGIN, NOON, os.urandom)]
    for _ in range(SIGNING_MAX - 1):
        keys = rotated(keys, new_log_key(ORIGIN, NOON, os.urandom), NOON)
    with pytest.raises(TooManyKeys):
        rotated(keys, new_log_key(ORIGIN, NOON, os.urandom), NOON)


def test_a_key_hides_its_private_half() -> None:
    """Keys stay out of logs."""
    key = new_log_key(ORIGIN, NOON, lambda count: b"S" * count)
    assert "SSSS" not in repr(key)
    assert repr(key.private) not in repr(key)
    assert str(key.verifier) in repr(key)
    assert len(fingerprint(key)) == 64
    with pytest.raises(MalformedNote):
        new_log_key("two words", NOON, os.urandom)
