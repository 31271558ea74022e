"""A program apart that makes the first custodians' key, with one share, and hands that over.

Standard output is for the server: the public half alone, or a sentence about why it could not be. The words go to the
terminal that the server was started on, else into a file of the data folder; then this program ends, and they are
nowhere else.
"""

import os
import sys
import time
from pathlib import Path
from typing import Final

from parvis.app.secret_memory import lock_memory

FIRST: Final = (
    "A new archive begins here. What is said is sealed, and the server itself can read it for a short while only.\n"
    "From then on it takes these words, the custodians' share of the key, to open anything.\n"
)
HINT: Final = "For several custodians, run: parvis custodian init --shares 5 --threshold 3\n"


def main(data_dir: Path) -> int:
    """Make the key, hand the share over, tell the public half; give the program's exit status."""
    told = lock_memory()
    # These see the key: they are loaded into memory that is locked already.
    import msgspec

    from parvis.app import custodian_keys, share_files

    key, (words,) = custodian_keys.make(1, 1, time.time_ns() // 1_000_000)
    notes = HINT + "".join(f"{sentence}\n" for sentence in told)
    try:
        if somebody_reads(sys.stderr.fileno()):
            shown = f"{share_files.heading(key, 1)}\n\n{share_files.columns(words.split())}\n"
            last = "Write the line above and the words down now, then clear this screen: they are not shown again.\n"
            sys.stderr.write(f"\n{FIRST}\n{shown}\n{share_files.warning(key)}{notes}{last}\n")
            sys.stderr.flush()
        else:
            share_files.set_aside(data_dir)
            share_files.write(data_dir / share_files.FIRST_SHARE, share_files.text_of(key, 1, words) + notes)
    except OSError as fault:
        sys.stdout.write(f"its share could not be handed over: {fault.strerror}")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(key))
    return 0


def somebody_reads(descriptor: int) -> bool:
    """Tell whether it is a terminal, and this program in its foreground: one in the background is not looked at."""
    try:
        return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except Exception as fault:  # noqa: BLE001  # whatever it is: its way may stand in a log, and words are near
        sys.stdout.write(f"the program that makes it failed ({type(fault).__name__})")
        sys.exit(1)
