"""Who may log in with OPER, and whether a password is theirs. Checking blocks: it is done in a thread."""

from collections.abc import Sequence
from typing import Final

from parvis.app import config as c
from parvis.app.passwords import equal, verify
from parvis.chat.settings import Operator

UNKNOWN: Final = "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""The hash that is checked for a name that nobody has, and beside a password that is not hashed, so that the time
taken does not tell which names exist."""


class OperatorBook:
    """The operators of the configuration. A reload replaces them; who is logged in stays so."""

    def __init__(self, operators: Sequence[c.Operator]) -> None:
        """Take the operators of a configuration."""
        self._operators = {operator.name: operator for operator in operators}

    def replace(self, operators: Sequence[c.Operator]) -> None:
        """Take the operators of a configuration that was read again."""
        self._operators = {operator.name: operator for operator in operators}

    def find(self, name: str, password: str) -> Operator | None:
        """Give the operator who has this name and password. Takes tens of milliseconds, and the same for no one."""
        known = self._operators.get(name)
        return Operator(known.name, known.operator_class) if _is_right(known, password) and known is not None else None


def _is_right(operator: c.Operator | None, password: str) -> bool:
    if operator is None:
        verify(password, UNKNOWN)
        return False
    if operator.password_hash:
        return verify(password, operator.password_hash.reveal())
    verify(password, UNKNOWN)
    return equal(password, operator.password.reveal())
