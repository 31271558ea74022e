"""The gates an act passes, in order. No other module refuses an act.

Rule 1: a gate is a pure function of its arguments: no I/O, no clock, no chance.
Rule 2: the first gate that does not accept decides, so cheap gates stand first.
Rule 3: `told` says what happened and what to do, in words for the person who reads it.

Errors of grammar (a missing parameter, an unknown command, a name that nobody bears) are no verdicts: the commands
answer them. Source of the rights: modern IRC, "Channel modes" and "Channel membership prefixes".
"""

from collections.abc import Callable
from math import ceil
from typing import Final, cast

from parvis.irc import bans
from parvis.irc.names import is_pseudonym
from parvis.irc.spans import write_span
from parvis.model.acts import Act
from parvis.model.ids import NOBODY, IdentityId
from parvis.model.person import FROM_ACCOUNTS, NO_CTCP, OPERATOR, Person
from parvis.model.room import HOST, VOICE, Room
from parvis.model.skeleton import readings
from parvis.model.verdicts import ACCEPTED, Ground, Refused, Verdict

CTCP = "\x01"
"""What a CTCP message begins with (IRC Client-to-Client Protocol)."""
ACTIONS = (f"{CTCP}ACTION ", f"{CTCP}ACTION{CTCP}")
"""How the one CTCP message begins that is a text like others."""

SAFETY: Final[tuple[Callable[[Act], Verdict], ...]] = ()
"""The gates of safety, in order: what moderation decided, pace, trust, first contact. They come after membership and
modes; rules and the state of pictures come after them."""


def safety(act: Act) -> Verdict:
    """May this be done, as far as safety goes? The first gate that does not accept decides."""
    for gate in SAFETY:
        verdict = gate(act)
        if verdict is not ACCEPTED:
            return verdict
    return ACCEPTED


def _entries(room: Room, kind: str) -> bans.Entries | None:
    """Give a list of a room as it is asked; None when nothing is on it. It is made once for each change."""
    if not room.lists.get(kind):
        return None
    made = room.compiled.get(kind)
    if made is None:
        made = room.compiled[kind] = bans.Entries(each.mask for each in room.entries(kind))
    return cast("bans.Entries", made)


def is_banned(person: Person, room: Room) -> bool:
    """Tell whether a room's ban list keeps a person out and its exception list does not let them in."""
    banned = _entries(room, "b")
    if banned is None or not banned.name(mask := person.mask(), person.account):
        return False
    excepted = _entries(room, "e")
    return excepted is None or not excepted.name(mask, person.account)


def is_silenced(person: Person, room: Room) -> bool:
    """Tell whether a room's ban list keeps a person from writing, as a ban or as a mute."""
    banned = _entries(room, "b")
    if banned is None or not banned.name_speaker(mask := person.mask(), person.account):
        return False
    excepted = _entries(room, "e")
    return excepted is None or not excepted.name_speaker(mask, person.account)


def _is_invited(person: Person, room: Room) -> bool:
    invited = _entries(room, "I")
    return invited is not None and invited.name(person.mask(), person.account)


def message(person: Person, room: Room, text: str | None = "") -> Verdict:
    """May this person write this in this room? Membership (n), then what the room says of speech.

    Args:
        person: Who writes.
        room: Where.
        text: What; None where there is no text.
    """
    rank = room.members.get(person)
    if rank is None:
        if "n" in room.flags:
            return Refused(Ground.MEMBERS_ONLY, "Only members can write in this room. Join it first.")
        rank = 0
    return _speech(person, room, rank, text) if room.has_speech_rules else ACCEPTED


def _speech(person: Person, room: Room, rank: int, text: str | None) -> Verdict:
    """CTCP (C), moderation (m), accounts (M), bans (b, e)."""
    if "C" in room.flags and _is_ctcp(text):
        return Refused(Ground.NO_CTCP, "This room takes no CTCP requests (+C); /me works. Write it in words.")
    if rank:
        return ACCEPTED
    if "m" in room.flags and "U" not in room.flags:
        return Refused(Ground.MODERATED, "This room is moderated: its hosts decide who may write. Ask one of them.")
    if "M" in room.flags and not person.account:
        return Refused(
            Ground.NO_ACCOUNT, "Only who is logged in to an account can write in this room (+M). Log in, or ask a host."
        )
    if is_silenced(person, room):
        return Refused(Ground.BANNED, "You are banned from this room and cannot write in it. Its hosts can lift that.")
    return ACCEPTED


