"""The clients that people use, driven from outside: what they are told to do, and what they themselves recorded.

irssi is typed at through a terminal and read through its own logs; WeeChat is given commands by a signal and read
through its own logs; the `irc` library and the `websockets` library run in threads and write down what they got.
"""

import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import irc.client  # type: ignore[import-untyped]  # it comes without types
import websockets.sync.client
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

ROOM = "#green"
PATIENCE_S = 30.0
"""How long a client may take to record something; it is waited for, never slept for."""


class Client:
    """Somebody at a client.

    Attributes:
        FORMS: How the client records what happened: a pattern per kind, with the names of its parts.
    """

    FORMS: ClassVar[dict[str, str]]

    def __init__(self, nick: str) -> None:
        """Sit down under a name."""
        self.nick = nick

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Go home."""
        raise NotImplementedError

    def record(self, what: str = "") -> str:
        """Give what the client has written down, where it notes a kind of event; without one: everything."""
        raise NotImplementedError

    def times(self, what: str, **parts: str) -> int:
        """Count how often the client has recorded something."""
        pattern = self.FORMS[what].format(**{name: re.escape(part) for name, part in parts.items()})
        return len(re.findall(pattern, self.record(what), re.MULTILINE))

    def sees(self, what: str, **parts: str) -> None:
        """Wait until the client has recorded something; it must be there once."""
        end_s = time.monotonic() + PATIENCE_S
        while not (found := self.times(what, **parts)):
            assert time.monotonic() < end_s, f"{self.nick} has not seen: {what} {parts}\n{self.record()}"
            time.sleep(0.02)
        assert found == 1

    def say(self, text: str) -> None:
        """Say something to the room."""
        raise NotImplementedError

    def tell(self, nick: str, text: str) -> None:
        """Say something to one person."""
        raise NotImplementedError

    def act(self, text: str) -> None:
        """Do something (`/me`)."""
        raise NotImplementedError

    def quit(self, reason: str) -> None:
        """Leave the server."""
        raise NotImplementedError


def _holds(log: Path, what: str) -> bool:
    """Tell whether events of a kind stand in a log: what was told to one person in theirs, all else in the room's."""
    return not what or (what == "told") is (ROOM not in log.name)


