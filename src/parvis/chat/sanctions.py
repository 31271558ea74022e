"""Sanctions of the whole server at work: at the door, at entry, at a new name, and for who is here already.

Each decision is a record with the words that those it concerns read, by whom it was made, and its end
(docs/adr/0019-sanctions-of-the-server.md). Logs hold ids of decisions and sessions alone.
"""

from typing import Final

import structlog

from parvis.chat import accounts, hosts
from parvis.chat.audience import Audience
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.limits import USER_BYTES_MAX
from parvis.irc.names import user_name
from parvis.irc.wire import cut_body, frame
from parvis.model import events as e
from parvis.model.ids import DECISIONS, IdentityId
from parvis.model.kept import KeptKind, keep
from parvis.model.moments import written
from parvis.model.person import OPERATOR
from parvis.model.records import DataKind, RecordKind
from parvis.model.sanctions import Defence, ServerBan
from parvis.model.verdicts import ACCEPTED, Ground, Refused, Verdict
from parvis.policy import defence, sanctions
from parvis.policy.sanctions import Index, Newcomer

DEFENCE_ID: Final = bytes(16)
"""Under which the level of defence is kept: there is one."""
LEAVES: Final = "Banned from this server"
"""What rooms read of who is closed: the reason is for them alone."""

log = structlog.get_logger()


# Who is named.


def at_door(chat: Chat, client: Client) -> bool:
    """Let a connection in, as far as its address goes, or close it and say why."""
    return _may_be_here(chat, client, "")


def at_entry(chat: Chat, client: Client, *, is_here: bool) -> bool:
    """Let somebody enter who has said all they must, or close the connection and say why.

    Who is here already on another connection is no newcomer: no level of defence touches them.
    """
    greeting = client.greeting
    if greeting is None:
        return True
    is_guest = _account(chat, client) is None
    if chat.world.bans:
        host = hosts.labelled(chat.host(client.address[0]), is_member=not is_guest)
        if not _may_be_here(chat, client, f"{greeting.nick}!~{user_name(greeting.user, USER_BYTES_MAX)}@{host}"):
            return False
    if is_here:
        return True
    verdict = _may_enter(chat, client)
    if isinstance(verdict, Refused):
        _turn_away(chat, client, verdict)
        return False
    if is_guest:
        minute, count = chat.guests_entered
        now = _minute(chat)
        chat.guests_entered = (now, count + 1 if minute == now else 1)
    return True


def at_change(chat: Chat, client: Client) -> None:
    """Close somebody here whom a sanction names since they logged in or out, or came over from another network.

    Each of their connections has an address of its own. Before they enter nothing has to be asked: `at_entry` sees the
    account. Call it when the command has been answered.
    """
    if client.greeting is not None or client.gone or client.person.modes & OPERATOR:
        return
    for connection in client.person.connections:
        verdict = _verdict(chat, _find(chat, _newcomer(chat, connection, connection.person.mask())))
        if isinstance(verdict, Refused):
            if connection is chat.connection:
                chat.end_answer()
            _close(chat, connection, verdict, None)


def take_name(chat: Chat, client: Client, nick: str) -> Verdict:
    """May somebody here take a pseudonym, as far as sanctions go? Staff may."""
    if client.modes & OPERATOR:
        return ACCEPTED
    return _verdict(chat, _find(chat, _newcomer(chat, client, f"{nick}!{client.user}@{client.host}")))


def register_account(chat: Chat) -> Verdict:
    """May an account be registered now? REGISTER asks."""
    return defence.register(step(chat), _defence_ends_at_ms(chat))


def step(chat: Chat) -> defence.Step:
    """Give what the level of defence does now."""
    return defence.step_at(chat.world.defence, chat.now_ms)


def names(chat: Chat, ban: ServerBan, client: Client) -> bool:
    """Tell whether a sanction names a connection."""
    return Index((ban,)).find(_newcomer(chat, client, client.person.mask()), chat.now_ms) is not None


def _may_enter(chat: Chat, client: Client) -> Verdict:
    minute, count = chat.guests_entered
    return defence.enter(
        step(chat),
        _defence_ends_at_ms(chat),
        is_guest=_account(chat, client) is None,
        guests_in_minute=count if minute == _minute(chat) else 0,
    )


def _may_be_here(chat: Chat, client: Client, mask: str) -> bool:
    if not chat.world.bans:
        return True
    # Who has not said who they are may still log in.
    verdict = _verdict(chat, _find(chat, _newcomer(chat, client, mask), may_log_in=not mask))
    if isinstance(verdict, Refused):
        _turn_away(chat, client, verdict)
        return False
    return True


def _newcomer(chat: Chat, client: Client, mask: str) -> Newcomer:
    address, person = client.address[0], client.person
    own = chat.host(address)
    hosts = (own,) if person.host in ("", own) else (own, person.host)
    return Newcomer(address, hosts, mask, _account(chat, client))


def _account(chat: Chat, client: Client) -> IdentityId | None:
    account = accounts.of(chat, client)
    return account.id if account is not None else None


def _find(chat: Chat, newcomer: Newcomer, *, may_log_in: bool = False) -> ServerBan | None:
    if not chat.world.bans:
        return None
    if chat.ban_index.bans is not chat.world.bans:
        chat.ban_index = Index(chat.world.bans)
    return chat.ban_index.find(newcomer, chat.now_ms, may_log_in=may_log_in)


def _verdict(chat: Chat, ban: ServerBan | None) -> Verdict:
    return sanctions.be_here(ban, chat.settings.contact)


