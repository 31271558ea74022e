"""Who is where. Source: `model/world.py`, rules 1 and 2."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.unit.model.people import a_room, mask, somebody

from parvis.irc.casemapping import fold
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.ids import NOBODY, IdentityId, SessionId
from parvis.model.pending import Pending
from parvis.model.person import ACCEPTED_MAX, INVISIBLE, NO_ROOMS, OPERATOR, Person
from parvis.model.room import HOST, INVITED_MAX, VOICE
from parvis.model.world import World


def test_who_enters_is_found_by_any_case_of_their_name() -> None:
    """Under the folded one. Source: modern IRC, "CASEMAPPING"."""
    world = World()
    alice = somebody(world, "Alice")
    assert world.people == {"alice": alice}
    assert alice.prefix == b"Alice!~user@host.guest"
    assert (alice.entered_at_ms, alice.spoke_at_ms) == (1000, 1000)


def test_who_is_renamed_is_found_under_the_new_name_alone() -> None:
    """And its prefix changes with it. Source: modern IRC, "NICK"."""
    world = World()
    alice = somebody(world, "alice")
    world.apply(e.Renamed(alice, "Bob", "bob"))
    assert world.people == {"bob": alice}
    assert alice.prefix == b"Bob!~user@host.guest"
    world.apply(e.Renamed(alice, "BOB", "bob"))
    assert world.people == {"bob": alice}


def test_another_connection_carries_a_person_on_unseen() -> None:
    """Name, rooms, rank and place in them stay; the rooms forget their audiences. Source: ADR 8."""
    world = World()
    alice, bob = somebody(world, "alice"), somebody(world, "bob")
    room = a_room(world, members=[alice, bob])
    world.apply(e.RankChanged(room, alice, HOST, True))
    room.audience = object()
    new = Person()
    world.apply(e.CarriedOver(alice, new))
    assert world.people == {"alice": new, "bob": bob}
    assert list(room.members.items()) == [(new, HOST), (bob, 0)]
    assert (new.nick, new.session, new.rooms) == ("alice", alice.session, (room,))
    assert room.audience is None
    assert alice.rooms == NO_ROOMS


def test_metadata_goes_with_its_owner() -> None:
    """With a guest's session, a room's end, an account. Source: IRCv3 draft/metadata-2; ADR 7."""
    world = World()
    alice = somebody(world, "alice")
    room = a_room(world, members=[alice])
    ada = Account(id=IdentityId(b"a" * 16), name="Ada", registered_at_ms=7)
    world.apply(e.AccountKept(ada, "ada"))
    for owner in (alice.session, room.id, ada.id):
        world.apply(e.MetadataSet(owner, "status", "up"))
        world.apply(e.MetadataSet(owner, "color", "red"))
        world.apply(e.MetadataSet(owner, "color", ""))
    assert list(world.metadata.values()) == [{"status": "up"}] * 3
    assert "up" not in repr(e.MetadataSet(ada.id, "status", "up"))
    world.apply(e.MetadataSet(ada.id, "status", ""))
    assert set(world.metadata) == {alice.session, room.id}
    world.apply(e.MetadataSet(ada.id, "status", "up"))
    world.apply(e.AccountDeleted(ada, "ada"))
    world.apply(e.Left(alice))
    assert not world.metadata


def test_an_account_is_found_by_id_and_by_name_until_it_ends() -> None:
    """Whoever logs in is known by it; whoever logs out has an identity of a guest. Source: ADR 7."""
    world = World()
    ada = Account(id=IdentityId(b"a" * 16), name="Ada", registered_at_ms=7)
    world.apply(e.AccountKept(ada, "ada"))
    assert world.accounts == {ada.id: ada}
    assert world.account_names == {"ada": ada}
    person = somebody(world, "somebody")
    world.apply(e.LoggedIn(person, ada))
    assert (person.identity, person.account) == (ada.id, "Ada")
    world.apply(e.LoggedOut(person, IdentityId(b"g" * 16)))
    assert (person.identity, person.account) == (b"g" * 16, "")
    world.apply(e.AccountDeleted(ada, "ada"))
    assert (world.accounts, world.account_names) == ({}, {})


def an_account(name: str, *certificates: str) -> Account:
    """Make an account."""
    return Account(
        id=IdentityId(name.encode().ljust(16, b".")[:16]), name=name, registered_at_ms=1, certificates=certificates
    )


def test_an_account_is_found_by_name_and_certificate_as_long_as_it_lists_them() -> None:
    """Two may list one certificate. Source: docs/protocol/accounts.md, "Logging in"."""
    world = World()
    anna, bert = an_account("Anna", "aa", "bb"), an_account("bert", "bb")
    for account in (anna, bert):
        world.apply(e.AccountKept(account, fold(account.name)))
    assert world.account_names == {"anna": anna, "bert": bert}
    assert world.certificates == {"aa": (anna.id,), "bb": (anna.id, bert.id)}
    world.apply(e.AccountKept(an_account("Anna", "cc"), "anna"))
    assert world.certificates == {"bb": (bert.id,), "cc": (anna.id,)}
    world.apply(e.AccountDeleted(an_account("Anna"), "anna"))
    assert world.certificates == {"bb": (bert.id,)}
    assert list(world.accounts) == [bert.id]


def test_who_is_logged_in_is_listed_by_their_account() -> None:
    """From the login to the logout, through another connection, until they leave. Source: `World.present`."""
    world, account, other = World(), an_account("anna"), an_account("bert")
    one, two = somebody(world, "one"), somebody(world, "two")
    for person in (one, two):
        world.apply(e.LoggedIn(person, account))
    assert world.present == {account.id: (one, two)}
    assert (one.identity, one.account) == (account.id, "anna")
    new = Person()
    world.apply(e.CarriedOver(one, new))
    assert world.present == {account.id: (new, two)}
    world.apply(e.LoggedIn(two, other))
    assert world.present == {account.id: (new,), other.id: (two,)}
    world.apply(e.LoggedOut(two, IdentityId(b"g" * 16)))
    assert (two.identity, two.account) == (IdentityId(b"g" * 16), "")
    world.apply(e.LoggedOut(two, IdentityId(b"h" * 16)))
    world.apply(e.Left(new))
    world.apply(e.Left(two))
    assert world.present == {}


def test_an_account_that_waits_is_found_until_it_ends() -> None:
    """Source: IRCv3 draft/account-registration, "VERIFY"."""
    world = World()
    pending = Pending(id=IdentityId(b"a" * 16), name="Anna", password="", code=b"", ends_at_ms=1)
    world.apply(e.PendingKept(pending, "anna"))
    assert world.pending == {"anna": pending}
    world.apply(e.PendingEnded(pending, "anna"))
    assert world.pending == {}


def test_joining_uses_up_an_invitation_and_forgets_the_audience() -> None:
    """Source: `model/world.py`, rule 2; modern IRC, "INVITE"."""
    world = World()
    alice, room = somebody(world, "alice"), a_room(world)
    world.apply(e.Invited(room, alice))
    assert list(room.invited) == [alice.session]
    room.audience = object()
    world.apply(e.Joined(alice, room, HOST))
    assert (room.members, alice.rooms, room.invited, room.audience) == ({alice: HOST}, (room,), {}, None)


def test_a_room_ends_with_its_last_member_unless_it_is_registered() -> None:
    """Source: RFC 2811, section 3; docs/glossary.md."""
    world = World()
    alice, bob = somebody(world, "alice"), somebody(world, "bob")
    room = a_room(world, "#a", members=[alice, bob])
    kept = a_room(World(), "#b").kept()
    world.apply(e.RoomRestored(kept, "#b"))
    world.apply(e.Joined(alice, world.rooms["#b"], 0))
    world.apply(e.Parted(alice, room))
    assert set(world.rooms) == {"#a", "#b"}
    world.apply(e.Left(bob))
    world.apply(e.Left(alice))
    assert set(world.rooms) == {"#b"}
    assert world.people == {}
    assert alice.rooms is NO_ROOMS


def test_a_registered_room_stays_until_it_is_dropped() -> None:
    """Then it ends with its last member, or at once. Source: docs/adr/0016-who-runs-a-room.md."""
    world = World()
    alice = somebody(world, "alice")
    full, empty = a_room(world, "#a", members=[alice]), a_room(world, "#b", members=[alice])
    for room in (full, empty):
        world.apply(e.RoomRegistered(room, alice.identity))
        world.apply(e.StandingGiven(room, alice.identity, HOST))
    world.apply(e.Parted(alice, empty))
    assert set(world.rooms) == {"#a", "#b"}
    world.apply(e.RoomDropped(empty))
    world.apply(e.RoomDropped(full))
    assert set(world.rooms) == {"#a"}
    assert (full.registered, full.owner, full.hosts) == (False, NOBODY, {})
    world.apply(e.Parted(alice, full))
    assert world.rooms == {}


def test_hosts_stand_in_the_order_in_which_they_came() -> None:
    """A changed rank keeps the place. Source: `StandingGiven`."""
    world = World()
    one, two = somebody(world, "one").identity, somebody(world, "two").identity
    room = a_room(world)
    for identity, rank in ((one, HOST), (two, HOST), (one, VOICE)):
        world.apply(e.StandingGiven(room, identity, rank))
    assert list(room.hosts.items()) == [(one, VOICE), (two, HOST)]
    world.apply(e.StandingGiven(room, one, 0))
    assert room.hosts == {two: HOST}


def test_whether_messages_are_looked_at() -> None:
    """As long as a mode of speech or an entry is there, after a restart too. Source: `Room.has_speech_rules`."""
    world = World()
    room = a_room(world, flags="nst")
    seen = [room.has_speech_rules]
    for letter in "CmMU":
        world.apply(e.FlagChanged(room, letter, True))
        seen.append(room.has_speech_rules)
        world.apply(e.FlagChanged(room, letter, False))
        seen.append(room.has_speech_rules)
    mask(world, room, "b", "a!*@*")
    room.compiled["b"] = object()
    assert [*seen, room.has_speech_rules] == [False, *(True, False) * 4, True]
    again = World()
    again.apply(e.RoomRestored(room.kept(), "#nave"))
    assert again.rooms["#nave"].has_speech_rules
    world.apply(e.MaskUnlisted(room, "b", "a!*@*"))
    assert (room.has_speech_rules, room.compiled) == (False, {})


def test_ranks_are_given_and_taken_each_by_itself() -> None:
    """Source: modern IRC, "Channel Membership Prefixes"."""
    world = World()
    alice = somebody(world, "alice")
    room = a_room(world, members=[alice])
    for rank, given, held in ((HOST, True, HOST), (VOICE, True, HOST | VOICE), (HOST, False, VOICE)):
        world.apply(e.RankChanged(room, alice, rank, given))
        assert room.members[alice] == held


def test_modes_topics_and_lists() -> None:
    """Set and taken away. Source: modern IRC, "Channel Modes"."""
    world = World()
    room = a_room(world, flags="nt")
    world.apply(e.FlagChanged(room, "m", True))
    world.apply(e.FlagChanged(room, "n", False))
    assert room.flags == {"m", "t"}
    mask(world, room, "b", "a!*@*")
    mask(world, room, "b", "b!*@*")
    world.apply(e.MaskUnlisted(room, "b", "a!*@*"))
    assert [entry.mask for entry in room.entries("b")] == ["b!*@*"]
    world.apply(e.TopicSet(room, "words", "alice", 9))
    assert (room.topic, room.topic_set_by, room.topic_set_at_ms) == ("words", "alice", 9)


def test_invitations_that_wait_are_bounded() -> None:
    """The oldest go. Source: `INVITED_MAX`; ARCHITECTURE.md, "Invariants", 7."""
    world = World()
    room = a_room(world)
    for number in range(INVITED_MAX + 1):
        person = somebody(world, f"n{number}")
        person.session = SessionId(number.to_bytes(16, "big"))
        world.apply(e.Invited(room, person))
    assert len(room.invited) == INVITED_MAX
    assert SessionId(bytes(16)) not in room.invited


def test_what_is_said_of_oneself() -> None:
    """Away and real name. Source: modern IRC, "AWAY"; IRCv3 setname."""
    world = World()
    alice = somebody(world, "alice")
    world.apply(e.AwaySet(alice, "out"))
    world.apply(e.RealNameSet(alice, "Alice A."))
    assert (alice.away, alice.real_name) == ("out", "Alice A.")


class AnyWorld(RuleBasedStateMachine):
    """People who come, go, join, part, rename and change modes in any order."""

    def __init__(self) -> None:
        """Begin with nobody."""
        super().__init__()
        self.world = World()
        self.made = 0

    @rule()
    def enter(self) -> None:
        """Somebody enters."""
        self.made += 1
        somebody(self.world, f"Nick{self.made}")

    @precondition(lambda self: self.world.people)
    @rule(data=st.data(), name=st.sampled_from(["#a", "#B", "#c"]), rank=st.sampled_from([0, HOST, VOICE]))
    def join(self, data: st.DataObject, name: str, rank: int) -> None:
        """Somebody joins a room, opening it if need be."""
        person = data.draw(st.sampled_from(list(self.world.people.values())))
        room = self.world.rooms.get(fold(name)) or a_room(self.world, name)
        if person not in room.members:
            self.world.apply(e.Joined(person, room, rank))

    @precondition(lambda self: any(person.rooms for person in self.world.people.values()))
    @rule(data=st.data())
    def part(self, data: st.DataObject) -> None:
        """Somebody parts."""
        person = data.draw(st.sampled_from([each for each in self.world.people.values() if each.rooms]))
        self.world.apply(e.Parted(person, data.draw(st.sampled_from(person.rooms))))

    @precondition(lambda self: self.world.people)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """Somebody leaves the server."""
        self.world.apply(e.Left(data.draw(st.sampled_from(list(self.world.people.values())))))

    @precondition(lambda self: self.world.people)
    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        """Somebody takes another name."""
        person = data.draw(st.sampled_from(list(self.world.people.values())))
        self.made += 1
        self.world.apply(e.Renamed(person, f"Other{self.made}", f"other{self.made}"))

    @precondition(lambda self: self.world.people)
    @rule(data=st.data(), modes=st.sampled_from([0, INVISIBLE, OPERATOR, INVISIBLE | OPERATOR]))
    def change_modes(self, data: st.DataObject, modes: int) -> None:
        """Somebody's own modes change."""
        self.world.apply(e.UserModesSet(data.draw(st.sampled_from(list(self.world.people.values()))), modes))

    @invariant()
    def members_and_rooms_agree(self) -> None:
        """Who is in a room has it among its rooms, and the other way round."""
        people = list(self.world.people.values())
        for room in self.world.rooms.values():
            assert room.members
            assert all(room in person.rooms and person in people for person in room.members)
        for person in people:
            assert len(set(person.rooms)) == len(person.rooms)
            assert all(person in room.members and room in self.world.rooms.values() for room in person.rooms)

    @invariant()
    def names_and_counts_agree(self) -> None:
        """Everybody is found under their own name, and counted once."""
        people = self.world.people
        assert all(folded == person.folded == fold(person.nick) for folded, person in people.items())
        assert all(person.prefix == person.mask().encode() for person in people.values())
        assert self.world.operators == sum(bool(person.modes & OPERATOR) for person in people.values())
        assert self.world.invisible == sum(bool(person.modes & INVISIBLE) for person in people.values())


