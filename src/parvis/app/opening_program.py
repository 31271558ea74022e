"""The program that opens: short-lived, without a server and without its data folder.

It makes a one-time key, waits a bounded time for shares that are sealed to it, rebuilds the custodians' private key,
decrypts, keeps of it what was asked and nothing else, seals that to whoever asked, says what it did, and ends.

Rule 1: every end, the one by a fault too, leaves proceedings; shares and keys are wiped, and shares in the folder
deleted.
Rule 2: what an authenticated header says decides what belongs to the request; nothing that the server wrote beside
the records does.
Rule 3: no fault and no line told holds words of a share or of anybody.

Source: docs/protocol/opening.md; docs/adr/0022-openings.md.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from parvis.app import shares
from parvis.app.opening_result import Opener, between_strangers
from parvis.app.secret_memory import wipe
from parvis.app.shares import BadShares
from parvis.archive import custody, result, session
from parvis.archive.bundle import export_digest
from parvis.archive.custody import UnopenedCustody
from parvis.archive.session import MalformedSession, Outcome, Proceedings, Session, Voice
from parvis.legal import openings as law
from parvis.model import moments
from parvis.store import opening_folder
from parvis.store.opening_folder import BadFolder, Export, Reading

LOOK_S: Final = 0.5
"""Between two looks for shares."""
REASON_CHARS_MAX: Final = 300
"""Longest reason that proceedings take over."""

Tell = Callable[[str, dict[str, object]], None]
"""Tells people what happens: an event's name for programs, and its facts, `text` among them a whole sentence."""


class NotOpened(Exception):
    """Nothing was opened. A whole sentence that says why."""


