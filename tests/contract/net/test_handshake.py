"""The opening handshake. Sources: RFC 6455, sections 4 and 10.2; IRCv3 WebSocket specification."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.net.handshake import (
    HEAD_BYTES_MAX,
    HEADERS_MAX,
    NEED_MORE,
    Accepted,
    NeedMore,
    Rejected,
    accept_value,
    answer,
)

HEADERS = {
    "Host": "chat.example.org",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def asked(request: str = "GET /irc HTTP/1.1", **changed: str | None) -> bytes:
    """Build a request head; a header set to None is left out, `_` in a name is read as `-`."""
    headers: dict[str, str | None] = dict(HEADERS)
    for name, value in changed.items():
        headers[name.replace("_", "-")] = value
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([request, *lines, "", ""]).encode("latin-1")


def answered(data: bytes, *origins: str) -> Accepted | Rejected | NeedMore:
    return answer(data, lambda path: path == "/irc", origins)


def status(data: bytes, *origins: str) -> int:
    outcome = answered(data, *origins)
    assert not isinstance(outcome, NeedMore)
    code = int(outcome.response.split(b" ")[1])
    assert code == (101 if isinstance(outcome, Accepted) else outcome.status)
    return code


def test_the_key_is_answered_as_the_standard_shows() -> None:
    """Source: RFC 6455, section 1.3."""
    vectors = json.loads((Path(__file__).parents[3] / "vectors" / "frames.json").read_text())
    for vector in vectors["accept"]:
        assert accept_value(vector["key"]) == vector["accept"]


def test_a_right_request_is_accepted() -> None:
    """Source: RFC 6455, section 4.2.2, and section 1.3 for the key."""
    outcome = answered(asked() + b"\x81\x80")
    assert isinstance(outcome, Accepted)
    assert outcome.response == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )
    assert outcome.subprotocol is None
    assert outcome.rest == b"\x81\x80"


OFFERS = [
    (None, None),
    ("text.ircv3.net", "text.ircv3.net"),
    ("binary.ircv3.net", "binary.ircv3.net"),
    ("binary.ircv3.net, text.ircv3.net", "binary.ircv3.net"),
    ("text.ircv3.net,binary.ircv3.net", "text.ircv3.net"),
    ("chat, text.ircv3.net", "text.ircv3.net"),
    ("chat", None),
    ("TEXT.IRCV3.NET", None),
]


@pytest.mark.parametrize(("offered", "chosen"), OFFERS)
def test_the_subprotocol_is_the_first_we_speak_in_the_client_s_order(offered: str | None, chosen: str | None) -> None:
    """
    "The client's preference order" (RFC 6455, section 4.1, item 10) among the two of
    IRCv3 WebSocket, "Subprotocols"; a client that offers none is let in and gets text.
    """
    outcome = answered(asked(Sec_WebSocket_Protocol=offered))
    assert isinstance(outcome, Accepted)
    assert outcome.subprotocol == chosen
    assert (f"Sec-WebSocket-Protocol: {chosen}\r\n".encode() in outcome.response) == (chosen is not None)
    assert outcome.response.endswith(b"\r\n\r\n")


def test_subprotocols_may_stand_in_several_headers() -> None:
    """Source: RFC 6455, section 11.3.4."""
    data = asked(Sec_WebSocket_Protocol="chat", sec_websocket_protocol="binary.ircv3.net")
    outcome = answered(data)
    assert isinstance(outcome, Accepted)
    assert outcome.subprotocol == "binary.ircv3.net"


REFUSED = {
    "another path": (asked("GET /other HTTP/1.1"), 404),
    "a path below": (asked("GET /irc/x HTTP/1.1"), 404),
    "another method": (asked("POST /irc HTTP/1.1"), 405),
    "HTTP/1.0": (asked("GET /irc HTTP/1.0"), 400),
    "an absolute target": (asked("GET http://chat.example.org/irc HTTP/1.1"), 400),
    "a space in the target": (asked("GET /irc x HTTP/1.1"), 400),
    "no upgrade": (asked(Upgrade=None), 426),
    "another upgrade": (asked(Upgrade="h2c"), 426),
    "no connection header": (asked(Connection=None), 426),
    "a connection that only stays": (asked(Connection="keep-alive"), 426),
    "version 8": (asked(Sec_WebSocket_Version="8"), 426),
    "no version": (asked(Sec_WebSocket_Version=None), 426),
    "no key": (asked(Sec_WebSocket_Key=None), 400),
    "a short key": (asked(Sec_WebSocket_Key="dGhlIHNhbXBsZQ=="), 400),
    "a key that is not base64": (asked(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZ!=="), 400),
    "two keys": (asked(sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ=="), 400),
    "no host": (asked(Host=None), 400),
    "two hosts": (asked(host="chat.example.org"), 400),
    "a host that is none": (asked(Host="chat example"), 400),
    "a body": (asked(Content_Length="3"), 400),
    "a chunked body": (asked(Transfer_Encoding="chunked"), 400),
    "a folded header": (asked(X="a\r\n b"), 400),
    "a space before the colon": (asked(**{"X ": "a"}), 400),
    "a NUL": (asked(X="a\x00b"), 400),
    "a bare LF": (asked(X="a\nY: b"), 400),
    "a bare CR": (asked(X="a\rY: b"), 400),
    "no colon": (b"GET /irc HTTP/1.1\r\nHost\r\n\r\n", 400),
    "too many headers": (asked(**{f"X{n}": "a" for n in range(HEADERS_MAX)}), 400),
    "a head over the limit": (b"GET /irc HTTP/1.1\r\nX: " + b"a" * HEAD_BYTES_MAX, 400),
    "an IRC client": (b"NICK camille\r\nUSER camille 0 * :Camille\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_request_is_answered_with_its_status(name: str) -> None:
    """Source: RFC 6455, section 4.2.1, and RFC 9110, section 15.5."""
    data, expected = REFUSED[name]
    assert status(data) == expected


def test_a_refusal_says_what_is_spoken_here() -> None:
    """Source: RFC 6455, section 4.4; RFC 9110, sections 10.2.1 and 15.5.22."""
    outcome = answered(asked(Sec_WebSocket_Version="8"))
    assert isinstance(outcome, Rejected)
    assert outcome.response == (
        b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Connection: Upgrade, close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 42\r\n"
        b"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n"
        b"This address speaks WebSocket version 13.\n"
    )
    refused = answered(asked("PUT /irc HTTP/1.1"))
    assert isinstance(refused, Rejected)
    assert b"\r\nAllow: GET\r\n" in refused.response


ORIGINS = [
    (None, "chat.example.org", (), 101),
    ("https://chat.example.org", "chat.example.org", (), 101),
    ("https://chat.example.org:443", "chat.example.org", (), 101),
    ("http://chat.example.org", "chat.example.org", (), 101),
    ("http://chat.example.org:8080", "chat.example.org:8080", (), 101),
    ("http://[::1]:8080", "[::1]:8080", (), 101),
    ("https://CHAT.example.org", "chat.example.org", (), 101),
    ("http://chat.example.org:8080", "chat.example.org", (), 403),
    ("https://chat.example.org", "chat.example.org:8443", (), 403),
    ("https://evil.example", "chat.example.org", (), 403),
    ("https://chat.example.org.evil.example", "chat.example.org", (), 403),
    ("null", "chat.example.org", (), 403),
    ("", "chat.example.org", (), 403),
    ("file://", "chat.example.org", (), 403),
    ("https://chat.example.org@evil.example", "chat.example.org", (), 403),
    ("https://chat.example.org:x", "chat.example.org", (), 403),
    ("https://evil.example", "chat.example.org", ("*",), 101),
    ("null", "chat.example.org", ("*",), 101),
    ("https://web.example.org", "chat.example.org", ("https://web.example.org",), 101),
    ("https://web.example.org", "chat.example.org", ("https://web.example.org:443/",), 101),
    ("http://web.example.org", "chat.example.org", ("https://web.example.org",), 403),
    ("https://chat.example.org", "chat.example.org", ("https://web.example.org",), 403),
]


@pytest.mark.parametrize(("origin", "host", "allowed", "expected"), ORIGINS)
def test_only_the_pages_allowed_may_connect(
    origin: str | None, host: str, allowed: tuple[str, ...], expected: int
) -> None:
    """
    A browser says which page connects; a program says nothing and is let in. Source:
    RFC 6455, section 10.2; IRCv3 WebSocket, "Security considerations".
    """
    assert status(asked(Origin=origin, Host=host), *allowed) == expected


def test_forwarded_headers_are_handed_on_in_order() -> None:
    """They are read where the trusted proxies are known (RFC 7239, section 7.1)."""
    outcome = answered(asked(Forwarded="for=192.0.2.1", forwarded="for=192.0.2.2"))
    assert isinstance(outcome, Accepted)
    assert outcome.forwarded == ("for=192.0.2.1", "for=192.0.2.2")
    assert "192" not in repr(outcome)


def test_a_query_does_not_change_the_path() -> None:
    """Source: RFC 6455, section 3: the resource name holds path and query."""
    assert status(asked("GET /irc?lang=fr HTTP/1.1")) == 101


def test_every_beginning_needs_more() -> None:
    """A head may arrive in any pieces; nothing is answered before its empty line."""
    data = asked()
    assert {answered(data[:size]) for size in range(len(data))} == {NEED_MORE}


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: asked(X=text.encode().decode("latin-1"))))
def test_any_bytes_are_answered_or_waited_for(data: bytes) -> None:
    """No input gives anything but one of the three outcomes."""
    outcome = answered(data)
    if isinstance(outcome, NeedMore):
        assert len(data) < HEAD_BYTES_MAX
    else:
        assert outcome.response.startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("subprotocol", ["text.ircv3.net", "binary.ircv3.net"])
def test_the_websockets_library_accepts_our_answer(subprotocol: str) -> None:
    """A kept library, as client, opens and is open."""
    from websockets.client import ClientProtocol
    from websockets.protocol import State
    from websockets.typing import Subprotocol
    from websockets.uri import parse_uri

    library = ClientProtocol(parse_uri("ws://chat.example.org/irc"), subprotocols=[Subprotocol(subprotocol)])
    library.send_request(library.connect())
    outcome = answered(b"".join(library.data_to_send()))
    assert isinstance(outcome, Accepted)
    library.receive_data(outcome.response)
    assert library.state is State.OPEN
    assert library.subprotocol == subprotocol
