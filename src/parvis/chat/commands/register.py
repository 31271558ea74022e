"""REGISTER: claim a pseudonym with a password. Source: IRCv3 draft/account-registration, "REGISTER"."""

from functools import partial
from typing import Final

from parvis.chat import accounts, naming, pending, sanctions
from parvis.chat.client import Client
from parvis.chat.renaming import give_up_claimed
from parvis.chat.service import Chat
from parvis.chat.waiting import wait
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.model.accounts import Account
from parvis.model.ids import IdentityId
from parvis.model.verdicts import Ground, Refused
from parvis.model.words import Told
from parvis.policy import gates

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
MAILS_A_DAY: Final = 3
"""Most codes that are sent to one address in a day, so that nobody is flooded with them; ours."""
PASSWORD_BYTES_MAX: Final = 300
"""Longest password (IRCv3 draft/account-registration, "Server considerations")."""

_CODE_OF_NAME: Final = {
    Ground.NAME_CLAIMED: "ACCOUNT_EXISTS",
    # The specification has no word for a pseudonym that somebody bears without having claimed it.
    Ground.NAME_TAKEN: "USERNAME_EXISTS",
}


def run(chat: Chat, client: Client, line: Line) -> None:
    """Register an account and log in to it, or send a code to the address that was given."""
    name, email, password = line.params[:3]
    nick = _nick(client)
    name = nick or "*" if name == "*" else name
    problem = _connection_problem(chat, client) or _name_problem(chat, client, name, nick)
    problem = problem or _email_problem(chat, email) or _password_problem(chat, name, password)
    if problem is None:
        registered = chat.registered.count(client.address_key, chat.clock.steady_s(), HOUR_S)
        verdict = sanctions.register_account(chat)
        if not isinstance(verdict, Refused):
            verdict = gates.register(registered, chat.settings.registrations_per_hour)
        if isinstance(verdict, Refused):
            problem = "TEMPORARILY_UNAVAILABLE", verdict.told
    if problem is not None:
        chat.fail("REGISTER", problem[0], name, problem[1])
        return
    # Counted before the work is done, so that many connections at once do not get many accounts, or send many codes.
    chat.registered.add(client.address_key, chat.clock.steady_s(), HOUR_S)
    if email != "*":
        chat.mailed.add(pending.address_key(chat, email), chat.clock.steady_s(), DAY_S)
    account = IdentityId(chat.chance.opaque_id())
    make = chat.outside.passwords.make
    wait(
        chat,
        "REGISTER",
        lambda: make(account, password),
        partial(_made, chat, account, name, email),
        lambda _: chat.fail("REGISTER", "TEMPORARILY_UNAVAILABLE", name, "This could not be done in time. Try again."),
    )


def _made(chat: Chat, account_id: IdentityId, name: str, email: str, client: Client, verifier: str) -> None:
    problem = connection_problem(chat, client) or _name_problem(chat, client, name, _nick(client))
    if problem is not None:
        # Somebody else was quicker, or another device of theirs.
        chat.fail("REGISTER", problem[0], name, problem[1])
        return
    mail = chat.outside.mail
    if email != "*" and mail is not None:
        code = pending.begin(chat, account_id, name, verifier)
        if not mail.send(email, *_letter(chat, name, code)):
            pending.end(chat, chat.world.pending[fold(name)])
            chat.fail("REGISTER", "TEMPORARILY_UNAVAILABLE", name, "Too much mail waits to be sent. Try again later.")
            return
        text = "A code was sent to your address. Confirm it within a day: VERIFY " + name + " <code>"
        chat.answer(f"REGISTER VERIFICATION_REQUIRED {name} :{text}")
        return
    account = Account(id=account_id, name=name, registered_at_ms=chat.now_ms, password=verifier)
    accounts.register(chat, account)
    accounts.log_in(chat, client, account, "REGISTER")
    text = f"{name} is yours now. Log in with SASL and your password."
    if email != "*":
        text += " Your address was not kept: this server sends no mail."
    chat.answer(f"REGISTER SUCCESS {name} :{text}")
    accounts.settle(chat, client, account)
    # A guest who is here on another connection, as whom this one has shown a token, is not logged in.
    bearer = chat.person(name)
    if isinstance(bearer, Client):
        give_up_claimed(chat, bearer)


