"""Batches that nobody closes: bounded in time and number, and never a silent end. Source: DESIGN, 2 (no silence), 3."""

from tests.promises.harness import HeardClient, Square

CAPS = ("message-tags", "batch", "draft/multiline", "labeled-response", "echo-message")


def opens(square: Square, client: HeardClient) -> None:
    """Open a batch with a line in it."""
    client.says("@label=x BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a :one")
    square.end_turn()


def test_a_batch_that_is_left_open_is_refused() -> None:
    """With FAIL and its reference, under its label; what comes later is ignored. Source: client-batch, TIMEOUT."""
    square = Square()
    square.doors.start()
    speaker, reader = square.enters("speaker", *CAPS, rooms=["#a"]), square.enters("reader", rooms=["#a"])
    speaker.hears()
    opens(square, speaker)
    square.go_on(25)
    assert speaker.hears() == []
    speaker.says("@batch=1 PRIVMSG #a :two")
    square.go_on(25)
    assert speaker.hears() == []
    square.go_on(20)
    (told,) = [line for line in speaker.hears() if "PING" not in line]
    assert told.startswith("@label=x :square.test FAIL BATCH TIMEOUT 1 :")
    speaker.says("@batch=1 PRIVMSG #a :three", "BATCH -1")
    square.end_turn()
    assert speaker.hears() == []
    assert not any("PRIVMSG" in line for line in reader.hears())
    assert not any("PRIVMSG" in line for line in square.kept())


def test_a_batch_goes_with_its_connection() -> None:
    """Nothing is kept of who is gone. Source: STYLE, 5."""
    square = Square()
    speaker = square.enters("speaker", *CAPS, rooms=["#a"])
    opens(square, speaker)
    assert len(square.chat.open_batches) == 1
    square.loses(speaker)
    square.end_turn()
    assert not square.chat.open_batches


def test_a_message_of_several_lines_is_one_record() -> None:
    """In its canonical form: LF begins a line, CR continues one. Source: DESIGN, 3; docs/adr/0017."""
    square = Square()
    speaker, reader = square.enters("speaker", *CAPS, rooms=["#a"]), square.enters("reader", *CAPS, rooms=["#a"])
    speaker.hears()
    square.commits_fail(1)
    speaker.says(
        "@label=x;+a=1 BATCH +1 draft/multiline #a",
        "@batch=1 PRIVMSG #a :one",
        "@batch=1 PRIVMSG #a :",
        "@batch=1 PRIVMSG #a :two ",
        "@batch=1;draft/multiline-concat PRIVMSG #a :words",
        "BATCH -1",
    )
    square.end_turn()
    assert speaker.hears() == reader.hears() == []
    square.go_on(1)
    assert len(speaker.hears()) == len(reader.hears()) == 6
    (kept,) = [line for line in square.kept() if "PRIVMSG" in line]
    assert kept == f"@+a=1 :{speaker.mask()} PRIVMSG #a :one\n\ntwo \rwords"


def test_everybody_reads_a_room_in_its_order() -> None:
    """Whatever shape a message of several lines has for them, it stands where it was said. Source: ADR 1."""
    square = Square()
    speaker = square.enters("speaker", *CAPS, rooms=["#a"])
    readers = [square.enters("knows", *CAPS, rooms=["#a"]), square.enters("tags", "message-tags", rooms=["#a"])]
    readers.append(square.enters("plain", rooms=["#a"]))
    square.end_turn()
    for client in (speaker, *readers):
        client.hears()
    for number in range(3):
        speaker.says(
            f"PRIVMSG #a :before {number}",
            f"BATCH +{number} draft/multiline #a",
            f"@batch={number} PRIVMSG #a :one {number}",
            f"@batch={number} PRIVMSG #a :two {number}",
            f"BATCH -{number}",
        )
        readers[0].says(f"PRIVMSG #a :after {number}")
    square.go_on(1)
    said = [f"{word} {number}" for number in range(3) for word in ("before", "one", "two", "after")]
    for client in (speaker, *readers):
        texts = [line.rsplit(":", 1)[1] for line in client.hears() if " PRIVMSG " in line]
        assert texts == said


def test_the_end_of_a_batch_can_be_tried_again() -> None:
    """While nothing can be sealed its end is refused and its lines wait; the label is answered once, at its end."""
    square = Square()
    speaker = square.enters("speaker", *CAPS, rooms=["#a"])
    opens(square, speaker)
    square.commits_fail(3)
    speaker.says("@batch=1 PRIVMSG #a :two")
    square.enters("somebody")
    speaker.says("BATCH -1")
    assert any("FAIL BATCH ARCHIVE_UNAVAILABLE" in line for line in speaker.hears())
    square.go_on(5)
    speaker.hears()
    speaker.says("BATCH -1")
    square.end_turn()
    opening, *lines = speaker.hears()
    assert opening.startswith("@label=x;msgid=")
    assert len(lines) == 3
