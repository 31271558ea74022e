"""Whom somebody reads nothing from: their own choice, which nobody is told of (DESIGN, promise 4).

What is silenced is decided, recorded and answered like anything else; it is shown to all but the one who chose.
A list belongs to an identity: an account's is kept over a restart, a guest's lasts as long as the session.
"""

from parvis.chat.service import Chat
from parvis.irc import masks
from parvis.model import events as e
from parvis.model.ids import IdentityId
from parvis.model.kept import KeptKind, keep
from parvis.model.person import Person
from parvis.model.silences import KeptSilence


def hides(chat: Chat, identity: IdentityId, mask: str) -> bool:
    """Tell whether an identity reads nothing from who bears a whole `nick!user@host`."""
    chosen = chat.world.silences.get(identity)
    return chosen is not None and any(masks.matches(each, mask) for each in chosen)


def hides_person(chat: Chat, reader: Person, author: Person) -> bool:
    """Tell whether somebody reads nothing from somebody else. One always reads oneself."""
    return reader is not author and hides(chat, reader.identity, author.mask())


def put(chat: Chat, identity: IdentityId, chosen: tuple[str, ...]) -> None:
    """Make a list true, and keep it if it is an account's."""
    chat.apply(e.SilenceSet(identity, chosen))
    if identity in chat.world.accounts:
        chat.keep_value(keep(KeptKind.SILENCE, identity, KeptSilence(masks=chosen) if chosen else None))
