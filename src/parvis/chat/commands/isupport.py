"""ISUPPORT: what the server can do, asked again. Source: IRCv3 draft/extended-isupport; modern IRC, "RPL_ISUPPORT"."""

from collections.abc import Iterable

from parvis.chat import texts
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import isupport
from parvis.irc import numerics as n
from parvis.irc.capabilities import EXTENDED_ISUPPORT
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:  # noqa: ARG001 - it has no parameters
    """Show the tokens; to who has not entered yet, if they asked for the capability."""
    if client.greeting is not None and not client.capabilities & EXTENDED_ISUPPORT:
        chat.numeric(client, n.ERR_NOTREGISTERED)
        return
    tell(chat, client, chat.isupport)


def tell(chat: Chat, client: Client, lines: list[texts.Prepared]) -> None:
    """Show lines of tokens, in a batch for who asked for the capability."""
    if chat.connection.capabilities & EXTENDED_ISUPPORT:
        with chat.answer_batch("draft/isupport"):
            chat.answer_prepared(client, lines)
    else:
        chat.answer_prepared(client, lines)


def tell_changes(chat: Chat, connections: Iterable[Client], before: list[str]) -> None:
    """Tell who has entered which tokens are other ones after a reload."""
    changed = isupport.changes(before, chat.tokens)
    if not changed:
        return
    lines = texts.isupport_lines(chat.settings, changed)
    for connection in connections:
        if connection.is_registered and not connection.gone:
            chat.begin(connection, None)
            tell(chat, connection.person, lines)
            chat.end_answer()
