"""From a connection to somebody who has entered.

Source: modern IRC, "Connection registration"; the order of the welcome is that of its "RPL_WELCOME" and following,
with SETNAME where IRCv3 draft/whoami puts it.
"""

from parvis.chat import accounts, devices, hosts, naming, sanctions, wishes
from parvis.chat.client import Client
from parvis.chat.commands import away, isupport, join, lusers, metadata, mode, resume, setname
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import RESUME
from parvis.irc.casemapping import fold
from parvis.irc.connection import Greeting
from parvis.irc.limits import USER_BYTES_MAX
from parvis.irc.names import user_name
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import PRESENCE, IdentityId, SessionId
from parvis.model.person import OPERATOR
from parvis.model.records import RecordKind
from parvis.model.verdicts import ACCEPTED, Refused, Verdict
from parvis.policy import gates


def go_on(chat: Chat, client: Client) -> None:
    """Let a connection enter if it has said all it must. Called after each command that may complete it."""
    greeting = client.greeting
    if greeting is None or not greeting.is_complete():
        return
    verdict: Verdict
    if chat.settings.password and not greeting.password_is_right:
        verdict = gates.password(is_right=False)
        if isinstance(verdict, Refused):
            chat.refuse(client, n.ERR_PASSWDMISMATCH, verdict=verdict)
            _turn_away(chat, client, "This server asks for a password, and this was not it")
            return
    if greeting.guest and chat.guests.find(greeting.token, chat.now_ms) != greeting.guest:
        # The guest has asked for another token meanwhile, because of a thief perhaps.
        greeting.guest = b""
    account = accounts.of(chat, client)
    if account is not None and greeting.refused_nick and chat.owner_of(greeting.refused_nick) == account.id:
        # It was refused before the login, and is theirs now (`chat/wishes.py`).
        greeting.nick, greeting.refused_nick = greeting.refused_nick, ""
    own = devices.find(chat, greeting.nick, account)
    ghost = None
    if own is not None:
        verdict = gates.one_more_device(len(own.connections), devices.DEVICES_MAX)
    elif account is None and (ghost := naming.present_guest(chat, IdentityId(greeting.guest))) is not None:
        verdict = ACCEPTED
    else:
        verdict = naming.verdict(chat, client, greeting.nick)
    if isinstance(verdict, Refused):
        # It cannot be had, or somebody entered under it since NICK was said; the connection may say another.
        wanted, greeting.nick = greeting.nick, ""
        greeting.refused_nick = wanted
        naming.refuse(chat, client, wanted, verdict)
        return
    verdict = gates.act(
        chat.turn.failing_since_s is not None, chat.turn.waiting_records, chat.settings.commit_queue_records
    )
    if isinstance(verdict, Refused):
        chat.fail("*", "ARCHIVE_UNAVAILABLE", verdict.told)
        _turn_away(chat, client, "Nobody can enter while the archive cannot be written. Try again in a moment")
        return
    if not sanctions.at_entry(chat, client, is_here=own is not None or ghost is not None):
        return
    if chat.exchanges.pop(client, None) is not None:
        # Who enters in the middle of a login enters without it (IRCv3 sasl 3.1).
        chat.numeric(client, n.ERR_SASLABORTED)
    if own is not None and account is not None:
        come_in(chat, client, greeting, own, account)
    elif ghost is not None:
        take_over(chat, client, greeting, ghost)
    else:
        enter(chat, client, greeting, account)


