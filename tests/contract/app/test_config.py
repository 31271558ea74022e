"""The configuration. Source: docs/handbook/operator.md, "Configuration"."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.app.config import (
    ARRAYS,
    TABLES,
    Config,
    Kind,
    Listener,
    Mistakes,
    Profile,
    StoreKind,
    is_loopback,
    keys_of,
    load,
)
from parvis.app.readers import Secret, Span, Wrong
from parvis.irc.spans import write_span

CASES = Path(__file__).with_name("mistakes.txt")

EVERY_KEY = {
    **{f"{section}.{name}": key for section, table in TABLES.items() for name, key in keys_of(table).items()},
    **{f"{section}[0].{name}": key for section, table in ARRAYS.items() for name, key in keys_of(table).items()},
}


def variable(full: str) -> str:
    """Name the variable of the environment for a key."""
    return "PARVIS_" + full.replace("[0]", "__0").replace(".", "__").upper()


def a_file(folder: Path, text: str) -> Path:
    """Write a configuration."""
    path = folder / "parvis.toml"
    path.write_text(text, encoding="utf-8")
    return path


def told(folder: Path, text: str, **environ: str) -> list[str]:
    """Read a configuration that has mistakes, and return them as its operator reads them."""
    with pytest.raises(Mistakes) as caught:
        load(a_file(folder, text), environ)
    return [str(mistake).replace(str(folder), "FOLDER") for mistake in caught.value.mistakes]


def cases() -> dict[str, tuple[str, list[str]]]:
    """Read the golden file: the name of each case, its file, its mistakes."""
    found = {}
    for part in CASES.read_text(encoding="utf-8").split("\n## ")[1:]:
        name, _, rest = part.partition("\n")
        text, _, mistakes = rest.partition("=>\n")
        found[name] = (text, mistakes.split("\n")[: mistakes.rstrip("\n").count("\n") + 1])
    return found


@pytest.mark.parametrize("name", cases())
def test_every_mistake_is_told_with_its_key(name: str, tmp_path: Path) -> None:
    """Word for word, all at once. Source: mistakes.txt beside this file."""
    text, mistakes = cases()[name]
    assert told(tmp_path, text) == mistakes


def test_no_mistake_shows_a_secret() -> None:
    """The secret of every case above is "hunter2". Source: SECURITY.md, "Words stay out of logs"."""
    for text, mistakes in cases().values():
        assert "hunter2" not in "\n".join(mistakes), text


def test_without_a_file_there_is_a_working_default() -> None:
    """IRC and HTTP on loopback, an archive on disk, every gate closed. Source: README.md, "Start"."""
    config = load(None, {})
    assert config == Config()
    assert [(each.kind, each.host, each.port) for each in config.listen] == [
        (Kind.IRC, "127.0.0.1", 6667),
        (Kind.HTTP, "127.0.0.1", 8067),
    ]
    assert config.server.name == "chat.example.org"
    assert config.server.data_dir == Path("parvis-data")
    assert config.archive.store is StoreKind.SQLITE
    assert config.safety.first_contact
    assert config.safety.rules


def test_lengths_of_time_are_kept_in_seconds(tmp_path: Path) -> None:
    """Source: docs/handbook/operator.md, "[history]"."""
    text = '[history]\ndefault_visible = "90s"\nresume = "15m"\nreport_window = "7d"\n'
    history = load(a_file(tmp_path, text), {}).history
    assert (history.default_visible_s, history.resume_s, history.report_window_s) == (90, 900, 604_800)


@given(number=st.integers(0, 10**9), unit=st.sampled_from("smhdw"))
def test_a_length_of_time_is_read_as_it_is_written(number: int, unit: str) -> None:
    """Within its limit it comes back the same, above it is refused."""
    high_s = 30 * 86_400
    seconds = number * {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit]
    if seconds > high_s:
        with pytest.raises(Wrong):
            Span(high_s).read(f"{number}{unit}")
        return
    assert Span(high_s).read(f"{number}{unit}") == seconds
    assert Span(high_s).read(write_span(seconds)) == seconds


@given(
    st.dictionaries(
        st.sampled_from(
            [variable(full) for full in EVERY_KEY] + ["PARVIS_SERVER__NAM", "PARVIS_X__Y", "PARVIS_LISTEN__9__A"]
        ),
        st.one_of(
            st.text(max_size=60),
            st.sampled_from(
                ["true", "0", "1h", "[]", '["a"]', "[1, [2]]", "1\nb = 2", "{a = 1}", "1e999", "2020-01-01"]
            ),
        ),
        max_size=8,
    )
)
def test_whatever_is_written_ends_in_a_configuration_or_in_mistakes(environ: dict[str, str]) -> None:
    """No value, however strange, ends in a crash; what a mistake tells can be printed."""
    try:
        load(None, environ)
    except Mistakes as caught:
        told_texts = [str(mistake) for mistake in caught.mistakes]
    else:
        return
    assert told_texts
    assert all(text.isprintable() for text in told_texts)


@pytest.mark.parametrize(
    "secret",
    [
        "PARVIS_SERVER__PASSWORD",
        "PARVIS_OPERATORS__0__PASSWORD",
        "PARVIS_OPERATORS__0__PASSWORD_HASH",
        "PARVIS_WEBIRC__0__PASSWORD",
    ],
)
@given(tail=st.text(max_size=40))
def test_no_secret_leaves_by_a_mistake_or_a_repr(secret: str, tail: str) -> None:
    """Source: SECURITY.md, "Words stay out of logs"."""
    environ = {secret: f"hunter2{tail}", "PARVIS_OPERATORS__0__NAME": "ada"}
    try:
        shown = repr(load(None, environ))
    except Mistakes as mistakes:
        shown = str(mistakes)
    assert "hunter2" not in shown


@pytest.mark.parametrize("full", EVERY_KEY)
def test_every_key_has_a_meaning_and_takes_its_own_default(full: str) -> None:
    """What the handbook gives as default can be written. Source: docs/handbook/operator.md, "Configuration"."""
    key = EVERY_KEY[full]
    assert key.meaning.endswith(".")
    default = key.default
    given_value: object = str(default) if default is not None else ""
    if isinstance(default, Secret):
        given_value = default.reveal()
    elif isinstance(default, bool | int) and not isinstance(key.reader, Span):
        given_value = default
    elif isinstance(key.reader, Span):
        given_value = write_span(default)
    elif isinstance(default, tuple):
        given_value = [str(part) for part in default]
    if full in ("operators[0].name", "webirc[0].name"):
        return  # one without a name is a mistake: this key alone must be set
    assert key.reader.read(given_value) == default


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """Source: docs/handbook/operator.md, "The environment"."""
    path = a_file(
        tmp_path,
        '[server]\nname = "a.example"\nnetwork = "File"\n[[listen]]\nport = 1\n[[listen]]\nport = 2\n',
    )
    config = load(
        path,
        {
            "PARVIS_SERVER__NAME": "b.example",
            "PARVIS_SERVER__PASSWORD": "12345",
            "PARVIS_SERVER__LANGUAGES": "en, fr",
            "PARVIS_LISTEN__1__PORT": "7002",
            "PARVIS_LISTEN__2__PORT": "7003",
            "PARVIS_LISTEN__2__KIND": "websocket",
            "PARVIS_LISTEN__2__ALLOWED_ORIGINS": '["*"]',
            "PARVIS_HISTORY__RESUME": "2h",
            "PARVIS_LIMITS__EXEMPT_LOOPBACK": "true",
            "PARVIS_HOME": "not a key, so it is left alone",
            "OTHER__NAME": "nor this",
        },
    )
    assert (config.server.name, config.server.network) == ("b.example", "File")
    assert config.server.password.reveal() == "12345"
    assert [str(language) for language in config.server.languages] == ["en", "fr"]
    assert [each.port for each in config.listen] == [1, 7002, 7003]
    assert config.listen[2].kind is Kind.WEBSOCKET
    assert config.listen[2].allowed_origins == ("*",)
    assert config.history.resume_s == 7200
    assert config.limits.exempt_loopback


def test_without_a_file_the_environment_changes_the_default_listeners() -> None:
    """Number 0 is the IRC listener and number 1 the HTTP one. Source: docs/handbook/operator.md, "The environment"."""
    config = load(None, {"PARVIS_LISTEN__0__PORT": "0", "PARVIS_LISTEN__1__PORT": "9000"})
    assert [(each.kind, each.port) for each in config.listen] == [(Kind.IRC, 0), (Kind.HTTP, 9000)]


def test_a_mistake_in_the_environment_names_its_variable() -> None:
    """So that nobody looks for it in the file."""
    with pytest.raises(Mistakes) as caught:
        load(
            None,
            {"PARVIS_LIMITS__NICKLEN": "many", "PARVIS_LISTEN__2__PORT": "1", "PARVIS_LISTEN__4__PORT": "1"},
        )
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "listen[4]: PARVIS_LISTEN__4__PORT leaves out numbers: the next one is 3. Count without gaps.",
        'limits.nicklen: This is "many"; it must be a whole number from 1 to 64. It is set by PARVIS_LIMITS__NICKLEN.',
    ]


def test_profile_test_opens_the_gates_but_not_those_that_are_set(tmp_path: Path) -> None:
    """Explicit keys win over the profile. Source: docs/handbook/operator.md, "[safety]"."""
    path = a_file(tmp_path, '[server]\nprofile = "test"\n[safety]\nrules = true\n[archive]\nstore = "memory"\n')
    config = load(path, {})
    assert config.server.profile is Profile.TEST
    assert config.archive.store is StoreKind.MEMORY
    closed = [name for name in config.safety.__struct_fields__ if getattr(config.safety, name)]
    assert closed == ["rules"]
    assert (config.limits.password_min, Config().limits.password_min) == (1, 8)


def test_tls_lifts_the_need_for_plaintext(tmp_path: Path) -> None:
    """A key file must be private. Source: docs/handbook/operator.md, "[[listen]]"."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text("a certificate", encoding="utf-8")
    key.write_text("a key", encoding="utf-8")
    text = f'[[listen]]\nhost = "::"\ntls_cert = "{cert}"\ntls_key = "{key}"\n'
    key.chmod(0o640)
    (mistake,) = told(tmp_path, text)
    assert mistake.startswith("listen[0].tls_key: This key file can be read or written by others")
    key.chmod(0o600)
    assert load(a_file(tmp_path, text), {}).listen[0].tls


