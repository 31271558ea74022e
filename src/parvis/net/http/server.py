"""uvicorn under our own doors: it parses HTTP and runs the application; we accept, and we know the true peer.

uvicorn's own accepting cannot hear a PROXY header and its connections do not say who the peer is, so a listener
makes one `HttpConnection` per accepted socket (`net/accept.py`) and uvicorn gets no socket at all. A WebSocket
request leaves HTTP before any ASGI object exists: its head goes to the chat's own class, which answers it
(docs/adr/0004-websocket-on-the-http-server.md). Written against uvicorn 0.54; the tests beside speak to it over
real sockets, so that another version that differs is seen.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from typing import Any, Final, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from parvis.net.accept import Knock
from parvis.net.address import Address, Network, from_peername
from parvis.net.forwarded import client
from parvis.net.handshake import HEAD_BYTES_MAX

HEAD_WAIT_S: Final = 10.0
"""Longest wait for a whole request head, from the first moment of a connection or the first byte of a request."""

KEEP_ALIVE_S: Final = 15
"""Longest rest of a connection between two requests."""

DRAIN_WAIT_S: Final = 5.0
"""Longest wait for answers that are being sent when the server stops."""

CONNECTIONS_MAX: Final = 1024
"""Most HTTP connections at a time of one listener; the next are told 503. WebSockets are not among them."""

_TICK_S: Final = 1.0
"""How often the `Date` header is made anew: it counts in seconds (RFC 9110, section 6.6.1)."""


def _leave_nothing() -> None:
    """Stand for the place of a connection that has none."""


def _let_all_in(_peer: Address) -> Callable[[], None]:
    return lambda: None


class HttpConnection(HttpToolsProtocol):
    """One HTTP connection that knows its peer, bounds its request heads, and lets WebSockets go their way."""

    def __init__(self, server: "HttpServer", peer: Address | None) -> None:
        """Make a connection; without a peer it is asked of the socket."""
        super().__init__(server.config, server.server_state, {}, asyncio.get_running_loop())
        self._trusted = server.trusted
        self._make_websocket = server.make_websocket
        self._peer = peer
        self._knock = server.knock
        self._leave: Callable[[], None] = _leave_nothing
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is open."""
        super().connection_made(transport)
        if self._peer is None:
            self._peer = from_peername(transport.get_extra_info("peername"))
        # Where a proxy did not say whom it speaks for, nobody is known: its own address opens nothing to them.
        self.client = (self._peer.host, self._peer.port or 0) if self._peer.told else ("", 0)
        leave = self._knock(self._peer)
        if leave is None:
            self._answer_and_close(b"429 Too Many Requests", b"Retry-After: 30\r\n")
            return
        self._leave = leave
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._head_is_here()
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived: part of a request, or an upgrade."""
        if self._leave is _leave_nothing:
            # It was turned away and waits for its answer to be sent.
            return
        self._unset_keepalive_if_required()
        if self.cycle is None or self.cycle.response_complete:
            self._expect_head()
        was_in_head = self._in_head
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._leave_http(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self.send_400_response("The request is malformed.")
            return
        if self._in_head and was_in_head:
            # The read in which a request begins may also hold the end of the one before, and is not counted.
            self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES_MAX:
            self._answer_and_close(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """A request's head is whole: find out who asks, then let the application answer.

        Raises:
            Malformed: A trusted proxy's `Forwarded` cannot be read; the parser hands it on, and 400 is the answer.
        """
        self._in_head = False
        self._head_bytes = 0
        self._head_is_here()
        if self._trusted and self._peer is not None:
            values = [value.decode("latin-1") for name, value in self.headers if name == b"forwarded"]
            found = client(values, self._peer, self._trusted)
            self.scope["client"] = (found.host, found.port or 0) if found.told else ("", 0)
        super().on_headers_complete()

    def _leave_http(self, rest: bytes) -> None:
        """Give a WebSocket to the chat with its head; answer any other upgrade as the plain request it also is."""
        waits = self.cycle is not None and not self.cycle.response_complete
        if not self._should_upgrade():
            if waits:
                self.cycle.keep_alive = False
            return
        if waits:
            # An answer to an earlier request would end up between the frames.
            self._answer_and_close(b"400 Bad Request")
            return
        self.connections.discard(self)
        self._leave()
        lines = [f"{self.scope['method']} ".encode(), self.url, f" HTTP/{self.parser.get_http_version()}".encode()]
        for name, value in self.headers:
            lines += [b"\r\n", name, b": ", value]
        websocket = self._make_websocket(self._peer)
        self.transport.set_protocol(websocket)
        websocket.connection_made(self.transport)
        websocket.data_received(b"".join([*lines, b"\r\n\r\n", rest]))
        # This object and its parser hold each other: let go, so that no idle WebSocket keeps them until a collection.
        self._head_is_here()
        self.__dict__.clear()

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_WAIT_S, self._give_up)

    def _head_is_here(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _answer_and_close(self, status: bytes, header: bytes = b"") -> None:
        head = b"HTTP/1.1 %b\r\n%bConnection: close\r\nContent-Length: 0\r\n\r\n"
        self.transport.write(head % (status, header))
        self.transport.close()


class HttpServer(uvicorn.Server):
    """uvicorn without sockets and without signals: give its `connect` to a listener, and `run` beside it."""

    def __init__(
        self,
        config: uvicorn.Config,
        make_websocket: Callable[[Address | None], asyncio.Protocol],
        trusted: Sequence[Network],
        knock: Knock,
    ) -> None:
        """Load the application; nothing runs yet."""
        super().__init__(config)
        config.load()
        self.make_websocket = make_websocket
        self.trusted = trusted
        self.knock = knock
        self._stopping = asyncio.Event()

    def connect(self, peer: Address | None = None) -> asyncio.Protocol:
        """Make the protocol of one accepted connection."""
        return HttpConnection(self, peer)

    async def run(self) -> None:  # type: ignore[override]
        """Keep the server going until `stop`, then let answers end, in bounded time."""
        await self.serve(sockets=[])

    def stop(self) -> None:
        """Begin the end: `run` returns soon."""
        self.should_exit = True
        self._stopping.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program: one place decides when to stop."""
        yield

    async def main_loop(self) -> None:
        """Wake once a second, where uvicorn wakes ten times."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK_S)

    async def shutdown(self, sockets: Any = None) -> None:
        """Let answers end as uvicorn does, then cut what is left."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            cast("HttpConnection", connection).transport.abort()


def make_uvicorn(
    app: Any,
    make_websocket: Callable[[Address | None], asyncio.Protocol],
    trusted: Sequence[Network] = (),
    drain_wait_s: float = DRAIN_WAIT_S,
    knock: Knock = _let_all_in,
) -> HttpServer:
    """Put an application on uvicorn.

    Args:
        app: ASGI 3.
        make_websocket: Makes the chat's protocol for one upgrade. It gets `connection_made`, then the whole request
            head in `data_received`, and answers the handshake itself, refusals included.
        trusted: Networks whose `Forwarded` headers say who asks (`scope["client"]`).
        drain_wait_s: Longest wait for running answers at the end.
        knock: Counts each connection until it ends or becomes a WebSocket.
    """
    config = uvicorn.Config(
        app,
        # uvicorn only asks whether there is a class; `HttpConnection` makes the protocol.
        ws=asyncio.Protocol,
        http=HttpConnection,
        loop="none",
        interface="asgi3",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=ceil(drain_wait_s),
    )
    return HttpServer(config, make_websocket, trusted, knock)
