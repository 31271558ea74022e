"""What is kept for how long: the schedule that jobs, the privacy page and the register of processing go by.

`retention.toml`, beside this module, has a `[profiles.ID]` for each profile (how its law is called, in French and
English) and a `[[kind]]` for each kind of data:

- `id`, and `name`, `what` (what is kept) and `ground` (why it may be), each in `fr` and `en`;
- `term`: a length of time such as "365d", or one of `Until`, or `setting:NAME` where the configuration says it; a table
  by profile where they differ;
- `minimum`: the shortest term that an operator may choose; without it the term cannot be chosen;
- `legal_minimum`, by profile: what its law asks for; a shorter term is allowed and cautioned against;
- `ends`: what ends it, one of `End`;
- `holds`: where it lies: `term:` a kind of term key, `table:` of the database, `kept:` a kind of kept value, `file:` in
  the data folder. An architecture test finds whatever has no kind.

An operator's file has one table, `[terms]`: ids of kinds that can be chosen, and their terms.

Rule: unknown words are errors, with a suggestion.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from parvis.irc.spans import read_span, write_span

TERM_S_MAX: Final = 10 * 365 * 86_400
"""Longest term that an operator may choose; ours: what must be kept for longer is under a hold."""


class Until(StrEnum):
    """Terms that are no length of time."""

    CLOSED = "until-closed"
    """The account or the room is closed."""
    END = "until-end"
    """Each has an end of its own."""
    NEVER_ASKED = "never-asked"
    FOR_EVER = "for-ever"
    RUNS = "while-it-runs"


class End(StrEnum):
    """What ends a kind of data."""

    KEYS = "keys"
    """Term keys are destroyed, then rows are deleted (`moderation/terms.py`)."""
    CHAT = "chat"
    """The chat drops it as it goes (`chat/`)."""
    FILES = "files"
    """Files are removed (`store/set_aside.py`)."""
    OPERATOR = "operator"
    """Whoever runs the server: it lies outside the data folder."""
    NOTHING = "nothing"


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words for people."""

    fr: str
    en: str


class Setting(msgspec.Struct, frozen=True):
    """A term that a key of the configuration says."""

    name: str


