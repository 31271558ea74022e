"""No text makes the search for look-alikes break, run long, or contradict itself."""

from mutation import run
from parvis.model.looks import Looks
from parvis.model.skeleton import READINGS_MAX, looks, readings, skeleton

CORPUS = [
    "еvan",
    "ІӏӀооООо0",
    "Zoé Łøßæ ﬁ Ⅳ ㎏ ﷺ",
    "a\u0301\u0336\u0e34\u200b\u00ad\u202e",
    "が한국어नि日本",
    "\U0001d4ee\U000e0101\ufffd\uffff",
]


def target(data: bytes) -> None:
    text = data[:200].decode(errors="replace")
    for name in (text, text[:16]):
        once = skeleton(name)
        assert skeleton(once) == once
        assert 1 <= len(looks(name)) <= 2
        found = readings(name)
        assert found is None or len(found) <= READINGS_MAX * 2
        assert all(reading.isascii() for reading in found or ())
        index = Looks()
        index.add(name)
        index.drop(name)
        assert not list(index.alike(name, {name: name}))


if __name__ == "__main__":
    run("skeleton", [text.encode() for text in CORPUS], target)
