"""Delivery, held against a model that merges nothing, over random turns, commits and commands.

The model below does each command at once and appends each line to each who gets it. Real delivery may differ from it
only in one way: whoever did nothing between two fences may get the lines of different conversations in another order.

Source: docs/adr/0001-turn-batch-and-fence.md; ARCHITECTURE.md, "Invariants", 3 and 4; IRCv3 labeled-response,
echo-message.
"""

import re
from collections import Counter, defaultdict
from itertools import groupby
from operator import attrgetter
from time import gmtime, strftime
from typing import Any, Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.promises.harness import HeardClient, Square

SERVER: Final = "square.test"
TYPING: Final = "+typing=active"
TYPING_MS: Final = 3000
"""Between two of them to one target (IRCv3 typing)."""
PEOPLE: Final = 5
ROOMS: Final = ("#a", "#b")
NICKS: Final = ("ada", "bob", "cyd", "dan", "eve", "fox", "gus")
MULTILINE: Final = frozenset(("batch", "draft/multiline"))
CAPABILITIES: Final = ("echo-message", "labeled-response", "message-tags", "server-time", *sorted(MULTILINE))
OWN: Final = "answers"
PRESENCE: Final = "presence"


class Heard(msgspec.Struct, frozen=True):
    """A line for one person: between which fences it was decided, and to what it belongs."""

    between: tuple[int, int]
    is_after: bool
    """Whether it was decided after the line of the fence itself, which comes first."""
    conversation: str
    line: str


class Someone:
    """A person as the model knows them."""

    def __init__(self, nick: str, host: str) -> None:
        """Come in."""
        self.nick = nick
        self.mask_end = f"!~{nick}@{host}"
        self.capabilities: set[str] = set()
        self.heard: list[Heard] = []
        self.answers: list[str] = []
        """Every line that answers a command of theirs, in order."""
        self.at_once: list[str] = []
        """Those of them that may go past what waits."""
        self.exact: set[tuple[int, int]] = set()
        """Between which fences they acted, or were told something."""
        self.acted = 0
        self.gone = False

    @property
    def mask(self) -> str:
        """Give who they are in front of their lines."""
        return self.nick + self.mask_end


