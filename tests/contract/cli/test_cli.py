"""The command line. Source: docs/handbook/operator.md, "Commands"."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import parvis
from parvis.app.passwords import verify
from parvis.cli.main import VERBS

INSTALLED = [verb for verb in VERBS if find_spec(f"parvis.cli.{verb.replace('-', '_')}")]


def run(*words: str, given: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `parvis` as a person would, and return its status and what it wrote."""
    code = "from parvis.cli.main import main; main()"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PARVIS_")}
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**clean, **environ},
    )


def test_help_names_every_verb_and_version_the_version() -> None:
    """One line for each that is installed."""
    helped = run("--help")
    assert helped.returncode == 0
    for verb in INSTALLED:
        assert f"  {verb} " in helped.stdout
    assert run("--version").stdout == f"parvis {parvis.__version__}\n"


def test_help_is_quick_because_it_imports_no_part_of_the_server() -> None:
    """A verb imports what it needs when it runs."""
    code = (
        "import sys; from parvis.cli.main import group; group(['--help'], standalone_mode=False);"
        "print('IMPORTED', [name for name in sys.modules if name.split('.')[0] in"
        " {'sqlalchemy', 'cryptography', 'litestar', 'uvicorn', 'msgspec'} or name.startswith('parvis.app')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "IMPORTED []"


@pytest.mark.parametrize("verb", INSTALLED)
def test_every_verb_explains_itself_and_refuses_what_it_does_not_know(verb: str) -> None:
    """0 for help, 2 for a call that makes no sense."""
    helped = run(verb, "--help")
    assert helped.returncode == 0
    assert helped.stdout.startswith("Usage: parvis")
    assert run(verb, "--no-such-option").returncode == 2


def test_a_verb_that_does_not_exist_is_a_usage_error() -> None:
    """With 2, and on standard error."""
    ran = run("sreve")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "No such command" in ran.stderr


def test_check_says_that_a_configuration_is_in_order(tmp_path: Path) -> None:
    """And starts nothing: no data folder is made."""
    path = tmp_path / "parvis.toml"
    path.write_text(f'[server]\ndata_dir = "{tmp_path / "data"}"\n', encoding="utf-8")
    ran = run("check", "--config", str(path))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "The configuration is in order. It listens for irc on 127.0.0.1:6667, http on 127.0.0.1:8067.\n"
    )
    assert not (tmp_path / "data").exists()
    assert json.loads(run("check", "--config", str(path), "--json").stdout) == {
        "event": "checked",
        "mistakes": 0,
    }


def test_check_says_what_is_no_mistake_and_yet_not_wanted() -> None:
    """Nobody could register: said, and in order all the same. Source: docs/handbook/operator.md, "Accounts"."""
    ran = run("check", PARVIS_ACCOUNTS__EMAIL_REQUIRED="true")
    assert ran.returncode == 0
    assert ran.stdout.startswith("Caution: accounts.email_required: Nobody can register an account:")
    lines = run("check", "--json", PARVIS_ACCOUNTS__EMAIL_REQUIRED="true").stdout.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["caution", "checked"]


def test_check_names_every_mistake_and_ends_with_1(tmp_path: Path) -> None:
    """For people, and as one JSON object per line."""
    path = tmp_path / "parvis.toml"
    path.write_text("[limits]\nnicklen = 0\nniclen = 3\n", encoding="utf-8")
    ran = run("check", "--config", str(path))
    assert ran.returncode == 1
    assert ran.stdout.splitlines() == [
        "limits.nicklen: This is 0; it must be a whole number from 1 to 64.",
        'limits.niclen: There is no such key. Did you mean "nicklen"?',
        "The configuration has 2 mistakes; nothing was started.",
    ]
    lines = [json.loads(line) for line in run("check", "--config", str(path), "--json").stdout.splitlines()]
    assert [line.get("key") for line in lines] == ["limits.nicklen", "limits.niclen", None]
    assert lines[-1] == {"event": "checked", "mistakes": 2}


def test_check_reads_the_environment_too() -> None:
    """A variable is a key like any other."""
    ran = run("check", PARVIS_SERVER__NAME="nowhere")
    assert ran.returncode == 1
    assert "It is set by PARVIS_SERVER__NAME." in ran.stdout


def test_serve_starts_nothing_with_a_mistake(tmp_path: Path) -> None:
    """It ends with 1 and tells the mistake on standard error."""
    ran = run("serve", "--config", str(tmp_path / "nowhere.toml"), "--data", str(tmp_path / "data"))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "Check the path." in ran.stderr
    assert not (tmp_path / "data").exists()


def test_hash_password_makes_a_hash_of_what_it_reads() -> None:
    """The password itself is not shown again."""
    ran = run("hash-password", given="sesame\n")
    assert ran.returncode == 0
    assert verify("sesame", ran.stdout.strip())
    assert verify("sesame", json.loads(run("hash-password", "--json", given="sesame\n").stdout)["password_hash"])
    assert run("hash-password", given="two words\n").returncode == 1
