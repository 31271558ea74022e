"""Another pseudonym for somebody who is here: by their own wish, or because theirs belongs to somebody else."""

from typing import Final

from parvis.chat import audience as audiences
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.casemapping import fold
from parvis.irc.names import is_pseudonym
from parvis.model import events as e
from parvis.model.ids import NOBODY, PRESENCE
from parvis.model.records import RecordKind
from parvis.model.verdicts import Refused
from parvis.policy import gates

_TRIES: Final = 8
"""Names of guests that are tried before somebody is let go; ours. One is enough wherever names may be long."""


def rename(chat: Chat, client: Client, nick: str) -> None:
    """Give somebody another pseudonym; everybody who shares a room reads of it, and every device of theirs."""
    body = b":%b NICK :%b" % (client.prefix, nick.encode())
    chat.fence()
    audience = audiences.Audience({**audiences.neighbours(client), client: None})
    rooms = client.rooms
    chat.apply(e.Renamed(client, nick, fold(nick)))
    chat.happen(RecordKind.NAMED, client, PRESENCE, body, audience, rooms)


def may_take(chat: Chat, client: Client, nick: str) -> bool:
    """Tell whether somebody who is here may bear a pseudonym, their own included."""
    owner = chat.owner_of(nick)
    identity = client.identity if client.account else NOBODY
    verdict = gates.name(nick, chat.person(nick), client, chat.settings.nick_bytes, owner, identity)
    return not isinstance(verdict, Refused)


def give_up_claimed(chat: Chat, client: Client) -> None:
    """Make somebody a nameless guest if the pseudonym they bear belongs to an account that is not theirs."""
    if may_take(chat, client, client.nick):
        return
    for _ in range(_TRIES):
        nick = f"guest{chat.chance.opaque_id()[:4].hex()}"[: chat.settings.nick_bytes]
        if is_pseudonym(nick, chat.settings.nick_bytes) and may_take(chat, client, nick):
            rename(chat, client, nick)
            return
    reason = "Your pseudonym belongs to an account"
    chat.leave_whole(client, reason, told=f"Closing link: {reason}. Come back under another one")
