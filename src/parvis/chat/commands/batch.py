"""BATCH: send one message of many lines.

A batch is answered once, under the label of its opening: by the message's echo, an ACK, or one FAIL, after which
everything of it that still comes is ignored until it is closed. Source: IRCv3 draft/multiline; draft/client-batch.
"""

from typing import Final

from parvis.chat.client import Client
from parvis.chat.commands import privmsg
from parvis.chat.open_batch import OpenBatch
from parvis.chat.service import Chat
from parvis.irc import multiline
from parvis.irc.capabilities import MULTILINE
from parvis.irc.line import Line
from parvis.irc.wire import middle

OPEN_S: Final = 30.0
"""How long a batch may stay open while nothing of it comes; ours."""

_BESIDE: Final = frozenset({"PING", "PONG", "QUIT"})
"""Commands that may come while a batch is open: they are no part of the conversation."""


def run(chat: Chat, connection: Client, line: Line) -> None:
    """Open a batch, or close it and deliver its message."""
    sign, reference = line.params[0][:1], line.params[0][1:]
    if sign == "+":
        _open(chat, connection, line, reference)
    elif sign == "-":
        _close(chat, connection, reference)
    else:
        _fail(chat, multiline.Fault.INVALID, "BATCH takes +reference to open or -reference to close.")


def takes(chat: Chat, connection: Client, line: Line) -> bool:
    """Take a line that belongs to a batch; tell whether it was one. Any other ends a batch that is open."""
    named = line.tags.get("batch")
    opened = chat.open_batches.get(connection)
    if named is None:
        if opened is not None and line.command != "BATCH" and line.command not in _BESIDE:
            _refuse(chat, connection, opened, multiline.Fault.INVALID, f"{line.command[:32]} came before its end.")
            del chat.open_batches[connection]
        return False
    if connection.greeting is not None or not connection.signature & MULTILINE:
        return False
    if opened is None or (opened.gathering is None and opened.reference != named):
        _fail(chat, multiline.Fault.INVALID, "No batch of that name is open: the line was not delivered.")
        return True
    opened.heard_s = chat.clock.steady_s()
    if opened.gathering is not None:
        try:
            opened.gathering.add(line.command, line.tags, line.params)
        except multiline.Invalid as invalid:
            context = _context(chat, invalid.fault, opened.gathering.target, line.params[0] if line.params else "*")
            _refuse(chat, connection, opened, invalid.fault, *context, invalid.told)
    return True


def misses(chat: Chat, connection: Client) -> None:
    """Refuse a connection's open batch because a line was not readable: a message with a gap is not what was meant."""
    opened = chat.open_batches.get(connection)
    if opened is not None:
        chat.end_answer()
        _refuse(chat, connection, opened, multiline.Fault.INVALID, "A line of it could not be read.")


def sweep(chat: Chat, now_s: float) -> None:
    """Refuse the batches that were left open for too long (IRCv3 draft/client-batch, TIMEOUT)."""
    for connection, opened in list(chat.open_batches.items()):
        if opened.gathering is not None and now_s - opened.heard_s > OPEN_S:
            chat.begin(connection, None)
            _refuse(
                chat, connection, opened, "TIMEOUT", opened.reference, "It was left open too long. Send it again whole."
            )
            chat.end_answer()


def _open(chat: Chat, connection: Client, line: Line, reference: str) -> None:
    before = chat.open_batches.pop(connection, None)
    if before is not None:
        _refuse(chat, connection, before, multiline.Fault.INVALID, "Another was opened before its end.")
    if not connection.signature & MULTILINE:
        _fail(chat, multiline.Fault.INVALID, "Ask for the capabilities batch and draft/multiline first.")
        return
    if not multiline.is_reference(reference):
        _fail(chat, multiline.Fault.INVALID, "A reference is made of letters, digits and hyphens.")
        return
    now_s = chat.clock.steady_s()
    opened = chat.open_batches[connection] = OpenBatch(reference, None, now_s, None)
    kind = line.params[1] if len(line.params) > 1 else ""
    if kind != multiline.BATCH_TYPE:
        chat.fail("BATCH", "UNKNOWN_TYPE", middle(kind), "Clients may send draft/multiline batches alone.")
        return
    target = line.params[2] if len(line.params) == 3 else ""
    if not target or "," in target or " " in target:
        _fail(chat, multiline.Fault.INVALID, "A multiline message has one target.")
        return
    settings = chat.settings
    opened.gathering = multiline.Gathering(
        reference, target, line.tags, settings.multiline_bytes, settings.multiline_lines
    )
    opened.label = chat.label
    # Answered at its end.
    chat.echoed()


def _close(chat: Chat, connection: Client, reference: str) -> None:
    opened = chat.open_batches.get(connection)
    if opened is None or opened.reference != reference:
        _fail(chat, multiline.Fault.INVALID, "No batch of that name is open.")
        return
    del chat.open_batches[connection]
    gathering = opened.gathering
    if gathering is None:
        return
    if opened.label is not None:
        # A label of the closing line itself is acknowledged; the message is answered under that of the opening.
        chat.end_answer()
        chat.begin(connection, opened.label)
    try:
        text = gathering.text()
    except multiline.Invalid as invalid:
        _fail(chat, invalid.fault, invalid.told)
        return
    privmsg.gathered(chat, connection.person, Line(gathering.tags, gathering.command, [gathering.target, text]))


def _refuse(chat: Chat, connection: Client, opened: OpenBatch, code: str, *context_and_text: str) -> None:
    """Answer a batch with FAIL, under its label, and forget its lines; one that was refused before says no more."""
    if opened.gathering is None:
        return
    opened.gathering = None
    of_line = chat.label
    chat.begin(connection, opened.label)
    opened.label = None
    _fail(chat, code, *context_and_text)
    chat.end_answer()
    chat.begin(connection, of_line)


def _fail(chat: Chat, code: str, *context_and_text: str) -> None:
    *context, told = context_and_text
    chat.fail("BATCH", code, *context, f"This multiline message was not delivered: {told}")


def _context(chat: Chat, fault: multiline.Fault, target: str, given: str) -> tuple[str, ...]:
    match fault:
        case multiline.Fault.MAX_BYTES:
            return (str(chat.settings.multiline_bytes),)
        case multiline.Fault.MAX_LINES:
            return (str(chat.settings.multiline_lines),)
        case multiline.Fault.INVALID_TARGET:
            return (middle(target), middle(given))
        case multiline.Fault.INVALID:
            return ()
