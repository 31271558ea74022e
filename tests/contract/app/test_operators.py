"""Whether a password is an operator's. Source: docs/handbook/operator.md, `[[operators]]`."""

import asyncio

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

    async def right(password: str) -> bool:
        told = asyncio.get_running_loop().create_future()
        book.check(asyncio.get_running_loop(), name, password, told.set_result)
        return await told is not None

    async def play() -> list[bool]:
        return [await right("right"), await right("wrong")]

    assert asyncio.run(play()) == [name == "ada", False]
    assert checked == [operators.UNKNOWN] * 2
    book.close()