class Model:
    """An IRC server of one page: no batches, no merging."""

    def __init__(self, square: Square, people: list[Someone]) -> None:
        """Begin with people in no room."""
        self._square = square
        self._people = people
        self._rooms: dict[str, dict[Someone, bool]] = {}
        self._typed_ms: dict[tuple[Someone, str], int] = {}
        self._topics: dict[str, tuple[str, str, int]] = {}
        self._flags: dict[str, set[str]] = defaultdict(set)
        """Which rooms are auditoriums (u) and op-moderated (U)."""
        self._fences = 0
        self._is_after = False
        self._label = ""
        self._answers: list[tuple[str, str]] = []
        self._echoed = False

    # What it tells.

    def _between(self) -> tuple[int, int]:
        return (self._square.turn.batch.serial, self._fences)

    def _tags(self, one: Someone, has_id: bool, client_tags: str) -> str:
        now_s, ms = divmod(self._square.turn.now_ms, 1000)
        time = f"time={strftime('%Y-%m-%dT%H:%M:%S', gmtime(now_s))}.{ms:03d}Z"
        tagged = "message-tags" in one.capabilities
        return ";".join(
            [time] * ("server-time" in one.capabilities)
            + ["msgid=*"] * (tagged and has_id)
            + [client_tags] * (tagged and bool(client_tags))
        )

    def _fence(self) -> None:
        self._fences += 1
        self._is_after = False

    def _hears(self, one: Someone, conversation: str, tags: str, body: str) -> None:
        if not one.gone:
            line = f"@{tags} {body}" if tags else body
            one.heard.append(Heard(self._between(), self._is_after, conversation, line))

    def _show(self, room_or_people: list[Someone], author: Someone, conversation: str, body: str) -> None:
        """Tell people something that happened; its author reads it among the answers."""
        author.exact.add(self._between())
        for one in room_or_people:
            if one is author:
                self._answers.append((self._tags(one, True, ""), body))
            else:
                self._hears(one, conversation, self._tags(one, True, ""), body)

    def _answer(self, one: Someone, words: str) -> None:
        self._answers.append((self._tags(one, False, ""), f":{SERVER} {words}"))

    def _end(self, one: Someone, *, at_once: bool) -> None:
        """Send what answers a command, as one unit under its label."""
        answers, label = self._answers, self._label
        lines: list[str] = []
        time = self._tags(one, False, "")
        if not label:
            lines = [f"@{tags} {body}" if tags else body for tags, body in answers]
        elif not answers and not self._echoed:
            lines = [f"@{_and(label, time)} :{SERVER} ACK"]
        elif len(answers) == 1:
            lines = [f"@{_and(label, answers[0][0])} {answers[0][1]}"]
        elif answers:
            lines = [
                f"@{_and(label, time)} :{SERVER} BATCH +L* labeled-response",
                *(f"@{_and('batch=L*', tags)} {body}" for tags, body in answers),
                f"{f'@{time} ' if time else ''}:{SERVER} BATCH -L*",
            ]
        one.answers += lines
        turn = self._square.turn
        if at_once and (turn.is_quiet or turn.is_late) and one.acted <= turn.delivered_serial:
            one.at_once += lines
        elif lines:
            one.acted = self._square.turn.batch.serial
            one.exact.add(self._between())
            for line in lines:
                one.heard.append(Heard(self._between(), self._is_after, OWN, line))

    # What people do.

    def do(self, one: Someone, label: str, command: str, *words: str) -> None:
        """Do one command at once."""
        self._label = f"label={label}" if label and "labeled-response" in one.capabilities else ""
        self._answers = []
        self._echoed = False
        getattr(self, f"_{command.lower()}")(one, *words)
        self._is_after = True
        if not one.gone:
            self._end(one, at_once=command == "PING")

    def _privmsg(self, one: Someone, targets: str, text: str, tags: str) -> None:
        self._message(one, "PRIVMSG", targets, text, tags)

    def _notice(self, one: Someone, targets: str, text: str, tags: str) -> None:
        self._message(one, "NOTICE", targets, text, tags)

    def _tagmsg(self, one: Someone, targets: str, _text: str, tags: str) -> None:
        if tags and "message-tags" in one.capabilities:
            self._message(one, "TAGMSG", targets, None, tags)

    def _lines(self, one: Someone, target: str, text: str) -> None:
        """Say two lines as one message."""
        self._message(one, "PRIVMSG", target, f"{text}a\n{text}b", "")

    def _written(self, each: Someone, tags: str, head: str, text: str | None) -> list[tuple[str, str]]:
        """Give the lines in which somebody reads a message: their tags and bodies."""
        if text is None or "\n" not in text:
            return [(self._tags(each, True, tags), head + (f" :{text}" if text is not None else ""))]
        prefix, _, target = head.split(" ")
        bodies = [f"{head} :{line}" for line in text.split("\n")]
        if MULTILINE.issubset(each.capabilities):
            return [
                (self._tags(each, True, tags), f"{prefix} BATCH +M* draft/multiline {target}"),
                *[("batch=M*", body) for body in bodies],
                ("", f"{prefix} BATCH -M*"),
            ]
        return [(self._tags(each, at == 0, tags), body) for at, body in enumerate(bodies)]

    def _message(self, one: Someone, command: str, targets: str, text: str | None, tags: str) -> None:
        if "message-tags" not in one.capabilities:
            tags = ""
        alone = "," not in targets
        for target in dict.fromkeys(targets.split(",")):
            name = target.lstrip("@")
            head = f":{one.mask} {command} {target}"
            shown_tags = tags
            if name.startswith("#"):
                room = self._rooms.get(name)
                if room is None:
                    self._no_such(one, command, f"403 {one.nick} {target}")
                    continue
                if one not in room:
                    self._answer(one, f"404 {one.nick} {name}")
                    continue
                for_hosts = "U" in self._flags[name] and not room[one]
                if for_hosts:
                    shown_tags = _and(tags, "parvis.chat/for-hosts")
                if target != name or for_hosts:
                    self._fence()
                readers = [each for each, is_host in room.items() if is_host or (target == name and not for_hosts)]
                readers = [each for each in readers if each is not one]
                conversation = name
            else:
                other = self._named(target)
                if other is None:
                    self._no_such(one, command, f"401 {one.nick} {target}")
                    continue
                readers = [other]
                conversation = " ".join(sorted((one.mask_end, other.mask_end)))
            if text is None and tags == TYPING:
                now_ms = self._square.turn.now_ms
                if now_ms - self._typed_ms.get((one, conversation), -TYPING_MS) < TYPING_MS:
                    continue
                self._typed_ms[one, conversation] = now_ms
            for each in readers:
                if text is not None or "message-tags" in each.capabilities:
                    if not name.startswith("#"):
                        each.exact.add(self._between())
                    for line_tags, body in self._written(each, shown_tags, head, text):
                        self._hears(each, conversation, line_tags, body)
            one.acted = self._square.turn.batch.serial
            if name.startswith("#") or "echo-message" in one.capabilities:
                one.exact.add(self._between())
            if "echo-message" not in one.capabilities:
                continue
            own = self._written(one, shown_tags, head, text)
            if self._label and not alone:
                self._answers += own
                continue
            own[0] = (_and(self._label, own[0][0]), own[0][1])
            self._echoed = bool(self._label)
            for line_tags, body in own:
                self._hears(one, conversation, line_tags, body)
                one.answers.append(f"@{line_tags} {body}" if line_tags else body)

    def _no_such(self, one: Someone, command: str, words: str) -> None:
        # A NOTICE to nobody is not answered (modern IRC, "NOTICE").
        if command != "NOTICE":
            self._answer(one, words)

    def _join(self, one: Someone, name: str) -> None:
        if one in self._rooms.get(name, {}):
            return
        self._fence()
        room = self._rooms.setdefault(name, {})
        room[one] = not room
        self._show(self._witnesses(one, name), one, name, f":{one.mask} JOIN {name}")
        if name in self._topics:
            self._tell_topic(one, name)
        self._names(one, name, comes_in=True)

    def _names(self, one: Someone, name: str, *, comes_in: bool = False) -> None:
        room = self._rooms.get(name, {})
        is_hall = "u" in self._flags[name]
        members = [
            "@" * is_host + each.nick
            for each, is_host in room.items()
            if one in self._witnesses(each, name) or (is_host and is_hall) or not is_hall
            if each is not one or comes_in or is_host or not is_hall
        ]
        if members:
            self._answer(one, f"353 {one.nick} = {name} :{' '.join(members)}")
        self._answer(one, f"366 {one.nick} {name}")

    def _part(self, one: Someone, name: str) -> None:
        room = self._rooms.get(name)
        if room is None or one not in room:
            self._answer(one, f"{'442' if room else '403'} {one.nick} {name}")
            return
        self._fence()
        # Who may write to hosts alone leaves no word behind.
        is_mute = "U" in self._flags[name] and not room[one]
        self._show(self._witnesses(one, name), one, name, f":{one.mask} PART {name}{'' if is_mute else ' :bye'}")
        self._take_out(one, name)
        if is_mute:
            self._answer(one, f"NOTE PART REASON_LEFT_OUT {name}")

    def _kick(self, one: Someone, name: str, nick: str) -> None:
        room, other = self._rooms.get(name), self._named(nick)
        if room is None:
            self._answer(one, f"403 {one.nick} {name}")
        elif one not in room:
            self._answer(one, f"442 {one.nick} {name}")
        elif not room[one]:
            self._answer(one, f"482 {one.nick} {name}")
        elif other is None or other not in room:
            self._answer(one, f"441 {one.nick} {nick} {name}")
        else:
            self._fence()
            self._show(self._witnesses(other, name), one, name, f":{one.mask} KICK {name} {nick} :{one.nick}")
            self._take_out(other, name)

    def _nick(self, one: Someone, nick: str) -> None:
        if nick == one.nick:
            return
        if self._named(nick):
            self._answer(one, f"433 {one.nick} {nick}")
            return
        self._fence()
        readers = list(dict.fromkeys([one, *self._neighbours(one)]))
        body = f":{one.mask} NICK :{nick}"
        # The one who changes reads it with the new name's answer: tags and place are those of the answer.
        one.nick = nick
        self._show(readers, one, PRESENCE, body)

    def _quit(self, one: Someone, told: str = "ERROR :Closing link: you have quit") -> None:
        body = f":{one.mask} QUIT :{'Quit' if told else 'Connection lost'}"
        if told:
            self._answers.append((self._tags(one, False, ""), body))
            self._end(one, at_once=False)
            self._hears(one, OWN, "", told)
            one.answers.append(told)
        self._fence()
        readers = [each for each in self._neighbours(one) if each is not one]
        one.gone = True
        for each in readers:
            self._hears(each, PRESENCE, self._tags(each, True, ""), body)
        for name in list(self._rooms):
            if one in self._rooms[name]:
                self._take_out(one, name)

    def lose(self, one: Someone) -> None:
        """Break a connection."""
        self._quit(one, "")
        self._is_after = True

    def _topic(self, one: Someone, name: str, text: str) -> None:
        room = self._rooms.get(name)
        if room is None:
            self._answer(one, f"403 {one.nick} {name}")
        elif not text and name in self._topics:
            self._tell_topic(one, name)
        elif not text:
            self._answer(one, f"331 {one.nick} {name}")
        elif one not in room:
            self._answer(one, f"442 {one.nick} {name}")
        elif not room[one]:
            self._answer(one, f"482 {one.nick} {name}")
        else:
            self._topics[name] = (text, one.mask, self._square.turn.now_ms // 1000)
            self._show(list(room), one, name, f":{one.mask} TOPIC {name} :{text}")

    def _tell_topic(self, one: Someone, name: str) -> None:
        text, by, at_s = self._topics[name]
        self._answer(one, f"332 {one.nick} {name} :{text}")
        self._answer(one, f"333 {one.nick} {name} {by} {at_s}")

    def _mode(self, one: Someone, name: str, sign: str, letter: str, nick: str) -> None:
        room, other = self._rooms.get(name), self._named(nick)
        if room is None:
            self._answer(one, f"403 {one.nick} {name}")
        elif not room.get(one):
            self._answer(one, f"482 {one.nick} {name}")
        elif letter != "o":
            flags = self._flags[name]
            if (letter in flags) != (sign == "+"):
                flags ^= {letter}
                self._show(list(room), one, name, f":{one.mask} MODE {name} {sign}{letter}")
        elif other is None:
            self._answer(one, f"401 {one.nick} {nick}")
        elif other not in room:
            self._answer(one, f"441 {one.nick} {nick} {name}")
        elif room[other] != (sign == "+"):
            room[other] = sign == "+"
            self._show(list(room), one, name, f":{one.mask} MODE {name} {sign}o {nick}")

    def _invite(self, one: Someone, nick: str, name: str) -> None:
        room, other = self._rooms.get(name), self._named(nick)
        if other is None:
            self._answer(one, f"401 {one.nick} {nick}")
        elif room is None:
            self._answer(one, f"403 {one.nick} {name}")
        elif one not in room:
            self._answer(one, f"442 {one.nick} {name}")
        elif "u" in self._flags[name] and not room[one]:
            self._answer(one, f"482 {one.nick} {name}")
        elif other in room:
            self._answer(one, f"443 {one.nick} {nick} {name}")
        else:
            other.exact.add(self._between())
            self._hears(other, name, self._tags(other, True, ""), f":{one.mask} INVITE {nick} {name}")
            self._answer(one, f"341 {one.nick} {nick} {name}")

    def _cap(self, one: Someone, change: str) -> None:
        self._answer(one, f"CAP {one.nick} ACK :{change}")
        before = set(one.capabilities)
        name = change.lstrip("-")
        one.capabilities.discard(name) if change != name else one.capabilities.add(name)
        reads_batches = MULTILINE.issubset(before) is not MULTILINE.issubset(one.capabilities)
        if reads_batches or (before ^ one.capabilities) & {"message-tags", "server-time"}:
            self._fence()

    def _ping(self, one: Someone, word: str) -> None:
        self._answer(one, f"PONG {SERVER} :{word}")

    # Who is where.

    def _named(self, nick: str) -> Someone | None:
        return next((one for one in self._people if one.nick == nick and not one.gone), None)

    def _witnesses(self, one: Someone, name: str) -> list[Someone]:
        """List who may know of a member: in an auditorium hosts, all of a host, and oneself."""
        room = self._rooms[name]
        all_may = "u" not in self._flags[name] or room[one]
        return [each for each, is_host in room.items() if all_may or is_host or each is one]

    def _neighbours(self, one: Someone) -> list[Someone]:
        names = [name for name, room in self._rooms.items() if one in room]
        return list(dict.fromkeys(each for name in names for each in self._witnesses(one, name)))

    def _take_out(self, one: Someone | None, name: str) -> None:
        self._rooms[name] = {each: is_host for each, is_host in self._rooms[name].items() if each is not one}
        if not self._rooms[name]:
            del self._rooms[name]
            self._typed_ms = {key: at_ms for key, at_ms in self._typed_ms.items() if key[1] != name}
            self._topics.pop(name, None)
            self._flags.pop(name, None)


def _and(one: str, other: str) -> str:
    return ";".join(filter(None, (one, other)))


def shown(line: str) -> str:
    """Give a line as it is compared: random ids as stars, and what an error says to people left out."""
    line = re.sub(r"msgid=[\w-]+", "msgid=*", line)
    line = re.sub(r"(batch=|BATCH [+-])L[0-9a-f]+", r"\1L*", line)
    line = re.sub(r"(batch=|BATCH [+-])M[\w-]+", r"\1M*", line)
    return re.sub(rf"(:{SERVER} (?:366|331|4\d\d|NOTE) [^:]*) :.*", r"\1", line)


# What may happen.


def weighted(*choices: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Choose among strategies, each as often as its weight says."""
    table = [choice for weight, choice in choices for _ in range(weight)]
    return st.integers(0, len(table) - 1).flatmap(table.__getitem__)


# Most is done by two, so that others get what they only watch: that is what is merged.
PERSON = weighted((6, st.integers(1, 2)), (1, st.integers(0, PEOPLE - 1)))
ROOM = st.sampled_from(ROOMS)
NICK = st.sampled_from(NICKS)
TARGET = weighted((6, ROOM), (2, NICK), (2, ROOM.map("@{}".format)))
TARGETS = weighted((4, TARGET), (1, st.tuples(ROOM, NICK).map(",".join)), (1, st.just(",".join(ROOMS))))
TAGS = weighted((2, st.just("")), (1, st.sampled_from(("+react=x", TYPING))))
CHANGE = st.tuples(st.sampled_from(("", "-")), st.sampled_from(CAPABILITIES)).map("".join)
WORDS = st.just("words")
COMMAND = weighted(
    (12, st.tuples(st.sampled_from(("PRIVMSG", "PRIVMSG", "NOTICE", "TAGMSG")), TARGETS, WORDS, TAGS)),
    (4, st.tuples(st.just("LINES"), TARGET, WORDS)),
    (3, st.tuples(st.just("JOIN"), ROOM)),
    (2, st.tuples(st.sampled_from(("PART", "NAMES")), ROOM)),
    (2, st.tuples(st.just("KICK"), ROOM, NICK)),
    (2, st.tuples(st.just("NICK"), NICK)),
    (2, st.tuples(st.just("TOPIC"), ROOM, st.sampled_from(("", "words")))),
    (2, st.tuples(st.just("MODE"), ROOM, st.sampled_from("+-"), st.sampled_from("oouU"), NICK)),
    (1, st.tuples(st.just("INVITE"), NICK, ROOM)),
    (2, st.tuples(st.just("CAP"), CHANGE)),
    (1, st.tuples(st.just("PING"), WORDS)),
)
STEP = weighted(
    (40, st.tuples(PERSON, st.booleans(), COMMAND)),
    (6, st.sampled_from(("turn", "turn", "answer", "answer and turn", "time"))),
    (1, st.tuples(PERSON, st.just(False), st.tuples(st.sampled_from(("QUIT", "LOSE"))))),
)
MANY = st.lists(STEP, min_size=20, max_size=80)
Act = tuple[int, bool, tuple[str, ...]]


def spoken(number: int, words: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
    """Give a command as it is sent, the tags in front of it, and its words for the model, made unlike all others."""
    command, *rest = words
    rest = [f"w{number}" if word == "words" else word for word in rest]
    sent = [command, *rest]
    tags = ""
    match command:
        case "PRIVMSG" | "NOTICE" | "TAGMSG":
            tags = rest[2]
            sent = [command, rest[0]] + ([f":{rest[1]}"] if command != "TAGMSG" else [])
        case "LINES":
            target, text = rest
            lines = [f"@batch=b PRIVMSG {target} :{text}{which}" for which in "ab"]
            sent = [f"BATCH +b draft/multiline {target}", *lines, "BATCH -b"]
            return tags, "\n".join(sent), tuple(rest)
        case "PART":
            sent.append(":bye")
        case "TOPIC":
            sent = [command, rest[0]] + ([f":{rest[1]}"] if rest[1] else [])
        case "MODE":
            sent = [command, rest[0], f"{rest[1]}{rest[2]}", *([rest[3]] if rest[2] == "o" else [])]
        case "CAP":
            sent = [command, "REQ", f":{rest[0]}"]
        case _:
            pass
    return tags, " ".join(sent), tuple(rest)


class Play:
    """The same acts, done by the server and by the model."""

    def __init__(self, asked: list[set[str]]) -> None:
        """Have people come in with capabilities, and into the first room."""
        self.square = Square()
        self.clients = [self.square.enters(NICKS[at], *sorted(asked[at])) for at in range(PEOPLE)]
        self.people = [Someone(client.nick, client.host) for client in self.clients]
        for client, one, capabilities in zip(self.clients, self.people, asked, strict=True):
            one.capabilities |= capabilities
            one.acted = client.acted
            client.writes.clear()
            client.read_writes = 0
        self.model = Model(self.square, self.people)
        self.square.archive.holds = True
        self._number = 0

    def act(self, at: int, is_labelled: bool, words: tuple[str, ...]) -> None:
        """Do one thing, twice."""
        client, one = self.clients[at], self.people[at]
        if one.gone or one.nick in "".join(words[1:2]).split(","):
            # To oneself the line and its echo are one and the same: which is which cannot be told.
            return
        if words[0] == "LINES" and not MULTILINE.issubset(one.capabilities):
            return
        self._number += 1
        self.square.turn.begin()
        if words[0] == "LOSE":
            self.model.lose(one)
            self.square.loses(client)
            return
        tags, sent, rest = spoken(self._number, words)
        label = f"l{self._number}" if is_labelled else ""
        self.model.do(one, label, words[0], *rest)
        tags = _and(f"label={label}" if label else "", tags)
        client.says(*(f"@{tags} {sent}" if tags else sent).split("\n"))

    def step(self, step: str | Act) -> None:
        """Do one step."""
        match step:
            case "turn":
                self.square.end_turn()
            case "answer":
                self.square.archive.release()
            case "answer and turn":
                self.square.end_turn()
                self.square.archive.release()
                self.square.end_turn()
            case "time":
                self.square.go_on(0.005)
            case (int(at), bool(is_labelled), tuple(words)):
                self.act(at, is_labelled, words)
            case _:
                raise AssertionError(step)

    def end(self) -> None:
        """Let everything that waits become durable."""
        for _ in range(10):
            self.square.go_on(0.01)
            self.square.archive.release()
        assert self.square.turn.batch.is_empty
        assert self.square.turn.is_quiet


def hold(client: HeardClient, one: Someone) -> None:
    """Hold what somebody got against what the model says."""
    lines = [shown(line) for line in client.all_heard()]
    waited = list(lines)
    for line in one.at_once:
        waited.remove(line)
    at = 0
    for (between, _), group in groupby(one.heard, attrgetter("between", "is_after")):
        expected = list(group)
        got = waited[at : at + len(expected)]
        at += len(expected)
        if one.gone and not got:
            # Whoever has left hears nothing more.
            break
        wanted = [heard.line for heard in expected]
        if between in one.exact:
            assert got == wanted
            continue
        assert Counter(got) == Counter(wanted)
        conversations: dict[str, list[str]] = defaultdict(list)
        for heard in expected:
            conversations[heard.conversation].append(heard.line)
        for conversation in conversations.values():
            # The ends of messages of several lines are all the same, in every conversation of theirs.
            named = [line for line in conversation if not line.endswith(" BATCH -M*")]
            assert [line for line in got if line in set(named)] == named
    assert waited[at:] == []
    own = set(one.answers)
    answers = [line for line in lines if line in own]
    assert answers == one.answers[: len(answers)], "answers to one's own commands out of order"
    assert len(answers) == len(one.answers) or one.gone
    writes = Counter(
        batch
        for batch, data in client.writes
        if not set(map(shown, data.decode().split("\r\n")[:-1])) <= set(one.at_once)
    )
    assert not writes or max(writes.values()) == 1, "more than one write for one batch"


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sets(st.sampled_from(CAPABILITIES)), min_size=PEOPLE, max_size=PEOPLE),
    st.integers(2, PEOPLE),
    st.sampled_from(["", "", "u", "U", "uU"]),
    MANY,
)
def test_delivery_gives_what_a_model_that_merges_nothing_gives(
    asked: list[set[str]], members: int, flags: str, steps: list[str | Act]
) -> None:
    """Each line once, to those of the moment of decision, in order, one write a batch; answers under their label."""
    play = Play(asked)
    for at in range(members):
        play.act(at, False, ("JOIN", "#a"))
        play.act(at, False, ("JOIN", "#b"))
    for letter in flags:
        play.act(0, False, ("MODE", "#a", "+", letter, ""))
    for step in steps:
        play.step(step)
    play.end()
    ids: dict[str, set[str]] = defaultdict(set)
    for client, one in zip(play.clients, play.people, strict=True):
        hold(client, one)
        for line in client.all_heard():
            found = re.match(r"@\S*?msgid=([\w-]+)\S* (.*)", line)
            if found and re.search(r" :w\d+$", found[2]):
                ids[found[2]].add(found[1])
    assert all(len(given_ids) == 1 for given_ids in ids.values()), "one line bore two ids"
