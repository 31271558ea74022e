"""Names found by their look. Source: `model/looks.py`."""

from hypothesis import given
from hypothesis import strategies as st

from parvis.model.looks import Looks
from parvis.model.skeleton import looks, readings


def alike(wanted: str, *names: str) -> list[str]:
    """List those of some names that look like one."""
    index = Looks()
    for name in names:
        index.add(name)
    return sorted(set(index.alike(wanted, {name: name for name in names})))


def test_names_are_found_from_both_sides_of_ascii() -> None:
    """Wanted in ASCII and borne beyond it, the reverse, and both beyond it."""
    assert alike("evan", "еvan", "bob") == ["еvan"]
    assert alike("еvan", "evan", "bob") == ["evan"]
    assert alike("еvan", "ｅvan") == ["ｅvan"]
    assert alike("ИВАН", "иван") == ["иван"]
    assert alike("Zoe", "zoé") == ["zoé"]
    assert alike("Іllumіnatі", "illuminati") == ["illuminati"]


def test_two_names_in_ascii_are_never_alike() -> None:
    """Ordinary names stay usable. Source: `model/skeleton.py`, rule 1."""
    assert alike("Bill", "bi11", "biil") == []
    assert alike("modern", "rnodern") == []
    assert alike("bіll", "bi11") == alike("bi11", "bіll") == []


def test_what_is_dropped_is_found_no_more_and_leaves_the_others() -> None:
    """Of two names with one look, the other stays."""
    names = {"еvan": 1, "evаn": 2}
    index = Looks()
    for name in names:
        index.add(name)
        index.add(name)
    index.drop("еvan")
    assert list(index.alike("evan", names)) == [2]
    assert index
    index.drop("evаn")
    index.drop("evаn")
    assert not index
    assert list(index.alike("evan", names)) == []


names = st.text(st.sampled_from("ilo01abеоіӏаé"), min_size=1, max_size=6)


@given(names, names)
def test_it_finds_what_is_alike_whoever_came_first(one: str, other: str) -> None:
    """Alike is a matter of two names, not of their order. What is in ASCII in both stands for itself."""
    if one.isascii() and other.isascii():
        expected = False
    elif one.isascii() or other.isascii():
        plain, beyond = (one, other) if one.isascii() else (other, one)
        expected = plain in (readings(beyond) or (plain,))
    else:
        expected = bool(set(looks(one)) & set(looks(other)))
    assert bool(alike(one, other)) == bool(alike(other, one)) == expected
