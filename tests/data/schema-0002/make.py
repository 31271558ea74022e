"""Make the data folders beside this file with the program of schema 0002 (commit b36e2a0), as README.md says.

Run from a worktree of that commit: PYTHONPATH=src:. python .../tests/data/schema-0002/make.py
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.client import Client
from tests.promises.servers import CONFIG, Server

KEPT = ("parvis.db", "parvis.db-wal", "keys.json")
HERE = Path(__file__).parent


def keep(data: Path, name: str) -> None:
    """Copy what counts of a data folder."""
    target = HERE / name
    target.mkdir(exist_ok=True)
    for file in KEPT:
        if (data / file).exists():
            shutil.copyfile(data / file, target / file)


def talk(port: int, spell: str) -> list[Client]:
    """Have two people and a guest talk, in rooms and in private."""
    alice, bob, guest = (Client(port).enter(nick) for nick in ("alice", "bob", f"guest{spell}"))
    if spell == "one":
        alice.ask("REGISTER * * alice-passphrase")
        bob.ask("REGISTER * * bob-passphrase")
    everybody = [alice, bob, guest]
    for client in everybody:
        client.ask("JOIN #nave")
    if spell == "one":
        alice.ask("ROOM REGISTER #nave", "TOPIC #nave :what the nave is for", "MODE #nave +H 1d")
    for number in range(10):
        alice.ask(f"PRIVMSG #nave :room words {spell} {number}")
        bob.ask(f"NOTICE #nave :room notice {spell} {number}")
        alice.ask(f"PRIVMSG bob :private words {spell} {number}")
    guest.ask("PRIVMSG alice :one side alone", "JOIN #passing", f"PRIVMSG #passing :passing words {spell}")
    return everybody


def main() -> int:
    """Serve twice over one folder: stopped in order, then killed."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        first = Server(Path(folder) / "server", CONFIG, data=data)
        people = talk(first.port(), "one")
        for person in people:
            person.close()
        assert first.terminate() == 0
        keep(data, "stopped")
        second = Server(Path(folder) / "server", CONFIG, data=data)
        port = second.port()
        alice, bob = Client(port), Client(port)
        for client, nick in ((alice, "alicia"), (bob, "bobby")):
            client.enter(nick)
            client.ask("JOIN #nave")
        alice.ask("PRIVMSG #nave :said before the crash", "PRIVMSG bobby :private before the crash")
        second.kill()
        keep(data, "killed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
