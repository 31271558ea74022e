"""Hashes of passwords that stand in a configuration: ``$scrypt$ln=15,r=8,p=1$SALT$KEY``.

Salt and key are standard base64 without padding, the form passlib and others write for scrypt.
Pure: the salt comes in as an argument. `verify` and `make` take tens of milliseconds and as many
megabytes on purpose, so call them in a thread, never on the event loop.

Source: RFC 7914 (scrypt); PHC string format.
"""

import binascii
from typing import Final, NamedTuple

SALT_BYTES: Final = 16
"""Random bytes that a caller of `make` brings."""

SALT_BYTES_MAX: Final = 64
KEY_BYTES: Final = 32
KEY_BYTES_MIN: Final = 16
KEY_BYTES_MAX: Final = 64

COST_LOG2: Final = 15
"""2^15 rounds of 8 blocks take 32 MiB and about 60 ms."""

COST_LOG2_MIN: Final = 10
COST_LOG2_MAX: Final = 20
"""Bounds of the cost: below, a hash protects nobody; above, one OPER would take a gigabyte."""

BLOCKS: Final = 8
BLOCKS_MAX: Final = 16
LANES_MAX: Final = 4
ENCODED_CHARS_MAX: Final = 256
"""Longest text that is looked at as a hash."""

MEMORY_BYTES_MAX: Final = 1 << 28
"""Most memory that checking one password may take: 256 MiB."""


class MalformedHash(ValueError):
    """The text is no password hash that we can check. The message never shows it."""


class Scrypt(NamedTuple):
    """A parsed hash."""

    cost_log2: int
    blocks: int
    lanes: int
    salt: bytes
    key: bytes

    def __repr__(self) -> str:
        """Name the scheme alone: salt and key stay out of logs."""
        return "Scrypt(...)"


def parse(encoded: str) -> Scrypt:
    """Read a hash.

    Raises:
        MalformedHash: The scheme is unknown, a part is missing, or a parameter is out of bounds.
    """
    if len(encoded) > ENCODED_CHARS_MAX:
        raise MalformedHash(f"it is {len(encoded)} characters, limit is {ENCODED_CHARS_MAX}")
    parts = encoded.split("$")
    if len(parts) < 2 or parts[0]:
        raise MalformedHash("it does not begin with $scrypt$")
    if parts[1] != "scrypt":
        raise MalformedHash("its scheme is unknown; the scheme we check is $scrypt$")
    if len(parts) != 5:
        raise MalformedHash("it does not have the five parts of $scrypt$ln=15,r=8,p=1$SALT$KEY")
    cost_log2, blocks, lanes = _parameters(parts[2])
    if not COST_LOG2_MIN <= cost_log2 <= COST_LOG2_MAX:
        raise MalformedHash(f"ln is {cost_log2}, limits are {COST_LOG2_MIN} and {COST_LOG2_MAX}")
    if not 1 <= blocks <= BLOCKS_MAX:
        raise MalformedHash(f"r is {blocks}, limits are 1 and {BLOCKS_MAX}")
    if not 1 <= lanes <= LANES_MAX:
        raise MalformedHash(f"p is {lanes}, limits are 1 and {LANES_MAX}")
    if 128 * blocks * (1 << cost_log2) > MEMORY_BYTES_MAX:
        raise MalformedHash(f"ln and r together take more than {MEMORY_BYTES_MAX} bytes of memory")
    salt, key = _bytes(parts[3], "salt"), _bytes(parts[4], "key")
    if not 1 <= len(salt) <= SALT_BYTES_MAX:
        raise MalformedHash(f"salt is {len(salt)} bytes, limits are 1 and {SALT_BYTES_MAX}")
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise MalformedHash(f"key is {len(key)} bytes, limits are {KEY_BYTES_MIN} and {KEY_BYTES_MAX}")
    return Scrypt(cost_log2, blocks, lanes, salt, key)


def verify(password: str, encoded: str) -> bool:
    """Tell whether the password is the one that was hashed, in constant time for one hash.

    Raises:
        MalformedHash: See `parse`.
    """
    import hmac  # here, so that a start that checks no password does not pay for it

    known = parse(encoded)
    return hmac.compare_digest(_derive(password, known), known.key)


def equal(given: str, known: str) -> bool:
    """Compare two passwords that are not hashed, in constant time for two of one length."""
    import hmac

    return hmac.compare_digest(given.encode(), known.encode())


def make(password: str, salt: bytes) -> str:
    """Hash a password with `SALT_BYTES` random bytes as salt, for ``operators[N].password_hash``."""
    key = _derive(password, Scrypt(COST_LOG2, BLOCKS, 1, salt, bytes(KEY_BYTES)))
    return f"$scrypt$ln={COST_LOG2},r={BLOCKS},p=1${_text(salt)}${_text(key)}"


def _derive(password: str, like: Scrypt) -> bytes:
    """Derive a key as long as that of a hash, with its salt and parameters."""
    import hashlib  # as above

    return hashlib.scrypt(
        password.encode(),
        salt=like.salt,
        n=1 << like.cost_log2,
        r=like.blocks,
        p=like.lanes,
        maxmem=MEMORY_BYTES_MAX * 2,
        dklen=len(like.key),
    )


def _parameters(text: str) -> tuple[int, int, int]:
    pairs = [pair.split("=", 1) for pair in text.split(",")]
    values = {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isascii() and pair[1].isdigit()}
    if len(pairs) != 3 or values.keys() != {"ln", "r", "p"}:
        raise MalformedHash("its parameters are not of the form ln=15,r=8,p=1")
    return values["ln"], values["r"], values["p"]


def _bytes(text: str, what: str) -> bytes:
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError:
        # The cause would quote nothing of the text, but a secret's traceback is not worth keeping.
        raise MalformedHash(f"its {what} is not base64 without padding") from None


def _text(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode().rstrip("=")
