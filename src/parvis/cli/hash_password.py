"""`parvis hash-password`: make the hash of an operator's password."""

import os
import sys

import click

from parvis.cli.configuration import json_option, write_json


@click.command("hash-password")
@json_option
def command(as_json: bool) -> None:
    """Make the hash of an operator's password, for `password_hash` in [[operators]].

    Asks on a terminal without showing what is typed; otherwise reads one line from standard input.
    """
    from parvis.app.passwords import SALT_BYTES, make
    from parvis.app.readers import SECRET_BYTES_MAX

    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline(SECRET_BYTES_MAX + 2).rstrip("\r\n")
    if not password or len(password.encode()) > SECRET_BYTES_MAX or any(mark.isspace() for mark in password):
        click.echo(f"A password is 1 to {SECRET_BYTES_MAX} bytes long and has no spaces. Try another.", err=True)
        raise SystemExit(1)
    encoded = make(password, os.urandom(SALT_BYTES))
    if as_json:
        write_json({"password_hash": encoded})
    else:
        click.echo(encoded)
