"""The pseudonym of their account, for whoever was refused it at the door and entered under another.

Some clients end the negotiation of capabilities before they log in, when its list takes several lines (pydle 1.2).
"""

from parvis.chat import naming, sanctions
from parvis.chat.client import Client
from parvis.chat.renaming import rename
from parvis.chat.service import Chat
from parvis.model.accounts import Account
from parvis.model.ids import NOBODY
from parvis.model.verdicts import Refused
from parvis.policy import gates


def remember(chat: Chat, client: Client, refused_nick: str) -> None:
    """Note what a connection that enters was refused, if an account holds it."""
    if refused_nick and chat.owner_of(refused_nick) != NOBODY:
        chat.wished[client] = refused_nick


def give(chat: Chat, connection: Client, account: Account) -> None:
    """Give it to whoever has now logged in to the account that holds it, unless something else stands against it."""
    wished = chat.wished.pop(connection, "")
    person = connection.person
    if not wished or chat.owner_of(wished) != account.id or chat.person(wished) is not None:
        return
    verdicts = (
        naming.verdict(chat, connection, wished),
        gates.change_name(person),
        sanctions.take_name(chat, person, wished),
    )
    if not any(isinstance(verdict, Refused) for verdict in verdicts):
        rename(chat, person, wished)
