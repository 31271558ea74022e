"""WHOIS: what may be known of somebody. Source: modern IRC, "WHOIS"; IRCv3 bot-mode.

Nobody is shown anybody's address, operators included: there is no 338 and no 378 (docs/adr/0015-people-and-queries.md).
"""

from typing import Final

from parvis.chat import audience as audiences
from parvis.chat.client import Client
from parvis.chat.commands import metadata
from parvis.chat.commands.here import is_here
from parvis.chat.commands.mode import user_modes
from parvis.chat.commands.names import marks
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import MULTI_PREFIX
from parvis.irc.line import Line
from parvis.model.person import BOT, INVISIBLE, OPERATOR, Person
from parvis.model.room import Room

_LINE_BYTES: Final = 360


def run(chat: Chat, client: Client, line: Line) -> None:
    """Tell of a few people; `WHOIS server nick` is understood."""
    wanted = line.params[1] if len(line.params) > 1 else line.params[0] if line.params else ""
    nicks = list(dict.fromkeys(nick for nick in wanted.split(",") if nick))
    if not nicks:
        chat.numeric(client, n.ERR_NONICKNAMEGIVEN)
        return
    if len(line.params) > 1 and not is_here(chat, client, line.params):
        return
    if len(nicks) > chat.settings.targets:
        chat.numeric(client, n.ERR_TOOMANYTARGETS, wanted[:64])
        return
    for nick in nicks:
        person = chat.person(nick)
        if person is None:
            chat.numeric(client, n.ERR_NOSUCHNICK, nick)
        else:
            _tell(chat, client, person)
    chat.numeric(client, n.RPL_ENDOFWHOIS, wanted)


def _tell(chat: Chat, client: Client, person: Person) -> None:
    chat.numeric(client, n.RPL_WHOISUSER, person.nick, person.user, person.host, "*", person.real_name)
    rooms = " ".join(
        marks(room.members[person], every_mark=bool(chat.connection.capabilities & MULTI_PREFIX)) + room.name
        for room in person.rooms
        if _shows(client, person, room)
    )
    while rooms:
        cut = len(rooms)
        if len(rooms.encode()) > _LINE_BYTES:
            # A room's name may be longer than a quarter of the line: then it has the line alone.
            cut = max(rooms.rfind(" ", 0, _LINE_BYTES // 4), 0) or max(rooms.find(" "), 0) or cut
        chat.numeric(client, n.RPL_WHOISCHANNELS, person.nick, rooms[:cut])
        rooms = rooms[cut:].lstrip()
    chat.numeric(client, n.RPL_WHOISSERVER, person.nick, chat.settings.server, chat.settings.description or "Parvis")
    if person.modes & OPERATOR:
        chat.numeric(client, n.RPL_WHOISOPERATOR, person.nick)
    if person.modes & BOT:
        chat.numeric(client, n.RPL_WHOISBOT, person.nick)
    if person.account:
        chat.numeric(client, n.RPL_WHOISACCOUNT, person.nick, person.account)
    if isinstance(person, Client):
        _tell_connections(chat, client, person)
    if person.away:
        chat.numeric(client, n.RPL_AWAY, person.nick, person.away)
    for key, value in metadata.in_whois(chat, person).items():
        chat.numeric(client, n.RPL_WHOISKEYVALUE, person.nick, key, metadata.VISIBLE, value)
    if person is client:
        chat.numeric(client, n.RPL_WHOISMODES, person.nick, f"is using modes +{user_modes(person)}")
    if person is client or client.modes & OPERATOR:
        idle_s = max(0, chat.now_ms - person.spoke_at_ms) // 1000
        entered_s = person.entered_at_ms // 1000
        chat.numeric(client, n.RPL_WHOISIDLE, person.nick, str(idle_s), str(entered_s), "seconds idle, signon time")


def _tell_connections(chat: Chat, client: Client, person: Client) -> None:
    """Tell whether every device is on TLS; certificates to their owner and to operators alone."""
    if all(connection.is_secure for connection in person.connections):
        chat.numeric(client, n.RPL_WHOISSECURE, person.nick)
    if person is client or client.modes & OPERATOR:
        for certificate in dict.fromkeys(each.certificate for each in person.connections if each.certificate):
            words = f"has client certificate fingerprint {certificate}"
            chat.numeric(client, n.RPL_WHOISCERTFP, person.nick, words)


def _shows(client: Client, person: Person, room: Room) -> bool:
    """Tell whether WHOIS names a room: to its members always; to others unless it is secret or the person invisible.

    In an auditorium, only where the one may know of the other.
    """
    if not audiences.sees(client, person, room):
        return False
    if client in room.members:
        return True
    return "s" not in room.flags and not person.modes & INVISIBLE
