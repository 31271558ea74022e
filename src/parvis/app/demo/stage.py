"""A script is played in a room, and everybody in it is checked: each line once, in order, unharmed.

Rule 1: one line after the other. The next is sent when whoever acted has heard the last one come back; only what one
person says in a row goes without waiting in between, because a connection keeps its order.
Rule 2: every member, the one who acts included, is to hear the same lines from their JOIN to their end. Only the
place of each member in that order is remembered, not what it has heard.
Rule 3: the first member who hears a line and finds it right leaves its bytes; who hears the same bytes needs no
second look.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

import msgspec

from parvis.app.demo.member import Ground, Heard, Member, ReplayFailed, parse_heard
from parvis.app.demo.script import (
    TEXT_BYTES_MAX,
    Enter,
    Kick,
    Leave,
    Mode,
    Rename,
    Say,
    Script,
    Topic,
    fit_name,
    other_name,
    split_text,
)
from parvis.irc.casemapping import fold
from parvis.irc.limits import BODY_BYTES_MAX

USHER: Final = "usher"
"""Who opens the room, and does what hosts did in the log."""

IN_A_ROW_MAX: Final = 16
"""Most lines of one person that are sent without waiting for the first to come back."""

CONFIRM_TIMEOUT_S: Final = 60.0
"""How long a line may take to come back."""

CATCH_UP_TIMEOUT_S: Final = 30.0
"""How long the others may take to hear the end, once whoever spoke last has heard it."""

CONNECTING_MAX: Final = 32
"""Most clients that connect at the same time."""

_ROOM_EVENTS: Final = frozenset({b"PRIVMSG", b"NOTICE", b"JOIN", b"PART", b"KICK", b"TOPIC", b"MODE"})
_EVERYWHERE: Final = frozenset({b"NICK", b"QUIT"})
_ACTION: Final = b"\x01ACTION %b\x01"


class Tally(msgspec.Struct):
    """What was counted in one room.

    Attributes:
        people: Clients that were in the room, the usher left out.
        lines: Lines that were said and came back to whoever said them.
        events: Joins, parts, renames and the like that happened.
        deliveries: Lines that reached somebody else than their speaker.
        lost: Lines that a member did not hear.
        duplicated: Lines that a member heard twice.
        reordered: Lines that a member heard too late.
        harmed: Lines that nobody has sent in this form.
        refused: Lines that the server refused.
        refused_acts: Other acts that the server refused.
        left_out: Acts of the log that cannot be played.
    """

    people: int = 0
    lines: int = 0
    events: int = 0
    deliveries: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    harmed: int = 0
    refused: int = 0
    refused_acts: int = 0
    left_out: int = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether every line reached everybody as it should."""
        return not (self.lost or self.duplicated or self.reordered or self.harmed or self.refused)


class Expected:
    """One line that everybody in the room is to hear, at its place in the order."""

    __slots__ = ("actor", "confirmed", "is_text", "is_void", "key", "message_id", "raw")

    def __init__(self, key: bytes, actor: Member, *, is_text: bool) -> None:
        """Expect a line.

        Args:
            key: Name, command and parameters, as `key_of` makes them.
            actor: Who confirms it by hearing it.
            is_text: Whether somebody says something.
        """
        self.key = key
        self.actor = actor
        self.is_text = is_text
        self.is_void = False
        self.raw = b""
        self.message_id = b""
        self.confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()


def key_of(nick: bytes, command: bytes, params: list[bytes]) -> bytes:
    """Give what makes a line of a room what it is: who, what, and every byte of it."""
    if command == b"QUIT":
        # Servers write "Quit: " in front of what somebody gives as a reason.
        params = [params[0].removeprefix(b"Quit").removeprefix(b": ")] if params else [b""]
    return b"\0".join([nick, command, *params])


