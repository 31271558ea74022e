"""The page of the protocol says what the code does."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_the_protocol_is_what_the_tables_say() -> None:
    """`make docs` would change nothing in it. Source: docs/protocol/README.md, its opening."""
    script = ROOT / "scripts" / "protocol_tables.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False, timeout=60)
    assert done.returncode == 0, "docs/protocol/README.md is behind the code: run `make docs`"
