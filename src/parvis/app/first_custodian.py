"""A program apart that makes the first custodians' key, with one share, and hands that over.

Standard output is for the server and gets the public half alone. The words go to the terminal that the server was
started on, else into a file; this program ends, and they are nowhere else.
"""

import os
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from parvis.app.handing_over import Made
from parvis.archive import custody
from parvis.store import durable

SHARE_FILE: Final = "custodian-share.txt"
"""Name of the file in the data folder."""

WARNING: Final = (
    "This is the only share of the key that opens the archive after the windows have passed.\n"
    "Write it down and keep it away from this machine. Who has it and the data folder can read everything that is\n"
    "kept; if it is lost, nobody can ever open what was sealed under it, not even for a court.\n"
    "For several custodians, run: parvis custodian init --shares 5 --threshold 3\n"
)


def main(data_dir: Path) -> None:
    """Make the key, hand the share over, tell the public half."""
    from shamir_mnemonic import generate_mnemonics

    seed = os.urandom(custody.SEED_BYTES)
    ((words,),) = generate_mnemonics(1, [(1, 1)], seed)
    text = f"{WARNING}\n{words}\n"
    if sys.stderr.isatty():
        sys.stderr.write(f"\n{text}\n")
        sys.stderr.flush()
    else:
        path = data_dir / SHARE_FILE
        durable.write_new(path, text.encode())
        durable.sync_folder(data_dir)
        sys.stderr.write(f"The custodians' share is in {path}. Move it away from this machine.\n")
    made = Made(custody.public_bytes(seed), 1, 1, time.time_ns() // 1_000_000)
    sys.stdout.buffer.write(msgspec.json.encode(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
