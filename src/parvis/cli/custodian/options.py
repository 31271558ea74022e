"""What the verbs of custodians share: their options, and how they tell."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from parvis.cli.configuration import load_or_exit, write_json

if TYPE_CHECKING:
    from parvis.app.config import Config
    from parvis.archive.custody import CustodianKey

_Verb = TypeVar("_Verb", bound=Callable[..., Any])

data_option: Final[Callable[[_Verb], _Verb]] = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the archive and the keys, in place of `data_dir` in the configuration.",
)

out_option: Final[Callable[[_Verb], _Verb]] = click.option(
    "--out",
    type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True),
    metavar="DIR",
    help="Write each share into a file of its own in this folder, also where a terminal is.",
)


def configured(config_file: Path | None, data: Path | None, *, as_json: bool) -> "Config":
    """Read the configuration, with another data folder if one is named; on mistakes, tell them and end with 1."""
    from msgspec.structs import replace

    from parvis.app.config import StoreKind

    config = load_or_exit(config_file, as_json=as_json, to_stderr=True)
    if config.archive.store is StoreKind.MEMORY:
        end("This server keeps its archive in memory alone: it ends with it, and has no custodians.", as_json=as_json)
    return config if data is None else replace(config, server=replace(config.server, data_dir=data))


def keys_or_exit(data_dir: Path, *, as_json: bool) -> "list[CustodianKey]":
    """Read every custodians' key of an archive, or end with 1."""
    from parvis.app.custodian_keys import keys_of
    from parvis.ports.archive import ArchiveError

    try:
        return keys_of(data_dir)
    except ArchiveError as fault:
        end(f"The archive cannot be read: {fault}.", as_json=as_json)


def end(text: str, *, as_json: bool, status: int = 1) -> NoReturn:
    """Say why this ends, and end."""
    if as_json:
        write_json({"event": "failed", "text": text})
    else:
        click.echo(text, err=True)
    raise SystemExit(status)


def split_of(key: "CustodianKey") -> str:
    """Say in how many shares a key is, and how many of them are needed."""
    if key.shares == 1:
        return "1 share, which opens the archive alone"
    which = "all of which are" if key.threshold == key.shares else f"any {key.threshold} of which are"
    return f"{key.shares} shares, {which} needed to open the archive"


def moment(time_ms: int) -> str:
    """Write a time for people."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
