"""Write the tables of keys in docs/handbook/operator.md from their declarations in `parvis.app.config`."""

import sys
from pathlib import Path

import msgspec

from parvis.app.config import ARRAYS, DEFAULT_MOTD, TABLES, Key, keys_of
from parvis.app.readers import Secret, Span
from parvis.irc.spans import write_span

HANDBOOK = Path(__file__).resolve().parents[1] / "docs" / "handbook" / "operator.md"
BEGIN = "<!-- keys: written by `make docs` -->\n"
END = "<!-- end of keys -->\n"

ORDER = ("server", "listen", "limits", "history", "accounts", "mail", "safety", "operators", "webirc", "archive")


def shown(key: Key) -> str:
    """Write a default as it would stand in the file."""
    default = key.default
    if default == DEFAULT_MOTD:
        return "four lines of welcome, French and English"
    if isinstance(key.reader, Span):
        return f'`"{write_span(default)}"`'
    if isinstance(default, Secret):
        return '`""`'
    if isinstance(default, tuple):
        return "`[" + ", ".join(f'"{part}"' for part in default) + "]`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, int):
        return f"`{default}`"
    return f'`"{default or ""}"`'


def section(name: str, table: type[msgspec.Struct]) -> str:
    """Write one section: its meaning, then its keys."""
    heading = f"[[{name}]]" if name in ARRAYS else f"[{name}]"
    rows = [
        f"| `{key.name}` | {shown(key)} | {key.meaning} {key.reader.expects[:1].upper()}{key.reader.expects[1:]}. |"
        for key in keys_of(table).values()
    ]
    meaning = " ".join((table.__doc__ or "").replace("``", "`").split())
    return "\n".join([f"### {heading}", "", meaning, "", "| Key | Default | Meaning |", "| --- | --- | --- |", *rows])


def tables() -> str:
    """Write all sections, in the order of the file."""
    shapes = {**TABLES, **ARRAYS}
    assert set(ORDER) == set(shapes)
    return "\n\n".join(section(name, shapes[name]) for name in ORDER) + "\n"


def renewed(text: str) -> str:
    """Replace what stands between the two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    written = HANDBOOK.read_text(encoding="utf-8")
    HANDBOOK.write_text(renewed(written), encoding="utf-8")
    sys.stdout.write(f"{HANDBOOK.name} is up to date.\n")
