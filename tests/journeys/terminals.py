"""irssi and WeeChat, driven as people drive them, and read through the logs they keep."""

import fcntl
import os
import pty
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from tests.journeys.clients import PATIENCE_S, ROOM, Client, Way

WINDOW = "window.log"
"""irssi's log of the window that opens with the program."""
SERVER = "irc.server.square.weechatlog"
"""WeeChat's log of what concerns the server."""


def _holds(log: Path, what: str) -> bool:
    """Tell whether events of a kind stand in a log: what was told to one person in theirs, all else in the room's."""
    match what:
        case "":
            return True
        case "told":
            return ROOM not in log.name and log.name != WINDOW
        case "logged in":
            return log.name in (WINDOW, SERVER)
        case _:
            return ROOM in log.name


class Irssi(Client):
    """irssi on a terminal; over TLS it checks the certificate."""

    FORMS: ClassVar[dict[str, str]] = {
        "said": r"^\d\d:\d\d <[ @+]?{who}> {text}$",
        "told": r"^\d\d:\d\d <{who}> {text}$",
        "did": r"^\d\d:\d\d  \* {who} {text}$",
        "topic": r"^\d\d:\d\d -!- {who} changed the topic of #green to: {text}$",
        "kick": r"^\d\d:\d\d -!- {whom} was kicked from #green by {who} \[{text}\]$",
        "quit": r"^\d\d:\d\d -!- {who} \[\S+\] has quit \[Quit: {text}\]$",
        "joined": r"^\d\d:\d\d -!- {who} \[.*\] has joined #green$",
        "host": r"^\d\d:\d\d -!- mode/#green \[\+o {whom}\] by {who}$",
        "logged in": r"logged in as {account}",
    }

    def __init__(self, nick: str, folder: Path, way: Way) -> None:
        """Start it with a configuration of its own; it connects and joins by itself."""
        super().__init__(nick)
        program = shutil.which("irssi")
        assert program is not None, "irssi is not installed: scripts/setup check"
        self._logs = folder / "log"
        folder.mkdir()
        self._logs.mkdir()
        config = folder / "config"
        tls = 'use_tls = "no";'
        if way.certificate is not None:
            tls = f'use_tls = "yes"; tls_verify = "yes"; tls_cafile = "{way.certificate}";'
        sasl = ""
        if way.login is not None:
            sasl = (
                f' sasl_mechanism = "PLAIN"; sasl_username = "{way.login.account}";'
                f' sasl_password = "{way.login.password}"; sasl_disconnect_on_failure = "yes";'
            )
        config.write_text(
            f'servers = ({{ address = "{way.host}"; port = "{way.port}"; chatnet = "square"; autoconnect = "yes";'
            f" {tls} }});\n"
            f'chatnets = {{ square = {{ type = "IRC"; nick = "{nick}";{sasl} }}; }};\n'
            f'channels = ({{ name = "{ROOM}"; chatnet = "square"; autojoin = "yes"; }});\n'
            # The window that opens with the program hears of what concerns no room and no person.
            f'logs = {{ "{self._logs}/{WINDOW}" = {{ auto_open = "yes"; level = "ALL";'
            ' items = ( { type = "window"; name = "1"; } ); }; };\n'
            f'settings = {{ "irc/core" = {{ cmd_queue_speed = "0"; }};\n'
            f'  core = {{ nick = "{nick}"; user_name = "{nick}"; real_name = "{nick}"; }};\n'
            f'  "fe-common/core" = {{ term_charset = "UTF-8"; autolog = "yes"; autolog_level = "ALL";'
            f' autolog_path = "{self._logs}/$0.log"; }}; }};\n',
            encoding="utf-8",
        )
        self._terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
        self._process = subprocess.Popen(
            [program, f"--home={folder}", f"--config={config}"],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": str(folder)},
            start_new_session=True,
        )
        os.close(inside)
        self._screen = threading.Thread(target=self._look_at_screen, daemon=True)
        self._screen.start()

    def _look_at_screen(self) -> None:
        """A terminal that nobody reads stops the program that writes to it."""
        with suppress(OSError):
            while os.read(self._terminal, 65536):
                pass

    def _type(self, line: str) -> None:
        os.write(self._terminal, f"{line}\r".encode())

    def join(self) -> None:
        """Type it."""
        self._type(f"/join {ROOM}")

    def record(self, what: str = "") -> str:
        """Read its logs: one for the room, one for each person it talks to. It notes who quits in both."""
        logs = sorted(self._logs.glob("*.log"))
        return "".join(path.read_text(encoding="utf-8") for path in logs if _holds(path, what))

    def say(self, text: str) -> None:
        """Type it in the room's window."""
        self._type(f"/msg {ROOM} {text}")

    def tell(self, nick: str, text: str) -> None:
        """Type it as a private message."""
        self._type(f"/msg {nick} {text}")

    def act(self, text: str) -> None:
        """Type it as an action."""
        self._type(f"/action {ROOM} {text}")

    def set_topic(self, topic: str) -> None:
        """Set the room's topic."""
        self._type(f"/topic {ROOM} {topic}")

    def make_host(self, nick: str) -> None:
        """Give them the mark."""
        self._type(f"/mode {ROOM} +o {nick}")

    def kick(self, nick: str, reason: str) -> None:
        """Put somebody out."""
        self._type(f"/kick {ROOM} {nick} {reason}")

    def quit(self, reason: str) -> None:
        """Type it."""
        self._type(f"/quit {reason}")

    def stop(self) -> None:
        """End it, if it has not ended."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._screen.join(10)
        os.close(self._terminal)


class WeeChat(Client):
    """WeeChat without a screen. Its command `go` is written anew and run at each signal."""

    FORMS: ClassVar[dict[str, str]] = {
        "said": r"^\d\d:\d\d\t[@+]?{who}\t{text}$",
        "told": r"^\d\d:\d\d\t{who}\t{text}$",
        "did": r"^\d\d:\d\d\t \*\t{who} {text}$",
        "topic": r'^\d\d:\d\d\t--\t{who} has changed topic for #green (?:from ".*" )?to "{text}"$',
        "kick": r"^\d\d:\d\d\t<--\t{who} has kicked {whom} \({text}\)$",
        "quit": r"^\d\d:\d\d\t<--\t{who} \(\S+\) has quit \(Quit: {text}\)$",
        "joined": r"^\d\d:\d\d\t-->\t{who} .*\(\S+\) has joined #green$",
        "host": r"^\d\d:\d\d\t--\tMode #green \[\+o {whom}\] by {who}$",
        "logged in": r"logged in as {account}",
    }

    def __init__(self, nick: str, folder: Path, way: Way) -> None:
        """Start it with a configuration of its own; it connects and joins by itself."""
        super().__init__(nick)
        program = shutil.which("weechat-headless")
        assert program is not None, "weechat-headless is not installed: scripts/setup check"
        self._folder = folder
        self._commands = 0
        folder.mkdir()
        trusted = f'[network]\ngnutls_ca_user = "{way.certificate}"\n' if way.certificate else ""
        (folder / "weechat.conf").write_text(f'[signal]\nsigusr1 = "/reload alias;/go"\n{trusted}')
        (folder / "logger.conf").write_text('[look]\nbacklog = 0\n[file]\nflush_delay = 0\ntime_format = "%H:%M"\n')
        # The same option by its old name and its new one: WeeChat 4 calls it `tls`.
        tls = "on" if way.certificate else "off"
        sasl = ""
        if way.login is not None:
            sasl = (
                f'square.sasl_mechanism = scram-sha-256\nsquare.sasl_username = "{way.login.account}"\n'
                f'square.sasl_password = "{way.login.password}"\nsquare.sasl_fail = disconnect\n'
            )
        (folder / "irc.conf").write_text(
            "[look]\nsmart_filter = off\n"
            f'[server]\nsquare.addresses = "{way.host}/{way.port}"\nsquare.nicks = "{nick}"\nsquare.ipv6 = off\n'
            f'square.tls = {tls}\nsquare.ssl = {tls}\nsquare.autoconnect = on\nsquare.autojoin = "{ROOM}"\n'
            f"square.anti_flood_prio_high = 0\nsquare.anti_flood_prio_low = 0\n{sasl}"
        )
        self._process = subprocess.Popen(
            # Without a screen WeeChat 3.8 never rests, whatever it is given to read: it gets what nobody else needs.
            ["nice", "-n", "10", program, "-d", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(folder)},
        )

    def _run(self, command: str) -> None:
        """Run one command, and wait until it has been taken up: signals of one kind do not queue."""
        self._commands += 1
        (self._folder / "alias.conf").write_text(f'[cmd]\ngo = "{command}"\n', encoding="utf-8")
        self._process.send_signal(signal.SIGUSR1)
        end_s = time.monotonic() + PATIENCE_S
        while self._core_log().count("Options reloaded from alias.conf") < self._commands:
            assert time.monotonic() < end_s, self._core_log()
            time.sleep(0.02)

    def _core_log(self) -> str:
        return (self._folder / "logs" / "core.weechat.weechatlog").read_text(encoding="utf-8")

    def record(self, what: str = "") -> str:
        """Read its logs: one for the room, one for each person it talks to. It notes who quits in both."""
        logs = sorted((self._folder / "logs").glob("irc.*.weechatlog"))
        return "".join(path.read_text(encoding="utf-8") for path in logs if _holds(path, what))

    def join(self) -> None:
        """Join (again)."""
        self._run(f"/join -server square {ROOM}")

    def say(self, text: str) -> None:
        """Say it in the room's buffer."""
        self._run(f"/msg -server square {ROOM} {text}")

    def tell(self, nick: str, text: str) -> None:
        """Say it to one person."""
        self._run(f"/msg -server square {nick} {text}")

    def act(self, text: str) -> None:
        """Do it in the room's buffer."""
        self._run(f"/command -buffer irc.square.{ROOM} irc /me {text}")

    def set_topic(self, topic: str) -> None:
        """Set the room's topic."""
        self._run(f"/command -buffer irc.square.{ROOM} irc /topic {topic}")

    def make_host(self, nick: str) -> None:
        """Give them the mark."""
        self._run(f"/command -buffer irc.square.{ROOM} irc /op {nick}")

    def kick(self, nick: str, reason: str) -> None:
        """Put somebody out."""
        self._run(f"/command -buffer irc.square.{ROOM} irc /kick {nick} {reason}")

    def quit(self, reason: str) -> None:
        """Quit the program; on its way it leaves the server."""
        (self._folder / "alias.conf").write_text(f'[cmd]\ngo = "/quit -yes {reason}"\n', encoding="utf-8")
        self._process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """End it, if it has not ended."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
