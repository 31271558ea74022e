"""ISON: which of some people are here. Source: RFC 2812, section 4.9; MONITOR has taken its place."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.irc.wire import space_after


def run(chat: Chat, client: Client, line: Line) -> None:
    """Name those who are present, as they write themselves."""
    nicks = [nick for word in line.params for nick in word.split(" ") if nick]
    people = dict.fromkeys(person for nick in nicks if (person := chat.person(nick)) is not None)
    chat.numeric(client, n.RPL_ISON, one_line(chat, client, [person.nick for person in people]))


def one_line(chat: Chat, client: Client, words: list[str]) -> str:
    """Join words as long as one answer holds them whole: there is one line to the answer, and half a name is nobody."""
    space = space_after(f":{chat.settings.server} {n.RPL_ISON} {client.nick} :".encode())
    while len(" ".join(words).encode()) > space:
        words = words[:-1]
    return " ".join(words)
