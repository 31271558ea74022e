"""The page of the protocol says what the code does."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "protocol" / "README.md"


def test_the_page_of_the_protocol_is_what_the_tables_say() -> None:
    """`make docs` would change nothing in it. Source: docs/protocol/README.md, its opening."""
    script = ROOT / "scripts" / "protocol_tables.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False, timeout=60)
    assert done.returncode == 0, "docs/protocol/README.md is behind the code: run `make docs`"


def test_everything_listed_names_its_specification() -> None:
    """Each command, capability and numeric. Source: docs/protocol/README.md, its opening."""
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    tables = {section.partition("\n")[0]: section for section in sections}
    for name in ("Commands", "Capabilities", "Numerics"):
        rows = [line.rsplit("|", 2)[1].strip() for line in tables[name].splitlines() if line.startswith("|")]
        assert rows[0] == "Specification"
        assert all(rows), name
