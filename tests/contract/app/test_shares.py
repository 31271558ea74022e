"""Shares as words. Source: SLIP-0039; vectors/custody.json; docs/adr/0021-custodians-and-shares.md."""

import traceback
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST
from tests.unit.vectors import cases

from parvis.app import shares
from parvis.app.shares import SHARE_TEXT_MAX, SHARE_WORDS, BadShares, ShareFacts

SEED = bytes(range(32))
SPLIT = shares.split(SEED, 5, 3)


@pytest.mark.parametrize(**cases("custody.json", "shares"))
def test_shares_give_their_seed_back(case: dict[str, Any]) -> None:
    """What was handed out once opens for ever, whatever program splits today."""
    held = [each["words"] for each in case["shares"]]
    assert shares.combine(held[: case["threshold"]]).hex() == case["seed"]
    for each in case["shares"]:
        facts = ShareFacts(case["identifier"], each["index"], case["threshold"])
        assert shares.describe(each["words"]) == facts
        assert shares.check_of(bytes.fromhex(case["custodian"]), each["words"]).hex() == each["check"]


@pytest.mark.parametrize(**cases("custody.json", "slip39"))
def test_the_library_reads_the_official_shares(case: dict[str, Any]) -> None:
    """Its own vectors have a passphrase and rounds for it: they are shares, and none of a key of ours."""
    if case["secret"]:
        assert combine_mnemonics(case["words"], b"TREZOR").hex() == case["secret"]
    else:
        with pytest.raises(MnemonicError):
            combine_mnemonics(case["words"], b"TREZOR")
    for words in case["words"]:
        with pytest.raises(BadShares):
            shares.describe(words)


def test_any_enough_shares_give_the_seed_and_fewer_do_not() -> None:
    """In any order."""
    for some in combinations(SPLIT, 3):
        assert shares.combine(list(reversed(some))) == SEED
    for few in (SPLIT[:0], SPLIT[:1], SPLIT[:2], SPLIT[:4], [SPLIT[0], SPLIT[1], SPLIT[1]]):
        with pytest.raises(BadShares):
            shares.combine(few)


def test_shares_of_two_keys_do_not_mix() -> None:
    """Nor those of one key that was split twice."""
    others = shares.split(SEED, 5, 3)
    with pytest.raises(BadShares, match="not all of one key"):
        shares.combine([*SPLIT[:2], others[2]])


def test_a_share_that_was_made_up_is_found_out() -> None:
    """Its checksum is right and its value is not: the digest inside the secret tells."""
    real = Share.from_mnemonic(SPLIT[2])
    forged = Share(**{**vars(real), "value": bytes(32)}).mnemonic()
    assert shares.describe(forged) == shares.describe(SPLIT[2])
    assert shares.check_of(b"k" * 16, forged) != shares.check_of(b"k" * 16, SPLIT[2])
    with pytest.raises(BadShares, match="do not fit together"):
        shares.combine([*SPLIT[:2], forged])


def test_no_share_can_make_combining_slow() -> None:
    """Rounds for a passphrase, of which there may be hundreds of millions, are refused before any is done."""
    ((slow,),) = generate_mnemonics(1, [(1, 1)], SEED, iteration_exponent=1)
    for words in (slow, Share(**{**vars(Share.from_mnemonic(slow)), "iteration_exponent": 15}).mnemonic()):
        with pytest.raises(BadShares, match="something else"):
            shares.combine([words])


@pytest.mark.parametrize(
    ("given_text", "told"),
    [
        ("", "here are 0"),
        (SPLIT[0] + " academic", "here are 34"),
        ("x" * (SHARE_TEXT_MAX + 1), "far longer"),
        (SPLIT[0].replace(SPLIT[0].split()[6], "secretword"), "Word 7"),
    ],
)
def test_what_is_no_share_is_said_without_quoting_it(given_text: str, told: str) -> None:
    """Neither the text of the fault nor its way nor what it came from holds a word."""
    with pytest.raises(BadShares, match=told) as raised:
        shares.describe(given_text)
    shown = "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None
    assert "secretword" not in shown
    assert SPLIT[0].split()[7] not in str(raised.value)


def test_words_may_be_numbered_and_shouted() -> None:
    """As people write them."""
    written = "\n".join(f"{place}. {word.upper()}," for place, word in enumerate(SPLIT[1].split(), 1))
    assert shares.describe(written) == shares.describe(SPLIT[1])
    assert shares.check_of(b"k" * 16, written) == shares.check_of(b"k" * 16, SPLIT[1])


@given(st.binary(min_size=32, max_size=32), st.integers(2, 16), st.data())
@settings(max_examples=20, deadline=None)
def test_every_splitting_gives_its_seed_back(seed: bytes, count: int, data: st.DataObject) -> None:
    """From any shares, as many as are needed."""
    threshold = data.draw(st.integers(2, count))
    made = shares.split(seed, count, threshold)
    some = data.draw(st.permutations(made))[:threshold]
    assert shares.combine(some) == seed
    assert sorted(shares.describe(each).index for each in made) == list(range(1, count + 1))


@given(st.integers(0, 4), st.integers(0, SHARE_WORDS - 1), st.sampled_from(WORDLIST))
def test_one_wrong_word_is_always_found(which: int, place: int, word: str) -> None:
    """The checksum finds any three (SLIP-0039, "Checksum")."""
    words = SPLIT[which].split()
    if words[place] == word:
        return
    words[place] = word
    with pytest.raises(BadShares):
        shares.describe(" ".join(words))


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDLIST), min_size=30, max_size=36).map(" ".join)))
def test_any_text_is_a_share_or_is_said_to_be_none(given_text: str) -> None:
    """Nothing else comes out."""
    told = ""
    try:
        assert 1 <= shares.describe(given_text).index <= 16
    except BadShares as bad:
        told = str(bad)
    assert not told or told.endswith(".")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_only_a_seed_is_split(size: int) -> None:
    """And only as it can be."""
    with pytest.raises(ValueError, match="expected 32"):
        shares.split(bytes(size), 5, 3)
    with pytest.raises(ValueError, match="1 to 16"):
        shares.split(SEED, 17, 3)


def test_the_file_of_a_share_gives_its_words() -> None:
    """And any other text itself."""
    assert shares.words_of(f"Share 1 of 5.\n\n{SPLIT[0]}\n\nKeep it.\n") == SPLIT[0]
    assert shares.words_of("a few words") == "a few words"
