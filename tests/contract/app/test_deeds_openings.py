"""Openings as verbs ask for them, of a server without doors: names, mistakes, and who is told.

Source: docs/handbook/operator.md, "Openings".
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.app.test_mail import Post, post, until  # noqa: F401  # a fixture

from parvis.app import custodian_keys
from parvis.app.asking import ask
from parvis.app.config import ArchiveStore, Config, Mail, Server
from parvis.app.office import NotDone
from parvis.app.requester_keys import BadKey, make, read_private, read_public
from parvis.archive.bundle import Counts
from parvis.archive.terms import YEAR_MS, TermKind, day_of, new_term_key
from parvis.legal.openings import Request
from parvis.moderation.openings import Opening, Openings
from parvis.store import opening_folder
from parvis.store.keyfile import KEYFILE_NAME, KeyFile

Gather = Callable[[Request], tuple[Counts, bytes]]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Give a configuration whose archive is new: one custodian opens it alone."""
    make(tmp_path / "key")
    return Config(server=Server(data_dir=tmp_path / "data"))


def words(config: Config, **chosen: object) -> dict[str, Any]:
    """Ask for a default room, of the last hour."""
    public = read_public(config.server.data_dir.parent / "key.pub")
    now_ms = time.time_ns() // 1_000_000
    asking = {"ground": "judicial-order", "reference": "26/117", "requester": "A. Judge", "public": public}
    return {**asking, "from_ms": now_ms - 3_600_000, "rooms": ["#accueil"], **chosen}


def begun(config: Config) -> Config:
    """Have the archive made, with a key of one share."""
    config.server.data_dir.mkdir(mode=0o700)
    key, _ = custodian_keys.make(1, 1, 0)
    ask(config, "opening.list", {}, first_key=key)
    return config


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"rooms": ["#nowhere"]}, "no room #nowhere"),
        ({"accounts": ["nobody"]}, "Nobody is known as nobody"),
        ({"pairs": [["a", "b"]]}, "Nobody is known as a"),
        ({"rooms": []}, "Say what is asked for"),
        ({"rooms": [], "conversations": ["zz"]}, "cannot be asked for so"),
        ({"public": "AAAA"}, "not one that `parvis archive opening keygen` makes"),
        ({"custodian": "00" * 16}, "no such custodians' key"),
        ({"ground": "curiosity"}, "cannot be asked for so"),
        ({"reference": "two\nlines"}, "cannot be asked for so"),
        ({"to_ms": 9_999_999_999_999}, "not over yet"),
        ({"rooms": [], "conversations": [f"{each:032x}" for each in range(3, 80)]}, "Too much is asked for at once"),
        ({"more": 1}, "cannot be asked for so"),
    ],
)
def test_what_cannot_be_asked_for_is_told(config: Config, chosen: dict[str, object], told: str) -> None:
    """In a sentence; nothing is written."""
    begun(config)
    with pytest.raises(NotDone, match=told):
        ask(config, "opening.request", words(config, **chosen))
    assert ask(config, "opening.list", {}) == {"openings": []}


def test_the_board_is_told_where_one_custodian_opens_alone(config: Config, post: Post) -> None:  # noqa: F811
    """By mail, at once, with when it can be exported, and without whom or what it is about."""
    begun(config)
    assert ask(config, "opening.request", words(config))["board_told"] is False
    told = Config(
        server=config.server,
        archive=ArchiveStore(board_address="board@example.org"),
        mail=Mail(host="127.0.0.1", port=post.port, starttls=False, sender="chat@example.org"),
    )
    asked = ask(told, "opening.request", words(config))
    assert asked["board_told"] is True
    until(lambda: bool(post.letters))
    (letter,) = post.letters
    text = letter.get_content()
    assert letter["To"] == "board@example.org"
    assert asked["opening"] in text
    assert "It can be exported from 20" in text
    assert "#accueil" not in text
    assert "Judge" not in text


