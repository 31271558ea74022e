"""No bytes make the readers of notes, checkpoints, keys, tile paths and proofs do anything but read or refuse."""

from base64 import b64decode
from contextlib import suppress

from mutation import run
from parvis.archive.checkpoint import (
    MalformedNote,
    UnsignedNote,
    parse_checkpoint,
    parse_note,
    parse_verifier_key,
    public_key,
    sign,
    verify_note,
)
from parvis.archive.merkle import (
    MalformedPath,
    WrongProof,
    parse_tile_path,
    tile_path,
    verify_consistency,
    verify_inclusion,
)

NAME = "chat.example.org/log"
KEY = public_key(bytes(32), NAME)
TEXT = f"{NAME}\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
CORPUS = [
    sign(TEXT, [(NAME, bytes(32))]),
    sign(TEXT + "more\n", [(NAME, bytes(32)), (NAME, bytes(range(32)))]),
    str(KEY).encode(),
    b"0/x001/x234/067",
    b"1/001.p/17",
    b64decode("XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=") * 3,
]


def target(data: bytes) -> None:
    _read_note(data)
    text = data.decode("utf-8", "replace")
    with suppress(MalformedNote):
        assert str(parse_verifier_key(text)) == text
    with suppress(MalformedPath):
        assert tile_path(parse_tile_path(text)) == text
    _prove_nothing(data)


def _read_note(data: bytes) -> None:
    try:
        note = parse_note(data)
    except MalformedNote:
        return
    assert data.startswith(note.text.encode() + b"\n")
    with suppress(MalformedNote):
        assert note.text.startswith(parse_checkpoint(note.text).text())
    with suppress(UnsignedNote):
        # The key signed these two texts and no other.
        assert verify_note(note, [KEY]) == [KEY]
        assert note.text in {TEXT, TEXT + "more\n"}


def _prove_nothing(data: bytes) -> None:
    steps = [data[at : at + 32] for at in range(2, len(data), 32)]
    index, size = (data + b"\0\0")[:2]
    with suppress(WrongProof):
        verify_inclusion(index, size, bytes(32), steps, b"\1" * 32)
        raise AssertionError("a proof of nothing was believed")
    with suppress(WrongProof):
        verify_consistency(index, size, steps, b"\1" * 32, b"\2" * 32)
        raise AssertionError("a proof of nothing was believed")


if __name__ == "__main__":
    run("log", CORPUS, target)