def private_message(author: Person, reader: Person, is_accepted: bool) -> Verdict:
    """May this person write to that one? Who reads accounts alone (R) reads operators, too, and whom they accepted.

    Args:
        author: Who writes.
        reader: To whom.
        is_accepted: Whether the reader has accepted the author.
    """
    if not reader.modes & FROM_ACCOUNTS or author.account or author is reader or is_accepted:
        return ACCEPTED
    if author.modes & OPERATOR:
        return ACCEPTED
    return Refused(
        Ground.NO_ACCOUNT,
        f"{reader.nick} reads private messages only of who is logged in to an account (+R). Log in, or ask in a room.",
    )


def _is_ctcp(text: str | None) -> bool:
    """Tell whether a text, of one line or of many (`irc/multiline.py`), is for the program of its reader."""
    return text is not None and CTCP in text and any(map(_is_request, text.replace("\r", "\n").split("\n")))


def _is_request(line: str) -> bool:
    """Tell whether a line is a CTCP message and no action."""
    return line.startswith(CTCP) and not line.startswith(ACTIONS)


def private_ctcp(person: Person, reader: Person, text: str | None) -> Verdict:
    """May this person write this to this reader? CTCP (user mode T), but to oneself.

    Args:
        person: Who writes.
        reader: To whom.
        text: What; None where there is no text.
    """
    if reader.modes & NO_CTCP and reader is not person and _is_ctcp(text):
        return Refused(Ground.NO_CTCP, "They take no CTCP requests (+T); /me works. Write it in words.")
    return ACCEPTED


def reaches_hosts_alone(person: Person, room: Room) -> bool:
    """Tell whether hosts alone read what this person writes in this room (U): who has no rank there."""
    return "U" in room.flags and not room.members.get(person, 0)


def join(person: Person, room: Room, key: str) -> Verdict:
    """May this person come into this room? Bans (b, e), invitations (i, I), accounts (R), key (k), limit (l).

    Its owner always may; the hosts it keeps may unless they are banned, so that a closed room is not closed to them.
    """
    standing = room.standing(person.identity)
    if person.session in room.invited or (standing and person.identity == room.owner):
        return ACCEPTED
    if "i" in room.flags and not standing and not _is_invited(person, room):
        return Refused(Ground.INVITATION_ONLY, "This room is open by invitation only (+i). Ask a host to invite you.")
    if is_banned(person, room):
        return Refused(Ground.BANNED, "You are banned from this room (+b). Its hosts can lift that.")
    if standing:
        return ACCEPTED
    if "R" in room.flags and not person.account:
        return Refused(
            Ground.NO_ACCOUNT, "Only who is logged in to an account can come into this room (+R). Log in first."
        )
    if room.key and key != room.key:
        return Refused(Ground.WRONG_KEY, "This room asks for a key (+k), and this is not it. Ask a host.")
    if room.limit and len(room.members) >= room.limit:
        return Refused(Ground.ROOM_FULL, "This room is full (+l). Try again later.")
    return ACCEPTED


def one_more_room(person: Person, rooms_max: int) -> Verdict:
    """May this person be in one more room?"""
    if len(person.rooms) >= rooms_max:
        return Refused(Ground.TOO_MANY_ROOMS, f"You are in {rooms_max} rooms, which is the most. Leave one first.")
    return ACCEPTED


def _member(person: Person, room: Room) -> Verdict:
    if person not in room.members:
        return Refused(Ground.NOT_A_MEMBER, "You're not on that channel")
    return ACCEPTED


def _host(person: Person, room: Room) -> Verdict:
    if room.members.get(person, 0) & HOST:
        return ACCEPTED
    if person.modes & OPERATOR and room.registered and room.owner == NOBODY:
        # The server owns this room; its operators run it.
        return ACCEPTED
    return Refused(Ground.NOT_A_HOST, "You're not a channel operator")


