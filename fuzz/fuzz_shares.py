"""No pasted words make reading shares break, run long, quote themselves, or give a seed that is none."""

from mutation import run
from parvis.app.shares import BadShares, combine, describe, split, words_of

SEED = bytes(range(32))
SPLIT = split(SEED, 3, 2)
CORPUS = [each.encode() for each in (*SPLIT, "\n".join(SPLIT), SPLIT[0].upper(), f"Share 1.\n\n{SPLIT[0]}\n")]


def target(data: bytes) -> None:
    text = words_of(data.decode(errors="replace"))
    try:
        facts = describe(text)
        assert 1 <= facts.index <= 16
        assert 1 <= facts.threshold <= 16
        seed = combine([text, SPLIT[facts.index % 3]])
    except BadShares:
        return
    assert seed == SEED


if __name__ == "__main__":
    run("shares", CORPUS, target)
