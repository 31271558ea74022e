"""Messages of several lines: how they are gathered, written down once, and shown.

A message of several lines is one body: `:prefix PRIVMSG target :text`, where LF in the text begins a new line, and CR
stands where the sender's client cut a line that was too long and readers join it again (`draft/multiline-concat`). No
line of the protocol can hold either byte, so that every text is read in one way (docs/adr/0017).

Source: IRCv3 draft/multiline; draft/client-batch.
"""

from enum import StrEnum
from typing import Final

import msgspec

from parvis.irc.capabilities import MULTILINE
from parvis.irc.casemapping import fold
from parvis.irc.tags import Tags
from parvis.irc.wire import frame, tag_data

BATCH_TYPE: Final = "draft/multiline"
CONCAT_TAG: Final = "draft/multiline-concat"
NEW_LINE: Final = "\n"
CONTINUED: Final = "\r"
REFERENCE_BYTES_MAX: Final = 64
"""Most bytes of a batch's reference; ours."""

_COMMANDS: Final = frozenset({"PRIVMSG", "NOTICE"})


class Piece(msgspec.Struct, frozen=True):
    """One line of a message as it was sent."""

    text: str
    joins: bool = False
    """It goes on where the line before it was cut."""

    def __repr__(self) -> str:
        """Give sizes alone: texts stay out of logs."""
        return f"Piece({len(self.text)} characters)"


class Fault(StrEnum):
    """Every way in which a multiline batch can be wrong, by the code of its FAIL."""

    MAX_BYTES = "MULTILINE_MAX_BYTES"
    MAX_LINES = "MULTILINE_MAX_LINES"
    INVALID_TARGET = "MULTILINE_INVALID_TARGET"
    INVALID = "MULTILINE_INVALID"


class Invalid(Exception):
    """A batch is wrong. The caller answers FAIL BATCH and forgets what was gathered."""

    def __init__(self, fault: Fault, told: str) -> None:
        """Say what is wrong in words for the sender, never in theirs."""
        super().__init__(told)
        self.fault = fault
        self.told = told


class Gathering:
    """The lines of one batch, from its opening to its end. Bounded by the limits it is given."""

    __slots__ = ("_bytes", "_bytes_max", "_lines_max", "command", "pieces", "reference", "tags", "target")

    def __init__(self, reference: str, target: str, tags: Tags, bytes_max: int, lines_max: int) -> None:
        """Open a batch.

        Args:
            reference: What the client calls it.
            target: Whom the message is for.
            tags: The tags of the opening line.
            bytes_max: Most bytes of the text, line feeds included.
            lines_max: Most lines.
        """
        self.reference = reference
        self.target = target
        self.tags = tags
        self.command = ""
        """PRIVMSG or NOTICE; empty before the first line."""
        self.pieces: list[Piece] = []
        self._bytes = 0
        self._bytes_max = bytes_max
        self._lines_max = lines_max

    def add(self, command: str, tags: Tags, params: list[str]) -> None:
        """Take in a line.

        Raises:
            Invalid: It does not belong there, or makes the message too large; the batch is not to be used any more.
        """
        if tags.get("batch") != self.reference:
            raise Invalid(Fault.INVALID, "A line named another batch than the open one.")
        if command not in _COMMANDS or len(params) < 2:
            raise Invalid(Fault.INVALID, "A multiline message holds PRIVMSG or NOTICE lines.")
        if self.command and command != self.command:
            raise Invalid(Fault.INVALID, "A multiline message is all PRIVMSG or all NOTICE.")
        if any(key.startswith("+") for key in tags):
            raise Invalid(Fault.INVALID, "Tags of a multiline message stand on its BATCH.")
        target, text = params[0], params[1]
        if fold(target) != fold(self.target):
            raise Invalid(Fault.INVALID_TARGET, "A line is for another target than its batch.")
        joins = CONCAT_TAG in tags
        if joins and not text:
            raise Invalid(Fault.INVALID, "A blank line cannot continue another.")
        self.command = command
        joins = joins and bool(self.pieces)
        self._bytes += len(text.encode()) + (1 if self.pieces and not joins else 0)
        if self._bytes > self._bytes_max:
            raise Invalid(Fault.MAX_BYTES, f"A multiline message has at most {self._bytes_max} bytes.")
        if len(self.pieces) >= self._lines_max:
            raise Invalid(Fault.MAX_LINES, f"A multiline message has at most {self._lines_max} lines.")
        self.pieces.append(Piece(text, joins))

    def text(self) -> str:
        """Give the whole message in its canonical form.

        Raises:
            Invalid: It holds no line, or blank ones alone.
        """
        if not any(piece.text for piece in self.pieces):
            raise Invalid(Fault.INVALID, "A multiline message needs a line that is not blank.")
        return join(self.pieces)


