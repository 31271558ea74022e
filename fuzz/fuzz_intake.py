"""Whatever several clients send, nothing breaks: every answer is a good line, and the world agrees with itself.

The whole core of the chat runs: intake, commands, gates, batch, delivery, over the archive's twin in memory and a
clock that moves when told. An input is a play: one byte says whose turn it is, the rest of its line is what they send.
"""

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog

from mutation import run
from parvis.app.verifiers import Verifiers
from parvis.app.wording import FluentWording
from parvis.archive.sealing import Wrapping
from parvis.archive.terms import DEFAULT_TERMS
from parvis.chat.chance import Chance
from parvis.chat.client import Client
from parvis.chat.cloaks import conversation_of_pair
from parvis.chat.doors import Doors
from parvis.chat.intake import Intake
from parvis.chat.outside import Outside
from parvis.chat.service import Chat
from parvis.chat.settings import Operator, Settings
from parvis.chat.turn import Turn
from parvis.irc.capabilities import STREAM
from parvis.irc.casemapping import fold
from parvis.irc.framing import split_lines
from parvis.irc.limits import BODY_BYTES_MAX, SERVER_TAGS_BYTES_MAX
from parvis.irc.line import Malformed, parse_line
from parvis.legal.erasure import Erasure
from parvis.model.accounts import Account
from parvis.model.audit import ErasureAsked, audit_record
from parvis.model.events import AccountKept, LoggedIn
from parvis.model.ids import NOBODY, IdentityId
from parvis.model.kept import KeptKind, keep
from parvis.model.person import ACCEPTED_MAX, INVISIBLE, OPERATOR
from parvis.ports.rights import EraseAsked
from parvis.store.beginning import TermBook
from parvis.store.memory import Fault, MemoryArchive
from parvis.store.memory_history import MemoryHistory

T = TypeVar("T")

PASSWORDS = Verifiers(bytes(32), memory_kib=8, passes=1, iterations=2)

CLIENTS = 4
ACCOUNTS = 2
"""The first of them are logged in to accounts of their own."""
TURN_S = 0.3
TOKEN = re.compile(rb" RESUME TOKEN (\S+)| resume:(\S+)")

