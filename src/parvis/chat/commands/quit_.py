"""QUIT: leave the server. Source: modern IRC, "QUIT"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.line import Line
from parvis.irc.wire import cut_body, tag_data
from parvis.model.verdicts import Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Tell the rooms, answer QUIT and ERROR, close."""
    reason = line.params[0] if line.params else ""
    if len(reason.encode()) > chat.settings.kick_bytes:
        # Who goes can be told nothing, and go they must: what would be cut is left out.
        reason = ""
    person = client.person
    if reason and any(isinstance(gates.parting_word(person, room, reason), Refused) for room in person.rooms):
        # It is read in every room, and in one of them this person may not speak.
        reason = ""
    shown = f"Quit: {reason}" if reason else "Quit"
    if client.is_registered and chat.turn.failing_since_s is None:
        # Under its label, if it has one. While nothing can be sealed ERROR comes alone and does not wait.
        body = cut_body(b":%b QUIT :%b" % (person.prefix, shown.encode()))
        chat.echo(tag_data(client.signature, chat.now_ms, "", ""), body)
        chat.end_answer()
    chat.leave(client, shown, told="Closing link: you have quit")
    chat.drop_answer()
