"""The chat of one process: its world, its clients, and what a command may do with them.

A command (`chat/commands/`) reads the world, asks `policy/gates.py`, and then uses the methods here: `apply` to
change the world, `record` to have something kept, `say` and `tell` to have lines delivered once it is kept.
No method waits: a turn runs to its end (`chat/turn.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import gmtime, strftime
from typing import Final

from parvis.chat import audience as audiences
from parvis.chat import consequences, roll_call, texts
from parvis.chat.audience import Audience
from parvis.chat.batch import Said
from parvis.chat.chance import Chance
from parvis.chat.client import NO_DEVICES, Address, Client
from parvis.chat.cloaks import cloak, conversation_of_pair, network_of
from parvis.chat.departed import Departed
from parvis.chat.guests import Guests
from parvis.chat.markers import Markers
from parvis.chat.offers import offered
from parvis.chat.open_batch import OpenBatch
from parvis.chat.outside import Outside
from parvis.chat.quarantine import Quarantine
from parvis.chat.retired import RetiredNames
from parvis.chat.settings import Settings
from parvis.chat.signal_keys import Signals
from parvis.chat.tally import Tally
from parvis.chat.turn import Turn
from parvis.chat.vault import Vault
from parvis.chat.watching import Watching
from parvis.irc.capabilities import BATCH, LABELED_RESPONSE
from parvis.irc.casemapping import fold
from parvis.irc.numerics import TEXT
from parvis.irc.sasl import Exchange
from parvis.irc.tags import BOT_TAG, denial, escape
from parvis.irc.wire import cut_body, frame, frame_all, middle, tag_data
from parvis.model import events as e
from parvis.model.ids import NO_MESSAGE_ID, NO_SESSION, NOBODY, PRESENCE, ConversationId, IdentityId, SessionId
from parvis.model.kept import Keep, KeptKind, KeptVisible, keep
from parvis.model.person import BOT, OPERATOR, Person
from parvis.model.records import DataKind, RecordKind, Unsealed
from parvis.model.room import Room
from parvis.model.skeleton import looks
from parvis.model.verdicts import Refused
from parvis.model.words import Told
from parvis.model.world import World
from parvis.policy import gates
from parvis.policy.sanctions import Index
from parvis.ports.clock import Clock

NO_ROOMS_NAMED: Final = b"\0\0"
"""The count of rooms in front of a line whose record names none."""
_PAIRS_KEPT: Final = 16384
"""Conversations of pairs remembered, so that the hash is made once; ours."""
_HOSTS_KEPT: Final = 16384
"""Cloaks remembered, so that the hash is made once for each network; ours."""

Answer = tuple[str, bytes]
"""Tags without `@`, and the line without them."""


class Chat:
    """Everything that the chat of this process knows."""

    def __init__(
        self,
        settings: Settings,
        secret: bytes,
        chance: Chance,
        clock: Clock,
        turn: Turn,
        outside: Outside,
    ) -> None:
        """Make a chat with an empty world.

        Args:
            settings: What the operator chose.
            secret: Under which addresses are cloaked and pairs become conversations.
            chance: Random ids.
            clock: Time and timers.
            turn: What gathers, seals and delivers.
            outside: Ways out of the chat.
        """
        self.settings = settings
        self.secret = secret
        self.chance = chance
        self.clock = clock
        self.turn = turn
        turn.tell_refused = self.tell_refused
        self.vault = Vault(outside.wrapping, chance, clock, turn)
        turn.before_seal, turn.after_seal = self.vault.seal, self.vault.note
        self.outside = outside
        self.world = World()
        self.strangers = 0
        """Connections that have not entered."""
        self.most_people = 0
        self.people_count = 0
        self.started_at_ms = clock.now_ms()
        self.started = strftime("%Y-%m-%d %H:%M:%S UTC", gmtime(self.started_at_ms / 1000))
        self.draining = False
        self._host_of: dict[str, str] = {}
        """Cloaks by address."""
        self.guests = Guests(secret)
        self.failed_tokens: Tally[str] = Tally()
        """Wrong resume tokens by address (`commands/resume.py`)."""
        self.quarantine = Quarantine()
        self.retired = RetiredNames(secret)
        self.name_changes: dict[SessionId, tuple[int, int, int]] = {}
        """How often somebody changed their pseudonym, since when, and when last, by the time of day."""
        self.unpark: Callable[[Client], None] = _nobody_parks
        """Goes on with the lines of a client whose command has waited; the intake sets it."""
        self.move: Callable[[Client, Address], None] = _nobody_counts
        """Counts a connection for another address, or turns it away; the doors set it."""
        self.markers = Markers()
        """How far each person has read (`commands/markread.py`)."""
        self.signals = Signals()
        """By which it is seen that two ids share a network (`signals.py`)."""
        self.ban_index = Index(())
        """The server's sanctions, found quickly (`sanctions.py`)."""
        self.guests_entered = (0, 0)
        """A minute by the steady clock, and the guests who entered in it (`sanctions.py`)."""
        self.watching = Watching()
        """The MONITOR lists (`commands/monitor.py`)."""
        self.departed = Departed()
        """Who bore which pseudonym until a few minutes ago (`commands/whowas.py`)."""
        self.languages: dict[SessionId, str] = {}
        """The language that a session chose, where it is not the server's first."""
        self.typed_at_ms: dict[tuple[SessionId, ConversationId], int] = {}
        """When somebody's typing was last relayed to a target (`commands/privmsg.py`)."""
        self.open_batches: dict[Client, OpenBatch] = {}
        """What connections are sending line by line (`commands/batch.py`)."""
        self.subscriptions: dict[Client, dict[str, None]] = {}
        """The metadata keys whose changes a connection reads (`commands/metadata.py`)."""
        self.failed_opers: Tally[str] = Tally()
        """Wrong passwords of operators by address (`commands/oper.py`)."""
        self.failed_logins: Tally[str] = Tally()
        """Wrong passwords of accounts by address (`chat/proofs.py`)."""
        self.failed_for: Tally[str] = Tally()
        """Wrong passwords of accounts by the folded name that was given, whether there is such an account or not."""
        self.logged_in_from: Tally[tuple[str, str]] = Tally()
        """Where the owners of accounts log in from, so that nobody can lock them out by failing elsewhere."""
        self.mailed: Tally[str] = Tally()
        """Codes sent, by the keyed hash of the address."""
        self.registered: Tally[str] = Tally()
        """Accounts registered by address."""
        self.wished: dict[Client, str] = {}
        """Claimed pseudonyms that connections were refused before they entered under others (`chat/wishes.py`)."""
        self.exchanges: dict[Client, Exchange] = {}
        """Logins that are under way (`commands/authenticate.py`)."""
        self._pairs: dict[tuple[IdentityId, IdentityId], ConversationId] = {}
        self._answers: list[Answer] = []
        self.connection: Client
        """The connection whose command is being handled: answers take its form. The person is `connection.person`."""
        self.label: str | None = None
        """The label of the command that is being handled."""
        self._answered = False
        self._at_once = False
        self._keeps = False
        self._text: Unsealed | None = None
        self._configure(settings)

    def _configure(self, settings: Settings) -> None:
        self.settings = settings
        self.half_queue_records = (settings.commit_queue_records + 1) // 2
        """From so many records that wait, who adds to them is not read (`intake.py`)."""
        self.half_queue_bytes = settings.commit_queue_bytes // 2
        """From so many bytes of answers that wait, likewise."""
        self._source = f":{settings.server} ".encode()
        self.offers = (offered(settings, is_secure=False), offered(settings, is_secure=True))
        """What plain connections are offered, and what those over TLS are (`chat/offers.py`)."""
        self.denial = denial(settings.client_tags_denied)
        """Which client-only tags are not relayed."""
        self.tokens = texts.isupport_tokens(settings)
        """What ISUPPORT tells."""
        self.isupport = texts.isupport_lines(settings, self.tokens)
        self.greetings = texts.greeting_lines(settings, self.started)
        self.motd = texts.motd_lines(settings)
        reserved = (*settings.reserved_names, settings.network) if settings.reserved_names else ()
        self.reserved_looks = frozenset(look for name in reserved for look in looks(name))
        """The looks of names that are reserved for staff; the network's own is one as soon as any is."""

    def reconfigure(self, settings: Settings) -> None:
        """Take what a reload may change (`doors.py` tells those who are connected)."""
        self._configure(settings)

    # What a command asks of the world.

    @property
    def now_ms(self) -> int:
        """Give the moment of this turn."""
        return self.turn.now_ms

    def person(self, nick: str) -> Person | None:
        """Find who bears a pseudonym."""
        return self.world.people.get(fold(nick))

    def room(self, name: str) -> Room | None:
        """Find a room by its name."""
        return self.world.rooms.get(fold(name))

    def known_room(self, client: Client, name: str) -> Room | None:
        """Find a room by its name; a secret one is as if it did not exist to who is not in it."""
        room = self.world.rooms.get(fold(name))
        return None if room is None or isinstance(gates.know(client, room), Refused) else room

    def owner_of(self, name: str) -> IdentityId:
        """Give the account that a pseudonym belongs to; `NOBODY`: none."""
        account = self.world.account_names.get(fold(name))
        return NOBODY if account is None else account.id

    def host(self, address: str) -> str:
        """Give the host that others see instead of an address."""
        host = self._host_of.get(address)
        if host is None:
            if len(self._host_of) >= _HOSTS_KEPT:
                self._host_of.clear()
            host = self._host_of[address] = cloak(self.secret, network_of(address))
        return host

    def conversation(self, one: Person, other: Person) -> ConversationId:
        """Give the conversation of a pair of identities."""
        pair = (one.identity, other.identity)
        known = self._pairs.get(pair)
        if known is None:
            if len(self._pairs) >= _PAIRS_KEPT:
                self._pairs.clear()
            known = self._pairs[pair] = conversation_of_pair(self.secret, one.identity, other.identity)
        return known

    # What a command does.

    def apply(self, event: e.Event) -> None:
        """Make an event true. Those that change who is where, or who is called what, are fences."""
        consequences.follow(self, event)
        self.world.apply(event)

    def fence(self) -> None:
        """Let the lines decided so far go to those who were there: call it before a fence event is applied."""
        self.turn.batch.fence()

    def record(
        self,
        kind: RecordKind,
        author: Person | None,
        conversation: ConversationId,
        body: bytes,
        message_id: bytes = NO_MESSAGE_ID,
        rooms: Iterable[Room] = (),
        data: DataKind = DataKind.ROOMS,
    ) -> Unsealed:
        """Have a line kept: nothing decided in this batch is shown before it is durable."""
        if rooms:
            ids = [room.id for room in rooms]
            content = b"%b%b%b" % (len(ids).to_bytes(2, "big"), b"".join(ids), body)
        else:
            content = NO_ROOMS_NAMED + body
        turn = self.turn
        if author is not None:
            identity, session = author.identity, author.session
            on = self.connection
            if on is not author and on.carrier is not author:
                # Not the command of theirs: a connection that breaks, a name that goes back to its owner.
                connection_id = author.connection_id if isinstance(author, Client) else b""
            else:
                connection_id = on.connection_id
        else:
            identity, session, connection_id = NOBODY, NO_SESSION, b""
        record = Unsealed(kind, turn.now_ms, identity, session, conversation, message_id, content, data, connection_id)
        turn.batch.records.append(record)
        return record

    def keep(self, room: Room) -> None:
        """Have a registered room's state kept with the batch that changed it."""
        if room.registered:
            self.turn.batch.rooms[room.id] = room.kept()
            if room.visible_from_ms:
                self.keep_value(keep(KeptKind.VISIBLE, room.id, KeptVisible(room.visible_from_ms)))

    def keep_no_longer(self, room: Room) -> None:
        """Have a room that was dropped forgotten with the batch that dropped it."""
        self.turn.batch.rooms[room.id] = None
        self.keep_value(keep(KeptKind.VISIBLE, room.id, None))

    def keep_value(self, kept: Keep) -> None:
        """Have a value kept with the batch that changed it: even a stranger is not told of it before it is."""
        self._keeps = True
        self.turn.batch.kept[kept.kind, kept.id] = kept

    def happen(
        self,
        kind: RecordKind,
        author: Client | None,
        conversation: ConversationId,
        body: bytes,
        audience: Audience,
        rooms: Iterable[Room] = (),
        data: DataKind = DataKind.ROOMS,
    ) -> None:
        """Have something kept and shown to those it concerns.

        An author is the person whose command is being handled: they read it as part of the answer.
        """
        raw_id, message_id = self.chance.message_id()
        self.record(kind, author, conversation, body, message_id=raw_id, rooms=rooms, data=data)
        self.show(author, body, audience, message_id)

    def happen_in_answer(self, kind: RecordKind, conversation: ConversationId, body: bytes, audience: Audience) -> None:
        """Have something kept and shown that the server does because of the command being handled.

        Whose command it is reads it as part of the answer, so in the order in which it was decided.
        """
        raw_id, message_id = self.chance.message_id()
        self.record(kind, None, conversation, body, message_id=raw_id)
        self._show(self.connection, ("", "", False), body, audience, message_id)

    def show(self, author: Client | None, body: bytes, audience: Audience, message_id: str = "") -> None:
        """Show a line that a record of this batch covers; its author's connection reads it as part of the answer."""
        if author is None:
            self._show(None, ("", "", False), body, audience, message_id)
        else:
            marks = (BOT_TAG if author.modes & BOT else "", author.account, bool(author.modes & OPERATOR))
            self._show(self.connection, marks, body, audience, message_id)

    def _show(
        self, sender: Client | None, marks: tuple[str, str, bool], body: bytes, audience: Audience, message_id: str
    ) -> None:
        tags, account, is_staff = marks
        if sender is not None and sender in audience.members:
            self._answers.append((tag_data(sender.signature, self.now_ms, message_id, *marks), body))
        self.turn.batch.say(
            Said(audience, body, self.now_ms, message_id, tags, sender, None, None, None, False, account, is_staff)
        )

    # Answers to a command: one unit, under its label if it has one.

    def numeric(self, client: Client, code: str, *params: str) -> None:
        """Answer with a numeric; where it always says the same, its text is added."""
        words = " ".join((code, client.nick or client.shown_nick, *map(middle, params[:-1])))
        fixed = TEXT.get(code)
        if fixed is not None:
            words = f"{words} {middle(params[-1])} :{fixed}" if params else f"{words} :{fixed}"
        elif params:
            words = f"{words} :{params[-1]}"
        self.answer(words)

    def answer(self, words: str) -> None:
        """Answer with a line of the server, cut to what a line may hold."""
        body = cut_body(self._source + words.encode())
        self._answers.append((tag_data(self.connection.signature, self.now_ms, "", ""), body))

    def answer_lines(self, lines: Iterable[str]) -> None:
        """Answer with lines of the server, each cut to what a line may hold."""
        tags, source = tag_data(self.connection.signature, self.now_ms, "", ""), self._source
        self._answers += [(tags, cut_body(source + words.encode())) for words in lines]

    def answer_prepared(self, client: Client, lines: list[texts.Prepared]) -> None:
        """Answer with lines that wait only for the client's name."""
        tags = tag_data(self.connection.signature, self.now_ms, "", "")
        nick = (client.nick or (client.greeting.nick if client.greeting else "") or "*").encode()
        self._answers += [(tags, before + nick + after) for before, after in lines]

    @contextmanager
    def answer_batch(self, *kind: str) -> Iterator[None]:
        """Put what is answered meanwhile in a batch of its own, for who understands batches.

        Args:
            kind: The type of the batch, and its parameters.
        """
        signature = self.connection.signature
        begun_at = len(self._answers)
        yield
        if not self.connection.capabilities & BATCH:
            return
        reference = self._batch_reference("B")
        time = tag_data(signature, self.now_ms, "", "")
        opening = self._source + f"BATCH +{reference} {' '.join(kind)}".encode()
        inside = [(_inside(reference, tags), body) for tags, body in self._answers[begun_at:]]
        end = self._source + f"BATCH -{reference}".encode()
        self._answers[begun_at:] = [(time, opening), *inside, (time, end)]

    def words(self, told: Told) -> str:
        """Give what a person is to read, in the language of whose command is being handled."""
        if isinstance(told, str):
            return told
        return self.outside.wording.say(told, self.languages.get(self.connection.person.session, ""))

    def fail(self, command: str, code: str, *context_and_told: Told) -> None:
        """Answer with a standard reply (IRCv3 standard-replies): command, code, context, then words for people."""
        self._reply("FAIL", command, code, *context_and_told)

    def note(self, command: str, code: str, *context_and_told: Told) -> None:
        """Tell something with a standard reply; arguments as for `fail`."""
        self._reply("NOTE", command, code, *context_and_told)

    def _reply(self, *parts: Told) -> None:
        *context, text = map(self.words, parts)
        self.answer(f"{' '.join(map(middle, context))} :{text}")

    def on_each_device(self, client: Client, tell: Callable[[], None]) -> None:
        """Answer the connection whose command is handled, and have the same told to the person's others, in their form.

        Args:
            client: The person; when it is somebody else's command that changes something of them, they alone are told.
            tell: Answers; it is called once for each connection, with `connection` set to it.
        """
        asking, answers = self.connection, self._answers
        try:
            for device in client.connections:
                if device is not asking:
                    self.connection, self._answers = device, []
                    tell()
                    self.turn.batch.tell((device, frame_all(self._answers, device.signature), None, None, None))
        finally:
            self.connection, self._answers = asking, answers
        if asking.person is client:
            tell()

    def refuse(self, client: Client, code: str, *params: str, verdict: Refused) -> None:
        """Answer a refusal with its numeric and, word for word, what the person is to read."""
        self.answer(f"{' '.join((code, client.shown_nick, *map(middle, params)))} :{self.words(verdict.told)}")

    def own_text(self, record: Unsealed) -> None:
        """Note that the command was a text: its answers fall with it if it is refused after all."""
        self._text = record

    def shows_no_state(self) -> None:
        """Note that the answer may go past what waits for long, unless something of the client's own waits."""
        self._at_once = True

    def echoed(self) -> None:
        """Note that a labelled echo stands in the room's order: no other answer is due."""
        self._answered = True

    def echo(self, tags: str, body: bytes) -> None:
        """Put the sender's own copy of a line among the answers."""
        self._answers.append((tags, body))

    def _batch_reference(self, letter: str) -> str:
        # Random, so that it does not tell how busy others are.
        return f"{letter}{self.chance.message_id()[0][:5].hex()}"

    def begin(self, connection: Client, label: str | None) -> None:
        """Begin the answer to a command of a connection, under its label if it asked for labels."""
        self.connection = connection
        self.label = label if connection.capabilities & LABELED_RESPONSE else None

    def drop_answer(self) -> None:
        """Forget the answer that was gathered: the command was answered otherwise."""
        self._answers = []
        self.label = None
        self._text = None
        self._answered = self._at_once = self._keeps = False

    def end_answer(self) -> None:
        """Send the gathered answer as one unit (IRCv3 labeled-response): alone, in a batch, or an ACK."""
        client = self.connection
        answers, label, text = self._answers, self.label, self._text
        if not answers and (label is None or self._answered):
            self.label = self._text = None
            self._answered = self._at_once = self._keeps = False
            return
        turn = self.turn
        # A stranger is not held up at all; who has entered keeps the order of everybody's acts while sealing is prompt.
        shows_no_state = (self._at_once and (turn.is_quiet or turn.is_late)) or (
            client.greeting is not None and not self._keeps
        )
        at_once = shows_no_state and not turn.has_own_pending(client)
        self.drop_answer()
        if label is not None:
            data = self._labelled(client, label, answers)
        elif len(answers) == 1:
            tags, body = answers[0]
            data = frame(_tagged(tags, body), client.signature)
        else:
            data = frame_all(answers, client.signature)
        if at_once:
            client.send(data)
            return
        client.acted = self.turn.batch.serial
        self.turn.batch.tell((client, data, text, client if text is not None else None, label))

    def _labelled(self, client: Client, label: str, answers: list[Answer]) -> bytes:
        tag = f"label={escape(label)}"
        time = tag_data(client.signature, self.now_ms, "", "")
        if not answers:
            answers = [(time, self._source + b"ACK")]
        elif len(answers) > 1 and not _is_one_batch(answers):
            reference = self._batch_reference("L")
            opening = self._source + f"BATCH +{reference} labeled-response".encode()
            inside = [(_inside(reference, tags), body) for tags, body in answers]
            answers = [(time, opening), *inside, (time, self._source + f"BATCH -{reference}".encode())]
        # What is one batch already needs no other around it.
        tags, body = answers[0]
        return frame_all([(f"{tag};{tags}" if tags else tag, body), *answers[1:]], client.signature)

    def tell_refused(self, client: Client, record: Unsealed, label: str | None) -> None:
        """Tell a sender that a text was dropped because the archive could not be written."""
        command = {RecordKind.MESSAGE: "PRIVMSG", RecordKind.NOTICE: "NOTICE"}.get(record.kind, "TAGMSG")
        self.at_once(
            client,
            f"FAIL {command} ARCHIVE_UNAVAILABLE :The archive could not be written: what you sent was not delivered "
            "to anybody. Send it again later.",
            label,
        )

    def at_once(self, client: Client, words: str, label: str | None = None) -> None:
        """Send a line of the server that shows no state, past everything that waits."""
        tags = tag_data(client.signature, self.now_ms, "", "")
        if label is not None:
            tags = f"label={escape(label)};{tags}" if tags else f"label={escape(label)}"
        client.send(frame(_tagged(tags, cut_body(self._source + words.encode())), client.signature))

    def ping(self, client: Client) -> None:
        """Ask whether a silent client is still there."""
        client.send(frame(f"PING :{self.settings.server}".encode(), client.signature))

    def park(self, client: Client) -> None:
        """Leave the later lines of a client unread until its command, which waits for a thread, is done."""
        client.parked = True

    # Leaving.

    def leave(
        self, client: Client, reason: str, *, told: str | None, waits: bool = True, by: Client | None = None
    ) -> None:
        """Let a connection go. With a person's last one, the person goes: their rooms are told, the record kept.

        Args:
            client: The connection; a second call does nothing.
            reason: What the rooms read.
            told: What the one who goes reads as ERROR; None when the connection is already lost.
            waits: ERROR comes with the record of the leaving, and after answers of the client's own that still wait;
                without either while nothing can be sealed.
            by: Whose act it is when not the client's own; what they say is read by nobody before it is kept.
        """
        if client.gone:
            return
        client.gone = True
        self.watching.forget(client)
        self.open_batches.pop(client, None)
        self.subscriptions.pop(client, None)
        self.exchanges.pop(client, None)
        self.wished.pop(client, None)
        self.vault.leave(client)
        self.strangers -= not client.is_registered
        if told is not None:
            error = frame(cut_body(f"ERROR :{told}".encode()), client.signature)
            works = self.turn.failing_since_s is None
            if by is not None or (waits and client.is_registered and (works or self.turn.has_own_pending(client))):
                # Who reads ERROR may rely on it that others have read of the leaving.
                self.turn.batch.tell((client, error, None, None, None))
                self.turn.batch.closing.append(client)
            else:
                client.send(error)
                client.hang_up()
        else:
            client.hang_up()
        if client.carrier is not None or client.devices:
            self._take_device_off(client)
        elif client.is_registered:
            self.fence()
            self.people_count -= 1
            body = cut_body(b":%b QUIT :%b" % (client.prefix, reason.encode()))
            neighbours = audiences.neighbours(client)
            neighbours.pop(client, None)
            rooms = client.rooms
            self.apply(e.Left(client))
            raw_id, message_id = self.chance.message_id()
            kind = RecordKind.QUIT if by is None else RecordKind.KILLED
            tags = BOT_TAG if client.modes & BOT else ""
            shown = (tags, None, None, None, None, False, client.account, bool(client.modes & OPERATOR))
            self.record(kind, by or client, PRESENCE, body, message_id=raw_id, rooms=rooms)
            if by is not None:
                roll_call.tell_moved(self, client)
            if neighbours:
                self.turn.batch.say(Said(Audience(neighbours), body, self.now_ms, message_id, *shown))

    def leave_whole(self, client: Client, reason: str, *, told: str, by: Client | None = None) -> None:
        """Let a person go from every connection of theirs; arguments as for `leave`."""
        carrier = client.person
        for device in carrier.devices:
            self.leave(device, reason, told=told, by=by)
        self.leave(carrier, reason, told=told, by=by)

    # Several connections of one person.

    def attach(self, device: Client, carrier: Client) -> None:
        """Let a connection be one more of a person who is here; nobody else sees anything."""
        self.fence()
        device.carrier = carrier
        carrier.devices = (*carrier.devices, device)
        device.greeting = None
        self.strangers -= 1
        audiences.forget(carrier)
        self.vault.be_present(device)

    def _take_device_off(self, client: Client) -> None:
        """Let a person go on without one of their connections; nobody else sees anything."""
        self.fence()
        carrier = client.carrier
        if carrier is not None:
            client.carrier = None
            carrier.devices = tuple(device for device in carrier.devices if device is not client)
            audiences.forget(carrier)
            return
        new, *others = client.devices
        client.devices = NO_DEVICES
        new.carrier = None
        new.devices = tuple(others)
        for device in others:
            device.carrier = new
        self.apply(e.CarriedOver(client, new))


def _nobody_parks(client: Client) -> None:
    raise AssertionError(f"no intake serves this chat: {client}")


def _nobody_counts(client: Client, address: Address) -> None:
    raise AssertionError(f"no doors lead to this chat: {client}, an address of {len(address)} parts")


def _is_one_batch(answers: list[Answer]) -> bool:
    """Tell whether an answer is one batch of a type of its own, and nothing beside it."""
    source, command, reference = answers[0][1].split(b" ", 3)[:3] if answers[0][1].count(b" ") > 1 else (b"", b"", b"")
    return command == b"BATCH" and answers[-1][1] == b"%b BATCH -%b" % (source, reference[1:])


def _inside(reference: str, tags: str) -> str:
    """Write the tags of a line inside a batch, unless it stands in one that is inside of that."""
    if tags.startswith("batch="):
        return tags
    return f"batch={reference};{tags}" if tags else f"batch={reference}"


def _tagged(tags: str, body: bytes) -> bytes:
    return b"@%b %b" % (tags.encode(), body) if tags else body
