"""The architecture, as asserted facts. Source: ARCHITECTURE.md, "Invariants"; CONTRIBUTING.md, "House rules"."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "parvis"

PURE = ("irc", "model", "rules", "media", "archive", "legal", "policy")
"""Packages that are plain functions over values."""

MODULES_THAT_ACT = {
    *(
        "asyncio",
        "concurrent",
        "fcntl",
        "glob",
        "http",
        "logging",
        "mmap",
        "multiprocessing",
        "os",
        "pathlib",
        "queue",
    ),
    *(
        "random",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
    ),
    *("tempfile", "threading", "time", "uuid"),
    *("anyio", "litestar", "prometheus_client", "sqlalchemy", "structlog", "uvicorn", "uvloop", "websockets"),
}
"""What a pure package imports none of: sockets, files, clock, chance, logs, threads, and what stands on them."""

CALLS_THAT_ACT = {"now", "utcnow", "today", "open", "input", "print", "urandom"}
"""Calls by which a module without such imports could still reach clock, chance or files."""

WRITTEN = (".py", ".md", ".toml", ".txt", ".json", ".sh", ".yml", ".yaml", ".c", ".cfg", ".conf", "")
"""Endings of files that people write."""

NOT_OURS = {".git", ".venv", "build", "dist", "parvis-data", "__pycache__", "node_modules"}


@cache
def tree(path: Path) -> ast.Module:
    """Parse a module once."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def sources(folder: Path = SOURCE) -> list[Path]:
    """List the modules below a folder."""
    return sorted(folder.rglob("*.py"))


def pure_sources() -> list[Path]:
    """List the modules of the pure packages."""
    return [path for package in PURE for path in sources(SOURCE / package)]


def written() -> Iterator[Path]:
    """List the files that people write."""
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        hidden = any(part in NOT_OURS or (part.startswith(".") and part.endswith("_cache")) for part in inside)
        if not hidden and inside[0] != ".hypothesis" and path.is_file() and path.suffix in WRITTEN:
            yield path


def name(path: Path) -> str:
    """Name a file as a reader would look for it."""
    return path.relative_to(ROOT).as_posix()


def imported(module: ast.Module) -> Iterator[str]:
    """Name the top-level packages that a module imports, wherever in it."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def called(node: ast.AST) -> str:
    """Name what a call calls, without what stands before its last dot; "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def test_only_policy_refuses() -> None:
    """Nothing outside policy/ makes a `Refused`. Source: ARCHITECTURE.md, "Invariants", 1."""
    elsewhere = [
        f"{name(path)}:{node.lineno}"
        for path in sources()
        if SOURCE / "policy" not in path.parents
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and called(node) == "Refused"
    ]
    assert elsewhere == []


def modules_of(path: Path) -> set[str]:
    """Name the modules of ours that a module imports, wherever in it, and the packages they lie in."""
    named: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {each for each in named if each.startswith(("parvis.", "shamir_mnemonic"))}


def reached_from(module: str) -> set[str]:
    """Name every module that importing one may import in the end."""
    reached: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        path = ROOT / "src" / name.replace(".", "/")
        files = [each for each in (path.with_suffix(".py"), path / "__init__.py") if each.exists()]
        reached.add(name)
        waiting |= {each for file in files for each in modules_of(file)} - reached
    return reached


def test_the_server_holds_no_share_and_no_private_key_of_custodians() -> None:
    """Nothing that `parvis serve` can import reads shares or opens. Source: DESIGN, "Openings"; ADR 22."""
    server = reached_from("parvis.app.serve") | reached_from("parvis.app.asking")
    assert "parvis.moderation.openings" in server
    assert "parvis.archive.custody" in server
    programs = {
        *("parvis.app.shares", "parvis.app.opening_program", "parvis.app.opening_result", "parvis.app.opening_voices"),
        *("parvis.app.secret_memory", "parvis.app.first_custodian", "shamir_mnemonic"),
    }
    assert server & programs == set()
    assert programs - reached_from("parvis.cli.custodian.open") == {
        *("parvis.app.opening_voices", "parvis.app.first_custodian")
    }, "the graph is followed at all"
    # And what opens needs no server.
    assert {"parvis.app.serve", "parvis.app.wiring", "parvis.chat.service"} & reached_from(
        "parvis.app.opening_program"
    ) == set()


READS_THE_VAULT = {"open_row", "read_entries", "open_day_key", "operations_of", "without_repeats"}
"""What opens the identification vault, or reads what was opened."""


