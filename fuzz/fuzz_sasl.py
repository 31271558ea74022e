"""No AUTHENTICATE whatever does anything but go on, log in who has proved it, or end the exchange."""

from base64 import b64encode

from mutation import run
from parvis.irc import scram
from parvis.irc.sasl import (
    PIECE_CHARS,
    CheckCertificate,
    CheckPassword,
    Exchange,
    FindKeys,
    LoggedIn,
    Mechanism,
    More,
    Proved,
)

KEYS = scram.make_keys(b"pencil", b"salt", 1)
MECHANISMS = list(Mechanism)
LONG = b64encode(b"\0jilles\0" + b"x" * 300)
CORPUS = [
    b"0" + b64encode(b"jilles\0jilles\0sesame"),
    b"0"
    + b64encode(b"\0jilles\0" + b"x" * 300)[:PIECE_CHARS]
    + b"\n"
    + b64encode(b"\0jilles\0" + b"x" * 300)[PIECE_CHARS:],
    b"0" + b"A" * PIECE_CHARS + b"\n+",
    b"1" + b64encode(b"n,,n=user,r=abc") + b"\n" + b64encode(b"c=biws,r=abcnonce,p=" + b64encode(bytes(32))) + b"\n+",
    b"1" + b64encode(b"y,a=a=2Cb,n=a=2Cb,r=x,ext=1") + b"\n*",
    b"2+",
    b"2" + b64encode(b"anna"),
]


def target(data: bytes) -> None:
    if not data:
        return
    exchange = Exchange(MECHANISMS[data[0] % len(MECHANISMS)])
    for word in data[1:].decode(errors="replace").split("\n"):
        step = exchange.feed(word)
        match step:
            case FindKeys(name):
                assert name
                exchange.challenge("nonce", KEYS, b"id")
            case More() | Proved():
                pass
            case CheckPassword(name, password):
                assert name
                assert password
                assert "\0" not in name + password
                return
            case CheckCertificate() | _:
                assert not isinstance(step, LoggedIn), "nobody knows the proof"
                return


if __name__ == "__main__":
    run("sasl", CORPUS, target)
