"""What follows from an event for those who are not part of it.

Whoever watches is told, WHOWAS remembers, what is kept of an account or a room goes with it, a pseudonym that is given
up is kept for a while. `Chat.apply` calls this, so that whichever command lets somebody enter, go or take another
name, none of it is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parvis.chat import naming
from parvis.chat.audience import Audience
from parvis.chat.batch import Said
from parvis.chat.departed import Entry
from parvis.irc import numerics as n
from parvis.model import events as e
from parvis.model.kept import KeptKind, keep
from parvis.model.metadata import KeptMetadata
from parvis.model.silences import KeptSilence

if TYPE_CHECKING:
    from parvis.chat.service import Chat
    from parvis.model.accounts import Account
    from parvis.model.person import Person


def follow(chat: Chat, event: e.Event) -> None:
    """See to what follows from an event that is about to be made true: people still are what they were."""
    match event:
        case e.Entered():
            naming.entered(chat, event.person, event.identity, event.folded)
            _tell(chat, n.RPL_MONONLINE, event.folded, f"{event.nick}!{event.user}@{event.host}")
        case e.Left(person):
            naming.left(chat, person)
            _remember(chat, person)
            _tell(chat, n.RPL_MONOFFLINE, person.folded, person.nick)
        case e.Renamed(person, nick, folded):
            naming.renamed(chat, person, folded)
            if folded != person.folded:
                _remember(chat, person)
                _tell(chat, n.RPL_MONOFFLINE, person.folded, person.nick)
                _tell(chat, n.RPL_MONONLINE, folded, f"{nick}!{person.user}@{person.host}")
        case e.LoggedIn(person, account):
            _take_silences_along(chat, person, account)
        case e.AccountDeleted(account, folded):
            naming.retire(chat, folded)
            if account.id in chat.world.silences:
                chat.keep_value(keep(KeptKind.SILENCE, account.id, None))
            if chat.markers.all_of(account.id):
                chat.markers.forget(account.id)
                chat.keep_value(keep(KeptKind.MARKERS, account.id, None))
            if account.id in chat.world.metadata:
                chat.keep_value(keep(KeptKind.METADATA, account.id, None))
        case e.RoomRegistered(room) if room.id in chat.world.metadata:
            chat.keep_value(keep(KeptKind.METADATA, room.id, KeptMetadata(dict(chat.world.metadata[room.id]))))
        case e.RoomDropped(room):
            if room.id in chat.world.metadata:
                chat.keep_value(keep(KeptKind.METADATA, room.id, None))
            if room.visible_from_ms:
                chat.keep_value(keep(KeptKind.VISIBLE, room.id, None))
        case _:
            pass


def _tell(chat: Chat, code: str, folded: str, shown: str) -> None:
    """Tell the watchers of a pseudonym; the star stands for each of them, so that all read the same bytes."""
    watchers = chat.watching.watchers(folded)
    if watchers:
        body = f":{chat.settings.server} {code} * :{shown}".encode()
        audience = Audience((), further=watchers)
        chat.turn.batch.say(Said(audience, body, chat.now_ms, "", "", None, None, None, None, False))


def _remember(chat: Chat, person: Person) -> None:
    if chat.settings.whowas_minutes:
        host, real_name = person.host, person.real_name
        chat.departed.remember(Entry(person.nick, person.folded, person.user, host, real_name, chat.now_ms))


def _take_silences_along(chat: Chat, person: Person, account: Account) -> None:
    """Add what a guest chose to the list of the account they log in to."""
    chosen = chat.world.silences.get(person.identity)
    if chosen is None or person.account:
        return
    listed = tuple(dict.fromkeys(chat.world.silences.get(account.id, ()) + chosen))[: chat.settings.silence]
    chat.apply(e.SilenceSet(person.identity, ()))
    chat.apply(e.SilenceSet(account.id, listed))
    chat.keep_value(keep(KeptKind.SILENCE, account.id, KeptSilence(masks=listed)))
