"""REHASH: read the configuration again, as SIGHUP does. Source: modern IRC, "REHASH"."""

import structlog

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.model.verdicts import Refused
from parvis.policy import gates

log = structlog.get_logger()


def run(chat: Chat, client: Client, line: Line) -> None:  # noqa: ARG001 - its parameter names another server
    """Take the new configuration; with a mistake in it nothing changes, and the log says which."""
    verdict = gates.operate(client)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_NOPRIVILEGES, verdict=verdict)
        return
    log.warning("configuration read again for an operator", by=client.session.hex())
    connection, label = chat.connection, chat.label
    is_taken = chat.outside.reload()
    # It tells others what it changes for them: only from here on it is this command that is answered.
    chat.begin(connection, label)
    if is_taken:
        chat.numeric(client, n.RPL_REHASHING, "parvis.toml", "The configuration was read again")
    else:
        text = "The configuration has mistakes: it stays as it was. The log of the server names each with its key."
        chat.fail("REHASH", "CONFIGURATION_KEPT", text)
