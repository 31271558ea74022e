"""AWAY: say that one is not at the keyboard. Source: modern IRC, "AWAY"; IRCv3 away-notify."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import AWAY_NOTIFY
from parvis.irc.line import Line
from parvis.irc.wire import space_after
from parvis.model import events as e
from parvis.model.ids import PRESENCE
from parvis.model.records import RecordKind
from parvis.model.verdicts import Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Go away with a word, or come back without one."""
    message = line.params[0] if line.params else ""
    # It has to fit into RPL_AWAY too, between the longest pseudonyms.
    head = f":{chat.settings.server} {n.RPL_AWAY} {'x' * chat.settings.nick_bytes} {'x' * chat.settings.nick_bytes} :"
    most = min(chat.settings.away_bytes, space_after(head.encode()))
    verdict = gates.text("This message", len(message.encode()), most)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_INPUTTOOLONG, verdict=verdict)
        return
    code = n.RPL_NOWAWAY if message else n.RPL_UNAWAY
    if message != client.away:
        chat.apply(e.AwaySet(client, message))
        body = b":%b AWAY" % client.prefix
        if message:
            body += b" :%b" % message.encode()
        audience = chat.watching.concerned(client, AWAY_NOTIFY, but=client)
        chat.happen(RecordKind.AWAY, client, PRESENCE, body, audience)
    chat.on_each_device(client, lambda: chat.numeric(client, code))
