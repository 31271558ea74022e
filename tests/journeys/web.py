"""A client over WebSocket, of the `websockets` library, as a page in a browser is one."""

import ssl
import threading
from contextlib import ExitStack, suppress

import websockets.sync.client
from tests.journeys.clients import ROOM, Noting, Way
from tests.journeys.scram import Scram
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol


class Web(Noting):
    """A client over WebSocket, text frames or binary ones; one line per frame."""

    def __init__(self, nick: str, way: Way, subprotocol: str, capabilities: str = "") -> None:
        """Connect, log in where there is an account, and join."""
        super().__init__(nick)
        self._is_binary = subprotocol == "binary.ircv3.net"
        self._scram = Scram(way.login) if way.login else None
        self._open = ExitStack()
        trusted = ssl.create_default_context(cafile=way.certificate) if way.certificate else None
        connecting = websockets.sync.client.connect(
            f"{'wss' if trusted else 'ws'}://{way.host}:{way.port}/irc",
            subprotocols=[Subprotocol(subprotocol)],
            proxy=None,
            ssl=trusted,
        )
        self._socket = self._open.enter_context(connecting)
        assert self._socket.subprotocol == subprotocol
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        wanted = f"{capabilities} sasl" if way.login else capabilities
        if wanted:
            self.send("CAP LS 302", f"CAP REQ :{wanted.strip()}")
        self.send(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
        if wanted and not way.login:
            self.send("CAP END")

    def send(self, *lines: str) -> None:
        """Send lines, each in a frame."""
        for line in lines:
            self._socket.send(line.encode() if self._is_binary else line)

    def _listen(self) -> None:
        with suppress(ConnectionClosed):
            for frame in self._socket:
                assert isinstance(frame, bytes) is self._is_binary
                self._hear(frame.decode() if isinstance(frame, bytes) else frame)

    def _hear(self, line: str) -> None:
        line = line.partition(" ")[2] if line.startswith("@") else line
        head, colon, text = line.partition(" :")
        words = head.split()
        who = words.pop(0)[1:].partition("!")[0] if line.startswith(":") else ""
        command, *params = [*words, text] if colon else words
        match command:
            case "PING":
                self.send(f"PONG :{params[-1]}")
            case "001":
                self.join()
            case "CAP" if params[1] == "ACK" and self._scram:
                self.send("AUTHENTICATE SCRAM-SHA-256")
            case "AUTHENTICATE" if self._scram:
                self.send(f"AUTHENTICATE {self._scram.answer(params[0])}")
            case "900":
                self.note("logged in", params[2])
            case "903":
                self.send("CAP END")
            case "904" | "FAIL":
                self.note("refused", command, *params)
            case "REGISTER":
                self.note("registered", *params)
            case "PRIVMSG" if text.startswith("\x01ACTION "):
                self.note("did", who, text.removeprefix("\x01ACTION ").removesuffix("\x01"))
            case "PRIVMSG":
                self.note("said" if params[0] == ROOM else "told", who, text)
            case "TOPIC" | "QUIT":
                self.note(command.lower(), who, text)
            case "KICK":
                self.note("kick", who, params[1], text)
            case "MODE" if params[0] == ROOM:
                self.note("mode", who, " ".join(params[1:]))
            case "JOIN":
                self.note("joined", who)
                if len(params) > 1:
                    self.note("came as", who, params[1])

    def join(self) -> None:
        """Join (again)."""
        self.send(f"JOIN {ROOM}")

    def say(self, text: str) -> None:
        """Say it to the room."""
        self.send(f"PRIVMSG {ROOM} :{text}")

    def tell(self, nick: str, text: str) -> None:
        """Say it to one person."""
        self.send(f"PRIVMSG {nick} :{text}")

    def act(self, text: str) -> None:
        """Do it in the room."""
        self.send(f"PRIVMSG {ROOM} :\x01ACTION {text}\x01")

    def set_topic(self, topic: str) -> None:
        """Set the room's topic."""
        self.send(f"TOPIC {ROOM} :{topic}")

    def make_host(self, nick: str) -> None:
        """Give them the mark."""
        self.send(f"MODE {ROOM} +o {nick}")

    def kick(self, nick: str, reason: str) -> None:
        """Put somebody out."""
        self.send(f"KICK {ROOM} {nick} :{reason}")

    def quit(self, reason: str) -> None:
        """Leave the server."""
        self.send(f"QUIT :{reason}")

    def stop(self) -> None:
        """Close the connection."""
        self._open.close()
        self._thread.join(10)