def know(person: Person, room: Room) -> Verdict:
    """May this person know that this room is there? Of a secret one (s) only its members and who runs it may."""
    if "s" not in room.flags or person in room.members or room.standing(person.identity):
        return ACCEPTED
    return _host(person, room)


def part(person: Person, room: Room) -> Verdict:
    """May this person leave this room? Who is in it may."""
    return _member(person, room)


def see_members(person: Person, room: Room) -> Verdict:
    """May this person see who is in this room? In a secret one (s) only members may."""
    if "s" in room.flags and person not in room.members:
        return Refused(Ground.NOT_A_MEMBER, "This room shows its members only to themselves.")
    return ACCEPTED


def read_metadata(person: Person, room: Room) -> Verdict:
    """May this person read what is said beside this room? Where invitations are asked for (i), its members may."""
    if "i" not in room.flags or person in room.members or room.standing(person.identity):
        return ACCEPTED
    return Refused(Ground.NOT_A_MEMBER, "This room is open by invitation only (+i): its members alone read this.")


def topic(person: Person, room: Room) -> Verdict:
    """May this person set the topic? Members may, hosts alone where +t."""
    verdict = _member(person, room)
    if verdict is ACCEPTED and "t" in room.flags:
        return _host(person, room)
    return verdict


def kick(person: Person, target: Person, room: Room) -> Verdict:
    """May this person put that one out? Hosts may, and only who is there."""
    verdict = _member(person, room)
    if verdict is ACCEPTED:
        verdict = _host(person, room)
    if verdict is ACCEPTED and target not in room.members:
        return Refused(Ground.TARGET_ELSEWHERE, "They aren't on that channel")
    return verdict


def invite(person: Person, target: Person, room: Room) -> Verdict:
    """May this person invite that one? Members may, hosts alone where +i, and only who is not there yet.

    Hosts alone in an auditorium too: the answer tells who is there.
    """
    verdict = _member(person, room)
    if verdict is ACCEPTED and ("i" in room.flags or "u" in room.flags):
        verdict = _host(person, room)
    if verdict is ACCEPTED and target in room.members:
        return Refused(Ground.ALREADY_THERE, "is already on channel")
    return verdict


def change_modes(person: Person, room: Room) -> Verdict:
    """May this person change the room's modes? Its hosts may."""
    return _host(person, room)


def take_rank(person: Person, target: Person, room: Room, rank: int) -> Verdict:
    """May this host take that rank from that member? The owner's own rank is theirs alone to lay down."""
    if rank & room.standing(target.identity) and target.identity == room.owner and person is not target:
        return Refused(Ground.THE_OWNER, f"{target.nick} owns this room: nobody takes its rank from its owner.")
    return ACCEPTED


def register_room(person: Person, room: Room, owned: int, owned_max: int) -> Verdict:
    """May this person register this room? Its host, logged in to an account that does not own too many."""
    if not person.account:
        return Refused(Ground.NO_ACCOUNT, "A room belongs to an account: log in to yours first, or register one.")
    if room.registered:
        return Refused(Ground.ALREADY_REGISTERED, "This room is registered already. ROOM INFO says whose it is.")
    verdict = _host(person, room)
    if verdict is ACCEPTED:
        verdict = one_more_owned(owned, owned_max)
    return verdict


def one_more_owned(owned: int, owned_max: int) -> Verdict:
    """May an account own one more room?"""
    if owned >= owned_max:
        return Refused(
            Ground.TOO_MANY_ROOMS, f"An account owns at most {owned_max} rooms, and this one does. Drop one first."
        )
    return ACCEPTED


def own_room(person: Person, room: Room) -> Verdict:
    """May this person decide whose this room is? Its owner may; operators where the server owns it."""
    if room.registered:
        if person.account and person.identity == room.owner:
            return ACCEPTED
        if person.modes & OPERATOR and room.owner == NOBODY:
            return ACCEPTED
    return Refused(Ground.NOT_THE_OWNER, "Only the owner of a registered room can do that. ROOM INFO says who it is.")


