"""What the value of a key may be: one reader per kind of value, from TOML or from the environment.

A reader takes a value or says what is wrong with it, in whole sentences and without the key. No text made here holds
the value of a secret.
"""

import ipaddress
import re
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

from parvis.irc.spans import read_span, write_span

SHOWN_CHARS_MAX: Final = 40
"""Most characters of a wrong value that a mistake shows."""

SERVER_NAME_BYTES_MAX: Final = 63
"""Longest server name (RFC 2812, section 2.3.1: a hostname of at most 63 characters)."""

SECRET_BYTES_MAX: Final = 300
"""Longest password that a PASS or OPER line carries with room to spare (RFC 1459, section 2.3)."""


class Wrong(Exception):
    """A value is not what its key needs. The text is whole sentences, without the key."""


class WrongParts(Wrong):
    """Parts of a list are not what its key needs: their numbers, counted from 0, and what is wrong with each."""

    def __init__(self, parts: list[tuple[int, str]]) -> None:
        """Hold the parts."""
        super().__init__(" ".join(text for _, text in parts))
        self.parts = parts


class Secret:
    """A password or its hash. Shows itself to nobody who does not ask by name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hide the text."""
        self._text = text

    def reveal(self) -> str:
        """Give the text, for the one comparison it is needed in (`parvis.app.passwords`)."""
        return self._text

    def __bool__(self) -> bool:
        """Tell whether there is a secret at all."""
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        """Tell whether two configurations hold the same secret; not for checking a password."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Hash by the text."""
        return hash(self._text)

    def __repr__(self) -> str:
        """Hide the text."""
        return "Secret(...)" if self._text else "Secret('')"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Reader:
    """Takes the value of one key, from TOML or the environment, or says what is wrong with it."""

    secret = False
    """Whether no text may show the value."""

    @property
    def expects(self) -> str:
        """Say what the value may be, to follow "must be"."""
        raise NotImplementedError

    def read(self, value: object) -> object:
        """Turn a value of TOML into the value that is kept.

        Raises:
            Wrong: The value is none that the key takes.
        """
        raise NotImplementedError

    def read_environ(self, text: str) -> object:
        """Turn the text of an environment variable into a value of TOML."""
        return toml_value(text)

    def refuse(self, value: object, hint: str = "") -> Wrong:
        """Say that a value will not do, showing it unless it is a secret."""
        subject = "This value" if self.secret else f"This is {shown(value)}; it"
        return Wrong(f"{subject} must be {self.expects}.{' ' if hint else ''}{hint}")


