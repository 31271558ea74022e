"""Custodians' keys as lines of JSON: what a custodian takes along to check a share on a machine of their own."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from parvis.archive import custody
from parvis.archive.custody import CustodianKey

LIST_BYTES_MAX: Final = 1_048_576
"""Most bytes of a list; ours: a key takes four kilobytes."""


class BadList(ValueError):
    """It is no list of keys. A whole sentence."""


class KeyLine(msgspec.Struct, frozen=True, kw_only=True):
    """One key; bytes in hex."""

    event: Literal["key"] = "key"
    custodian: str
    since_ms: int
    shares: int
    threshold: int
    share_checks: str
    public: str
    suite: int


class _OtherLine(msgspec.Struct, frozen=True):
    event: str


def line_of(key: CustodianKey) -> str:
    """Write one key as a line."""
    line = KeyLine(
        custodian=key.id.hex(),
        since_ms=key.since_ms,
        shares=key.shares,
        threshold=key.threshold,
        share_checks=key.share_checks.hex(),
        public=key.public.hex(),
        suite=key.suite,
    )
    return msgspec.json.encode(line).decode()


def read(lines: Iterable[str]) -> list[CustodianKey]:
    """Read the keys of a list; lines about anything else are left out.

    Raises:
        BadList: A line is of no form that is known, or a key is not what it is called.
    """
    keys = []
    try:
        for line in lines:
            if not line.strip() or msgspec.json.decode(line, type=_OtherLine).event != "key":
                continue
            said = msgspec.json.decode(line, type=KeyLine)
            key = custody.custodian_key(
                *(bytes.fromhex(said.public), said.shares, said.threshold, said.since_ms),
                *(bytes.fromhex(said.share_checks), said.suite),
            )
            if key.id.hex() != said.custodian:
                raise BadList("A key of the list is not what it is called: the list was changed.")
            keys.append(key)
    except BadList:
        raise
    except (ValueError, RecursionError):
        raise BadList("It is no list of keys: write one with `parvis custodian status --json`.") from None
    return keys
