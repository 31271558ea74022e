"""WEBIRC: a gateway says for whom it speaks. Source: IRCv3 webirc.

From then on the connection is that client's: limits, cloak and bans go by the address that was stated, and the
connection of the gateway itself counts no longer.
"""

from functools import partial

import structlog

from parvis.chat.client import Client
from parvis.chat.commands.oper import FAILURES_MAX, FORGIVEN_AFTER_S
from parvis.chat.service import Chat
from parvis.chat.waiting import wait
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.irc.webirc import Stated, parse
from parvis.model.verdicts import Refused
from parvis.policy import gates

log = structlog.get_logger()


def run(chat: Chat, connection: Client, line: Line) -> None:
    """Have the gateway's password checked off the loop; what it sends behind WEBIRC waits for that."""
    greeting = connection.greeting
    if greeting is None:
        chat.numeric(connection, n.ERR_ALREADYREGISTERED)
        return
    if greeting.has_begun() or connection.capabilities:
        _close(chat, connection, "WEBIRC must be the first command of a connection")
        return
    failures = chat.failed_opers.count(connection.address_key, chat.clock.steady_s(), FORGIVEN_AFTER_S)
    verdict = gates.login(failures, FAILURES_MAX, FORGIVEN_AFTER_S)
    if isinstance(verdict, Refused):
        _close(chat, connection, chat.words(verdict.told))
        return
    host, certificate, password = connection.address[0], connection.certificate, line.params[0]
    find = chat.outside.find_gateway
    wait(
        chat,
        "WEBIRC",
        lambda: (find(host, certificate, password),),
        partial(_checked, chat, parse(line.params)),
    )


def _checked(chat: Chat, stated: Stated | None, connection: Client, found: tuple[str | None]) -> None:
    name, greeting = found[0], connection.greeting
    verdict = gates.password(is_right=name is not None)
    if isinstance(verdict, Refused) or name is None or greeting is None:
        chat.failed_opers.add(connection.address_key, chat.clock.steady_s(), FORGIVEN_AFTER_S)
        log.warning("WEBIRC refused: no gateway has this address, certificate and password")
        _close(chat, connection, "Invalid WebIRC password, or no gateway is known at this address")
        return
    if stated is None:
        log.warning("WEBIRC refused: no valid address or port", gateway=name)
        _close(chat, connection, "WEBIRC names no valid address, or no valid remote-port")
        return
    greeting.gateway, connection.via = name, "webirc"
    # The client's connection is as safe as its worst part, and the certificate that was shown is the gateway's.
    connection.is_secure = connection.is_secure and stated.is_secure
    connection.certificate = ""
    chat.move(connection, (stated.host, stated.port or 0))


def _close(chat: Chat, connection: Client, told: str) -> None:
    chat.drop_answer()
    chat.leave(connection, "", told=f"Closing link: {told}")
