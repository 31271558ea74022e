"""Whether a password is an operator's. Source: docs/handbook/operator.md, `[[operators]]`."""

import pytest

from parvis.app import operators
from parvis.app.config import Operator
from parvis.app.passwords import verify
from parvis.app.readers import Secret


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_a_plain_password_takes_as_long_as_an_unknown_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time taken tells no names: each is checked against one hash of the same cost."""
    checked: list[str] = []

    def counting(password: str, encoded: str) -> bool:
        checked.append(encoded)
        return verify(password, encoded)

    monkeypatch.setattr(operators, "verify", counting)
    book = operators.OperatorBook([Operator(name="ada", password=Secret("right"))])
    assert [book.find(name, password) is not None for password in ("right", "wrong")] == [name == "ada", False]
    assert checked == [operators.UNKNOWN] * 2
