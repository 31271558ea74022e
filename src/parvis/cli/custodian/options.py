"""What the verbs of custodians share: their options, and how they tell."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from parvis.cli.configuration import end, load_or_exit, with_data

if TYPE_CHECKING:
    from parvis.app.config import Config
    from parvis.archive.custody import CustodianKey

_Verb = TypeVar("_Verb", bound=Callable[..., Any])

out_option: Final[Callable[[_Verb], _Verb]] = click.option(
    "--out",
    type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True),
    metavar="DIR",
    help="Write each share into a file of its own in this folder, also where a terminal is.",
)


def configured(config_file: Path | None, data: Path | None, *, as_json: bool) -> "Config":
    """Read the configuration, with another data folder if one is named; on mistakes, tell them and end with 1."""
    from parvis.app.config import StoreKind

    config = load_or_exit(config_file, as_json=as_json, to_stderr=True)
    if config.archive.store is StoreKind.MEMORY:
        end("This server keeps its archive in memory alone: it ends with it, and has no custodians.", as_json=as_json)
    return with_data(config, data)


def keys_or_exit(data_dir: Path, *, as_json: bool) -> "list[CustodianKey]":
    """Read every custodians' key of an archive, or end with 1."""
    from parvis.app.custodian_keys import keys_of
    from parvis.ports.archive import ArchiveError

    try:
        return keys_of(data_dir)
    except ArchiveError as fault:
        end(f"The archive cannot be read: {fault}.", as_json=as_json)


def split_of(key: "CustodianKey") -> str:
    """Say in how many shares a key is, and how many of them are needed."""
    if key.shares == 1:
        return "1 share, which opens the archive alone"
    which = "all of which are" if key.threshold == key.shares else f"any {key.threshold} of which are"
    return f"{key.shares} shares, {which} needed to open the archive"
