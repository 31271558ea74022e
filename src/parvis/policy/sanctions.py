"""Sanctions of the whole server: whom one names, and what they read. Gates as in `policy/gates.py`.

Nobody reads an address, not even who typed it: what is told names the decision, its reason, its end, and the way to
appeal. Source: DESIGN, promises 3 and 4; docs/adr/0019-sanctions-of-the-server.md.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

import msgspec

from parvis.irc import masks
from parvis.irc.casemapping import fold
from parvis.irc.masks import MASK_BYTES_MAX
from parvis.irc.spans import read_span, write_span
from parvis.model.ids import IdentityId
from parvis.model.moments import told_briefly
from parvis.model.sanctions import BanKind, ServerBan, Target, TargetKind
from parvis.model.verdicts import ACCEPTED, Ground, Refused, Verdict

REASON_BYTES_MAX: Final = 250
"""Longest reason: ERROR holds it whole, with the end and the way to appeal. Longer ones are refused, never cut."""

IPV6_PREFIX: Final = 64
"""Addresses of one IPv6 subscriber share so many bits: none is named alone."""

WIDEST: Final = {4: 8, 6: 16}
"""Shortest prefix of a network that may be named, by version of IP; ours, the largest that one provider has."""

LETTERS_MIN: Final = 3
"""Fewest characters of a mask that stand for themselves; ours."""

_CLOAK: Final = re.compile(r"[a-z0-9-]{1,63}")


class Newcomer(msgspec.Struct, frozen=True):
    """Somebody as far as a sanction may name them."""

    address: str
    hosts: tuple[str, ...]
    """The cloak of their network, and the one they bear if it is another."""
    mask: str = ""
    """`nick!user@host`; empty before they have said who they are."""
    account: IdentityId | None = None

    def __repr__(self) -> str:
        """Say nothing: addresses and names stay out of logs."""
        return "Newcomer()"


class Index:
    """The sanctions of a server, found quickly. Made anew when one of them changes."""

    def __init__(self, bans: Sequence[ServerBan]) -> None:
        """Sort them by what they name."""
        self.bans = bans
        self._networks: dict[tuple[int, int], dict[int, list[ServerBan]]] = {}
        self._words: dict[tuple[TargetKind, str | bytes], list[ServerBan]] = {}
        self._masks: list[tuple[str, ServerBan]] = []
        for ban in bans:
            value = ban.target.value
            match ban.target.kind:
                case TargetKind.ADDRESS:
                    network = ip_network(value)
                    place = self._networks.setdefault((network.version, network.prefixlen), {})
                    place.setdefault(int(network.network_address), []).append(ban)
                case TargetKind.MASK:
                    self._masks.append((fold(value), ban))
                case TargetKind.HOST:
                    self._words.setdefault((TargetKind.HOST, value), []).append(ban)
                case TargetKind.ACCOUNT:
                    self._words.setdefault((TargetKind.ACCOUNT, ban.account or b""), []).append(ban)
        self._patterns = masks.patterns_of(mask for mask, _ in self._masks)

    def find(self, newcomer: Newcomer, now_ms: int, *, may_log_in: bool = False) -> ServerBan | None:
        """Give a sanction that names somebody and has not ended.

        Args:
            newcomer: Who is asked about.
            now_ms: The moment.
            may_log_in: Whether it is too early to ask for an account; who has one is never asked.
        """
        needs_none = may_log_in or newcomer.account is not None
        for ban in self._named(newcomer):
            if ban.ends_at_ms > now_ms and (ban.kind is BanKind.BAN or not needs_none):
                return ban
        return None

    def _named(self, newcomer: Newcomer) -> Iterable[ServerBan]:
        if self._networks:
            yield from self._of_address(newcomer.address)
        if self._words:
            for host in newcomer.hosts:
                yield from self._words.get((TargetKind.HOST, _network_word(host)), ())
            if newcomer.account is not None:
                yield from self._words.get((TargetKind.ACCOUNT, newcomer.account), ())
        if newcomer.mask and self._patterns:
            folded = fold(newcomer.mask)
            if any(pattern.match(folded) for pattern in self._patterns):
                yield from (ban for mask, ban in self._masks if masks.glob(mask, folded))

    def _of_address(self, address: str) -> Iterable[ServerBan]:
        try:
            ip = ip_address(address)
        except ValueError:
            return
        for (version, prefix), networks in self._networks.items():
            if version == ip.version:
                bits = ip.max_prefixlen - prefix
                yield from networks.get(int(ip) >> bits << bits, ())


def parse_target(text: str) -> Target | None:
    """Read `account:name`, `ip:203.0.113.0/24`, `host:xxxx.guest` or `mask:nick!user@host`; None: it is none of them.

    An address stands for itself, one of IPv6 for its /64; bits behind the length of a network are taken off. Of a
    cloak, what says whether a guest or a member bears it is taken off.
    """
    word, colon, value = text.partition(":")
    if not colon or not value or " " in value:
        return None
    match word.lower():
        case TargetKind.ADDRESS:
            network = _network(value)
            return None if network is None else Target(TargetKind.ADDRESS, str(network))
        case TargetKind.HOST:
            host = _network_word(value.lower())
            return Target(TargetKind.HOST, host) if _CLOAK.fullmatch(host) else None
        case TargetKind.MASK:
            mask = masks.complete(value)
            return Target(TargetKind.MASK, mask) if len(mask.encode()) <= MASK_BYTES_MAX else None
        case TargetKind.ACCOUNT:
            return Target(TargetKind.ACCOUNT, value)
        case _:
            return None


def _network_word(host: str) -> str:
    """Give what stands for the network in a cloak; what follows says who is on it, a guest or a member."""
    return host.partition(".")[0]


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv4Network):
        return network
    mapped = network.network_address.ipv4_mapped
    if mapped is not None:
        return ip_network((int(mapped), max(0, network.prefixlen - 96)), strict=False)
    return network.supernet(new_prefix=IPV6_PREFIX) if network.prefixlen > IPV6_PREFIX else network


def parse_span(text: str) -> int | None:
    """Read a length of time in seconds, its unit in any case; None: it is none, or it has no length."""
    return read_span(text.lower()) or None


def decide(target: Target, span_s: int, span_s_max: int, count: int, count_max: int) -> Verdict:
    """May staff decide this? A sanction is not longer than the server's longest, and names no half of the world."""
    if span_s > span_s_max:
        longest = write_span(span_s_max)
        return Refused(Ground.SANCTION_TOO_LONG, f"A sanction ends after {longest} at the latest. Choose less.")
    if count >= count_max:
        return Refused(Ground.LIST_FULL, f"There are {count} sanctions, which is the most. Lift one first.")
    too_wide = False
    if target.kind is TargetKind.ADDRESS:
        network = ip_network(target.value)
        too_wide = network.prefixlen < WIDEST[network.version]
    elif target.kind is TargetKind.MASK:
        too_wide = sum(char not in "*?!@.~" for char in target.value) < LETTERS_MIN
    if too_wide:
        return Refused(Ground.SANCTION_TOO_WIDE, "This names far too many people. Name them more closely.")
    return ACCEPTED


def own_sanction(ban: ServerBan | None) -> Verdict:
    """May staff decide what names themselves?"""
    if ban is not None:
        return Refused(Ground.SANCTION_TOO_WIDE, "This names you as well. Name others more closely.")
    return ACCEPTED


def be_here(ban: ServerBan | None, contact: str) -> Verdict:
    """May somebody be here whom this sanction names?

    Args:
        ban: What names them, if anything does.
        contact: How those who run the server are reached; empty where they have not said it.
    """
    if ban is None:
        return ACCEPTED
    until = told_briefly(ban.ends_at_ms)
    where = contact or "write to those who run it"
    appeal = f"To appeal: {where} (decision {ban.name})."
    if ban.kind is BanKind.REQUIRE_ACCOUNT:
        return Refused(
            Ground.ACCOUNT_REQUIRED,
            f"Until {until} your network enters with an account only, log in (SASL): {ban.reason} {appeal}",
        )
    return Refused(Ground.BANNED_HERE, f"You are banned from this server until {until}: {ban.reason} {appeal}")
