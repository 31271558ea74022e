"""RESUME: be the same guest as before, by a token, or ask for one. Source: docs/protocol/resume.md."""

from typing import Final

from parvis.chat.client import Client
from parvis.chat.guests import DAY_MS, TOKEN_BYTES, TOKEN_MS
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.capabilities import RESUME
from parvis.irc.line import Line
from parvis.model.ids import OPAQUE_ID_BYTES
from parvis.model.verdicts import Refused
from parvis.policy import gates

TOKEN_DAYS: Final = TOKEN_MS // DAY_MS
FAILURES_MAX: Final = 100
"""Wrong tokens from one address after which no more are looked up for a while; ours. A token cannot be guessed, and
many people may share an address: it bounds the work, not the odds."""
FORGIVEN_AFTER_S: Final = 600.0
"""How long wrong tokens count, from the last; ours."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Before entering: say who one is. Afterwards, without a token: have one made."""
    token = line.params[0] if line.params else ""
    if client.greeting is not None:
        if token:
            prove(chat, client, token)
        else:
            chat.numeric(client, n.ERR_NEEDMOREPARAMS, "RESUME")
        return
    if token:
        chat.fail("RESUME", "ALREADY_REGISTERED", "You have entered already: a token is shown before that.")
    elif client.person.account:
        chat.fail("RESUME", "NOT_A_GUEST", "You are logged in: your account is what makes you the same person again.")
    else:
        tell_token(chat, client.person)


def prove(chat: Chat, connection: Client, token: str) -> None:
    """Let a connection that has not entered be the guest whom a token proves; say so, or why not."""
    greeting = connection.greeting
    if greeting is None:
        return
    address, now_s = connection.address_key, chat.clock.steady_s()
    verdict = gates.guess_token(chat.failed_tokens.count(address, now_s, FORGIVEN_AFTER_S), FAILURES_MAX)
    if isinstance(verdict, Refused):
        chat.fail("RESUME", "TOO_MANY_ATTEMPTS", verdict.told)
        return
    guest = chat.guests.find(token, chat.now_ms)
    if guest is None:
        chat.failed_tokens.add(address, now_s, FORGIVEN_AFTER_S)
        chat.fail("RESUME", "INVALID_TOKEN", "This token is unknown or has ended. Without one you enter as a newcomer.")
        return
    greeting.guest, greeting.token = guest, token
    chat.note("RESUME", "ACCEPTED", "You are the same guest as before")


def tell_token(chat: Chat, client: Client) -> None:
    """Make a token for a guest and tell it to the connection whose command is being handled, in words if need be."""
    chance = b"".join(chat.chance.opaque_id() for _ in range(TOKEN_BYTES // OPAQUE_ID_BYTES))
    token, kept = chat.guests.give_token(client.identity, chance, chat.now_ms)
    for each in kept:
        chat.keep_value(each)
    chat.guests.is_here(client.identity, client.folded)
    if chat.connection.capabilities & RESUME:
        chat.answer(f"RESUME TOKEN {token}")
    else:
        chat.answer(
            f"NOTICE {client.nick} :Your resume token is {token} - keep it to yourself. With the connection password "
            f"resume:{token} you are the same person again, for {TOKEN_DAYS} days after you were last here."
        )
