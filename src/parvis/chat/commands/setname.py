"""SETNAME: change one's real name. Source: IRCv3 setname."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.capabilities import SETNAME
from parvis.irc.line import Line
from parvis.model import events as e
from parvis.model.ids import PRESENCE
from parvis.model.records import RecordKind
from parvis.model.verdicts import Refused
from parvis.policy import gates


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
    chat.apply(e.RealNameSet(client, real_name))
    body = b":%b SETNAME :%b" % (client.prefix, real_name.encode())
    chat.happen(RecordKind.SET_NAME, client, PRESENCE, body, chat.watching.concerned(client, SETNAME))
