"""The opening handshake of a WebSocket, seen from the server: one request head in, one answer out, without
I/O.

The head is read strictly: what a browser, a library or a proxy never sends is refused, so that nothing is
left to interpretation between us and a proxy in front of us.

Source: RFC 6455, sections 4.1, 4.2 and 10.2; RFC 9112, sections 2 to 6; IRCv3 WebSocket specification
(https://ircv3.net/specs/extensions/websocket).
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha1
from typing import Final
from urllib.parse import urlsplit

HEAD_BYTES_MAX: Final = 8192
"""Longest request head, its empty line included; the usual limit of web servers, and ours."""

HEADERS_MAX: Final = 64
"""Most header lines; ours, three times what a browser behind two proxies sends."""

TEXT_PROTOCOL: Final = "text.ircv3.net"
BINARY_PROTOCOL: Final = "binary.ircv3.net"
PROTOCOLS: Final = (TEXT_PROTOCOL, BINARY_PROTOCOL)
"""What we speak (IRCv3 WebSocket specification, "Subprotocols")."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_REQUEST: Final = re.compile(r"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.1")
_HEADER: Final = re.compile(
    r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*"
)
_HOST: Final = re.compile(r"(?:[0-9A-Za-z._~%!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class NeedMore(Enum):
    """The head has begun and is not whole."""

    NEED_MORE = "need more"


NEED_MORE: Final = NeedMore.NEED_MORE


@dataclass(frozen=True, slots=True)
class Accepted:
    """The connection is a WebSocket once `response` is sent. No field is shown: they hold what the peer
    sent."""

    response: bytes
    subprotocol: str | None
    """None: the client offered none that we speak; lines then go in text frames."""
    forwarded: tuple[str, ...]
    """Values of the `Forwarded` headers, for `forwarded.client`."""
    rest: bytes
    """What followed the head; the first frames, if any."""

    def __repr__(self) -> str:
        return f"Accepted(subprotocol={self.subprotocol})"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not a WebSocket: send `response`, then close."""

    response: bytes
    status: int
    why: str


Headers = Mapping[str, Sequence[str]]


class _Refusal(Exception):
    def __init__(self, status: int, why: str, *headers: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = headers


def answer(
    data: bytes, is_path: Callable[[str], bool], allowed_origins: Sequence[str] = ()
) -> Accepted | Rejected | NeedMore:
    """Answer what a client sent to open a WebSocket.

    Args:
        data: All that has arrived so far.
        is_path: Says whether a path, without its query, leads to the chat.
        allowed_origins: Pages that may connect, such as `https://chat.example.org`; none: only pages of this
            very host; `*`: any. A request without `Origin` comes from no page and is let in (RFC 6455,
            section 10.2).

    Returns:
        The answer to send, or `NEED_MORE` while the head is not whole and within its limit.
    """
    end = data.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
    try:
        if end < 0:
            if len(data) >= HEAD_BYTES_MAX:
                raise _Refusal(400, f"The request head is over {HEAD_BYTES_MAX} bytes.")
            return NEED_MORE
        target, headers = _read_head(data[:end])
        _check_upgrade(target, headers, is_path)
        key = _read_key(headers)
        _check_origin(headers, allowed_origins)
        subprotocol = _choose_protocol(headers)
    except _Refusal as refusal:
        return Rejected(_rejection(refusal), refusal.status, refusal.why)
    return Accepted(_acceptance(key, subprotocol), subprotocol, tuple(headers.get("forwarded", ())), data[end + 4 :])


def accept_value(key: str) -> str:
    """Compute `Sec-WebSocket-Accept` (RFC 6455, section 4.2.2, step 5.4)."""
    return b64encode(sha1(key.encode("ascii") + _GUID, usedforsecurity=False).digest()).decode("ascii")


def _read_head(head: bytes) -> tuple[str, Headers]:
    """Read the request line and the headers, their names in lower case."""
    request, *lines = head.decode("latin-1").split("\r\n")
    asked = _REQUEST.fullmatch(request)
    if asked is None:
        raise _Refusal(400, "The request line is malformed.")
    if asked[1] != "GET":
        raise _Refusal(405, "A WebSocket is opened with GET.", "Allow: GET")
    if len(lines) > HEADERS_MAX:
        raise _Refusal(400, f"The request has more than {HEADERS_MAX} headers.")
    headers: dict[str, list[str]] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise _Refusal(400, "A header is malformed.")
        headers.setdefault(header[1].lower(), []).append(header[2])
    hosts = headers.get("host", [])
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise _Refusal(400, "The request needs one Host header.")
    if "transfer-encoding" in headers or headers.get("content-length", ["0"]) != ["0"]:
        raise _Refusal(400, "The request has a body.")
    return asked[2], headers


def _check_upgrade(target: str, headers: Headers, is_path: Callable[[str], bool]) -> None:
    if not is_path(target.partition("?")[0]):
        raise _Refusal(404, "There is no WebSocket at this address.")
    upgrades = {token.partition("/")[0].lower() for token in _tokens(headers, "upgrade")}
    connection = {token.lower() for token in _tokens(headers, "connection")}
    if "websocket" not in upgrades or "upgrade" not in connection:
        raise _Refusal(426, "This address speaks WebSocket.", "Upgrade: websocket")
    if headers.get("sec-websocket-version") != ["13"]:
        # RFC 6455, section 4.4: name the versions we speak.
        raise _Refusal(
            426,
            "This address speaks WebSocket version 13.",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
        )


def _read_key(headers: Headers) -> str:
    keys = headers.get("sec-websocket-key", ())
    try:
        if len(keys) == 1 and len(keys[0]) == 24 and len(b64decode(keys[0], validate=True)) == 16:
            return keys[0]
    except (binascii.Error, ValueError):
        pass
    raise _Refusal(400, "Sec-WebSocket-Key is not 16 bytes in base64.")


def _check_origin(headers: Headers, allowed_origins: Sequence[str]) -> None:
    origins = headers.get("origin", ())
    if not origins or "*" in allowed_origins:
        return
    if len(origins) != 1:
        raise _Refusal(400, "The request has several Origin headers.")
    origin = _origin(origins[0])
    if origin is not None:
        if allowed_origins:
            if origin in {_origin(allowed) for allowed in allowed_origins}:
                return
        elif _origin(f"{origin[0]}://{headers['host'][0]}") == origin:
            # Behind a proxy we do not know our own scheme: host and port are what tells pages apart.
            return
    raise _Refusal(403, "Pages of this origin may not connect.")


def _origin(text: str) -> tuple[str, str, int] | None:
    """Read scheme, host and port; None for `null` and whatever else is not an origin."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    if url.scheme not in _DEFAULT_PORTS or not url.hostname or url.path.strip("/") or url.query or "@" in text:
        return None
    return url.scheme, url.hostname, port if port is not None else _DEFAULT_PORTS[url.scheme]


def _choose_protocol(headers: Headers) -> str | None:
    """Take the first we speak, in the client's order of preference (RFC 6455, section 4.1, item 10)."""
    offered = _tokens(headers, "sec-websocket-protocol")
    return next((protocol for protocol in offered if protocol in PROTOCOLS), None)


def _tokens(headers: Headers, name: str) -> list[str]:
    return [token for value in headers.get(name, ()) for part in value.split(",") if (token := part.strip(" \t"))]


def _acceptance(key: str, subprotocol: str | None) -> bytes:
    chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_value(key)}\r\n{chosen}\r\n"
    ).encode("ascii")


_PHRASES: Final = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    426: "Upgrade Required",
}


def _rejection(refusal: _Refusal) -> bytes:
    body = refusal.why + "\n"
    upgrade = "Upgrade, " if refusal.status == 426 else ""
    lines = [
        f"HTTP/1.1 {refusal.status} {_PHRASES[refusal.status]}",
        *refusal.headers,
        f"Connection: {upgrade}close",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("ascii")
