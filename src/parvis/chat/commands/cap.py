"""CAP: agree on capabilities. Source: IRCv3 capability-negotiation, version 302."""

from typing import Final

from parvis.chat import audience as audiences
from parvis.chat import registration
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import capabilities as c
from parvis.irc import numerics as n
from parvis.irc.connection import VERSION_302
from parvis.irc.line import Line

_LINE_BYTES: Final = 400
"""Longest list of capabilities on one line; a line holds 512 bytes with the server's and the client's names."""


def run(chat: Chat, client: Client, line: Line) -> None:
    """Handle LS, LIST, REQ and END."""
    subcommand = line.params[0].upper()
    match subcommand:
        case "LS":
            _list_all(chat, client, line)
        case "LIST":
            _send(chat, client, "LIST", c.names_of(client.capabilities))
        case "REQ":
            _request(chat, client, line.params[1] if len(line.params) > 1 else "")
        case "END":
            if client.greeting is not None:
                client.greeting.negotiating = False
                registration.go_on(chat, client)
        case _:
            chat.numeric(client, n.ERR_INVALIDCAPCMD, line.params[0][:32] or "*")


def _list_all(chat: Chat, client: Client, line: Line) -> None:
    version = line.params[1] if len(line.params) > 1 else ""
    is_302 = version.isascii() and version.isdigit() and len(version) < 10 and int(version) >= VERSION_302
    if is_302:
        client.capabilities |= c.CAP_NOTIFY
    greeting = client.greeting
    if greeting is not None:
        greeting.negotiating = True
    offer = chat.offers[client.is_secure]
    _send(chat, client, "LS", [f"{name}={value}" if is_302 and value else name for name, value in offer.items()])


def _send(chat: Chat, client: Client, subcommand: str, names: list[str]) -> None:
    """Write a list on as many lines as it takes, each but the last with a star."""
    nick = client.shown_nick
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) >= _LINE_BYTES:
            lines.append("")
        lines[-1] = f"{lines[-1]} {name}".lstrip()
    for part in lines[:-1]:
        chat.answer(f"CAP {nick} {subcommand} * :{part}")
    chat.answer(f"CAP {nick} {subcommand} :{lines[-1]}")
    chat.shows_no_state()


def _request(chat: Chat, client: Client, wanted: str) -> None:
    nick = client.shown_nick
    if client.greeting is not None:
        client.greeting.negotiating = True
    agreed = c.requested(client.capabilities, wanted.split(), chat.offers[client.is_secure])
    if agreed is None:
        chat.answer(f"CAP {nick} NAK :{wanted}")
        chat.shows_no_state()
        return
    # Not past what waits: lines decided before it have the bytes that were agreed before.
    chat.answer(f"CAP {nick} ACK :{wanted}")
    client.capabilities = agreed
    signature = c.wire_signature(agreed, client.transport_kind)
    if signature != client.signature:
        if client.is_registered:
            # Lines decided before this one keep the bytes of the old signature.
            chat.fence()
            audiences.forget(client)
        client.signature = signature
