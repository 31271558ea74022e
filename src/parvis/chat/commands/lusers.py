"""LUSERS: how many are here. Source: modern IRC, "LUSERS"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:  # noqa: ARG001 - its parameters name other servers
    """Show the counts."""
    tell(chat, client)


def tell(chat: Chat, client: Client) -> None:
    """Show the counts of people, operators, rooms and connections that have not entered."""
    people, most = chat.people_count, chat.most_people
    unknown = max(0, len(chat.clients) - people)
    chat.numeric(client, n.RPL_LUSERCLIENT, f"There are {people} users and 0 invisible on 1 servers")
    chat.numeric(client, n.RPL_LUSEROP, str(chat.world.operators), "operator(s) online")
    chat.numeric(client, n.RPL_LUSERUNKNOWN, str(unknown), "unknown connection(s)")
    chat.numeric(client, n.RPL_LUSERCHANNELS, str(len(chat.world.rooms)), "channels formed")
    chat.numeric(client, n.RPL_LUSERME, f"I have {people} clients and 0 servers")
    chat.numeric(client, n.RPL_LOCALUSERS, str(people), str(most), f"Current local users {people}, max {most}")
    chat.numeric(client, n.RPL_GLOBALUSERS, str(people), str(most), f"Current global users {people}, max {most}")
