"""Commands that must wait: their connection is parked, its later lines stay unread, and nobody else waits.

Source: ARCHITECTURE.md, invariant 6.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.ports.work import Work

WAIT_S_MAX: Final = 10.0
"""Longest wait of a connection for a task in a thread; ours, a hundred times what a password's check takes."""

T = TypeVar("T")

log = structlog.get_logger()


def wait(
    chat: Chat,
    command: str,
    task: Callable[[], T],
    then: Callable[[Client, T], None],
    otherwise: Callable[[Client], None] | None = None,
    work: Work | None = None,
) -> None:
    """Park the connection whose command is being handled, have a task done in a thread, then go on with the command.

    Args:
        chat: The chat.
        command: Its name, for saying that it could not be done.
        task: What is done in the thread. It sees nothing of the world, and must not give None.
        then: Goes on, in a later turn, with the connection and what the task gave; what it answers goes out under the
            label of the command, and it waits no second time. Not called when the connection is gone meanwhile or the
            task could not be done.
        otherwise: Answers that it could not be done; None: a FAIL says so.
        work: What does the task; without it, whatever checks passwords.
    """
    connection, label = chat.connection, chat.label
    chat.park(connection)
    chat.drop_answer()
    is_over = False

    def end(result: T | None) -> None:
        nonlocal is_over
        if is_over:
            return
        is_over = True
        chat.turn.begin()
        if connection.gone:
            return
        chat.begin(connection, label)
        if result is None and otherwise is not None:
            otherwise(connection)
        elif result is None:
            chat.fail(command, "TEMPORARILY_UNAVAILABLE", "This could not be done in time. Try again.")
        else:
            try:
                then(connection, result)
            except Exception:
                log.exception("command failed", command=command)
                chat.fail(command, "INTERNAL_ERROR", "Something broke here. It has been noted.")
        chat.end_answer()
        chat.unpark(connection)

    (work or chat.outside.work)(task, end)
    chat.clock.later(WAIT_S_MAX, lambda: end(None))
