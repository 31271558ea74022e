"""Whom a sanction names, and what they read. Source: docs/adr/0019-sanctions-of-the-server.md; DESIGN, promise 3."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wording import said

from parvis.model.ids import IdentityId
from parvis.model.sanctions import BanKind, ServerBan, Target, TargetKind
from parvis.model.verdicts import ACCEPTED, Ground, Refused
from parvis.policy.sanctions import (
    REASON_BYTES_MAX,
    Index,
    Newcomer,
    be_here,
    decide,
    own_sanction,
    parse_span,
    parse_target,
)

NOON_MS = 1_800_000_000_000
ACCOUNT = IdentityId(b"a" * 16)


def a_ban(text: str, kind: BanKind = BanKind.BAN, reason: str = "spam", account: IdentityId | None = None) -> ServerBan:
    """Make one that ends in an hour."""
    target = parse_target(text)
    assert target is not None
    return ServerBan(
        id=bytes(range(16)),
        kind=kind,
        target=target,
        account=account,
        reason=reason,
        by="ada",
        made_at_ms=NOON_MS,
        ends_at_ms=NOON_MS + 3_600_000,
    )


def somebody(
    address: str = "203.0.113.7", mask: str = "Nick!~user@cloak.guest", account: IdentityId | None = None
) -> Newcomer:
    """Make somebody who comes from an address."""
    return Newcomer(address, ("cloak.guest",), mask, account)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ip:203.0.113.7", "203.0.113.7/32"),
        ("IP:203.0.113.7/24", "203.0.113.0/24"),
        ("ip:2001:db8::1", "2001:db8::/64"),
        ("ip:2001:db8::/48", "2001:db8::/48"),
        ("ip:::ffff:203.0.113.7", "203.0.113.7/32"),
        ("ip:::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("host:ABCD.guest", "abcd"),
        ("mask:nick", "nick!*@*"),
        ("mask:*@cloak.guest", "*!*@cloak.guest"),
        ("account:Camille", "Camille"),
    ],
)
def test_a_target_has_one_way_of_writing(text: str, value: str) -> None:
    """IPv6 by /64 at least: none of a subscriber's addresses is named alone."""
    target = parse_target(text)
    assert target is not None
    assert target.value == value


@pytest.mark.parametrize(
    "text",
    ["", "ip", "ip:", "203.0.113.7", "ip:host.example", "ip:1.2.3.4/33", "nick:a", "host:a*b", "mask:" + "x" * 300],
)
def test_what_names_nobody_is_none(text: str) -> None:
    """The command answers it."""
    assert parse_target(text) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    """Whatever staff type."""
    for word in ("", "ip:", "mask:", "host:", "account:"):
        target = parse_target(word + text)
        assert target is None or parse_target(f"{target.kind}:{target.value}") == target
    span_s = parse_span(text)
    assert span_s is None or span_s > 0


@pytest.mark.parametrize(
    ("text", "span_s"),
    [("30m", 1800), ("12H", 43_200), ("7d", 604_800), ("2w", 1_209_600), ("0m", None), ("7", None), ("forever", None)],
)
def test_lengths_of_time(text: str, span_s: int | None) -> None:
    """There is no for ever."""
    assert parse_span(text) == span_s


@pytest.mark.parametrize(
    ("text", "newcomer", "is_named"),
    [
        ("ip:203.0.113.7", somebody(), True),
        ("ip:203.0.113.0/24", somebody(), True),
        ("ip:203.0.113.8", somebody(), False),
        ("ip:203.0.113.7", somebody("2001:db8::7"), False),
        ("ip:2001:db8::1", somebody("2001:db8::ffff"), True),
        ("ip:2001:db8::1", somebody("2001:db8:0:1::1"), False),
        ("ip:203.0.113.7", somebody("not an address"), False),
        ("host:cloak.guest", somebody(), True),
        ("host:cloak.member", somebody(), True),
        ("host:cloak", somebody(), True),
        ("host:other.guest", somebody(), False),
        ("mask:nick!*@*", somebody(), True),
        ("mask:*!~USER@*", somebody(), True),
        ("mask:nick!*@*", somebody(mask=""), False),
        ("mask:other!*@*", somebody(), False),
    ],
)
def test_whom_one_names(text: str, newcomer: Newcomer, is_named: bool) -> None:
    """By address, network, cloak or mask; before somebody has said who they are, no mask names them."""
    found = Index((a_ban(text),)).find(newcomer, NOON_MS)
    assert (found is not None) is is_named