CAPS = (
    b"CAP REQ :message-tags server-time echo-message labeled-response batch multi-prefix away-notify setname chghost "
    b"extended-monitor invite-notify draft/multiline draft/metadata-2 draft/whoami"
)
PLAIN = b"AUTHENTICATE AG4wAHNlc2FtZS00Mg=="
DELETE = b"ACCOUNT DELETE sesame-42"
PLAYS = [
    [CAPS, b"JOIN #a,#b", b"PRIVMSG #a :hi", b"@label=x;+t=u PRIVMSG #a,n1,n2 :all", b"@+typing=active TAGMSG #a"],
    [
        b"JOIN #a",
        b"MODE #a +kl-n key 5",
        b"MODE #a +bbeI a!*@* *!*@b n1 n2",
        b"MODE #a b",
        b"MODE #a -b+ov A!*@* n1 n2",
    ],
    [b"TOPIC #a :words", b"TOPIC #a", b"NAMES #a", b"WHO #a", b"WHO *", b"WHOIS n1", b"LIST >0,*a*", b"LUSERS"],
    [b"NICK n9", b"NICK n0", b"AWAY :out", b"AWAY", b"SETNAME :new", b"USERHOST n1 n2 n3", b"MODE n1 +iT", b"ISUPPORT"],
    [b"MODE #a +uUCMR", b"MODE #a +bbe a:n1 m:n2!*@* ~account:*", b"PRIVMSG #a,n1 :\x01PING\x01", b"MODE #a +s"],
    [b"ROOM REGISTER #a", b"ROOM HOST ADD #a n1", b"ROOM INFO #a", b"ROOM HOST LIST #a", b"ROOM TRANSFER #a n1"],
    [b"ROOM LIST", b"ROOM HOST DEL #a n0", b"PART #a", b"JOIN #a", b"ROOM DROP #a #a", b"ROOM DANCE #a", b"ROOM HOST"],
    [b"KICK #a n1 :out", b"INVITE n1 #a", b"PART #a :bye", b"JOIN 0", b"QUIT :gone", b"PING x", b"PONG", b"MOTD"],
    [
        b"MONITOR + n1,n2,N9,*!x@y",
        b"MONITOR S",
        b"MONITOR L",
        b"MONITOR - n1",
        b"MONITOR C",
        b"MODE n0 +Bw",
        b"WALLOPS :x",
    ],
    [b"SILENCE +n1,n2!*@*", b"SILENCE", b"SILENCE -n1", b"WHOWAS n9,n0 2", b"WHO * o%tcuihsnfdlaor,1", b"WHOIS n1,n2"],
    [
        b"INVITE",
        b"INVITE n1 #a",
        b"ISON n1 n2",
        b"HELP",
        b"HELP JOIN",
        b"VERSION *",
        b"TIME",
        b"INFO",
        b"ADMIN",
        b"LINKS",
    ],
    [b"MODE n1 +R", b"ACCEPT n0,N2", b"ACCEPT -n0,-", b"ACCEPT", b"ACCEPT *", b"PRIVMSG n1 :let me in", b"TAGMSG n1"],
    [b"STATS u", b"STATS d", b"REHASH", b"MODE n1 +b", b"MODE n2 -Bw+or", b"SILENCE +x@y,-n2,+*!*@*", b"MONITOR + n0"],
    [b"OPER op right", b"KILL n1 :why", b"@label=y OPER op wrong", b"CAP LS 302", b"CAP LIST", b"CAP END", b"ERROR"],
    [
        b"OPER op right",
        b"UBAN ADD 1m mask:n1!*@* :why",
        b"UBAN REQUIRE 2m ip:192.0.2.0/24 :why",
        b"UBAN ADD 30m host:x.guest :why",
        b"UBAN LIST",
        b"UBAN DEL mask:n1 :over",
        b"DEFENCE 2 1m :wave",
        b"DEFENCE",
    ],
    [b"UBAN ADD 1h ip:2001:db8::1/48 :x", b"UBAN INFO 0", b"DEFENCE 5 :over", b"WEBIRC right web h 192.0.2.77 :secure"],
    [b"PRIVMSG @#a :hosts", b"NOTICE +#a :voiced", b"NOTICE n1 :x", b"PRIVMSG #a :" + b"x" * 480, b"PRIVMSG \xff"],
    [
        CAPS,
        b"JOIN #a",
        b"@label=m;+t=u BATCH +1 draft/multiline #a",
        b"@batch=1 PRIVMSG #a :one",
        b"@batch=1;draft/multiline-concat PRIVMSG #a :two",
        b"@batch=1 PRIVMSG #a :",
        b"BATCH -1",
        b"@label=n BATCH +2 draft/multiline n1",
        b"@batch=2 NOTICE n1 :x",
        b"@batch=2;label=o NOTICE n1 :y",
        b"@label=p BATCH -2",
        b"BATCH +3 draft/multiline #a",
        b"@batch=4 PRIVMSG #a :wrong",
        b"CAP REQ :-draft/multiline",
    ],
    [
        CAPS,
        b"@label=s METADATA * SUB status display-name :x",
        b"JOIN #a",
        b"METADATA * SET status :here",
        b"@label=g METADATA n1 GET status $ color",
        b"METADATA #a SET color red",
        b"METADATA #a CLEAR",
        b"@label=y METADATA #a SYNC",
        b"METADATA * SET display-name n2",
        b"METADATA * LIST",
        b"METADATA * UNSUB status",
        b"METADATA * SUBS",
        b"AWAY *",
    ],
    [b"REGISTER * * sesame-42", b"ACCOUNT", b"AUTHENTICATE PLAIN", PLAIN, b"ACCOUNT DEVICES", b"ACCOUNT CERT LIST"],
    [b"ACCOUNT PASSWORD sesame-42 other-word", b"ACCOUNT CERT ADD " + b"ab" * 32, b"ACCOUNT LOGOUT", b"VERIFY n1 x"],
    [b"AUTHENTICATE SCRAM-SHA-256", b"AUTHENTICATE biwsbj1uMCxyPWFiYw==", b"AUTHENTICATE *", DELETE],
    [b"QUIT", b"AUTHENTICATE PLAIN", PLAIN, b"NICK n0", b"JOIN #a", b"ACCOUNT DEVICES ONE", b"AWAY :x", DELETE],
    [b"JOIN #a", b"QUIT", b"AUTHENTICATE PLAIN", PLAIN, b"NICK n0", b"NICK n7", b"MODE n7 +i", b"PRIVMSG #a :x"],
    [b"\x00", b"PRIVMSG #a", b"WHOIS", b"JOIN :#a b", b"PART ::x", b"MODE #a +:", b"@" + b"a=b;" * 1020 + b" PING a"],
    [
        b"CAP REQ :batch message-tags draft/chathistory draft/event-playback draft/message-redaction draft/read-marker",
        b"JOIN #a",
        b"PRIVMSG #a :words",
        b"@label=h CHATHISTORY LATEST #a * 9",
        b"CHATHISTORY BETWEEN #a timestamp=2023-11-14T22:13:20.000Z msgid=AAAAAAAAAAAAAAAAAAAA 5",
        b"CHATHISTORY TARGETS timestamp=2023-01-01T00:00:00.000Z timestamp=2024-01-01T00:00:00.000Z 5",
        b"REDACT #a AAAAAAAAAAAAAAAAAAAA :slip",
        b"MARKREAD #a timestamp=2023-11-14T22:13:20.000Z",
        b"MODE #a +H 2h",
        b"CHATHISTORY AROUND n1 timestamp=2023-11-14T22:13:20.000Z 3",
    ],
    [
        CAPS + b" draft/chathistory draft/event-playback draft/message-redaction draft/read-marker",
        b"JOIN #a",
        b"MODE #a +uU",
        b"@label=t;+draft/channel-context=#a;+draft/react=x TAGMSG n1",
        b"@label=q PRIVMSG @#a :hosts",
        b"SILENCE +n1",
        b"@label=r REDACT #a AAAAAAAAAAAAAAAAAAAA :why",
        b"@label=u MARKREAD #a timestamp=0001-01-01T00:00:00.000Z",
        b"MARKREAD n1 timestamp=9999-12-31T23:59:59.999Z",
        b"@label=v CHATHISTORY BEFORE n1 timestamp=0001-01-01T00:00:00.000Z 3",
        b"METADATA * SUB status color",
        b"METADATA * UNSUB status",
        b"JOIN #a",
        b"MODE #a -u",
        b"PART #a",
        b"@label=w CHATHISTORY LATEST #a * 50",
        b"WHOWAS n1 0",
        b"WHO *?*a*b*?* %tcuihsnfdlaor,7",
        b"LIST !*a*,*b*,T>0,C<1,<9",
    ],
    [
        b"QUIT",
        b"CAP REQ :parvis.chat/resume",
        b"RESUME",
        b"NICK n\xd0\xbe1",
        b"NICK \xd0\xbe\xd1\x96\xd1\x96\xd3\x8f",
        b"NICK oiil",
        b"NICK admin",
        b"JOIN #\xd0\xb0",
        b"QUIT",
        b"RESUME " + b"x" * 43,
        b"PASS resume:" + b"y" * 43 + b":z",
    ],
    [b"NICK " + b"x" * 500, b"JOIN #" + b"y" * 500, b"WHO " + b"\xc3\xa9" * 240, b"PING :" + b"z" * 500],
]
OF_N2 = b"AUTHENTICATE AG4yAHNlc2FtZS00Mg=="
ATTACH = [b"", b"", b"3QUIT", b"", b"", b"", b"3AUTHENTICATE PLAIN", b"3" + OF_N2, b"", b"", b"", b"3NICK n2"]
ATTACH += [b"3USER u 0 * :r", b"", b"", b""]
TOGETHER = [b"2REGISTER * * sesame-42", b"", b"", b"", b"2JOIN #a", *ATTACH, b"2JOIN #b"]
"""The last of them becomes a device of the third."""
ENDS = [
    [b"3NICK n8", b"2QUIT", b"3PRIVMSG #a :x", b"3ACCOUNT LOGOUT now", b"3REGISTER * * sesame-42"],
    [
        b"2ACCOUNT LOGOUT",
        b"2REGISTER * * sesame-42",
        b"3REGISTER * * sesame-43",
        b"",
        b"",
        b"",
        b"3ACCOUNT DELETE sesame-42",
    ],
    [b"0OPER op right", b"", b"", b"", b"0UBAN ADD 1h ip:192.0.2.2 :x", b"0UBAN ADD 1h account:n2 :x", b"2ACCOUNT"],
    [b"0OPER op right", b"", b"", b"", b"0UBAN REQUIRE 1h ip:192.0.2.3 :x", b"2ACCOUNT LOGOUT", b"0KILL n2 :x"],
    [b"2OPER op right", b"2ACCOUNT PASSWORD sesame-42 sesame-43", b"", b"", b"", *ATTACH, b"3DEFENCE 1 1m :x"],
    [b"3ACCOUNT DEVICES ONE", b"2JOIN #c", *ATTACH, b"2ACCOUNT DELETE sesame-42", b"3ROOM DROP #a #a", b"3PART #a"],
]
CORPUS = [b"\n".join(TOGETHER + end) for end in ENDS]
CORPUS += [b"".join(bytes((48 + who,)) + line + b"\n" for who in range(CLIENTS) for line in play) for play in PLAYS]


