"""Rows read out of single pages of a damaged database, without the tree that leads to them.

A page of a tree holds whole rows but for what overflows into pages of its own, so that one damaged page costs its own
rows and no others. Nothing here is trusted: every count and pointer is checked against the page, and a row that does
not add up is left out. What a row is, and whether it is true, is for the caller to tell.

Source: https://www.sqlite.org/fileformat2.html, "B-tree Pages", "Record Format".
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

TABLE_LEAF: Final = 0x0D
INDEX_LEAF: Final = 0x0A
INDEX_INTERIOR: Final = 0x02

PAYLOAD_BYTES_MAX: Final = 1 << 20
"""Largest row that is read; ours: the largest record is some kilobytes."""

DATABASE_HEADER_BYTES: Final = 100
"""In front of the first page's tree."""

Value = int | bytes | None
"""A column: whole number, bytes (text as well), or nothing. Fractions are not read; we store none."""

ReadPage = Callable[[int], bytes]
"""Gives a page by its number, counted from 1; nothing where there is none."""

_INT_BYTES: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class PageRow(msgspec.Struct, frozen=True):
    """A row as it stands in a page."""

    rowid: int | None
    """None in a table without row ids."""
    values: tuple[Value, ...]

    def __repr__(self) -> str:
        """Tell how many columns it has: values stay out of logs."""
        return f"PageRow({len(self.values)} columns)"


class _Broken(ValueError):
    """A page or row that does not add up."""


def rows_of(page: bytes, number: int, usable: int, read_page: ReadPage) -> Iterator[PageRow]:
    """Give the rows of one page; nothing for a page that is no part of a tree or holds no rows.

    Args:
        page: The page.
        number: Which it is, counted from 1.
        usable: How many bytes of a page are used: its size without what is reserved at its end.
        read_page: Gives the pages into which rows overflow.
    """
    begins = DATABASE_HEADER_BYTES if number == 1 else 0
    kind = page[begins] if len(page) >= usable >= begins + 12 else 0
    if kind not in (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR):
        return
    cells = int.from_bytes(page[begins + 3 : begins + 5])
    pointers = begins + (12 if kind == INDEX_INTERIOR else 8)
    for at in range(pointers, min(pointers + 2 * cells, usable - 1), 2):
        try:
            yield _row(page, int.from_bytes(page[at : at + 2]), kind, usable, read_page)
        except (_Broken, IndexError):
            continue


def _row(page: bytes, at: int, kind: int, usable: int, read_page: ReadPage) -> PageRow:
    if kind == INDEX_INTERIOR:
        at += 4
    size, at = _varint(page, at)
    rowid = None
    if kind == TABLE_LEAF:
        rowid, at = _varint(page, at)
        rowid -= (rowid >> 63) << 64
    return PageRow(rowid, _values(_payload(page, at, size, kind, usable, read_page)))


def _payload(page: bytes, at: int, size: int, kind: int, usable: int, read_page: ReadPage) -> bytes:
    """Give a row's bytes, with those that overflow."""
    if size > PAYLOAD_BYTES_MAX:
        raise _Broken
    local_max = usable - 35 if kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
    if size <= local_max:
        local = size
    else:
        local_min = (usable - 12) * 32 // 255 - 23
        local = local_min + (size - local_min) % (usable - 4)
        if local > local_max:
            local = local_min
    if at + local > usable:
        raise _Broken
    parts = [page[at : at + local]]
    left = size - local
    following = int.from_bytes(page[at + local : at + local + 4]) if left else 0
    while left:
        overflow = read_page(following)
        if len(overflow) < usable:
            raise _Broken
        following = int.from_bytes(overflow[:4])
        parts.append(overflow[4 : 4 + min(left, usable - 4)])
        left -= len(parts[-1])
    return b"".join(parts)


def _values(payload: bytes) -> tuple[Value, ...]:
    header_bytes, at = _varint(payload, 0)
    values: list[Value] = []
    begins = header_bytes
    while at < header_bytes:
        code, at = _varint(payload, at)
        value, begins = _value(payload, begins, code)
        values.append(value)
    if begins != len(payload) or at != header_bytes:
        raise _Broken
    return tuple(values)


def _value(payload: bytes, at: int, code: int) -> tuple[Value, int]:
    """Read a column of a kind; give where the next begins."""
    if code == 0:
        return None, at
    if code in (8, 9):
        return code - 8, at
    if code in _INT_BYTES:
        ends = at + _INT_BYTES[code]
        return int.from_bytes(payload[at:ends], signed=True), ends
    if code < 12:
        raise _Broken
    ends = at + (code - 12) // 2
    if ends > len(payload):
        raise _Broken
    return payload[at:ends], ends


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Read a number of one to nine bytes; give where the next begins."""
    number = 0
    for _ in range(8):
        byte = raw[at]
        at += 1
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, at
    return number << 8 | raw[at], at + 1