def test_an_account_is_named_by_its_id() -> None:
    """Its name may be somebody else's one day."""
    index = Index((a_ban("account:camille", account=ACCOUNT),))
    assert index.find(somebody(account=ACCOUNT), NOON_MS) is not None
    assert index.find(somebody(account=IdentityId(b"b" * 16)), NOON_MS) is None
    assert index.find(somebody(), NOON_MS) is None


def test_one_that_has_ended_names_nobody() -> None:
    """To the millisecond."""
    ban = a_ban("ip:203.0.113.7")
    assert Index((ban,)).find(somebody(), ban.ends_at_ms - 1) is ban
    assert Index((ban,)).find(somebody(), ban.ends_at_ms) is None


def test_an_account_is_asked_of_guests_once_they_have_said_who_they_are() -> None:
    """At the door they may still log in."""
    index = Index((a_ban("ip:203.0.113.0/24", BanKind.REQUIRE_ACCOUNT),))
    assert index.find(somebody(), NOON_MS) is not None
    assert index.find(somebody(), NOON_MS, may_log_in=True) is None
    assert index.find(somebody(account=ACCOUNT), NOON_MS) is None


@given(
    st.lists(
        st.one_of(
            st.tuples(st.ip_addresses(v=4), st.integers(8, 32)), st.tuples(st.ip_addresses(v=6), st.integers(16, 64))
        ),
        max_size=20,
    ),
    st.ip_addresses(),
)
def test_the_index_finds_what_a_look_at_each_would(
    networks: list[tuple[IPv4Address | IPv6Address, int]], address: IPv4Address | IPv6Address
) -> None:
    """However many networks of whatever length."""
    made = [ip_network(f"{start}/{prefix}", strict=False) for start, prefix in networks]
    bans = tuple(a_ban(f"ip:{network}") for network in made)
    known = [parse_target(f"ip:{network}") for network in made]
    plain = any(target is not None and address in ip_network(target.value) for target in known)
    assert (Index(bans).find(somebody(str(address), mask=""), NOON_MS) is not None) is plain


@pytest.mark.parametrize(
    ("target", "span_s", "count", "ground"),
    [
        (Target(TargetKind.ADDRESS, "203.0.113.0/24"), 60, 0, None),
        (Target(TargetKind.ADDRESS, "0.0.0.0/0"), 60, 0, Ground.SANCTION_TOO_WIDE),
        (Target(TargetKind.ADDRESS, "::/0"), 60, 0, Ground.SANCTION_TOO_WIDE),
        (Target(TargetKind.MASK, "*!*@*"), 60, 0, Ground.SANCTION_TOO_WIDE),
        (Target(TargetKind.MASK, "bot?*!*@*"), 60, 0, None),
        (Target(TargetKind.ACCOUNT, "a"), 86_401, 0, Ground.SANCTION_TOO_LONG),
        (Target(TargetKind.ACCOUNT, "a"), 60, 10, Ground.LIST_FULL),
    ],
)
def test_what_staff_may_decide(target: Target, span_s: int, count: int, ground: Ground | None) -> None:
    """Not for longer than the server allows, not about half of the world, not without bound."""
    verdict = decide(target, span_s, 86_400, count, 10)
    assert (verdict.ground if isinstance(verdict, Refused) else None) is ground


def test_nobody_decides_about_themselves() -> None:
    """They could not lift it."""
    assert own_sanction(None) is ACCEPTED
    assert isinstance(own_sanction(a_ban("mask:ada")), Refused)


def test_what_is_read_holds_reason_end_and_appeal_and_no_address() -> None:
    """Whole, in one ERROR: 512 bytes with its CR LF. Source: DESIGN, promises 3 and 4."""
    assert be_here(None, "") is ACCEPTED
    for kind in BanKind:
        for contact in ("", "c" * 100):
            verdict = be_here(a_ban("ip:203.0.113.7", kind, "r" * REASON_BYTES_MAX), contact)
            assert isinstance(verdict, Refused)
            assert "r" * REASON_BYTES_MAX in said(verdict.told)
            assert "until 2027-01-15 09:00 UTC" in said(verdict.told).lower().replace("utc", "UTC")
            assert "00010203" in said(verdict.told)
            assert contact in said(verdict.told)
            assert "203.0.113" not in said(verdict.told)
            assert len(f"ERROR :Closing link: {said(verdict.told)}\r\n".encode()) <= 512