def see_hosts(person: Person, room: Room) -> Verdict:
    """May this person see which accounts a room keeps as hosts? Its owner and its hosts may."""
    if person.account and room.standing(person.identity):
        return ACCEPTED
    return _host(person, room)


def see_list(person: Person, room: Room, kind: str) -> Verdict:
    """May this person see a list? Bans (b) who sees the members may; exceptions and invitations (e, I) hosts may."""
    return see_members(person, room) if kind == "b" else change_modes(person, room)


def fetch(may_fetch_anything: bool) -> Verdict:
    """May this person fetch what was said there? Who is in a room may ask, and who was present for some of it."""
    if not may_fetch_anything:
        return Refused(
            Ground.NOTHING_TO_FETCH,
            "Nothing of this can be fetched: there is no such room or person, or you were not there. Join it first.",
        )
    return ACCEPTED


def redact_in(person: Person, room: Room | None) -> Verdict:
    """May this person take messages back in this room at all? Who is in it may ask, and the server's operators."""
    if room is None or (person not in room.members and not person.modes & OPERATOR):
        return Refused(Ground.NOT_A_MEMBER, "You cannot take back messages there: you are not in that room.")
    return ACCEPTED


def redact(
    person: Person, room: Room | None, *, is_own: bool, is_open: bool, own_allowed: bool, age_s: int, window_s: int
) -> Verdict:
    """May this person take back this message?

    Args:
        person: Who asks.
        room: The room; None: a private conversation, in which each takes back their own.
        is_own: Whether they wrote it.
        is_open: Whether they may fetch it: of what they may not, they are not told that it exists.
        own_allowed: Whether people may take back what they wrote (`history.allow_redact`).
        age_s: How old it is, in seconds.
        window_s: How old it may be: what is older, nobody can fetch.
    """
    runs = room is not None and (bool(person.modes & OPERATOR) or _host(person, room) is ACCEPTED)
    if not (runs or is_own or is_open):
        return unknown_message()
    if not runs and not (is_own and own_allowed):
        if is_own:
            return Refused(Ground.NOT_THE_AUTHOR, "Messages are not taken back here. Ask a host of the room.")
        return Refused(Ground.NOT_THE_AUTHOR, "Only who wrote a message and the room's hosts can take it back.")
    if age_s > window_s:
        return Refused(
            Ground.TOO_LATE, "This message is too old to be taken back: nobody can fetch it from the server any more."
        )
    return ACCEPTED


def redaction_reason(person: Person, room: Room, reason: str) -> Verdict:
    """May this person say this where they take a message back? Everybody there reads it: the rules of speech hold."""
    if person.modes & OPERATOR or _host(person, room) is ACCEPTED:
        return ACCEPTED
    verdict = message(person, room, reason)
    if isinstance(verdict, Refused):
        return Refused(verdict.ground, f"{verdict.told} You can take the message back without a reason.")
    if reaches_hosts_alone(person, room):
        return Refused(
            Ground.MODERATED,
            "In this room its hosts alone read what you write (+U). You can take the message back without a reason.",
        )
    return ACCEPTED


def parting_word(person: Person, room: Room, word: str) -> Verdict:
    """May this person leave a word behind in a room they go out of? The rules of speech hold; they go all the same."""
    verdict = message(person, room, word)
    if isinstance(verdict, Refused):
        return Refused(verdict.ground, f"{verdict.told} You have left; your reason was left out.")
    if reaches_hosts_alone(person, room):
        return Refused(
            Ground.MODERATED,
            "In this room its hosts alone read what you write (+U). You have left; your reason was left out.",
        )
    return ACCEPTED


def unknown_message() -> Refused:
    """Answer for a message that is not there, or of which this person is not to know."""
    return Refused(Ground.UNKNOWN_MESSAGE, "This message does not exist here, or is too old.")


