"""The handbook says what the configuration takes. Source: docs/handbook/operator.md."""

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

from parvis.app.config import ARRAYS, TABLES, keys_of

ROOT = Path(__file__).resolve().parents[3]
HANDBOOK = (ROOT / "docs" / "handbook" / "operator.md").read_text(encoding="utf-8")


def writer() -> ModuleType:
    """Load the script that writes the tables."""
    spec = importlib.util.spec_from_file_location("handbook_keys", ROOT / "scripts" / "handbook_keys.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_code() -> None:
    """Every key with its default and its meaning; `make docs` writes them anew."""
    assert writer().renewed(HANDBOOK) == HANDBOOK


def test_no_key_is_missing() -> None:
    """Whatever writes the tables, each key has a row in its section."""
    for name, table in {**TABLES, **ARRAYS}.items():
        heading = f"### [[{name}]]" if name in ARRAYS else f"### [{name}]"
        section = HANDBOOK.partition(f"{heading}\n")[2].partition("\n### ")[0]
        for key in keys_of(table):
            assert f"| `{key}` |" in section, f"{name}.{key}"


def test_the_example_uses_keys_that_exist() -> None:
    """So that nobody copies a mistake."""
    example = tomllib.loads(HANDBOOK.partition("```toml\n")[2].partition("```")[0])
    for name, given in example.items():
        tables = given if isinstance(given, list) else [given]
        for table in tables:
            assert set(table) <= set(keys_of({**TABLES, **ARRAYS}[name]))
