"""A reload tells everybody which capabilities came or went. Source: IRCv3 capability-negotiation, "cap-notify"; sts."""

import pytest
from msgspec.structs import replace
from tests.promises.harness import OPERATOR_PASSWORD, Square

from parvis.chat import offers
from parvis.chat.settings import Settings
from parvis.irc import capabilities as c
from parvis.irc.capabilities import TEXT_FRAMES


def reloads(square: Square, monkeypatch: pytest.MonkeyPatch, *gone: str, **settings: object) -> None:
    """Reload with other settings, under which some capabilities are not offered."""
    before = offers.offered

    def offered(given: Settings, *, is_secure: bool) -> c.Offer:
        offer = before(given, is_secure=is_secure)
        return {name: value for name, value in offer.items() if name not in gone}

    with monkeypatch.context() as patched:
        patched.setattr("parvis.chat.service.offered", offered)
        values = {name: getattr(square.chat.settings, name) for name in square.chat.settings.__struct_fields__}
        square.doors.reconfigure(Settings(**{**values, **settings}))
    square.end_turn()


def test_what_is_no_longer_offered_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """With CAP DEL for who has cap-notify; lines have the old bytes before it and the new ones after it."""
    square = Square()
    speaker = square.enters("speaker", rooms=["#a"])
    reader = square.connects()
    reader.says("CAP LS 302", "CAP REQ :message-tags server-time", "CAP END", "NICK reader", "USER u 0 * :r", "JOIN #a")
    plain = square.enters("plain", "message-tags", rooms=["#a"])
    stranger = square.connects()
    stranger.says("CAP REQ :message-tags")
    square.end_turn()
    for client in (speaker, reader, plain, stranger):
        client.hears()
    speaker.says("PRIVMSG #a :before")
    reloads(square, monkeypatch, "message-tags")
    speaker.says("PRIVMSG #a :after")
    square.end_turn()
    before, told, after = reader.hears()
    assert "msgid=" in before
    assert told.endswith(" :square.test CAP reader DEL :message-tags")
    assert "msgid=" not in after
    assert after.startswith("@time=")
    before, after = plain.hears()
    assert ("msgid=" in before, "msgid=" in after) == (True, False)
    assert stranger.hears() == []
    assert not stranger.capabilities
    reloads(square, monkeypatch)
    assert [line.partition(" CAP ")[2] for line in reader.hears()] == ["reader NEW :message-tags"]
    assert plain.hears() == []


def test_a_changed_value_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its value for who asked for 302, without for who asked for cap-notify. Source: "The CAP NEW subcommand"."""
    square = Square()
    modern = square.connects()
    modern.says("CAP LS 302", "CAP END", "NICK modern", "USER u 0 * :r")
    asked = square.enters("asked", "cap-notify")
    square.end_turn()
    modern.hears()
    reloads(square, monkeypatch, multiline_lines=7)
    assert modern.hears() == [":square.test CAP modern NEW :draft/multiline=max-bytes=4096,max-lines=7"]
    assert asked.hears() == [":square.test CAP asked NEW :draft/multiline"]
    reloads(square, monkeypatch)
    assert modern.hears() == []


def test_sts_is_told_and_never_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port without TLS, a duration with it; nothing over WebSocket; NAK for who asks. Source: IRCv3 sts."""
    square = Square()
    plain, secure, web = square.connects(), square.connects(), square.connects()
    secure.is_secure = True
    web.transport_kind = web.signature = TEXT_FRAMES
    for client in (plain, secure, web):
        client.says("CAP LS 302")
        assert b" sts" not in client.writes[-1][1]
    for client in (plain, secure):
        client.hears()
    reloads(square, monkeypatch, sts_port=6697, sts_duration_s=86400, sts_preload=True)
    assert plain.hears() == [":square.test CAP * NEW :sts=port=6697"]
    assert secure.hears() == [":square.test CAP * NEW :sts=duration=86400,preload"]
    assert web.writes == web.writes[:1]
    plain.says("CAP REQ :sts", "CAP LS")
    nak, listed = plain.hears()
    assert nak == ":square.test CAP * NAK :sts"
    assert "sts" not in listed
    reloads(square, monkeypatch, sts_port=0)
    assert plain.hears() == secure.hears() == []


def test_what_the_server_can_do_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens that are new, changed or gone, to who has entered. Source: modern IRC, "RPL_ISUPPORT"; network-icon."""
    square = Square()
    old, new = square.enters("old"), square.enters("new", "batch", "draft/extended-isupport")
    stranger = square.connects()
    icon = "https://chat.example/icon.svg"
    reloads(square, monkeypatch, client_tags_denied=("*", "-typing"), icon=icon, rooms_per_session=7)
    tokens = f"CHANLIMIT=#:7 CLIENTTAGDENY=*,-typing draft/ICON={icon}"
    assert old.hears() == [f":square.test 005 old {tokens} :are supported by this server"]
    opening, line, end = new.hears()
    reference = opening.split(" ")[2][1:]
    assert opening == f":square.test BATCH +{reference} draft/isupport"
    assert line == f"@batch={reference} :square.test 005 new {tokens} :are supported by this server"
    assert end == f":square.test BATCH -{reference}"
    assert stranger.hears() == []
    reloads(square, monkeypatch, client_tags_denied=(), icon="")
    assert old.hears() == [":square.test 005 old -CLIENTTAGDENY -draft/ICON :are supported by this server"]


def test_history_that_is_switched_off_is_offered_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taking back and markers stay. Source: docs/handbook/operator.md, `history.enabled`."""
    square = Square()
    reader = square.enters("reader", "cap-notify", "batch", "draft/chathistory", "draft/event-playback")
    reloads(square, monkeypatch, history_enabled=False)
    told = reader.hears()
    assert told[0] == ":square.test CAP reader DEL :draft/chathistory draft/event-playback"
    assert " -CHATHISTORY -MSGREFTYPES " in told[1]
    reader.says("CHATHISTORY LATEST #a * 9")
    square.end_turn()
    assert reader.hears()[0].split()[1] == "421"
    reloads(square, monkeypatch, history_enabled=True)
    assert reader.hears()[0] == ":square.test CAP reader NEW :draft/chathistory draft/event-playback"


def test_the_operator_who_has_it_read_again_is_answered() -> None:
    """Under the label, whomever the reload told of changes. Source: IRCv3 labeled-response; modern IRC, "REHASH"."""
    square = Square()
    chief, other = square.enters("chief", "batch", "labeled-response"), square.enters("other", "cap-notify")
    chief.says(f"OPER op {OPERATOR_PASSWORD}")
    square.go_on(1.0)
    chief.hears()

    def reload() -> bool:
        square.doors.reconfigure(replace(square.chat.settings, multiline_lines=7))
        return True

    square.chat.outside = replace(square.chat.outside, reload=reload)
    chief.says("@label=r REHASH")
    square.end_turn()
    assert chief.hears()[-1] == "@label=r :square.test 382 chief parvis.toml :The configuration was read again"
    assert other.hears() == [":square.test CAP other NEW :draft/multiline"]