class Time:
    """The clocks of this machine."""

    def now_ms(self) -> int:
        """Give the time of day."""
        return time.time_ns() // 1_000_000

    def steady_s(self) -> float:
        """Give seconds that only grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class OpeningProgram:
    """One session over one folder."""

    def __init__(
        self, folder: Path, tell: Tell, *, wait_s: float, expected: str = "", clock: Time | None = None
    ) -> None:
        """Prepare a session; nothing is read yet.

        Args:
            folder: What the server exported.
            tell: Tells people what happens.
            wait_s: How long it waits for shares.
            expected: The digest of the export as the server's log has it, in hex; empty: it is not checked.
            clock: The time.
        """
        self._folder = folder
        self._tell = tell
        self._wait_s = wait_s
        self._expected = expected
        self._clock = clock or Time()
        self._words: dict[int, dict[int, str]] = {}
        """Words of shares by the number that those of one key have in common, and by share."""
        self._grants: dict[int, list[Voice]] = {}
        """Who gave one, by the same numbers: what belongs to another key is nobody's yes to this request."""
        self._refusals: list[Voice] = []

    def run(self) -> Proceedings:
        """Do all of it; give what happened.

        Raises:
            BadFolder: The folder cannot be used; nothing was begun.
            NotOpened: The request has ended, or is not the one expected; nothing was begun.
        """
        export = self._read()
        seed = bytearray(os.urandom(custody.SEED_BYTES))
        began_ms = self._clock.now_ms()
        self._session = Session(
            id=os.urandom(16).hex(),
            request=law.digest(export.request).hex(),
            export=export.digest.hex(),
            public=custody.public_bytes(bytes(seed)),
            began_ms=began_ms,
            ends_ms=min(export.request.ends_ms, began_ms + int(self._wait_s * 1000)),
        )
        opened: Outcome | None = None
        why = "The program failed."
        try:
            opening_folder.write_file(self._folder / opening_folder.SESSION, session.written(self._session))
            self._tell_waiting(export)
            private = self._gather(export, seed)
            try:
                opened = self._open(export, bytes(private))
            finally:
                wipe(private)
        except (NotOpened, BadFolder) as fault:
            why = str(fault)
        except KeyboardInterrupt:
            why = "The program was stopped by hand."
        finally:
            wipe(seed)
            self._words.clear()
            proceedings = self._end(export, opened, why)
        return proceedings

    def _read(self) -> Export:
        for name in (opening_folder.PROCEEDINGS, opening_folder.RESULT):
            if (self._folder / name).exists():
                raise BadFolder(
                    f"{self._folder / name} is there already: record these proceedings first "
                    "(parvis archive opening record), or take another copy of the export."
                )
        export = opening_folder.read_export(self._folder)
        now_ms = self._clock.now_ms()
        if self._expected and self._expected.strip().lower() != export.digest.hex():
            raise NotOpened("This is not the export that the log tells of: its digest is another. Nothing was begun.")
        if now_ms < export.request.not_before_ms:
            raise NotOpened(f"The request waits until {moments.told(export.request.not_before_ms)}. Nothing was begun.")
        if now_ms >= export.request.ends_ms:
            raise NotOpened(f"The request ended at {moments.told(export.request.ends_ms)}. Nothing was begun.")
        return export

    def _tell_waiting(self, export: Export) -> None:
        spoken = session.spoken(session.fingerprint(self._session))
        facts = (
            ("Sealed to key", custody.custodian_id(custody.HYBRID, export.request.requester.public).hex()),
            ("Records", str(export.counts.records)),
            ("Vault rows", str(export.counts.vault_rows)),
            ("Digest", export.digest.hex()),
        )
        self._tell(
            "waiting",
            {
                "text": "\n".join(law.plain_words(export.request, facts)),
                "fingerprint": spoken,
                "request": self._session.request,
                "digest": export.digest.hex(),
                "ends_ms": self._session.ends_ms,
            },
        )

    def _gather(self, export: Export, seed: bytearray) -> bytearray:
        """Wait for as many shares as are needed; give the seed that they make.

        Raises:
            NotOpened: They did not come in time, or too many custodians refused.
        """
        quorum = export.request.quorum
        one_time = custody.private_key(bytes(seed))
        seen: set[str] = set()
        ends_s = self._clock.steady_s() + self._wait_s
        while True:
            for name, raw in opening_folder.voices(self._folder, seen):
                if name.startswith("refusal"):
                    self._refuse(raw, quorum.shares)
                elif (made := self._grant(one_time, raw, quorum)) is not None:
                    return made
            refused = len({each.share for each in self._refusals if each.share is not None})
            if quorum.shares - refused < quorum.threshold:
                raise NotOpened(f"{refused} of {quorum.shares} custodians refused, so a quorum cannot come together.")
            if self._clock.steady_s() >= ends_s or self._clock.now_ms() >= self._session.ends_ms:
                given = max((len(same) for same in self._grants.values()), default=0)
                raise NotOpened(
                    f"The time to wait is over: {given} of the {quorum.threshold} shares needed were given."
                )
            self._clock.sleep(LOOK_S)

    def _grant(self, one_time: MLKEM768X25519PrivateKey, raw: bytes, quorum: law.Quorum) -> bytearray | None:
        """Take one grant; give the seed once there are enough."""
        try:
            words = session.open_share(one_time, self._session, raw).decode("ascii")
            facts = shares.describe(words)
        except UnopenedCustody:
            self._tell_bad("A grant is not for this session: it was made for another, or damaged on its way.")
            return None
        except (BadShares, UnicodeDecodeError) as bad:
            self._tell_bad(str(bad) if isinstance(bad, BadShares) else "A grant holds no share.")
            return None
        if facts.threshold != quorum.threshold or facts.index > quorum.shares:
            self._tell_bad("A share was given that belongs to another key.")
            return None
        same = self._words.setdefault(facts.identifier, {})
        if facts.index in same:
            self._tell_bad(f"Share {facts.index} was given a second time. It counts once.")
            return None
        same[facts.index] = words
        self._grants.setdefault(facts.identifier, []).append(Voice(share=facts.index, at_ms=self._clock.now_ms()))
        text = f"Share {facts.index} was given: {len(same)} of {quorum.threshold}."
        self._tell("granted", {"text": text, "share": facts.index, "given": len(same), "needed": quorum.threshold})
        return self._combined(facts.identifier, quorum) if len(same) == quorum.threshold else None

    def _combined(self, identifier: int, quorum: law.Quorum) -> bytearray | None:
        """Make the seed of one key's shares; if it is not the key that is needed, go on without them."""
        same = self._words.pop(identifier)
        told = "These shares make another key than the one that is needed."
        try:
            made = shares.combine(list(same.values()))
            if custody.custodian_id(custody.HYBRID, custody.public_bytes(bytes(made))).hex() == quorum.custodian:
                self._grants = {identifier: self._grants[identifier]}
                return made
            wipe(made)
        except BadShares as bad:
            told = str(bad)
        del self._grants[identifier]
        self._tell_bad(f"{told} They do not count; their custodians can grant again.")
        return None

    def _refuse(self, raw: bytes, shares_there: int) -> None:
        try:
            refusal = session.read_refusal(raw)
        except MalformedSession:
            self._tell_bad("A refusal cannot be read.")
            return
        if refusal.session != session.fingerprint(self._session).hex():
            self._tell_bad("A refusal is of another session.")
            return
        if refusal.share is not None and refusal.share > shares_there:
            self._tell_bad(f"A refusal names share {refusal.share}, and there are {shares_there}.")
            return
        if len(self._refusals) < session.VOICES_MAX:
            self._refusals.append(Voice(share=refusal.share, at_ms=self._clock.now_ms(), reason=refusal.reason))
        who = "Somebody" if refusal.share is None else f"The custodian of share {refusal.share}"
        self._tell("refused", {"text": f"{who} refused: {refusal.reason}", "share": refusal.share})

    def _given(self) -> list[Voice]:
        return [each for same in self._grants.values() for each in same]

    def _tell_bad(self, text: str) -> None:
        """Tell of what does not count; the session goes on."""
        self._tell("not-counted", {"text": text})

    def _open(self, export: Export, seed: bytes) -> Outcome:
        """Decrypt, filter, seal to whoever asked."""
        self._tell("opening", {"text": "The quorum is complete. Opening..."})
        asked = law.digest(export.request)
        reading = Reading(self._folder)

        def is_as_it_was() -> None:
            if export_digest(asked, reading.digest) != export.digest:
                raise BadFolder(f"{self._folder} was changed while it was opened.")

        strangers = between_strangers(export.request, reading.frames())
        is_as_it_was()
        facts: dict[str, object] = {
            "session": self._session.id,
            "export": self._session.export,
            "opened_ms": self._clock.now_ms(),
            "shares": [each.share for each in self._given()],
        }
        opener = Opener(export.request, custody.private_key(seed), facts, strangers)
        halves = os.urandom(result.SECRET_BYTES), os.urandom(result.SECRET_BYTES)
        sealed, key = result.seal_secrets(export.request.requester.public, export.request.release, asked, halves)

        def lines() -> Iterator[bytes]:
            yield from opener.lines(reading.frames())
            is_as_it_was()

        digest = opening_folder.write_result(self._folder, result.sealed_text(sealed, key, lines()))
        tally = opener.tally
        return Outcome(
            result=digest.hex(),
            released=sealed.released,
            records=tally.records,
            withheld=tally.withheld,
            unopened=tally.unopened,
            leaves_wrong=tally.leaves_wrong,
            vault=tally.vault,
        )

    def _end(self, export: Export, opened: Outcome | None, why: str) -> Proceedings:
        """Write down what happened, and leave no share behind."""
        proceedings = Proceedings(
            request=self._session.request,
            export=self._session.export,
            session=self._session.id,
            custodian=export.request.quorum.custodian,
            began_ms=self._session.began_ms,
            ended_ms=self._clock.now_ms(),
            grants=tuple(self._given()[: session.VOICES_MAX]),
            refusals=tuple(self._refusals),
            opened=opened,
            why="" if opened is not None else why[:REASON_CHARS_MAX],
        )
        opening_folder.forget_voices(self._folder)
        opening_folder.write_file(self._folder / opening_folder.PROCEEDINGS, session.written(proceedings))
        return proceedings
