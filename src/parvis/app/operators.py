"""Who may log in with OPER, and whether a password is theirs: checked in a thread, never on the loop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from parvis.app import config as c
from parvis.app.passwords import equal, verify
from parvis.chat.settings import Operator

THREADS: Final = 2
"""Most passwords checked at once: a hash takes tens of milliseconds and as many megabytes on purpose."""
UNKNOWN: Final = "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""The hash that is checked for a name that nobody has, and beside a password that is not hashed, so that the time
taken does not tell which names exist."""


class OperatorBook:
    """The operators of the configuration. A reload replaces them; who is logged in stays so."""

    def __init__(self, operators: Sequence[c.Operator]) -> None:
        """Take the operators of a configuration."""
        self._operators = {operator.name: operator for operator in operators}
        self._threads: ThreadPoolExecutor | None = None

    def replace(self, operators: Sequence[c.Operator]) -> None:
        """Take the operators of a configuration that was read again."""
        self._operators = {operator.name: operator for operator in operators}

    def check(
        self,
        loop: asyncio.AbstractEventLoop,
        name: str,
        password: str,
        done: Callable[[Operator | None], None],
    ) -> None:
        """Check a password in a thread, then call back on the loop with the operator, or None."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        known = self._operators.get(name)
        checking = loop.run_in_executor(self._threads, _is_right, known, password)

        def tell(result: asyncio.Future[bool]) -> None:
            right = known is not None and not result.cancelled() and result.exception() is None and result.result()
            done(Operator(known.name, known.operator_class) if right and known is not None else None)

        checking.add_done_callback(tell)

    def close(self) -> None:
        """Let the threads end."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _is_right(operator: c.Operator | None, password: str) -> bool:
    if operator is None:
        verify(password, UNKNOWN)
        return False
    if operator.password_hash:
        return verify(password, operator.password_hash.reveal())
    verify(password, UNKNOWN)
    return equal(password, operator.password.reveal())
