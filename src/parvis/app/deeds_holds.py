"""Deeds about holds: place, list, extend, end. What is asked for is logged with its ground before it counts."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from parvis.app.office import Deed, NotDone, Office, Words
from parvis.chat.service import Chat
from parvis.irc.casemapping import fold
from parvis.legal.holds import Ground, Hold
from parvis.model.ids import NOBODY, OPAQUE_ID_BYTES, ConversationId, IdentityId
from parvis.model.moments import written
from parvis.moderation.holds import NotHeld

T = TypeVar("T")

DAY_MS: Final = 86_400_000
BY: Final = "operator"


class Placing(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What `hold place` asks."""

    accounts: list[str] = []
    """Names, or ids in hex."""
    conversations: list[str] = []
    """Names of rooms, or ids in hex."""
    vault: bool = False
    from_ms: int = 0
    until_ms: int | None = None
    """None: as long as the hold itself."""
    ground: Ground
    reference: str
    ends_ms: int | None = None
    days: int | None = None
    may_notify_user: bool = False


class Extending(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What `hold extend` asks."""

    hold: str
    ends_ms: int | None = None
    days: int | None = None
    """From the end that it has."""
    reference: str = ""


def place(office: Office, words: Words) -> Words:
    """Place a hold."""
    asked = _read(words, Placing)
    now_ms = office.now_ms()
    ends_ms = _end(asked.ends_ms, asked.days, now_ms)
    accounts, conversations = office.on_loop(lambda: _scope(office.chat, asked))
    wanted = Hold(
        id=b"",
        accounts=accounts,
        conversations=conversations,
        vault=asked.vault,
        from_ms=asked.from_ms,
        until_ms=ends_ms if asked.until_ms is None else asked.until_ms,
        ground=asked.ground,
        reference=asked.reference,
        placed_ms=now_ms,
        ends_ms=ends_ms,
        may_notify_user=asked.may_notify_user,
    )
    return _shown(_held(lambda: office.holds.place(wanted, BY)), office)


def listed(office: Office, _words: Words) -> Words:
    """List the holds, and say how many erasures wait."""
    return {
        "holds": [_shown(hold, office) for hold in office.holds.listed()],
        "erasures_waiting": office.erasures.waiting(),
    }


def extend(office: Office, words: Words) -> Words:
    """Decide a hold anew, with a later end."""
    asked, now_ms = _read(words, Extending), office.now_ms()
    hold = _held(lambda: office.holds.named(asked.hold))
    ends_ms = _end(asked.ends_ms, asked.days, hold.ends_ms)
    return _shown(_held(lambda: office.holds.extend(hold, ends_ms, asked.reference, now_ms, BY)), office)


def end(office: Office, words: Words) -> Words:
    """End a hold before its time, and let go of what only it kept."""
    reason = str(words.get("reason", "")).strip()
    if not reason:
        raise NotDone("Ending a hold before its time needs a reason.")
    hold = _held(lambda: office.holds.named(str(words.get("hold", ""))))
    _held(lambda: office.holds.release(hold, reason, office.now_ms(), BY))
    office.keeping.end_due()
    return {"hold": hold.name}


DEEDS: Final[Mapping[str, Deed]] = {
    "holds.place": place,
    "holds.list": listed,
    "holds.extend": extend,
    "holds.end": end,
}


def identity_of(chat: Chat, named: str) -> IdentityId:
    """Find an account by its name, or take an id in hex: of an account, a guest, or one that is closed. On the loop.

    Raises:
        NotDone: It is neither.
    """
    account = chat.world.account_names.get(fold(named))
    if account is not None:
        return account.id
    known = _id(named)
    if known is None or known == NOBODY:
        raise NotDone(f"There is no account {named[:64]}. Closed accounts and guests are named by their ids.")
    return IdentityId(known)


def _scope(chat: Chat, asked: Placing) -> tuple[tuple[IdentityId, ...], tuple[ConversationId, ...]]:
    accounts = tuple(dict.fromkeys(identity_of(chat, named) for named in asked.accounts))
    conversations = tuple(dict.fromkeys(_conversation_of(chat, named) for named in asked.conversations))
    return accounts, conversations


def _conversation_of(chat: Chat, named: str) -> ConversationId:
    room = chat.world.rooms.get(fold(named))
    if room is not None:
        return room.id
    known = _id(named)
    if known is None:
        raise NotDone(f"There is no room {named[:64]} now. Rooms that ended, and private ones, are named by their ids.")
    return ConversationId(known)


def _id(named: str) -> bytes | None:
    try:
        known = bytes.fromhex(named)
    except ValueError:
        return None
    return known if len(known) == OPAQUE_ID_BYTES else None


def _end(ends_ms: int | None, days: int | None, from_ms: int) -> int:
    if ends_ms is not None:
        return ends_ms
    if days is None:
        raise NotDone("A hold needs an end.")
    return from_ms + days * DAY_MS


def _read(words: Words, kind: type[T]) -> T:
    try:
        return msgspec.convert(words, kind)
    except msgspec.ValidationError as fault:
        raise NotDone(f"The request cannot be read: {fault}.") from None


def _held(act: Callable[[], T]) -> T:
    try:
        return act()
    except NotHeld as why:
        raise NotDone(str(why)) from None


def _shown(hold: Hold, office: Office) -> Words:
    has_key = any(key.id == hold.term_key for key in office.keys.term_keys())
    return {
        "hold": hold.name,
        "ground": hold.ground.value,
        "reference": hold.reference,
        "accounts": [each.hex() for each in hold.accounts],
        "conversations": [each.hex() for each in hold.conversations],
        "vault": hold.vault,
        "from": written(hold.from_ms) if hold.from_ms else None,
        "until": written(hold.until_ms),
        "placed": written(hold.placed_ms),
        "ends": written(hold.ends_ms),
        "extended": hold.extended,
        "may_notify_user": hold.may_notify_user,
        "state": "ended" if hold.is_ended else "running" if has_key else "its key is missing",
    }
