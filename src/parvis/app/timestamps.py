"""Asking a time-stamping authority for the time of a checkpoint. Source: RFC 3161, section 3.4.

Rule: it gets a hash and nothing else; its answer is bounded in size and time, and checked before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from parvis.app.config import ArchiveStore
from parvis.store.log.folder import STAMP_BYTES_MAX, LogFolder

WAIT_S: Final = 20.0
"""Longest wait for each piece of an answer; ours: authorities answer within a second."""


class NotStamped(Exception):
    """No time stamp was got; the next try is a while later. The text says why."""


class Stamper:
    """Asks for a time stamp when one is due."""

    def __init__(self, chosen: ArchiveStore, folder: LogFolder, clock: Callable[[], int]) -> None:
        """Use what the operator chose."""
        self._url = chosen.timestamp_url
        self._every_ms = chosen.timestamp_every_s * 1000
        self._roots: Path | None = chosen.timestamp_roots
        self._folder = folder
        self._clock = clock
        self._due_ms = 0

    def stamp_if_due(self, size: int, raw: bytes) -> None:
        """Get a stamp of a checkpoint and keep it, if the time has come and an authority is named.

        Raises:
            NotStamped: It was due and none came.
        """
        now_ms = self._clock()
        if not self._url or now_ms < self._due_ms:
            return
        if not self._due_ms and (newest_ms := self._folder.newest_stamp_ms()) is not None:
            # A server that is restarted often asks no more often for that.
            self._due_ms = newest_ms + self._every_ms
            if now_ms < self._due_ms:
                return
        self._due_ms = now_ms + min(self._every_ms, RETRY_MS)
        self._folder.put_stamp(raw, size, _stamp(self._url, raw, self._roots))
        self._due_ms = now_ms + self._every_ms


RETRY_MS: Final = 15 * 60 * 1000
"""How long after a failure the authority is asked again, in milliseconds."""


def _stamp(url: str, raw: bytes, roots: Path | None) -> bytes:
    # Most servers name no authority, and a start waits for none of this.
    from http.client import HTTPException
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    from parvis.archive.timestamps import WrongStamp, check_granted, load_roots, stamp_request, verify_stamp

    class NoRedirect(HTTPRedirectHandler):
        """The authority that the operator named answers itself."""

        def redirect_request(self, *_: object) -> None:
            """Follow nowhere."""
            return

    request = stamp_request(raw)
    asking = Request(  # noqa: S310  # the reader of the configuration lets http and https through alone
        url, request.as_bytes(), {"Content-Type": "application/timestamp-query"}, method="POST"
    )
    try:
        with build_opener(NoRedirect).open(asking, timeout=WAIT_S) as answering:
            answer: bytes = answering.read(STAMP_BYTES_MAX + 1)
        if len(answer) > STAMP_BYTES_MAX:
            raise NotStamped(f"answer is longer than {STAMP_BYTES_MAX} bytes")
        if roots is None:
            check_granted(answer)
        else:
            verify_stamp(raw, answer, load_roots(roots.read_bytes()), request)
    except (HTTPException, OSError, ValueError) as fault:
        why = str(fault) if isinstance(fault, WrongStamp) else type(fault).__name__
        raise NotStamped(why) from fault
    return answer