class Whole(Reader):
    """A whole number within limits."""

    def __init__(self, low: int, high: int, note: str = "") -> None:
        """Set the limits, both of them allowed."""
        self.low, self.high, self.note = low, high, note

    @property
    def expects(self) -> str:
        """Name the limits."""
        return f"a whole number from {self.low} to {self.high}{self.note}"

    def read(self, value: object) -> int:
        """Take the number."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise self.refuse(value)
        return value


class Switch(Reader):
    """True or false."""

    @property
    def expects(self) -> str:
        """Name the two."""
        return "true or false, without quotes"

    def read(self, value: object) -> bool:
        """Take the switch."""
        if not isinstance(value, bool):
            raise self.refuse(value)
        return value


class Text(Reader):
    """Text without control characters, within a length in bytes, of a given shape if one is named."""

    def __init__(self, low: int, high: int, *, shape: str = ".*", called: str = "text") -> None:
        """Set the limits in bytes of UTF-8, a regular expression for the whole text, and a name for that."""
        self.low, self.high, self.called = low, high, called
        self.shape = shape

    @property
    def expects(self) -> str:
        """Name the shape and the limits."""
        return f"{self.called}, {self.low} to {self.high} bytes long"

    def read_environ(self, text: str) -> object:
        """Take the text as it stands."""
        return text

    def read(self, value: object) -> object:
        """Take the text."""
        return self.text(value)

    def text(self, value: object) -> str:
        """Check the text."""
        if not isinstance(value, str):
            raise self.refuse(value, "" if self.secret else "Put text in quotes.")
        if not (self.low <= utf8_bytes(value) <= self.high):
            raise self.refuse(value)
        if not value.isprintable() or re.fullmatch(self.shape, value) is None:
            raise self.refuse(value)
        return value


class Lines(Text):
    """Text of several lines, each short enough to be sent as one."""

    def __init__(self, line_bytes_max: int, lines_max: int) -> None:
        """Set the limits of a line and of the whole."""
        super().__init__(0, line_bytes_max)
        self.lines_max = lines_max

    @property
    def expects(self) -> str:
        """Name the limits."""
        return f"text of at most {self.lines_max} lines of at most {self.high} bytes, without control characters"

    def read(self, value: object) -> str:
        """Take the lines, joined by line feeds, without blank lines at the end."""
        if not isinstance(value, str):
            raise self.refuse(value)
        lines = value.replace("\r\n", "\n").rstrip("\n").split("\n")
        if len(lines) > self.lines_max:
            raise Wrong(f"This is {len(lines)} lines; it must be {self.expects}.")
        for number, line in enumerate(lines, start=1):
            if not 0 <= utf8_bytes(line) <= self.high or not line.isprintable():
                raise Wrong(f"Line {number} of this will not do; it must be {self.expects}.")
        return "\n".join(lines)


class Hidden(Text):
    """A password: text that no message shows."""

    secret = True

    def read(self, value: object) -> Secret:
        """Take the text and hide it."""
        return Secret(self.text(value))


class HiddenHash(Hidden):
    """A hash of a password, of a scheme that we check."""

    def read(self, value: object) -> Secret:
        """Take the hash; an empty text is none."""
        from parvis.app.passwords import MalformedHash, parse

        text = self.text(value)
        if text:
            try:
                parse(text)
            except MalformedHash as malformed:
                raise Wrong(f"This hash cannot be used: {malformed}. Make one with `parvis hash-password`.") from None
        return Secret(text)


class Folder(Text):
    """The path of a folder or a file; an empty one is none."""

    def __init__(self, low: int = 0) -> None:
        """Set how short the path may be."""
        super().__init__(low, 4096, called="a path")

    def read(self, value: object) -> Path | None:
        """Take the path as it stands: relative ones are relative to where the server starts."""
        text = self.text(value)
        return Path(text) if text else None


class Choice(Reader):
    """One word of a closed list."""

    def __init__(self, words: type[StrEnum]) -> None:
        """Set the words."""
        self.words = words

    @property
    def expects(self) -> str:
        """Name the words."""
        quoted = [f'"{word}"' for word in self.words]
        return quoted[0] if len(quoted) == 1 else f"one of {', '.join(quoted)}"

    def read_environ(self, text: str) -> object:
        """Take the word as it stands."""
        return text

    def read(self, value: object) -> StrEnum:
        """Take the word."""
        if isinstance(value, str):
            for word in self.words:
                if word == value:
                    return word
        raise self.refuse(value, suggest(value, self.words))


class Span(Reader):
    """A length of time: a whole number and its unit, as in "90s", "15m", "1h", "7d". Kept in seconds."""

    def __init__(self, high_s: int) -> None:
        """Set the longest, in seconds."""
        self.high_s = high_s

    @property
    def expects(self) -> str:
        """Name the form and the limit."""
        return f'a length of time such as "90s", "15m", "1h" or "7d", at most "{write_span(self.high_s)}"'

    def read_environ(self, text: str) -> object:
        """Take the length as it stands."""
        return text

    def read(self, value: object) -> int:
        """Take the length, in seconds."""
        if not isinstance(value, str):
            raise self.refuse(value, "Write the unit, in quotes.")
        seconds = read_span(value)
        if seconds is None or seconds > self.high_s:
            raise self.refuse(value)
        return seconds


class Many(Reader):
    """A list, each of its parts read by one reader, none twice."""

    def __init__(self, part: Reader, *, low: int = 0, high: int = 64) -> None:
        """Set the reader of a part and how many there may be."""
        self.part, self.low, self.high = part, low, high

    @property
    def expects(self) -> str:
        """Name the part."""
        return f"a list of {self.low} to {self.high}, each {self.part.expects}"

    def read_environ(self, text: str) -> object:
        """Take a list of TOML, or plain words parted by commas."""
        if text.lstrip().startswith("["):
            return toml_value(text)
        return [word.strip() for word in text.split(",") if word.strip()]

    def read(self, value: object) -> tuple[object, ...]:
        """Take the parts in their order."""
        if not isinstance(value, list) or not self.low <= len(value) <= self.high:
            raise self.refuse(value)
        parts: list[object] = []
        wrong: list[tuple[int, str]] = []
        for number, given in enumerate(value):
            try:
                part = self.part.read(given)
            except Wrong as refused:
                wrong.append((number, str(refused)))
                continue
            if part in parts:
                wrong.append((number, f"This list names {shown(given)} twice. Leave one of them."))
            parts.append(part)
        if wrong:
            raise WrongParts(wrong)
        return tuple(parts)


class Host(Text):
    """An address to listen on, or a name that stands for one."""

    def __init__(self) -> None:
        """Set the limits of a name."""
        super().__init__(1, 253, shape=_HOST, called="an address such as 127.0.0.1, 0.0.0.0 or ::, or a host name")

    def read(self, value: object) -> str:
        """Take the host, addresses in their shortest form."""
        text = self.text(value)
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            pass
        if ":" in text or re.fullmatch(_NAME, text) is None or text.replace(".", "").isdigit():
            raise self.refuse(value)
        return text.lower()


class ServerName(Text):
    """A hostname with a dot, so that no client takes it for a nickname."""

    def __init__(self) -> None:
        """Set the limits of a name."""
        called = "a host name with a dot and no spaces, such as chat.example.org"
        super().__init__(3, SERVER_NAME_BYTES_MAX, called=called)

    def read(self, value: object) -> str:
        """Take the name."""
        text = self.text(value)
        if "." not in text or re.fullmatch(_NAME, text) is None:
            raise self.refuse(value)
        return text


class NetworkOf(Text):
    """An address or a network of addresses."""

    def __init__(self) -> None:
        """Set the limits of the text."""
        super().__init__(1, 64, called="an address or a network such as 192.0.2.7, 10.0.0.0/8 or fd00::/8")

    def read(self, value: object) -> Network:
        """Take the network."""
        text = self.text(value)
        try:
            return ipaddress.ip_network(text)
        except ValueError:
            pass
        try:
            masked = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise self.refuse(value) from None
        raise self.refuse(value, f'Bits are set behind its length: write "{masked}".')


class Origin(Text):
    """Where a page comes from, as a browser names it, or "*" for any."""

    def __init__(self) -> None:
        """Set the limits of the text."""
        super().__init__(1, 300, called='an origin such as https://chat.example.org, without a path, or "*"')

    def read(self, value: object) -> str:
        """Take the origin, in lower case as browsers send it."""
        text = self.text(value).lower()
        if text != "*" and re.fullmatch(_ORIGIN, text) is None:
            hint = "Leave out the slash at its end." if text.endswith("/") else ""
            raise self.refuse(value, hint)
        return text


_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_HOST: Final = r"[A-Za-z0-9.:%_-]+"
_ORIGIN: Final = r"[a-z][a-z0-9+.-]*://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
# Shapes are compiled when first used: a start without a file needs none of them.


def toml_value(text: str) -> object:
    """Read one value of TOML.

    Raises:
        ValueError: The text is none, or more than one.
    """
    try:
        tables = tomllib.loads(f"value = {text}")
    except RecursionError:
        raise ValueError("nesting is too deep") from None
    if len(tables) != 1:
        raise ValueError("text holds more than one value")
    return tables["value"]


def shown(value: object) -> str:
    """Write a wrong value so that a person finds it again: short, and without control characters."""
    match value:
        case str():
            text = value if len(value) <= SHOWN_CHARS_MAX else f"{value[:SHOWN_CHARS_MAX]}..."
            return '"' + text.encode("unicode_escape" if not text.isprintable() else "utf-8").decode() + '"'
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if abs(value) < 10**SHOWN_CHARS_MAX else "a very large number"
        case float():
            return f"the number {value}"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "a table"
        case _:
            return "a date or a time"


def suggest(given: object, known: Iterable[str]) -> str:
    """Ask whether the nearest of the known words was meant; "" if none is near."""
    import difflib  # here, since a configuration without mistakes does not need it

    if not isinstance(given, str):
        return ""
    near = difflib.get_close_matches(given, sorted(known), n=1, cutoff=0.6)
    return f'Did you mean "{near[0]}"?' if near else ""


def utf8_bytes(text: str) -> int:
    """Count the bytes of a text; -1 if it cannot be written as UTF-8, so that no limit takes it."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return -1
