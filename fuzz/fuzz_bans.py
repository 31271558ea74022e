"""Whatever stands on a list of a room, it has one form, and anybody can be compared with it."""

from mutation import run
from parvis.irc.bans import Entries, entry, is_same
from parvis.irc.modes import parse_room_modes, write_modes

CORPUS = [
    b"+bbe nick!user@host a:bob m:*!*@*.guest",
    b"b ~account:Bob ~mute:a:* m:m:x a:: a:",
    b"+beIkl-ov ****??** 2001:db8::1 @ key 5 n",
    b"+b *a*a*a*a*a*a*a*a*a*a*a*a*a*a*b!*@*",
    b"-b " + "\u00e9\u20ac:~".encode() * 20,
]
MASKS = ("Alice!~user@host.guest", "a!a@a", "", "a" * 200)


def target(data: bytes) -> None:
    words = [word for word in data.decode(errors="ignore").split(" ") if word]
    if not words:
        return
    changes = parse_room_modes(words)
    assert len(changes) <= len(words[0])
    write_modes(changes)
    entries = [each for each in map(entry, words[:20]) if each is not None]
    for each in entries:
        assert entry(each) == each
        assert is_same(each, each)
        assert " " not in each
        assert each[0] != ":"
    listed = Entries(entries)
    for mask in MASKS:
        for account in ("", "bob", words[-1]):
            assert listed.name_speaker(mask, account) or not listed.name(mask, account)


if __name__ == "__main__":
    run("bans", CORPUS, target)
