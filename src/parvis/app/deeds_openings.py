"""Openings, as verbs on the server's machine ask for them. What they decide stands in `moderation/openings.py`."""

import threading
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from parvis.app.office import Deed, NotDone, Office, Words
from parvis.archive import custody
from parvis.archive.bundle import Counts
from parvis.archive.custody import CustodianKey
from parvis.archive.session import PROCEEDINGS_BYTES_MAX
from parvis.chat.cloaks import conversation_of_pair
from parvis.irc.casemapping import fold
from parvis.legal import openings as law
from parvis.legal.openings import Ground, Quorum, Request, Requester, Subject
from parvis.model import moments
from parvis.model.ids import IdentityId
from parvis.moderation.bundling import Bundle, private_conversations
from parvis.moderation.openings import Declined, Opening
from parvis.store import opening_folder

_one_at_a_time = threading.Lock()
"""Two exports of one opening would write into the same files."""

_T = TypeVar("_T", bound=msgspec.Struct)
_Names = Annotated[list[Annotated[str, Meta(max_length=300)]], Meta(max_length=law.SUBJECTS_MAX)]


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `archive opening request` is told."""

    ground: Ground
    reference: law.Words
    explanation: law.Words = ""
    requester: law.Words
    public: bytes
    accounts: _Names = []
    identities: list[law.HexId] = []
    rooms: _Names = []
    conversations: list[law.HexId] = []
    pairs: list[tuple[str, str]] = []
    written_only: bool = False
    """Whether only what accounts wrote is asked for, and not what was written to them."""
    vault: bool = False
    from_ms: int
    to_ms: int | None = None
    """None: until now."""
    valid_ms: int = law.VALID_MS
    is_emergency: bool = False
    custodian: law.HexId | None = None
    """None: the key in use."""


class Which(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which opening is meant."""

    opening: str