def is_reference(word: str) -> bool:
    """Tell whether a word can name a batch: letters, digits and hyphens (IRCv3 batch)."""
    return 0 < len(word) <= REFERENCE_BYTES_MAX and word.isascii() and word.replace("-", "a").isalnum()


def join(pieces: list[Piece]) -> str:
    """Write lines as one text: LF in front of a new line, CR in front of one that continues. Undone by `split`."""
    text = "".join((CONTINUED if piece.joins else NEW_LINE) + piece.text for piece in pieces)
    return text[1:]


def split(text: str) -> list[Piece]:
    """Read a text that `join` wrote; one without LF and CR is one line."""
    pieces: list[Piece] = []
    for line in text.split(NEW_LINE):
        first, *others = line.split(CONTINUED)
        pieces.append(Piece(first))
        pieces += [Piece(other, joins=True) for other in others]
    return pieces


def value(text: str) -> str:
    """Give the message as people read it: lines parted by LF, what was cut joined again."""
    return text.replace(CONTINUED, "")


def longest(text: str) -> int:
    """Give the bytes of the longest line of a text."""
    return max(len(piece.text.encode()) for piece in split(text))


def lines(
    signature: int,
    body: bytes,
    time_ms: int,
    message_id: str,
    client_tags: str,
    account: str = "",
    is_staff: bool = False,
) -> list[tuple[str, bytes]]:
    """Give the lines in which a reader with this signature gets a message of several lines: tags, and body of each.

    Who knows multiline gets a batch, whose opening carries the tags; everybody else each line that is not blank, the
    first with the message's id.
    """
    prefix, command, target, text = body.decode().split(" ", 3)
    pieces = split(text[1:])
    head = f"{prefix} {command} {target} :"
    tags = tag_data(signature, time_ms, message_id, client_tags, account, is_staff)
    if not signature & MULTILINE:
        later = tag_data(signature, time_ms, "", client_tags, account, is_staff)
        shown = [(head + piece.text).encode() for piece in pieces if piece.text]
        return [(tags if at == 0 else later, line) for at, line in enumerate(shown)]
    # Random as the message's id is, and of letters, digits and hyphens alone.
    reference = f"M{message_id[:12].replace('_', '-')}"
    inside = f"batch={reference}"
    return [
        (tags, f"{prefix} BATCH +{reference} {BATCH_TYPE} {target}".encode()),
        *[(f"{inside};{CONCAT_TAG}" if piece.joins else inside, (head + piece.text).encode()) for piece in pieces],
        ("", f"{prefix} BATCH -{reference}".encode()),
    ]


def render(
    signature: int,
    body: bytes,
    time_ms: int,
    message_id: str,
    client_tags: str,
    account: str = "",
    is_staff: bool = False,
    label_tag: str = "",
) -> bytes:
    """Write a message of several lines as a client with this signature gets it; a label stands on its first line."""
    written = lines(signature, body, time_ms, message_id, client_tags, account, is_staff)
    if label_tag:
        tags, first = written[0]
        written[0] = (f"{label_tag};{tags}" if tags else label_tag, first)
    return b"".join([frame(b"@%b %b" % (tags.encode(), line) if tags else line, signature) for tags, line in written])
