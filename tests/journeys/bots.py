"""Bots on the libraries that bots are written with: irc and pydle in threads, Sopel in a process of its own."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import irc.client  # type: ignore[import-untyped]  # it comes without types
import irc.connection  # type: ignore[import-untyped]
import pydle  # type: ignore[import-untyped]
from tests.journeys.clients import PATIENCE_S, ROOM, Noting, Way


class IrcBot(Noting):
    """A bot of the `irc` library, its reactor in a thread."""

    def __init__(self, nick: str, way: Way) -> None:
        """Connect and join."""
        super().__init__(nick)
        self._reactor = irc.client.Reactor()
        self._ends = threading.Event()
        self._connection = self._reactor.server()
        for kind, name in (("said", "pubmsg"), ("told", "privmsg"), ("did", "action"), ("topic", "topic")):
            self._connection.add_global_handler(name, self._noter(kind))
        for kind, name in (("kick", "kick"), ("quit", "quit"), ("joined", "join")):
            self._connection.add_global_handler(name, self._noter(kind))
        self._connection.add_global_handler("mode", self._note_mode)
        self._connection.add_global_handler("loggedin", self._note_login)
        self._connection.add_global_handler("welcome", lambda connection, _: connection.join(ROOM))
        factory = irc.connection.Factory()
        if way.certificate is not None:
            context = ssl.create_default_context(cafile=way.certificate)
            factory = irc.connection.Factory(wrapper=partial(context.wrap_socket, server_hostname=way.host))
        password, account = (way.login.password, way.login.account) if way.login else (None, None)
        self._connection.connect(
            way.host, way.port, nick, password=password, sasl_login=account, connect_factory=factory
        )
        self._thread = threading.Thread(target=self._process, daemon=True)
        self._thread.start()

    def _noter(self, kind: str) -> Any:
        def note(_: object, event: irc.client.Event) -> None:
            self.note(kind, event.source.nick, *event.arguments)

        return note

    def _note_mode(self, _: object, event: irc.client.Event) -> None:
        self.note("mode", event.source.nick, " ".join(event.arguments))

    def _note_login(self, _: object, event: irc.client.Event) -> None:
        self.note("logged in", event.arguments[1])

    def _process(self) -> None:
        while not self._ends.is_set():
            self._reactor.process_once(0.05)

    def join(self) -> None:
        """Join (again)."""
        self._connection.join(ROOM)

    def say(self, text: str) -> None:
        """Say it to the room."""
        self._connection.privmsg(ROOM, text)

    def tell(self, nick: str, text: str) -> None:
        """Say it to one person."""
        self._connection.privmsg(nick, text)

    def act(self, text: str) -> None:
        """Do it in the room."""
        self._connection.action(ROOM, text)

    def set_topic(self, topic: str) -> None:
        """Set the room's topic."""
        self._connection.topic(ROOM, topic)

    def make_host(self, nick: str) -> None:
        """Give them the mark."""
        self._connection.mode(ROOM, f"+o {nick}")

    def kick(self, nick: str, reason: str) -> None:
        """Put somebody out."""
        self._connection.kick(ROOM, nick, reason)

    def quit(self, reason: str) -> None:
        """Leave the server."""
        self._connection.quit(reason)

    def stop(self) -> None:
        """End the thread, and the connection with it."""
        self._ends.set()
        self._thread.join(10)
        self._reactor.disconnect_all()


class _PydleClient(pydle.Client):  # type: ignore[misc]
    """What a bot with pydle is written as: a method for each event."""

    def __init__(self, nick: str, page: Noting, **given: str) -> None:
        super().__init__(nick, realname=nick, **given)
        self._page = page

    async def on_connect(self) -> None:
        await super().on_connect()
        await self.join(ROOM)

    async def on_join(self, channel: str, user: str) -> None:
        await super().on_join(channel, user)
        self._page.note("joined", user)

    async def on_channel_message(self, target: str, by: str, message: str) -> None:
        self._page.note("said", by, message)

    async def on_private_message(self, target: str, by: str, message: str) -> None:
        self._page.note("told", by, message)

    async def on_ctcp_action(self, by: str, target: str, contents: str) -> None:
        self._page.note("did", by, contents)

    async def on_topic_change(self, channel: str, message: str, by: str) -> None:
        self._page.note("topic", by, message)

    async def on_kick(self, channel: str, target: str, by: str, reason: str | None = None) -> None:
        self._page.note("kick", by, target, reason or "")

    async def on_mode_change(self, channel: str, modes: list[str], by: str) -> None:
        self._page.note("mode", by, " ".join(modes))

    async def on_quit(self, user: str, message: str | None = None) -> None:
        self._page.note("quit", user, message or "")

    async def on_raw_900(self, message: Any) -> None:
        self._page.note("logged in", message.params[2])


