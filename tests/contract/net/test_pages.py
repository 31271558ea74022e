"""The entry page and what machines ask, over the application itself. Sources: DESIGN, "Addresses"; WCAG 2.2."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any, cast

import httpx
import pytest
from tests.contract.net.square import Square
from tests.rights import NoExports

from parvis.net.http import entry
from parvis.net.http.app import make_app
from parvis.net.http.language import choose
from parvis.ports.view import OpenRoom


def asked(square: Square, path: str, method: str = "GET", *, peer: str = "127.0.0.1", **headers: str) -> httpx.Response:
    """Ask the application without a server."""
    import asyncio

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(cast("Any", make_app(square, NoExports())), client=(peer, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://chat.example.org") as client:
            return await client.request(
                method, path, headers={name.replace("_", "-"): v for name, v in headers.items()}
            )

    return asyncio.run(ask())


class Words(HTMLParser):
    """Gathers the text of a page, what it loads, and that its elements close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


def test_the_page_says_what_is_open_and_how_to_come_in() -> None:
    """Rooms stand with their topics and people, the fullest first (issue 2, item 6)."""
    page = asked(Square(), "/", accept_language="fr")
    words = Words(page.text)
    text = " ".join("".join(words.text).split())
    assert words.open == []
    assert "ircs://chat.example.org:6697" in text
    assert "wss://chat.example.org/irc" in text
    assert "1 284 en ligne" in text
    assert re.findall(r"#[a-z-]+", text)[1:4] == ["#accueil", "#cinema", "#jardin"]
    assert "Premiers pas, questions, bonjour à tous" in text
    assert "1 personne " in text + " "
    assert "/join #accueil" in text


HOSTILE = "<script>alert(1)</script>\"'&<b onmouseover=x>"


