"""WHOWAS: who bore a pseudonym a few minutes ago. Source: modern IRC, "WHOWAS"; RFC 2812, section 3.6.3.

Answered from memory, for as many minutes as the operator chose; of each the cloak, never an address.
"""

from operator import itemgetter
from time import gmtime, strftime
from typing import Final

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.casemapping import fold
from parvis.irc.line import Line

ANSWERS_MAX: Final = 50
"""Most entries of one pseudonym that are told, the newest; ours."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Tell of who bore each pseudonym, the newest first; a count, if positive, is the most of each."""
    wanted = line.params[0] if line.params else ""
    nicks = list(dict.fromkeys(nick for nick in wanted.split(",") if nick))
    if not nicks:
        chat.numeric(client, n.ERR_NONICKNAMEGIVEN)
        return
    if len(nicks) > chat.settings.targets:
        chat.numeric(client, n.ERR_TOOMANYTARGETS, wanted[:64])
        return
    given = line.params[1] if len(line.params) > 1 else ""
    count = int(given) if given.isascii() and given.isdigit() and len(given) < 7 else 0
    count = min(count or ANSWERS_MAX, ANSWERS_MAX)
    chat.departed.forget_before(chat.now_ms - chat.settings.whowas_minutes * 60_000)
    found = {nick: chat.departed.of(fold(nick), count) for nick in nicks}
    for nick in nicks:
        if not found[nick]:
            chat.numeric(client, n.ERR_WASNOSUCHNICK, nick)
    numbered = [each for of_nick in found.values() for each in of_nick]
    for _, entry in sorted(numbered, key=itemgetter(0), reverse=True):
        chat.numeric(client, n.RPL_WHOWASUSER, entry.nick, entry.user, entry.host, "*", entry.real_name)
        moment = strftime("%a, %d %b %Y %H:%M:%S UTC", gmtime(entry.at_ms / 1000))
        chat.numeric(client, n.RPL_WHOISSERVER, entry.nick, chat.settings.server, moment)
    chat.numeric(client, n.RPL_ENDOFWHOWAS, wanted)
