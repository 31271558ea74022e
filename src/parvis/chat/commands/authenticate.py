"""AUTHENTICATE: log in to an account, before entering or after. Source: IRCv3 sasl 3.1 and 3.2.

It is understood whether the capability was asked for or not: clients that send all they have at once do not wait.
"""

from functools import partial

import structlog

from parvis.chat import accounts, proofs, sanctions, wishes
from parvis.chat.client import Client
from parvis.chat.offers import mechanisms
from parvis.chat.service import Chat
from parvis.chat.waiting import wait
from parvis.irc import numerics as n
from parvis.irc import sasl
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.model.accounts import Account
from parvis.model.ids import NOBODY, IdentityId

log = structlog.get_logger()


def run(chat: Chat, client: Client, line: Line) -> None:
    """Begin a login, or go on with the one that is under way."""
    exchange = chat.exchanges.get(client)
    if exchange is None:
        _begin(chat, client, line.params[0])
        return
    step = exchange.feed(line.params[0])
    if not isinstance(step, sasl.More | sasl.FindKeys | sasl.Proved):
        del chat.exchanges[client]
    match step:
        case sasl.More():
            chat.shows_no_state()
        case sasl.FindKeys(name):
            _challenge(chat, client, exchange, name)
        case sasl.Proved(data):
            _say(chat, data)
        case sasl.LoggedIn(name):
            _proved(chat, client, exchange, name)
        case sasl.CheckPassword(name, password):
            _check_password(chat, client, name, password)
        case sasl.CheckCertificate(name):
            _check_certificate(chat, client, name)
        case sasl.Aborted():
            chat.numeric(client, n.ERR_SASLABORTED)
        case sasl.TooLong():
            chat.numeric(client, n.ERR_SASLTOOLONG)
        case sasl.Failed():
            if exchange.name and exchange.owner is not None:
                proofs.count(chat, client, exchange.name)
            _fail(chat, client)


def _begin(chat: Chat, client: Client, wanted: str) -> None:
    offered = mechanisms(is_secure=client.is_secure)
    mechanism = wanted.upper()
    if wanted == "*":
        chat.numeric(client, n.ERR_SASLABORTED)
    elif mechanism not in offered:
        chat.numeric(client, n.RPL_SASLMECHS, ",".join(offered))
        _fail(chat, client, f"{wanted[:32]} is not one of our mechanisms")
    elif _has_others(client):
        _say_others(chat, client)
    else:
        chat.exchanges[client] = sasl.Exchange(sasl.Mechanism(mechanism))
        _say(chat, b"")


def _has_others(client: Client) -> bool:
    """Tell whether a login would log other devices in: an account is a person's, and those proved to be this one."""
    return len(client.person.connections) > 1


def _say_others(chat: Chat, client: Client) -> None:
    chat.numeric(client, n.ERR_SASLALREADY, "You are here from several devices: leave with the others first")


def _say(chat: Chat, data: bytes) -> None:
    for piece in sasl.pieces(data):
        chat.answer(f"AUTHENTICATE {piece}")
    chat.shows_no_state()


def _fail(chat: Chat, client: Client, why: str = "SASL authentication failed") -> None:
    chat.numeric(client, n.ERR_SASLFAIL, why)


def _is_refused(chat: Chat, client: Client, name: str) -> bool:
    refused = proofs.refusal(chat, client, name)
    if refused is not None:
        chat.exchanges.pop(client, None)
        chat.refuse(client, n.ERR_SASLFAIL, verdict=refused)
    return refused is not None


def _succeed(chat: Chat, client: Client, account: Account, mechanism: str) -> None:
    if _has_others(client):
        # One more came while this login was under way.
        _say_others(chat, client)
        return
    accounts.log_in(chat, client, account, mechanism)
    chat.numeric(client, n.RPL_SASLSUCCESS)
    accounts.settle(chat, client, account)
    if chat.wished:
        wishes.give(chat, client, account)
    sanctions.at_change(chat, client)


# PLAIN.


def _check_password(chat: Chat, client: Client, name: str, password: str) -> None:
    if _is_refused(chat, client, name):
        return
    proofs.count(chat, client, name)
    account = accounts.find(chat, name)
    # For a name without account the same is done, and as long.
    owner, verifier = (NOBODY, "") if account is None else (account.id, account.password)
    check = chat.outside.passwords.check
    wait(
        chat,
        "AUTHENTICATE",
        lambda: check(owner, verifier, password),
        partial(_checked, chat, name, account),
        lambda connection: _fail(chat, connection, "This could not be checked in time. Try again"),
    )


def _checked(chat: Chat, name: str, account: Account | None, client: Client, is_right: bool) -> None:
    now = None if account is None else chat.world.accounts.get(account.id)
    if not is_right or account is None or now is None or now.password != account.password:
        log.info("failed login to an account")
        _fail(chat, client)
        return
    proofs.went_well(chat, client, name)
    _succeed(chat, client, now, sasl.Mechanism.PLAIN)


# SCRAM-SHA-256.


def _challenge(chat: Chat, client: Client, exchange: sasl.Exchange, name: str) -> None:
    if _is_refused(chat, client, name):
        return
    account = accounts.find(chat, name)
    owner, verifier = (NOBODY, "") if account is None else (account.id, account.password)
    keys = chat.outside.passwords.scram_keys(owner, verifier, fold(name))
    _say(chat, exchange.challenge(chat.chance.message_id()[1], keys, owner))


def _proved(chat: Chat, client: Client, exchange: sasl.Exchange, name: str) -> None:
    account = chat.world.accounts.get(IdentityId(exchange.owner or NOBODY))
    keys = None
    if account is not None:
        keys = chat.outside.passwords.scram_keys(account.id, account.password, fold(name))
    if account is None or keys != exchange.keys:
        # It was deleted, or its password changed, between the proof and the last word.
        _fail(chat, client)
        return
    # A proof was never counted as a failure: only where the owner logs in from is noted.
    proofs.known(chat, client, name)
    _succeed(chat, client, account, sasl.Mechanism.SCRAM_SHA_256)


# EXTERNAL.


def _check_certificate(chat: Chat, client: Client, name: str) -> None:
    certificate = client.certificate
    listed = [chat.world.accounts[owner] for owner in chat.world.certificates.get(certificate, ())]
    if not certificate or not listed:
        _fail(chat, client, "SASL authentication failed: no account lists the certificate of this connection")
        return
    nick = client.greeting.nick if client.greeting is not None else client.person.nick
    # Without a name: the account of the pseudonym, or the only one there is.
    named = [account for account in listed if fold(account.name) == fold(name or nick)]
    if not name and not named and len(listed) == 1:
        named = listed
    if not named:
        _fail(chat, client)
        return
    _succeed(chat, client, named[0], sasl.Mechanism.EXTERNAL)
