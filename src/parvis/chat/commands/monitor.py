"""MONITOR: be told when people come and go. Source: IRCv3 monitor."""

from collections.abc import Iterable

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.casemapping import fold
from parvis.irc.limits import BODY_BYTES_MAX
from parvis.irc.line import Line
from parvis.irc.names import is_pseudonym


def run(chat: Chat, client: Client, line: Line) -> None:
    """Change, show or clear the list of this connection; another device of the person has its own."""
    action = line.params[0]
    connection = chat.connection
    targets = [target for target in line.params[1].split(",") if target] if len(line.params) > 1 else []
    match action.upper():
        case "+" | "-" if not targets:
            chat.numeric(client, n.ERR_NEEDMOREPARAMS, "MONITOR")
        case "+":
            _add(chat, client, targets)
        case "-":
            for target in targets:
                chat.watching.unwatch(connection, fold(target))
        case "C":
            chat.watching.forget(connection)
        case "L":
            _list(chat, client, n.RPL_MONLIST, chat.watching.listed(connection).values())
            chat.numeric(client, n.RPL_ENDOFMONLIST)
        case "S":
            _tell_status(chat, client, chat.watching.listed(connection).values())
        case _:
            text = "MONITOR takes + and - with pseudonyms, or one of C (clear), L (list) and S (status)."
            chat.fail("MONITOR", "UNKNOWN_SUBCOMMAND", "*", text)


def _add(chat: Chat, client: Client, targets: list[str]) -> None:
    watching, most = chat.watching, chat.settings.monitor
    connection = chat.connection
    left_out: list[str] = []
    taken: list[str] = []
    for target in dict.fromkeys(targets):
        folded = fold(target)
        if not is_pseudonym(target, chat.settings.nick_bytes):
            # Nobody can bear it, a mask above all: it is answered as absent, and not watched.
            taken.append(target)
        elif folded not in watching.listed(connection) and len(watching.listed(connection)) >= most:
            left_out.append(target)
        else:
            watching.watch(connection, target, folded)
            taken.append(target)
    _tell_status(chat, client, taken)
    # The targets stand in the middle of the line, in front of its text.
    for targets_of_line in _lines(chat, client, left_out, spare_bytes=40):
        chat.answer(f"{n.ERR_MONLISTFULL} {client.nick} {most} {targets_of_line} :Monitor list is full.")


def _tell_status(chat: Chat, client: Client, nicks: Iterable[str]) -> None:
    online: list[str] = []
    offline: list[str] = []
    for nick in nicks:
        person = chat.person(nick)
        if person is None:
            offline.append(nick)
        else:
            online.append(person.mask())
    _list(chat, client, n.RPL_MONONLINE, online)
    _list(chat, client, n.RPL_MONOFFLINE, offline)


def _list(chat: Chat, client: Client, code: str, targets: Iterable[str]) -> None:
    for targets_of_line in _lines(chat, client, targets):
        chat.numeric(client, code, targets_of_line)


def _lines(chat: Chat, client: Client, targets: Iterable[str], spare_bytes: int = 0) -> list[str]:
    """Join targets by commas to as many texts as lines are needed."""
    head = f":{chat.settings.server} {n.RPL_MONONLINE} {client.nick} :"
    space = BODY_BYTES_MAX - 2 - len(head.encode()) - spare_bytes
    lines: list[str] = []
    size = space + 1
    for target in targets:
        target_bytes = len(target.encode()) + 1
        if size + target_bytes > space:
            lines.append(target)
            size = target_bytes
        else:
            lines[-1] = f"{lines[-1]},{target}"
            size += target_bytes
    return lines
