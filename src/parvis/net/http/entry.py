"""The entry page: what this is, how to connect, which rooms are open, what is promised.

Built by hand from `html.escape` and formatted strings: one page without loops worth a template language, so that a
start loads none; the console brings its own. Rule: whatever a person or an operator wrote goes through `text`.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

from parvis.ports.view import OpenRoom, ServerView

LANGUAGES: Final = ("fr", "en")
"""Those the page is written in; the first is for whoever asks for none of them."""

ROOMS_MAX: Final = 60
"""Most rooms on the page, the fullest first; LIST gives them all."""

TOPIC_CHARACTERS_MAX: Final = 160
"""Most characters shown of one topic: two lines of the page."""

STYLE: Final = files(__package__).joinpath("static/entry.css").read_text("utf-8")

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; img-src data:; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing but this very style sheet and the icon of the tab: no script, no font, no request to anyone."""

_FORMATTING: Final = re.compile(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6})?"
    r"|[\x00-\x1f\x7f-\x9f\u2028\u2029]"
)
"""Colours and other marks that IRC clients put into text (https://modern.ircdocs.horse/formatting)."""

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "title": "un salon pour se parler",
        "skip": "Aller aux salons",
        "other": "en",
        "other_name": "English",
        "languages": "Langue",
        "heading": "Un pseudo, un salon, et\N{NO-BREAK SPACE}l’on se parle.",
        "lead": "Pas de compte, pas d’adresse, pas de téléphone. "
        "Des salons ouverts à tous, où chacun répond de ses mots.",
        "connect": "Entrer",
        "irc": "Avec un client IRC",
        "irc_how": "Ajoutez ce serveur dans votre client, choisissez un pseudo, puis tapez <code>/join {room}</code>.",
        "websocket": "Par WebSocket",
        "websocket_how": "Sous-protocole <code>text.ircv3.net</code> ou <code>binary.ircv3.net</code>, "
        "une ligne par message.",
        "rooms": "Salons ouverts",
        "online": "{count} en ligne",
        "here": "personnes",
        "here_1": "personne",
        "none": "Aucun salon n’est ouvert pour l’instant. Le premier venu peut en ouvrir un.",
        "more": "Et {count} autres\N{NARROW NO-BREAK SPACE}: la commande <code>/list</code> les donne tous.",
        "promises": "Ce qui est promis ici",
        "privacy": "Ce qui est gardé, pourquoi, et combien de temps",
        "promise_1": "Un pseudo suffit",
        "promise_1_text": "On entre sans compte, et votre adresse n’est montrée à personne dans les salons.",
        "promise_2": "Rien n’est lu sans être gardé",
        "promise_2_text": "Chaque message est scellé, chiffré, avant d’être remis à quiconque.",
        "promise_3": "Aucun refus en silence",
        "promise_3_text": "Si un message n’est pas remis, vous lisez pourquoi et que faire.",
    },
    "en": {
        "title": "a place to talk",
        "skip": "Go to the rooms",
        "other": "fr",
        "other_name": "Français",
        "languages": "Language",
        "heading": "A pseudonym, a room, and\N{NO-BREAK SPACE}we talk.",
        "lead": "No account, no e-mail, no phone number. Rooms open to all, where everyone answers for their words.",
        "connect": "Come in",
        "irc": "With an IRC client",
        "irc_how": "Add this server to your client, choose a pseudonym, then type <code>/join {room}</code>.",
        "websocket": "By WebSocket",
        "websocket_how": "Subprotocol <code>text.ircv3.net</code> or <code>binary.ircv3.net</code>, "
        "one line per message.",
        "rooms": "Open rooms",
        "online": "{count} online",
        "here": "people",
        "here_1": "person",
        "none": "No room is open at the moment. Whoever comes first may open one.",
        "more": "And {count} more: the command <code>/list</code> gives them all.",
        "promises": "What is promised here",
        "privacy": "What is kept, why, and for how long",
        "promise_1": "A pseudonym is enough",
        "promise_1_text": "You enter without an account, and rooms never show your address to anyone.",
        "promise_2": "Nothing is read that is not kept",
        "promise_2_text": "Every message is sealed, encrypted, before it is delivered to anyone.",
        "promise_3": "No silent refusal",
        "promise_3_text": "If a message is not delivered, you read why and what you can do.",
    },
}