def visible_window(room: Room, seconds: int, resume_s: int, seconds_max: int) -> Verdict:
    """May a room show so much to newcomers? Not more than the server can open; a room that does not last, less.

    Args:
        room: The room.
        seconds: What its host asks for.
        resume_s: How much those who were present may fetch: the server remembers so much of every room anyway.
        seconds_max: The longest window, after which the server cannot open anything.
    """
    if seconds > seconds_max:
        return Refused(
            Ground.WINDOW_TOO_LONG,
            f"A room can show newcomers its last {write_span(seconds_max)} at most. Choose a shorter time.",
        )
    if not room.registered and seconds > resume_s:
        return Refused(
            Ground.WINDOW_TOO_LONG,
            f"A room that is not registered can show newcomers its last {write_span(resume_s)} at most. "
            "Choose a shorter time, or register the room.",
        )
    return ACCEPTED


def list_mask(room: Room, list_max: int) -> Verdict:
    """May one more mask go on a list of this room? They are counted together (MAXLIST=beI:...)."""
    if sum(map(len, room.lists.values())) >= list_max:
        return Refused(Ground.LIST_FULL, f"Channel list is full: {list_max} masks are the most. Take one off first.")
    return ACCEPTED


def name(
    wanted: str,
    holder: Person | None,
    bearer: Person | None,
    bytes_max: int,
    owner: IdentityId = NOBODY,
    identity: IdentityId = NOBODY,
    *,
    is_reserved: bool = False,
    looks_like: str = "",
    kept_s: int = 0,
) -> Verdict:
    """May this pseudonym be taken?

    Args:
        wanted: The pseudonym.
        holder: Who bears it now, under any case.
        bearer: Who wants it, if already present: one may change the case of one's own.
        bytes_max: Most bytes of a pseudonym.
        owner: The account that has claimed it; `NOBODY`: none.
        identity: The account that whoever wants it is logged in to; `NOBODY`: none.
        is_reserved: Whether it is, or looks like, one that the operator reserved for staff.
        looks_like: Another's pseudonym, borne, claimed or kept, that it looks like; empty: none.
        kept_s: For how many seconds it is still kept for whoever gave it up; 0: it is not.
    """
    if not is_pseudonym(wanted, bytes_max):
        return Refused(
            Ground.NAME_UNFIT,
            f"A pseudonym has 1 to {bytes_max} bytes: letters, digits and []\\`_^{{|}}-, no digit or - in front.",
        )
    if not wanted.isascii() and readings(wanted) is None:
        return Refused(
            Ground.NAME_UNFIT,
            "This pseudonym has too many characters that look like others. Write it in the letters of one alphabet.",
        )
    if holder is not None and holder is not bearer:
        return Refused(Ground.NAME_TAKEN, "Nickname is already in use")
    if owner not in (NOBODY, identity):
        return Refused(
            Ground.NAME_CLAIMED, "This pseudonym belongs to an account. Log in to it with SASL, or take another one."
        )
    if is_reserved and not (bearer is not None and bearer.modes & OPERATOR):
        return Refused(
            Ground.NAME_RESERVED, "This pseudonym is reserved for those who run the server. Choose another one."
        )
    if kept_s:
        return Refused(
            Ground.NAME_KEPT,
            f"This pseudonym is kept for whoever bore it last, {span(kept_s)} more. Choose another one, or show "
            "that it is yours: by your resume token, or by logging in.",
        )
    if looks_like:
        return Refused(
            Ground.NAME_ALIKE,
            f"This pseudonym looks too much like {looks_like}, which is somebody else's. Choose another one.",
        )
    return ACCEPTED


def one_more_device(count: int, count_max: int) -> Verdict:
    """May one more connection of an account be somebody who is here from so many already?"""
    if count >= count_max:
        return Refused(
            Ground.TOO_MANY_CONNECTIONS, f"You are here from {count} devices, which is the most. Leave with one first."
        )
    return ACCEPTED


def span(seconds: int) -> str:
    """Say a length of time in words, rounded up."""
    for unit, unit_s in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds > unit_s:
            return f"{ceil(seconds / unit_s)} {unit}s"
    return "one second" if seconds <= 1 else f"{seconds} seconds"


