"""NICK: take a pseudonym, or another one. Source: modern IRC, "NICK"."""

from parvis.chat import accounts, registration
from parvis.chat.client import Client
from parvis.chat.renaming import rename
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.connection import Greeting
from parvis.irc.line import Line
from parvis.model.accounts import Account
from parvis.model.ids import NOBODY
from parvis.model.person import Person
from parvis.model.verdicts import ACCEPTED, Ground, Refused
from parvis.policy import gates


def run(chat: Chat, client: Client, line: Line) -> None:
    """Take the pseudonym if it is free and fit; everybody who shares a room reads of it."""
    wanted = line.params[0] if line.params else ""
    if not wanted:
        chat.numeric(client, n.ERR_NONICKNAMEGIVEN)
        return
    greeting = client.greeting
    bearer = None if greeting is not None else client
    account = accounts.of(chat, chat.connection)
    holder = chat.person(wanted)
    owner, identity = chat.owner_of(wanted), NOBODY if account is None else account.id
    verdict = gates.name(wanted, holder, bearer, chat.settings.nick_bytes, owner, identity)
    if isinstance(verdict, Refused) and greeting is not None and _may_be_own(greeting, verdict, holder, account):
        # Decided when everything has been said (`registration.go_on`): a login may still come.
        verdict = ACCEPTED
    if isinstance(verdict, Refused):
        if greeting is not None and verdict.ground is not Ground.NAME_UNFIT:
            greeting.refused_nick = wanted
        unfit = verdict.ground is Ground.NAME_UNFIT
        chat.refuse(client, n.ERR_ERRONEUSNICKNAME if unfit else n.ERR_NICKNAMEINUSE, wanted, verdict=verdict)
        return
    if greeting is not None:
        greeting.nick = wanted
        registration.go_on(chat, client)
        return
    if wanted == client.nick:
        return
    verdict = gates.change_name(client)
    if isinstance(verdict, Refused):
        chat.refuse(client, n.ERR_CANNOTSENDTOCHAN, client.nick, verdict=verdict)
        return
    rename(chat, client, wanted)


def _may_be_own(greeting: Greeting, verdict: Refused, holder: Person | None, account: Account | None) -> bool:
    """Tell whether a pseudonym that is taken may be that of whoever asks for it, once they are logged in."""
    if verdict.ground is Ground.NAME_CLAIMED:
        return greeting.negotiating and account is None
    if verdict.ground is not Ground.NAME_TAKEN or holder is None or not holder.account:
        return False
    return holder.identity == account.id if account is not None else greeting.negotiating
