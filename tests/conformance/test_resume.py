"""`parvis.chat/resume`: a guest is the same person again. Source: docs/protocol/resume.md."""

from pathlib import Path

import pytest
from tests.client import Client, Closed, commands, only
from tests.conformance.conftest import Connect, Enter
from tests.server import Server, serving

CAP = "parvis.chat/resume"


def with_token(client: Client, nick: str, *caps: str) -> str:
    """Enter, and give the token that is told after the welcome."""
    client.enter(nick, [CAP, *caps])
    return only(client.read, "RESUME")[0].params[1]


def comes_back(client: Client, token: str, nick: str) -> list[str]:
    """Register with a token, and give the commands of what is answered."""
    client.send("CAP REQ :" + CAP, f"NICK {nick}", "USER user 0 * :Real name", f"RESUME {token}", "CAP END")
    client.until("001")
    client.sync()
    return commands(client.read)


def test_a_token_comes_after_the_welcome_for_who_asked(connect: Connect) -> None:
    """43 characters of URL-safe base64, once; not for others. Source: docs/protocol/resume.md, "Getting a token"."""
    client = connect()
    token = with_token(client, "tokened")
    assert len(token) == 43
    assert only(client.read, "RESUME")[0].params == ["TOKEN", token]
    assert commands(client.read).index("RESUME") > commands(client.read).index("376")
    plain = connect().enter("tokenless")
    assert not only(plain.read, "RESUME")


def test_who_comes_back_takes_over_what_still_hangs(connect: Connect, enter: Enter, room: str) -> None:
    """The rooms see nothing, the old connection is told. Source: docs/protocol/resume.md, "Taking over"."""
    watcher = enter("watch", rooms=[room])
    ghost, back = connect(), connect()
    token = with_token(ghost, "ghostly")
    ghost.join(room)
    watcher.sync()
    said = comes_back(back, token, "ghostly")
    assert said[said.index("NOTE") :][:2] == ["NOTE", "001"]
    assert only(back.read, "NOTE")[0].params[:2] == ["RESUME", "ACCEPTED"]
    assert only(back.read, "JOIN")[0].params == [room]
    assert "353" in said
    assert "RESUME" not in said
    told = ghost.until_closed()
    assert commands(told) == ["NOTE", "ERROR"]
    assert told[0].params[:2] == ["RESUME", "TAKEN_OVER"]
    assert told[1].params == ["Closing link: another connection took your place with your resume token"]
    assert watcher.sync() == []
    back.send(f"PRIVMSG {room} :still me")
    assert watcher.next().nick == "ghostly"
    watcher.send("PRIVMSG ghostly :hello")
    assert back.until("PRIVMSG").params[-1] == "hello"


def test_who_comes_back_under_another_name_bears_the_one_they_have(connect: Connect) -> None:
    """001 says which; NICK changes it. Source: docs/protocol/resume.md, "Taking over"."""
    ghost, back = connect(), connect()
    token = with_token(ghost, "firstname")
    comes_back(back, token, "lastname")
    assert only(back.read, "001")[0].params[0] == "firstname"
    assert only(back.ask("NICK lastname"), "NICK")


def test_an_operator_is_none_after_taking_over(connect: Connect) -> None:
    """A token proves a guest. Source: docs/protocol/resume.md, "Taking over"."""
    ghost, back = connect(), connect()
    token = with_token(ghost, "operating")
    ghost.send("OPER operuser operpassword")
    ghost.until("MODE")
    comes_back(back, token, "operating")
    assert only(back.read, "MODE")[-1].params == ["operating", "-o"]
    assert back.one("KILL operating :why").command == "481"


def test_a_wrong_token_is_told_and_one_enters_as_a_newcomer(connect: Connect) -> None:
    """FAIL, then a welcome with a new token. Source: docs/protocol/resume.md, "Errors"."""
    client = connect()
    said = comes_back(client, "x" * 43, "wrongtoken")
    assert only(client.read, "FAIL")[0].params[:2] == ["RESUME", "INVALID_TOKEN"]
    assert "RESUME" in said
    for line in ("RESUME", "RESUME :"):
        other = connect()
        other.send(line)
        assert other.next().command == "461"


