"""A result in clear, on the machine of whoever asked: neither server nor data folder is needed."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec

from parvis.app.requester_keys import BadKey, read_private
from parvis.archive import custody
from parvis.archive.result import SECRET_BYTES, UnopenedResult, opened_text, read_secrets
from parvis.store import durable, opening_folder
from parvis.store.opening_folder import BadFolder

FILES: Final = {"record": "records.jsonl", "identification": "identification.jsonl", "manifest": "manifest.json"}
"""Where a line goes, by its type."""


class NotRead(Exception):
    """Nothing was read. A whole sentence that says why."""


class Read(NamedTuple):
    """What was read."""

    folder: Path
    counts: dict[str, Any]


class _Released(msgspec.Struct):
    """What `release` gave."""

    request: str
    release: str


def read_result(folder: Path, key: Path, release: bytes, out: Path) -> Read:
    """Open the result in a folder and write it, in clear, into a new one.

    Raises:
        NotRead: It does not open, or cannot be written; nothing is left of it.
    """
    try:
        released = msgspec.json.decode(release, type=_Released)
        request, half = bytes.fromhex(released.request), bytes.fromhex(released.release)
        if len(half) != SECRET_BYTES:
            raise ValueError  # told as any other of its kind
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise NotRead("This is not what `parvis archive opening release` gives.") from None
    if out.exists():
        raise NotRead(f"{out} is there already. Choose another folder with --out.")
    try:
        private = custody.private_key(read_private(key))
        with opening_folder.open_file(folder / opening_folder.RESULT) as file:
            pieces = opened_text(file.read, read_secrets(file.read), private, half, request)
            counts = _write(out, pieces)
    except (BadKey, BadFolder) as bad:
        raise NotRead(str(bad)) from None
    except UnopenedResult as unopened:
        shutil.rmtree(out, ignore_errors=True)
        raise NotRead(f"The result does not open: {unopened}.") from None
    except (OSError, msgspec.DecodeError, RecursionError) as fault:
        shutil.rmtree(out, ignore_errors=True)
        raise NotRead(
            f"The result cannot be written to {out}: {getattr(fault, 'strerror', 'it is of no known form')}."
        ) from None
    return Read(out, counts)


def _write(out: Path, pieces: Iterator[bytes]) -> dict[str, Any]:
    durable.make_folder(out)
    counts: dict[str, Any] = dict.fromkeys(FILES, 0)
    with ExitStack() as files:
        opened = {kind: files.enter_context(opening_folder.new_file(out / name)) for kind, name in FILES.items()}
        for line in _lines(pieces):
            kind = msgspec.json.decode(line, type=_Kind).type
            counts[kind] += 1
            opened[kind].write(line)
    return {"records": counts["record"], "identification": counts["identification"]}


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)


class _Kind(msgspec.Struct):
    """What a line is."""

    type: Literal["record", "identification", "manifest"]
