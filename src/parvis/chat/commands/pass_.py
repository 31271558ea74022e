"""PASS: the password of the server or a guest's resume token, before entering. Source: modern IRC, "PASS";
docs/protocol/resume.md.
"""

from hmac import compare_digest
from typing import Final

from parvis.chat.client import Client
from parvis.chat.commands import resume
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line

TOKEN_FOLLOWS: Final = "resume:"  # noqa: S105 - what stands in front of one
"""In front of a token in PASS."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Note whether the password is right; what comes of it is decided when NICK and USER have come.

    `resume:TOKEN` and `resume:TOKEN:PASSWORD` show a token, for clients that know of no other way. The first says
    nothing of the server's password, which may come in a PASS of its own.
    """
    if client.greeting is None:
        chat.numeric(client, n.ERR_ALREADYREGISTERED)
        return
    given, asked = line.params[0], chat.settings.password
    if _is_same(given, asked):
        client.greeting.password_is_right = True
        return
    if not given.startswith(TOKEN_FOLLOWS):
        client.greeting.password_is_right = False
        return
    token, colon, password = given.removeprefix(TOKEN_FOLLOWS).partition(":")
    if colon:
        client.greeting.password_is_right = _is_same(password, asked)
    resume.prove(chat, client, token)


def _is_same(given: str, asked: str) -> bool:
    return compare_digest(given.encode(), asked.encode())
