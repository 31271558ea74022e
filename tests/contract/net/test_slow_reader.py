"""A reader too slow is closed with a reason, and nobody waits for it.

Source: docs/handbook/operator.md, `limits.send_queue_bytes`; DESIGN.md 3, "One write per recipient".
"""

import socket
from pathlib import Path

import pytest
from tests.promises.servers import CONFIG, PATIENCE_S, Hearer, Person, running

ROOM = "#quai"
AT_ONCE = 200
WORDS = "x" * 380


class Sleeper(Person):
    """Somebody who comes in and then reads nothing."""

    def __init__(self, port: int) -> None:
        """Connect with a small window, so that little waits in the system."""
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", port))
        self._unread = b""
        self.says("NICK slow", "USER slow 0 * :slow", f"JOIN {ROOM}")
        self.hears_until(" 366 ")


@pytest.mark.parametrize("echoes", [False, True])
def test_a_slow_reader_is_closed_with_a_reason_and_the_others_get_everything(tmp_path: Path, echoes: bool) -> None:
    """One who does not read, three who do: these get every line once and in order."""
    config = CONFIG.replace("[limits]", "[limits]\nsend_queue_bytes = 65536")
    with running(tmp_path, config) as server:
        port = server.port()
        capabilities = ["echo-message"] if echoes else []
        with (
            Hearer(port, "anna", *capabilities) as anna,
            Hearer(port, "bert") as bert,
            Hearer(port, "carl", "server-time") as carl,
            Sleeper(port) as slow,
        ):
            for person in (anna, bert, carl):
                person.says(f"JOIN {ROOM}")
                person.waits_for(" 366 ")
            said = 0
            # Something of its own waits too: that is no reason to keep it longer.
            slow.says(f"PRIVMSG {ROOM} :good night")
            bert.waits_for("good night")
            while not bert.heard(" QUIT "):
                anna.says(*(f"PRIVMSG {ROOM} :{number} {WORDS}" for number in range(said, said + AT_ONCE)))
                said += AT_ONCE
                bert.waits_for(f" :{said - 1} ")
                assert said < 200_000, "it was never closed"
            last = slow.hears_to_the_end()[-1]
            assert last == "ERROR :Closing link: more waits to be read by you than may be kept"
            for person in (anna, bert, carl) if echoes else (bert, carl):
                person.waits_for(f" :{said - 1} ")
                got = [line.partition(f" PRIVMSG {ROOM} :")[2].split()[0] for line in person.lines if WORDS in line]
                assert got == [str(number) for number in range(said)]
                quits = [line for line in person.lines if " QUIT " in line]
                assert len(quits) == 1
                assert quits[0].endswith(" QUIT :Send queue exceeded")
            for person in (anna, bert, carl):
                person.waits_for(" PONG ", "PING 1")