class PydleBot(Noting):
    """A bot of the `pydle` library, its event loop in a thread."""

    def __init__(self, nick: str, way: Way) -> None:
        """Connect and join."""
        super().__init__(nick)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        login = {"sasl_username": way.login.account, "sasl_password": way.login.password} if way.login else {}
        # It takes no file of those whom it trusts, only what OpenSSL takes for the default.
        with patch.dict(os.environ, {"SSL_CERT_FILE": str(way.certificate)} if way.certificate else {}):
            self._client = self._do(self._begin(login))
            self._do(self._client.connect(way.host, way.port, tls=way.certificate is not None, tls_verify=True))
        self._writer = self._client.connection.writer

    async def _begin(self, login: dict[str, str]) -> _PydleClient:
        return _PydleClient(self.nick, self, **login)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def join(self) -> None:
        """Join (again)."""
        self._do(self._client.join(ROOM))

    def say(self, text: str) -> None:
        """Say it to the room."""
        self._do(self._client.message(ROOM, text))

    def tell(self, nick: str, text: str) -> None:
        """Say it to one person."""
        self._do(self._client.message(nick, text))

    def act(self, text: str) -> None:
        """Do it in the room."""
        self._do(self._client.ctcp(ROOM, "ACTION", text))

    def set_topic(self, topic: str) -> None:
        """Set the room's topic."""
        self._do(self._client.set_topic(ROOM, topic))

    def make_host(self, nick: str) -> None:
        """Give them the mark."""
        self._do(self._client.set_mode(ROOM, "+o", nick))

    def kick(self, nick: str, reason: str) -> None:
        """Put somebody out."""
        self._do(self._client.kick(ROOM, nick, reason))

    def quit(self, reason: str) -> None:
        """Leave the server."""
        self._do(self._client.quit(reason))

    def stop(self) -> None:
        """End the connection, the loop and the thread."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        if self._client.connected:
            await self._client.disconnect(expected=True)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # It closes the connection without waiting for that.
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()


class SopelBot(Noting):
    """A Sopel bot, a process with an environment of its own: it needs an older SQLAlchemy than the server does.

    Its plugin (`sopel_plugin.py`) notes what happens in a file, and does what it reads from standard input.
    """

    def __init__(self, nick: str, folder: Path, way: Way) -> None:
        """Start it with a configuration of its own; it connects and joins by itself."""
        super().__init__(nick)
        python = Path(sys.prefix) / "sopel" / "bin" / "python"
        assert python.exists(), "Sopel is not installed: scripts/setup check"
        plugins = folder / "plugins"
        plugins.mkdir(parents=True)
        plugin = plugins / "journey.py"
        shutil.copy(Path(__file__).with_name("sopel_plugin.py"), plugin)
        self._page = folder / "noted"
        self._page.touch()
        lines = [
            "[core]",
            f"nick = {nick}",
            f"host = {way.host}",
            f"port = {way.port}",
            f"use_ssl = {way.certificate is not None}",
            "verify_ssl = True",
            "owner = Nobody",
            f'channels = "{ROOM}"',
            f"homedir = {folder}",
            "enable =",
            "    coretasks",
            "    journey",
            "flood_burst_lines = 1000",
            "flood_max_wait = 0",
            "timeout = 120",
        ]
        if way.certificate is not None:
            lines.append(f"ca_certs = {way.certificate}")
        if way.login is not None:
            lines += ["auth_method = sasl", "auth_target = PLAIN"]
            lines += [f"auth_username = {way.login.account}", f"auth_password = {way.login.password}"]
        config = folder / "default.cfg"
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._said = (folder / "output").open("wb")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._process = subprocess.Popen(
            [python, str(plugin), str(config)],
            stdin=subprocess.PIPE,
            stdout=self._said,
            stderr=self._said,
            env={**clean, "HOME": str(folder), "JOURNEY_PAGE": str(self._page), "PYTHONUTF8": "1"},
        )

    def record(self, what: str = "") -> str:
        """Read what its plugin has noted."""
        return self._page.read_text(encoding="utf-8")

    def _order(self, *words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words).encode() + b"\n")
        self._process.stdin.flush()

    def join(self) -> None:
        """Join (again)."""
        self._order("join", ROOM)

    def say(self, text: str) -> None:
        """Say it to the room."""
        self._order("say", text, ROOM)

    def tell(self, nick: str, text: str) -> None:
        """Say it to one person."""
        self._order("say", text, nick)

    def act(self, text: str) -> None:
        """Do it in the room."""
        self._order("action", text, ROOM)

    def set_topic(self, topic: str) -> None:
        """Set the room's topic."""
        self._order("write", "TOPIC", ROOM, topic)

    def make_host(self, nick: str) -> None:
        """Give them the mark."""
        self._order("write", "MODE", ROOM, "+o", nick)

    def kick(self, nick: str, reason: str) -> None:
        """Put somebody out."""
        self._order("kick", nick, ROOM, reason)

    def quit(self, reason: str) -> None:
        """Leave the server."""
        self._order("quit", reason)

    def stop(self) -> None:
        """End it, if it has not ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()
