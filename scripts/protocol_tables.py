"""Write docs/protocol/README.md from the tables of the code: commands, modes, capabilities, ISUPPORT, numerics."""

import ast
import inspect
import re
import sys
from itertools import pairwise
from pathlib import Path

from parvis.app.config import Config
from parvis.app.wiring import settings_of
from parvis.chat import texts
from parvis.chat.commands.table import COMMANDS
from parvis.irc import capabilities, limits, modes, numerics

PAGE = Path(__file__).resolve().parents[1] / "docs" / "protocol" / "README.md"

OPENING = """# The protocol

What Parvis speaks: IRC as modern IRC describes it, with capabilities of IRCv3. This page is written from the tables of
the code by `make docs`, with the specification that each obeys.

Everything is UTF-8; another byte is answered with `FAIL * INVALID_UTF8`. A line that would be cut is refused with 417,
never cut. Whatever anybody reads was sealed before: an echo, an answer that shows state and a delivery all wait for the
commit of what was decided before them. While the archive cannot be written, acts are answered with
`FAIL <command> ARCHIVE_UNAVAILABLE` and connections stay; when too much waits to be sealed, with
`FAIL <command> SERVER_BUSY`.

Over WebSocket (`/irc`, subprotocol `text.ircv3.net` or `binary.ircv3.net`) a message is one line without CR LF.

Client-only tags are relayed as they came, to who knows `message-tags`, but those that CLIENTTAGDENY names: `+typing`
once in 3 s for each person and target, `+draft/channel-context` only where both are in that room, `+draft/reply` and
`+draft/react` always (IRCv3 typing, channel-context, reply, react).

History (`CHATHISTORY`) gives what the asker was present for, within `history.resume`, and what the room they are in
shows to newcomers. Hosts choose the latter with `MODE #room +H 2h` (a whole number and `s`, `m`, `h` or `d`; `+H 0s`:
nothing; `-H`: what the server chose). Who comes into a room that shows anything reads `NOTE JOIN HISTORY_VISIBLE
<room> <time> :<text>`. A target, room or person, of which nothing can be fetched is answered with `INVALID_TARGET`
whether it exists or not; a message id likewise with `MESSAGE_ERROR`. A page may hold fewer lines than asked for
although there are more: go on from its last line until one is empty.
"""


def summary(doc: str | None) -> str:
    """Give the first sentence or paragraph of a docstring, on one line, fit for a table."""
    return " ".join((doc or "").split("\n\n")[0].split()).replace("|", "\\|")


def source(doc: str | None) -> str:
    """Give what a docstring says after `Source:` or `Ours:`: which specification something obeys."""
    found = re.search(r"\b(Source|Ours): (.+?)\.(?:\n|$)", doc or "", re.DOTALL)
    if found is None:
        return ""
    named = summary(found[2])
    return f"ours: {named}" if found[1] == "Ours" else named


def constants(module: object) -> dict[str, str]:
    """Give the docstring below each constant of a module."""
    body = ast.parse(inspect.getsource(module)).body  # type: ignore[arg-type]
    found: dict[str, str] = {}
    for node, after in pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            found[node.target.id] = summary(ast.literal_eval(after.value))
    return found


def commands() -> str:
    """Write the table of commands."""
    rows = ["| Command | Needs | Gates | What it does | Specification |", "| --- | --- | --- | --- | --- |"]
    for name, command in COMMANDS.items():
        doc = getattr(inspect.getmodule(command.run), "__doc__", None)
        does = re.split(r" (?:Source|Ours): ", summary(doc))[0]
        needs = f"{command.least_params} parameters" if command.least_params != 1 else "1 parameter"
        rows.append(f"| {name} | {needs} | {command.gate or '-'} | {does} | {source(doc)} |")
    return "\n".join(rows)


def mode_rows() -> str:
    """Write the table of modes of rooms."""
    rows = ["| Mode | Takes | What it means |", "| --- | --- | --- |"]
    rows += [f"| {mode.letter} | {mode.takes} | {mode.meaning} |" for mode in modes.ROOM_MODES]
    return "\n".join(rows)


def capability_rows() -> str:
    """Write the table of capabilities."""
    told = constants(capabilities)
    values = {name: getattr(capabilities, name) for name in told}
    bits = {value: told[name] for name, value in values.items() if isinstance(value, int)}
    rows = ["| Capability | What it means here | Specification |", "| --- | --- | --- |"]
    for name, bit in capabilities.CAPABILITIES.items():
        specification, _, means = bits[bit].partition(": ")
        rows.append(f"| {name} | {means} | {specification} |")
    return "\n".join(rows)


def limit_rows() -> str:
    """Write the fixed limits."""
    rows = ["| Limit | Value | Meaning |", "| --- | --- | --- |"]
    rows += [f"| {name} | {getattr(limits, name)} | {text} |" for name, text in constants(limits).items()]
    return "\n".join(rows)


def isupport_tokens() -> str:
    """Write the tokens of a server with the default configuration."""
    return "\n".join(f"- `{token}`" for token in texts.isupport_tokens(settings_of(Config())))


def numeric_rows() -> str:
    """Write the numerics."""
    names = {name: getattr(numerics, name) for name in dir(numerics) if name.startswith(("RPL_", "ERR_"))}
    sources = {code: where for where, codes in numerics.SOURCES.items() for code in codes}
    rows = ["| Numeric | Name | Text, where it is always the same | Specification |", "| --- | --- | --- | --- |"]
    for name, code in sorted(names.items(), key=lambda item: (item[1], item[0])):
        rows.append(f"| {code} | {name} | {numerics.TEXT.get(code, '')} | {sources.get(code, numerics.MODERN)} |")
    return "\n".join(rows)


def page() -> str:
    """Write the whole page."""
    return "\n".join(
        [
            OPENING,
            "## Commands\n",
            commands(),
            "\n## Modes of rooms\n",
            "What is ours in them, and rooms that last: [rooms](rooms.md).\n",
            mode_rows(),
            "\n## Capabilities\n",
            capability_rows(),
            "\n## ISUPPORT with the default configuration\n",
            isupport_tokens(),
            "\n## Fixed limits\n",
            "Those an operator may choose stand in the [operator's handbook](../handbook/operator.md).\n",
            limit_rows(),
            "\n## Numerics\n",
            numeric_rows(),
            "",
        ]
    )


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
