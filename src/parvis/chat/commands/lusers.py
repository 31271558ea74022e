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
    unknown = chat.strangers
    nick = client.nick
    invisible = chat.world.invisible
    visible = people - invisible
    chat.answer_lines(
        (
            f"{n.RPL_LUSERCLIENT} {nick} :There are {visible} users and {invisible} invisible on 1 servers",
            f"{n.RPL_LUSEROP} {nick} {chat.world.operators} :operator(s) online",
            f"{n.RPL_LUSERUNKNOWN} {nick} {unknown} :unknown connection(s)",
            f"{n.RPL_LUSERCHANNELS} {nick} {len(chat.world.rooms)} :channels formed",
            f"{n.RPL_LUSERME} {nick} :I have {people} clients and 0 servers",
            f"{n.RPL_LOCALUSERS} {nick} {people} {most} :Current local users {people}, max {most}",
            f"{n.RPL_GLOBALUSERS} {nick} {people} {most} :Current global users {people}, max {most}",
        )
    )