Term = int | Until | Setting
"""Milliseconds, or what stands in their place."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of data, as one profile keeps it."""

    id: str
    name: Words
    what: Words
    ground: Words
    term: Term
    minimum_ms: int | None
    """Shortest term that may be chosen; None: it cannot be."""
    legal_minimum_ms: int
    """What the law of the profile asks for; 0: nothing."""
    ends: End
    holds: tuple[str, ...]


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Every kind of data, as one profile keeps it."""

    profile: str
    law: Words
    kinds: tuple[Kind, ...]

    def kind(self, kind_id: str) -> Kind:
        """Find a kind.

        Raises:
            KeyError: There is none of that id.
        """
        for kind in self.kinds:
            if kind.id == kind_id:
                return kind
        raise KeyError(kind_id)

    def term_ms(self, kind_id: str) -> int:
        """Give the term of a kind that has a length of time.

        Raises:
            KeyError: There is no such kind, or its term is no length of time.
        """
        term = self.kind(kind_id).term
        if not isinstance(term, int):
            raise KeyError(kind_id)
        return term

    def terms(self) -> dict[str, int]:
        """Give the terms of term keys by their kind; those that a setting or a hold says are not among them."""
        return {
            where.removeprefix("term:"): kind.term
            for kind in self.kinds
            for where in kind.holds
            if where.startswith("term:") and isinstance(kind.term, int)
        }


class Unsound(ValueError):
    """A schedule that cannot be used. The text is a whole sentence for whoever wrote it; `key` says where."""

    def __init__(self, key: str, text: str) -> None:
        """Say where and what."""
        super().__init__(f"{key}: {text}")
        self.key = key
        self.text = text


_T = TypeVar("_T", bound=StrEnum)

_KIND_KEYS: Final = frozenset({"id", "name", "what", "ground", "term", "minimum", "legal_minimum", "ends", "holds"})
_PLACES: Final = ("term", "table", "kept", "file")


def profiles(raw: Mapping[str, object]) -> tuple[str, ...]:
    """Name the profiles of a schedule.

    Raises:
        Unsound: It has none.
    """
    return tuple(_table(raw, "profiles", "profiles"))


def read_schedule(raw: Mapping[str, object], profile: str) -> Schedule:
    """Read a schedule as one profile keeps it.

    Args:
        raw: What stands in `retention.toml`.
        profile: Which profile.

    Raises:
        Unsound: It is not of this form.
    """
    _known(raw, {"profiles", "kind"}, "")
    laws = _table(raw, "profiles", "profiles")
    if profile not in laws:
        raise Unsound("profiles", f'There is no profile "{profile}". {_nearest(profile, laws)}'.rstrip())
    kinds = raw.get("kind")
    if not isinstance(kinds, list):
        raise Unsound("kind", "There must be tables [[kind]].")
    read = [_kind(each, profile, laws, f"kind[{number}]") for number, each in enumerate(kinds)]
    for place, (one, other) in ((f"kind {kind.id}", (kind, again)) for kind in read for again in read):
        if one is not other and (one.id == other.id or set(one.holds) & set(other.holds)):
            raise Unsound(place, "Its id, or a place where it lies, is that of another kind too.")
    return Schedule(profile=profile, law=_words(laws, profile, "profiles"), kinds=tuple(read))


def chosen(schedule: Schedule, raw: Mapping[str, object]) -> Schedule:
    """Put an operator's own terms over a schedule.

    Args:
        schedule: That of the profile.
        raw: What stands in the operator's file.

    Raises:
        Unsound: A kind is unknown or cannot be chosen, or a term is out of bounds.
    """
    _known(raw, {"terms"}, "")
    given = _table(raw, "terms", "terms")
    choosable = {kind.id: kind for kind in schedule.kinds if kind.minimum_ms is not None}
    _known(given, choosable, "terms")
    terms: dict[str, int] = {}
    for kind_id, value in given.items():
        term_s = read_span(value) if isinstance(value, str) else None
        shortest_s = (choosable[kind_id].minimum_ms or 0) // 1000
        if term_s is None or not shortest_s <= term_s <= TERM_S_MAX:
            raise Unsound(
                f"terms.{kind_id}",
                f'This must be a length of time from "{write_span(shortest_s)}" to "{write_span(TERM_S_MAX)}".',
            )
        terms[kind_id] = term_s * 1000
    return msgspec.structs.replace(
        schedule,
        kinds=tuple(msgspec.structs.replace(kind, term=terms.get(kind.id, kind.term)) for kind in schedule.kinds),
    )


def resolved(schedule: Schedule, settings: Mapping[str, int]) -> Schedule:
    """Put in what the configuration says.

    Args:
        schedule: A schedule.
        settings: Milliseconds, by the name of the setting.

    Raises:
        KeyError: A setting has no value.
    """
    return msgspec.structs.replace(
        schedule,
        kinds=tuple(
            msgspec.structs.replace(kind, term=settings[kind.term.name]) if isinstance(kind.term, Setting) else kind
            for kind in schedule.kinds
        ),
    )


_UNTIL: Final[Mapping[Until, Words]] = {
    Until.CLOSED: Words("jusqu’à la fermeture", "until it is closed"),
    Until.END: Words("jusqu’à la fin que chacune porte", "until the end that each has"),
    Until.NEVER_ASKED: Words("jamais demandée, jamais conservée", "never asked for, never kept"),
    Until.FOR_EVER: Words("sans fin", "for ever"),
    Until.RUNS: Words("tant que le serveur est en service", "as long as the server is in use"),
}


def term_in_words(term: Term, language: str) -> str:
    """Write a term for people, in `fr` or `en`."""
    if isinstance(term, Setting):
        return f"[{term.name}]"
    if isinstance(term, Until):
        return _UNTIL[term].fr if language == "fr" else _UNTIL[term].en
    for unit_ms, fr, en in _UNITS:
        count, rest = divmod(term, unit_ms)
        if count and not rest:
            word = fr if language == "fr" else en
            return f"{count} {word}" if count == 1 else f"{count} {word}s"
    return "0 seconde" if language == "fr" else "0 seconds"


_UNITS: Final = (
    *((365 * 86_400_000, "an", "year"), (86_400_000, "jour", "day"), (3_600_000, "heure", "hour")),
    *((60_000, "minute", "minute"), (1000, "seconde", "second")),
)


def too_short(schedule: Schedule) -> list[Kind]:
    """List the kinds whose term is shorter than the law of the profile asks for."""
    return [kind for kind in schedule.kinds if isinstance(kind.term, int) and kind.term < kind.legal_minimum_ms]


def _kind(raw: object, profile: str, laws: Iterable[str], at: str) -> Kind:
    if not isinstance(raw, dict):
        raise Unsound(at, "This must be a table.")
    kind_id = raw.get("id")
    if not isinstance(kind_id, str) or not kind_id:
        raise Unsound(f"{at}.id", "This must be a word.")
    at = f"kind {kind_id}"
    _known(raw, _KIND_KEYS, at)
    minimum = raw.get("minimum")
    holds = raw.get("holds")
    if not isinstance(holds, list) or not all(_is_place(each) for each in holds):
        raise Unsound(f"{at}.holds", "This must be a list of places such as table:records.")
    term = _of_profile(raw.get("term"), profile, laws, f"{at}.term")
    least = raw.get("legal_minimum", {})
    _known(_mapping(least, f"{at}.legal_minimum"), laws, f"{at}.legal_minimum")
    return Kind(
        id=kind_id,
        name=_words(raw, "name", at),
        what=_words(raw, "what", at),
        ground=_words(raw, "ground", at),
        term=_term(term, f"{at}.term"),
        minimum_ms=None if minimum is None else _length(minimum, f"{at}.minimum"),
        legal_minimum_ms=_length(least[profile], f"{at}.legal_minimum") if profile in least else 0,
        ends=_one_of(End, raw.get("ends"), f"{at}.ends"),
        holds=tuple(holds),
    )


def _is_place(where: object) -> bool:
    place, _, name = where.partition(":") if isinstance(where, str) else ("", "", "")
    return place in _PLACES and bool(name)


def _of_profile(value: object, profile: str, laws: Iterable[str], at: str) -> object:
    if not isinstance(value, dict):
        return value
    _known(value, laws, at)
    if profile not in value:
        raise Unsound(at, f'There is none for profile "{profile}".')
    return value[profile]


def _term(value: object, at: str) -> Term:
    if isinstance(value, str) and value.startswith("setting:"):
        return Setting(value.removeprefix("setting:"))
    if isinstance(value, str) and read_span(value) is not None:
        return _length(value, at)
    return _one_of(Until, value, at)


def _length(value: object, at: str) -> int:
    length_s = read_span(value) if isinstance(value, str) else None
    if length_s is None:
        raise Unsound(at, 'This must be a length of time such as "365d".')
    return length_s * 1000


def _one_of(words: type[_T], value: object, at: str) -> _T:
    if not isinstance(value, str) or value not in set(words):
        raise Unsound(at, f"This must be one of {', '.join(words)}. {_nearest(value, words)}".rstrip())
    return words(value)


def _words(raw: Mapping[str, object], key: str, at: str) -> Words:
    try:
        words = msgspec.convert(raw.get(key), Words)
    except msgspec.ValidationError:
        raise Unsound(f"{at}.{key}", "This must have fr and en.") from None
    if not words.fr or not words.en:
        raise Unsound(f"{at}.{key}", "This must have words in fr and en.")
    return words


def _table(raw: Mapping[str, object], key: str, at: str) -> Mapping[str, object]:
    return _mapping(raw.get(key), at)


def _mapping(value: object, at: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Unsound(at, "This must be a table.")
    return value


def _known(given: Iterable[str], words: Iterable[str], at: str) -> None:
    """Refuse words that are not known."""
    known = set(words)
    for word in given:
        if word not in known:
            key = f"{at}.{word}" if at else word
            raise Unsound(key, f"There is no such key. {_nearest(word, known)}".rstrip())


def _nearest(word: object, words: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415  # a schedule without mistakes does not need it

    near = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.6) if isinstance(word, str) else []
    return f'Did you mean "{near[0]}"?' if near else ""
