"""Asking for a deed: of the server that runs over a data folder, or of one without doors that stands in for it."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from parvis.app.config import Config, StoreKind
from parvis.app.control import SOCKET_NAME, Request, do
from parvis.app.cores import forbid_cores
from parvis.app.deeds import DEEDS
from parvis.app.gateways import GatewayBook
from parvis.app.office import NotDone, Office, Words
from parvis.app.operators import OperatorBook
from parvis.archive.custody import CustodianKey
from parvis.ports.archive import ArchiveError
from parvis.store.keyfile import KEYFILE_NAME

WAIT_S: Final = 3600.0
"""How long a deed may take: some read the whole archive."""


def ask(config: Config, deed: str, words: Words, first_key: CustodianKey | None = None) -> Words:
    """Have a deed done, and give what it answers.

    Args:
        config: Whose server.
        deed: Its name.
        words: What it is told.
        first_key: The custodians' key of an archive that is begun for this; made by a program apart if not given.

    Raises:
        NotDone: It was refused or failed; the text is a whole sentence.
    """
    request = Request(deed, words)
    try:
        answer = _ask_running(config, request)
        if answer is None:
            if first_key is None:
                _see_archive(config)
            _refuse_for_another(config.server.data_dir)
            answer = asyncio.run(_do_alone(config, request, first_key))
    except ArchiveError as fault:
        raise NotDone(f"The archive cannot be opened: {fault}.") from fault
    if "done" not in answer:
        raise NotDone(str(answer.get("not_done", "The server gave no answer. Its log may say why.")))
    done: Words = answer["done"]
    return done


def _ask_running(config: Config, request: Request) -> Words | None:
    """Ask the server that runs; None when none does."""
    try:
        folder = os.open(config.server.data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as fault:
        raise NotDone(
            f"The data folder {config.server.data_dir} cannot be opened: {fault.strerror}. Name it with --data."
        ) from fault
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(WAIT_S)
        try:
            asking.connect(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError as fault:
            raise NotDone(f"The server cannot be asked: {fault.strerror}. Be its user.") from fault
        finally:
            os.close(folder)
        try:
            asking.sendall(msgspec.json.encode(request) + b"\n")
            with asking.makefile("rb") as answers:
                line = answers.readline()
        except OSError as fault:
            raise NotDone("The server did not answer. Its log may say why.") from fault
    try:
        return msgspec.json.decode(line, type=Words)
    except msgspec.DecodeError:
        raise NotDone("The server stopped before it answered. Ask again.") from None


def _refuse_for_another(data_dir: Path) -> None:
    """Stand in for no server of another user: what root wrote anew it could not read at its next start.

    Raises:
        NotDone: The archive belongs to somebody else.
    """
    with suppress(FileNotFoundError):
        owner = (data_dir / KEYFILE_NAME).stat().st_uid
        if owner != os.geteuid():
            raise NotDone(f"No server runs, and the archive belongs to the user with the number {owner}. Be that user.")


def _see_archive(config: Config) -> None:
    """Refuse to stand in for a server where there is no archive: a mistyped folder would become a new one."""
    from parvis.store.sqlite.database import DATABASE_NAME

    if config.archive.store is StoreKind.MEMORY:
        raise NotDone("No server runs here, and its archive was in memory alone: it has ended with it.")
    if not (config.server.data_dir / DATABASE_NAME).is_file():
        raise NotDone(f"There is no archive in {config.server.data_dir}. Name the data folder with --data.")


async def _do_alone(config: Config, request: Request, first_key: CustodianKey | None) -> Words:
    """Be the server, without a door, for one deed."""
    from parvis.app import logs
    from parvis.app.wiring import assemble, close

    # Standard output is the verb's.
    logs.configure()
    forbid_cores()
    loop = asyncio.get_running_loop()
    broken: list[str] = []
    parts = assemble(
        config, OperatorBook(config.operators), GatewayBook(config.webirc), loop, broken.append, _no_reload, first_key
    )
    try:
        answer = await asyncio.to_thread(_do_when_due_is_ended, parts.office, request)
        parts.chat.vault.end()
        idle: asyncio.Future[None] = loop.create_future()
        parts.turn.when_idle(lambda: idle.set_result(None))
        async with asyncio.timeout(config.server.drain_timeout_s):
            await idle
    except TimeoutError:
        answer = {"not_done": "The archive cannot be written."}
    finally:
        await close(parts)
    return answer if not broken else {"not_done": f"The archive cannot go on: {broken[0]}."}


def _do_when_due_is_ended(office: Office, request: Request) -> Words:
    """Do it over what a server would serve: terms that ended while none ran are ended first."""
    try:
        office.keeping.begin()
    except (ArchiveError, OSError) as fault:
        return {"not_done": f"The terms that have ended could not be ended: {fault}."}
    return do(office, DEEDS, request)


def _no_reload() -> bool:
    return False
