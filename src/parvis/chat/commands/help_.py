"""HELP and HELPOP: what a command does and how it is written. Source: modern IRC, "HELP".

The texts stand in `chat/commands/help_texts.py`, one for each command of the table.
"""

from typing import Final

from parvis.chat.client import Client
from parvis.chat.commands.help_texts import HELP
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line

_NAMES_PER_LINE: Final = 8


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show the help on a command, or without one the list of all."""
    subject = line.params[0].upper() if line.params else ""
    if not subject:
        names = sorted(HELP)
        rows = [" ".join(names[start : start + _NAMES_PER_LINE]) for start in range(0, len(names), _NAMES_PER_LINE)]
        _tell(chat, client, "*", "Commands of this server", ("HELP <command> tells more of each.", *rows))
    elif subject in HELP:
        syntax, *texts = HELP[subject]
        _tell(chat, client, subject, syntax, texts)
    else:
        chat.numeric(client, n.ERR_HELPNOTFOUND, line.params[0][:32])


def _tell(chat: Chat, client: Client, subject: str, title: str, texts: "list[str] | tuple[str, ...]") -> None:
    chat.numeric(client, n.RPL_HELPSTART, subject, title)
    for text in ("", *texts):
        chat.numeric(client, n.RPL_HELPTXT, subject, text)
    chat.numeric(client, n.RPL_ENDOFHELP, subject)