class Rights:
    """A `parvis.ports.rights.Rights` that erases nothing and tells a path that leads nowhere."""

    has_pages = True

    def erase(self, identity: IdentityId) -> EraseAsked:
        """Give what would make an erasure last."""
        erasure = Erasure(identity=identity, asked_ms=0, due_ms=0)
        return EraseAsked(0, audit_record(ErasureAsked(due_ms=0)), keep(KeptKind.ERASURE, identity, erasure))

    def export_link(self, identity: IdentityId) -> str | None:
        """Tell a path, or that it was asked for too often."""
        return "/export/x" if identity[0] & 1 else None


class Moment:
    """A call that waits for its time."""

    def __init__(self, at_s: float, call: Callable[[], None]) -> None:
        self.at_s = at_s
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class FakeClock:
    """A `parvis.ports.clock.Clock` that moves when told."""

    def __init__(self) -> None:
        self.now_s = 1_700_000_000.0
        self.waiting: list[Moment] = []
        self.ready: list[Callable[[], None]] = []

    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    def steady_s(self) -> float:
        return self.now_s

    def later(self, delay_s: float, call: Callable[[], None]) -> Moment:
        moment = Moment(self.now_s + delay_s, call)
        self.waiting.append(moment)
        return moment

    def soon(self, call: Callable[[], None]) -> None:
        self.ready.append(call)

    def move(self, by_s: float) -> None:
        """Let time pass, and all that was due happen in order."""
        self.settle()
        end_s = self.now_s + by_s
        while due := [moment for moment in self.waiting if moment.at_s <= end_s]:
            moment = min(due, key=lambda each: each.at_s)
            self.waiting.remove(moment)
            self.now_s = max(self.now_s, moment.at_s)
            if moment.call is not None:
                moment.call()
            self.settle()
        self.now_s = end_s

    def settle(self) -> None:
        """End the turn."""
        while self.ready:
            self.ready.pop(0)()


