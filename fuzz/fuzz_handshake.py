"""No request head makes the handshake do anything but accept, refuse with an answer, or wait within its limit."""

from mutation import run
from parvis.net.handshake import HEAD_BYTES_MAX, Accepted, NeedMore, answer

OPENING = (
    b"GET /irc HTTP/1.1\r\nHost: chat.example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: binary.ircv3.net, text.ircv3.net\r\nOrigin: https://chat.example.org\r\n"
    b'Forwarded: for="[2001:db8::7]:4711"\r\n\r\n\x81\x80\x00\x00\x00\x00'
)
CORPUS = [
    OPENING,
    b"GET /irc HTTP/1.1\r\nHost: [::1]:8080\r\nOrigin: http://[::1]:8080\r\n\r\n",
    b"POST /irc HTTP/1.0\r\n\r\n",
    b"NICK camille\r\nUSER camille 0 * :Camille\r\n\r\n",
]


def target(data: bytes) -> None:
    outcome = answer(data, lambda path: path == "/irc")
    if isinstance(outcome, NeedMore):
        assert len(data) < HEAD_BYTES_MAX
        return
    assert outcome.response.startswith(b"HTTP/1.1 101 " if isinstance(outcome, Accepted) else b"HTTP/1.1 4")
    assert b"\r\n\r\n" in outcome.response


if __name__ == "__main__":
    run("handshake", CORPUS, target)
