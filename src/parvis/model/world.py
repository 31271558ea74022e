"""Who is where: people by pseudonym, rooms by name, and the one function that changes them.

Rule 1: nothing but `World.apply` changes a person or a room, so that another process that applies the same
events has the same world.
Rule 2: every change of members, and of a member's wire signature, clears the room's `audience`.
"""

from typing import assert_never

from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.decisions import Decision
from parvis.model.ids import NOBODY, ConversationId, IdentityId, SessionId
from parvis.model.looks import Looks
from parvis.model.pending import Pending
from parvis.model.person import ACCEPTED_MAX, INVISIBLE, NO_ROOMS, OPERATOR, Person
from parvis.model.room import INVITED_MAX, SPEECH_FLAGS, Room
from parvis.model.sanctions import Defence, ServerBan


class World:
    """People by folded pseudonym and rooms by folded name."""

    def __init__(self) -> None:
        """Make a world with nobody and nowhere."""
        self.people: dict[str, Person] = {}
        self.rooms: dict[str, Room] = {}
        self.accounts: dict[IdentityId, Account] = {}
        self.account_names: dict[str, Account] = {}
        """Accounts by the folded pseudonym they hold."""
        self.showing: dict[ConversationId, Room] = {}
        """The rooms whose hosts chose to show newcomers something."""
        self.bans: tuple[ServerBan, ...] = ()
        """Sanctions of the whole server. Replaced at each change, so that an index of them knows when it is old."""
        self.defence: Defence | None = None
        """The level of defence, when it is not the normal one."""
        self.people_looks = Looks()
        self.room_looks = Looks()
        self.account_looks = Looks()
        self.silences: dict[IdentityId, tuple[str, ...]] = {}
        """Masks of those an identity reads nothing from; only who silences somebody stands here."""
        self.accepted: dict[SessionId, dict[IdentityId, str]] = {}
        """The guests whom a session reads although it reads accounts alone, and what they were called then."""
        self.invitations: dict[SessionId, dict[Room, None]] = {}
        """The rooms that a session was let into and has not joined; the other side of `Room.invited`."""
        self.metadata: dict[bytes, dict[str, str]] = {}
        """Values by key, of accounts, of guests by their session, and of rooms (`model/metadata.py`)."""
        self.pending: dict[str, Pending] = {}
        """Accounts that wait for a code, by the folded pseudonym they are to hold, in the order of their ends."""
        self.certificates: dict[str, tuple[IdentityId, ...]] = {}
        """Accounts by the certificates that log in to them."""
        self.restrictions: dict[IdentityId, tuple[Decision, ...]] = {}
        """What moderation decided about an identity and is in force, the newest last."""
        self.present: dict[IdentityId, tuple[Person, ...]] = {}
        """Who is here by the account that they are logged in to."""
        self.operators = 0
        self.invisible = 0

    def apply(self, event: e.Event) -> None:
        """Make an event true."""
        match event:
            case e.Joined(person, room, rank):
                room.members[person] = rank
                self._uninvite(room, person.session)
                person.rooms = (*person.rooms, room)
                room.audience = None
            case e.Parted(person, room):
                self._take_out(person, room)
                person.rooms = tuple(each for each in person.rooms if each is not room)
            case e.Entered():
                self._enter(event)
            case e.Left(person):
                self._leave(person)
            case e.Renamed(person, nick, folded):
                del self.people[person.folded]
                self.people_looks.drop(person.folded)
                self.people[folded] = person
                self.people_looks.add(folded)
                person.nick, person.folded = nick, folded
                person.prefix = person.mask().encode()
            case e.CarriedOver(old, new):
                self._carry_over(old, new)
            case e.AccountKept(account, folded):
                self._list_certificates(account, account.certificates)
                self.accounts[account.id] = self.account_names[folded] = account
                self.account_looks.add(folded)
            case e.AccountDeleted(account, folded):
                self._list_certificates(account, ())
                del self.accounts[account.id], self.account_names[folded]
                self.account_looks.drop(folded)
                self.silences.pop(account.id, None)
                self.metadata.pop(account.id, None)
            case e.PendingKept(pending, folded):
                self.pending[folded] = pending
            case e.PendingEnded(_, folded):
                del self.pending[folded]
            case e.LoggedIn(person, account):
                self._log_out(person)
                person.identity, person.account = account.id, account.name
                self.present[account.id] = (*self.present.get(account.id, ()), person)
            case e.LoggedOut(person, identity):
                self._log_out(person)
                person.identity, person.account = identity, ""
            case e.RoomOpened(room_id, name, folded, flags, at_ms):
                room = self.rooms[folded] = Room(room_id, name, folded, at_ms)
                room.flags = frozenset(flags)
                _look_at_speech(room)
                self.room_looks.add(folded)
            case e.RoomRestored():
                self._restore(event)
            case e.RoomRegistered(room, owner):
                room.registered, room.owner = True, owner
            case e.RoomGiven(room, owner):
                room.owner = owner
            case e.RoomDropped(room):
                room.registered, room.owner, room.hosts = False, NOBODY, {}
                self._end_if_empty(room)
            case e.StandingGiven(room, identity, rank):
                if rank:
                    # Who has one already keeps their place: the longest-standing host comes first.
                    room.hosts[identity] = rank
                else:
                    room.hosts.pop(identity, None)
            case e.TopicSet(room, topic, by, at_ms):
                room.topic, room.topic_set_by, room.topic_set_at_ms = topic, by, at_ms
            case e.RankChanged(room, person, rank, given):
                held = room.members[person]
                room.members[person] = held | rank if given else held & ~rank
            case e.FlagChanged(room, letter, adding):
                room.flags = room.flags | {letter} if adding else room.flags - {letter}
                _look_at_speech(room)
            case e.KeySet(room, key):
                room.key = key
            case e.LimitSet(room, limit):
                room.limit = limit
            case e.VisibleSet(room, seconds, from_ms):
                room.visible_s, room.visible_from_ms = seconds, from_ms
                if seconds:
                    self.showing[room.id] = room
                else:
                    self.showing.pop(room.id, None)
            case e.MaskListed(room, entry):
                room.lists.setdefault(entry.kind, []).append(entry)
                _look_at_speech(room)
            case e.MaskUnlisted(room, kind, mask):
                room.lists[kind] = [entry for entry in room.entries(kind) if entry.mask != mask]
                _look_at_speech(room)
            case e.Invited(room, person):
                self._invite(room, person.session)
            case e.UserModesSet(person, modes):
                self.operators += bool(modes & OPERATOR) - bool(person.modes & OPERATOR)
                self.invisible += bool(modes & INVISIBLE) - bool(person.modes & INVISIBLE)
                person.modes = modes
            case e.AwaySet(person, message):
                person.away = message
            case e.HostChanged(person, user, host):
                person.user, person.host = user, host
                person.prefix = person.mask().encode()
            case e.SilenceSet(identity, masks):
                if masks:
                    self.silences[identity] = masks
                else:
                    self.silences.pop(identity, None)
            case e.WriterAccepted():
                self._accept(event)
            case e.RealNameSet(person, real_name):
                person.real_name = real_name
            case e.ServerBanned(ban):
                self.bans = (*self.bans, ban)
            case e.ServerBanEnded(ban):
                self.bans = tuple(each for each in self.bans if each.id != ban.id)
            case e.DefenceSet(defence):
                self.defence = defence
            case e.Restricted(decision):
                others = self.restrictions.get(decision.target, ())
                self.restrictions[decision.target] = (*others, decision)
            case e.Unrestricted(decision):
                left = tuple(each for each in self.restrictions[decision.target] if each.id != decision.id)
                if left:
                    self.restrictions[decision.target] = left
                else:
                    del self.restrictions[decision.target]
            case e.MetadataSet(owner, key, value):
                self._set_metadata(owner, key, value)
            case _:
                assert_never(event)

    def _enter(self, event: e.Entered) -> None:
        person = event.person
        person.session, person.identity = event.session, event.identity
        person.nick = event.nick
        # Most names are their own folded form: one text then stands for both.
        person.folded = event.nick if event.folded == event.nick else event.folded
        person.user, person.host, person.real_name = event.user, event.host, event.real_name
        person.entered_at_ms = person.spoke_at_ms = event.at_ms
        person.prefix = person.mask().encode()
        self.people[event.folded] = person
        self.people_looks.add(event.folded)

    def _list_certificates(self, account: Account, certificates: tuple[str, ...]) -> None:
        """Have these certificates log in to an account, and no others."""
        known = self.accounts.get(account.id)
        for certificate in known.certificates if known is not None else ():
            others = tuple(each for each in self.certificates.pop(certificate) if each != account.id)
            if others:
                self.certificates[certificate] = others
        for certificate in certificates:
            self.certificates[certificate] = (*self.certificates.get(certificate, ()), account.id)

    def _log_out(self, person: Person) -> None:
        if not person.account:
            return
        others = tuple(each for each in self.present[person.identity] if each is not person)
        if others:
            self.present[person.identity] = others
        else:
            del self.present[person.identity]

    def _leave(self, person: Person) -> None:
        self._log_out(person)
        for room in person.rooms:
            self._take_out(person, room)
        person.rooms = NO_ROOMS
        self.operators -= bool(person.modes & OPERATOR)
        self.invisible -= bool(person.modes & INVISIBLE)
        del self.people[person.folded]
        self.metadata.pop(person.session, None)
        self.people_looks.drop(person.folded)
        for room in self.invitations.pop(person.session, ()):
            room.invited.pop(person.session, None)
        self.accepted.pop(person.session, None)
        if not person.account:
            # What a guest chose lasts as long as the session.
            self.silences.pop(person.identity, None)

    def _accept(self, event: e.WriterAccepted) -> None:
        chosen = self.accepted.pop(event.reader, {})
        chosen.pop(event.writer, None)
        if event.is_accepted:
            if len(chosen) >= ACCEPTED_MAX:
                del chosen[next(iter(chosen))]
            chosen[event.writer] = event.nick
        if chosen:
            self.accepted[event.reader] = chosen

    def _invite(self, room: Room, session: SessionId) -> None:
        if session not in room.invited and len(room.invited) >= INVITED_MAX:
            self._uninvite(room, next(iter(room.invited)))
        room.invited[session] = None
        self.invitations.setdefault(session, {})[room] = None

    def _uninvite(self, room: Room, session: SessionId) -> None:
        if session not in room.invited:
            return
        del room.invited[session]
        rooms = self.invitations[session]
        del rooms[room]
        if not rooms:
            del self.invitations[session]

    def _set_metadata(self, owner: bytes, key: str, value: str) -> None:
        if value:
            self.metadata.setdefault(owner, {})[key] = value
            return
        values = self.metadata[owner]
        del values[key]
        if not values:
            del self.metadata[owner]

    def _carry_over(self, old: Person, new: Person) -> None:
        for slot in Person.__slots__:
            setattr(new, slot, getattr(old, slot))
        self.people[new.folded] = new
        if new.account:
            here = self.present[new.identity]
            self.present[new.identity] = tuple(new if person is old else person for person in here)
        for room in new.rooms:
            # In the same place: who has been there longest stays first.
            room.members = {new if person is old else person: rank for person, rank in room.members.items()}
            room.audience = None
        old.rooms = NO_ROOMS

    def _take_out(self, person: Person, room: Room) -> None:
        del room.members[person]
        room.audience = None
        self._end_if_empty(room)

    def _end_if_empty(self, room: Room) -> None:
        if not room.members and not room.registered:
            del self.rooms[room.folded]
            self.showing.pop(room.id, None)
            self.room_looks.drop(room.folded)
            for session in list(room.invited):
                self._uninvite(room, session)
            self.metadata.pop(room.id, None)

    def _restore(self, event: e.RoomRestored) -> None:
        kept = event.kept
        room = self.rooms[event.folded] = Room(kept.id, kept.name, event.folded, kept.created_at_ms)
        self.room_looks.add(event.folded)
        room.registered = True
        room.owner = kept.owner
        room.topic, room.topic_set_by, room.topic_set_at_ms = kept.topic, kept.topic_set_by, kept.topic_set_at_ms
        room.flags, room.key, room.limit = frozenset(kept.flags), kept.key, kept.limit
        for entry in kept.lists:
            room.lists.setdefault(entry.kind, []).append(entry)
        room.hosts = {host.identity: host.rank for host in kept.hosts}
        room.visible_s = kept.visible_s
        if kept.visible_s:
            self.showing[room.id] = room
        _look_at_speech(room)


def _look_at_speech(room: Room) -> None:
    """Note whether messages have to be looked at, after a change of flags or lists."""
    room.compiled = {}
    room.has_speech_rules = not SPEECH_FLAGS.isdisjoint(room.flags) or any(room.lists.values())
