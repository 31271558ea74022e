"""What was found torn when a server stopped, set aside in the data folder until its term ends."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from parvis.store import durable

SET_ASIDE_NAME: Final = "set-aside"
"""Folder of what was found torn, in the data folder."""

_WHEN: Final = "%Y-%m-%dT%H-%M-%S"
_NAME: Final = re.compile(r"torn-batch-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)\.wal")


def torn_batch_name(now_ms: int) -> str:
    """Name the copy of a batch that was found torn at a moment."""
    return f"torn-batch-{datetime.fromtimestamp(now_ms / 1000, UTC).strftime(_WHEN)}.wal"


def sweep(folder: Path, term_ms: int, now_ms: int) -> Collection[Path]:
    """Remove the torn batches that were set aside longer ago than their term; give what went."""
    gone: list[Path] = []
    for path in folder.glob("torn-batch-*.wal") if folder.is_dir() else ():
        named = _NAME.fullmatch(path.name)
        if named is None:
            continue
        made = datetime.strptime(named[1], _WHEN).replace(tzinfo=UTC)
        if made.timestamp() * 1000 + term_ms <= now_ms:
            path.unlink(missing_ok=True)
            gone.append(path)
    if gone:
        durable.sync_folder(folder)
    return gone
