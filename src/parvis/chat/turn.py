"""From a turn of the event loop to a durable batch to its delivery. The one place that decides when.

A turn is all input that is ready at once. Its acts gather in a batch; one batch at a time is being sealed, and
while it is, the next gathers. The rules (docs/adr/0001-turn-batch-and-fence.md):

Rule 1: lines of a batch go out when its records are durable; a batch without records goes out at the end of its
turn, unless an earlier one is still being sealed.
Rule 2: no wait when batches are small; at most `WAIT_S` when several records a commit are already arriving.
Rule 3: a batch that cannot be sealed is tried again, and nothing of it or after it is shown. After `TEXTS_WAIT_S`
its texts are refused to their senders; what changed state stays owed and is sealed first.
Rule 4: a commit that hangs is not failed: nothing is told until it ends.
"""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import structs

from parvis.archive.record import record_id
from parvis.chat.batch import TEXTS, Batch, Said
from parvis.chat.client import Client
from parvis.chat.delivery import FanOut, deliver
from parvis.model.kept import Keep
from parvis.model.records import Unsealed
from parvis.ports import archive as a
from parvis.ports.clock import Clock, Timer

WAIT_S: Final = 0.002
"""Longest wait for more records before a batch is sealed."""
SMALL_BATCH: Final = 4
"""Batches of at most so many records are never waited for."""
RETRY_S: Final = 0.25
"""Between two tries to seal a batch that could not be sealed."""
TEXTS_WAIT_S: Final = 30.0
"""How long a text waits for an archive that fails before it is refused after all."""
PROMPT_S: Final = 0.5
"""How long sealing may take until answers that show no state stop waiting for it; ours, over any fsync that works."""

TellRefused = Callable[[Client, Unsealed, str | None], None]
"""Tell a sender that a text was dropped: who, what, under which label."""