def test_an_export_waits_and_leaves_nothing_meanwhile(config: Config) -> None:
    """A day with one custodian. A private folder afterwards, which the end deletes."""
    begun(config)
    asked = ask(config, "opening.request", words(config))
    with pytest.raises(NotDone, match="it waits"):
        ask(config, "opening.export", {"opening": asked["opening"]})
    assert not (config.server.data_dir / opening_folder.FOLDER).exists()
    urgent = ask(config, "opening.request", words(config, ground="threat-to-life", is_emergency=True))
    exported = ask(config, "opening.export", {"opening": urgent["opening"]})
    folder = Path(exported["folder"])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert opening_folder.read_export(folder).digest.hex() == exported["digest"]
    # It can be exported again, as when the stick was lost; each time it is logged.
    assert ask(config, "opening.export", {"opening": urgent["opening"]})["folder"] == exported["folder"]
    for opening in (asked, urgent):
        ask(config, "opening.end", {"opening": opening["opening"][:8]})
    assert list((config.server.data_dir / opening_folder.FOLDER).iterdir()) == []
    with pytest.raises(NotDone, match="no such opening"):
        ask(config, "opening.show", {"opening": ""})


def test_who_stands_in_for_a_server_ends_first_what_is_over(config: Config) -> None:
    """No term is longer because no server ran, or because the key file came back from a backup."""
    begun(config)
    ask(config, "opening.list", {})
    keys = KeyFile(config.server.data_dir / KEYFILE_NAME)
    over = new_term_key(TermKind.ROOMS, YEAR_MS, day_of(time.time_ns() // 1_000_000) - 2 * YEAR_MS, os.urandom)
    keys.change_term_keys(add=[over])
    ask(config, "opening.list", {})
    assert over not in KeyFile(config.server.data_dir / KEYFILE_NAME).term_keys()


def test_nobody_stands_in_for_a_server_of_another_user(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """What root wrote the server could not read any more."""
    begun(config)
    ask(config, "opening.list", {})
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(NotDone, match="belongs to the user"):
        ask(config, "opening.list", {})


def test_an_export_that_ends_meanwhile_leaves_nothing(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither under its name nor under the one that it is written under."""
    begun(config)
    chosen = words(config, ground="threat-to-life", is_emergency=True)
    asked = ask(config, "opening.request", chosen)

    def ends(openings: Openings, opening: Opening, now_ms: int, gather: Gather) -> tuple[Opening, Counts]:
        def gathers(request: Request) -> tuple[Counts, bytes]:
            gathered = gather(request)
            openings.end(opening)
            return gathered

        return export(openings, opening, now_ms, gathers)

    export = Openings.export
    monkeypatch.setattr(Openings, "export", ends)
    with pytest.raises(NotDone, match="no such opening"):
        ask(config, "opening.export", {"opening": asked["opening"]})
    assert list((config.server.data_dir / opening_folder.FOLDER).iterdir()) == []


def test_false_proceedings_are_refused(config: Config) -> None:
    """What is no account of a session, or of no opening that is known."""
    begun(config)
    with pytest.raises(NotDone, match="no proceedings"):
        ask(config, "opening.record", {"proceedings": "e30="})
    with pytest.raises(NotDone, match="cannot be asked for so"):
        ask(config, "opening.record", {"proceedings": "%"})


def test_keys_of_requesters_are_private_and_of_one_form(tmp_path: Path) -> None:
    """None is overwritten, and neither is taken for the other."""
    make(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert len(read_private(tmp_path / "key")) == 32
    with pytest.raises(BadKey, match="there already"):
        make(tmp_path / "key")
    with pytest.raises(BadKey, match="not a public key"):
        read_public(tmp_path / "key")
    with pytest.raises(BadKey, match="not a private key"):
        read_private(tmp_path / "key.pub")
    with pytest.raises(BadKey, match="cannot be read"):
        read_public(tmp_path / "none")
    (tmp_path / "astray").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadKey, match="there already"):
        make(tmp_path / "astray")
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "link").symlink_to(tmp_path / "key")
    with pytest.raises(BadKey, match="cannot be read"):
        read_private(tmp_path / "link")
