"""Whose a registered room is, and who has a rank in it whenever they come in.

A room that is not registered ends when it is empty; who opens it again is its host. A registered room lasts: its
owner and the hosts it keeps get their rank when they come in logged in, or log in while inside. When its owner's
account is deleted, the host who has been one for longest owns it, or else the server
(docs/adr/0016-who-runs-a-room.md).
"""

from parvis.chat import audience as audiences
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.modes import ModeChange, write_modes
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import NOBODY, IdentityId
from parvis.model.person import Person
from parvis.model.records import RecordKind
from parvis.model.room import RANK_OF, Room


def owned_by(chat: Chat, identity: IdentityId) -> list[Room]:
    """List the rooms that an account owns."""
    return [room for room in chat.world.rooms.values() if room.registered and room.owner == identity]


def give_standing(chat: Chat, client: Client) -> None:
    """Give somebody, wherever they are inside, the rank that their account has there: call it after a login."""
    for room in client.rooms:
        change_rank(chat, room, client, room.standing(client.identity), given=True)


def change_rank(chat: Chat, room: Room, person: Person, rank: int, *, given: bool) -> None:
    """Let the server give a member a rank or take it, and tell the room, if that changes anything."""
    held = room.members[person]
    changed = rank & ~held if given else rank & held
    if changed:
        chat.apply(e.RankChanged(room, person, changed, given))
        tell_rank(chat, room, person, changed, given=given)


def tell_rank(chat: Chat, room: Room, person: Person, rank: int, *, given: bool) -> None:
    """Tell a room of a rank that the server gave to a member or took."""
    changes = [ModeChange(given, letter, person.nick) for letter, bit in RANK_OF.items() if rank & bit]
    body = f":{chat.settings.server} MODE {room.name} {write_modes(changes)}".encode()
    chat.happen_in_answer(RecordKind.MODE, room.id, body, audiences.of_room(room))


def present(room: Room, identity: IdentityId) -> list[Person]:
    """List who is in a room under an identity: an account may be there under several pseudonyms."""
    return [person for person in room.members if person.identity == identity]


def after_account_deleted(chat: Chat, account: Account) -> None:
    """Let an account that ended stand nowhere any more; the rooms it owned go to others.

    Call it after `AccountDeleted` was applied. Who was logged in keeps the rank of this visit, as anybody does.
    """
    for room in list(chat.world.rooms.values()):
        if account.id in room.hosts:
            chat.apply(e.StandingGiven(room, account.id, 0))
        elif not room.registered or room.owner != account.id:
            continue
        if room.owner == account.id:
            _inherit(chat, room)
        chat.keep(room)


def _inherit(chat: Chat, room: Room) -> None:
    # In the order in which they became hosts: the first has been one for longest.
    heir = next((identity for identity in room.hosts if identity in chat.world.accounts), NOBODY)
    give_to(chat, room, heir)


def give_to(chat: Chat, room: Room, owner: IdentityId) -> None:
    """Give a room to an owner, who is no host beside that."""
    if owner in room.hosts:
        chat.apply(e.StandingGiven(room, owner, 0))
    chat.apply(e.RoomGiven(room, owner))
