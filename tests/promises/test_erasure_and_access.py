"""What people are given of what is kept about them, and that it goes when they say so; with a hold as without.

Source: GDPR, articles 15, 17 and 20; DESIGN, promises 4 and 5; docs/adr/0026-holds-access-and-erasure.md.
"""

import asyncio
import io
import json
import os
import zipfile
from html.parser import HTMLParser

import pytest
from tests.promises.harness import NOON_MS, HeardClient, Square
from tests.rights import WINDOW_MS

from parvis.app.about import about
from parvis.app.export_links import LINK_MS, LINKS_A_DAY, ExportLinks
from parvis.app.rights import WAITING_MAX, ExportDesk
from parvis.archive.record import parse_header
from parvis.archive.terms import DAY_MS, YEAR_MS
from parvis.irc.casemapping import fold
from parvis.legal.holds import Ground, Hold
from parvis.model.accounts import Account
from parvis.model.ids import IdentityId
from parvis.model.records import RecordKind
from parvis.moderation.exports import LINES_MAX, make_export
from parvis.ports.rights import TooBusy
from parvis.ports.sealed import Wanted

ROOM = "#nave"
CAPS = ("batch", "message-tags", "server-time", "draft/chathistory", "draft/message-redaction", "echo-message")
PASSWORD = "sesame-42"


def claims(square: Square, nick: str) -> HeardClient:
    """Let somebody come into the room and claim their pseudonym."""
    client = square.enters(nick, *CAPS)
    client.says("REGISTER * * " + PASSWORD)
    square.go_on(1.0)
    client.says(f"JOIN {ROOM}")
    square.end_turn()
    client.hears()
    return client


def asks(square: Square, client: HeardClient, *lines: str) -> list[str]:
    """Give the answers to some lines, once what had to be waited for is done."""
    square.end_turn()
    client.hears()
    client.says(*lines)
    square.go_on(0.2)
    return client.hears()


def account_of(square: Square, name: str) -> Account:
    """Find an account."""
    return square.chat.world.account_names[fold(name)]


def a_hold(square: Square, *accounts: IdentityId, days: int = 300) -> Hold:
    """Place a hold on what some wrote, and their vault."""
    now_ms = square.clock.now_ms()
    hold = Hold(
        id=b"",
        accounts=accounts,
        vault=True,
        from_ms=0,
        until_ms=now_ms + days * DAY_MS,
        ground=Ground.JUDICIAL,
        reference="2026/1",
        placed_ms=now_ms,
        ends_ms=now_ms + days * DAY_MS,
    )
    return square.duties.holds.place(hold, "operator")


def export_of(square: Square, name: str, language: str = "en", *, words: bool = True) -> bytes:
    """Make the file of an account."""
    told = about(square.chat, account_of(square, name))
    return make_export(told, square.duties.sealed, square.duties.keys, square.clock.now_ms(), language, words=words)


def opened(file: bytes) -> tuple[dict[str, object], str]:
    """Give what is in a file: the JSON, and the page."""
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        assert archive.namelist() == ["export.json", "index.html"]
        return json.loads(archive.read("export.json")), archive.read("index.html").decode()


def test_the_page_of_an_export_reads_as_people_read() -> None:
    """A message is its place and its words, several lines stay several, and times have no letters in them."""
    square = Square()
    ada = claims(square, "ada")
    asks(square, ada, f"PRIVMSG {ROOM} :one < two")
    told, page = opened(export_of(square, "ada"))
    assert f"<td dir='auto'>{ROOM} · one &lt; two</td>" in page
    assert "PRIVMSG" not in page
    assert f"{str(told['made']).replace('T', ' ').removesuffix('Z')} UTC" in page
    assert "white-space:pre-line" in page


def written_by(square: Square, identity: IdentityId) -> list[RecordKind]:
    """Give the kinds of the records of somebody whose bodies are there."""
    rows = square.duties.sealed.rows(Wanted(author=identity))
    return [parse_header(row.header).kind for row in rows if row.header is not None]


