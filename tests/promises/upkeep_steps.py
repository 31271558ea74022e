"""A program that changes an archive in every way there is, and says over a socket what it may rely on.

Run by `test_power_cut_upkeep.py`, recorded: `python -m tests.promises.upkeep_steps DATA`. What it says: `begins N`
before a step, `done N` once its commit was answered, `destroys HEX` before a term key goes. Each step is one batch:
three messages in a room of its own (so that a content key is made), and one kind of upkeep.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.custodians import a_custodian

from parvis.archive import absences, custody
from parvis.archive.absences import Absence, Why
from parvis.archive.content_keys import CustodyWrap
from parvis.archive.record import pack_content, record_id, run_and_counter
from parvis.archive.terms import HOUR_MS, TermKey, TermKind
from parvis.model.ids import ConversationId, IdentityId, SessionId
from parvis.model.records import RecordKind, Unsealed
from parvis.ports.archive import Batch, Outcome, Sealed, Upkeep, VaultKey, VaultRow
from parvis.ports.keys import KeyStore
from parvis.ports.sealed import Wanted
from parvis.store.sqlite.archive import SqliteArchive
from parvis.store.sqlite.sealed import SqliteSealed

STEPS: Final = 24
MESSAGES: Final = 3
BEGINS_MS: Final = 1_700_000_000_000
STEP_MS: Final = 20 * 60_000
"""Three steps to an hour, so that content keys are made again and again."""


def room_of(step: int) -> ConversationId:
    """Give the room of a step."""
    return ConversationId(sha256(b"room %d" % step).digest()[:16])


def vault_key_of(step: int) -> VaultKey:
    """Give the key of the vault that a step writes under."""
    day = sha256(b"vault %d" % step).digest()[:16]
    return VaultKey(id=day, kind="connections", day_ms=step, custodian=b"c" * 16, term_key=b"t" * 16, wrap=b"w" * 100)


def hold_key_of(step: int) -> TermKey:
    """Give the term key of the hold that a step places."""
    return TermKey(
        id=b"hold" + bytes(11) + bytes([step]), kind=TermKind.HOLD, term_ms=1, begins_ms=step, key=bytes([step]) * 32
    )


def custodian_of(step: int) -> custody.CustodianKey:
    """Give the custodians' key that a step changes to."""
    return custody.custodian_key(custody.public_bytes(bytes([step]) * 32), 1, 1, BEGINS_MS + step)


def messages(step: int, digest: str) -> list[Unsealed]:
    """Give the records of a step; the first names the digest of the absences from now on."""
    lines = [f"step {step} absences {digest}".encode(), *[b"step %d line %d" % (step, at) for at in range(1, MESSAGES)]]
    return [
        Unsealed(
            kind=RecordKind.MESSAGE,
            time_ms=BEGINS_MS + step * STEP_MS,
            author=IdentityId(b"a" * 16),
            session=SessionId(b"s" * 16),
            conversation=room_of(step),
            message_id=b"m" * 15,
            content=pack_content([], line),
        )
        for line in lines
    ]


class Steps:
    """The steps, over one archive."""

    def __init__(self, data: Path, tells: socket.socket) -> None:
        """Open the archive."""
        self.now_ms = BEGINS_MS
        self._posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.archive = SqliteArchive(data, self._posted.put, lambda: self.now_ms, make_custodian=a_custodian)
        self.archive.open(self.now_ms)
        self.keys: KeyStore = self.archive.keys
        self.sealed = SqliteSealed(data)
        self.noted: tuple[Absence, ...] = ()
        self._tells = tells

    def tell(self, text: str) -> None:
        """Say something that may be relied on."""
        self._tells.sendall(text.encode() + b"\n")

    def step(self, number: int) -> None:
        """Do one step."""
        self.now_ms = BEGINS_MS + number * STEP_MS
        self.tell(f"begins {number}")
        upkeep = self._upkeep(number)
        digest = absences.digest(self.noted).hex()[:16]
        outcomes: list[Outcome] = []
        self.archive.seal(Batch(messages(number, digest), upkeep=[upkeep]), outcomes.append)
        self._posted.get()()
        assert isinstance(outcomes[0], Sealed)
        self.tell(f"done {number}")
        if upkeep.truncate:
            time.sleep(0.25)

    def _upkeep(self, number: int) -> Upkeep:
        """Give what a step changes: each kind in turn."""
        vault = tuple(VaultRow(key=vault_key_of(number).id, sealed=b"%d" % at * 30) for at in range(4))
        before = [key for key in self.sealed.content_keys() if key.conversation == room_of(number - 1)]
        match number % 6:
            case 0:
                return Upkeep(vault_keys=(vault_key_of(number),), vault=vault)
            case 1:
                first = self.sealed.head()
                run, counter = run_and_counter(first)
                gone = tuple(record_id(run, counter - at) for at in range(MESSAGES - 1))
                more = [Absence(first_id=gone[-1], last_id=gone[0], why=Why.ERASURE)]
                self.noted = absences.merge(self.noted, more)
                return Upkeep(absences=self.noted, erase=gone, truncate=True)
            case 2:
                hold = hold_key_of(number)
                self.keys.change_term_keys(add=[hold])
                return Upkeep(add_wraps=tuple(self._held(key.id, hold) for key in before))
            case 3:
                hold = hold_key_of(number - 1)
                self.tell(f"destroys {hold.id.hex()}")
                self.keys.change_term_keys(destroy=[hold.id])
                return Upkeep(
                    drop_wraps=tuple((wrap.content_key, hold.id) for wrap in self.sealed.wraps_under([hold.id]))
                )
            case 4:
                return Upkeep(close_visible=tuple(key.id for key in before), drop_vault=(vault_key_of(number - 4).id,))
            case _:
                self.now_ms += HOUR_MS
                return Upkeep(custodian=custodian_of(number))

    def _held(self, content_key: bytes, hold: TermKey) -> CustodyWrap:
        (wrap,) = self.sealed.wraps_of(content_key)
        term_key = next(key for key in self.keys.term_keys() if key.id == wrap.term_key)
        inside = custody.lift_term(wrap.wrap, term_key, content_key)
        return CustodyWrap(
            content_key=content_key,
            custodian=wrap.custodian,
            term_key=hold.id,
            wrap=custody.under_term(inside, hold, content_key, os.urandom(12)),
        )


def main() -> None:
    """Do all steps, and end in order."""
    tells, heard = socket.socketpair()
    steps = Steps(Path(sys.argv[1]), tells)
    steps.tell("opened 0")
    for number in range(1, STEPS + 1):
        steps.step(number)
        heard.recv(65536)
    assert next(steps.sealed.rows(Wanted())).number
    steps.archive.close()


if __name__ == "__main__":
    main()