@pytest.mark.parametrize("kind", ["irc", "http", "websocket"])
def test_cleartext_off_loopback_must_be_meant(kind: str, tmp_path: Path) -> None:
    """For every kind. Source: docs/handbook/operator.md, "[[listen]]"."""
    text = f'[[listen]]\nkind = "{kind}"\nhost = "0.0.0.0"\n'
    assert told(tmp_path, text)[0].startswith("listen[0].plaintext: This listener can be reached from other machines")
    assert load(a_file(tmp_path, text + "plaintext = true\n"), {}).listen[0].plaintext


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "localhost", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("::1", "0:0::1", True),
        ("127.0.0.1", "::1", False),
        ("127.0.0.1", "127.0.0.2", False),
    ],
)
def test_two_listeners_cannot_share_a_port(one: str, other: str, clash: bool, tmp_path: Path) -> None:
    """Unless their addresses differ; any number may ask for a free port."""
    for port, expected in ((7000, clash), (0, False)):
        text = "".join(f'[[listen]]\nhost = "{host}"\nport = {port}\nplaintext = true\n' for host in (one, other))
        if expected:
            (mistake,) = told(tmp_path, text)
            assert mistake.startswith(f"listen[1].port: Port {port} of this address is taken by listen[0]")
        else:
            assert len(load(a_file(tmp_path, text), {}).listen) == 2


