"""The vectors that every language runs."""

import json
from functools import cache
from pathlib import Path
from typing import Any

RECORDS = Path(__file__).parents[3] / "vectors" / "records.json"


@cache
def vectors() -> dict[str, list[dict[str, Any]]]:
    """Read vectors/records.json."""
    read: dict[str, list[dict[str, Any]]] = json.loads(RECORDS.read_text(encoding="utf-8"))
    return read


def cases(name: str) -> dict[str, Any]:
    """Give what `pytest.mark.parametrize` takes to run the cases of one list, each named by why it is there."""
    found = vectors()[name]
    return {"argnames": "case", "argvalues": found, "ids": [case["why"] for case in found]}
