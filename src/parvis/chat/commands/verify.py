"""VERIFY: confirm an account with the code that was sent. Source: IRCv3 draft/account-registration, "VERIFY"."""

from parvis.chat import accounts, pending, proofs
from parvis.chat.client import Client
from parvis.chat.commands.register import connection_problem
from parvis.chat.renaming import give_up_claimed
from parvis.chat.service import Chat
from parvis.irc.casemapping import fold
from parvis.irc.line import Line
from parvis.irc.wire import middle
from parvis.model.accounts import Account


def run(chat: Chat, client: Client, line: Line) -> None:
    """Make the account one, and log in to it; a wrong code counts as a wrong password."""
    name, code = line.params[:2]
    shown = middle(name)
    problem = connection_problem(chat, client)
    if problem is None:
        refused = proofs.refusal(chat, client, name)
        problem = None if refused is None else ("TEMPORARILY_UNAVAILABLE", chat.words(refused.told))
    if problem is not None:
        chat.fail("VERIFY", problem[0], shown, problem[1])
        return
    waiting = chat.world.pending.get(fold(name))
    if waiting is None or not pending.is_right(chat, waiting, code):
        proofs.count(chat, client, name)
        if waiting is not None:
            pending.try_failed(chat, waiting)
        chat.fail("VERIFY", "INVALID_CODE", shown, "This is not the code, or it is not good any more. Register again.")
        return
    pending.end(chat, waiting)
    if accounts.find(chat, name) is not None:
        chat.fail("VERIFY", "INVALID_CODE", shown, "Somebody else has registered this pseudonym since.")
        return
    account = Account(id=waiting.id, name=waiting.name, registered_at_ms=chat.now_ms, password=waiting.password)
    accounts.register(chat, account)
    accounts.log_in(chat, client, account, "VERIFY")
    chat.answer(f"VERIFY SUCCESS {account.name} :{account.name} is yours now. Log in with SASL and your password.")
    accounts.settle(chat, client, account)
    bearer = chat.person(account.name)
    if isinstance(bearer, Client):
        give_up_claimed(chat, bearer)
