"""UBAN: staff ban people from the whole server, for a time and with a reason. Ours: docs/handbook/operator.md.

UBAN ADD <duration> <target> :<reason>       they may not be here
UBAN REQUIRE <duration> <target> :<reason>   they may be here with an account only
UBAN DEL <decision|target> :<reason>
UBAN LIST
UBAN INFO <decision>
"""

from collections.abc import Callable
from typing import Final

from parvis.chat import hosts, sanctions
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.model.moments import told_briefly
from parvis.model.sanctions import BanKind, ServerBan, Target, TargetKind
from parvis.model.verdicts import Refused
from parvis.policy import gates
from parvis.policy import sanctions as policy
from parvis.policy.sanctions import REASON_BYTES_MAX

LISTED_MAX: Final = 200
"""Most sanctions that one UBAN LIST shows, the newest; ours."""

_TARGETS: Final = "account:name, ip:203.0.113.7, ip:203.0.113.0/24, host:xxxx.guest or mask:nick!user@host"


def run(chat: Chat, client: Client, line: Line) -> None:
    """Add, lift or show sanctions."""
    verdict = gates.operate(client)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_NOPRIVILEGES, verdict=verdict)
        return
    subcommand = line.params[0].upper()
    known = _SUBCOMMANDS.get(subcommand)
    if known is None:
        chat.fail("UBAN", "UNKNOWN_SUBCOMMAND", line.params[0][:32] or "*", "Say ADD, REQUIRE, DEL, LIST or INFO.")
        return
    least, act = known
    if len(line.params) < least or not all(line.params[1:least]):
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "UBAN")
        return
    act(chat, client, line)


def reason_of(chat: Chat, command: str, reason: str) -> str | None:
    """Give a reason without blanks around it, or answer that it is none or too long: it is never cut."""
    reason = reason.strip()
    if not reason:
        chat.fail(command, "NEED_REASON", "Say why: those it concerns read it.")
        return None
    if len(reason.encode()) > REASON_BYTES_MAX:
        told = f"A reason has at most {REASON_BYTES_MAX} bytes, so that it can be told whole. Make it shorter."
        chat.fail(command, "REASON_TOO_LONG", told)
        return None
    return reason


def _add(chat: Chat, client: Client, line: Line) -> None:
    subcommand, duration, named, reason = line.params[:4]
    span_s = policy.parse_span(duration)
    if span_s is None:
        chat.fail("UBAN", "INVALID_DURATION", duration[:32], "Say for how long: 30m, 12h, 7d or 2w. It always ends.")
        return
    target = _target(named)
    kind = BanKind.BAN if subcommand.upper() == "ADD" else BanKind.REQUIRE_ACCOUNT
    if target is None or (kind is BanKind.REQUIRE_ACCOUNT and target.kind is TargetKind.ACCOUNT):
        chat.fail("UBAN", "INVALID_TARGET", named[:64], f"Name {_TARGETS}.")
        return
    account = chat.world.account_names.get(fold(target.value)) if target.kind is TargetKind.ACCOUNT else None
    if target.kind is TargetKind.ACCOUNT and account is None:
        chat.fail("UBAN", "NO_SUCH_ACCOUNT", named[:64], "There is no account of this name.")
        return
    words = reason_of(chat, "UBAN", reason)
    if words is None:
        return
    settings = chat.settings
    verdict = policy.decide(target, span_s, settings.server_ban_s, len(chat.world.bans), settings.server_bans)
    new = ServerBan(
        id=chat.chance.opaque_id(),
        kind=kind,
        target=target if account is None else Target(target.kind, account.name),
        account=account.id if account is not None else None,
        reason=words,
        by=client.nick,
        made_at_ms=chat.now_ms,
        ends_at_ms=chat.now_ms + span_s * 1000,
    )
    if not isinstance(verdict, Refused):
        verdict = policy.own_sanction(new if sanctions.names(chat, new, chat.connection) else None)
    if isinstance(verdict, Refused):
        chat.fail("UBAN", verdict.ground.replace("-", "_").upper(), named[:64], verdict.told)
        return
    for old in _same(chat, new):
        # What is decided anew about the same people stands in the place of what was.
        sanctions.lift(chat, client, old, f"Replaced by {new.name}")
    closed = sanctions.ban(chat, client, new)
    until = told_briefly(new.ends_at_ms)
    chat.note("UBAN", _CODE[kind], new.name, f"This holds until {until}. Connections closed: {closed}.")
    sanctions.tell_operators(
        chat, f"{client.nick} decided {new.name} ({kind} {_shown(target)}) until {until}: {words}", client
    )