def test_a_listener_without_a_port_takes_that_of_its_kind(tmp_path: Path) -> None:
    """Source: docs/handbook/operator.md, "[[listen]]"."""
    text = '[[listen]]\n[[listen]]\nkind = "http"\n[[listen]]\nkind = "websocket"\n'
    assert [each.port for each in load(a_file(tmp_path, text), {}).listen] == [6667, 8067, 8068]


def test_loopback_is_known_by_its_address() -> None:
    """A name may point anywhere, so only one name counts."""
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.0.2.1", "localhost.example.org"))
    assert Listener().loopback


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    """One that says which file, and why."""
    with pytest.raises(Mistakes, match=r"There is no file .*nowhere\.toml\. Check the path\."):
        load(tmp_path / "nowhere.toml", {})
    with pytest.raises(Mistakes, match=r"cannot be read \(Is a directory\)"):
        load(tmp_path, {})
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'[server]\nnetwork = "\xe9"\n')
    with pytest.raises(Mistakes, match="is not UTF-8 at byte 20"):
        load(latin, {})


def test_reading_the_configuration_imports_nothing_heavy() -> None:
    """The listeners accept before SQL, cryptography and HTTP load. Source: ARCHITECTURE.md, "Start"."""
    code = (
        "import sys; from parvis.app.config import load; load(None, {});"
        "print([name for name in sys.modules if name.split('.')[0] in"
        " {'sqlalchemy', 'sqlite3', 'cryptography', 'litestar', 'uvicorn', 'asyncio', 'ssl', 'hashlib', 'difflib'}])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
