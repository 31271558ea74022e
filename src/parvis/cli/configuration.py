"""What the verbs that read a configuration share: their options, and how mistakes are told."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from parvis.app.config import Config, Mistakes

_Verb = TypeVar("_Verb", bound=Callable[..., Any])

config_option: Final[Callable[[_Verb], _Verb]] = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration in TOML. Without it: the defaults, and PARVIS_SECTION__KEY in the environment.",
)

json_option: Final[Callable[[_Verb], _Verb]] = click.option(
    "--json", "as_json", is_flag=True, help="Write one JSON object per line, for programs."
)

data_option: Final[Callable[[_Verb], _Verb]] = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the archive and the keys, in place of `data_dir` in the configuration.",
)


def with_data(config: "Config", data: Path | None) -> "Config":
    """Give a configuration over another data folder, if one is named."""
    from msgspec.structs import replace

    return config if data is None else replace(config, server=replace(config.server, data_dir=data))


def utc(time_ms: int) -> str:
    """Write a moment as a day and a minute in UTC."""
    from parvis.model.moments import told_briefly

    return told_briefly(time_ms)


def end(text: str, *, as_json: bool, status: int = 1) -> NoReturn:
    """Say why this ends, and end."""
    if as_json:
        write_json({"event": "failed", "text": text})
    else:
        click.echo(text, err=True)
    raise SystemExit(status)


def archive_of(config: "Config", *, as_json: bool) -> Path:
    """Give the folder of the archive, or end with 1 where there is none."""
    from parvis.store.sqlite.database import DATABASE_NAME

    folder = config.server.data_dir
    if not (folder / DATABASE_NAME).is_file():
        end(f"There is no archive in {folder}. Name the data folder with --data.", as_json=as_json)
    return folder


def load_or_exit(config_file: Path | None, *, as_json: bool, to_stderr: bool) -> "Config":
    """Read the configuration; on mistakes, tell them all and end with status 1."""
    from parvis.app.config import Mistakes, load

    try:
        return load(config_file, os.environ)
    except Mistakes as mistakes:
        tell(mistakes, as_json=as_json, to_stderr=to_stderr)
        raise SystemExit(1) from None


def tell(mistakes: "Mistakes", *, as_json: bool, to_stderr: bool) -> None:
    """Write every mistake on a line of its own, and how many there are."""
    if as_json:
        for mistake in mistakes.mistakes:
            write_json({"event": "mistake", "key": mistake.key, "text": mistake.text})
        write_json({"event": "checked", "mistakes": len(mistakes.mistakes)})
        return
    for mistake in mistakes.mistakes:
        click.echo(str(mistake), err=to_stderr)
    count = len(mistakes.mistakes)
    counted = "1 mistake" if count == 1 else f"{count} mistakes"
    click.echo(f"The configuration has {counted}; nothing was started.", err=to_stderr)


def write_json(event: dict[str, object], file: IO[str] | None = None) -> None:
    """Write one JSON object as one line."""
    import msgspec

    click.echo(msgspec.json.encode(event).decode(), file=file)