def test_after_entering_a_new_token_ends_the_old_one(connect: Connect) -> None:
    """One answer under its label; a token then is too late. Source: docs/protocol/resume.md, "Getting a token"."""
    client = connect()
    old = with_token(client, "renewing", "labeled-response", "batch")
    answer = client.one("@label=a RESUME")
    assert (answer.command, answer.params[0], answer.tags["label"]) == ("RESUME", "TOKEN", "a")
    assert answer.params[1] != old
    assert client.one(f"RESUME {old}").params[:2] == ["RESUME", "ALREADY_REGISTERED"]
    other = connect()
    comes_back(other, old, "renewing2")
    assert only(other.read, "FAIL")[0].params[:2] == ["RESUME", "INVALID_TOKEN"]
    back = connect()
    comes_back(back, answer.params[1], "renewing")
    assert only(back.read, "001")[0].params[0] == "renewing"


def test_a_client_that_knows_nothing_of_it_is_told_in_words(connect: Connect) -> None:
    """And shows its token as a password. Source: docs/protocol/resume.md, "Getting a token", "PASS"."""
    client = connect().enter("plainly")
    notice = client.one("RESUME")
    assert (notice.command, notice.params[0]) == ("NOTICE", "plainly")
    token = notice.params[1].split()[4]
    back = connect()
    back.send(f"PASS resume:{token}", "NICK plainly", "USER user 0 * :Real name")
    assert back.next().command == "NOTE"
    assert back.next().command == "001"
    assert commands(client.until_closed()) == ["ERROR"]


def test_token_and_password_of_the_server(tmp_path: Path) -> None:
    """Both in one PASS, or in two; neither stands for the other. Source: docs/protocol/resume.md, "PASS"."""
    with serving(tmp_path, password="resume:a", store="memory") as server:
        first = Client(server.port)
        first.send("PASS resume:a")
        token = with_token(first, "locked")
        for passes in ([f"PASS resume:{token}:resume:a"], [f"PASS resume:{token}", "PASS resume:a"]):
            with Client(server.port) as client:
                client.send(*passes, "NICK locked", "USER user 0 * :Real name")
                assert [client.next().command, client.next().params[0]] == ["NOTE", "locked"]
        for wrong in (f"PASS resume:{token}", f"PASS resume:{token}:b", f"PASS resume:{token}:"):
            with Client(server.port) as client:
                client.send(wrong, "NICK locked", "USER user 0 * :Real name")
                assert commands(client.until_closed()) == ["NOTE", "464", "ERROR"]
        first.close()


def restarted(folder: Path) -> Server:
    """Start the same server again."""
    return Server(folder, (folder / "parvis.toml").read_text(encoding="utf-8"))


def test_a_token_is_good_after_a_restart_and_stands_nowhere(tmp_path: Path) -> None:
    """Only its hash is kept. Source: docs/adr/0012-a-guest-proved-by-a-token.md."""
    with serving(tmp_path) as server, Client(server.port) as client:
        token = with_token(client, "lasting")
    data = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert token.encode() not in data
    assert token not in (tmp_path / "log").read_text(encoding="utf-8")
    again = restarted(tmp_path)
    with Client(again.port) as client:
        said = comes_back(client, token, "lasting")
        assert "FAIL" not in said
        assert "RESUME" not in said
        with pytest.raises(TimeoutError):
            client.next(0.05)
    assert again.stop() == 0


def test_no_other_may_use_the_name_of_a_guest_who_is_about_to_come_back(connect: Connect) -> None:
    """Of two with one token the second is it. Source: docs/protocol/resume.md, "Taking over"."""
    one, two, three = connect(), connect(), connect()
    token = with_token(one, "thrice")
    comes_back(two, token, "thrice")
    comes_back(three, token, "thrice")
    assert commands(one.until_closed())[-1] == "ERROR"
    assert commands(two.until_closed())[-1] == "ERROR"
    with pytest.raises(Closed):
        two.next()
    assert three.sync() == []