def enter(chat: Chat, client: Client, greeting: Greeting, account: Account | None) -> None:
    """Make somebody present: kept first, welcomed when that is durable."""
    nick = greeting.nick
    chat.apply(
        e.Entered(
            client,
            SessionId(chat.chance.opaque_id()),
            account.id if account is not None else IdentityId(greeting.guest or chat.chance.opaque_id()),
            nick,
            fold(nick),
            "~" + user_name(greeting.user, USER_BYTES_MAX),
            hosts.labelled(chat.host(client.address[0]), is_member=account is not None),
            greeting.real_name,
            chat.now_ms,
        )
    )
    client.greeting = None
    chat.vault.be_present(client)
    wishes.remember(chat, client, greeting.refused_nick)
    _use_token(chat, client)
    chat.people_count += 1
    chat.strangers -= 1
    chat.most_people = max(chat.most_people, chat.people_count)
    if account is not None:
        chat.apply(e.LoggedIn(client, account))
        if devices.is_single(chat, account):
            devices.close_others(chat, client, account)
    if chat.settings.default_user_modes:
        chat.apply(e.UserModesSet(client, mode.bits_of(chat.settings.default_user_modes)))
    body = b":%b USER %b" % (client.prefix, f"{client.user} 0 * :{client.real_name}".encode())
    chat.record(RecordKind.ENTERED, client, PRESENCE, body)
    if greeting.away:
        away.go_away(chat, client, greeting.away)
    metadata.enter(chat, client, greeting.metadata)
    welcome(chat, client)
    metadata.tell_own(chat, client)
    if client.capabilities & RESUME and not greeting.guest and not client.account:
        resume.tell_token(chat, client)


def take_over(chat: Chat, client: Client, greeting: Greeting, ghost: Client) -> None:
    """Let a connection carry a guest who is here on others: those are told and closed, the rooms see nothing."""
    chat.attach(client, ghost)
    for old in reversed(ghost.connections):
        if old is not client:
            if old.capabilities & RESUME:
                chat.at_once(old, "NOTE RESUME TAKEN_OVER :Your token was shown on another connection")
            chat.leave(old, "", told="Closing link: another connection took your place with your resume token")
    _use_token(chat, client)
    _say_beforehand(chat, client, greeting)
    _show_all(chat, client)
    # A ban of the network that they are on now must find them.
    hosts.change_host(chat, client, client.user, chat.host(client.address[0]))
    _operate_no_more(chat, client)
    sanctions.at_change(chat, client)


def _operate_no_more(chat: Chat, person: Client) -> None:
    """Take OPER off somebody whom another connection has joined: a token or a login proves who, and no operator."""
    if person.modes & OPERATOR:
        mode.set_user_modes(chat, person, person.modes & ~OPERATOR)


def _use_token(chat: Chat, client: Client) -> None:
    for each in chat.guests.use(client.identity, chat.now_ms):
        chat.keep_value(each)


def _say_beforehand(chat: Chat, person: Client, greeting: Greeting) -> None:
    """Make true what a new connection of somebody who is here has said of them before."""
    if greeting.away not in ("", away.NO_PERSON):
        away.go_away(chat, person, greeting.away)
    metadata.enter(chat, person, greeting.metadata)


def come_in(chat: Chat, device: Client, greeting: Greeting, carrier: Client, account: Account) -> None:
    """Let a connection that is logged in be one more of a person who is here, or the only one if that is the rule.

    It is welcomed and shown the rooms as if it had joined them; nobody else sees anything but what it said beforehand.
    """
    chat.attach(device, carrier)
    if devices.is_single(chat, account):
        devices.close_others(chat, carrier, account)
    _say_beforehand(chat, device.person, greeting)
    _show_all(chat, device.person)
    _operate_no_more(chat, device.person)


def _show_all(chat: Chat, person: Client) -> None:
    """Tell a new connection of somebody who is here all it needs to know, as if they entered now."""
    welcome(chat, person)
    metadata.tell_own(chat, person)
    if person.away:
        chat.numeric(person, n.RPL_NOWAWAY)
    for room in person.rooms:
        join.show_own(chat, person, room)


def welcome(chat: Chat, client: Client) -> None:
    """Say what a newcomer's client needs to know."""
    chat.numeric(client, n.RPL_WELCOME, f"Welcome to the {chat.settings.network} chat, {client.mask()}")
    chat.answer_prepared(client, chat.greetings)
    isupport.tell(chat, client, chat.isupport)
    setname.show_own(chat, client)
    lusers.tell(chat, client)
    chat.answer_prepared(client, chat.motd)
    if client.modes:
        chat.answer(f"MODE {client.nick} :+{mode.user_modes(client)}")


def _turn_away(chat: Chat, client: Client, told: str) -> None:
    chat.end_answer()
    chat.leave(client, "", told=told)
