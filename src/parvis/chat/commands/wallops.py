"""WALLOPS: an operator tells everybody who listens (user mode w). Source: modern IRC, "WALLOPS"; RFC 2812, 4.7."""

from parvis.chat.audience import Audience
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.limits import BODY_BYTES_MAX
from parvis.irc.line import Line
from parvis.model.ids import PRESENCE
from parvis.model.person import READS_WALLOPS
from parvis.model.records import RecordKind
from parvis.model.verdicts import Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show the text to those who listen, and to the operator who wrote it."""
    verdict = gates.operate(client)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_NOPRIVILEGES, verdict=verdict)
        return
    text = line.params[0]
    if not text:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "WALLOPS")
        return
    body = b":%b WALLOPS :%b" % (client.prefix, text.encode())
    verdict = gates.relayed_line(len(body), BODY_BYTES_MAX - 2)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return
    listening = [person for person in chat.world.people.values() if person.modes & READS_WALLOPS or person is client]
    chat.happen(RecordKind.WALLOPS, client, PRESENCE, body, Audience(listening))
