"""WebSocket frames, seen from the server: bytes in, messages out, without I/O.

This is on the chat's path, so it is functions over bytes: a connection at rest holds what is left of its last
read (nearly always nothing) and None. Every limit is checked on the first bytes that show it, before the
payload arrives.

Source: RFC 6455, sections 5, 7.4 and 8.1.
"""

from typing import Final, NamedTuple

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

CONTROL_BYTES_MAX: Final = 125
"""Longest payload of a control frame (RFC 6455, section 5.5)."""

MESSAGE_BYTES_MAX: Final = 16384
"""Longest message, its fragments together: the default of `[limits] read_queue_bytes`, well above the longest
line (8191 bytes of tags and 512 of body), so that a line too long is answered and not cut off."""

HEAD_BYTES_MAX: Final = 14
"""Longest frame head: two bytes, eight of length, four of mask (section 5.2)."""

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
NOT_UTF8: Final = 1007
TOO_BIG: Final = 1009


class ProtocolError(Exception):
    """The peer broke the protocol: send a close frame with `close_code`, then close. Carries nothing it
    sent, but for `messages`: what the same buffer held before the mistake, in order."""

    def __init__(self, close_code: int, why: str) -> None:
        super().__init__(why)
        self.close_code = close_code
        self.messages: list[tuple[int, bytes]] = []


class Partial(NamedTuple):
    """A fragmented message that is not whole yet."""

    opcode: int
    payload: bytearray


class Split(NamedTuple):
    """What a buffer held."""

    messages: list[tuple[int, bytes]]
    """Opcode and unmasked payload of whole messages and of control frames, in order; CLOSE can only be the
    last."""
    rest: bytes
    """The start of a frame that is not whole; give it back in front of what arrives next."""
    partial: Partial | None
    """Give it back with the next call."""
    fragments: int = 0
    """Frames that made no message whole: work that no message shows."""


