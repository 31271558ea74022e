"""Guests and their tokens. Source: `chat/guests.py`, rules 1 to 3."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from parvis.chat.guests import DAY_MS, TOKEN_BYTES, TOKEN_MS, Guests
from parvis.model.guests import Guest
from parvis.model.ids import IdentityId
from parvis.model.kept import Keep, read

SECRET = bytes(32)


def one(number: int) -> IdentityId:
    """Give an identity."""
    return IdentityId(number.to_bytes(16, "big"))


def given_token(guests: Guests, number: int, now_ms: int = 0) -> str:
    """Make a token for a guest."""
    return guests.give_token(one(number), sha256(b"%d at %d" % (number, now_ms)).digest(), now_ms)[0]


def dropped(kept: list[Keep]) -> list[bytes]:
    """List what is kept no longer."""
    return [each.id for each in kept if each.value is None]


def test_a_token_proves_its_guest_and_nobody_else() -> None:
    """And nothing but its hash is kept. Source: rule 1."""
    guests = Guests(SECRET)
    token, kept = guests.give_token(one(1), bytes(TOKEN_BYTES), 0)
    assert guests.find(token, 0) == one(1)
    assert guests.find(token[:-1] + "B", 0) is None
    assert guests.find(token + "A", 0) is None
    assert guests.find("", 0) is None
    assert len(kept) == 1
    assert token.encode() not in (kept[0].value or b"")
    other = Guests(b"x" * 32)
    other.restore(read(kept[0], Guest))
    assert other.find(token, 0) is None, "another secret, another hash"
    again = Guests(SECRET)
    again.restore(read(kept[0], Guest))
    assert again.find(token, 0) == one(1)


def test_a_new_token_ends_the_old_one() -> None:
    """Source: rule 2."""
    guests = Guests(SECRET)
    old, new = given_token(guests, 1), given_token(guests, 1, 5)
    assert (guests.find(old, 5), guests.find(new, 5), len(guests)) == (None, one(1), 1)


def test_a_token_ends_when_it_is_not_used_for_thirty_days() -> None:
    """And is kept no longer once the sweep has come by. Source: rule 2; DESIGN, section 3."""
    guests = Guests(SECRET)
    token = given_token(guests, 1)
    assert guests.find(token, TOKEN_MS - 1) == one(1)
    assert guests.find(token, TOKEN_MS) is None
    assert dropped(guests.sweep(TOKEN_MS - 1)) == []
    assert dropped(guests.sweep(TOKEN_MS)) == [one(1)]
    assert (len(guests), one(1) in guests) == (0, False)


def test_using_a_token_renews_it_and_is_written_once_a_day() -> None:
    """The first time, and when a day has passed. Source: rule 2."""
    guests = Guests(SECRET)
    token = given_token(guests, 1)
    assert len(guests.use(one(1), 1000)) == 1
    assert guests.use(one(1), 1000 + DAY_MS - 1) == []
    assert len(guests.use(one(1), 1000 + DAY_MS)) == 1
    assert guests.find(token, TOKEN_MS + DAY_MS) == one(1)
    assert guests.use(one(2), 0) == []


def test_who_is_here_uses_their_token() -> None:
    """However long they stay. Source: rule 2."""
    guests = Guests(SECRET)
    token = given_token(guests, 1)
    guests.is_here(one(1), "alice")
    guests.is_here(one(2), "tokenless")
    assert guests.present() == [one(1)]
    assert len(guests.sweep(TOKEN_MS * 2)) == 1
    guests.has_left(one(1))
    assert guests.name_of(one(1)) == ""
    assert guests.find(token, TOKEN_MS * 3 - 1) == one(1)


def test_a_flood_of_newcomers_ends_its_own() -> None:
    """Who came back is dropped last, the one unused for longest first. Source: rule 3."""
    guests = Guests(SECRET, guests_max=3)
    regular = given_token(guests, 1)
    guests.use(one(1), 1)
    for number in range(2, 50):
        given_token(guests, number)
    assert len(guests) == 3
    assert guests.find(regular, 2) == one(1)
    assert (one(48) in guests, one(49) in guests) == (True, True)
    for number in (48, 49):
        guests.use(one(number), 2)
    _, kept = guests.give_token(one(50), bytes(TOKEN_BYTES), 3)
    assert dropped(kept) == [one(1)]


@given(
    st.lists(
        st.tuples(st.sampled_from("gulsh"), st.integers(1, 6), st.integers(0, 20 * DAY_MS)),
        max_size=40,
    )
)
def test_what_is_kept_is_what_is_known(steps: list[tuple[str, int, int]]) -> None:
    """Whatever happens, a restart knows the same guests. Source: ADR 7."""
    guests, rows, now_ms = Guests(SECRET, guests_max=4), dict[bytes, Keep](), 0
    for act, number, later_ms in steps:
        now_ms += later_ms
        kept: list[Keep] = []
        match act:
            case "g":
                kept = guests.give_token(one(number), sha256(b"%d %d" % (number, now_ms)).digest(), now_ms)[1]
            case "u":
                kept = guests.use(one(number), now_ms)
            case "l":
                guests.has_left(one(number))
            case "h":
                guests.is_here(one(number), "name")
            case _:
                kept = guests.sweep(now_ms)
        for each in kept:
            if each.value is None:
                del rows[each.id]
            else:
                rows[each.id] = each
        assert len(guests) == len(rows) <= 4
        assert all(each in guests for each in map(IdentityId, rows))
        assert set(guests.present()) <= set(rows)
