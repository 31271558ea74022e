"""ROOM: registered rooms, their owner and the hosts they keep. Source: docs/protocol/rooms.md."""

from collections.abc import Callable
from typing import Final

from parvis.chat import rooms
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.irc.wire import middle
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import NOBODY, IdentityId
from parvis.model.room import HOST, Room
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates

HOSTS_MAX: Final = 50
"""Most hosts that a room keeps; ours."""

_CODE: Final = {
    Ground.NO_ACCOUNT: "ACCOUNT_REQUIRED",
    Ground.ALREADY_REGISTERED: "ALREADY_REGISTERED",
    Ground.NOT_A_HOST: "NOT_A_HOST",
    Ground.NOT_THE_OWNER: "NOT_THE_OWNER",
    Ground.TOO_MANY_ROOMS: "TOO_MANY_ROOMS",
}


def run(chat: Chat, client: Client, line: Line) -> None:
    """Do what the word after ROOM says."""
    word, *words = line.params
    word = word.upper()
    if word == "LIST":
        _list(chat, client)
        return
    act = _OF_ROOM.get(word)
    if act is None:
        chat.fail("ROOM", "UNKNOWN_SUBCOMMAND", middle(word), f"ROOM knows {', '.join((*_OF_ROOM, 'LIST'))}.")
        return
    run_of_room, needed = act
    # HOST has a word of its own before the room.
    at = 1 if word == "HOST" else 0
    if len(words) <= needed.count(" "):
        chat.fail("ROOM", "NEED_MORE_PARAMS", word, f"Something is missing. It is written: ROOM {word} {needed}.")
        return
    room = chat.known_room(client, words[at])
    if room is None:
        chat.fail("ROOM", "NO_SUCH_ROOM", middle(words[at]), "There is no such room.")
        return
    run_of_room(chat, client, room, words)


def _refused(chat: Chat, room: Room, verdict: object) -> bool:
    """Answer a refusal, if it is one."""
    if not isinstance(verdict, Refused):
        return False
    chat.fail("ROOM", _CODE[verdict.ground], room.name, verdict.told)
    return True


def _register(chat: Chat, client: Client, room: Room, _words: list[str]) -> None:
    owned = len(rooms.owned_by(chat, client.identity))
    if _refused(chat, room, gates.register_room(client, room, owned, chat.settings.rooms_per_account)):
        return
    chat.apply(e.RoomRegistered(room, client.identity))
    chat.keep(room)
    chat.note("ROOM", "REGISTERED", room.name, client.account, f"{room.name} is registered: it is yours and it lasts.")


def _drop(chat: Chat, client: Client, room: Room, words: list[str]) -> None:
    if _refused(chat, room, gates.own_room(client, room)):
        return
    if len(words) < 2 or fold(words[1]) != room.folded:
        told = f"{room.name} becomes nobody's and ends when it is empty. If you want that, send its name twice."
        chat.fail("ROOM", "CONFIRMATION_NEEDED", room.name, told)
        return
    chat.keep_no_longer(room)
    chat.apply(e.RoomDropped(room))
    chat.note("ROOM", "DROPPED", room.name, f"{room.name} is registered no longer.")


def _transfer(chat: Chat, client: Client, room: Room, words: list[str]) -> None:
    account = _account(chat, words[1])
    if _refused(chat, room, gates.own_room(client, room)) or account is None:
        return
    if account.id == room.owner:
        chat.fail("ROOM", "ALREADY_THE_OWNER", room.name, account.name, f"{account.name} owns {room.name} already.")
        return
    if account.id not in room.hosts:
        # Who is to answer for a room has been its host before.
        told = f"{account.name} is no host of {room.name}. Send ROOM HOST ADD {room.name} {account.name} first."
        chat.fail("ROOM", "NOT_A_KEPT_HOST", room.name, account.name, told)
        return
    owned = len(rooms.owned_by(chat, account.id))
    if _refused(chat, room, gates.one_more_owned(owned, chat.settings.rooms_per_account)):
        return
    before = room.owner
    rooms.give_to(chat, room, account.id)
    if before != NOBODY:
        chat.apply(e.StandingGiven(room, before, HOST))
    chat.keep(room)
    _give_rank(chat, room, account.id)
    chat.note("ROOM", "TRANSFERRED", room.name, account.name, f"{account.name} owns {room.name} now.")