TestAnyWorld = AnyWorld.TestCase
TestAnyWorld.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_a_room_shows_newcomers_what_its_hosts_chose() -> None:
    """How much, and from when on; the rooms that show anything are known. Source: docs/adr/0013."""
    world = World()
    anna = somebody(world, "anna")
    room = a_room(world, members=[anna])
    world.apply(e.VisibleSet(room, 7200, 5000))
    assert (room.visible_s, room.visible_from_ms, world.showing) == (7200, 5000, {room.id: room})
    world.apply(e.VisibleSet(room, None, 6000))
    assert (room.visible_s, room.visible_from_ms, world.showing) == (None, 6000, {})
    world.apply(e.VisibleSet(room, 60, 6000))
    world.apply(e.Parted(anna, room))
    assert world.showing == {}


def test_invitations_are_known_from_both_sides() -> None:
    """By room and by session, until they are used, pushed out, or one side ends. Source: `World.invitations`."""
    world = World()
    guest, host = somebody(world, "guest"), somebody(world, "host")
    one, other = a_room(world, "#one", members=[host]), a_room(world, "#other", members=[host])
    for room in (one, other, one):
        world.apply(e.Invited(room, guest))
    assert list(world.invitations[guest.session]) == [one, other]
    world.apply(e.Joined(guest, one, 0))
    assert list(world.invitations[guest.session]) == [other]
    world.apply(e.Parted(host, other))
    assert world.invitations == {}
    world.apply(e.Invited(one, host))
    world.apply(e.Left(host))
    assert (world.invitations, one.invited) == ({}, {})