def test_a_member_erases_what_they_wrote() -> None:
    """The account ends at once, nobody fetches its words from then on, and they go when no report can follow."""
    square = Square()
    ada, ben = claims(square, "ada"), claims(square, "ben")
    identity = account_of(square, "ada").id
    ada.says(f"PRIVMSG {ROOM} :to be forgotten")
    ben.says(f"PRIVMSG {ROOM} :to be kept")
    before = asks(square, ben, f"CHATHISTORY LATEST {ROOM} * 50")
    assert any("to be forgotten" in line for line in before)
    assert any("WRONG_PASSWORD" in line for line in asks(square, ada, "ACCOUNT ERASE wrong-password"))
    assert any("NEED_MORE_PARAMS" in line for line in asks(square, ada, "ACCOUNT ERASE"))
    answer = asks(square, ada, f"ACCOUNT ERASE {PASSWORD}")
    codes = [line.split(" NOTE ACCOUNT ")[1].split(" ")[0] for line in answer if " NOTE ACCOUNT " in line]
    assert codes == ["ERASED", "STILL_SEALED", "WORDS_GO", "STILL_KEPT"]
    assert "ada" not in square.chat.world.account_names
    after = asks(square, ben, f"CHATHISTORY LATEST {ROOM} * 50")
    assert not any("to be forgotten" in line for line in after)
    assert any("to be kept" in line for line in after)
    square.duties.run()
    assert RecordKind.MESSAGE in written_by(square, identity)
    later = Square(store=square.archive.store, began_s=WINDOW_MS / 1000 + 60)
    later.duties.run()
    assert written_by(later, identity) == []
    assert later.duties.erasures.waiting() == 0


def test_rooms_do_not_name_who_is_erased() -> None:
    """The topic and the bans of a room that lasts stay; that the erased set them does not."""
    square = Square()
    ada, ben = claims(square, "ada"), claims(square, "ben")
    asks(square, ada, f"ROOM REGISTER {ROOM}", f"ROOM HOST ADD {ROOM} ben", f"TOPIC {ROOM} :a topic")
    asks(square, ada, f"MODE {ROOM} +b eve!*@*")
    assert any(" 333 " in line and "ada!" in line for line in asks(square, ben, f"TOPIC {ROOM}"))
    asks(square, ada, f"ACCOUNT ERASE {PASSWORD}")
    (kept,) = [room for room in square.archive.store.rooms.values() if room.name == ROOM]
    assert kept.topic == "a topic"
    assert [entry.mask for entry in kept.lists] == ["eve!*@*"]
    assert {kept.topic_set_by, *(entry.set_by for entry in kept.lists)} == {"square.test"}


def test_words_taken_back_by_somebody_who_is_erased_stay_taken_back() -> None:
    """A host who took back somebody's words is erased; the words are not fetched again, before a restart or after."""
    square = Square()
    ada, ben = claims(square, "ada"), claims(square, "ben")
    ben.says(f"PRIVMSG {ROOM} :sensitive")
    (line,) = [each for each in asks(square, ben, f"CHATHISTORY LATEST {ROOM} * 50") if "sensitive" in each]
    message_id = line.split("msgid=")[1].split(";")[0].split(" ")[0]
    asks(square, ada, f"REDACT {ROOM} {message_id} :private")
    assert not any("sensitive" in each for each in asks(square, ben, f"CHATHISTORY LATEST {ROOM} * 50"))
    asked = square.duties.erasures.ask(account_of(square, "ada").id, square.clock.now_ms(), at_once=True)
    square.duties.run()
    assert written_by(square, IdentityId(asked.keep.id)) == [RecordKind.REDACTED]
    assert not any("sensitive" in each for each in asks(square, ben, f"CHATHISTORY LATEST {ROOM} * 50"))
    square.turn.write([], [], [asked.keep], lambda: None)
    square.end_turn()
    later = Square(store=square.archive.store, began_s=600.0)
    back = later.enters("ben", *CAPS, rooms=[ROOM], account=account_of(later, "ben"))
    fetched = asks(later, back, f"CHATHISTORY LATEST {ROOM} * 50")
    assert any("JOIN" in each or "BATCH" in each for each in fetched)
    assert not any("sensitive" in each for each in fetched)


