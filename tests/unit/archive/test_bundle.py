"""Bundles: frames of known kinds, counted, or refused. Source: docs/protocol/opening.md."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.archive.bundle import (
    FORM,
    FRAME_BYTES_MAX,
    BundledKey,
    BundledRecord,
    BundledVaultKey,
    BundledVaultRow,
    Counts,
    Frame,
    MalformedBundle,
    export_digest,
    read_frames,
    write_frame,
)

ids = st.binary(min_size=16, max_size=16)
longs = st.integers(0, (1 << 64) - 1)
frames = st.one_of(
    st.builds(
        BundledKey,
        id=ids,
        conversation=ids,
        hour=longs,
        run=st.integers(0, (1 << 32) - 1),
        wrap=st.binary(min_size=1, max_size=40),
    ),
    st.builds(
        BundledRecord,
        number=longs,
        is_undelivered=st.booleans(),
        leaf=st.binary(min_size=65, max_size=65),
        header=st.binary(min_size=103, max_size=103),
        salt=st.binary(min_size=32, max_size=32),
        ciphertext=st.binary(min_size=28, max_size=60),
    ),
    st.builds(
        BundledVaultKey,
        id=ids,
        kind=st.text(st.characters(codec="ascii"), max_size=64),
        day_ms=longs,
        wrap=st.binary(min_size=1, max_size=40),
    ),
    st.builds(BundledVaultRow, key=ids, sealed=st.binary(min_size=1, max_size=40)),
)


def counted(given_frames: list[Frame]) -> Counts:
    """Count frames."""
    kinds = [type(each) for each in given_frames]
    return Counts(
        keys=kinds.count(BundledKey), records=kinds.count(BundledRecord), vault_rows=kinds.count(BundledVaultRow)
    )


def written(given_frames: list[Frame]) -> bytes:
    """Write a bundle."""
    return FORM + b"".join(map(write_frame, [*given_frames, counted(given_frames)]))


def read(raw: bytes) -> list[Frame]:
    """Read a bundle."""
    return list(read_frames(io.BytesIO(raw).read))


@given(st.lists(frames, max_size=6))
def test_what_was_written_is_read(given_frames: list[Frame]) -> None:
    """All of it, in order, with its counts last."""
    assert read(written(given_frames)) == [*given_frames, counted(given_frames)]


@given(st.lists(frames, min_size=1, max_size=3), st.data())
def test_a_bundle_that_was_cut_is_known(given_frames: list[Frame], data: st.DataObject) -> None:
    """Wherever it was cut; and one that goes on is known too."""
    raw = written(given_frames)
    with pytest.raises(MalformedBundle):
        read(raw[: data.draw(st.integers(0, len(raw) - 1))])
    with pytest.raises(MalformedBundle, match="behind the end"):
        read(raw + b"\0")


@given(st.lists(frames, min_size=1, max_size=3), st.data())
def test_a_frame_that_was_left_out_is_known(given_frames: list[Frame], data: st.DataObject) -> None:
    """By the counts, unless it is a key of the vault, whose rows do not open without it."""
    left = data.draw(st.sampled_from(given_frames))
    raw = FORM + b"".join(write_frame(each) for each in given_frames if each is not left)
    if isinstance(left, BundledVaultKey):
        return
    with pytest.raises(MalformedBundle, match="does not count"):
        read(raw + write_frame(counted(given_frames)))


@given(st.binary(max_size=300))
def test_no_bytes_are_read_as_anything_else(raw: bytes) -> None:
    """Behind the first line too."""
    for each in (raw, FORM + raw):
        with pytest.raises(MalformedBundle):
            read(each)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x01" + (FRAME_BYTES_MAX + 1).to_bytes(4),
        b"\x05\0\0\0\x01x",
        b"\x01\0\0\0\x2c" + bytes(44),
        b"\x02\0\0\0\x10" + bytes(16),
        b"\x02" + (8 + 1 + 65 + 103 + 32 + 28).to_bytes(4) + bytes(8) + b"\x02" + bytes(65 + 103 + 32 + 28),
        b"\x03\0\0\0\x1a" + bytes(16) + bytes(8) + b"\x01\xffx",
        b"\x03\0\0\0\x1a" + bytes(16) + bytes(8) + b"\xc8ab",
        b"\x04\0\0\0\x10" + bytes(16),
        b"\xff\0\0\0\x01x",
    ],
)
def test_frames_out_of_bounds_are_refused(raw: bytes) -> None:
    """Too long, of unknown kinds, too short for their kind, with unknown flags or names."""
    with pytest.raises(MalformedBundle):
        read(FORM + raw)


def test_a_frame_too_long_is_not_written() -> None:
    """It could not be read."""
    with pytest.raises(MalformedBundle, match="limit"):
        write_frame(BundledVaultRow(key=bytes(16), sealed=bytes(FRAME_BYTES_MAX)))


@pytest.mark.parametrize(**cases("openings.json", "bundles"))
def test_vectors_of_bundles(case: dict[str, str]) -> None:
    """Bytes for every language. Source: vectors/openings.json."""
    raw = bytes.fromhex(case["hex"])
    assert b"".join([FORM, *map(write_frame, read(raw))]) == raw
    assert export_digest(bytes.fromhex(case["request"]), bytes.fromhex(case["sha256"])).hex() == case["digest"]


def test_what_is_bundled_shows_no_bytes() -> None:
    """In logs it is a name."""
    assert repr(BundledRecord(number=7, is_undelivered=False, leaf=b"", header=b"", salt=b"", ciphertext=b"x")) == (
        "BundledRecord(7)"
    )
    assert b"secret".hex() not in repr(BundledVaultRow(key=bytes(16), sealed=b"secret"))
    assert "wrap" not in repr(BundledKey(id=bytes(16), conversation=b"", hour=0, run=0, wrap=b"wrap"))
    assert "wrap" not in repr(BundledVaultKey(id=bytes(16), kind="", day_ms=0, wrap=b"wrap"))