def _letter(chat: Chat, name: str, code: str) -> tuple[str, str]:
    network = chat.settings.network
    text = (
        f"Somebody, you probably, wants to register the pseudonym {name} on the chat {network}.\n\n"
        f"Your code is {code}, good for a day. Write in the chat: VERIFY {name} {code}\n\n"
        "If it was not you, do nothing: your address is not kept.\n"
    )
    return f"{network}: {code}", text


Problem = tuple[str, Told] | None
"""The code of a FAIL, and its words; None: none."""


def _nick(client: Client) -> str:
    """Give the pseudonym that somebody bears, or has asked for last."""
    greeting = client.greeting
    return client.person.nick if greeting is None else greeting.nick or greeting.refused_nick


def connection_problem(chat: Chat, client: Client) -> Problem:
    """Say what keeps a connection from registering an account or confirming one."""
    greeting = client.greeting
    if greeting is not None and not chat.settings.before_connect:
        return "COMPLETE_CONNECTION_REQUIRED", "Enter first (NICK, USER, CAP END), then send this again."
    if greeting is not None and chat.settings.password and not greeting.password_is_right:
        return "TEMPORARILY_UNAVAILABLE", "This server asks for a password: send it with PASS first."
    if accounts.of(chat, client) is not None:
        return "ALREADY_AUTHENTICATED", "You are logged in to an account already."
    return None


def _connection_problem(chat: Chat, client: Client) -> Problem:
    if not chat.settings.registration:
        return "TEMPORARILY_UNAVAILABLE", "Nobody can register an account here at the moment."
    turn = chat.turn
    verdict = gates.act(turn.failing_since_s is not None, turn.waiting_records, chat.settings.commit_queue_records)
    if isinstance(verdict, Refused):
        return "TEMPORARILY_UNAVAILABLE", verdict.told
    return connection_problem(chat, client)


def _name_problem(chat: Chat, client: Client, name: str, nick: str) -> Problem:
    need_nick = "NEED_NICK", "Say first which pseudonym you want, with NICK."
    if not nick:
        return need_nick
    if fold(name) != fold(nick) and not chat.settings.custom_account_name:
        return "ACCOUNT_NAME_MUST_BE_NICK", f"You can only register the pseudonym you bear: {nick}."
    verdict = naming.verdict(chat, client, name)
    if isinstance(verdict, Refused):
        return _CODE_OF_NAME.get(verdict.ground, "BAD_ACCOUNT_NAME"), verdict.told
    return need_nick if client.greeting is not None and not client.greeting.nick else None


def _email_problem(chat: Chat, email: str) -> Problem:
    if email == "*":
        if chat.settings.email_required:
            return "INVALID_EMAIL", "This server asks for an address that mail can be sent to."
        return None
    if not pending.is_address(email):
        return "INVALID_EMAIL", "This is no address that mail can be sent to."
    if chat.outside.mail is None:
        if chat.settings.email_required:
            return (
                "TEMPORARILY_UNAVAILABLE",
                "This server asks for an address, and has no way to send mail.",
            )
        return None
    sent = chat.mailed.count(pending.address_key(chat, email), chat.clock.steady_s(), DAY_S)
    verdict = gates.send_code(sent, MAILS_A_DAY)
    return ("UNACCEPTABLE_EMAIL", verdict.told) if isinstance(verdict, Refused) else None


def _password_problem(chat: Chat, name: str, password: str) -> Problem:
    verdict = gates.new_password(password, name, chat.settings.password_bytes_min, PASSWORD_BYTES_MAX)
    if not isinstance(verdict, Refused):
        return None
    return ("WEAK_PASSWORD" if verdict.ground is Ground.PASSWORD_WEAK else "UNACCEPTABLE_PASSWORD"), verdict.told
