"""From lines to commands: grammar, pace, rights to be heard at all.

Rule 1: everything that can be handled now is handled now, in arrival order, as plain calls.
Rule 2: one client has at most `TURN_LINES_MAX` lines handled in a turn, and as many as its pace allows; the rest
waits with it, bounded, while nothing more is read from it.
"""

from math import inf
from typing import Final

import structlog

from parvis.chat.client import NO_LINES, Client
from parvis.chat.commands import batch
from parvis.chat.commands.table import COMMANDS
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.connection import BEFORE_REGISTRATION
from parvis.irc.framing import TOO_LONG
from parvis.irc.limits import LABEL_BYTES_MAX
from parvis.irc.line import Fault, Line, Malformed, parse_line
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates

TURN_LINES_MAX: Final = 256
"""Most lines of one client in one turn, so that no client holds the loop; ours."""
FRAMES_OWED_MAX: Final = 256
"""Most credit that frames without a line may leave a client owing, before it is closed; ours: no browser sends a
tenth of it in a minute."""
PACE_CHECK_S: Final = 0.1
"""How often those whom the pace holds back are looked at."""

log = structlog.get_logger()


class Intake:
    """Handles what clients send, and holds back those who send too fast."""

    def __init__(self, chat: Chat) -> None:
        """Serve one chat."""
        self.chat = chat
        chat.unpark = self.unpark
        chat.turn.read_again = self._read_again
        self._held: dict[Client, None] = {}
        self._timer_runs = False

    def receive(self, client: Client, lines: list[bytes]) -> None:
        """Handle lines that have arrived, in order, or keep them for later."""
        chat = self.chat
        turn = chat.turn
        turn.begin()
        if self._is_deaf_to(client):
            return
        client.heard_at = chat.clock.steady_s()
        client.pinged = False
        if client.waiting:
            client.waiting.extend(lines)
            self._check_queue(client)
            return
        if len(lines) > TURN_LINES_MAX or client.parked or client in turn.stopped:
            self._hold(client, lines)
            return
        for at, raw in enumerate(lines, start=1):
            if client.credit < 1.0 and not self._refill(client):
                self._hold(client, lines[at - 1 :])
                return
            client.credit -= 1.0
            self.handle(client, raw)
            if client.gone:
                return
            if client.parked or (turn.stopped and client in turn.stopped):
                if at < len(lines):
                    self._hold(client, lines[at:])
                return

    def _is_deaf_to(self, client: Client) -> bool:
        return client.gone or self.chat.draining

    def unpark(self, client: Client) -> None:
        """A command that waited is done: go on with the lines behind it."""
        client.parked = False
        if client not in self.chat.turn.stopped:
            self._read_again(client)

    def _read_again(self, client: Client) -> None:
        """The queue in front of the archive has room again: go on with the lines of who was stopped, then read."""
        if client.gone or client.parked or self.chat.draining:
            return
        if client.waiting:
            self._hold(client, [])
        else:
            client.go_on_reading()

    def handle(self, client: Client, raw: bytes) -> None:
        """Handle one line: parse it, find its command, let it run, send its answer as one unit."""
        chat = self.chat
        turn = chat.turn
        try:
            line = parse_line(raw)
        except Malformed as malformed:
            self._answer_malformed(client, malformed, raw)
            return
        if line.tags:
            chat.begin(client, _label(line))
        else:
            # As `begin` does, without a call: this is the path of every line.
            chat.connection = client
            chat.label = None
        if (line.tags or chat.open_batches) and batch.takes(chat, client, line):
            chat.end_answer()
            return
        command = COMMANDS.get(line.command)
        if command is None:
            if client.is_registered:
                chat.numeric(client, n.ERR_UNKNOWNCOMMAND, line.command[:32])
            else:
                chat.numeric(client, n.ERR_NOTREGISTERED)
        elif client.greeting is not None and line.command not in BEFORE_REGISTRATION:
            chat.numeric(client, n.ERR_NOTREGISTERED)
        elif len(line.params) < command.least_params:
            chat.numeric(client, n.ERR_NEEDMOREPARAMS, line.command)
        elif (
            command.waits
            and (
                turn.failing_since_s is not None
                or len(turn.batch.records) >= chat.half_queue_records
                or turn.batch.told_bytes >= chat.half_queue_bytes
            )
            and client.greeting is None
            and self._is_refused(client, line.command)
        ):
            return
        else:
            if command.price > 1 or (line.params and "," in line.params[0]):
                # The pace counts work, not lines: the first unit was taken when the line was read.
                targets = 1 + line.params[0].count(",") if line.params else 1
                client.credit -= command.price * targets - 1
            try:
                command.run(chat, client if command.of_connection else client.carrier or client, line)
            except Exception:
                log.exception("command failed", command=line.command)
                chat.fail(
                    line.command,
                    "INTERNAL_ERROR",
                    "Something broke here, and this was not done. It has been noted.",
                )
        chat.end_answer()
        turn = chat.turn
        if turn.batch.told_bytes * 2 >= chat.settings.commit_queue_bytes and turn.has_own_pending(client):
            # What waits for nothing (PING, an unknown command) waits all the same behind what is one's own.
            turn.stop_reading(client)

    def _is_refused(self, client: Client, command: str) -> bool:
        """Refuse an act at once, past everything that waits; below the limit, only read no more from who fills it."""
        chat, turn = self.chat, self.chat.turn
        settings = chat.settings
        verdict = gates.act(turn.failing_since_s is not None, turn.waiting_records, settings.commit_queue_records)
        if not isinstance(verdict, Refused):
            verdict = gates.act(False, turn.batch.told_bytes, settings.commit_queue_bytes)
        if isinstance(verdict, Refused):
            code = "ARCHIVE_UNAVAILABLE" if verdict.ground is Ground.ARCHIVE_UNAVAILABLE else "SERVER_BUSY"
            chat.at_once(client, f"FAIL {command} {code} :{chat.words(verdict.told)}", chat.label)
            chat.drop_answer()
            return True
        turn.stop_reading(client)
        return False

    def _answer_malformed(self, client: Client, malformed: Malformed, raw: bytes) -> None:
        """Answer a line that breaks the grammar: under its label and by its command where they can be read."""
        chat = self.chat
        command, label = _readable(raw) if malformed.fault is Fault.NOT_UTF8 else ("*", None)
        chat.begin(client, label)
        match malformed.fault:
            case Fault.TOO_LONG:
                chat.numeric(client, n.ERR_INPUTTOOLONG)
            case Fault.FORBIDDEN_BYTE if raw == TOO_LONG:
                chat.numeric(client, n.ERR_INPUTTOOLONG)
            case Fault.NOT_UTF8:
                chat.fail(command, "INVALID_UTF8", "This server takes UTF-8 only: the line was not handled.")
            case Fault.FORBIDDEN_BYTE:
                chat.fail("*", "INVALID_LINE", "A line holds no NUL and no bare CR: it was not handled.")
            case Fault.EMPTY:
                pass
        if malformed.fault is not Fault.EMPTY:
            batch.misses(chat, client)
        chat.end_answer()

    # Pace.

    def charge(self, client: Client, frames: int) -> None:
        """Take credit for frames that bring no line: a ping, an empty message, a fragment.

        Who has none left is not read for a while, and who owes more than `FRAMES_OWED_MAX` is closed.
        """
        self.chat.turn.begin()
        client.credit -= frames
        if client.credit >= 1.0 or self._refill(client):
            return
        if client.credit < -FRAMES_OWED_MAX:
            self._close_flood(client)
        else:
            self._hold(client, [])

    def _refill(self, client: Client) -> bool:
        """Count the credit that time has brought; tell whether it is enough for a line."""
        settings = self.chat.settings
        now_s = self.chat.clock.steady_s()
        earned = (now_s - client.credit_at) * settings.commands_per_second
        client.credit = min(client.credit + earned, float(settings.commands_burst))
        client.credit_at = now_s
        return client.credit >= 1.0

    def _hold(self, client: Client, lines: list[bytes]) -> None:
        client.waiting = client.waiting + lines if client.waiting else lines
        self._check_queue(client)
        if client.gone:
            return
        client.stop_reading()
        if client.parked or client in self.chat.turn.stopped:
            return
        self._held[client] = None
        if not self._timer_runs:
            self._timer_runs = True
            # An exempt client with a long paste goes on in the next turn; who is over the pace waits.
            self.chat.clock.later(0.0 if client.credit >= 1.0 else PACE_CHECK_S, self._look_at_held)

    def _check_queue(self, client: Client) -> None:
        most = self.chat.settings.read_queue_bytes
        if client.credit != inf and sum(map(len, client.waiting)) > most:
            self._close_flood(client)

    def _close_flood(self, client: Client) -> None:
        client.waiting = NO_LINES
        self._held.pop(client, None)
        self.chat.leave(client, "Excess flood", told="You sent too much faster than may be handled: connection closed")

    def _look_at_held(self) -> None:
        self._timer_runs = False
        if self.chat.draining:
            return
        held, self._held = self._held, {}
        for client in held:
            lines, client.waiting = client.waiting[:TURN_LINES_MAX], client.waiting[TURN_LINES_MAX:]
            if client.gone or client.parked or client in self.chat.turn.stopped:
                client.waiting = lines + client.waiting
                continue
            rest, client.waiting = client.waiting, NO_LINES
            # Lines that were held say nothing of whether the peer is still there.
            heard_at, pinged = client.heard_at, client.pinged
            self.receive(client, lines)
            client.heard_at, client.pinged = heard_at, pinged
            if _has_left(client):
                continue
            client.waiting = client.waiting + rest
            if client.parked or client in self.chat.turn.stopped:
                # Whoever lets it go on sees to what is left.
                self._held.pop(client, None)
            elif client.waiting:
                self._held[client] = None
            else:
                client.waiting = NO_LINES
                client.go_on_reading()
        if self._held and not self._timer_runs:
            self._timer_runs = True
            quick = any(client.credit >= 1.0 for client in self._held)
            self.chat.clock.later(0.0 if quick else PACE_CHECK_S, self._look_at_held)

    def forget(self, client: Client) -> None:
        """Let go of a client that is gone."""
        self._held.pop(client, None)
        client.waiting = NO_LINES


def _label(line: Line) -> str | None:
    """Give the label of a line; one that is empty or too long counts as none."""
    label = line.tags.get("label")
    return label if label and len(label.encode()) <= LABEL_BYTES_MAX else None


def _readable(raw: bytes) -> tuple[str, str | None]:
    """Give the command and the label of a line that is not UTF-8, as far as they are."""
    try:
        line = parse_line(raw.decode(errors="ignore").encode())
    except Malformed:
        return "*", None
    return (line.command if line.command in COMMANDS else "*"), _label(line)


def _has_left(client: Client) -> bool:
    """Tell whether a client has left by what its last line did."""
    return client.gone
