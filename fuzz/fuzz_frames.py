"""No bytes make the frame reader do anything but give bounded messages or refuse them, however they are cut."""

from mutation import run
from parvis.net.frames import HEAD_BYTES_MAX, MESSAGE_BYTES_MAX, ProtocolError, build_frame, split_frames, unmask


def _masked(first: int, payload: bytes) -> bytes:
    head = build_frame(0, payload)
    size = len(head) - len(payload)
    return bytes((first, head[1] | 0x80)) + head[2:size] + b"\x01\x02\x03\x04" + unmask(payload, b"\x01\x02\x03\x04")


CORPUS = [
    _masked(0x81, "PRIVMSG #accueil :à tous".encode()),
    _masked(0x82, bytes(200)),
    _masked(0x01, b"NICK ") + _masked(0x89, b"p") + _masked(0x80, b"camille"),
    _masked(0x88, b"\x03\xe8bye"),
    _masked(0x81, b"x" * 4096),
    b"\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00",
]


def target(data: bytes) -> None:
    try:
        whole = split_frames(data)
    except ProtocolError:
        return
    assert len(whole.rest) < HEAD_BYTES_MAX + MESSAGE_BYTES_MAX
    assert all(len(payload) <= MESSAGE_BYTES_MAX for _, payload in whole.messages)
    # A close frame ends the reading, so what a second call would read is no longer the stream's.
    middle = len(data) // 2
    first = split_frames(data[:middle])
    if not any(opcode == 8 for opcode, _ in first.messages):
        second = split_frames(first.rest + data[middle:], first.partial)
        assert first.messages + second.messages == whole.messages
        assert (second.rest, second.partial) == (whole.rest, whole.partial)


if __name__ == "__main__":
    run("frames", CORPUS, target)
