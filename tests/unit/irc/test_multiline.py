"""Messages of several lines. Source: IRCv3 draft/multiline; docs/adr/0017."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.irc import multiline as m
from parvis.irc.capabilities import BATCH, MESSAGE_TAGS, MULTILINE, SERVER_TIME, STREAM, wire_signature

KNOWS = wire_signature(BATCH | MULTILINE | MESSAGE_TAGS, STREAM)
BODY = b":n!u@h PRIVMSG #a :hello\n\nhow is \reveryone?"
ID = "AbC_dEf-0123456789xy"

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=20)
PIECES = st.lists(st.builds(m.Piece, TEXTS, st.booleans()), min_size=1, max_size=8).map(
    lambda pieces: [m.Piece(pieces[0].text), *pieces[1:]]
)


def gather(*lines: str, bytes_max: int = 100, lines_max: int = 5) -> m.Gathering:
    """Gather lines; one that begins with `>` continues the one before it."""
    gathering = m.Gathering("1", "#a", {}, bytes_max, lines_max)
    for line in lines:
        tags = {"batch": "1", m.CONCAT_TAG: ""} if line.startswith(">") else {"batch": "1"}
        gathering.add("PRIVMSG", tags, ["#A", line.removeprefix(">")])
    return gathering


@given(PIECES)
def test_a_text_is_read_as_it_was_written(pieces: list[m.Piece]) -> None:
    """Every text of lines, blank ones included, has one form and one reading. Source: docs/adr/0017."""
    text = m.join(pieces)
    assert m.split(text) == pieces
    assert m.longest(text) == max(len(piece.text.encode()) for piece in pieces)
    assert m.value(text) == "".join(("" if piece.joins else "\n") + piece.text for piece in pieces)[1:]


@given(PIECES, st.sampled_from([0, MESSAGE_TAGS, KNOWS, KNOWS | SERVER_TIME]))
def test_every_line_fits_its_reader(pieces: list[m.Piece], signature: int) -> None:
    """Who knows multiline gets all lines in a batch, others those that are not blank. Source: "Fallback"."""
    body = f":n!u@h PRIVMSG #a :{m.join(pieces)}".encode()
    lines = m.lines(signature, body, 0, ID, "+a=b")
    assert all(b"\n" not in line and b"\r" not in line for _, line in lines)
    texts = [line.decode().split(" :", 1)[1] for _, line in lines if b" PRIVMSG " in line]
    if signature & MULTILINE:
        assert texts == [piece.text for piece in pieces]
        assert len(lines) == len(pieces) + 2
    else:
        assert texts == [piece.text for piece in pieces if piece.text]
        assert sum("msgid" in tags for tags, _ in lines) == bool(texts and signature)


def test_a_message_is_written_for_who_knows_multiline() -> None:
    """The opening has the tags; the reference is of letters, digits and hyphens. Source: "Examples"."""
    assert m.render(KNOWS, BODY, 0, ID, "+a=b", "acc", False, "label=x").split(b"\r\n")[:-1] == [
        b"@label=x;msgid=AbC_dEf-0123456789xy;+a=b :n!u@h BATCH +MAbC-dEf-0123 draft/multiline #a",
        b"@batch=MAbC-dEf-0123 :n!u@h PRIVMSG #a :hello",
        b"@batch=MAbC-dEf-0123 :n!u@h PRIVMSG #a :",
        b"@batch=MAbC-dEf-0123 :n!u@h PRIVMSG #a :how is ",
        b"@batch=MAbC-dEf-0123;draft/multiline-concat :n!u@h PRIVMSG #a :everyone?",
        b":n!u@h BATCH -MAbC-dEf-0123",
    ]
    assert m.is_reference("MAbC-dEf-0123")


def test_a_message_is_written_for_the_others() -> None:
    """Source: "Fallback"; "Message ids"."""
    assert m.render(MESSAGE_TAGS, BODY, 0, "id", "+a=b").split(b"\r\n")[:-1] == [
        b"@msgid=id;+a=b :n!u@h PRIVMSG #a :hello",
        b"@+a=b :n!u@h PRIVMSG #a :how is ",
        b"@+a=b :n!u@h PRIVMSG #a :everyone?",
    ]
    assert m.render(STREAM, BODY, 0, "id", "+a=b", "", False, "label=x").startswith(b"@label=x :n!u@h PRIVMSG")


def test_lines_are_gathered() -> None:
    """Names of targets fold; the first line continues nothing. Source: "Batch types"."""
    gathering = gather("hello", "", "how is ", ">everyone?")
    assert gathering.command == "PRIVMSG"
    assert gathering.text() == "hello\n\nhow is \reveryone?"
    assert gather(">x", "y").text() == "x\ny"


def test_bytes_are_those_of_the_message() -> None:
    """A line feed between lines counts, a join does not, characters count as UTF-8. Source: "Batch types"."""
    assert gather("12345", "6789", bytes_max=10).pieces
    assert gather("12345", ">67890", bytes_max=10).pieces
    assert gather("éé", ">é", bytes_max=6).pieces
    for lines in (("12345", "67890"), ("12345", ">678901"), ("éé", ">éa")):
        with pytest.raises(m.Invalid) as invalid:
            gather(*lines, bytes_max=6 if "é" in lines[0] else 10)
        assert invalid.value.fault is m.Fault.MAX_BYTES


@pytest.mark.parametrize(
    ("command", "tags", "params", "fault"),
    [
        ("PRIVMSG", {"batch": "2"}, ["#a", "x"], m.Fault.INVALID),
        ("PRIVMSG", {}, ["#a", "x"], m.Fault.INVALID),
        ("NOTICE", {"batch": "1"}, ["#a", "x"], m.Fault.INVALID),
        ("TAGMSG", {"batch": "1"}, ["#a"], m.Fault.INVALID),
        ("PRIVMSG", {"batch": "1"}, ["#a"], m.Fault.INVALID),
        ("PRIVMSG", {"batch": "1"}, ["#b", "x"], m.Fault.INVALID_TARGET),
        ("PRIVMSG", {"batch": "1", "+a": ""}, ["#a", "x"], m.Fault.INVALID),
        ("PRIVMSG", {"batch": "1", m.CONCAT_TAG: ""}, ["#a", ""], m.Fault.INVALID),
    ],
)
def test_what_does_not_belong_to_a_batch(command: str, tags: dict[str, str], params: list[str], fault: m.Fault) -> None:
    """Source: IRCv3 draft/multiline, "Errors"."""
    with pytest.raises(m.Invalid) as invalid:
        gather("one").add(command, tags, params)
    assert invalid.value.fault is fault


def test_a_batch_has_some_lines_and_not_too_many() -> None:
    """Not blank ones alone. Source: IRCv3 draft/multiline, "Batch types", "Errors"."""
    with pytest.raises(m.Invalid) as invalid:
        gather("1", "2", "3", lines_max=2)
    assert invalid.value.fault is m.Fault.MAX_LINES
    for lines in ((), ("",), ("", "", "")):
        with pytest.raises(m.Invalid) as invalid:
            gather(*lines).text()
        assert invalid.value.fault is m.Fault.INVALID


@pytest.mark.parametrize("word", ["", "a b", "a!", "é", "x" * 65, "a_b", "+1"])
def test_a_reference_is_of_letters_digits_and_hyphens(word: str) -> None:
    """Source: IRCv3 batch, "Reference tags"."""
    assert not m.is_reference(word)
    assert m.is_reference("aZ-09")


@given(st.lists(st.tuples(st.sampled_from(["PRIVMSG", "NOTICE", "JOIN"]), st.booleans(), st.lists(TEXTS, max_size=3))))
def test_no_lines_whatever_are_kept_beyond_the_limits(lines: list[tuple[str, bool, list[str]]]) -> None:
    """Whatever comes, what is held is bounded. Source: DESIGN, 3; STYLE, 5."""
    gathering = m.Gathering("1", "#a", {}, 30, 3)
    for command, joins, params in lines:
        tags = {"batch": "1", m.CONCAT_TAG: ""} if joins else {"batch": "1"}
        try:
            gathering.add(command, tags, ["#a", *params])
        except m.Invalid:
            break
    assert len(gathering.pieces) <= 3
    assert len(m.join(gathering.pieces).encode()) <= 33
    assert "Piece(" in repr(m.Piece("words"))
    assert "words" not in repr(m.Piece("words"))