def test_only_an_opening_reads_the_identification_vault() -> None:
    """No page and no verb lists it. Source: DESIGN, "Sealing, in short": no screen lists it; ADR 24."""
    found = []
    for path in sources():
        place = name(path)
        nodes = list(ast.walk(tree(path)))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        names |= {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        if path.name != "vault.py" and "opening" not in place and "custodian" not in place:
            found += [f"{place} reads the vault: {word}" for word in names & READS_THE_VAULT]
        if "/net/" in place:
            found += [f"{place} shows the vault: {word}" for word in names & {"vault", "vault_keys", "vault_rows"}]
    assert found == []


def test_the_core_does_no_input_or_output() -> None:
    """The pure packages import nothing that acts. Source: ARCHITECTURE.md, "Invariants", 2."""
    found = [
        f"{name(path)} imports {module}"
        for path in pure_sources()
        for module in imported(tree(path))
        if module in MODULES_THAT_ACT
    ]
    assert found == []


def test_the_core_knows_no_clock_and_no_chance() -> None:
    """Time, keys and random bytes come in as arguments. Source: ARCHITECTURE.md, "Invariants", 2."""
    found = [
        f"{name(path)}:{node.lineno} calls {called(node)}"
        for path in pure_sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and (called(node) in CALLS_THAT_ACT or called(node) in {"generate_key", "generate"})
    ]
    assert found == []


def test_every_module_of_the_core_has_its_tests_and_no_test_is_orphaned() -> None:
    """`policy/gates.py` is covered by `tests/unit/policy/test_gates.py` by itself. Source: CONTRIBUTING.md, "Tests"."""
    modules = {path.relative_to(SOURCE).with_suffix("") for path in pure_sources() if path.name != "__init__.py"}
    unit = ROOT / "tests" / "unit"
    tests = {
        path.relative_to(unit).with_name(path.stem.removeprefix("test_"))
        for path in sources(unit)
        if path.name.startswith("test_")
    }
    assert sorted(map(str, modules - tests)) == [], "modules without tests"
    assert sorted(map(str, tests - modules)) == [], "tests without a module"


def test_a_helper_lives_with_its_noun() -> None:
    """There is no `utils`. Source: CONTRIBUTING.md, "House rules"."""
    vague = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [name(path) for path in sources() if path.stem in vague or path.parent.name in vague] == []


def test_nothing_is_left_for_later_and_no_machine_is_named() -> None:
    """Neither notes to oneself nor paths of the machine it was written on, nor what lies beside the tree."""
    # Parted, so that this file does not find itself.
    marks = ["TO" + "DO", "FIX" + "ME", "X" * 3]
    paths = ["/wo" + "rk/", "/ro" + "ot/", "/fa" + "rm/", "../sha" + "red"]
    pattern = re.compile(
        "|".join([*(rf"\b{mark}\b" for mark in marks), *(rf"(?<![\w.]){re.escape(p)}" for p in paths)])
    )
    found = [
        f"{name(path)}:{number}"
        for path in written()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_only_the_command_line_prints() -> None:
    """What the server has to say goes to its log. Source: ARCHITECTURE.md, "Invariants", 5."""
    found = [
        f"{name(path)}:{node.lineno}"
        for path in sources()
        if SOURCE / "cli" not in path.parents
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def public_without_docstring(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    """Name public classes and functions of a body, and of the classes in it, that say nothing of themselves."""
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_") or any(called_overload(mark) for mark in node.decorator_list):
            continue
        if ast.get_docstring(node) is None:
            yield f"{prefix}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from public_without_docstring(node.body, f"{prefix}{node.name}.")


def called_overload(mark: ast.expr) -> bool:
    """Tell whether a decorator marks a signature without a body of its own."""
    return (mark.attr if isinstance(mark, ast.Attribute) else getattr(mark, "id", "")) in {
        "overload",
        "setter",
    }


def test_every_module_and_everything_public_says_what_it_is_for() -> None:
    """Modules, classes, functions and methods without an underscore. Source: CONTRIBUTING.md, "House rules"."""
    silent = [name(path) for path in sources() if ast.get_docstring(tree(path)) is None]
    silent += [
        f"{name(path)}: {public}" for path in sources() for public in public_without_docstring(tree(path).body, "")
    ]
    assert silent == []


def decisions() -> list[Path]:
    """List the decision records."""
    return sorted((ROOT / "docs" / "adr").glob("*.md"))


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.name)
def test_a_decision_record_says_why_and_what_it_costs(path: Path) -> None:
    """Four headings, in this order, and a number of its own. Source: CONTRIBUTING.md, "Decisions"."""
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Context", "Options", "Decision", "Consequences"]
    assert [other.name for other in decisions() if other.name[:4] == path.name[:4]] == [path.name]


def test_the_glossary_is_sorted_and_names_nothing_twice() -> None:
    """So that a word is found by its letters. Source: docs/glossary.md."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = [term.casefold() for term in re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE)]
    assert len(terms) > 20
    assert terms == sorted(set(terms))
