"""From a connection to somebody who has entered.

Source: modern IRC, "Connection registration"; the order of the welcome is that of its "RPL_WELCOME" and following.
"""

from parvis.chat.client import Client
from parvis.chat.cloaks import cloak, network_of
from parvis.chat.commands import lusers, mode
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.casemapping import fold
from parvis.irc.connection import Greeting
from parvis.irc.limits import USER_BYTES_MAX
from parvis.irc.names import user_name
from parvis.model import events as e
from parvis.model.ids import PRESENCE, IdentityId, SessionId
from parvis.model.records import RecordKind
from parvis.model.verdicts import Refused
from parvis.policy import gates

_HOSTS_KEPT = 16384
"""Cloaks remembered, so that the hash is made once for each network; ours."""


def go_on(chat: Chat, client: Client) -> None:
    """Let a connection enter if it has said all it must. Called after each command that may complete it."""
    greeting = client.greeting
    if greeting is None or not greeting.is_complete():
        return
    if chat.settings.password and not greeting.password_is_right:
        verdict = gates.password(is_right=False)
        if isinstance(verdict, Refused):
            chat.refuse(client, n.ERR_PASSWDMISMATCH, verdict=verdict)
            _turn_away(chat, client, "This server asks for a password, and this was not it")
            return
    verdict = gates.name(greeting.nick, chat.person(greeting.nick), None, chat.settings.nick_bytes)
    if isinstance(verdict, Refused):
        # Somebody entered under it since NICK was said; the connection may say another.
        chat.refuse(client, n.ERR_NICKNAMEINUSE, greeting.nick, verdict=verdict)
        greeting.nick = ""
        return
    verdict = gates.act(
        chat.turn.failing_since_s is not None, chat.turn.waiting_records, chat.settings.commit_queue_records
    )
    if isinstance(verdict, Refused):
        chat.fail("*", "ARCHIVE_UNAVAILABLE", verdict.told)
        _turn_away(chat, client, "Nobody can enter while the archive cannot be written. Try again in a moment")
        return
    enter(chat, client, greeting)


def enter(chat: Chat, client: Client, greeting: Greeting) -> None:
    """Make somebody present: kept first, welcomed when that is durable."""
    nick = greeting.nick
    chat.apply(
        e.Entered(
            client,
            SessionId(chat.chance.opaque_id()),
            IdentityId(chat.chance.opaque_id()),
            nick,
            fold(nick),
            "~" + user_name(greeting.user, USER_BYTES_MAX),
            _host(chat, client.address[0]),
            greeting.real_name,
            chat.now_ms,
        )
    )
    client.greeting = None
    chat.people_count += 1
    chat.strangers -= 1
    chat.most_people = max(chat.most_people, chat.people_count)
    if chat.settings.default_user_modes:
        chat.apply(e.UserModesSet(client, mode.bits_of(chat.settings.default_user_modes)))
    body = b":%b USER %b" % (client.prefix, f"{client.user} 0 * :{client.real_name}".encode())
    chat.record(RecordKind.ENTERED, client, PRESENCE, body)
    welcome(chat, client)


def welcome(chat: Chat, client: Client) -> None:
    """Say what a newcomer's client needs to know."""
    chat.numeric(client, n.RPL_WELCOME, f"Welcome to the {chat.settings.network} chat, {client.mask()}")
    chat.answer_prepared(client, chat.greetings)
    lusers.tell(chat, client)
    chat.answer_prepared(client, chat.motd)
    if client.modes:
        chat.answer(f"MODE {client.nick} :+{mode.user_modes(client)}")


def _turn_away(chat: Chat, client: Client, told: str) -> None:
    chat.end_answer()
    chat.leave(client, "", told=told)


def _host(chat: Chat, address: str) -> str:
    host = chat.host_of.get(address)
    if host is None:
        if len(chat.host_of) >= _HOSTS_KEPT:
            chat.host_of.clear()
        host = chat.host_of[address] = cloak(chat.secret, network_of(address))
    return host
