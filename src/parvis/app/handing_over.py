"""The first custodians' key of a new archive, made by a program apart: this one never sees its private half.

The share goes to the operator as every secret does (DESIGN, "Sealing, in short"): to a terminal, else into a private
file of the data folder that the log names.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from parvis.archive.custody import CustodianKey, custodian_key
from parvis.ports.archive import ArchiveError

WAIT_S: Final = 60.0
"""How long making a key may take; ours: it takes a fraction of a second."""


class Made(msgspec.Struct, frozen=True):
    """What the program apart writes to its standard output: the public half, and how the private one is split."""

    public: bytes
    shares: int
    threshold: int
    at_ms: int


def hand_over(data_dir: Path) -> CustodianKey:
    """Have one key with one share made and handed over, and give its public half.

    Raises:
        ArchiveError: It could not be made; nothing was begun.
    """
    try:
        done = subprocess.run(  # noqa: S603  # this program itself, with words of our own
            [sys.executable, "-m", "parvis.app.first_custodian", str(data_dir)],
            stdout=subprocess.PIPE,
            timeout=WAIT_S,
            check=True,
        )
        made = msgspec.json.decode(done.stdout, type=Made)
        return custodian_key(made.public, made.shares, made.threshold, made.at_ms)
    except (OSError, subprocess.SubprocessError, ValueError) as fault:
        raise ArchiveError("the first custodians' key could not be made; what stands above says why") from fault
