"""SETNAME: change one's real name. Source: IRCv3 setname, draft/whoami."""

from typing import Final

from parvis.chat import safety
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.capabilities import CHGHOST, SETNAME, WHOAMI
from parvis.irc.line import Line
from parvis.irc.wire import tag_data
from parvis.model import events as e
from parvis.model.acts import ActKind
from parvis.model.ids import PRESENCE
from parvis.model.records import RecordKind
from parvis.model.verdicts import Refused
from parvis.policy import gates

_WITH_WHOAMI: Final = CHGHOST | WHOAMI


def run(chat: Chat, client: Client, line: Line) -> None:
    """Take another real name; who shares a room and asked for it reads of it."""
    real_name = line.params[0]
    most = chat.settings.real_name_bytes
    if not real_name or len(real_name.encode()) > most:
        chat.fail("SETNAME", "INVALID_REALNAME", f"A real name has 1 to {most} bytes. Yours stays as it was.")
        return
    verdict = gates.change_name(client)
    if isinstance(verdict, Refused):
        chat.fail("SETNAME", "CANNOT_CHANGE_REALNAME", verdict.told)
        return
    if safety.stops(chat, client, ActKind.SET_NAME, "SETNAME", "*", text=real_name):
        return
    chat.apply(e.RealNameSet(client, real_name))
    chat.happen(RecordKind.SET_NAME, client, PRESENCE, _line(client), chat.watching.concerned(client, SETNAME))


def show_own(chat: Chat, client: Client) -> None:
    """Show a connection that is welcomed its own user, host and real name, if it asked for both capabilities.

    Source: IRCv3 draft/whoami, "Description".
    """
    connection = chat.connection
    if connection.capabilities & _WITH_WHOAMI == _WITH_WHOAMI:
        chat.echo(tag_data(connection.signature, chat.now_ms, "", "", client.account), _line(client))


def _line(client: Client) -> bytes:
    return b":%b SETNAME :%b" % (client.prefix, client.real_name.encode())
