"""The page at /privacy: what is kept, why, for how long, and what ends it, out of the schedule that the jobs go by."""

from collections.abc import Mapping
from typing import Final

from parvis.legal.retention import End, Kind, Words, term_in_words
from parvis.net.http.entry import page_top, text
from parvis.ports.view import ServerView

_NBSP: Final = "\N{NO-BREAK SPACE}"
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "title": "ce qui est gardé",
        "skip": "Aller à la liste",
        "other": "en",
        "other_name": "English",
        "languages": "Langue",
        "heading": "Ce qui est gardé, pourquoi, et combien de temps",
        "lead": "Tout est scellé avant d’être remis, et tout a une fin. Cette page est écrite à partir du tableau que "
        "suivent les tâches du serveur.",
        "law": "Durées fixées {law}.",
        "change": "Une durée changée vaut pour ce qui est scellé ensuite\u202f; ce qui l’était avant garde la sienne.",
        "hold": "Une conservation demandée par la loi, enregistrée et bornée, est la seule exception.",
        "yourself": f"Avec un compte, écrivez dans la discussion ACCOUNT{_NBSP}EXPORT pour recevoir ce qui est gardé "
        f"de vous, ACCOUNT{_NBSP}ERASE pour l’effacer.",
        "rights": "Sans compte, ou pour vous opposer, adressez-vous à ceux qui tiennent ce "
        f"serveur{_NBSP}: {{contact}}",
        "nobody": "ils n’ont pas encore dit comment les joindre.",
        "list": "La liste",
        "term": "Durée",
        "ground": "Pourquoi",
        "ends": "Fin",
    },
    "en": {
        "title": "what is kept",
        "skip": "Go to the list",
        "other": "fr",
        "other_name": "Français",
        "languages": "Language",
        "heading": "What is kept, why, and for how long",
        "lead": "Everything is sealed before it is delivered, and everything has an end. This page is written from the "
        "table that the server’s own jobs go by.",
        "law": "Periods set by {law}.",
        "change": "A new period is for what is sealed from then on; what was sealed before keeps its own.",
        "hold": "What the law asks to be held, recorded and with an end, is the only exception.",
        "yourself": f"With an account, write ACCOUNT{_NBSP}EXPORT in the chat to be given what is kept about you, and "
        f"ACCOUNT{_NBSP}ERASE to have it erased.",
        "rights": "Without one, or to object, write to those who run this server: {contact}",
        "nobody": "they have not said yet how to reach them.",
        "list": "The list",
        "term": "Period",
        "ground": "Why",
        "ends": "End",
    },
}

ENDS: Final[Mapping[End, Words]] = {
    End.KEYS: Words("la clé est détruite, puis les lignes effacées", "the key is destroyed, then the rows are deleted"),
    End.CHAT: Words("effacé par le serveur en marche", "deleted by the server as it runs"),
    End.FILES: Words("le fichier est supprimé", "the file is removed"),
    End.OPERATOR: Words("effacé par ceux qui tiennent le serveur", "deleted by those who run the server"),
    End.NOTHING: Words("aucune", "none"),
}
"""What ends a kind of data, for people."""


def render(view: ServerView, language: str) -> str:
    """Write the page in French or English."""
    words = _WORDS[language]
    schedule = view.schedule
    rights = words["rights"].format(contact=text(view.contact) or words["nobody"])
    kinds = "".join(_kind(kind, words, language) for kind in schedule.kinds)
    return f"""{page_top(text(view.network), "/privacy", "kept", language, words)}
<main class="one">
<section>
<h1>{words["heading"]}</h1>
<p class="lead">{words["lead"]}</p>
<p>{words["law"].format(law=text(in_language(schedule.law, language)))} {words["change"]} {words["hold"]}</p>
<p>{words["yourself"]} {rights}</p>
</section>
<h2 id="kept" class="vh" tabindex="-1">{words["list"]}</h2>
{kinds}</main>
</body>
</html>
"""


def in_language(words: Words, language: str) -> str:
    """Give words in a language."""
    return words.fr if language == "fr" else words.en


def _kind(kind: Kind, words: Mapping[str, str], language: str) -> str:
    rows = (
        ("term", term_in_words(kind.term, language)),
        ("ends", in_language(ENDS[kind.ends], language)),
        ("ground", in_language(kind.ground, language)),
    )
    told = "".join(f"<dt>{words[name]}</dt><dd>{text(said)}</dd>" for name, said in rows)
    return (
        f'<section class="card kept" id="{kind.id}"><h3>{text(in_language(kind.name, language))}</h3>'
        f"<p>{text(in_language(kind.what, language))}</p><dl>{told}</dl></section>\n"
    )