def play(*, held: bool) -> list[list[bytes]]:
    """Play one evening and what came of it, with a hold on everybody or without; give every byte that anybody read."""
    square = Square()
    ada, ben = claims(square, "ada"), claims(square, "ben")
    identities = [account_of(square, name).id for name in ("ada", "ben")]
    ada.says(f"PRIVMSG {ROOM} :one", "PRIVMSG ben :between us", f"TOPIC {ROOM} :a topic")
    square.end_turn()
    if held:
        a_hold(square, *identities)
    asks(square, ada, "ACCOUNT", f"ACCOUNT EXPORT {PASSWORD}")
    asks(square, ben, f"CHATHISTORY LATEST {ROOM} * 50", "CHATHISTORY LATEST ada * 50")
    asks(square, ada, f"ACCOUNT ERASE {PASSWORD}")
    square.duties.run()
    asks(square, ben, f"CHATHISTORY LATEST {ROOM} * 50", "CHATHISTORY LATEST ada * 50", "WHOWAS ada", "LIST")
    asks(square, ada, "REGISTER ada * another-pass", "ACCOUNT", f"CHATHISTORY LATEST {ROOM} * 50")
    heard = [[data for _, data in client.writes] for client in (ada, ben)]
    for began_s in (600.0, WINDOW_MS / 1000 + 60):
        later = Square(store=square.archive.store, began_s=began_s)
        eve = later.enters("eve", *CAPS, rooms=[ROOM], account=later.chat.world.account_names.get("ben"))
        asks(later, eve, f"CHATHISTORY LATEST {ROOM} * 50", "CHATHISTORY TARGETS * * 50", "ACCOUNT", "LIST")
        later.duties.run()
        asks(later, eve, f"CHATHISTORY LATEST {ROOM} * 50", "CHATHISTORY LATEST ada * 50")
        heard.append([data for _, data in eve.writes])
    return heard


def test_nobody_reads_that_something_is_held() -> None:
    """Every byte that everybody reads is the same, over an erasure, restarts and the end of the window."""
    assert play(held=True) == play(held=False)


@pytest.mark.parametrize("days", [0, 3, 20, 299, 380, 500])
def test_an_export_is_byte_identical_with_and_without_a_hold(days: int) -> None:
    """Within the windows, after them, and when terms have ended that only the hold outlasts. Source: law.md, 8.1."""
    files = []
    for held in (False, True):
        square = Square()
        ada, ben = claims(square, "ada"), claims(square, "ben")
        identity = account_of(square, "ada").id
        ada.says(f"PRIVMSG {ROOM} :in the room", "PRIVMSG ben :between us", "SILENCE +eve")
        ben.says("PRIVMSG ada :what ben wrote")
        square.end_turn()
        later = Square(store=square.archive.store, began_s=200 * 86_400.0)
        later.duties.run()
        if held:
            a_hold(later, identity)
        last = Square(store=square.archive.store, began_s=(200 + days) * 86_400.0)
        last.duties.run()
        files.append(export_of(last, "ada"))
        if held and days == 299:
            assert len(written_by(last, identity)) > 0
    assert files[0] == files[1]


