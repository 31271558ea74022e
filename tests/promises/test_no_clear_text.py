"""Promise 2: what people say stands nowhere in the data folder, in no form that a search would find.

A real server keeps talk of every kind; then every byte of every file is searched, while it runs and after its end.

Source: DESIGN.md 3, "Sealing, in short"; SECURITY.md, "What is kept, and for how long".
"""

import re
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import Final

from tests.client import Client
from tests.promises.servers import CONFIG, Server

HISTORY: Final = '\n[history]\nstore_tagmsg = ["+draft/persist"]\n'

SAID: Final = {
    "message": "zirkonblende",
    "notice": "quittenholz",
    "private": "feldspatrand",
    "several lines": "ammonitenkern",
    "topic of a room that is not registered": "basaltwolke",
    "away": "glimmerstaub",
    "part": "kreidemantel",
    "quit": "tuffsteinmeer",
    "kick": "gneisbalken",
    "set name": "opalschleier",
    "tag": "jaspisfaden",
    "taken back": "lavendelerz",
    "after a crash": "marmorsand",
}
"""What is said where; each word is in no dictionary and in no other text."""

IN_CLEAR: Final = {
    "name of a registered room": "serpentinhof",
    "its topic": "travertinbad",
    "name of an account": "achatfischer",
    "reason of a server ban": "porphyrturm",
}
"""What stands in clear by design: what a server needs to know at its start, before anybody has logged in."""


def forms(word: str) -> dict[str, bytes]:
    """Give the forms in which somebody who searches would find a word, whatever stands around it."""
    raw = word.encode()
    found = {
        "utf-8": raw,
        "upper": raw.upper(),
        "utf-16-le": word.encode("utf-16-le"),
        "utf-16-be": word.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "backwards": raw[::-1],
    }
    for shift in range(3):
        # What stands in front moves the groups of three bytes; the first and the last group may hold neighbours.
        padded = b"x" * shift + raw
        begins, whole = (1 if shift else 0), len(padded) // 3
        for name, encode in (("base64", b64encode), ("base64url", urlsafe_b64encode)):
            found[f"{name}+{shift}"] = encode(padded[: whole * 3])[begins * 4 :]
    return found


def found_in(data: Path, words: dict[str, str]) -> set[tuple[str, str, str]]:
    """Search every byte of every file below a folder; a file's name counts as its text."""
    hits = set()
    for path in sorted(data.rglob("*")):
        if path.is_socket():
            continue
        raw = str(path.relative_to(data)).encode() + b"\0" + (path.read_bytes() if path.is_file() else b"")
        for what, word in words.items():
            hits |= {(path.name, what, form) for form, needle in forms(word).items() if needle in raw}
    return hits


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """In each of its forms, at any place: or finding nothing would prove nothing."""
    word = "zirkonblende"
    for shift in range(7):
        text = "#" * shift + word + "#" * 5
        for encoded in (
            text.encode(),
            text.encode("utf-16-le"),
            text.encode().hex().encode(),
            b64encode(text.encode()),
        ):
            (tmp_path / "file").write_bytes(b"\xff\x00" + encoded + b"\x01")
            assert found_in(tmp_path, {"it": word}), (shift, encoded)


def test_nothing_that_is_said_stands_in_the_data_folder(tmp_path: Path) -> None:
    """Rooms, private messages, reasons and names that are not registered: sealed, each of them, at every moment."""
    data = tmp_path / "data"
    server = Server(tmp_path / "server", CONFIG + HISTORY, data=data)
    port = server.port()
    with Client(port).enter(
        "host", ["draft/multiline", "batch", "message-tags", "echo-message", "draft/message-redaction"]
    ) as host:
        with Client(port).enter("guest", ["message-tags"]) as guest:
            host.ask("JOIN #passing", f"TOPIC #passing :{SAID['topic of a room that is not registered']}")
            guest.ask("JOIN #passing")
            host.ask(f"PRIVMSG #passing :{SAID['message']}", f"NOTICE #passing :{SAID['notice']}")
            host.ask(f"PRIVMSG guest :{SAID['private']}", f"AWAY :{SAID['away']}")
            host.ask("BATCH +1 draft/multiline #passing")
            host.ask(
                f"@batch=1 PRIVMSG #passing :{SAID['several lines']}", "@batch=1 PRIVMSG #passing :more", "BATCH -1"
            )
            host.ask(f"@+draft/persist={SAID['tag']} TAGMSG #passing")
            echoed = host.ask(f"PRIVMSG #passing :{SAID['taken back']}")
            host.ask(f"REDACT #passing {echoed[0].tags['msgid']}")
            guest.ask(f"PART #passing :{SAID['part']}", f"SETNAME :{SAID['set name']}", "JOIN #passing")
            host.ask(f"KICK #passing guest :{SAID['kick']}")
            guest.send(f"QUIT :{SAID['quit']}")
            guest.until_closed()
        host.ask(f"NICK {IN_CLEAR['name of an account']}", "REGISTER * * spessartin-passphrase")
        host.ask(
            f"JOIN #{IN_CLEAR['name of a registered room']}", f"ROOM REGISTER #{IN_CLEAR['name of a registered room']}"
        )
        host.ask(f"TOPIC #{IN_CLEAR['name of a registered room']} :{IN_CLEAR['its topic']}")
        host.ask(f"PRIVMSG #{IN_CLEAR['name of a registered room']} :{SAID['message']}")
        assert found_in(data, SAID) == set()
        host.ask(f"PRIVMSG #passing :{SAID['after a crash']}")
        server.kill()
    assert found_in(data, SAID) == set()
    again = Server(tmp_path / "server", CONFIG + HISTORY, data=data)
    again.port()
    assert again.terminate() == 0
    assert found_in(data, SAID) == set()
    # Neither does a password, an address in clear, or a word in the log of the program.
    assert found_in(data, {"password": "spessartin-passphrase"}) == set()
    log = again.complaints().encode()
    assert not [word for word in SAID.values() if word.encode() in log]
    # What stands in clear is exactly what is said to, in the database alone.
    clear = found_in(data, IN_CLEAR)
    assert {what for _, what, _ in clear} == set(IN_CLEAR) - {"reason of a server ban"}
    assert {re.sub("-(wal|shm)$", "", name) for name, _, _ in clear} == {"parvis.db"}
