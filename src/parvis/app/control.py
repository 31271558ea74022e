"""The server's side door for verbs on its own machine: a socket in the data folder that its user alone may open.

One request per connection, one JSON object a line: `{"do": NAME, "with": {...}}` is answered with `{"done": {...}}`, or
with `{"not_done": TEXT}`.

Rule 1: who may open the data folder may do all of this, as they could with a server of their own over it; the
socket adds no right. What a deed changes or gives stands in the audit.
Rule 2: a request is bounded in size and time, and few run at once.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Any, Final

import msgspec
import structlog

from parvis.app.office import Deed, NotDone, Office
from parvis.ports.archive import ArchiveError

SOCKET_NAME: Final = "control.sock"
"""Name of the socket in the data folder."""
REQUEST_BYTES_MAX: Final = 1_048_576
"""Longest request; ours: none needs more than a few kilobytes."""
READ_WAIT_S: Final = 10.0
"""How long a request may take to come."""
AT_ONCE: Final = 4
"""Most deeds under way; further ones wait."""

_PEER: Final = Struct("3i")

log = structlog.get_logger()


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for."""

    do: str
    words: dict[str, Any] = msgspec.field(name="with", default_factory=dict)


class Control:
    """The side door of a running server."""

    def __init__(self, office: Office, deeds: Mapping[str, Deed]) -> None:
        """Answer nothing yet."""
        self._office = office
        self._deeds = deeds
        self._server: asyncio.Server | None = None
        self._few = asyncio.Semaphore(AT_ONCE)
        self._path: Path | None = None

    async def open(self, data_dir: Path) -> None:
        """Listen in the data folder, whose lock this process holds."""
        self._path = data_dir / SOCKET_NAME
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # A path of any length: names of sockets hold 107 bytes.
            listening.bind(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
        finally:
            os.close(folder)
        self._path.chmod(0o600)
        self._server = await asyncio.start_unix_server(self._answer, sock=listening, limit=REQUEST_BYTES_MAX)

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            try:
                if _may_ask(writer.get_extra_info("socket")):
                    answer = await self._answered(await asyncio.wait_for(reader.readline(), READ_WAIT_S))
                    writer.write(msgspec.json.encode(answer) + b"\n")
                    await writer.drain()
            except (ValueError, TimeoutError):
                writer.write(b'{"not_done":"The request is too long, or did not come whole."}\n')
            finally:
                writer.close()

    async def _answered(self, line: bytes) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(line, type=Request)
        except (msgspec.DecodeError, RecursionError):
            return {"not_done": "The request is not of a form that this server knows."}
        async with self._few:
            return await asyncio.to_thread(do, self._office, self._deeds, request)


def do(office: Office, deeds: Mapping[str, Deed], request: Request) -> dict[str, Any]:
    """Do what is asked for, in a thread; give the answer."""
    deed = deeds.get(request.do)
    if deed is None:
        return {"not_done": "The server that runs is of another version and does not know this. Restart it."}
    try:
        return {"done": deed(office, request.words)}
    except NotDone as refused:
        return {"not_done": str(refused)}
    except ArchiveError as fault:
        return {"not_done": f"The archive cannot do it: {fault}."}
    except Exception:
        log.exception("a deed failed", deed=request.do)
        return {"not_done": "It failed. The server's log says why."}


def _may_ask(connected: Any) -> bool:
    """Tell whether the other end is the server's own user, or root."""
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    _, uid, _ = _PEER.unpack(raw)
    return uid in (0, os.getuid())