def test_the_oldest_invitation_of_a_room_goes_first() -> None:
    """From both sides. Source: `model/room.py`, INVITED_MAX."""
    world = World()
    host = somebody(world, "host")
    room = a_room(world, members=[host])
    guests = [somebody(world, f"guest{number}") for number in range(INVITED_MAX + 1)]
    for guest in guests:
        world.apply(e.Invited(room, guest))
    assert len(room.invited) == len(world.invitations) == INVITED_MAX
    assert guests[0].session not in world.invitations


def test_a_changed_host_stands_in_the_prefix() -> None:
    """And in the mask. Source: IRCv3 chghost."""
    world = World()
    person = somebody(world, "Alice")
    world.apply(e.HostChanged(person, "~other", "host.member"))
    assert person.prefix == b"Alice!~other@host.member" == person.mask().encode()


def test_a_guests_silences_end_with_the_session_and_an_accounts_do_not() -> None:
    """An account's end with the account. Source: docs/adr/0015-people-and-queries.md."""
    world = World()
    guest, member = somebody(world, "guest"), somebody(world, "member")
    account = Account(id=IdentityId(b"a" * 16), name="member", registered_at_ms=1)
    world.apply(e.AccountKept(account, "member"))
    world.apply(e.LoggedIn(member, account))
    for person in (guest, member):
        world.apply(e.SilenceSet(person.identity, ("troll!*@*",)))
        world.apply(e.Left(person))
    assert world.silences == {account.id: ("troll!*@*",)}
    world.apply(e.SilenceSet(account.id, ()))
    assert world.silences == {}
    world.apply(e.SilenceSet(account.id, ("troll!*@*",)))
    world.apply(e.AccountDeleted(account, "member"))
    assert world.silences == {}


def test_accepted_guests_are_bounded_and_end_with_the_session() -> None:
    """The oldest go, whoever is accepted again is newest, nothing empty stays. Source: `model/person.py`."""
    world = World()
    reader = somebody(world, "reader")
    writers = [IdentityId(number.to_bytes(16, "big")) for number in range(ACCEPTED_MAX)]
    for writer in [*writers, writers[0], IdentityId(b"n" * 16)]:
        world.apply(e.WriterAccepted(reader.session, writer, "guest", True))
    assert list(world.accepted[reader.session]) == [*writers[2:], writers[0], IdentityId(b"n" * 16)]
    for writer in [*writers, IdentityId(b"n" * 16), IdentityId(b"n" * 16)]:
        world.apply(e.WriterAccepted(reader.session, writer, "", False))
    assert world.accepted == {}
    world.apply(e.WriterAccepted(reader.session, writers[0], "guest", True))
    world.apply(e.Left(reader))
    assert world.accepted == {}
