"""No lines make the gatherer of multiline messages keep more than it may, or write what cannot be read back."""

from mutation import run
from parvis.irc import multiline
from parvis.irc.capabilities import BATCH, MESSAGE_TAGS, MULTILINE, STREAM, TEXT_FRAMES, wire_signature
from parvis.irc.line import Malformed, parse_line

BYTES_MAX = 200
LINES_MAX = 6
SIGNATURES = (
    STREAM,
    MESSAGE_TAGS,
    wire_signature(BATCH | MULTILINE, STREAM),
    wire_signature(BATCH | MULTILINE | MESSAGE_TAGS, TEXT_FRAMES),
)

CORPUS = [
    b"@batch=1 PRIVMSG #a :hello\n@batch=1 PRIVMSG #a :\n@batch=1;draft/multiline-concat PRIVMSG #A :there",
    b"@batch=1 NOTICE #a :\xc3\xa9\n@batch=1 NOTICE #a " + b"x" * 199,
    b"@batch=1;+a PRIVMSG #a :x\n@batch=2 PRIVMSG #a :x\nPRIVMSG #a :x\n@batch=1 PRIVMSG",
    b"@batch=1;draft/multiline-concat PRIVMSG #a :first\n" * 8,
]


def target(data: bytes) -> None:
    gathering = multiline.Gathering("1", "#a", {}, BYTES_MAX, LINES_MAX)
    for raw in data.split(b"\n"):
        try:
            line = parse_line(raw)
            gathering.add(line.command, line.tags, line.params)
        except Malformed:
            continue
        except multiline.Invalid:
            break
    try:
        text = gathering.text()
    except multiline.Invalid:
        return
    assert len(gathering.pieces) <= LINES_MAX
    assert len(multiline.value(text).encode()) <= BYTES_MAX
    assert multiline.split(text) == gathering.pieces
    body = f":n!u@h {gathering.command} #a :{text}".encode()
    for signature in SIGNATURES:
        for tags, shown in multiline.lines(signature, body, 0, "message-id_0123456789", ""):
            assert not any(char in tags for char in " \r\n")
            assert not any(byte in shown for byte in b"\0\r\n")
            assert parse_line(shown).command in ("BATCH", gathering.command)
        multiline.render(signature, body, 0, "message-id_0123456789", "")


if __name__ == "__main__":
    run("multiline", CORPUS, target)