def test_an_export_holds_ones_own_and_nothing_of_others() -> None:
    """Own words, in rooms and in private, lists and rooms; what others wrote is theirs."""
    square = Square()
    ada, ben = claims(square, "ada"), claims(square, "ben")
    ada.says(f"PRIVMSG {ROOM} :in the room", "PRIVMSG ben :between us <b>&", "SILENCE +eve", f"ROOM REGISTER {ROOM}")
    ben.says("PRIVMSG ada :what ben wrote")
    square.end_turn()
    data, page = opened(export_of(square, "ada"))
    lines = data["lines"]
    assert isinstance(lines, list)
    said = {(line["where"], line["line"].rpartition(" :")[2]) for line in lines}
    assert {("room", "in the room"), ("private", "between us <b>&")} <= said
    assert data["account"] == "ada"
    assert data["silences"] == ["eve!*@*"]
    assert [room["name"] for room in data["rooms"]] == [ROOM]  # type: ignore[attr-defined]
    assert data["devices"] != []
    for text in (json.dumps(data), page):
        assert "what ben wrote" not in text
        assert PASSWORD not in text
        assert account_of(square, "ada").password not in text
    assert "between us &lt;b&gt;&amp;" in page
    assert "<b>" not in page.replace("<body>", "")


def test_what_the_server_cannot_read_any_more_is_named_by_its_time() -> None:
    """After the window: when and where, how to ask, and not a word."""
    square = Square()
    ada = claims(square, "ada")
    ada.says(f"PRIVMSG {ROOM} :in the room")
    square.end_turn()
    later = Square(store=square.archive.store, began_s=20 * 86_400.0)
    later.duties.run()
    data, page = opened(export_of(later, "ada", "fr"))
    assert data["lines"] == []
    assert {"at": "2027-01-15T08:00:01Z", "where": "room"} in data["sealed"]  # type: ignore[operator]
    assert "dépositaires" in page
    assert "in the room" not in json.dumps(data) + page
    gone = Square(store=square.archive.store, began_s=(YEAR_MS + 2 * DAY_MS) / 1000)
    gone.duties.run()
    data, _ = opened(export_of(gone, "ada"))
    assert data["sealed"] == []


def test_an_operators_file_is_without_the_words() -> None:
    """What somebody wrote is read by those it was written to; the times are told."""
    square = Square()
    ada = claims(square, "ada")
    ada.says(f"PRIVMSG {ROOM} :in the room")
    square.end_turn()
    data, page = opened(export_of(square, "ada", words=False))
    assert data["lines"] == []
    assert data["sealed"] != []
    assert "in the room" not in json.dumps(data) + page


def test_decisions_about_somebody_are_told_with_their_reasons_and_without_who_decided() -> None:
    """Those that run and those that are over; not those about others (promise 3)."""
    square = Square()
    claims(square, "ada")
    staff = square.enters("op", *CAPS)
    asks(square, staff, "OPER op correct")
    asks(square, staff, "UBAN ADD 1h account:ada :insults", "UBAN ADD 1h mask:benjamin!*@* :other matters")
    data, page = opened(export_of(square, "ada"))
    decisions = data["decisions"]
    assert isinstance(decisions, list)
    assert ["insults" in each["told"] for each in decisions] == [True]
    assert "other matters" not in page
    assert "op!" not in json.dumps(decisions)


