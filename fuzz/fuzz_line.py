"""No bytes make the parser of lines do anything but read a line or say that it is malformed."""

from mutation import run
from parvis.irc.limits import PARAMETERS_MAX
from parvis.irc.line import Malformed, parse_line
from parvis.irc.tags import client_only, parse_tags

CORPUS = [
    b"PRIVMSG #accueil :bonjour \xc3\xa0 tous",
    b"@+typing=active;label=a\\:b\\s\\\\;vendor/x=y :nick!user@host TAGMSG #accueil",
    b"MODE #a +ovb-k alice bob *!*@*.example key",
    b"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16",
    b"  :  a ::  b",
    b"@" + b"a=b;" * 1000 + b" PING",
    b"PING " + b"x" * 505,
    b"\0\r\n\xff",
]


def target(data: bytes) -> None:
    try:
        line = parse_line(data)
    except Malformed:
        return
    assert line.command
    assert " " not in line.command
    assert len(line.params) <= PARAMETERS_MAX
    assert not any(char in word for word in (line.command, *line.params) for char in "\0\r\n")
    assert all(param and " " not in param for param in line.params[:-1])
    relayed = client_only(line.tags)
    assert not any(char in relayed for char in " \r\n")
    assert not relayed or client_only(parse_tags(relayed)) == relayed


if __name__ == "__main__":
    run("line", CORPUS, target)
