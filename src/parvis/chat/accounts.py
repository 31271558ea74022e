"""Logging in and out, and what that changes: who one is, who reads of it, which pseudonym one may bear.

Who proves to be whom is decided in `commands/authenticate.py`, `register.py` and `verify.py`; they end here.
"""

import msgspec

from parvis.chat import devices, hosts, rooms
from parvis.chat.client import Client
from parvis.chat.renaming import give_up_claimed
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import ACCOUNT_NOTIFY
from parvis.irc.casemapping import fold
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import PRESENCE, IdentityId
from parvis.model.kept import KeptKind, keep
from parvis.model.records import RecordKind
from parvis.ports.rights import EraseAsked


def find(chat: Chat, name: str) -> Account | None:
    """Find an account by the pseudonym it holds."""
    return chat.world.account_names.get(fold(name))


def of(chat: Chat, connection: Client) -> Account | None:
    """Give the account that a connection is logged in to, before it has entered or after."""
    greeting = connection.greeting
    if greeting is not None:
        account = chat.world.accounts.get(IdentityId(greeting.account))
        if account is None or account.password == greeting.proved_by:
            return account
        # Whoever had the old password, a thief perhaps, has to show the new one.
        greeting.account = b""
        return None
    person = connection.person
    return chat.world.accounts.get(person.identity) if person.account else None


def save(chat: Chat, account: Account) -> None:
    """Make an account, or a change of one, true and have it kept."""
    chat.apply(e.AccountKept(account, fold(account.name)))
    chat.keep_value(keep(KeptKind.ACCOUNT, account.id, account))


def register(chat: Chat, account: Account) -> None:
    """Make an account of whoever is on the connection whose command is being handled."""
    save(chat, account)
    chat.vault.register(chat.connection, account)


def log_in(chat: Chat, connection: Client, account: Account, mechanism: str) -> None:
    """Log a connection in to an account: it has proved that it may. 900 says so on each device of the person.

    `settle` comes after it, when the command has said what came of it.

    Args:
        chat: The chat.
        connection: Whose command is being handled, or its person.
        account: The account.
        mechanism: How it was proved: of SASL, or the command that did it.
    """
    chat.vault.log_in(chat.connection, account, mechanism)
    greeting = connection.greeting
    if greeting is not None:
        greeting.account, greeting.proved_by = account.id, account.password
        nick, user = greeting.nick or "*", greeting.user or "*"
        mask = f"{nick}!{user}@{chat.host(connection.address[0])}"
        chat.numeric(connection, n.RPL_LOGGEDIN, mask, account.name, _logged_in(account))
        return
    person = connection.person
    if not person.account or person.identity != account.id:
        chat.apply(e.LoggedIn(person, account))
        for device in person.connections:
            chat.vault.be_present(device)
        _tell_neighbours(chat, person)
        hosts.follow_account(chat, person)
    chat.on_each_device(
        person, lambda: chat.numeric(person, n.RPL_LOGGEDIN, person.mask(), account.name, _logged_in(account))
    )


def settle(chat: Chat, connection: Client, account: Account) -> None:
    """Let follow what a login brings to somebody who has entered: ranks, pseudonym, one device or many."""
    if connection.greeting is not None:
        return
    person = connection.person
    rooms.give_standing(chat, person)
    give_up_claimed(chat, person)
    if devices.is_single(chat, account):
        devices.close_others(chat, connection.person, account)


def log_out(chat: Chat, person: Client) -> None:
    """Make somebody who is here a guest again; a pseudonym that is not theirs without the account is taken off them."""
    chat.apply(e.LoggedOut(person, IdentityId(chat.chance.opaque_id())))
    for device in person.connections:
        chat.vault.be_present(device)
    _tell_neighbours(chat, person)
    hosts.follow_account(chat, person)
    chat.on_each_device(person, lambda: chat.numeric(person, n.RPL_LOGGEDOUT, person.mask(), "You are now logged out"))
    give_up_claimed(chat, person)


def delete(chat: Chat, account: Account) -> None:
    """End an account: whoever is logged in to it is a guest, and its rooms go to others (`chat/rooms.py`).

    What stood in it goes to the identification vault, in the commit by which it leaves the live tables.
    """
    here = chat.world.present.get(account.id, ())
    chat.vault.close(account, [person.nick for person in here])
    chat.apply(e.AccountDeleted(account, fold(account.name)))
    chat.keep_value(keep(KeptKind.ACCOUNT, account.id, None))
    rooms.after_account_deleted(chat, account)
    for person in here:
        if isinstance(person, Client):
            log_out(chat, person)


def erase(chat: Chat, account: Account) -> int:
    """End an account for good: what it wrote is shown to nobody any more, and goes later; gives that moment."""
    asked = chat.outside.rights.erase(account.id)
    erase_asked(chat, account, asked)
    return asked.due_ms


def erase_asked(chat: Chat, account: Account | None, asked: EraseAsked) -> None:
    """Have an erasure made durable with the end of the account; None: it has ended already, or was a guest's."""
    if account is not None:
        delete(chat, account)
        _sign_for(chat, account)
    for kept in chat.guests.forget(IdentityId(asked.keep.id)):
        chat.keep_value(kept)
    chat.turn.batch.records.append(msgspec.structs.replace(asked.record, time_ms=chat.now_ms))
    chat.keep_value(asked.keep)


def _sign_for(chat: Chat, account: Account) -> None:
    """Have the server stand for who set topics and masks of rooms that last, where that was an account erased now."""
    server, folded = chat.settings.server, fold(account.name)
    for room in [room for room in chat.world.rooms.values() if room.registered]:
        is_changed = _is_by(room.topic_set_by, folded)
        if is_changed:
            chat.apply(e.TopicSet(room, room.topic, server, room.topic_set_at_ms))
        for entry in [entry for listed in room.lists.values() for entry in listed if _is_by(entry.set_by, folded)]:
            chat.apply(e.MaskUnlisted(room, entry.kind, entry.mask))
            chat.apply(e.MaskListed(room, msgspec.structs.replace(entry, set_by=server)))
            is_changed = True
        if is_changed:
            chat.keep(room)


def _is_by(setter: str, folded: str) -> bool:
    return fold(setter.partition("!")[0]) == folded


def _logged_in(account: Account) -> str:
    return f"You are now logged in as {account.name}"


def _tell_neighbours(chat: Chat, person: Client) -> None:
    """Let those who share a room, and asked, read of a login or logout (IRCv3 account-notify)."""
    body = b":%b ACCOUNT %b" % (person.prefix, (person.account or "*").encode())
    audience = chat.watching.concerned(person, ACCOUNT_NOTIFY, but=person)
    chat.happen(RecordKind.ACCOUNT, person, PRESENCE, body, audience, person.rooms)