class Irssi(Client):
    """irssi on a terminal, over TLS: it checks the certificate."""

    FORMS: ClassVar[dict[str, str]] = {
        "said": r"^\d\d:\d\d <[ @+]?{who}> {text}$",
        "told": r"^\d\d:\d\d <{who}> {text}$",
        "did": r"^\d\d:\d\d  \* {who} {text}$",
        "topic": r"^\d\d:\d\d -!- {who} changed the topic of #green to: {text}$",
        "kick": r"^\d\d:\d\d -!- {whom} was kicked from #green by {who} \[{text}\]$",
        "quit": r"^\d\d:\d\d -!- {who} \[\S+\] has quit \[Quit: {text}\]$",
        "joined": r"^\d\d:\d\d -!- {who} \[\S+\] has joined #green$",
    }

    def __init__(self, nick: str, folder: Path, port: int, certificate: Path) -> None:
        """Start it with a configuration of its own; it connects and joins by itself."""
        super().__init__(nick)
        program = shutil.which("irssi")
        assert program is not None, "irssi is not installed: scripts/setup check"
        self._logs = folder / "log"
        folder.mkdir()
        config = folder / "config"
        config.write_text(
            f'servers = ({{ address = "localhost"; port = "{port}"; chatnet = "square"; autoconnect = "yes";'
            f' use_tls = "yes"; tls_verify = "yes"; tls_cafile = "{certificate}"; }});\n'
            f'chatnets = {{ square = {{ type = "IRC"; nick = "{nick}"; }}; }};\n'
            f'channels = ({{ name = "{ROOM}"; chatnet = "square"; autojoin = "yes"; }});\n'
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
        "topic": r'^\d\d:\d\d\t--\t{who} has changed topic for #green to "{text}"$',
        "kick": r"^\d\d:\d\d\t<--\t{who} has kicked {whom} \({text}\)$",
        "quit": r"^\d\d:\d\d\t<--\t{who} \(\S+\) has quit \(Quit: {text}\)$",
        "joined": r"^\d\d:\d\d\t-->\t{who} \([^)]+\) \(\S+\) has joined #green$",
    }

    def __init__(self, nick: str, folder: Path, port: int) -> None:
        """Start it with a configuration of its own; it connects and joins by itself."""
        super().__init__(nick)
        program = shutil.which("weechat-headless")
        assert program is not None, "weechat-headless is not installed: scripts/setup check"
        self._folder = folder
        self._commands = 0
        folder.mkdir()
        (folder / "weechat.conf").write_text('[signal]\nsigusr1 = "/reload alias;/go"\n')
        (folder / "logger.conf").write_text('[look]\nbacklog = 0\n[file]\nflush_delay = 0\ntime_format = "%H:%M"\n')
        (folder / "irc.conf").write_text(
            "[look]\nsmart_filter = off\n"
            f'[server]\nsquare.addresses = "127.0.0.1/{port}"\nsquare.nicks = "{nick}"\nsquare.tls = off\n'
            f'square.ssl = off\nsquare.autoconnect = on\nsquare.autojoin = "{ROOM}"\n'
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
        logs = sorted((self._folder / "logs").glob("irc.square.*.weechatlog"))
        return "".join(path.read_text(encoding="utf-8") for path in logs if _holds(path, what))

    def say(self, text: str) -> None:
        """Say it in the room's buffer."""
        self._run(f"/msg -server square {ROOM} {text}")

    def tell(self, nick: str, text: str) -> None:
        """Say it to one person."""
        self._run(f"/msg -server square {nick} {text}")

    def act(self, text: str) -> None:
        """Do it in the room's buffer."""
        self._run(f"/command -buffer irc.square.{ROOM} irc /me {text}")

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


class _Noting(Client):
    """A client that writes down each event as a line; kinds and their parts apart by tabs."""

    FORMS: ClassVar[dict[str, str]] = {
        "said": r"^said\t{who}\t{text}$",
        "told": r"^told\t{who}\t{text}$",
        "did": r"^did\t{who}\t{text}$",
        "topic": r"^topic\t{who}\t{text}$",
        "kick": r"^kick\t{who}\t{whom}\t{text}$",
        "quit": r"^quit\t{who}\tQuit: {text}$",
        "joined": r"^joined\t{who}$",
    }

    def __init__(self, nick: str) -> None:
        super().__init__(nick)
        self._noted: list[str] = []

    def note(self, *parts: str) -> None:
        """Write an event down."""
        self._noted.append("\t".join(parts))

    def record(self, what: str = "") -> str:
        """Give what was written down."""
        return "\n".join(self._noted)


class Bot(_Noting):
    """A bot of the `irc` library, its reactor in a thread."""

    def __init__(self, nick: str, port: int) -> None:
        """Connect and join."""
        super().__init__(nick)
        self._reactor = irc.client.Reactor()
        self._ends = threading.Event()
        self._connection = self._reactor.server()
        for kind, name in (("said", "pubmsg"), ("told", "privmsg"), ("did", "action"), ("topic", "topic")):
            self._connection.add_global_handler(name, self._noter(kind))
        for kind, name in (("kick", "kick"), ("quit", "quit"), ("joined", "join")):
            self._connection.add_global_handler(name, self._noter(kind))
        self._connection.add_global_handler("welcome", lambda connection, _: connection.join(ROOM))
        self._connection.connect("127.0.0.1", port, nick)
        self._thread = threading.Thread(target=self._process, daemon=True)
        self._thread.start()

    def _noter(self, kind: str) -> Any:
        def note(_: object, event: irc.client.Event) -> None:
            self.note(kind, event.source.nick, *event.arguments)

        return note

    def _process(self) -> None:
        while not self._ends.is_set():
            self._reactor.process_once(0.05)

    def say(self, text: str) -> None:
        """Say it to the room."""
        self._connection.privmsg(ROOM, text)

    def tell(self, nick: str, text: str) -> None:
        """Say it to one person."""
        self._connection.privmsg(nick, text)

    def act(self, text: str) -> None:
        """Do it in the room."""
        self._connection.action(ROOM, text)

    def quit(self, reason: str) -> None:
        """Leave the server."""
        self._connection.quit(reason)

    def stop(self) -> None:
        """End the thread, and the connection with it."""
        self._ends.set()
        self._thread.join(10)
        self._reactor.disconnect_all()


class Web(_Noting):
    """A client over WebSocket, text frames or binary ones; one line per frame."""

    def __init__(self, nick: str, port: int, subprotocol: str) -> None:
        """Connect and join."""
        super().__init__(nick)
        self._is_binary = subprotocol == "binary.ircv3.net"
        self._open = ExitStack()
        connecting = websockets.sync.client.connect(
            f"ws://127.0.0.1:{port}/irc", subprotocols=[Subprotocol(subprotocol)], proxy=None
        )
        self._socket = self._open.enter_context(connecting)
        assert self._socket.subprotocol == subprotocol
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self._send(f"NICK {nick}", f"USER {nick} 0 * :{nick}", f"JOIN {ROOM}")

    def _send(self, *lines: str) -> None:
        for line in lines:
            self._socket.send(line.encode() if self._is_binary else line)

    def _listen(self) -> None:
        with suppress(ConnectionClosed):
            for frame in self._socket:
                assert isinstance(frame, bytes) is self._is_binary
                self._hear(frame.decode() if isinstance(frame, bytes) else frame)

    def _hear(self, line: str) -> None:
        source, _, rest = line.partition(" ")
        if source == "PING":
            self._send(f"PONG {rest}")
            return
        who = source[1:].partition("!")[0]
        command, _, rest = rest.partition(" ")
        head, _, text = f" {rest}".partition(" :")
        match command:
            case "PRIVMSG" if text.startswith("\x01ACTION "):
                self.note("did", who, text.removeprefix("\x01ACTION ").removesuffix("\x01"))
            case "PRIVMSG":
                self.note("said" if head == f" {ROOM}" else "told", who, text)
            case "TOPIC" | "QUIT":
                self.note(command.lower(), who, text)
            case "KICK":
                self.note("kick", who, head.split()[1], text)
            case "JOIN":
                self.note("joined", who)

    def say(self, text: str) -> None:
        """Say it to the room."""
        self._send(f"PRIVMSG {ROOM} :{text}")

    def tell(self, nick: str, text: str) -> None:
        """Say it to one person."""
        self._send(f"PRIVMSG {nick} :{text}")

    def act(self, text: str) -> None:
        """Do it in the room."""
        self._send(f"PRIVMSG {ROOM} :\x01ACTION {text}\x01")

    def quit(self, reason: str) -> None:
        """Leave the server."""
        self._send(f"QUIT :{reason}")

    def stop(self) -> None:
        """Close the connection."""
        self._open.close()
        self._thread.join(10)