class Stage:
    """One room while its script is played."""

    def __init__(
        self, host: str, port: int, room: str, script: Script, speed: float | None, progress: Callable[[], None]
    ) -> None:
        """Prepare a room.

        Args:
            host: Where the server is.
            port: Its port.
            room: The room's name, `#` included.
            script: What is played.
            speed: How many times faster than the log; None for as fast as the server takes it.
            progress: Called after each step.
        """
        self.room = room.encode()
        self.expected: list[Expected] = []
        self.tally = Tally(left_out=script.left_out)
        self._host = host
        self._port = port
        self._script = script
        self._speed = speed
        self._progress = progress
        self._folded_room = fold(room)
        self._waiting: deque[Expected] = deque()
        self._cast: dict[int, Member] = {}
        self._played: set[int] = set()
        self._members: set[Member] = set()
        self._names: set[bytes] = set()
        self._usher = Member(self._heard)

    async def play(self) -> None:
        """Play the script to its end, wait until everybody has heard it, and let everybody go.

        Raises:
            ReplayFailed: The server lets somebody not in, or does not answer.
        """
        try:
            await self._usher.enter(self._host, self._port, USHER, Ground())
            if len(self.room) > self._usher.ground.room_bytes:
                raise ReplayFailed(f"the room's name is longer than {self._usher.ground.room_bytes} bytes: give --room")
            await self._join(self._usher)
            await self._gather()
            began_s = monotonic()
            for step in self._script.steps:
                if self._speed is not None:
                    await asyncio.sleep(began_s + step.at_s / self._speed - monotonic())
                await self._do(step.deed)
                self._progress()
            await self._settle()
            await self._catch_up()
        finally:
            await self._end()

    async def _gather(self) -> None:
        """Let those in who are there from the beginning: connected side by side, joining one after the other."""
        gate = asyncio.Semaphore(CONNECTING_MAX)

        async def connect(role: int) -> None:
            async with gate:
                await self._connect(role)

        async with asyncio.TaskGroup() as group:
            for role in self._script.present:
                group.create_task(connect(role))
        for role in self._script.present:
            await self._join(self._cast[role])

    async def _connect(self, role: int) -> None:
        member = Member(self._heard)
        await member.enter(self._host, self._port, self._script.roles[role], self._usher.ground)
        self._cast[role] = member
        self._played.add(role)
        self.tally.people = len(self._played)

    async def _join(self, member: Member) -> None:
        await self._settle()
        member.at = len(self.expected)
        self._members.add(member)
        self._names.add(member.nick)
        if not await self._act(member, b"JOIN %b" % self.room, member.nick, b"JOIN", self.room):
            raise ReplayFailed(f"the server lets nobody into {self.room.decode()}")

    async def _do(self, deed: Enter | Say | Leave | Rename | Kick | Topic | Mode) -> None:
        match deed:
            case Enter(role):
                await self._connect(role)
                await self._join(self._cast[role])
            case Say(role, text, is_action):
                await self._say(self._cast[role], text, is_action=is_action)
            case Leave(role, reason, quits):
                await (self._quit if quits else self._part)(role, self._cut(reason))
            case Rename(role, to):
                await self._rename(self._cast[role], to)
            case Kick(role, by, reason):
                await self._kick(role, self._cut(reason or by))
            case Topic(topic):
                cut = topic.encode()[: self._usher.ground.topic_bytes].decode(errors="ignore").encode()
                await self._act(
                    self._usher, b"TOPIC %b :%b" % (self.room, cut), self._usher.nick, b"TOPIC", self.room, cut
                )
            case Mode(changes):
                # One by one: a server leaves out of a line what changes nothing.
                for letters, role in changes:
                    words = [letters.encode(), self._cast[role].nick]
                    await self._act(
                        self._usher,
                        b"MODE %b %b" % (self.room, b" ".join(words)),
                        self._usher.nick,
                        b"MODE",
                        self.room,
                        *words,
                    )

    def _cut(self, reason: str) -> bytes:
        """Cut a reason to what the server takes."""
        limit = min(self._usher.ground.reason_bytes, TEXT_BYTES_MAX - 50)
        return reason.encode()[:limit].decode(errors="ignore").strip().encode()

    async def _say(self, member: Member, text: str, *, is_action: bool) -> None:
        """Say a text in as many lines as it takes, without waiting for what the same person has just said."""
        frame_bytes = len(_ACTION) - 2 if is_action else 0
        head_bytes = member.mask_bytes + len(b":") + len(b" PRIVMSG  :") + len(self.room) + len(b"\r\n")
        for piece in split_text(text, min(TEXT_BYTES_MAX, BODY_BYTES_MAX - head_bytes) - frame_bytes):
            if self._waiting and (self._waiting[-1].actor is not member or len(self._waiting) >= IN_A_ROW_MAX):
                await self._settle()
            said = _ACTION % piece.encode() if is_action else piece.encode()
            expected = Expected(key_of(member.nick, b"PRIVMSG", [self.room, said]), member, is_text=True)
            self._send(member, expected, b"PRIVMSG %b :%b" % (self.room, said))

    async def _part(self, role: int, reason: bytes) -> None:
        member = self._cast[role]
        words = [b":" + reason] if reason else []
        params = [reason] if reason else []
        await self._act(member, b" ".join([b"PART", self.room, *words]), member.nick, b"PART", self.room, *params)
        await self._gone(role)

    async def _quit(self, role: int, reason: bytes) -> None:
        member = self._cast[role]
        await self._settle()
        expected = Expected(key_of(member.nick, b"QUIT", [reason]), self._usher, is_text=False)
        member.until = len(self.expected)
        self.expected.append(expected)
        self._waiting.append(expected)
        member.send(b"QUIT :%b" % reason)
        await self._settle()
        await self._gone(role)

    async def _kick(self, role: int, reason: bytes) -> None:
        member = self._cast[role]
        command = b"KICK %b %b :%b" % (self.room, member.nick, reason)
        params = [self.room, member.nick, reason]
        if await self._act(self._usher, command, self._usher.nick, b"KICK", *params):
            await self._gone(role)
        else:
            await self._part(role, reason)

    async def _gone(self, role: int) -> None:
        """Let somebody go who has left the room: their connection ends, and what they heard is checked."""
        member = self._cast.pop(role)
        if member.until is None:
            member.until = len(self.expected)
        member.send(b"QUIT")
        await self._closed(member)
        self._check_end(member)

    async def _rename(self, member: Member, to: str) -> None:
        ground = member.ground
        wanted = fit_name(to, ground.nick_bytes, any_script=ground.any_script)
        for attempt in range(1, 4):
            name = wanted.encode()
            if name == member.nick:
                return
            self._names.add(name)
            if await self._act(member, b"NICK %b" % name, member.nick, b"NICK", name):
                member.mask_bytes += len(name) - len(member.nick)
                member.nick = name
                return
            wanted = other_name(wanted, attempt, ground.nick_bytes)

    async def _act(self, member: Member, command: bytes, nick: bytes, verb: bytes, *params: bytes) -> bool:
        """Send a command and wait until it has come back; tell whether it did what it should."""
        await self._settle()
        expected = Expected(key_of(nick, verb, list(params)), member, is_text=False)
        self._send(member, expected, command)
        await self._settle()
        return not expected.is_void

    def _send(self, member: Member, expected: Expected, command: bytes) -> None:
        label = len(self.expected)
        self.expected.append(expected)
        self._waiting.append(expected)
        member.send(b"@label=%d %b" % (label, command))

    async def _settle(self) -> None:
        """Wait until everything that was sent has come back."""
        while self._waiting:
            expected = self._waiting[0]
            try:
                async with asyncio.timeout(CONFIRM_TIMEOUT_S):
                    await asyncio.wait([expected.confirmed, expected.actor.closed], return_when=asyncio.FIRST_COMPLETED)
            except TimeoutError:
                raise ReplayFailed(
                    f"a line of {expected.actor.nick.decode()} did not come back within {CONFIRM_TIMEOUT_S:.0f} s"
                ) from None
            if not expected.confirmed.done():
                raise ReplayFailed(
                    f"the server closed the connection of {expected.actor.nick.decode()}: {expected.actor.last_words}"
                )
            self._waiting.popleft()
            if expected.is_void:
                continue
            if expected.is_text:
                self.tally.lines += 1
            else:
                self.tally.events += 1

    # What is heard.

    def _heard(self, member: Member, line: bytes) -> None:
        """Hold what a member hears against what it is to hear. The common case is one comparison of bytes."""
        expected = self.expected
        at = member.at
        if at < len(expected) and line == expected[at].raw:
            self._right(member, at)
        else:
            self._look(member, line)

    def _right(self, member: Member, at: int) -> None:
        expected = self.expected[at]
        member.at = at + 1
        if expected.actor is member:
            if not expected.confirmed.done():
                expected.confirmed.set_result(None)
        elif expected.is_text:
            self.tally.deliveries += 1

    def _look(self, member: Member, line: bytes) -> None:
        heard = parse_heard(line)
        command = heard.command
        if command in _EVERYWHERE or (
            command in _ROOM_EVENTS and heard.params and fold(_word(heard.params[0])) == self._folded_room
        ):
            # One's own QUIT is the answer to leaving, which some servers give: what counts is that others hear it.
            if heard.nick in self._names and not (command == b"QUIT" and heard.nick == member.nick):
                self._compare(member, line, heard)
        elif command == b"PING":
            member.send(b"PONG :" + heard.params[-1])
        elif command == b"BATCH" and heard.params[0][:1] == b"+" and b"label" in heard.tags:
            # A client has one answer at a time in the making: the last one is enough.
            member.batches = {heard.params[0][1:]: heard.tags[b"label"]}
        elif command == b"ERROR":
            member.last_words = _word(heard.params[-1]) if heard.params else ""
        elif command in {b"ACK", b"FAIL"} or (len(command) == 3 and command[:1] in b"45"):
            label = heard.tags.get(b"label") or member.batches.get(heard.tags.get(b"batch", b""))
            if label is not None and label.isdigit():
                self._refused(self.expected[int(label)], is_refusal=command != b"ACK")

    def _refused(self, expected: Expected, *, is_refusal: bool) -> None:
        """An act has changed nothing: nobody is to hear of it."""
        if expected.confirmed.done():
            return
        expected.is_void = True
        expected.confirmed.set_result(None)
        if is_refusal and expected.is_text:
            self.tally.refused += 1
        elif is_refusal:
            self.tally.refused_acts += 1

    def _compare(self, member: Member, line: bytes, heard: Heard) -> None:
        expected = self.expected
        key = key_of(heard.nick, heard.command, heard.params)
        at = member.at
        while at < len(expected) and expected[at].is_void:
            at += 1
        if heard.command == b"JOIN" and heard.nick == member.nick:
            member.mask_bytes = len(line[line.index(b":") :].partition(b" ")[0]) - 1
        message_id = heard.tags.get(b"msgid", b"")
        if at < len(expected) and expected[at].key == key:
            place = expected[at]
            if not place.message_id:
                place.message_id = message_id
            elif place.message_id != message_id:
                self.tally.harmed += 1
            if not place.raw and b"label" not in heard.tags and b"batch" not in heard.tags:
                place.raw = line
            self._right(member, at)
            return
        self._misplaced(member, key, at)

    def _misplaced(self, member: Member, key: bytes, at: int) -> None:
        """Say what is wrong with a line that is not the one to come."""
        late = next((place for place in sorted(member.missing) if self.expected[place].key == key), None)
        if late is not None:
            member.missing.remove(late)
            self.tally.reordered += 1
            return
        later = next((place for place in range(at, len(self.expected)) if self.expected[place].key == key), None)
        if later is not None:
            member.missing.update(range(at, later))
            self._right(member, later)
        elif any(expected.key == key for expected in self.expected[:at]):
            self.tally.duplicated += 1
        else:
            self.tally.harmed += 1
            member.at = min(at + 1, len(self.expected))

    # The end.

    async def _catch_up(self) -> None:
        """Wait until everybody has heard the last line."""
        end = len(self.expected)
        give_up_s = monotonic() + CATCH_UP_TIMEOUT_S
        # Looked at now and then, so that the path of every line needs not think of the end.
        while monotonic() < give_up_s and not all(  # noqa: ASYNC110
            self._has_heard(member, end) for member in self._members
        ):
            await asyncio.sleep(0.01)
        for member in self._members:
            member.until = end
        for member in list(self._members):
            self._check_end(member)

    def _has_heard(self, member: Member, end: int) -> bool:
        return member.closed.done() or all(expected.is_void for expected in self.expected[member.at : end])

    def _check_end(self, member: Member) -> None:
        """Count what a member was to hear and has not."""
        self._members.discard(member)
        places = {*member.missing, *range(member.at, member.until or 0)}
        self.tally.lost += sum(not self.expected[place].is_void for place in places)

    async def _closed(self, member: Member) -> None:
        done, _ = await asyncio.wait([member.closed], timeout=CONFIRM_TIMEOUT_S)
        if not done:
            member.hang_up()

    async def _end(self) -> None:
        everybody = [member for member in (*self._cast.values(), self._usher) if member.is_connected]
        self._names.clear()
        if not everybody:
            return
        for member in everybody:
            member.send(b"QUIT :The log ends here")
        await asyncio.wait([member.closed for member in everybody], timeout=CATCH_UP_TIMEOUT_S)
        for member in everybody:
            member.hang_up()


def _word(raw: bytes) -> str:
    return raw.decode(errors="replace")