class Tags(HTMLParser):
    """Gathers the elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_has_no_script_and_asks_nothing_of_anybody(language: str) -> None:
    """Whatever somebody wrote, it is text."""
    square = Square()
    ada = claims(square, "ada")
    ada.says(f"PRIVMSG {ROOM} :<script>alert(1)</script><img src=x onerror=y> \x02\x1b[2J' \" &lt;")
    square.end_turn()
    _, page = opened(export_of(square, "ada", language))
    assert Tags(page).tags <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "dl", "dt", "dd", "ul", "li", "p"),
        *("table", "tr", "td"),
    }
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert "default-src &#x27;none&#x27;" in page


def test_links_are_few_short_lived_and_good_once() -> None:
    """An hour, once, the newest of an account alone, and a few a day."""
    ada, ben = IdentityId(b"a" * 16), IdentityId(b"b" * 16)
    tokens = iter(range(1, 99))
    links = ExportLinks(b"secret", lambda size: next(tokens).to_bytes(size, "big"))
    first, second = links.make(ada, NOON_MS), links.make(ada, NOON_MS)
    other = links.make(ben, NOON_MS)
    assert first is not None
    assert second is not None
    assert other is not None
    assert links.take(first, NOON_MS) is None
    assert links.take("", NOON_MS) is None
    assert links.take(second, NOON_MS + LINK_MS - 1) == ada
    assert links.take(second, NOON_MS) is None
    assert links.take(other, NOON_MS + LINK_MS) is None
    made = [links.make(ada, NOON_MS) for _ in range(LINKS_A_DAY)]
    assert made.count(None) == 2
    assert links.make(ada, NOON_MS + DAY_MS) is not None
    held = "".join(map(repr, links.__dict__.values()))
    assert other not in held


def test_a_link_is_told_for_the_password_alone() -> None:
    """And not more often than a few times a day; a guest is told how to have an account."""
    square = Square()
    ada, guest = claims(square, "ada"), square.enters("eve")
    assert any("NOT_LOGGED_IN" in line for line in asks(square, guest, "ACCOUNT EXPORT x"))
    assert any("WRONG_PASSWORD" in line for line in asks(square, ada, "ACCOUNT EXPORT wrong-password"))
    for _ in range(LINKS_A_DAY):
        (line,) = [each for each in asks(square, ada, f"ACCOUNT EXPORT {PASSWORD}") if " EXPORT " in each]
        assert " /export/" in line
    assert any("TOO_MANY_EXPORTS" in line for line in asks(square, ada, f"ACCOUNT EXPORT {PASSWORD}"))


POPPERS = "\N{PARTY POPPER}" * 80


def test_the_bound_of_an_export_is_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever somebody writes in: what fits in memory does not depend on the script."""
    monkeypatch.setattr("parvis.moderation.exports.LINES_BYTES_MAX", 1200)
    square = Square()
    ada = claims(square, "ada")
    ada.says(f"PRIVMSG {ROOM} :{'🎉' * 80}", f"PRIVMSG {ROOM} :{'x' * 80}")
    for _ in range(8):
        ada.says(f"PRIVMSG {ROOM} :{'🎉' * 80}")
        square.end_turn()
    data, _ = opened(export_of(square, "ada"))
    assert sum(len(line["line"].encode()) for line in data["lines"]) <= 1200  # type: ignore[attr-defined, misc]
    assert data["lines_left_out"] > 5  # type: ignore[operator]


def test_an_export_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is counted."""
    assert LINES_MAX > 3
    monkeypatch.setattr("parvis.moderation.exports.LINES_MAX", 3)
    square = Square()
    ada = claims(square, "ada")
    ada.says(*(f"PRIVMSG {ROOM} :{number}" for number in range(9)))
    square.end_turn()
    data, page = opened(export_of(square, "ada"))
    assert len(data["lines"]) == 3  # type: ignore[arg-type]
    assert data["lines_left_out"] > 5  # type: ignore[operator]
    assert f"And {data['lines_left_out']} more" in page


def test_few_wait_for_their_files_at_a_time() -> None:
    """Whoever comes when others wait keeps the link."""
    square = Square()
    links = ExportLinks(bytes(32), os.urandom)
    desk = ExportDesk(square.chat, links, square.duties.sealed, square.archive.keys)
    now_ms = square.clock.now_ms()

    async def crowd() -> str:
        tokens = [links.make(IdentityId(bytes((number,)) * 16), now_ms) or "" for number in range(WAITING_MAX + 1)]
        async with desk._one:
            waiting = [asyncio.create_task(desk.fetch(token, "en")) for token in tokens[:-1]]
            await asyncio.sleep(0)
            with pytest.raises(TooBusy):
                await desk.fetch(tokens[-1], "en")
        assert await asyncio.gather(*waiting) == [None] * WAITING_MAX
        return tokens[-1]

    assert links.take(asyncio.run(crowd()), now_ms) is not None
