"""Pace, queues, numbers of connections, time-outs.

Source: docs/handbook/operator.md, "[limits]"; RFC 1459, section 8.10.
"""

import time
from pathlib import Path

from tests.client import PATIENCE_S, Client, Closed, commands
from tests.server import serving

SLOW_ROUNDS_MAX = 2000
ROUND = 50


def test_who_sends_fast_is_answered_slowly_and_wholly(tmp_path: Path) -> None:
    """A burst at once, then so many a second, nothing lost and in order; nobody else waits. Source: `commands_*`."""
    with (
        serving(tmp_path, limits="commands_burst = 10\ncommands_per_second = 20", store="memory") as server,
        Client(server.port) as fast,
        Client(server.port) as calm,
    ):
        fast.enter("fast")
        calm.enter("calm")
        began = time.monotonic()
        fast.send(*[f"PING {number}" for number in range(40)])
        answers: list[str] = []
        while len(answers) < 40:
            answers.append(fast.next().params[-1])
            if len(answers) == 15:
                calm.send("PING calm")
                assert calm.next().params[-1] == "calm"
        assert answers == [str(number) for number in range(40)]
        # 40 lines, 10 of them at once and 20 more in each second.
        assert time.monotonic() - began > 1.2


def test_who_sends_more_than_may_wait_is_told_and_closed(tmp_path: Path) -> None:
    """The rooms read why. Source: `read_queue_bytes`; modern IRC, "ERROR"."""
    limits = "commands_burst = 10\ncommands_per_second = 5\nread_queue_bytes = 8192"
    with (
        serving(tmp_path, limits=limits, store="memory") as server,
        Client(server.port) as witness,
        Client(server.port) as flooding,
    ):
        witness.enter("witness").join("#square")
        flooding.enter("flooding").join("#square")
        flooding.send(*["PING " + "x" * 100] * 200)
        last = flooding.until_closed()[-1]
        assert (last.command, last.params) == (
            "ERROR",
            ["You sent too much faster than may be handled: connection closed"],
        )
        assert witness.until("QUIT").params == ["Excess flood"]


def test_an_address_has_a_number_of_connections(tmp_path: Path) -> None:
    """One more is told and closed; when one has gone another may come. Source: `connections_per_address`."""
    with serving(tmp_path, limits="connections_per_address = 3", store="memory") as server:
        clients = [Client(server.port).enter(f"one{number}") for number in range(3)]
        with Client(server.port) as fourth:
            assert [message.params for message in fourth.until_closed()] == [
                ["Your address has 3 connections, which is the most. Close one first."]
            ]
        clients[0].send("QUIT")
        clients[0].until_closed()
        assert entered_in_time(server.port)
        for client in clients:
            client.close()


def entered_in_time(port: int) -> bool:
    """Tell whether somebody gets in before patience ends: the server learns of a closed connection when it does."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with Client(port) as client:
            client.send("NICK next", "USER user 0 * :Real name")
            try:
                return client.next().command == "001"
            except (Closed, ConnectionError):
                time.sleep(0.05)
    return False


def test_an_address_connects_so_often_in_a_minute(tmp_path: Path) -> None:
    """Even if it hangs up in between. Source: `new_connections_per_minute`."""
    with serving(tmp_path, limits="new_connections_per_minute = 3", store="memory") as server:
        for _ in range(3):
            with Client(server.port) as client:
                client.send("QUIT")
                assert commands(client.until_closed()) == ["ERROR"]
        with Client(server.port) as client:
            assert [message.params for message in client.until_closed()] == [
                ["Your address has connected too often in a minute. Wait a minute and try again."]
            ]


def test_silence_has_an_end(tmp_path: Path) -> None:
    """Before registration and after it; who answers PING stays. Source: modern IRC, "PING"."""
    limits = "registration_timeout_s = 1\nping_interval_s = 1\nping_timeout_s = 1"
    with (
        serving(tmp_path, limits=limits, store="memory") as server,
        Client(server.port) as unnamed,
        Client(server.port) as silent,
        Client(server.port) as awake,
    ):
        silent.enter("silent")
        awake.enter("awake").join("#square")
        silent.join("#square")
        unnamed.send("NICK unnamed")
        told = awake.until("QUIT")
        assert told.nick == "silent"
        assert told.params[0].startswith("Ping timeout: ")
        silent.answers_ping = False
        assert commands(silent.until_closed())[-2:] == ["PING", "ERROR"]
        assert [message.params for message in unnamed.until_closed()] == [
            ["Closing link: you did not say who you are in time"]
        ]
        awake.send("PING still")
        assert awake.until("PONG").params[-1] == "still"


def test_a_reader_too_slow_is_closed_and_the_others_get_everything(tmp_path: Path) -> None:
    """In order, each line once; the rooms read why it went. Source: `send_queue_bytes`."""
    limits = "exempt_loopback = true\nsend_queue_bytes = 16384"
    with serving(tmp_path, limits=limits, store="memory") as server:
        slow = Client(server.port, receive_buffer=4096).enter("slow").join("#square")
        reader = Client(server.port).enter("reader").join("#square")
        speaker = Client(server.port).enter("speaker").join("#square")
        heard: list[str] = []
        quits: list[list[str]] = []
        said = 0
        for _ in range(SLOW_ROUNDS_MAX):
            speaker.send(*[f"PRIVMSG #square :{said + number} {'x' * 400}" for number in range(ROUND)])
            said += ROUND
            while len(heard) < said:
                message = reader.next()
                if message.command == "PRIVMSG":
                    heard.append(message.params[1].split(" ")[0])
                elif message.command == "QUIT":
                    quits.append([message.nick, *message.params])
            if quits:
                break
        assert quits == [["slow", "Send queue exceeded"]]
        assert heard == [str(number) for number in range(said)]
        for client in (slow, reader, speaker):
            client.close()
