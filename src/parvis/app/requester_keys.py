"""Key pairs of those who ask for openings, as files: one line each, of which the first word names the form."""

import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Final

from parvis.archive import custody
from parvis.store import durable
from parvis.store.opening_folder import BadFolder, new_file, read_file

PRIVATE_FORM: Final = "parvis-requester-private-1"
PUBLIC_FORM: Final = "parvis-requester-public-1"
FILE_BYTES_MAX: Final = 4096
"""Longest file; a public key takes 1 650."""


class BadKey(Exception):
    """A key that cannot be written or read. A whole sentence that quotes nothing of it."""


def make(path: Path) -> str:
    """Make a key pair; give the id of its public half in hex.

    Raises:
        BadKey: It cannot be written, or something is there already.
    """
    public_path = path.with_name(path.name + ".pub")
    for each in (path, public_path):
        if os.path.lexists(each):
            raise BadKey(f"{each} is there already. Choose another name.")
    seed = os.urandom(custody.SEED_BYTES)
    public = custody.public_bytes(seed)
    try:
        # Of its own making alone: what somebody else laid there in between, they could read.
        for each, form, half in ((path, PRIVATE_FORM, seed), (public_path, PUBLIC_FORM, public)):
            with new_file(each) as file:
                file.write(f"{form} {b64encode(half).decode()}\n".encode())
        durable.sync_folder(path.absolute().parent)
    except OSError as fault:
        raise BadKey(f"The key cannot be written to {path}: {fault.strerror}.") from None
    return custody.custodian_id(custody.HYBRID, public).hex()


def read_public(path: Path) -> str:
    """Read a public key, as the server is told it: in base64.

    Raises:
        BadKey: It is none.
    """
    return b64encode(_read(path, PUBLIC_FORM, custody.PUBLIC_KEY_BYTES)).decode()


def read_private(path: Path) -> bytes:
    """Read the seed of a private key.

    Raises:
        BadKey: It is none.
    """
    return _read(path, PRIVATE_FORM, custody.SEED_BYTES)


def _read(path: Path, form: str, size: int) -> bytes:
    try:
        words = read_file(path, FILE_BYTES_MAX).decode("ascii").split()
        raw = b64decode(words[1], validate=True) if len(words) == 2 and words[0] == form else b""
    except BadFolder as bad:
        raise BadKey(str(bad)) from None
    except ValueError:
        raw = b""
    if len(raw) != size:
        which = "private" if form == PRIVATE_FORM else "public"
        raise BadKey(f"{path} is not a {which} key as `parvis archive opening keygen` writes it.")
    return raw
