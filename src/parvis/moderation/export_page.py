"""The readable half of an export: one page without script, in French or English.

Rule: whatever a person wrote goes through `_text`. The page asks nothing of anybody: its policy lets in its own style.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Final

from parvis.model.moments import read_moment, told

if TYPE_CHECKING:
    from parvis.moderation.exports import Device, Export, RoomHeld

LANGUAGES: Final = ("fr", "en")
"""Those the page is written in; the first is for whoever asks for none of them."""

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2330;"
    "background:#fdfbf7;overflow-wrap:anywhere}h1,h2{line-height:1.2}dt{font-weight:600}dd{margin:0 0 .6rem}"
    "table{border-collapse:collapse;width:100%}tr{border-bottom:1px solid #e0d8c9}"
    "td{padding:.3rem .5rem;text-align:start;vertical-align:top}"
    "td:not(:last-child){white-space:nowrap;overflow-wrap:normal}td:last-child{width:100%;white-space:pre-line}"
    "@media(max-width:44rem){tr{display:block;padding:.3rem 0}td,td:not(:last-child){display:block;padding:0;"
    "white-space:normal;overflow-wrap:anywhere}}"
    "@media(prefers-color-scheme:dark){:root{color-scheme:dark}body{color:#ece8df;background:#14181e}"
    "tr{border-color:#2d3541}}"
)
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; base-uri 'none'; form-action 'none'"
)

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")

_NOTES: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "lines": "Ce que vous avez écrit ou fait, tel que lu par les autres, tant que le serveur peut encore le lire.",
        "sealed": "Ce que vous avez écrit et que le serveur ne peut plus lire : seuls les dépositaires, à plusieurs et "
        "pour un motif de droit consigné, peuvent l’ouvrir. Pour demander cette ouverture, écrivez à ceux qui tiennent "
        "le serveur (commande ADMIN).",
        "others": "Ce que d’autres vous ont écrit est à eux et n’est pas ici.",
        "connections": "Qui s’est connecté d’où et quand est scellé à part, pour la durée que la loi demande ; le "
        "serveur ne peut pas le lire. Ce qui figure ici est ce qui est connu des connexions ouvertes en ce moment.",
        "before": "Ce que vous avez écrit comme visiteur, avant de vous connecter à ce compte, porte un autre "
        "identifiant et n’est pas ici.",
        "rights": "ACCOUNT ERASE ferme le compte et efface ce que vous avez écrit. Les décisions et leurs motifs "
        "restent pour leur durée, car il faut pouvoir en répondre.",
    },
    "en": {
        "lines": "What you wrote or did, as others read it, for as long as the server itself can read it.",
        "sealed": "What you wrote and the server cannot read any more: custodians alone, several of them and on a "
        "recorded ground of law, can open it. To ask for that, write to those who run the server (command ADMIN).",
        "others": "What others wrote to you is theirs, and is not here.",
        "connections": "Who connected from where and when is sealed apart, for as long as the law asks; the server "
        "cannot read it. What stands here is what is known of the connections that are open now.",
        "before": "What you wrote as a guest, before you logged in to this account, bears another id and is not here.",
        "rights": "ACCOUNT ERASE closes the account and erases what you wrote. Decisions and their reasons stay for "
        "their term, since somebody must answer for them.",
    },
}

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "title": "Ce qui est gardé sur vous",
        "made": "Fait le",
        "account": "Compte",
        "id": "Identifiant",
        "registered": "Ouvert le",
        "password": "Mot de passe",
        "yes": "oui, sous une forme qui ne permet pas de le retrouver",
        "no": "non",
        "certificates": "Certificats",
        "silences": "Personnes que vous ne lisez pas",
        "metadata": "Ce que vous dites à côté de votre nom",
        "read_until": "Jusqu’où vous avez lu",
        "rooms": "Salons que vous tenez",
        "owner": "propriétaire",
        "host": "hôte",
        "devices": "Connexions ouvertes",
        "encrypted": "chiffrée",
        "plain": "en clair",
        "decisions": "Décisions vous concernant",
        "until": "jusqu’au",
        "lines": "Ce que vous avez écrit",
        "sealed": "Ce que le serveur ne peut plus lire",
        "left_out": "Et {count} de plus, que ce fichier ne contient pas.",
        "none": "Rien.",
        "room": "salon",
        "private": "privé",
        "server": "serveur",
        "notes": "Ce qu’il faut savoir",
    },
    "en": {
        "title": "What is kept about you",
        "made": "Made",
        "account": "Account",
        "id": "Id",
        "registered": "Registered",
        "password": "Password",
        "yes": "yes, in a form that it cannot be found from",
        "no": "no",
        "certificates": "Certificates",
        "silences": "People you do not read",
        "metadata": "What you say beside your name",
        "read_until": "How far you have read",
        "rooms": "Rooms you run",
        "owner": "owner",
        "host": "host",
        "devices": "Open connections",
        "encrypted": "encrypted",
        "plain": "not encrypted",
        "decisions": "Decisions about you",
        "until": "until",
        "lines": "What you wrote",
        "sealed": "What the server cannot read any more",
        "left_out": "And {count} more, which this file does not hold.",
        "none": "Nothing.",
        "room": "room",
        "private": "private",
        "server": "server",
        "notes": "What to know",
    },
}


def notes(language: str) -> Mapping[str, str]:
    """Give what the parts of an export mean, by part."""
    return _NOTES[language]


def render(export: Export, language: str) -> str:
    """Write the page in one of `LANGUAGES`."""
    words = _WORDS[language]
    facts = [
        (words["made"], _moment(export.made)),
        (words["account"], export.account),
        (words["id"], export.id),
        (words["registered"], _moment(export.registered)),
        (words["password"], words["yes"] if export.has_password else words["no"]),
    ]
    parts = [
        _list(words, "certificates", export.certificates),
        _list(words, "silences", export.silences),
        _table(words, "metadata", export.metadata.items()),
        _table(words, "read_until", export.read_until.items()),
        _table(
            words,
            "rooms",
            ((_moment(room.since), room.name, words["owner" if room.owner else "host"]) for room in export.rooms),
        ),
        _table(
            words,
            "devices",
            (
                (
                    _moment(each.since),
                    each.pseudonym,
                    each.address,
                    each.host,
                    words["encrypted" if each.encrypted else "plain"],
                )
                for each in export.devices
            ),
        ),
        _table(
            words,
            "decisions",
            (
                (_moment(each.at), each.name, each.action, f"{words['until']} {_moment(each.ends)}", each.told)
                for each in export.decisions
            ),
        ),
        _table(words, "lines", ((_moment(each.at), words[each.where], _said(each.line)) for each in export.lines)),
        _left_out(words, export.lines_left_out),
        _table(words, "sealed", ((_moment(each.at), words[each.where]) for each in export.sealed)),
        _left_out(words, export.sealed_left_out),
        _list(words, "notes", export.notes.values()),
    ]
    head = "".join(f"<dt>{name}</dt><dd dir='auto'>{_text(value)}</dd>" for name, value in facts)
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(CONTENT_SECURITY_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{words['title']} · {_text(export.network)}</title><style>{STYLE}</style></head><body>\n"
        f"<h1>{words['title']}</h1><dl>{head}</dl>\n{''.join(parts)}</body></html>\n"
    )


def _room(words: Mapping[str, str], room: RoomHeld) -> tuple[str, ...]:
    return _moment(room.since), room.name, words["owner" if room.owner else "host"]


def _device(words: Mapping[str, str], device: Device) -> tuple[str, ...]:
    how = words["encrypted" if device.encrypted else "plain"]
    return _moment(device.since), device.pseudonym, device.address, device.host, how


def _list(words: Mapping[str, str], name: str, items: Iterable[str]) -> str:
    shown = "".join(f"<li dir='auto'>{_text(item)}</li>" for item in items)
    return f"<h2>{words[name]}</h2>\n" + (f"<ul>{shown}</ul>\n" if shown else f"<p>{words['none']}</p>\n")


def _table(words: Mapping[str, str], name: str, rows: Iterable[tuple[str, ...]]) -> str:
    shown = "".join("<tr>" + "".join(f"<td dir='auto'>{_text(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<h2>{words[name]}</h2>\n" + (f"<table>{shown}</table>\n" if shown else f"<p>{words['none']}</p>\n")


def _left_out(words: Mapping[str, str], count: int) -> str:
    return f"<p>{words['left_out'].format(count=count)}</p>\n" if count else ""


def _moment(written: str) -> str:
    """Write a moment of the export for people."""
    try:
        return told(read_moment(written))
    except ValueError:
        return written


def _said(line: str) -> str:
    """Leave out who, since it is whoever reads this; of a message, show where it went and what it said."""
    act = line.partition(" ")[2] if line.startswith(":") else line
    command, _, rest = act.partition(" ")
    where, _, text = rest.partition(" :")
    return f"{where} · {text}" if text and command in {"PRIVMSG", "NOTICE"} else act


def _text(text: str) -> str:
    """Write what somebody wrote: escaped, without marks that change how the rest is shown."""
    return escape(_CONTROLS.sub("", text))