def _minute(chat: Chat) -> int:
    return int(chat.clock.steady_s()) // 60


def _defence_ends_at_ms(chat: Chat) -> int:
    return chat.world.defence.ends_at_ms if chat.world.defence is not None else 0


def _turn_away(chat: Chat, client: Client, verdict: Refused) -> None:
    """Close a connection that has not entered: a numeric or a code for its client, then all of it for the person."""
    chat.begin(client, chat.label)
    if verdict.ground is Ground.BANNED_HERE:
        chat.numeric(client, n.ERR_YOUREBANNEDCREEP)
    else:
        code = "ACCOUNT_REQUIRED" if verdict.ground is Ground.ACCOUNT_REQUIRED else "DEFENCE"
        chat.fail("*", code, verdict.told)
    chat.end_answer()
    chat.leave(client, "", told=f"Closing link: {chat.words(verdict.told)}")


# What staff do.


def ban(chat: Chat, client: Client, new: ServerBan) -> int:
    """Make a sanction true and close whom it names; gives how many connections that were. Staff stay."""
    chat.apply(e.ServerBanned(new))
    chat.keep_value(keep(KeptKind.SERVER_BAN, new.id, new))
    verdict = _verdict(chat, new)
    told = chat.words(verdict.told) if isinstance(verdict, Refused) else new.reason
    target = f"{new.target.kind}:{new.target.value}"
    decided(chat, client, new.name, new.kind, target, new.ends_at_ms, told)
    index = Index((new,))
    closed = 0
    for person in list(chat.world.people.values()):
        if not isinstance(person, Client) or person.modes & OPERATOR:
            continue
        for connection in person.connections:
            named = index.find(_newcomer(chat, connection, connection.person.mask()), chat.now_ms)
            if named is not None and isinstance(verdict, Refused):
                log.warning("closed by a server ban", decision=new.name, session=person.session.hex())
                _close(chat, connection, verdict, client)
                closed += 1
    return closed


def lift(chat: Chat, client: Client, old: ServerBan, reason: str) -> None:
    """End a sanction before its time."""
    _forget(chat, old)
    target = f"{old.target.kind}:{old.target.value}"
    decided(chat, client, old.name, "lifted", target, chat.now_ms, reason)


def set_defence(chat: Chat, client: Client, new: Defence | None, reason: str) -> None:
    """Set the level of defence; None: the normal one."""
    chat.apply(e.DefenceSet(new))
    chat.keep_value(keep(KeptKind.DEFENCE, DEFENCE_ID, new))
    level, ends_at_ms = (new.level, new.ends_at_ms) if new is not None else (defence.NORMAL, chat.now_ms)
    decided(chat, client, new_name(chat), f"defence-{level}", "*", ends_at_ms, reason)


def decided(chat: Chat, client: Client | None, name: str, action: str, target: str, ends_at_ms: int, told: str) -> None:
    """Keep a decision: what was decided, by whom, until when, and the words that are read.

    The record's line is `:WHO DECISION NAME ACTION TARGET END :WORDS`; nobody is sent it.
    """
    source = client.prefix if client is not None else chat.settings.server.encode()
    body = b":%b DECISION %b" % (source, f"{name} {action} {target} {written(ends_at_ms)} :{told}".encode())
    chat.record(RecordKind.DECISION, client, DECISIONS, body, data=DataKind.DECISIONS)
    by = client.session.hex() if client is not None else "server"
    log.warning("decision of staff", decision=name, action=action, by=by)


def tell_operators(chat: Chat, told: str, but: Client | None = None) -> None:
    """Tell the operators who are here what was decided."""
    operators = [person for person in chat.world.people.values() if person.modes & OPERATOR and person is not but]
    if operators:
        body = cut_body(f":{chat.settings.server} NOTICE * :*** {told}".encode())
        chat.show(None, body, Audience(operators))


def new_name(chat: Chat) -> str:
    """Give a name for a decision that is no sanction with an id of its own."""
    return chat.chance.opaque_id().hex()[:8]


def sweep(chat: Chat) -> None:
    """Forget what has ended: its rows go too (DESIGN, promise 5). A level of defence that ends is a decision."""
    for old in chat.world.bans:
        if old.ends_at_ms <= chat.now_ms:
            _forget(chat, old)
    level = chat.world.defence
    if level is not None and level.ends_at_ms <= chat.now_ms:
        chat.apply(e.DefenceSet(None))
        chat.keep_value(keep(KeptKind.DEFENCE, DEFENCE_ID, None))
        told = f"The level of defence is {defence.NORMAL} again: level {level.level} has ended"
        decided(chat, None, new_name(chat), f"defence-{defence.NORMAL}", "*", level.ends_at_ms, told)
        tell_operators(chat, told)


def _forget(chat: Chat, old: ServerBan) -> None:
    chat.apply(e.ServerBanEnded(old))
    chat.keep_value(keep(KeptKind.SERVER_BAN, old.id, None))


def _close(chat: Chat, connection: Client, verdict: Refused, by: Client | None) -> None:
    """Close a connection of somebody who is here, behind the record of the decision."""
    words = f":{chat.settings.server} {n.ERR_YOUREBANNEDCREEP} {connection.person.nick} :"
    line = frame(cut_body(f"{words}{n.TEXT[n.ERR_YOUREBANNEDCREEP]}".encode()), connection.signature)
    chat.turn.batch.tell((connection, line, None, None, None))
    chat.leave(connection, LEAVES, told=f"Closing link: {chat.words(verdict.told)}", by=by)