def _host(chat: Chat, client: Client, room: Room, words: list[str]) -> None:
    word = words[0].upper()
    if word == "LIST":
        if not _refused(chat, room, gates.see_hosts(client, room)):
            _tell_hosts(chat, room)
            chat.note("ROOM", "END_OF_HOSTS", room.name, "End of the hosts of this room.")
        return
    if word not in ("ADD", "DEL") or len(words) < 3:
        told = "Something is missing. It is written: ROOM HOST ADD #room account, ROOM HOST DEL #room account."
        chat.fail("ROOM", "NEED_MORE_PARAMS", "HOST", told)
        return
    if _refused(chat, room, gates.own_room(client, room)):
        return
    account = _account(chat, words[2])
    if account is None:
        return
    if word == "ADD":
        _add_host(chat, room, account)
    else:
        _delete_host(chat, room, account)


def _add_host(chat: Chat, room: Room, account: Account) -> None:
    if room.standing(account.id):
        chat.fail("ROOM", "ALREADY_A_HOST", room.name, account.name, f"{account.name} is a host already.")
        return
    if len(room.hosts) >= HOSTS_MAX:
        chat.fail("ROOM", "TOO_MANY_HOSTS", room.name, f"A room keeps at most {HOSTS_MAX} hosts. Take one off first.")
        return
    chat.apply(e.StandingGiven(room, account.id, HOST))
    chat.keep(room)
    _give_rank(chat, room, account.id)
    chat.note("ROOM", "HOST_ADDED", room.name, account.name, f"{account.name} is a host of {room.name} from now on.")


def _delete_host(chat: Chat, room: Room, account: Account) -> None:
    rank = room.hosts.get(account.id, 0)
    if not rank:
        chat.fail(
            "ROOM", "NOT_A_KEPT_HOST", room.name, account.name, f"{account.name} is no host that this room keeps."
        )
        return
    chat.apply(e.StandingGiven(room, account.id, 0))
    chat.keep(room)
    for person in rooms.present(room, account.id):
        rooms.change_rank(chat, room, person, rank, given=False)
    chat.note("ROOM", "HOST_DELETED", room.name, account.name, f"{account.name} is a host of {room.name} no longer.")


def _give_rank(chat: Chat, room: Room, identity: IdentityId) -> None:
    for person in rooms.present(room, identity):
        rooms.change_rank(chat, room, person, room.standing(identity), given=True)


def _info(chat: Chat, client: Client, room: Room, _words: list[str]) -> None:
    owner = _owner(chat, room)
    told = "Nobody owns this room: it ends when it is empty."
    if room.registered:
        told = f"{room.name} belongs to {owner if room.owner != NOBODY else 'this server'}."
    chat.note("ROOM", "OWNER", room.name, owner, told)
    chat.note("ROOM", "CREATED", room.name, str(room.created_at_ms // 1000), "When this room was opened.")
    if not isinstance(gates.see_hosts(client, room), Refused):
        _tell_hosts(chat, room)
    chat.note("ROOM", "END_OF_INFO", room.name, "End of what there is to say of this room.")


def _owner(chat: Chat, room: Room) -> str:
    """Name the account that owns a room: `*` nobody, the server's name for the server's own."""
    if not room.registered:
        return "*"
    account = chat.world.accounts.get(room.owner)
    return account.name if account is not None else chat.settings.server


def _tell_hosts(chat: Chat, room: Room) -> None:
    for identity in room.hosts:
        account = chat.world.accounts.get(identity)
        if account is not None:
            chat.note("ROOM", "HOST", room.name, account.name, f"{account.name} is a host whenever they are here.")


def _list(chat: Chat, client: Client) -> None:
    if client.account:
        for room in chat.world.rooms.values():
            if room.registered and room.owner == client.identity:
                chat.note("ROOM", "OWNED", room.name, f"{room.name} is yours.")
            elif client.identity in room.hosts:
                chat.note("ROOM", "HOSTED", room.name, f"You are a host of {room.name}.")
    chat.note("ROOM", "END_OF_LIST", "*", "End of your rooms.")


def _account(chat: Chat, name: str) -> Account | None:
    """Find an account by its pseudonym, or answer that there is none."""
    account = chat.world.account_names.get(fold(name))
    if account is None:
        chat.fail("ROOM", "NO_SUCH_ACCOUNT", middle(name), "Nobody has registered that pseudonym.")
    return account


_OF_ROOM: Final[dict[str, tuple[Callable[[Chat, Client, Room, list[str]], None], str]]] = {
    "REGISTER": (_register, "#room"),
    "INFO": (_info, "#room"),
    "TRANSFER": (_transfer, "#room account"),
    "DROP": (_drop, "#room"),
    "HOST": (_host, "ADD|DEL|LIST #room"),
}
"""What is done to one room, and the words it needs at least."""