_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath fill='%2317585f' "
    "d='M16 2.5C9.4 2.5 4 7.9 4 14.6V28l6.6-4.2H25a3 3 0 0 0 3-3v-6.2C28 7.9 22.6 2.5 16 2.5Z'/%3E%3C/svg%3E"
)
_LOGO: Final = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><path d="M16 2.5C9.4 2.5 4 7.9 4 14.6V28l6.6-4.2H25a3 3 0 0 0 3-3v-6.2'
    'C28 7.9 22.6 2.5 16 2.5Z"/><path d="M16 8.2c-3.5 0-6.3 2.9-6.3 6.4v3.9h3.3v-3.5a3 3 0 0 1 6 0v3.5h3.3v-3.9'
    'c0-3.5-2.8-6.4-6.3-6.4Z"/></svg>'
)
_PAVING: Final = (
    '<svg class="paving" aria-hidden="true"><defs><pattern id="pv" width="88" height="88" '
    'patternUnits="userSpaceOnUse"><g fill="none" stroke="currentColor" stroke-width="1.3">'
    '<path d="M0 88A88 88 0 0 1 88 0M0 66A66 66 0 0 1 66 0M0 44A44 44 0 0 1 44 0M0 22A22 22 0 0 1 22 0'
    'M22 88A66 66 0 0 1 88 22M44 88A44 44 0 0 1 88 44M66 88A22 22 0 0 1 88 66"/></g></pattern></defs>'
    '<rect width="100%" height="100%" fill="url(#pv)"/></svg>'
)
_PATHS: Final = {
    "languages": '<path d="m5 8 6 6"/><path d="m4 14 6-6 2-3"/><path d="M2 5h12"/><path d="M7 2h1"/>'
    '<path d="m22 22-5-10-5 10"/><path d="M14 18h6"/>',
    "terminal": '<path d="M12 19h8"/><path d="m4 17 6-6-6-6"/>',
    "plug": '<path d="M12 22v-5"/><path d="M9 8V2"/><path d="M15 8V2"/>'
    '<path d="M18 8v5a4 4 0 0 1-4 4h-4a4 4 0 0 1-4-4V8Z"/>',
    "user": '<circle cx="12" cy="8" r="5"/><path d="M20 21a8 8 0 0 0-16 0"/>',
    "shield-check": '<path d="M20 13c0 5-3.5 7.5-7.66 8.95a1 1 0 0 1-.67-.01C7.5 20.5 4 18 4 13V6a1 1 0 0 1 1-1c2 0 '
    '4.5-1.2 6.24-2.72a1.17 1.17 0 0 1 1.52 0C14.51 3.81 17 5 19 5a1 1 0 0 1 1 1z"/><path d="m9 12 2 2 4-4"/>',
    "message": '<path d="M22 17'
    'a2 2 0 0 1-2 2H6.8a2 2 0 0 0-1.4.6l-2.2 2.2A.7.7 0 0 1 2 21.3V5a2 2 0 0 1 2-2h16a2 2 0 0 1 2 2z"/>'
    '<path d="M7 9h10"/><path d="M7 13h6"/>',
}
"""Icons: Lucide, ISC licence."""


def render(view: ServerView, language: str) -> str:
    """Write the page in one of `LANGUAGES`."""
    words = _WORDS[language]
    network = text(view.network)
    rooms = sorted(view.rooms(), key=lambda room: (-room.people, room.name))
    online = words["online"].format(count=_number(view.people, language))
    return f"""{page_top(network, "/", "rooms", language, words)}
<main>
<section>
<h1>{words["heading"]}</h1>
<p class="lead">{words["lead"]}</p>
{_connect(view.addresses, rooms, words)}</section>
<section class="card dir" aria-labelledby="rooms">
<header><h2 id="rooms" tabindex="-1">{words["rooms"]}</h2>\
<span class="chip num"><span class="dot"></span>{online}</span></header>
{_rooms(rooms, words, language)}</section>
</main>
<footer class="pact" aria-label="{words["promises"]}">
{_promise("user", words, 1)}{_promise("shield-check", words, 2)}{_promise("message", words, 3)}\
<p class="more"><a href="/privacy?lang={language}">{words["privacy"]}</a></p>
</footer>
</body>
</html>
"""