def open_room(person: Person, wanted: str, alike: Room | None) -> Verdict:
    """May this person open a room under a new name? Not under one that looks like the name of a room there is.

    Args:
        person: Who wants it.
        wanted: The name.
        alike: A room whose name looks like it; None: there is none. A secret one is not named to outsiders.
    """
    if readings(wanted) is None:
        return Refused(
            Ground.NAME_UNFIT,
            "This name has too many characters that look like others. Write it in the letters of one alphabet.",
        )
    if alike is not None:
        other = f"the name of {alike.name}" if know(person, alike) is ACCEPTED else "that of another room"
        return Refused(Ground.NAME_ALIKE, f"This name looks too much like {other}. Choose another one.")
    return ACCEPTED


def change_name(person: Person) -> Verdict:
    """May this person change their pseudonym where they are now? Not while banned or silenced in a room."""
    for room in person.rooms:
        if room.lists and not room.members[person] and is_silenced(person, room):
            return Refused(Ground.BANNED, f"You are banned in {room.name} and cannot change your name while in it.")
    return ACCEPTED


def pace_of_names(changes: int, changes_max: int, window_s: int) -> Verdict:
    """May this person change their pseudonym once more, after so many changes in the window?"""
    if changes >= changes_max:
        return Refused(
            Ground.TOO_MANY_NAMES,
            f"You have changed your pseudonym {changes} times in {window_s} seconds. Wait a little and try again.",
        )
    return ACCEPTED


def guess_token(failures: int, failures_max: int) -> Verdict:
    """May a resume token be tried from this address, after so many wrong ones?"""
    if failures >= failures_max:
        return Refused(
            Ground.TOO_MANY_FAILURES, "Too many wrong tokens from your address. Wait ten minutes and try again."
        )
    return ACCEPTED


def operate(person: Person) -> Verdict:
    """May this person use an operator's command?"""
    if not person.modes & OPERATOR:
        return Refused(Ground.NOT_AN_OPERATOR, "Permission Denied- You're not an IRC operator")
    return ACCEPTED


def login(failures: int, failures_max: int, window_s: float) -> Verdict:
    """May a password be tried from this address, after so many wrong ones?"""
    if failures >= failures_max:
        return Refused(
            Ground.TOO_MANY_FAILURES, f"Too many wrong passwords from your address. {_wait(window_s)} and try again."
        )
    return ACCEPTED


def login_to(failures: int, failures_max: int, window_s: float) -> Verdict:
    """May a password be tried for this account, after so many wrong ones from wherever?"""
    if failures >= failures_max:
        return Refused(
            Ground.TOO_MANY_FAILURES, f"Too many wrong passwords for this account. {_wait(window_s)} and try again."
        )
    return ACCEPTED


def register(registered: int, registered_max: int) -> Verdict:
    """May one more account be registered from this address within the hour?"""
    if registered >= registered_max:
        return Refused(
            Ground.TOO_MANY_ACCOUNTS,
            "Too many accounts were registered from your address. Wait an hour and try again.",
        )
    return ACCEPTED


def send_code(sent: int, sent_max: int) -> Verdict:
    """May one more code be sent to this address within the day? Nobody is to be flooded with them."""
    if sent >= sent_max:
        return Refused(
            Ground.TOO_MANY_ACCOUNTS, "Enough codes were sent to this address. Use the newest one, or wait a day."
        )
    return ACCEPTED


def new_password(given: str, account: str, bytes_min: int, bytes_max: int) -> Verdict:
    """May this be an account's password? It has to fit into a command as one word, and not to be guessed at once."""
    size = len(given.encode())
    if not given or size > bytes_max:
        return Refused(Ground.PASSWORD_UNFIT, f"A password has 1 to {bytes_max} bytes.")
    if given[0] == ":" or not given.isprintable() or any(char.isspace() for char in given):
        return Refused(Ground.PASSWORD_UNFIT, "A password has no spaces, no control characters, and no colon in front.")
    if size < bytes_min:
        return Refused(Ground.PASSWORD_WEAK, f"This password is too short: take {bytes_min} bytes or more.")
    if bytes_min > 1 and (given.casefold().strip("0123456789") == account.casefold() or len(set(given)) < 4):
        return Refused(Ground.PASSWORD_WEAK, "This password is guessed at once. Take several words, or a longer one.")
    return ACCEPTED


def new_certificate(count: int, count_max: int) -> Verdict:
    """May one more certificate log in to this account?"""
    if count >= count_max:
        return Refused(Ground.LIST_FULL, f"Your account has {count_max} certificates, which is the most. Delete one.")
    return ACCEPTED


