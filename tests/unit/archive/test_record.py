"""Canonical bytes of records. Source: docs/adr/0002-record-and-leaf.md."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.archive.vectors import cases

from parvis.archive.record import (
    COUNTER_MAX,
    HEADER_BYTES,
    LEAF_BYTES,
    RUN_MAX,
    Header,
    MalformedRecord,
    UnopenedRecord,
    leaf_of,
    open_content,
    pack_content,
    pack_header,
    parse_header,
    record_id,
    run_and_counter,
    seal_content,
    unpack_content,
)
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind

opaque = st.binary(min_size=16, max_size=16)

headers = st.builds(
    Header,
    kind=st.sampled_from(RecordKind),
    run=st.integers(1, RUN_MAX),
    counter=st.integers(1, COUNTER_MAX),
    time_ms=st.integers(0, (1 << 63) - 1),
    author=opaque.map(IdentityId),
    session=opaque.map(SessionId),
    conversation=opaque.map(ConversationId),
    content_key=opaque,
    message_id=st.binary(min_size=15, max_size=15),
)


def header_of(case: dict[str, Any]) -> Header:
    """Read the fields of a case."""
    fields = case["fields"]
    return Header(
        kind=RecordKind(fields["kind"]),
        run=fields["run"],
        counter=int(fields["counter"]),
        time_ms=int(fields["time_ms"]),
        author=IdentityId(bytes.fromhex(fields["author"])),
        session=SessionId(bytes.fromhex(fields["session"])),
        conversation=ConversationId(bytes.fromhex(fields["conversation"])),
        content_key=bytes.fromhex(fields["content_key_id"]),
        message_id=bytes.fromhex(fields["message_id"]),
    )


@pytest.mark.parametrize(**cases("records"))
def test_a_record_has_the_bytes_of_its_vector(case: dict[str, Any]) -> None:
    """Header, content, ciphertext, leaf and number are fixed for ever. Source: vectors/records.json."""
    header = bytes.fromhex(case["header"])
    assert pack_header(header_of(case)) == header
    assert parse_header(header) == header_of(case)
    rooms = [ConversationId(bytes.fromhex(room)) for room in case["rooms"]]
    content = pack_content(rooms, bytes.fromhex(case["line"]))
    assert content == bytes.fromhex(case["content"])
    key = AESGCM(bytes.fromhex(case["content_key"]))
    ciphertext = seal_content(key, bytes.fromhex(case["nonce"]), header, content)
    assert ciphertext == bytes.fromhex(case["ciphertext"])
    assert open_content(key, header, ciphertext) == content
    assert leaf_of(bytes.fromhex(case["salt"]), header, ciphertext) == bytes.fromhex(case["leaf"])
    assert record_id(header_of(case).run, header_of(case).counter) == int(case["record_id"])


@pytest.mark.parametrize(**cases("malformed_headers"))
def test_a_malformed_header_is_refused(case: dict[str, Any]) -> None:
    """Wrong lengths, versions, kinds, flags and numbers are named. Source: vectors/records.json."""
    with pytest.raises(MalformedRecord):
        parse_header(bytes.fromhex(case["header"]))


@pytest.mark.parametrize(**cases("malformed_contents"))
def test_a_malformed_content_is_refused(case: dict[str, Any]) -> None:
    """A content shorter than its count of rooms says is refused. Source: vectors/records.json."""
    with pytest.raises(MalformedRecord):
        unpack_content(bytes.fromhex(case["content"]))


@given(headers)
def test_a_header_comes_back_from_its_bytes(header: Header) -> None:
    """Every header is 103 bytes and is read back as it was."""
    raw = pack_header(header)
    assert len(raw) == HEADER_BYTES == 103
    assert parse_header(raw) == header


@given(st.binary(max_size=120))
def test_whatever_parses_has_one_form(raw: bytes) -> None:
    """Bytes are refused, or are exactly what packing gives: there are no two headers that mean the same."""
    try:
        header = parse_header(raw)
    except MalformedRecord:
        return
    assert pack_header(header) == raw


@given(st.lists(opaque.map(ConversationId), max_size=20), st.binary(max_size=600))
def test_a_content_comes_back_from_its_bytes(rooms: list[ConversationId], line: bytes) -> None:
    """Rooms and line are read back as they were, whatever the bytes of the line are."""
    assert unpack_content(pack_content(rooms, line)) == (rooms, line)


@given(st.integers(1, RUN_MAX), st.integers(1, COUNTER_MAX))
def test_a_number_comes_apart_again(run: int, counter: int) -> None:
    """Run and counter fit a positive 64-bit integer, and later runs have higher numbers."""
    assert run_and_counter(record_id(run, counter)) == (run, counter)
    assert record_id(run, counter) < 1 << 63
    assert record_id(run - 1, COUNTER_MAX) < record_id(run, counter)


@given(headers, st.binary(max_size=80), st.integers(0, 10**6))
def test_one_changed_bit_does_not_open(header: Header, content: bytes, where: int) -> None:
    """Header and ciphertext are authenticated together. Source: docs/adr/0002-record-and-leaf.md, "Decision"."""
    raw = pack_header(header)
    key = AESGCM(bytes(32))
    ciphertext = seal_content(key, bytes(12), raw, content)
    whole = bytearray(raw + ciphertext)
    whole[where // 8 % len(whole)] ^= 1 << where % 8
    with pytest.raises(UnopenedRecord):
        open_content(key, bytes(whole[:HEADER_BYTES]), bytes(whole[HEADER_BYTES:]))


def test_a_ciphertext_shorter_than_nonce_and_tag_does_not_open() -> None:
    """It is told by its size, before the cipher is asked."""
    with pytest.raises(UnopenedRecord, match="27 bytes, expected at least 28"):
        open_content(AESGCM(bytes(32)), b"", bytes(27))


def test_a_leaf_is_a_version_and_two_hashes() -> None:
    """65 bytes, the first of them 1. Source: docs/adr/0002-record-and-leaf.md, "Decision"."""
    leaf = leaf_of(bytes(32), bytes(HEADER_BYTES), b"")
    assert len(leaf) == LEAF_BYTES == 65
    assert leaf[0] == 1


def test_what_does_not_fit_is_not_packed() -> None:
    """Ids of wrong length, numbers out of range and too many rooms are refused when packing, too."""
    good = Header(
        kind=RecordKind.MESSAGE,
        run=1,
        counter=1,
        time_ms=0,
        author=IdentityId(bytes(16)),
        session=SessionId(bytes(16)),
        conversation=ConversationId(bytes(16)),
        content_key=bytes(16),
        message_id=bytes(15),
    )
    for wrong in (
        {"author": bytes(15)},
        {"message_id": bytes(16)},
        {"run": 0},
        {"run": RUN_MAX + 1},
        {"counter": COUNTER_MAX + 1},
        {"time_ms": -1},
    ):
        fields = {name: getattr(good, name) for name in good.__struct_fields__}
        with pytest.raises(MalformedRecord):
            pack_header(Header(**(fields | wrong)))
    with pytest.raises(MalformedRecord, match="room id"):
        pack_content([ConversationId(b"short")], b"")
    with pytest.raises(MalformedRecord, match="65536 rooms"):
        pack_content([ConversationId(bytes(16))] * 65536, b"")
