"""Everything that is kept has a row in `legal/retention.toml`, and every row is true. Source: issue 4, item 6."""

import importlib.util
import re
from pathlib import Path

import pytest
from tests.contract.net.square import Square
from tests.server import serving

from parvis.app.config import Config, Profile
from parvis.app.retention import read, schedule_of, shipped
from parvis.archive.terms import DEFAULT_TERMS, TermKind
from parvis.chat.guests import TOKEN_MS
from parvis.legal.retention import profiles, term_in_words
from parvis.model.kept import KeptKind
from parvis.model.pending import PENDING_MS
from parvis.net.http import privacy

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = (ROOT / "src" / "parvis" / "store" / "sqlite" / "schema.sql").read_text(encoding="utf-8")


def places(place: str) -> set[str]:
    """Give the names of one sort of place that the schedule knows."""
    kinds = schedule_of(Config()).kinds
    return {where.partition(":")[2] for kind in kinds for where in kind.holds if where.startswith(f"{place}:")}


def test_every_table_has_a_row() -> None:
    """Neither more nor fewer than schema.sql makes."""
    assert places("table") == set(re.findall(r"^CREATE TABLE (\w+)", SCHEMA, re.MULTILINE))


def test_every_kept_value_has_a_row() -> None:
    """Each `KeptKind`."""
    assert places("kept") == set(KeptKind)


def test_every_term_key_has_a_row() -> None:
    """Each `TermKind`; an archive is told a term for all of them but holds, which bring their own."""
    assert places("term") == set(TermKind)
    for profile in Profile:
        terms = schedule_of(Config(server=Config().server.__class__(profile=profile))).terms()
        assert set(terms) == set(DEFAULT_TERMS)


def test_every_file_of_the_data_folder_has_a_row(tmp_path: Path) -> None:
    """Of a server that runs, and after it has ended."""
    # A file that is being written anew stands beside the old one for a moment.
    known = {each for name in places("file") for each in (name, f"{name}.new")}
    with serving(tmp_path):
        assert {path.name for path in (tmp_path / "data").iterdir()} <= known
    assert {path.name for path in (tmp_path / "data").iterdir()} <= known


def test_terms_that_stand_in_code_are_those_of_the_schedule() -> None:
    """What the chat ends by itself."""
    schedule = schedule_of(Config())
    assert schedule.term_ms("guests") == TOKEN_MS
    assert schedule.term_ms("pending-accounts") == PENDING_MS


def test_there_is_a_schedule_for_every_profile() -> None:
    """And no other; each shortens nothing below its own law."""
    from parvis.legal.retention import too_short

    assert set(profiles(shipped())) == set(Profile)
    for profile in Profile:
        assert too_short(read(profile, None)) == []


def test_the_register_is_that_of_the_schedule() -> None:
    """`make docs` writes it anew."""
    spec = importlib.util.spec_from_file_location("register", ROOT / "scripts" / "register.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "register.md").read_text(encoding="utf-8") == module.register()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_privacy_page_tells_every_row(language: str) -> None:
    """With its term."""
    square = Square()
    page = privacy.render(square, language)
    for kind in square.schedule.kinds:
        section = page.partition(f'id="{kind.id}"')[2].partition("</section>")[0]
        assert term_in_words(kind.term, language) in section, kind.id