def _wait(window_s: float) -> str:
    minutes = max(1, ceil(window_s / 60))
    return f"Wait {minutes} minutes" if minutes > 1 else "Wait a minute"


def password(is_right: bool) -> Verdict:
    """May whoever gave this password pass?"""
    if not is_right:
        return Refused(Ground.WRONG_PASSWORD, "Password incorrect")
    return ACCEPTED


def connect(open_now: int, opened_in_minute: int, open_max: int, per_minute_max: int) -> Verdict:
    """May one more connection come from this address (IPv6: this /64)?"""
    if open_now >= open_max:
        return Refused(
            Ground.TOO_MANY_CONNECTIONS, f"Your address has {open_now} connections, which is the most. Close one first."
        )
    if opened_in_minute >= per_minute_max:
        return Refused(
            Ground.TOO_MANY_CONNECTIONS,
            "Your address has connected too often in a minute. Wait a minute and try again.",
        )
    return ACCEPTED


def set_metadata(person: Person, owner: Person | Room, *, removes: bool, known_s: int | None, after_s: int) -> Verdict:
    """May this person say something beside that name? Of oneself, unless a newcomer; of a room, its hosts.

    Args:
        person: Who would set it.
        owner: Of whom or what.
        removes: It is taken away: one's own always may be, and staff may take away that of others.
        known_s: For how long the person's account has existed; None: a guest.
        after_s: From when on newcomers may; 0: at once, guests too.
    """
    if removes and (owner is person or person.modes & OPERATOR):
        return ACCEPTED
    if isinstance(owner, Room):
        return _host(person, owner)
    if owner is not person:
        return Refused(
            Ground.NOT_ONES_OWN, "This belongs to somebody else: you can set your own, and that of your rooms."
        )
    if after_s and (known_s is None or known_s < after_s):
        return Refused(
            Ground.NEWCOMER,
            f"This is for accounts that are at least {-(-after_s // 3600)} hours old. Register, and try again then.",
        )
    return ACCEPTED


def display_name(person: Person, holder: Person | None, claimed: bool) -> Verdict:
    """May clients show this name in place of the person's pseudonym? Not one that belongs to somebody else.

    Args:
        person: Whose it would be.
        holder: Who bears it as a pseudonym now.
        claimed: It is, or looks like, a name that belongs to another account or person, or to staff.
    """
    if claimed or (holder is not None and holder is not person):
        return Refused(Ground.NAME_TAKEN, "This is, or looks like, the pseudonym of somebody else. Choose another.")
    return ACCEPTED


def relayed_line(body_bytes: int, body_bytes_max: int) -> Verdict:
    """Does a line still fit once the sender's mask stands in front? It is refused whole, never cut."""
    if body_bytes > body_bytes_max:
        return Refused(
            Ground.TOO_LONG,
            f"Input line was too long by {body_bytes - body_bytes_max} bytes: it was not delivered. Split it.",
        )
    return ACCEPTED


def text(what: str, given_bytes: int, bytes_max: int) -> Verdict:
    """Is a topic, a reason or the like short enough? It is refused whole, never cut."""
    if given_bytes > bytes_max:
        return Refused(
            Ground.TOO_LONG, f"{what} is {given_bytes} bytes long, and {bytes_max} are the most: shorten it."
        )
    return ACCEPTED


def act(sealing_fails: bool, waiting: int, waiting_max: int) -> Verdict:
    """May anybody act at all? Not while nothing can be sealed, or when too much already waits for it."""
    if sealing_fails:
        return Refused(
            Ground.ARCHIVE_UNAVAILABLE, "The archive cannot be written: nothing was delivered. Try again in a moment."
        )
    if waiting >= waiting_max:
        return Refused(
            Ground.SERVER_BUSY, "Too much waits to be sealed: this was not delivered. Try again in a moment."
        )
    return ACCEPTED


def rank_needed(marks: str) -> int:
    """Give the least rank that a message to `@#room` or `+#room` is for (STATUSMSG)."""
    return VOICE | HOST if "+" in marks else HOST
