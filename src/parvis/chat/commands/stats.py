"""STATS: figures of the server. Source: modern IRC, "STATS".

`u`: for how long it has run. For operators: `o`, which of them are here, and `d`, what was sealed and delivered.
Who is connected from where is in no answer: nobody is shown an address.
"""

from parvis.chat.client import Client
from parvis.chat.commands.here import is_here
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.model.person import OPERATOR
from parvis.model.verdicts import Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Answer one letter; of one that means nothing here, only the end."""
    letter = line.params[0][:1]
    if not letter:
        chat.numeric(client, n.ERR_NEEDMOREPARAMS, "STATS")
        return
    if not is_here(chat, client, line.params, 1):
        return
    match letter:
        case "u":
            minutes, seconds = divmod(max(0, chat.now_ms - chat.started_at_ms) // 1000, 60)
            hours, minutes = divmod(minutes, 60)
            days, hours = divmod(hours, 24)
            chat.numeric(client, n.RPL_STATSUPTIME, f"Server Up {days} days {hours}:{minutes:02}:{seconds:02}")
        case "o" | "d":
            verdict = gates.operate(client)
            if isinstance(verdict, Refused):
                chat.refuse(client, n.ERR_NOPRIVILEGES, verdict=verdict)
                return
            _for_operators(chat, client, letter)
        case _:
            pass
    chat.numeric(client, n.RPL_ENDOFSTATS, letter)


def _for_operators(chat: Chat, client: Client, letter: str) -> None:
    if letter == "o":
        rows = [person.nick for person in chat.world.people.values() if person.modes & OPERATOR]
    else:
        turn = chat.turn
        rows = [
            f"{turn.records_sealed} records sealed in {turn.batches_sealed} batches",
            f"{turn.last_seal_s * 1000:.1f} ms for the last batch",
            f"{turn.deliveries} lines delivered",
        ]
    for row in rows:
        chat.numeric(client, n.RPL_STATSDEBUG, letter, row)
