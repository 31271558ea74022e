"""The vectors that every language runs, as `pytest.mark.parametrize` takes them. Shape: vectors/README.md."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "vectors"


@cache
def _file(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return read


def cases(file: str, name: str) -> dict[str, Any]:
    """Give the cases of one list; at least one, each named by why it is there or what it is."""
    found = _file(file)[name]
    assert found
    return {"argnames": "case", "argvalues": found, "ids": [case.get("why") or ascii(case)[:60] for case in found]}


def text(given: str | list[list[Any]]) -> str:
    """Give a text: as it stands, or repeated and joined."""
    return given if isinstance(given, str) else "".join(part * times for part, times in given)