class FakeClient(Client):
    """A client that keeps what it is sent."""

    __slots__ = ("closed", "got")

    def __init__(self, number: int) -> None:
        super().__init__((f"192.0.2.{number}", 4000 + number), STREAM)
        self.got = bytearray()
        self.closed = False

    def send(self, data: bytes) -> None:
        # As with a real transport, lines that were decided while it was there go nowhere once it has closed.
        if not self.closed:
            self.got += data

    def send_later(self, data: bytes) -> None:
        self.send(data)

    def hang_up(self) -> None:
        self.closed = True

    def give_up(self) -> None:
        """Close at once."""
        self.hang_up()

    def stop_reading(self) -> None:
        self.stopped = True

    def go_on_reading(self) -> None:
        self.stopped = False


def fan_out(clients: Sequence[Client], data: bytes) -> None:
    for client in clients:
        client.send(data)


class Square:
    """A chat with its clients."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.archive = MemoryArchive()
        opened = self.archive.open(self.clock.now_ms())
        turn = Turn(self.archive, self.clock, fan_out, self.stopped)
        turn.follow(opened)
        history = MemoryHistory(self.archive.store, partial(conversation_of_pair, bytes(32)))
        self.chat = Chat(
            Settings(
                server="chat.test",
                network="Test",
                version="0",
                commands_per_second=50,
                list_modes=5,
                quarantine_s=900,
                quarantine_unproved_s=60,
                reserved_names=("admin",),
                silence=3,
                monitor=3,
            ),
            bytes(32),
            Chance(os.urandom),
            self.clock,
            turn,
            Outside(
                work=self.work,
                history=history,
                history_work=self.work,
                find_operator=self.find_operator,
                find_gateway=self.find_gateway,
                wrapping=Wrapping(
                    TermBook(self.archive.keys, os.urandom, DEFAULT_TERMS).covering, self.archive.custodian
                ),
                passwords=PASSWORDS,
                rights=Rights(),
                wording=FluentWording(),
                reload=lambda: True,
            ),
        )
        self.intake = Intake(self.chat)
        self.doors = Doors(self.chat, self.intake)
        self.doors.start()
        self.token = b""
        """The token that was told last."""
        self.clients: list[FakeClient] = []
        for number in range(CLIENTS):
            self.clients.append(self.enter(number))
        self.settle()

    def stopped(self, reason: str) -> None:
        raise AssertionError(reason)

    def work(self, task: Callable[[], T], done: Callable[[T | None], None]) -> None:
        self.clock.later(0.05, lambda: done(task()))

    def find_operator(self, name: str, password: str) -> Operator | None:
        return Operator(name, "server-admin") if (name, password) == ("op", "right") else None

    def find_gateway(self, _host: str, _certificate: str, password: str) -> str | None:
        return "web" if password == "right" else None

    def enter(self, number: int, *, greets: bool = True) -> FakeClient:
        client = FakeClient(number)
        self.doors.opened(client)
        if number % 2:
            self.intake.receive(client, [b"CAP REQ :parvis.chat/resume", b"RESUME " + self.token, b"CAP END"])
        if greets:
            self.intake.receive(client, [b"NICK n%d" % number, b"USER u 0 * :r"])
        if greets and number < ACCOUNTS and client.is_registered:
            account = Account(id=IdentityId(bytes((1 + number,)) * 16), name=f"n{number}", registered_at_ms=1)
            self.chat.apply(AccountKept(account, account.name))
            self.chat.apply(LoggedIn(client, account))
        return client

    def receive(self, who: int, data: bytes) -> None:
        client = self.clients[who]
        if client.closed:
            self.doors.closed(client, "Connection closed")
            # The last one comes back without a word: what it says then may make it a device of another.
            client = self.clients[who] = self.enter(who, greets=who != CLIENTS - 1)
        if not client.stopped and not client.gone:
            lines, client.unread = split_lines(client.unread, data)
            if lines:
                self.intake.receive(client, lines)

    def settle(self) -> None:
        self.clock.move(TURN_S)

    def check(self) -> None:
        for client in self.clients:
            *lines, rest = bytes(client.got).split(b"\r\n")
            assert not rest, "half a line"
            for told in TOKEN.finditer(client.got):
                self.token = told[1] or told[2]
            client.got.clear()
            for line in lines:
                check_line(line)
        check_world(self.chat)


def check_line(line: bytes) -> None:
    """Hold a line of the server to the grammar."""
    body = line
    if line.startswith(b"@"):
        tags, _, body = line.partition(b" ")
        # What a client may send, and what the server may add.
        assert len(tags) <= 1 + 2 * SERVER_TAGS_BYTES_MAX, "tags too long"
    assert len(body) <= BODY_BYTES_MAX - 2, f"a body of {len(body)} bytes"
    assert b"\n" not in line
    try:
        parsed = parse_line(body)
    except Malformed as malformed:
        raise AssertionError(f"the server sent what it would not read: {malformed.fault}") from None
    assert b"  " not in body.split(b" :", 1)[0], "two spaces between words"
    assert parsed.command.isalnum()


def check_world(chat: Chat) -> None:
    """Hold the world to what is always true of it."""
    world = chat.world
    people = set(world.people.values())
    for room in world.rooms.values():
        assert room.members or room.registered, "an empty room"
        assert room.registered or (room.owner == NOBODY and not room.hosts), "hosts of a room that nobody registered"
        assert room.owner not in room.hosts
        assert all(person in people and room in person.rooms for person in room.members)
    for folded, person in world.people.items():
        assert folded == person.folded == fold(person.nick)
        assert len(set(person.rooms)) == len(person.rooms)
        assert all(person in room.members and world.rooms[room.folded] is room for room in person.rooms)
    invited = {(session, room) for room in world.rooms.values() for session in room.invited}
    assert invited == {(session, room) for session, rooms in world.invitations.items() for room in rooms}
    assert world.silences.keys() <= {person.identity for person in people} | world.accounts.keys()
    assert all(0 < len(masks) <= chat.settings.silence for masks in world.silences.values())
    assert world.accepted.keys() <= {person.session for person in people}
    assert all(0 < len(chosen) <= ACCEPTED_MAX for chosen in world.accepted.values())
    present = {person: account for account, here in world.present.items() for person in here}
    assert present == {person: person.identity for person in people if person.account}
    assert set(world.present) <= set(world.accounts)
    assert {account.id for account in world.account_names.values()} == set(world.accounts)
    for person in people:
        assert isinstance(person, Client)
        assert not person.carrier
        assert all(device.carrier is person and not device.gone for device in person.devices)
    assert chat.people_count == len(people)
    for bearers, index in ((world.people, world.people_looks), (world.rooms, world.room_looks)):
        for folded in bearers:
            if not folded.isascii():
                assert bearers[folded] in list(index.alike(folded, bearers)), "a name that is not found by its look"
    assert len(chat.name_changes) <= len(people)
    assert world.operators == sum(bool(person.modes & OPERATOR) for person in people)
    assert world.invisible == sum(bool(person.modes & INVISIBLE) for person in people)


def play(data: bytes) -> None:
    square = Square()
    if len(data) % 5 == 0:
        square.archive.faults.extend((Fault.FAILS, Fault.UNKNOWN))
    for at, line in enumerate(data.split(b"\n")):
        if line:
            square.receive(line[0] % CLIENTS, line[1:] + (b"\n" if line[0] < 128 else b""))
        if at % 3 == 0:
            square.settle()
            square.check()
    square.settle()
    square.clock.move(40.0)
    square.check()
    for client in square.clients:
        client.hang_up()
        square.doors.closed(client, "Connection closed")
    square.settle()
    check_world(square.chat)
    registered = {room.id: room.kept() for room in square.chat.world.rooms.values() if room.registered}
    assert square.archive.store.rooms == registered, "what is kept of rooms is not what they are"
    assert not square.chat.world.people
    assert not any(square.chat.watching.watchers(f"n{number}") for number in range(10))
    assert not square.doors.open_connections


BROKEN: list[str] = []


def remember(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
    if event["event"] == "command failed":
        BROKEN.append(str(event.get("command")))
    raise structlog.DropEvent


def target(data: bytes) -> None:
    BROKEN.clear()
    play(data[:6000])
    assert not BROKEN, f"commands failed: {BROKEN}"


if __name__ == "__main__":
    structlog.configure(processors=[remember])
    run("intake", CORPUS, target)
