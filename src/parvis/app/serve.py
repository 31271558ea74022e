"""`parvis serve`: from a configuration to a running server, and to its end.

The order of a start: the archive first (nobody is let in before it can seal), then the chat listeners, then the
HTTP application, which takes longest to load. The order of an end is the reverse: doors closed, everybody told,
the last batch sealed and delivered, the archive closed.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from time import monotonic_ns
from typing import Final

import structlog
from msgspec.structs import replace

from parvis.app import logs, share_files, systemd
from parvis.app.config import Config, Mistakes, Profile, StoreKind, cautions
from parvis.app.cores import forbid_cores
from parvis.app.gateways import GatewayBook
from parvis.app.listeners import Listeners, ListenFailed
from parvis.app.operators import OperatorBook
from parvis.app.running import Running
from parvis.app.web import Web
from parvis.app.wiring import Parts, assemble, close, settings_of
from parvis.ports.archive import ArchiveError

DONE: Final = 0
FAILED: Final = 1
NOT_YET: Final = (
    *("server.languages", "accounts.always_on"),
    *("safety.first_contact", "safety.pace", "safety.entry", "safety.rules"),
)
"""Keys without code yet, protections above all: an operator who answers in law must not rely on them."""
KEPT: Final = ("name", "network", "data_dir", "casemapping")
"""Keys of `[server]` that a reload leaves as they are."""
GC_THRESHOLD: Final = 50_000
"""Allocations between two looks for cycles: a connection makes none, and a look costs all the others time."""

log = structlog.get_logger()


def run(config: Config, read_again: Callable[[], Config]) -> int:
    """Run a server until it is told to stop; give the program's exit status.

    Args:
        config: What the operator chose.
        read_again: Reads the configuration anew, for a reload; raises `Mistakes`.
    """
    logs.configure()
    forbid_cores()
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:  # pragma: no cover - uvloop is a dependency; a system without it still runs
        runner = asyncio.Runner()
    with runner:
        return runner.run(_serve(config, read_again))


async def _serve(config: Config, read_again: Callable[[], Config]) -> int:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.tell_fault)
    stopping: asyncio.Future[int] = loop.create_future()

    def stop(status: int) -> None:
        if not stopping.done():
            stopping.set_result(status)

    def stop_broken(reason: str) -> None:
        log.critical("the archive cannot go on; nothing more is shown", why=reason)
        stop(FAILED)

    operators, gateways = OperatorBook(config.operators), GatewayBook(config.webirc)

    def reload() -> bool:
        is_taken = _reload(config, read_again, parts, listeners, operators, gateways)
        running.reloaded(is_taken=is_taken)
        return is_taken

    try:
        listeners = Listeners(config.listen)
        try:
            parts = assemble(config, operators, gateways, loop, stop_broken, reload)
        except ArchiveError as error:
            listeners.close_sockets()
            _tell_failure(str(error))
            return FAILED
    except ListenFailed as error:
        _tell_failure(str(error))
        return FAILED
    running = Running(config.server.data_dir if config.archive.store is StoreKind.SQLITE else None)
    if config.server.profile is not Profile.TEST:
        log.warning("not in this version, whatever the configuration says", keys=NOT_YET)
    shares_here = share_files.cautions(config.server.data_dir) if config.archive.store is StoreKind.SQLITE else []
    for caution in cautions(config) + shares_here:
        log.warning("caution", key=caution.key, why=caution.text)
    for notice in parts.notices:
        log.warning("archive", notice=notice)
    try:
        # What has ended while no server ran, or came back from a backup, is read by nobody any more.
        await asyncio.to_thread(parts.office.keeping.begin)
    except (ArchiveError, OSError) as error:
        listeners.close_sockets()
        running.close()
        await close(parts)
        _tell_failure(f"the terms that have ended could not be ended: {error}")
        return FAILED
    parts.doors.start()
    if parts.sequencer is not None:
        parts.sequencer.start()
    await listeners.serve(parts)
    # What operators may do takes long to load: connections are accepted meanwhile.
    from parvis.app.control import Control
    from parvis.app.deeds import DEEDS

    control = Control(parts.office, DEEDS)
    if config.archive.store is StoreKind.SQLITE:
        await control.open(config.server.data_dir)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop, DONE)
    loop.add_signal_handler(signal.SIGHUP, reload)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    gc.enable()
    web = Web()
    await web.serve(parts, listeners)
    for listening in listeners.all:
        _say(f"Parvis listens on {listening.url()}")
    systemd.notify("READY=1")
    parts.office.keeping.start()
    status = await stopping
    systemd.notify("STOPPING=1")
    listeners.close()
    await loop.run_in_executor(None, parts.office.keeping.close)
    if status == DONE:
        await _drain(parts, config.server.drain_timeout_s)
    # Whoever is still there has waited for what could not be sealed: it is never shown, but they are told.
    parts.doors.say_goodbye()
    await web.close()
    await control.close()
    running.close()
    await close(parts)
    return status


async def _drain(parts: Parts, timeout_s: float) -> None:
    """Tell everybody, seal and deliver what was decided, hang up; in a bounded time."""
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    parts.doors.drain(lambda: gone.set_result(None))
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.shield(gone)
    except TimeoutError:
        log.warning("stopping without waiting any longer", connections=parts.doors.open_connections)


def _reload(
    running: Config,
    read_again: Callable[[], Config],
    parts: Parts,
    listeners: Listeners,
    operators: OperatorBook,
    gateways: GatewayBook,
) -> bool:
    """Take what can be changed while running; with a mistake in the configuration, change nothing.

    Gives whether all of it was taken that a reload takes.
    """
    is_taken = False
    systemd.notify(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns() // 1000}")
    try:
        config = read_again()
        settings = settings_of(config)
    except Mistakes as mistakes:
        for mistake in mistakes.mistakes:
            log.error("configuration kept as it was", key=mistake.key, why=mistake.text)
    except Exception:
        # Whatever is wrong with the new one, the server that runs has nothing wrong with it.
        log.exception("configuration kept as it was")
    else:
        # Clients were told these when they came in, and records were sealed under them.
        kept = [f"server.{key}" for key in KEPT if getattr(config.server, key) != getattr(running.server, key)]
        for name in ("listen", "mail", "archive"):
            kept += [name] * (getattr(config, name) != getattr(running, name))
        if kept:
            log.warning("kept as they were until a restart", keys=kept)
        parts.doors.reconfigure(replace(settings, server=running.server.name, network=running.server.network))
        operators.replace(config.operators)
        gateways.replace(config.webirc)
        is_taken = listeners.reload_certificates()
        log.info("reloaded")
    systemd.notify("READY=1")
    return is_taken


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _tell_failure(text: str) -> None:
    sys.stderr.write(f"Parvis cannot start: {text}\n")
