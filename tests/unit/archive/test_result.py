"""Results: two halves open them, and nothing of them is left out or changed. Source: docs/protocol/opening.md."""

import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.archive import custody
from parvis.archive.custody import UnopenedCustody
from parvis.archive.result import (
    CHUNK_BYTES,
    FORM,
    UnopenedResult,
    open_release,
    opened_text,
    read_secrets,
    release_seed,
    seal_secrets,
    sealed_text,
)

ASKER, SERVER = bytes(range(32)), bytes(range(32, 64))
REQUEST = b"\x07" * 32
HALVES = b"\x01" * 32, b"\x02" * 32


def a_result(text: bytes) -> bytes:
    """Seal a text, given in pieces of odd lengths."""
    sealed, key = seal_secrets(custody.public_bytes(ASKER), custody.public_bytes(SERVER), REQUEST, HALVES)
    pieces = [text[at : at + 9973] for at in range(0, len(text), 9973)]
    return b"".join(sealed_text(sealed, key, pieces))


def opened(raw: bytes, request: bytes = REQUEST, released: bytes = HALVES[1], seed: bytes = ASKER) -> bytes:
    """Open a result."""
    file = io.BytesIO(raw)
    return b"".join(opened_text(file.read, read_secrets(file.read), custody.private_key(seed), released, request))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5]))
def test_a_text_of_any_length_comes_back(size: int) -> None:
    """At the ends of chunks too."""
    text = os.urandom(size)
    assert opened(a_result(text)) == text


def test_both_halves_are_needed() -> None:
    """The server opens its own, for its request; neither opens a result alone."""
    raw = a_result(b"words")
    released = read_secrets(io.BytesIO(raw).read).released
    assert open_release(custody.private_key(SERVER), released, REQUEST) == HALVES[1]
    with pytest.raises(UnopenedCustody):
        open_release(custody.private_key(SERVER), released, bytes(32))
    with pytest.raises(UnopenedCustody):
        open_release(custody.private_key(ASKER), released, REQUEST)
    for wrong in ({"released": bytes(32)}, {"request": bytes(32)}, {"seed": SERVER}):
        with pytest.raises(UnopenedResult):
            opened(raw, **wrong)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_was_changed_or_cut_does_not_open(data: st.DataObject) -> None:
    """Chunks cannot be left out or moved; not a byte can be another one."""
    raw = a_result(bytes(2 * CHUNK_BYTES + 10))
    head = len(raw) - (2 * CHUNK_BYTES + 10 + 3 * 16)
    chunk = CHUNK_BYTES + 16
    moved = raw[:head] + raw[head + chunk : head + 2 * chunk] + raw[head : head + chunk] + raw[head + 2 * chunk :]
    at = data.draw(st.integers(0, len(raw) - 1))
    cut = data.draw(st.sampled_from([raw[:at], raw[: head + chunk], raw[: head + 2 * chunk], raw + b"\0"]))
    flipped = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
    for wrong in (cut, flipped, moved, raw[:head] + raw[head + chunk :]):
        with pytest.raises(UnopenedResult):
            opened(wrong)


@given(st.binary(max_size=200))
def test_no_bytes_are_read_as_a_result(raw: bytes) -> None:
    """Behind the first line neither."""
    for each in (raw, FORM + raw):
        with pytest.raises(UnopenedResult):
            opened(each)


def test_a_release_key_needs_the_salt_and_the_server() -> None:
    """And is another for each request."""
    seeds = {
        release_seed(b"s" * 32, b"t" * 32, b"1" * 16),
        release_seed(b"s" * 32, b"t" * 32, b"2" * 16),
        release_seed(b"s" * 32, b"u" * 32, b"1" * 16),
        release_seed(b"o" * 32, b"t" * 32, b"1" * 16),
    }
    assert len(seeds) == 4
    assert {len(seed) for seed in seeds} == {custody.SEED_BYTES}


@pytest.mark.parametrize(**cases("openings.json", "results"))
def test_vectors_of_results(case: dict[str, str]) -> None:
    """A result that opens, for every language. Source: vectors/openings.json."""
    raw, request = bytes.fromhex(case["hex"]), bytes.fromhex(case["request"])
    text = opened(raw, request, bytes.fromhex(case["release"]), bytes.fromhex(case["seed"]))
    assert text.decode() == case["text"]
    released = read_secrets(io.BytesIO(raw).read).released
    server = custody.private_key(bytes.fromhex(case["server_seed"]))
    assert open_release(server, released, request).hex() == case["release"]
    seed = release_seed(bytes.fromhex(case["secret"]), bytes.fromhex(case["salt"]), bytes.fromhex(case["id"]))
    assert seed.hex() == case["server_seed"]
