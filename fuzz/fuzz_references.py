"""No word makes the readers of references, lengths of time and roll calls do anything but read it or say so."""

from mutation import run
from parvis.archive.record import MalformedRecord
from parvis.archive.roll_call import read_roll_call
from parvis.irc.references import Reference, read_reference, write_timestamp
from parvis.irc.spans import SPAN_S_MAX, read_span, write_span
from parvis.store.history_index import redacted_id

CORPUS = [
    b"timestamp=2019-01-04T14:33:26.123Z",
    b"timestamp=9999-12-31T23:59:59.999Z",
    b"msgid=AAAAAAAAAAAAAAAAAAAA",
    b"7d",
    b"90m",
    b"ROLLCALL 1 1 AAAA",
    b":anna!~u@h REDACT #room AAAAAAAAAAAAAAAAAAAA :why",
]


def target(data: bytes) -> None:
    text = data.decode(errors="replace")
    found = read_reference(text)
    if isinstance(found, Reference):
        assert (found.time_ms is None) != (found.message_id is None)
        assert found.time_ms is None or text == f"timestamp={write_timestamp(found.time_ms)}"
        assert found.message_id is None or len(found.message_id) in (0, 15)
    seconds = read_span(text)
    assert seconds is None or (0 <= seconds <= SPAN_S_MAX and read_span(write_span(seconds)) == seconds)
    named = redacted_id(data)
    assert named is None or len(named) == 15
    try:
        read_roll_call(data)
    except MalformedRecord:
        return


if __name__ == "__main__":
    run("references", CORPUS, target)
