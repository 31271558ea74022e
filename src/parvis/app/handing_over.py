"""The first custodians' key of a new archive, made by a program apart: this one never sees its private half.

The share goes to the operator as every secret does (DESIGN, "Sealing, in short"): to a terminal, else into a private
file of the data folder that the log names at every start until it is gone.

It is handed over before the key is used. If the power goes in between, its share opens nothing, and the next start
makes another key.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from parvis.archive.custody import CustodianKey
from parvis.model.audit import CustodianKeySet, audit_record
from parvis.model.records import Unsealed
from parvis.ports.archive import ArchiveError

WAIT_S: Final = 60.0
"""How long making a key may take; ours: it takes a tenth of a second."""

NEEDED: Final = ("PATH", "LANG", "LC_ALL", "TERM", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME")
"""What the program apart inherits of the environment: passwords of the configuration may stand there."""


def hand_over(data_dir: Path) -> CustodianKey:
    """Have one key with one share made and handed over, and give its public half.

    Raises:
        ArchiveError: It could not be made; nothing was begun.
    """
    environ = {name: os.environ[name] for name in NEEDED if name in os.environ}
    # `-P`: the folder that the server was started in holds nothing that is imported.
    words = [sys.executable, "-P", "-m", "parvis.app.first_custodian", str(data_dir)]
    try:
        done = subprocess.run(  # noqa: S603  # this program itself, with words of our own
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environ, timeout=WAIT_S, check=False
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise ArchiveError("the first custodians' key could not be made: its program did not end") from fault
    if done.returncode != 0:
        reason = done.stdout.decode(errors="replace") or "its program ended without a word"
        raise ArchiveError(f"the first custodians' key could not be made: {reason}")
    try:
        return msgspec.json.decode(done.stdout, type=CustodianKey)
    except msgspec.DecodeError as fault:
        raise ArchiveError("the first custodians' key could not be made: its program did not say it") from fault


def tell_of(key: CustodianKey, replaces: str = "", by: str = "server") -> Unsealed:
    """Give the record of the audit that stands in one batch with a custodians' key.

    Args:
        key: The key from now on.
        replaces: Id in hex of the key until now; empty for the first.
        by: Who set it.
    """
    return audit_record(
        CustodianKeySet(by=by, custodian=key.id.hex(), shares=key.shares, threshold=key.threshold, replaces=replaces)
    )
