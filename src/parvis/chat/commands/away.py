"""AWAY: say that one is not at the keyboard. Source: modern IRC, "AWAY"; IRCv3 away-notify."""

from parvis.chat import audience as audiences
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import AWAY_NOTIFY
from parvis.irc.line import Line
from parvis.irc.wire import cut
from parvis.model import events as e
from parvis.model.ids import PRESENCE
from parvis.model.records import RecordKind


def run(chat: Chat, client: Client, line: Line) -> None:
    """Go away with a word, or come back without one."""
    message = cut(line.params[0], chat.settings.away_bytes) if line.params else ""
    if message != client.away:
        chat.apply(e.AwaySet(client, message))
        body = b":%b AWAY" % client.prefix
        if message:
            body += b" :%b" % message.encode()
        audience = audiences.with_capability(audiences.neighbours(client), AWAY_NOTIFY, but=client)
        chat.happen(RecordKind.AWAY, client, PRESENCE, body, audience)
    chat.on_each_device(client, lambda: chat.numeric(client, n.RPL_NOWAWAY if message else n.RPL_UNAWAY))
