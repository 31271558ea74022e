"""Shares in files: where no terminal is, each share goes into a private file of its own, written once.

A file that still lies in the data folder is told of at every start, until it is gone: whoever has the folder and
enough of them can read everything that is kept.
"""

import os
from pathlib import Path
from typing import Final

from parvis.app.config import Mistake
from parvis.archive.custody import CustodianKey
from parvis.store import durable

FIRST_SHARE: Final = "custodian-share.txt"
"""Name of the file with the only share of an archive's first key."""

PATTERN: Final = "custodian-share*.txt"
"""What such files are called."""

ROWS: Final = 11
"""Rows in which words are shown: three columns."""


def name_of(number: int, shares: int) -> str:
    """Name the file of one share of several."""
    return f"custodian-share-{number}-of-{shares}.txt"


def heading(key: CustodianKey, number: int) -> str:
    """Say which share this is, without a word of it."""
    return f"Share {number} of {key.shares} of the custodians' key {key.id.hex()}. {needed(key)}"


def needed(key: CustodianKey) -> str:
    """Say how many shares open the archive."""
    if key.shares == 1:
        return "It alone opens the archive."
    which = f"All {key.shares}" if key.threshold == key.shares else f"Any {key.threshold} of the {key.shares}"
    return f"{which} together open the archive."


def warning(key: CustodianKey) -> str:
    """Say what losing a share, or leaving it here, means."""
    who, lost = "Whoever has it", "it is lost"
    if key.shares > 1:
        who, lost = f"Whoever has {key.threshold} of them", f"fewer than {key.threshold} are left"
    return (
        "Keep it away from the server: on paper, or on a medium that is in no machine.\n"
        f"{who} and a copy of the data folder can read everything that is kept.\n"
        f"If {lost}, nobody can ever open what was sealed under this key, not even for a court.\n"
        "Once a year, see that it is whole: parvis custodian check-share\n"
    )


def columns(words: list[str]) -> str:
    """Lay words out to be written down: numbered, in columns."""
    rows = [
        "   ".join(f"{at + 1:>4} {words[at]:<10}" for at in range(row, len(words), ROWS)).rstrip()
        for row in range(min(ROWS, len(words)))
    ]
    return "\n".join(rows)


def text_of(key: CustodianKey, number: int, words: str) -> str:
    """Write what a file holds; its words are one line, so that it can be given to `parvis custodian check-share`."""
    return f"{heading(key, number)}\n\n{words}\n\n{warning(key)}"


def write(path: Path, text: str) -> None:
    """Write a private file that is not there yet, durably with its name.

    Raises:
        OSError: It is there, or cannot be written; then nothing of it is left.
    """
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, durable.PRIVATE_FILE)
    try:
        with os.fdopen(opened, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        durable.sync_folder(path.parent)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def set_aside(folder: Path) -> None:
    """Rename a file of a first share that is there already: it may be of an archive that a backup still holds."""
    path, number = folder / FIRST_SHARE, 1
    if not path.exists():
        return
    while (aside := folder / f"custodian-share-earlier-{number}.txt").exists():
        number += 1
    path.rename(aside)


def lying(data_dir: Path) -> list[Path]:
    """List the files with shares in the data folder."""
    return sorted(data_dir.glob(PATTERN))


def cautions(data_dir: Path) -> list[Mistake]:
    """Say that such files must go, if there are any."""
    paths = lying(data_dir)
    if not paths:
        return []
    text = (
        f"The archive's key lies beside it, in {', '.join(map(str, paths))}. Give each share to its custodian and "
        "delete it here: whoever copies this folder can read everything that is kept, and what is lost with it "
        "nobody can ever open."
    )
    return [Mistake("server.data_dir", text)]