def page_top(network: str, path: str, skip_to: str, language: str, words: Mapping[str, str]) -> str:
    """Write what stands above `main` on every page.

    Args:
        network: The network's name, safe already.
        path: Where the page is.
        skip_to: Id of the element that the link for keyboards leads to.
        language: One of `LANGUAGES`.
        words: At least `title`, `lead`, `skip`, `languages`, `other` and `other_name` in that language.
    """
    other = words["other"]
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{network} · {words["title"]}</title>
<meta name="description" content="{words["lead"]}">
<link rel="icon" href="{_ICON}"><link rel="alternate" hreflang="{other}" href="{path}?lang={other}">
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#{skip_to}">{words["skip"]}</a>
{_PAVING}
<header class="top">
<a class="logo" href="/?lang={language}">{_LOGO}<span dir="auto">{network}</span></a>
<nav aria-label="{words["languages"]}"><a class="btn lang" lang="{other}" hreflang="{other}" \
href="{path}?lang={other}">{_icon("languages")}<span>{words["other_name"]}</span></a></nav>
</header>"""


def _connect(addresses: Sequence[str], rooms: Sequence[OpenRoom], words: Mapping[str, str]) -> str:
    room = text(rooms[0].name if rooms else "#accueil")
    ways = (
        ("irc", "terminal", [address for address in addresses if address.startswith(("irc:", "ircs:"))]),
        ("websocket", "plug", [address for address in addresses if address.startswith(("ws:", "wss:"))]),
    )
    parts = [
        f"<div><h3>{_icon(icon)}{words[way]}</h3>"
        + "".join(f'<code class="address">{text(address)}</code>' for address in found)
        + f"<p>{words[way + '_how'].format(room=room)}</p></div>\n"
        for way, icon, found in ways
        if found
    ]
    return f'<div class="card connect">\n<h2>{words["connect"]}</h2>\n{"".join(parts)}</div>\n' if parts else ""


def _rooms(rooms: Sequence[OpenRoom], words: Mapping[str, str], language: str) -> str:
    if not rooms:
        return f'<p class="none">{words["none"]}</p>\n'
    shown = "".join(_room(room, words, language) for room in rooms[:ROOMS_MAX])
    hidden = len(rooms) - ROOMS_MAX
    more = f'<p class="none">{words["more"].format(count=_number(hidden, language))}</p>\n' if hidden > 0 else ""
    return f'<ul class="rooms">\n{shown}</ul>\n{more}'


def _room(room: OpenRoom, words: Mapping[str, str], language: str) -> str:
    topic = room.topic if len(room.topic) <= TOPIC_CHARACTERS_MAX else room.topic[: TOPIC_CHARACTERS_MAX - 1] + "…"
    people = words["here_1" if room.people == 1 else "here"]
    return (
        f'<li><b dir="auto">{text(room.name)}</b><span class="t" dir="auto">{text(topic)}</span>'
        f'<span class="n num"><span class="dot"></span>{_number(room.people, language)}'
        f'<span class="vh"> {people}</span></span></li>\n'
    )


def _promise(icon: str, words: Mapping[str, str], number: int) -> str:
    return (
        f"<div>{_icon(icon)}<b>{words[f'promise_{number}']}</b><span>{words[f'promise_{number}_text']}</span></div>\n"
    )


def _icon(name: str) -> str:
    return f'<svg class="i" viewBox="0 0 24 24" aria-hidden="true">{_PATHS[name]}</svg>'


def text(said: str) -> str:
    """Make somebody's words safe inside an element or a quoted attribute."""
    return escape(_FORMATTING.sub("", said))


def _number(count: int, language: str) -> str:
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}" if language == "fr" else ",")