def build_frame(opcode: int, payload: bytes) -> bytes:
    """Make one whole unmasked frame, as a server sends it. Control payloads are the caller's to keep
    short."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, length)) + payload
    if length < 65536:
        return bytes((0x80 | opcode, 126, length >> 8, length & 0xFF)) + payload
    return bytes((0x80 | opcode, 127)) + length.to_bytes(8) + payload


def build_close(code: int, reason: str = "") -> bytes:
    """Make a close frame; a reason too long is cut at a character."""
    said = reason.encode()[: CONTROL_BYTES_MAX - 2].decode(errors="ignore").encode()
    return build_frame(CLOSE, code.to_bytes(2) + said)


def unmask(payload: bytes, mask: bytes) -> bytes:
    """Apply a mask of four bytes; twice gives the payload back. Chosen by bench/net/frames.py."""
    length = len(payload)
    repeated = int.from_bytes((mask * (length + 3 >> 2))[:length], "little")
    return (int.from_bytes(payload, "little") ^ repeated).to_bytes(length, "little")


def split_frames(buffer: bytes, partial: Partial | None = None, message_bytes_max: int = MESSAGE_BYTES_MAX) -> Split:
    """Take every whole frame off the front of a buffer of masked frames from a client.

    Args:
        buffer: The `rest` of the last call and what has arrived since.
        partial: That of the last call.
        message_bytes_max: Longest message, its fragments together.

    Returns:
        The messages, and what to give back with the next call. Bytes after a close frame are dropped.

    Raises:
        ProtocolError: The peer broke a rule; it carries the messages of the same buffer before that.
    """
    messages: list[tuple[int, bytes]] = []
    end = len(buffer)
    at = 0
    fragments = 0
    try:
        while end - at >= 2:
            first = buffer[at]
            length = buffer[at + 1] - 0x80
            if length < 0:
                raise ProtocolError(PROTOCOL_ERROR, "frame is not masked")
            if first & 0x70:
                raise ProtocolError(PROTOCOL_ERROR, "frame uses a reserved bit")
            opcode = first & 0x0F
            if opcode >= CLOSE and (length > CONTROL_BYTES_MAX or first < 0x80):
                raise ProtocolError(PROTOCOL_ERROR, "control frame is too long or fragmented")
            mask_at = at + 2
            if length == 126:
                mask_at = at + 4
                if end < mask_at:
                    break
                length = buffer[at + 2] << 8 | buffer[at + 3]
                if length < 126:
                    raise ProtocolError(PROTOCOL_ERROR, "frame length is not minimal")
            elif length == 127:
                mask_at = at + 10
                if end < mask_at:
                    break
                length = int.from_bytes(buffer[at + 2 : mask_at])
                if length < 65536 or length >> 63:
                    raise ProtocolError(PROTOCOL_ERROR, "frame length is not minimal")
            if length > message_bytes_max:
                raise ProtocolError(TOO_BIG, f"frame is {length} bytes, limit is {message_bytes_max}")
            payload_at = mask_at + 4
            next_at = payload_at + length
            if end < next_at:
                break
            # The expression of `unmask`, written out: a call here costs a tenth of the whole function.
            mask = buffer[mask_at:payload_at]
            repeated = int.from_bytes((mask * (length + 3 >> 2))[:length], "little")
            payload = (int.from_bytes(buffer[payload_at:next_at], "little") ^ repeated).to_bytes(length, "little")
            at = next_at
            if first == 0x81:
                if partial is not None:
                    raise ProtocolError(PROTOCOL_ERROR, "message begins inside a fragmented one")
                if not payload.isascii():
                    _check_utf8(payload)
                messages.append((TEXT, payload))
            elif opcode >= CLOSE:
                if opcode > PONG:
                    raise ProtocolError(PROTOCOL_ERROR, "frame has an unknown opcode")
                messages.append((opcode, payload))
                if opcode == CLOSE:
                    _check_close(payload)
                    return Split(messages, b"", None, fragments)
            else:
                partial, whole = _joined(partial, first, payload, message_bytes_max)
                if whole is not None:
                    messages.append(whole)
                else:
                    fragments += 1
    except ProtocolError as error:
        error.messages = messages
        raise
    return Split(messages, buffer[at:], partial, fragments)


def _joined(
    partial: Partial | None, first: int, payload: bytes, message_bytes_max: int
) -> tuple[Partial | None, tuple[int, bytes] | None]:
    """Add one data frame to the message it belongs to; give the message once it is whole."""
    opcode = first & 0x0F
    if opcode > BINARY:
        raise ProtocolError(PROTOCOL_ERROR, "frame has an unknown opcode")
    if opcode == CONTINUATION:
        if partial is None:
            raise ProtocolError(PROTOCOL_ERROR, "continuation without a message")
        together = len(partial.payload) + len(payload)
        if together > message_bytes_max:
            raise ProtocolError(TOO_BIG, f"message is over {message_bytes_max} bytes")
        partial.payload.extend(payload)
    elif partial is not None:
        raise ProtocolError(PROTOCOL_ERROR, "message begins inside a fragmented one")
    else:
        partial = Partial(opcode, bytearray(payload))
    if first < 0x80:
        return partial, None
    whole = bytes(partial.payload)
    if partial.opcode == TEXT:
        _check_utf8(whole)
    return None, (partial.opcode, whole)


def _check_utf8(payload: bytes) -> None:
    """Section 8.1: text that is not UTF-8 fails the connection."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise ProtocolError(NOT_UTF8, "text is not UTF-8") from None


def _check_close(payload: bytes) -> None:
    """Sections 5.5.1 and 7.4: nothing, or a code that may be sent and a reason in UTF-8."""
    if not payload:
        return
    code = int.from_bytes(payload[:2])
    if len(payload) == 1 or not (code in _CLOSE_CODES or 3000 <= code < 5000):
        raise ProtocolError(PROTOCOL_ERROR, "close frame has no valid code")
    _check_utf8(payload[2:])


_CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
"""Codes that may stand in a close frame: section 7.4.1 and the IANA registry."""


def close_code(payload: bytes) -> int | None:
    """Read the code of a close frame's payload, None where it has none."""
    return int.from_bytes(payload[:2]) if len(payload) >= 2 else None
