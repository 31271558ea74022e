"""Shares of a custodians' key as words: SLIP-39, one group, no passphrase, a seed of 32 bytes.

Rule 1: no fault quotes a word, and none keeps a fault of the library that does as its cause or context.
Rule 2: what is pasted is untrusted: bounded before it is read, and no share can make combining slow.

Source: SLIP-0039 (https://github.com/satoshilabs/slips/blob/master/slip-0039.md); vectors/custody.json;
docs/adr/0021-custodians-and-shares.md.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec
from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.wordlist import WORD_INDEX_MAP

from parvis.archive.custody import SEED_BYTES, SHARE_CHECK_BYTES, bad_split

SHARE_WORDS: Final = 33
"""Words of a share of a 256-bit seed (SLIP-0039, "Format of the share mnemonic")."""

SHARE_TEXT_MAX: Final = 1024
"""Most characters of one pasted share; ours: its words take 297 at most, and people number them."""

_CHECK_LABEL: Final = b"parvis custodian share v1"
_ITERATION_EXPONENT: Final = 0
"""There is no passphrase to protect: more rounds would cost time alone."""
_NO_WORD: Final = re.compile(r"[^a-z]+")


class BadShares(ValueError):
    """Words that are no share, or shares that do not make a seed. A whole sentence that quotes none of them."""


class ShareFacts(msgspec.Struct, frozen=True):
    """What a share says of itself."""

    identifier: int
    """15 random bits that all shares of one key have in common."""
    index: int
    """Which share it is, counted from 1."""
    threshold: int
    """How many of them are needed."""


def split(seed: bytes | bytearray, shares: int, threshold: int) -> list[str]:
    """Split a seed into so many shares, of which so many give it back; each is 33 words and a space between them.

    Raises:
        ValueError: The seed is not 32 bytes, or cannot be split so.
    """
    if len(seed) != SEED_BYTES:
        raise ValueError(f"seed is {len(seed)} bytes, expected {SEED_BYTES}")
    if wrong := bad_split(shares, threshold):
        raise ValueError(wrong)
    (group,) = generate_mnemonics(1, [(threshold, shares)], bytes(seed), iteration_exponent=_ITERATION_EXPONENT)
    return list(group)


def describe(words: str) -> ShareFacts:
    """Read what a share says of itself; letter case, numbers and punctuation between the words do not count.

    Raises:
        BadShares: It is no share of a key of ours, or a word is wrong.
    """
    share, _ = _read(words)
    return ShareFacts(share.identifier, share.index + 1, share.member_threshold)


def combine(words: Sequence[str]) -> bytearray:
    """Make the seed of shares, as many as are needed and no more; the caller wipes it.

    Raises:
        BadShares: One of them is no share, or they do not belong together, or are too few or too many.
    """
    read = [_read(each) for each in words]
    if not read:
        raise BadShares("There is no share.")
    first = read[0][0]
    if any(share.group_parameters() != first.group_parameters() for share, _ in read):
        raise BadShares("The shares are not all of one key.")
    if len({share.index for share, _ in read}) != len(read):
        raise BadShares("One share was given twice.")
    if len(read) != first.member_threshold:
        raise BadShares(f"{first.member_threshold} shares are needed, {len(read)} were given.")
    try:
        return bytearray(combine_mnemonics([text for _, text in read]))
    except MnemonicError:
        pass
    raise BadShares("The shares do not fit together: one of them is not what was handed out.")


def check_of(custodian: bytes, words: str) -> bytes:
    """Give the bytes by which a share is known again: a hash of its words and of the key it belongs to.

    The words hold 256 random bits, and fewer shares than are needed tell nothing of them: it helps nobody to guess.

    Raises:
        BadShares: It is no share.
    """
    _, text = _read(words)
    return sha256(_CHECK_LABEL + custodian + text.encode()).digest()[:SHARE_CHECK_BYTES]


def words_of(text: str) -> str:
    """Take the words out of the file of a share, which has them in one line; any other text is given back as it is."""
    lines = [line for line in text.splitlines() if len(line.split()) == SHARE_WORDS]
    return lines[0] if len(lines) == 1 else text


def words_in(text: str) -> list[str]:
    """Give the words of a text in lower case, without what stands between them."""
    return [word for word in _NO_WORD.split(text.lower()) if word]


def _read(text: str) -> tuple[Share, str]:
    """Read one share: what it says, and its words as they were handed out."""
    if len(text) > SHARE_TEXT_MAX:
        raise BadShares(f"A share has {SHARE_WORDS} words; this is far longer.")
    words = words_in(text)
    if len(words) != SHARE_WORDS:
        raise BadShares(f"A share has {SHARE_WORDS} words; here are {len(words)}.")
    for place, word in enumerate(words, 1):
        if word not in WORD_INDEX_MAP:
            raise BadShares(f"Word {place} is not one of the words that shares are made of.")
    share = _parsed(" ".join(words))
    if share is None:
        raise BadShares("The words do not fit together: at least one is wrong or in the wrong place.")
    if (share.group_count, share.iteration_exponent, share.extendable) != (1, _ITERATION_EXPONENT, True):
        raise BadShares("These words are a share of something else, not of a key of an archive.")
    return share, " ".join(words)


def _parsed(text: str) -> Share | None:
    """Read words of the list; None if they are no share. The library's faults quote words: none leaves this place."""
    try:
        return Share.from_mnemonic(text)
    except MnemonicError:
        return None
