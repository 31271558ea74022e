"""CHATHISTORY: what was said before, for who may read it. Source: IRCv3 draft/chathistory."""

from typing import Final

from parvis.chat import history
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.chat.waiting import wait
from parvis.irc import numerics as n
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.irc.references import NoReference, Reference, read_reference, write_timestamp
from parvis.irc.wire import middle
from parvis.model.verdicts import Refused
from parvis.policy import gates
from parvis.ports.history import Page, Span, Target, Targets, TargetsWish, Trouble, Wish

_PARAMETERS: Final[dict[str, int]] = {
    **dict.fromkeys((Span.LATEST, Span.BEFORE, Span.AFTER, Span.AROUND), 4),
    Span.BETWEEN: 5,
}
_TARGETS: Final = "TARGETS"
_TARGETS_PARAMETERS: Final = 4
_BATCH_TYPE: Final = "chathistory"
_TARGETS_BATCH_TYPE: Final = "draft/chathistory-targets"


def run(chat: Chat, client: Client, line: Line) -> None:
    """Answer with a page of a conversation, or with the conversations there are."""
    if not chat.settings.history_enabled:
        chat.numeric(client, n.ERR_UNKNOWNCOMMAND, line.command)
        return
    params = line.params
    subcommand = params[0].upper() if params else ""
    needed = _TARGETS_PARAMETERS if subcommand == _TARGETS else _PARAMETERS.get(subcommand)
    if needed is None:
        text = "Unknown subcommand: LATEST, BEFORE, AFTER, BETWEEN, AROUND and TARGETS are known"
        _invalid(chat, subcommand, text)
    elif len(params) < needed:
        _invalid(chat, subcommand, "Insufficient parameters")
    elif len(params) > needed:
        _invalid(chat, subcommand, "Too many parameters")
    elif subcommand == _TARGETS:
        _answer_targets(chat, client, params)
    else:
        _answer_page(chat, client, Span(subcommand), params)


def _answer_page(chat: Chat, client: Client, span: Span, params: list[str]) -> None:
    target, *words, limit_word = params[1:]
    limit = _limit(chat, span, limit_word)
    if limit is None:
        return
    references: list[Reference | None] = []
    for word in words:
        if word == "*" and span is Span.LATEST:
            references.append(None)
            continue
        reference = read_reference(word)
        if isinstance(reference, NoReference):
            _no_reference(chat, span, target, word, reference)
            return
        references.append(reference)
    wish = Wish(
        reader=history.reader_of(chat, client),
        place=history.place_of(chat, client, target),
        kinds=history.kinds_for(chat, client, chat.connection, target),
        kinds_here=history.PEOPLE,
        span=span,
        first=references[0],
        second=references[1] if len(references) > 1 else None,
        limit=limit,
    )
    asked = chat.outside.history

    def tell(connection: Client, found: Page | Trouble) -> None:
        if isinstance(found, Page):
            with chat.answer_batch(_BATCH_TYPE, middle(target)):
                for played in found.lines:
                    for tags, body in history.write(chat, connection, played):
                        chat.echo(tags, body)
        elif found is Trouble.NO_TARGET:
            verdict = gates.fetch(may_fetch_anything=False)
            if isinstance(verdict, Refused):
                chat.fail("CHATHISTORY", "INVALID_TARGET", span, middle(target), verdict.told)
        else:
            what = "There is no such message" if found is Trouble.NO_REFERENCE else "The archive could not be read"
            chat.fail("CHATHISTORY", "MESSAGE_ERROR", span, middle(target), f"Messages could not be retrieved: {what}.")

    wait(chat, "CHATHISTORY", lambda: asked.page(wish), tell, work=chat.outside.history_work)


def _answer_targets(chat: Chat, client: Client, params: list[str]) -> None:
    limit = _limit(chat, _TARGETS, params[3])
    if limit is None:
        return
    moments: list[int] = []
    for word in params[1:3]:
        reference = read_reference(word)
        if isinstance(reference, NoReference) or reference.time_ms is None:
            chat.fail("CHATHISTORY", "INVALID_PARAMS", _TARGETS, middle(word), "Invalid timestamp")
            return
        moments.append(reference.time_ms)
    wish = TargetsWish(
        reader=history.reader_of(chat, client),
        rooms=tuple(history.place_of_room(chat, client, room) for room in client.rooms),
        kinds=history.TEXTS,
        first_ms=moments[0],
        second_ms=moments[1],
        limit=limit,
    )
    asked = chat.outside.history

    def tell(_connection: Client, found: Targets | Trouble) -> None:
        if isinstance(found, Trouble):
            chat.fail("CHATHISTORY", "MESSAGE_ERROR", _TARGETS, "The archive could not be read.")
            return
        with chat.answer_batch(_TARGETS_BATCH_TYPE):
            for target in found.targets:
                _tell_target(chat, target)

    wait(chat, "CHATHISTORY", lambda: asked.targets(wish), tell, work=chat.outside.history_work)


def _tell_target(chat: Chat, target: Target) -> None:
    room = chat.world.rooms.get(fold(target.name))
    account = None if target.other is None else chat.world.accounts.get(target.other)
    name = room.name if room is not None else account.name if account is not None else target.name
    chat.answer(f"CHATHISTORY {_TARGETS} {middle(name)} {write_timestamp(target.time_ms)}")


def _limit(chat: Chat, subcommand: str, word: str) -> int | None:
    """Read how many lines are wanted; who wants more than there may be gets as many as there may be."""
    if not (word.isascii() and word.isdigit() and len(word) < 10 and int(word) > 0):
        chat.fail("CHATHISTORY", "INVALID_PARAMS", subcommand, middle(word), "Invalid limit: it is a number from 1 on")
        return None
    return min(int(word), chat.settings.history_lines)


def _no_reference(chat: Chat, span: Span, target: str, word: str, fault: NoReference) -> None:
    if fault is NoReference.TYPE:
        text = "Unknown type of reference: msgid and timestamp are known"
        chat.fail("CHATHISTORY", "INVALID_MSGREFTYPE", span, middle(target), middle(word.partition("=")[0]), text)
    else:
        chat.fail("CHATHISTORY", "INVALID_PARAMS", span, middle(word), "Invalid reference to a message")


def _invalid(chat: Chat, subcommand: str, text: str) -> None:
    chat.fail("CHATHISTORY", "INVALID_PARAMS", middle(subcommand), text)
