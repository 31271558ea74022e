"""A new custodians' key, from its making to its use: for `init` and `rotate`.

Rule 1: shares are handed over before the key is used, written and synced or shown and proved: no key is ever in use
whose shares were lost on the way.
Rule 2: this program makes the key; the server gets the public half alone.
Rule 3: words go to a terminal, or into files that only their owner reads; never anywhere else.
"""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parvis.cli.configuration import end, write_json
from parvis.cli.custodian import terminal
from parvis.cli.custodian.options import keys_or_exit, split_of

if TYPE_CHECKING:
    from parvis.app.config import Config
    from parvis.archive.custody import CustodianKey


def go_over(
    config: "Config", in_use: "CustodianKey | None", shares: int, threshold: int, out: Path | None, *, as_json: bool
) -> None:
    """Make a key, hand its shares over, have the archive sealed to it, and say what that means; or end with 1.

    Args:
        config: Whose archive.
        in_use: The key that it replaces.
        shares: How many shares it has.
        threshold: How many of them are needed.
        out: Folder of the files; without it the terminal, or the data folder where there is none.
        as_json: Whether to write for programs; shares go into files then.
    """
    from parvis.app.secret_memory import lock_memory
    from parvis.archive.custody import bad_split

    if wrong := bad_split(shares, threshold):
        end(wrong, as_json=as_json)
    for sentence in lock_memory():
        if as_json:
            write_json({"event": "caution", "text": sentence})
        else:
            click.echo(f"Caution: {sentence}", err=True)
    from parvis.app.custodian_keys import make

    on_terminal = out is None and not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    _make_folder(config.server.data_dir, as_json=as_json)
    files = [] if on_terminal else _files(out or config.server.data_dir, shares, as_json=as_json)
    key, words = make(shares, threshold, time.time_ns() // 1_000_000)
    try:
        if on_terminal:
            terminal.hand_over(key, words)
        else:
            _write(key, words, files, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        end("Broken off: nothing was changed. What was written down of this key opens nothing.", as_json=as_json)
    del words
    _set(config, in_use, key, as_json=as_json)
    _tell(in_use, key, files, as_json=as_json)


def _make_folder(folder: Path, *, as_json: bool) -> None:
    """Make the data folder, or learn that it cannot be used, before anybody has written a share down."""
    from parvis.store.durable import make_folder

    try:
        make_folder(folder)
    except OSError as fault:
        end(f"The data folder {folder} cannot be made: {fault.strerror}.", as_json=as_json)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        end(f"The data folder {folder} is not yours. Be the server's user.", as_json=as_json)


def _files(folder: Path, shares: int, *, as_json: bool) -> list[Path]:
    """Name the files of the shares; none of them may be there, since it would be another key's."""
    from parvis.app.share_files import name_of

    paths = [folder / name_of(number, shares) for number in range(1, shares + 1)]
    for path in paths:
        if path.exists():
            end(
                f"{path} is there already. Its first line names its key: if `parvis custodian status` does too, take "
                "it to its custodian; if not, it opens nothing. Then delete it, or choose another folder with --out.",
                as_json=as_json,
            )
    return paths


def _write(key: "CustodianKey", words: list[str], files: list[Path], *, as_json: bool) -> None:
    from parvis.app import share_files

    for number, (path, share) in enumerate(zip(files, words, strict=True), 1):
        try:
            share_files.write(path, share_files.text_of(key, number, share))
        except OSError as fault:
            for written in files[: number - 1]:
                written.unlink(missing_ok=True)
            end(f"{path} cannot be written: {fault.strerror}. Nothing was changed.", as_json=as_json)
        if as_json:
            write_json({"event": "share-written", "share": number, "path": str(path)})


def _set(config: "Config", in_use: "CustodianKey | None", key: "CustodianKey", *, as_json: bool) -> None:
    """Have the server use the key. Where it does not, whether the shares are of any use is said with certainty."""
    from parvis.app.asking import ask
    from parvis.app.office import NotDone

    wish = {
        "public": key.public.hex(),
        "shares": key.shares,
        "threshold": key.threshold,
        "share_checks": key.share_checks.hex(),
        "replaces": in_use.id.hex() if in_use else "",
    }
    try:
        ask(config, "custodian.set", wish, first_key=key)
    except NotDone as refused:
        keys = keys_or_exit(config.server.data_dir, as_json=as_json)
        if keys and keys[-1].id == key.id:
            return
        end(
            f"The new key is not in use. {refused} The shares that were handed out are worthless: destroy them. "
            f"Only if `parvis custodian status` should name the key {key.id.hex()} later, keep them.",
            as_json=as_json,
        )


def _tell(in_use: "CustodianKey | None", key: "CustodianKey", files: list[Path], *, as_json: bool) -> None:
    if as_json:
        replaces = in_use.id.hex() if in_use else None
        event = {"event": "key-set", "custodian": key.id.hex(), "shares": key.shares, "threshold": key.threshold}
        write_json({**event, "replaces": replaces})
        return
    click.echo(f"From now on the archive is sealed to the key {key.id.hex()}: {split_of(key)}.")
    if files:
        click.echo("The shares are in files that only you can read:")
        for path in files:
            click.echo(f"  {path}")
        click.echo("Take each to its custodian, apart from the others, and delete it here.")
    if in_use is not None:
        whose = "its share" if in_use.shares == 1 else "its shares"
        click.echo(
            f"What was sealed until now still needs the key {in_use.id.hex()}: keep {whose} for as long as the "
            "archive keeps that."
        )