class Turn:
    """The batch that gathers and the batch that is being sealed."""

    def __init__(
        self,
        archive: a.Archive,
        clock: Clock,
        fan_out: FanOut,
        stop_server: Callable[[str], None],
    ) -> None:
        """Begin with nothing gathered.

        Args:
            archive: Where batches are made durable; already open.
            clock: Time and timers.
            fan_out: Sends the same bytes to many.
            stop_server: Called with a reason when the archive contradicts itself.
        """
        self._archive = archive
        self._clock = clock
        self._fan_out = fan_out
        self.tell_refused: TellRefused = _tell_nobody
        """Called for each text that is dropped because sealing keeps failing; the chat sets it."""
        self.before_seal: Callable[[Batch], None] = _owe_nothing
        """Called with the batch that gathers when it is about to be sealed and holds more than records: the vault adds
        its rows, or raises what an archive or a file raises that cannot be written now."""
        self.after_seal: Callable[[int, list[Unsealed]], None] = _note_nothing
        """Called with the first number and the records of a batch that is durable, if it has any."""
        self._stop_server = stop_server
        self._serial = 1
        self.batch = Batch(self._serial)
        self._sealing: Batch | None = None
        self._expected = 0
        self._timer: Timer | None = None
        self._ending = False
        self.stopped: dict[Client, None] = {}
        """Who is not read until the batch that is being sealed is durable."""
        self.read_again: Callable[[Client], None] = Client.go_on_reading
        """Goes on with a client that was stopped; the intake, which may hold lines of it, sets it."""
        self.when_quiet: Callable[[], None] = _nobody_looks
        """Called when the world holds nothing that is not durable; whoever shows it beside the chat sets it."""
        self._when_idle: Callable[[], None] | None = None
        self._floor_ms = 0
        self.now_ms = 0
        """The moment of this turn: every act of it was decided then."""
        self.failing_since_s: float | None = None
        """When sealing began to fail, by the steady clock; None while it works."""
        self.delivered_serial = 0
        """Serial number of the last batch that was delivered."""
        self.head = 0
        """Number of the newest record that was delivered: what nobody has read yet is no history."""
        self.deliveries = 0
        self.records_sealed = 0
        self.batches_sealed = 0
        self.last_seal_s = 0.0
        self._seal_began_s = 0.0

    def begin(self) -> None:
        """Open a turn if none is open. Called before any input is handled."""
        if not self._ending:
            self._ending = True
            now_ms = self._clock.now_ms()
            # The clock may step back; records never do.
            self._floor_ms = max(self._floor_ms, now_ms)
            self.now_ms = self._floor_ms
            self._clock.soon(self.end)

    def follow(self, opened: a.Opened) -> None:
        """Go on behind what an archive held when it was opened: no act is earlier than a millisecond after that."""
        self.head = record_id(opened.run, 1)
        self._floor_ms = self.now_ms = max(self._floor_ms, opened.last_time_ms + 1)

    @property
    def is_quiet(self) -> bool:
        """Tell whether a line decided now would wait for nothing: no record is gathered or being sealed."""
        return self._sealing is None and not self.batch.needs_sealing

    @property
    def is_late(self) -> bool:
        """Tell whether what waits may wait for long: sealing fails, or takes longer than it should."""
        if self.failing_since_s is not None:
            return True
        return self._sealing is not None and self._clock.steady_s() - self._seal_began_s > PROMPT_S

    @property
    def waiting_records(self) -> int:
        """Count the records that wait to be handed to the archive."""
        return len(self.batch.records)

    def has_own_pending(self, client: Client) -> bool:
        """Tell whether an act or an answer of a client's own still waits."""
        return client.acted > self.delivered_serial

    def stop_reading(self, client: Client) -> None:
        """Read nothing more from a client until the batch that is being sealed is durable."""
        if client not in self.stopped:
            self.stopped[client] = None
            client.stop_reading()

    def end(self) -> None:
        """Close the turn: seal what it gathered, or send it if nothing of it has to be durable."""
        self._ending = False
        if self._sealing is not None:
            return
        batch = self.batch
        if not batch.needs_sealing:
            if not batch.is_empty:
                self._begin_batch()
                self._deliver(batch)
                self._let_read()
            # What waits for the end may have waited for these lines alone.
            self._tell_idle()
            return
        if self._expected <= SMALL_BATCH or len(batch.records) >= self._expected:
            self._seal()
        elif self._timer is None:
            self._timer = self._clock.later(WAIT_S, self._waited)

    def write(
        self,
        records: Iterable[Unsealed],
        upkeep: Iterable[a.Upkeep],
        kept: Iterable[Keep],
        durable: Callable[[], None],
    ) -> None:
        """Make something durable that no command decided: with the batch that gathers, which need show nothing.

        Args:
            records: Records, of the moment of this turn whatever their time says.
            upkeep: Changes of what is stored.
            kept: Values to keep; whoever holds them in memory is told by the caller.
            durable: Called once all of it is durable; never if the archive contradicts itself.
        """
        self.begin()
        batch = self.batch
        batch.records += [structs.replace(record, time_ms=self.now_ms) for record in records]
        batch.upkeep += upkeep
        for keep in kept:
            batch.kept[keep.kind, keep.id] = keep
        batch.durable.append(durable)

    def when_idle(self, call: Callable[[], None]) -> None:
        """Call once when everything decided so far is durable and delivered: for the end of the program."""
        self._when_idle = call
        if self._sealing is None and self.batch.is_empty:
            self._tell_idle()
        elif self._sealing is None:
            self._seal_or_deliver()

    def _waited(self) -> None:
        self._timer = None
        if self._sealing is None and self.batch.needs_sealing:
            self._seal()

    def _seal_or_deliver(self) -> None:
        if self.batch.needs_sealing:
            self._seal()
        else:
            self.end()

    def _begin_batch(self) -> None:
        self._serial += 1
        self.batch = Batch(self._serial)

    def _seal(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch = self.batch
        try:
            # A batch of records alone is one statement of the archive, and stays one.
            if batch.vault or batch.rooms or batch.kept or batch.upkeep:
                self.before_seal(batch)
        except (a.ArchiveError, OSError):
            # As with a commit that fails: nothing of it is shown, and it is tried again.
            if self._is_failing_for_long():
                self._refuse_texts(batch)
            self._timer = self._clock.later(RETRY_S, self._waited)
            return
        self._sealing = batch
        self._begin_batch()
        self._seal_began_s = self._clock.steady_s()
        self._archive.seal(batch.to_seal(), self._sealed)

    def _sealed(self, outcome: a.Outcome) -> None:
        batch = self._sealing
        if batch is None:
            raise AssertionError("the archive answered twice")
        match outcome:
            case a.Sealed(run=run, first_counter=first, count=count):
                self._sealing = None
                if count:
                    number = record_id(run, first)
                    self.head = number + count - 1
                    self.after_seal(number, batch.records)
                self._expected = count
                self.failing_since_s = None
                self.records_sealed += count
                self.batches_sealed += 1
                self.last_seal_s = self._clock.steady_s() - self._seal_began_s
                self._deliver(batch)
                self._go_on()
            case a.Unavailable():
                if self._is_failing_for_long():
                    self._refuse_texts(batch)
                    self._refuse_texts(self.batch)
                self._clock.later(RETRY_S, self._try_again)
            case a.Fatal(reason=reason):
                # The batch stays where it is: nothing of it is ever shown.
                self._stop_server(reason)

    def _is_failing_for_long(self) -> bool:
        """Note that sealing fails, and tell whether texts have waited for it long enough."""
        now_s = self._clock.steady_s()
        if self.failing_since_s is None:
            self.failing_since_s = now_s
        return now_s - self.failing_since_s >= TEXTS_WAIT_S

    def _try_again(self) -> None:
        batch = self._sealing
        if batch is None:
            return
        # When every record was dropped, an empty batch asks whether the archive works again.
        self._archive.seal(batch.to_seal(), self._sealed)

    def _refuse_texts(self, batch: Batch) -> None:
        """Drop the texts of a batch and tell their senders; what changed state stays."""
        dropped = {id(record) for record in batch.records if record.kind in TEXTS}
        if not dropped:
            return
        batch.records = [record for record in batch.records if id(record) not in dropped]
        told: set[object] = set()
        for run in batch.runs:
            kept = []
            for entry in run.entries:
                if isinstance(entry, Said):
                    record, sender, label = entry.record, entry.sender, entry.label
                else:
                    _, _, record, sender, label = entry
                if record is None or id(record) not in dropped:
                    kept.append(entry)
                    continue
                if isinstance(entry, Said):
                    run.groups[entry.audience].remove(entry)
                # A label is answered once, however many targets its message had.
                key = id(record) if label is None else (sender, label)
                if sender is not None and key not in told:
                    told.add(key)
                    self.tell_refused(sender, record, label)
            run.entries = kept

    def _deliver(self, batch: Batch) -> None:
        for call in batch.durable:
            call()
        self.deliveries += deliver(batch, self._fan_out)
        self.delivered_serial = batch.serial
        if self.is_quiet:
            self.when_quiet()

    def _go_on(self) -> None:
        """After a delivery: read again from who was stopped, and see to what gathered meanwhile."""
        self._let_read()
        if self.batch.is_empty:
            self._tell_idle()
        elif not self._ending:
            self.end()

    def _let_read(self) -> None:
        """Read again from who was stopped: the queue has room."""
        if self.stopped:
            stopped, self.stopped = self.stopped, {}
            for client in stopped:
                self.read_again(client)

    def _tell_idle(self) -> None:
        call, self._when_idle = self._when_idle, None
        if call is not None:
            call()


def _tell_nobody(client: Client, record: Unsealed, label: str | None) -> None:
    raise AssertionError(f"no chat uses this turn: {client}, {record}, labelled {label is not None}")


def _owe_nothing(batch: Batch) -> None:
    """No vault is told anything."""
    del batch


def _note_nothing(first_number: int, records: list[Unsealed]) -> None:
    """No vault notes anything."""
    del first_number, records


def _nobody_looks() -> None:
    """Nobody shows the world beside the chat."""