class Happened(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened in a session, as its program wrote it."""

    proceedings: Annotated[bytes, Meta(max_length=PROCEEDINGS_BYTES_MAX)]


def _told(words: Words, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(words, kind)
    except msgspec.ValidationError as wrong:
        raise NotDone(f"This cannot be asked for so: {wrong}.") from None


def _deed(act: Callable[[Office, Words], Words]) -> Deed:
    """Have what is over ended first, and say in the office's way what is declined."""

    @wraps(act)
    def deed(office: Office, words: Words) -> Words:
        try:
            end_expired(office)
            return act(office, words)
        except Declined as declined:
            raise NotDone(str(declined)) from None

    return deed


def end_expired(office: Office) -> int:
    """End the openings that are over by themselves; give how many."""
    ended = office.openings.end_expired(office.now_ms())
    for opening in ended:
        opening_folder.drop_export(office.data_dir, opening)
    return len(ended)


@_deed
def ask_for(office: Office, words: Words) -> Words:
    """Make a request, and tell the board where one custodian opens alone."""
    ask = _told(words, Ask)
    now_ms = office.now_ms()
    accounts = [*map(partial(_account, office), ask.accounts), *(Subject(id=each) for each in ask.identities)]
    to_ms = now_ms if ask.to_ms is None else ask.to_ms
    private: set[bytes] = set()
    if not ask.written_only and ask.from_ms < to_ms:
        ids = {IdentityId(bytes.fromhex(each.id)) for each in accounts}
        pair_of = partial(conversation_of_pair, office.chat.secret)
        private = {*private_conversations(office.sealed, pair_of, ids, ask.from_ms, to_ms)}
    if len(private) > law.PRIVATE_MAX:
        raise NotDone("The accounts had too many private conversations in this span. Ask for a shorter one.")
    conversations = [
        *map(partial(_room, office), ask.rooms),
        *(Subject(id=each) for each in ask.conversations),
        *(_pair(office, *pair) for pair in ask.pairs),
    ]
    draft = _draft(office, ask, to_ms, now_ms)
    draft = msgspec.structs.replace(
        draft,
        accounts=_each_once(accounts),
        conversations=_each_once(conversations),
        private=tuple(sorted(each.hex() for each in private)),
    )
    opening = office.openings.ask(draft, _custodian(office, ask.custodian), ask.valid_ms)
    told = _tell_board(office, opening) if opening.request.quorum.threshold == 1 else None
    return {**_shown(opening), "board_told": told}


@_deed
def list_all(office: Office, _words: Words) -> Words:
    """List the openings that have not ended."""
    return {"openings": [_brief(each) for each in office.openings.all()]}


@_deed
def show(office: Office, words: Words) -> Words:
    """Show one opening."""
    return _shown(office.openings.find(_told(words, Which).opening))


@_deed
def export(office: Office, words: Words) -> Words:
    """Put together what custodians open, log it, then give its folder a name."""
    opening = office.openings.find(_told(words, Which).opening)

    def gather(asked: Request) -> tuple[Counts, bytes]:
        bundle = Bundle(office.sealed, office.keys, asked, office.now_ms())
        digest = opening_folder.write_export(office.data_dir, asked, bundle.frames())
        return bundle.counts, digest

    with _one_at_a_time:
        try:
            opening, counts = office.openings.export(opening, office.now_ms(), gather)
            folder = opening_folder.publish_export(office.data_dir, opening.id)
        except OSError as fault:
            raise NotDone(f"The export cannot be written: {fault.strerror}.") from fault
        finally:
            # What has no name yet was not logged, or could not be given one; or it was ended meanwhile.
            opening_folder.drop_export(office.data_dir, opening.id, hidden_alone=office.openings.lives(opening.id))
    office.openings.find(opening.id)
    return {
        **_brief(opening),
        "folder": str(folder.resolve()),
        "digest": opening.export,
        **msgspec.structs.asdict(counts),
    }


@_deed
def record(office: Office, words: Words) -> Words:
    """Take the proceedings of a session into the log."""
    opening, proceedings = office.openings.record(_told(words, Happened).proceedings, office.now_ms())
    opened = proceedings.opened
    return {
        **_brief(opening),
        "grants": len(proceedings.grants),
        "refusals": len(proceedings.refusals),
        "opened": None if opened is None else {**msgspec.structs.asdict(opened), "released": None},
        "why": proceedings.why,
    }


@_deed
def release(office: Office, words: Words) -> Words:
    """Log that the result is read, and give the server's half of its key."""
    opening = office.openings.find(_told(words, Which).opening)
    half = office.openings.release(opening, office.now_ms())
    return {"opening": opening.id, "request": opening.digest.hex(), "result": opening.result, "release": half.hex()}


@_deed
def end(office: Office, words: Words) -> Words:
    """End an opening, and delete what lies of it in the data folder."""
    opening = office.openings.find(_told(words, Which).opening)
    office.openings.end(opening)
    opening_folder.drop_export(office.data_dir, opening.id)
    return {"opening": opening.id}


def _draft(office: Office, ask: Ask, to_ms: int, now_ms: int) -> Request:
    """Put down what is asked for; ids, quorum and times come with the opening."""
    try:
        custody.custodian_key(ask.public, 1, 1, 0)
    except ValueError:
        raise NotDone("The requester's key is not one that `parvis archive opening keygen` makes.") from None
    return Request(
        id="",
        server=office.config.server.name,
        ground=ask.ground,
        reference=ask.reference,
        explanation=ask.explanation,
        vault=ask.vault,
        from_ms=ask.from_ms,
        to_ms=to_ms,
        requester=Requester(name=ask.requester, public=ask.public),
        release=b"",
        quorum=Quorum(custodian="", shares=1, threshold=1),
        is_emergency=ask.is_emergency,
        asked_ms=now_ms,
        not_before_ms=now_ms,
        ends_ms=now_ms,
    )


def _account(office: Office, name: str) -> Subject:
    """Find an account by its name, or a guest who is here by their pseudonym."""
    world = office.chat.world

    def look() -> Subject | None:
        account = world.account_names.get(fold(name))
        if account is not None:
            return Subject(id=account.id.hex(), name=account.name)
        person = world.people.get(fold(name))
        return None if person is None else Subject(id=person.identity.hex(), name=person.nick)

    found = office.on_loop(look)
    if found is None:
        raise NotDone(f"Nobody is known as {name}. An account that was closed is asked for by its id: --identity.")
    return found


def _room(office: Office, name: str) -> Subject:
    room = office.on_loop(lambda: office.chat.world.rooms.get(fold(name)))
    if room is None:
        raise NotDone(f"There is no room {name}. One that has ended is asked for by its id: --conversation.")
    return Subject(id=room.id.hex(), name=room.name)


def _pair(office: Office, one: str, other: str) -> Subject:
    first, second = _account(office, one), _account(office, other)
    ids = IdentityId(bytes.fromhex(first.id)), IdentityId(bytes.fromhex(second.id))
    conversation = conversation_of_pair(office.chat.secret, *ids)
    return Subject(id=conversation.hex(), name=f"{first.name} and {second.name}, in private")


def _custodian(office: Office, wanted: str | None) -> CustodianKey:
    keys = office.sealed.custodians()
    if wanted is not None:
        keys = [key for key in keys if key.id.hex() == wanted]
    if not keys:
        raise NotDone("There is no such custodians' key.")
    return keys[-1]


def _key_of(request: Request) -> str:
    return custody.custodian_id(custody.HYBRID, request.requester.public).hex()


def _each_once(subjects: list[Subject]) -> tuple[Subject, ...]:
    return tuple({each.id: each for each in subjects}.values())


def _tell_board(office: Office, opening: Opening) -> bool:
    """Tell the board's address that one person can open this; give whether it was."""
    address, asked = office.config.archive.board_address, opening.request
    mail = office.chat.outside.mail
    if not address or mail is None:
        return False
    when = (
        "at once: it is called an emergency" if asked.is_emergency else f"from {moments.told(asked.not_before_ms)} on"
    )
    text = (
        f"An opening of the sealed archive of {asked.server} was asked for. One custodian can open it alone, so\n"
        f"you are told. It can be exported {when}, until {moments.told(asked.ends_ms)}.\n\n"
        f"Opening:   {asked.id}\nGround:    {law.GROUNDS[asked.ground]}\nReference: {asked.reference}\n\n"
        "Whom and what it is about stands in the log of the archive. If you know nothing of it, ask who runs\n"
        f"the server now; they can stop it: parvis archive opening end {asked.id[:8]}\n"
    )
    return office.on_loop(lambda: mail.send(address, "An opening of the archive was asked for", text))


def _brief(opening: Opening) -> dict[str, Any]:
    asked = opening.request
    return {
        "opening": asked.id,
        "state": opening.state,
        "ground": asked.ground,
        "reference": asked.reference,
        "asked_ms": asked.asked_ms,
        "not_before_ms": asked.not_before_ms,
        "ends_ms": asked.ends_ms,
    }


def _shown(opening: Opening) -> dict[str, Any]:
    return {
        **_brief(opening),
        "digest": opening.digest.hex(),
        "export": opening.export,
        "result": opening.result,
        "sessions": len(opening.sessions),
        "lines": law.plain_words(opening.request, [("Sealed to key", _key_of(opening.request))]),
    }


DEEDS: Final[Mapping[str, Deed]] = {
    "opening.request": ask_for,
    "opening.list": list_all,
    "opening.show": show,
    "opening.export": export,
    "opening.record": record,
    "opening.release": release,
    "opening.end": end,
}
"""The deeds of this file."""