def test_what_people_wrote_is_text_and_nothing_else() -> None:
    """Names and topics are escaped, and the marks of IRC clients are left out (OWASP, XSS prevention, rule 1)."""
    square = Square(network=HOSTILE, addresses=[f"irc://{HOSTILE}"])
    square.open_rooms = [OpenRoom("#" + HOSTILE, f"\x02\x0304,12{HOSTILE}\x0f\x04ff0000\x1b\u2028 fin", 2)]
    page = asked(square, "/").text
    words = Words(page)
    assert words.open == []
    assert "<script" not in page
    assert "<b on" not in page
    assert "".join(words.text).count(HOSTILE) == 6
    assert f"{HOSTILE} fin" in words.text
    assert not re.search("[\x00-\x09\x0b-\x1f]", page)


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    """The policy allows this very style sheet and no script, and the page needs no more (CSP level 3)."""
    page = asked(Square(), "/")
    policy = page.headers["content-security-policy"]
    style = re.search("<style>(.*)</style>", page.text, re.DOTALL)
    assert style
    assert f"style-src 'sha256-{b64encode(sha256(style[1].encode()).digest()).decode()}';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in page.text
    attributes = Words(page.text).attributes
    assert not [name for _, name, _ in attributes if name.startswith("on") or name in {"style", "src"}]
    linked = {value for _, name, value in attributes if name == "href"}
    assert {value for value in linked if not value.startswith(("/", "#", "data:image/svg+xml,"))} == set()
    assert "url(" not in entry.STYLE
    assert "@import" not in entry.STYLE


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/irc", "/nothing", "/?lang=%00"])
def test_every_answer_has_its_security_headers(path: str) -> None:
    """Source: OWASP Secure Headers Project."""
    headers = asked(Square(), path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["content-type"].count("charset") == 1
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers


LANGUAGES = [
    (None, "", "fr"),
    (None, "en", "en"),
    (None, "en-GB,en;q=0.9,fr;q=0.8", "en"),
    (None, "fr;q=0.8, en;q=0.9", "en"),
    (None, "de-DE,de;q=0.9", "fr"),
    (None, "en;q=0, de", "fr"),
    (None, "fr, en", "fr"),
    (None, "EN-us", "en"),
    (None, "en;q=nan", "fr"),
    (None, "en;q=2", "fr"),
    (None, ";;,=,q=", "fr"),
    ("en", "fr", "en"),
    ("fr", "en", "fr"),
    ("de", "en", "en"),
    ("", "en", "en"),
]


@pytest.mark.parametrize(("chosen", "header", "language"), LANGUAGES)
def test_the_language_is_chosen_as_asked(chosen: str | None, header: str, language: str) -> None:
    """The switch decides, then the browser, then the first we speak (RFC 9110, section 12.5.4)."""
    assert choose(chosen, header, entry.LANGUAGES) == language


@pytest.mark.parametrize(("language", "other", "words"), [("fr", "en", "Salons ouverts"), ("en", "fr", "Open rooms")])
def test_the_page_names_its_language_and_offers_the_other(language: str, other: str, words: str) -> None:
    """Source: WCAG 2.2, 3.1.1 and 3.1.2; RFC 9110, sections 8.5 and 12.5.5."""
    page = asked(Square(), f"/?lang={language}")
    assert page.headers["content-language"] == language
    assert page.headers["vary"] == "Accept-Language"
    assert f'<html lang="{language}">' in page.text
    assert f'href="/?lang={other}"' in page.text
    assert words in page.text


def test_a_square_without_rooms_or_addresses_has_a_page_too() -> None:
    """Nothing to show is said, and nothing is shown empty."""
    page = asked(Square(addresses=(), open_rooms=[], people=0), "/?lang=en").text
    assert Words(page).open == []
    assert "No room is open at the moment" in page
    assert '<div class="card connect">' not in page


def test_the_page_is_bounded() -> None:
    """However many rooms and however long their topics, the page ends; LIST gives the rest."""
    square = Square(open_rooms=[OpenRoom(f"#room-{n}", "x" * 10_000, n) for n in range(5000)])
    page = asked(square, "/?lang=en").text
    assert page.count("<li>") == entry.ROOMS_MAX
    assert "And 4,940 more" in page
    assert len(page) < 60_000


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(scheme: int) -> None:
    """4.5:1 for text, 3:1 for icons and focus (WCAG 2.2, 1.4.3, 1.4.11 and 2.4.7), in both schemes."""
    block = entry.STYLE.split(":root {")[1 + scheme].split("}")[0]
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", block))
    for front, behind, least in [
        ("ink", "bg", 4.5),
        ("ink", "surface", 4.5),
        ("ink", "raised", 4.5),
        ("ink", "tile", 4.5),
        ("ink-2", "bg", 4.5),
        ("ink-2", "surface", 4.5),
        ("ink-2", "tile", 4.5),
        ("ok", "ok-soft", 4.5),
        ("accent", "bg", 3),
        ("focus", "bg", 3),
        ("focus", "surface", 3),
    ]:
        lights = sorted((_luminance(colours[front]), _luminance(colours[behind])))
        assert (lights[1] + 0.05) / (lights[0] + 0.05) >= least, (front, behind)


def test_health_is_about_the_process_and_readiness_about_the_archive() -> None:
    """A full disk makes a server not ready; restarting it would not help (DESIGN, "Addresses")."""
    square = Square(why_not_ready="the archive cannot seal")
    assert asked(square, "/healthz").status_code == 200
    refused = asked(square, "/readyz")
    assert (refused.status_code, refused.text) == (503, "not ready: the archive cannot seal\n")
    square.why_not_ready = None
    assert asked(square, "/readyz").status_code == 200
    assert asked(square, "/readyz", "HEAD").status_code == 200


def test_numbers_are_given_as_prometheus_reads_them() -> None:
    """Source: Prometheus text exposition format."""
    from prometheus_client.parser import text_string_to_metric_families

    page = asked(Square(), "/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(page.text)}
    assert families["parvis_people"].type == "gauge"
    assert families["parvis_messages_sealed"].type == "counter"
    assert families["parvis_messages_sealed"].samples[0].value == 7
    assert "process_resident_memory_bytes" in families


@pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::7", "10.0.0.1", ""])
def test_numbers_are_for_this_machine_alone(peer: str) -> None:
    """How many come and go, and when, is nobody else's (docs/handbook/operator.md, "Numbers")."""
    refused = asked(Square(), "/metrics", peer=peer)
    assert refused.status_code == 403
    assert "parvis_" not in refused.text
    assert asked(Square(), "/metrics", peer="::1").status_code == 200
    assert asked(Square(), "/healthz", peer=peer).status_code == 200


def test_what_is_not_here_is_said_plainly() -> None:
    """Source: RFC 9110, sections 15.5.5, 15.5.6 and 15.5.22."""
    assert asked(Square(), "/nothing").status_code == 404
    refused = asked(Square(), "/", "POST")
    assert refused.status_code == 405
    assert set(refused.headers["allow"].replace(" ", "").split(",")) >= {"GET", "HEAD"}
    upgrade = asked(Square(), "/irc")
    assert (upgrade.status_code, upgrade.headers["upgrade"]) == (426, "websocket")


def test_a_page_that_fails_tells_its_reader_and_not_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    """The cause goes to the log (STYLE, "Faults and messages")."""

    class Broken(Square):
        def rooms(self) -> list[OpenRoom]:
            raise RuntimeError("of the server only")

    page = asked(Broken(), "/")
    assert page.status_code == 500
    assert "of the server only" not in page.text
    assert "of the server only" in "".join(capsys.readouterr())


@pytest.mark.parametrize("spoken", ["fr", "en"])
def test_the_privacy_page_is_a_page_like_the_first(spoken: str) -> None:
    """Same policy, both languages, linked from the first page; whoever runs the server is named."""
    page = asked(Square(), "/privacy", accept_language=spoken)
    first = asked(Square(), "/", accept_language=spoken)
    assert page.status_code == 200
    assert page.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert page.headers["content-language"] == spoken
    assert f'href="/privacy?lang={spoken}"' in first.text
    words = Words(page.text)
    assert words.open == []
    assert "https://example.org/contact" in "".join(words.text)
    assert {value for tag, name, value in words.attributes if name == "hreflang"} == ({"fr", "en"} - {spoken})
    assert not [tag for tag, name, _ in words.attributes if name in {"src", "onclick"} or tag == "script"]


def test_whoever_runs_the_server_is_text_on_the_privacy_page() -> None:
    """Escaped; without a word of them it is said so. Source: OWASP, XSS prevention, rule 1."""
    assert HOSTILE not in asked(Square(contact=HOSTILE, network=HOSTILE), "/privacy").text
    page = asked(Square(contact=""), "/privacy", accept_language="en").text
    assert "have not said yet" in page
    # What somebody with an account does by themselves stands first.
    assert page.index("ACCOUNT\N{NO-BREAK SPACE}EXPORT") < page.index("have not said yet")
