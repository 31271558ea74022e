"""NAMES loses nobody, however long the names are. Source: modern IRC, "RPL_NAMREPLY"; RFC 1459, section 2.3."""

import pytest
from tests.promises.harness import Square

from parvis.irc.limits import BODY_BYTES_MAX

SERVER = f"{'s' * 50}.example.org"
ROOM = "#" + "r" * 63


@pytest.mark.parametrize("capabilities", [(), ("multi-prefix",)])
@pytest.mark.parametrize("bytes_less", range(4))
def test_everybody_is_named_and_no_line_is_too_long(capabilities: tuple[str, ...], bytes_less: int) -> None:
    """Long server, room and pseudonyms, in letters of several bytes; at every way the last name of a line may end."""
    square = Square(server=SERVER)
    nicks = [f"é{number:02}{'ü' * (14 - number % 3)}" for number in range(60)]
    for nick in nicks:
        square.enters(nick, rooms=[ROOM])
    reader = square.enters("R" + "e" * (31 - bytes_less), *capabilities, rooms=[ROOM])
    reader.says(f"NAMES {ROOM}")
    square.end_turn()
    lines = reader.hears()
    assert lines[-1].split()[1] == "366"
    assert all(len(line.encode()) <= BODY_BYTES_MAX - 2 for line in lines)
    assert len(lines) > 5
    told = [name.lstrip("@+") for line in lines[:-1] for name in line.rpartition(" :")[2].split(" ")]
    assert sorted(told) == sorted([*nicks, reader.nick])
