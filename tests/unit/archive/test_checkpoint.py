"""Notes and checkpoints. Source: https://c2sp.org/signed-note; https://c2sp.org/tlog-checkpoint."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.vectors import cases

from parvis.archive import checkpoint as c
from parvis.archive.checkpoint import (
    Checkpoint,
    MalformedNote,
    UnsignedNote,
    parse_checkpoint,
    parse_note,
    parse_verifier_key,
    public_key,
    sign,
    to_thin,
    verify_note,
)

PRIVATE = bytes(range(32))
NAME = "chat.example.org/log"


@pytest.mark.parametrize(**cases("checkpoints.json", "keys"))
def test_keys_are_written_and_read(case: dict[str, Any]) -> None:
    """Name, id and key. Source: signed-note, "Signatures"."""
    key = parse_verifier_key(case["key"])
    assert (key.name, key.key_id.hex(), key.public.hex()) == (case["name"], case["key_id"], case["public"])
    assert str(key) == case["key"]
    if "private" in case:
        assert public_key(bytes.fromhex(case["private"]), case["name"]) == key


@pytest.mark.parametrize(**cases("checkpoints.json", "bad_keys"))
def test_what_is_no_key_is_refused(case: dict[str, str]) -> None:
    """Above all one whose id is another's."""
    with pytest.raises(MalformedNote):
        parse_verifier_key(case["key"])


@pytest.mark.parametrize(**cases("checkpoints.json", "notes"))
def test_notes_are_checked_with_the_keys_that_are_known(case: dict[str, Any]) -> None:
    """Unknown signatures are passed over, and one at least must be known."""
    keys = [parse_verifier_key(key) for key in case["keys"]]
    note = parse_note(case["note"].encode())
    if case["signed"] is None:
        with pytest.raises(UnsignedNote):
            verify_note(note, keys)
    else:
        assert verify_note(note, keys) == [keys[number] for number in case["signed"]]


@pytest.mark.parametrize(**cases("checkpoints.json", "bad_notes"))
def test_what_is_no_note_is_refused(case: dict[str, str]) -> None:
    """Source: signed-note, "Format"."""
    with pytest.raises(MalformedNote):
        parse_note(case["note"].encode())


@pytest.mark.parametrize(**cases("checkpoints.json", "checkpoints"))
def test_checkpoints_are_read(case: dict[str, Any]) -> None:
    """Source: tlog-checkpoint, "Note text"."""
    assert parse_checkpoint(case["text"]) == Checkpoint(case["origin"], case["size"], bytes.fromhex(case["root"]))


@pytest.mark.parametrize(**cases("checkpoints.json", "bad_checkpoints"))
def test_what_is_no_checkpoint_is_refused(case: dict[str, str]) -> None:
    """Sizes have one form, and roots one length."""
    with pytest.raises(MalformedNote):
        parse_checkpoint(case["text"])


def test_what_is_signed_is_what_the_vectors_hold() -> None:
    """Ed25519 signs the same bytes alike, always. Source: RFC 8032."""
    case = next(case for case in cases("checkpoints.json", "notes")["argvalues"] if "two keys" in case["why"])
    keys = [case for case in cases("checkpoints.json", "keys")["argvalues"] if "private" in case]
    text = parse_note(case["note"].encode()).text
    assert sign(text, [(key["name"], bytes.fromhex(key["private"])) for key in keys]) == case["note"].encode()
    assert parse_checkpoint(text).text() == text


def test_a_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    """Even beside a right one. Source: signed-note, "Signatures"."""
    other = bytes(32)
    text = Checkpoint(NAME, 1, bytes(32)).text()
    keys = [public_key(PRIVATE, NAME), public_key(other, NAME)]
    mixed = parse_note(sign(text, [(NAME, PRIVATE)])).signatures[0]
    forged = c.Signature(NAME, keys[1].key_id, mixed.signature)
    with pytest.raises(UnsignedNote, match="is wrong"):
        verify_note(c.Note(text, (mixed, forged)), keys)
    assert verify_note(c.Note(text, (mixed, forged)), keys[:1]) == keys[:1]
    assert verify_note(c.Note(text, (mixed, mixed)), keys[:1]) == keys[:1]


def test_notes_have_bounds() -> None:
    """In bytes and in signatures; 16 are always read."""
    text = Checkpoint(NAME, 1, bytes(32)).text()
    line = sign(text, [(NAME, PRIVATE)]).decode().removeprefix(text + "\n")
    assert len(parse_note((text + "\n" + line * 16).encode()).signatures) == 16
    with pytest.raises(MalformedNote, match="33 signatures"):
        parse_note((text + "\n" + line * 33).encode())
    with pytest.raises(MalformedNote, match="limit is 65536"):
        parse_note(b"x" * 65_537)
    with pytest.raises(MalformedNote, match="not UTF-8"):
        parse_note(b"\xff\n\n")


def test_names_of_keys_have_no_spaces() -> None:
    """Source: signed-note, "Format"."""
    assert c.check_name(NAME) == NAME
    for name in ("", "a b", "a+b", "a\nb", "a\N{NO-BREAK SPACE}b", "x" * 256):
        with pytest.raises(MalformedNote):
            c.check_name(name)
    with pytest.raises(MalformedNote):
        sign("no line", [(NAME, PRIVATE)])
    with pytest.raises(MalformedNote):
        sign("a\tb\n", [(NAME, PRIVATE)])


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    """They are a note or they are refused; what is read is written alike."""
    try:
        note = parse_note(raw)
    except MalformedNote:
        return
    assert raw.startswith(note.text.encode() + b"\n")


def test_old_checkpoints_grow_sparse() -> None:
    """One an hour for a day, one a day then, and not without end."""
    hour, day = c.HOUR_MS, c.DAY_MS
    now = 100 * day
    times = range(0, now + 1, hour // 4)
    left = sorted(set(times) - to_thin(times, now))
    assert [time for time in left if time <= now - day] == [number * day for number in range(100)]
    assert [time for time in left if time > now - day][:3] == [
        now - day + hour // 4,
        now - day + hour,
        now - day + 2 * hour,
    ]
    assert len([time for time in left if time > now - day]) == 25
    assert to_thin(left, now) == set()
    many = range(0, (c.DAYS_KEPT_MAX + 10) * day, day)
    assert len(to_thin(many, many[-1] + 2 * day)) == 10
