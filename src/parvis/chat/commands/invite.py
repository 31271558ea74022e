"""INVITE: ask somebody into a room. Source: modern IRC, "INVITE"."""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import numerics as n
from parvis.irc.line import Line
from parvis.irc.wire import render
from parvis.model import events as e
from parvis.model.records import RecordKind
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates

_NUMERIC = {
    Ground.NOT_A_MEMBER: n.ERR_NOTONCHANNEL,
    Ground.NOT_A_HOST: n.ERR_CHANOPRIVSNEEDED,
}


def run(chat: Chat, client: Client, line: Line) -> None:
    """Let somebody in once, and tell them."""
    target = chat.person(line.params[0])
    if target is None:
        chat.numeric(client, n.ERR_NOSUCHNICK, line.params[0] or "*")
        return
    room = chat.known_room(client, line.params[1])
    if room is None:
        chat.numeric(client, n.ERR_NOSUCHCHANNEL, line.params[1] or "*")
        return
    verdict = gates.invite(client, target, room)
    if isinstance(verdict, Refused):
        if verdict.ground is Ground.ALREADY_THERE:
            chat.refuse(client, n.ERR_USERONCHANNEL, target.nick, room.name, verdict=verdict)
        else:
            chat.refuse(client, _NUMERIC[verdict.ground], room.name, verdict=verdict)
        return
    if not isinstance(gates.change_modes(client, room), Refused):
        # Only who runs the room lets somebody past its modes and bans; a member's invitation is a word.
        chat.apply(e.Invited(room, target))
    body = b":%b %b" % (client.prefix, f"INVITE {target.nick} {room.name}".encode())
    raw_id, message_id = chat.chance.message_id()
    chat.record(RecordKind.INVITED, client, room.id, body, message_id=raw_id)
    if isinstance(target, Client):
        for reader in target.connections:
            data = render(reader.signature, body, chat.now_ms, message_id, "", client.account)
            chat.turn.batch.tell((reader, data, None, None, None))
    chat.answer(f"{n.RPL_INVITING} {client.nick} {target.nick} {room.name}")
    if target.away:
        chat.numeric(client, n.RPL_AWAY, target.nick, target.away)
