"""DEFENCE: staff tighten entry in steps, for a time and with a reason. Ours: docs/handbook/operator.md.

DEFENCE                                  shows the level
DEFENCE <1-5> [<duration>] :<reason>     sets it; without a duration for an hour; 5 is the normal one
"""

from typing import Final

from parvis.chat import sanctions
from parvis.chat.client import Client
from parvis.chat.commands.uban import reason_of
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.model.moments import told_briefly
from parvis.model.sanctions import Defence
from parvis.model.verdicts import Refused
from parvis.policy import gates
from parvis.policy.defence import NORMAL, STEPS
from parvis.policy.sanctions import parse_span

USUAL_S: Final = 3600
LONGEST_S: Final = 7 * 86_400
"""Longest time of one decision; ours. Who needs more decides again."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Show or set the level."""
    verdict = gates.operate(client)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_NOPRIVILEGES, verdict=verdict)
        return
    if not line.params:
        _tell(chat)
        return
    level = int(line.params[0]) if line.params[0] in map(str, STEPS) else None
    if level is None:
        chat.fail("DEFENCE", "INVALID_LEVEL", line.params[0][:32] or "*", "A level is a number from 1 to 5.")
        return
    if len(line.params) < 2:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "DEFENCE")
        return
    span_s: int | None = USUAL_S
    if len(line.params) > 2:
        span_s = parse_span(line.params[1])
    if span_s is None or span_s > LONGEST_S:
        days = LONGEST_S // 86_400
        chat.fail("DEFENCE", "INVALID_DURATION", line.params[1][:32], f"Say for how long: 30m, 12h, at most {days}d.")
        return
    reason = reason_of(chat, "DEFENCE", line.params[-1])
    if reason is None:
        return
    new: Defence | None = None
    if level != NORMAL:
        new = Defence(
            level=level,
            reason=reason,
            by=client.nick,
            made_at_ms=chat.now_ms,
            ends_at_ms=chat.now_ms + span_s * 1000,
        )
    sanctions.set_defence(chat, client, new, reason)
    _tell(chat)
    until = f" until {told_briefly(new.ends_at_ms)}" if new is not None else ""
    sanctions.tell_operators(chat, f"{client.nick} set the level of defence to {level}{until}: {reason}", client)


def _tell(chat: Chat) -> None:
    level = chat.world.defence
    if level is None or level.ends_at_ms <= chat.now_ms:
        chat.note("DEFENCE", "LEVEL", str(NORMAL), STEPS[NORMAL].meaning)
        return
    told = f"{STEPS[level.level].meaning}. By {level.by}, until {told_briefly(level.ends_at_ms)}: {level.reason}"
    chat.note("DEFENCE", "LEVEL", str(level.level), told)
