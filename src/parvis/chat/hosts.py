"""The host that others see of somebody: a cloak, whose last label says whether they are a guest or a member.

The part in front of the label stands for the network and stays; so somebody who logs in is known to be a member at a
glance, and bans on `*.guest` mean guests alone (docs/adr/0015-people-and-queries.md).
Source: IRCv3 chghost.
"""

import re
from typing import Final

from parvis.chat.audience import Audience
from parvis.chat.client import Client
from parvis.chat.cloaks import GUEST
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import CHGHOST
from parvis.model import events as e
from parvis.model.ids import PRESENCE
from parvis.model.records import RecordKind

MEMBER: Final = "member"
"""Last label of the host of somebody who is logged in."""

_ONE_NETWORK: Final = re.compile(rf"(@[a-z2-7]{{16}}\.)(?:{GUEST}|{MEMBER})\Z", re.IGNORECASE)


def labelled(host: str, *, is_member: bool) -> str:
    """Give a cloak the label of a member or of a guest."""
    network, _, _ = host.rpartition(".")
    return f"{network}.{MEMBER if is_member else GUEST}"


def any_label(mask: str) -> str:
    """Let a mask that names one network fit its members and its guests: nobody evades it by logging in or out."""
    return _ONE_NETWORK.sub(r"\1*", mask)


def follow_account(chat: Chat, person: Client) -> None:
    """Give somebody who has just logged in or out the host that says so.

    900 or 901, which come next, name it: 396 after them would stand where a client awaits its next answer.
    """
    change_host(chat, person, person.user, labelled(person.host, is_member=bool(person.account)), tell=False)


def change_host(chat: Chat, person: Client, user: str, host: str, *, tell: bool = True) -> None:
    """Change the user and the host that others see of somebody.

    Who asked for it reads CHGHOST. Others are not shown a QUIT and a JOIN that did not happen: a client learns the
    host from the next line of the person. The person reads 396, unless `tell` is false.
    """
    if (user, host) == (person.user, person.host):
        return
    body = b":%b CHGHOST %b" % (person.prefix, f"{user} {host}".encode())
    acts = chat.connection.person is person
    chat.fence()
    audience = chat.watching.concerned(person, CHGHOST)
    rooms = person.rooms
    chat.apply(e.HostChanged(person, user, host))
    raw_id, message_id = chat.chance.message_id()
    chat.record(RecordKind.HOST_CHANGED, person, PRESENCE, body, message_id=raw_id, rooms=rooms)
    chat.show(person if acts else None, body, audience, message_id)
    if not tell:
        return
    if acts:
        chat.on_each_device(person, lambda: chat.numeric(person, n.RPL_VISIBLEHOST, host))
    else:
        words = f":{chat.settings.server} {n.RPL_VISIBLEHOST} {person.nick} {host} :{n.TEXT[n.RPL_VISIBLEHOST]}"
        chat.show(None, words.encode(), Audience((person,)))
