"""The listeners of a configuration: bound first, all or none, then served by kind."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

import structlog

from parvis.app.config import Kind, Listener
from parvis.app.wiring import Parts
from parvis.chat.doors import Stage
from parvis.net.accept import (
    BACKLOG,
    HANDSHAKE_WAIT_S,
    HANDSHAKES_MAX,
    WAITING_MAX,
    listening_socket,
    serve_raw,
)
from parvis.net.address import Address
from parvis.net.gate import Gate
from parvis.net.tcp import TcpConnection
from parvis.net.tls import ALPN_HTTP, ALPN_IRC, Certificate, TlsUnusable
from parvis.net.websocket import WebSocketConnection

_WHY: Final = {
    errno.EADDRINUSE: "it is taken. Another server runs there; stop that one, or choose another port",
    errno.EACCES: "this user may not use it. Ports below 1024 need a privilege; choose a higher one",
    errno.EADDRNOTAVAIL: "this machine does not have that address. Choose one of its own, or 127.0.0.1",
}

log = structlog.get_logger()


class ListenFailed(Exception):
    """A listener cannot be had. The text says which, why, and what to do."""


class Listening:
    """One listener: its socket, what the configuration says of it, and its certificate."""

    def __init__(self, number: int, listener: Listener) -> None:
        """Bind and listen; read the certificate.

        Raises:
            ListenFailed: The address or the certificate cannot be used.
        """
        self.listener = listener
        self.certificate: Certificate | None = None
        try:
            if listener.tls_cert is not None and listener.tls_key is not None:
                alpn = ALPN_IRC if listener.kind is Kind.IRC else ALPN_HTTP
                self.certificate = Certificate(
                    listener.tls_cert, listener.tls_key, alpn, client_certificates=listener.asks_for_certificates
                )
            self.socket: socket.socket = listening_socket(listener.host, listener.port)
        except TlsUnusable as error:
            raise ListenFailed(f"listen[{number}]: {error}") from error
        except OSError as error:
            why = _WHY.get(error.errno or 0, error.strerror)
            raise ListenFailed(f"listen[{number}]: cannot listen on port {listener.port}: {why}.") from error
        self.port: int = self.socket.getsockname()[1]

    def url(self) -> str:
        """Write where to connect."""
        listener = self.listener
        host = f"[{listener.host}]" if ":" in listener.host else listener.host
        scheme = {Kind.IRC: "irc", Kind.HTTP: "http", Kind.WEBSOCKET: "ws"}[listener.kind]
        if self.certificate is not None:
            scheme = {"irc": "ircs", "http": "https", "ws": "wss"}[scheme]
        return f"{scheme}://{host}:{self.port}"

    def url_of_chat(self) -> str:
        """Write where a chat client connects: on HTTP, the WebSocket at `/irc`."""
        url = self.url()
        return url if self.listener.kind is not Kind.HTTP else f"ws{url.removeprefix('http')}/irc"


class Listeners:
    """Every listener of a server."""

    def __init__(self, listeners: tuple[Listener, ...]) -> None:
        """Bind them all.

        Raises:
            ListenFailed: One of them cannot be had; none stays bound.
        """
        self.all: list[Listening] = []
        self._servers: list[asyncio.Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        try:
            for number, listener in enumerate(listeners):
                self.all.append(Listening(number, listener))
        except ListenFailed:
            self.close_sockets()
            raise

    def close_sockets(self) -> None:
        """Let the addresses go: nobody was let in yet."""
        for listening in self.all:
            listening.socket.close()

    async def serve(self, parts: Parts) -> None:
        """Let people in: everything but HTTP, which loads later (`app/web.py`)."""
        for listening in self.all:
            if listening.listener.kind is Kind.HTTP:
                continue
            gate = gate_for(parts, listening)
            kind = TcpConnection if listening.listener.kind is Kind.IRC else WebSocketConnection
            await self.serve_one(listening, gate, kind)

    async def serve_one(
        self, listening: Listening, gate: Gate, make: Callable[[Gate, Address | None], asyncio.Protocol]
    ) -> None:
        """Serve one listener with a protocol per connection."""
        context = listening.certificate.context if listening.certificate is not None else None
        has_header = listening.listener.proxy_protocol
        if has_header or context is not None:
            serving = serve_raw(
                listening.socket,
                lambda peer: make(gate, peer),
                context,
                handshake_wait_s=HANDSHAKE_WAIT_S,
                waiting_max=WAITING_MAX if has_header else HANDSHAKES_MAX,
                knock=lambda peer: gate.doors.knock(Stage.ENCRYPTING, peer.host, is_told=peer.told),
                report=_report,
                has_header=has_header,
            )
            self._tasks.append(asyncio.create_task(serving))
            return
        server = await asyncio.get_running_loop().create_server(
            lambda: make(gate, None), sock=listening.socket, backlog=BACKLOG
        )
        self._servers.append(server)

    def close(self) -> None:
        """Let nobody in any more; who is in stays."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()

    def reload_certificates(self) -> bool:
        """Read every certificate again; a bad one keeps the old and is told. Gives whether there was none."""
        all_good = True
        for number, listening in enumerate(self.all):
            if listening.certificate is None:
                continue
            try:
                listening.certificate.reload()
            except TlsUnusable as error:
                log.error("certificate kept as it was", listener=number, why=str(error))
                all_good = False
        return all_good


def gate_for(parts: Parts, listening: Listening) -> Gate:
    """Make what the connections of a listener share."""
    listener = listening.listener
    return Gate(
        parts.chat,
        parts.intake,
        parts.doors,
        any_path=listener.kind is Kind.WEBSOCKET,
        allowed_origins=listener.allowed_origins,
        trusted=listener.trusted_proxies,
        listener=listening.url(),
        has_header=listener.proxy_protocol,
    )


def _report(why: str) -> None:
    log.info("connection dropped", why=why)
