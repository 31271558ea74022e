"""Whether a pseudonym may be taken: who bears it, claimed it, gave it up, or has one that looks like it.

The answer is a verdict of `gates.name`; this gathers what that gate has to know. Nothing here costs more than a few
look-ups, and for a name in ASCII hardly that (`model/looks.py`).
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from parvis.chat.client import Client
from parvis.irc import numerics as n
from parvis.irc.casemapping import fold
from parvis.model.ids import IdentityId
from parvis.model.person import Person
from parvis.model.skeleton import looks
from parvis.model.verdicts import Ground, Refused, Verdict
from parvis.policy import gates

if TYPE_CHECKING:
    from parvis.chat.service import Chat

CHANGES_MAX: Final = 6
"""Most changes of one's pseudonym in `WINDOW_S`; ours."""
WINDOW_S: Final = 60
CHANGES_KEPT: Final = 8192
"""People whose changes are counted; those who changed theirs longest ago are forgotten first. Ours."""

_NUMERIC: Final = {
    Ground.NAME_UNFIT: n.ERR_ERRONEUSNICKNAME,
    Ground.NAME_KEPT: n.ERR_UNAVAILRESOURCE,
}


def verdict(chat: Chat, connection: Client, wanted: str) -> Verdict:
    """May this connection's person take this pseudonym, now or when they have said the rest?"""
    world, settings = chat.world, chat.settings
    folded = fold(wanted)
    holder = world.people.get(folded)
    identity, bearer = _who(connection, holder)
    kept_s, looks_like = chat.retired.left_s(folded, chat.now_ms), ""
    if len(chat.quarantine):
        network, now_s = chat.host(connection.address[0]), chat.clock.steady_s()
        kept_s = kept_s or chat.quarantine.left_s(folded, identity, network, now_s)
        looks_like = chat.quarantine.alike(wanted, identity, network, now_s)
    if not wanted.isascii() or world.people_looks or world.account_looks:
        looks_like = looks_like or _alike(chat, wanted, identity)
    return gates.name(
        wanted,
        holder,
        bearer,
        settings.nick_bytes,
        chat.owner_of(wanted),
        identity,
        is_reserved=bool(chat.reserved_looks) and _is_reserved(chat, wanted, folded, identity),
        looks_like=looks_like,
        kept_s=ceil(kept_s),
    )


def refuse(chat: Chat, client: Client, wanted: str, refused: Refused) -> None:
    """Say why a pseudonym cannot be taken: 432 where it is unfit, 437 where it is kept, else 433."""
    chat.refuse(client, _NUMERIC.get(refused.ground, n.ERR_NICKNAMEINUSE), wanted, verdict=refused)


def resembles(chat: Chat, shown: str, identity: IdentityId) -> bool:
    """Tell whether a name that is shown in place of a pseudonym looks like one that is somebody else's or of staff."""
    is_reserved = bool(chat.reserved_looks) and _is_reserved(chat, shown, fold(shown), identity)
    return is_reserved or bool(_alike(chat, shown, identity))


def pace(chat: Chat, client: Client) -> Verdict:
    """May this person change their pseudonym so soon?"""
    count, since_ms, _ = chat.name_changes.get(client.session, (0, 0, 0))
    if chat.now_ms - since_ms >= WINDOW_S * 1000 or chat.connection.is_exempt:
        count = 0
    return gates.pace_of_names(count, CHANGES_MAX, WINDOW_S)


def present_guest(chat: Chat, identity: IdentityId) -> Client | None:
    """Give a guest with a token who is here."""
    person = chat.world.people.get(chat.guests.name_of(identity))
    return person if isinstance(person, Client) and person.identity == identity else None


def sweep(chat: Chat) -> None:
    """Forget guests and retired names whose time is over. At the start, and once a day."""
    for identity in chat.guests.present():
        if present_guest(chat, identity) is None:
            # They have logged in, and are nobody's guest since.
            chat.guests.has_left(identity)
    for each in (*chat.guests.sweep(chat.now_ms), *chat.retired.sweep(chat.now_ms)):
        chat.keep_value(each)


# What follows from events that are about to be made true (`consequences.py`).


def entered(chat: Chat, person: Person, identity: IdentityId, folded: str) -> None:
    """Somebody takes a pseudonym: it is kept for nobody else any more, and a guest with a token is here."""
    if len(chat.quarantine):
        chat.quarantine.taken(folded, identity, chat.host(person.address[0]) if isinstance(person, Client) else "")
    chat.guests.is_here(identity, folded)


def renamed(chat: Chat, person: Person, folded: str) -> None:
    """Somebody takes another pseudonym, or the same in another case."""
    if folded != person.folded:
        _give_up(chat, person)
        entered(chat, person, person.identity, folded)
    count, since_ms, _ = chat.name_changes.pop(person.session, (0, 0, 0))
    if chat.now_ms - since_ms >= WINDOW_S * 1000:
        count, since_ms = 0, chat.now_ms
    if len(chat.name_changes) >= CHANGES_KEPT:
        del chat.name_changes[next(iter(chat.name_changes))]
    chat.name_changes[person.session] = (count + 1, since_ms, chat.now_ms)


def left(chat: Chat, person: Person) -> None:
    """Somebody leaves the server."""
    _give_up(chat, person)
    chat.name_changes.pop(person.session, None)
    chat.guests.has_left(person.identity)


def retire(chat: Chat, folded: str) -> None:
    """Keep the pseudonym of an account that is deleted from everybody for a while (`retired.py`)."""
    if chat.settings.quarantine_deleted_s:
        for each in chat.retired.retire(folded, chat.now_ms + chat.settings.quarantine_deleted_s * 1000):
            chat.keep_value(each)


def _give_up(chat: Chat, person: Person) -> None:
    """Keep the pseudonym of somebody for them, no longer than they bore it (`quarantine.py`)."""
    can_prove = bool(person.account) or person.identity in chat.guests
    term_s = chat.settings.quarantine_s if can_prove else chat.settings.quarantine_unproved_s
    if not term_s or person.folded in chat.world.account_names or not isinstance(person, Client):
        return
    borne_since_ms = chat.name_changes.get(person.session, (0, 0, person.entered_at_ms))[2]
    borne_s = (chat.now_ms - borne_since_ms) / 1000
    network = "" if can_prove else chat.host(person.address[0])
    now_s = chat.clock.steady_s()
    chat.quarantine.keep(person.nick, person.folded, person.identity, network, borne_s, term_s, now_s)


def _who(connection: Client, holder: Person | None) -> tuple[IdentityId, Person | None]:
    """Give the identity that a connection proves, and the person there that it is or is about to take over."""
    greeting = connection.greeting
    if greeting is None:
        person = connection.person
        return person.identity, person
    identity = IdentityId(greeting.account or greeting.guest)
    return identity, holder if holder is not None and holder.identity == identity else None


def _is_reserved(chat: Chat, wanted: str, folded: str, identity: IdentityId) -> bool:
    """Tell whether a name is reserved for staff. Only staff could have claimed one: it is its account's own."""
    owner = chat.world.account_names.get(folded)
    return (owner is None or owner.id != identity) and not chat.reserved_looks.isdisjoint(looks(wanted))


def _alike(chat: Chat, wanted: str, identity: IdentityId) -> str:
    """Give the pseudonym of somebody else, borne or claimed, that looks like one; empty: there is none."""
    world = chat.world
    for person in world.people_looks.alike(wanted, world.people):
        if person.identity != identity:
            return person.nick
    for account in world.account_looks.alike(wanted, world.account_names):
        if account.id != identity and fold(account.name) != fold(wanted):
            return account.name
    return ""