def _target(named: str) -> Target | None:
    """Read a target. Logging in or out, which changes the host that is seen, takes nobody out of a mask."""
    target = policy.parse_target(named)
    if target is None or target.kind is not TargetKind.MASK:
        return target
    return Target(target.kind, hosts.any_label(target.value))


def _same(chat: Chat, new: ServerBan) -> list[ServerBan]:
    return [
        old
        for old in chat.world.bans
        if old.kind is new.kind and old.target.kind is new.target.kind and _key(old) == _key(new)
    ]


def _key(ban: ServerBan) -> str | bytes:
    return ban.account if ban.account is not None else fold(ban.target.value)


def _delete(chat: Chat, client: Client, line: Line) -> None:
    named, reason = line.params[1], line.params[2]
    target = _target(named)
    found = [
        ban
        for ban in chat.world.bans
        if ban.name == named.lower()
        or (target is not None and ban.target.kind is target.kind and fold(ban.target.value) == fold(target.value))
    ]
    if not found:
        chat.fail("UBAN", "NOT_FOUND", named[:64], "No decision that holds has this name or target. See UBAN LIST.")
        return
    words = reason_of(chat, "UBAN", reason)
    if words is None:
        return
    for ban in found:
        sanctions.lift(chat, client, ban, words)
        chat.note("UBAN", "LIFTED", ban.name, "This decision holds no longer.")
        sanctions.tell_operators(chat, f"{client.nick} lifted {ban.name}: {words}", client)


def _list(chat: Chat, _client: Client, _line: Line) -> None:
    bans = [ban for ban in chat.world.bans if ban.ends_at_ms > chat.now_ms]
    for ban in bans[-LISTED_MAX:]:
        _tell(chat, ban)
    chat.note("UBAN", "END", str(len(bans)), "End of the list of server bans.")


def _info(chat: Chat, _client: Client, line: Line) -> None:
    named = line.params[1].lower()
    for ban in chat.world.bans:
        if ban.name == named:
            _tell(chat, ban)
            chat.note("UBAN", "REASON", ban.name, ban.reason)
            return
    chat.fail("UBAN", "NOT_FOUND", line.params[1][:64], "No decision that holds has this name. See UBAN LIST.")


def _tell(chat: Chat, ban: ServerBan) -> None:
    until, since = told_briefly(ban.ends_at_ms), told_briefly(ban.made_at_ms)
    target = f"{ban.target.kind}:{ban.target.value}"
    chat.note("UBAN", _CODE[ban.kind], ban.name, target, f"By {ban.by}, {since} to {until}")


def _shown(target: Target) -> str:
    """Write a target for a notice: an address is read by those who ask for it alone."""
    return target.kind if target.kind is TargetKind.ADDRESS else f"{target.kind}:{target.value}"


_CODE: Final = {BanKind.BAN: "BAN", BanKind.REQUIRE_ACCOUNT: "REQUIRE"}

_SUBCOMMANDS: Final[dict[str, tuple[int, Callable[[Chat, Client, Line], None]]]] = {
    "ADD": (4, _add),
    "REQUIRE": (4, _add),
    "DEL": (3, _delete),
    "LIST": (1, _list),
    "INFO": (2, _info),
}
"""What each needs at least, itself included, and what runs it."""
