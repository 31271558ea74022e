"""CAP: agree on capabilities. Source: IRCv3 capability-negotiation, version 302."""

from collections.abc import Iterable

from parvis.chat import audience as audiences
from parvis.chat import registration
from parvis.chat.client import Client
from parvis.chat.commands import metadata
from parvis.chat.offers import offer_to
from parvis.chat.service import Chat
from parvis.irc import capabilities as c
from parvis.irc import numerics as n
from parvis.irc.connection import VERSION_302
from parvis.irc.limits import BODY_BYTES_MAX
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """Handle LS, LIST, REQ and END."""
    subcommand = line.params[0].upper()
    match subcommand:
        case "LS":
            _list_all(chat, client, line)
        case "LIST":
            _send(chat, client, "LIST", c.names_of(client.capabilities))
            chat.shows_no_state()
        case "REQ":
            _request(chat, client, " ".join(line.params[1:]))
        case "END":
            if client.greeting is not None:
                client.greeting.negotiating = False
                registration.go_on(chat, client)
        case _:
            chat.numeric(client, n.ERR_INVALIDCAPCMD, line.params[0][:32] or "*")


def tell_changes(chat: Chat, connections: Iterable[Client], before: tuple[c.Offer, c.Offer]) -> None:
    """Tell connections what is offered now and was not before, or no longer is; that is taken from them.

    Args:
        chat: The chat, whose offers are the new ones.
        connections: Everybody who is connected, registered or not.
        before: The offers they were told of, without TLS and with it.

    Source: IRCv3 capability-negotiation, "The CAP NEW subcommand", "The CAP DEL subcommand"; sts ("Servers MUST NOT
    send CAP DEL to disable this capability").
    """
    for client in connections:
        old, new = offer_to(before, client), offer_to(chat.offers, client)
        if client.gone or old == new:
            continue
        deleted = [name for name in old if name not in new and name != "sts"]
        added = _with_values(client, {name: value for name, value in new.items() if old.get(name) != value})
        chat.begin(client, None)
        if client.capabilities & c.CAP_NOTIFY:
            if deleted:
                _send(chat, client, "DEL", deleted)
            if added:
                _send(chat, client, "NEW", added)
        _agree(chat, client, c.without(client.capabilities, deleted))
        chat.end_answer()


def _list_all(chat: Chat, client: Client, line: Line) -> None:
    version = line.params[1] if len(line.params) > 1 else ""
    is_302 = version.isascii() and version.isdigit() and len(version) < 10 and int(version) >= VERSION_302
    if is_302:
        client.capabilities |= c.CAP_NOTIFY | c.VERSION_302
    greeting = client.greeting
    if greeting is not None:
        greeting.negotiating = True
    offer = offer_to(chat.offers, client)
    if is_302:
        names = _with_values(client, offer)
    else:
        # One line is all there may be: what needs values, and drafts, which no client of that age knows, stay out.
        names = [name for name in offer if name != "sts" and not name.startswith("draft/")]
    _send(chat, client, "LS", names)
    chat.shows_no_state()


def _with_values(client: Client, offer: c.Offer) -> list[str]:
    if client.capabilities & c.VERSION_302:
        return [f"{name}={value}" if value else name for name, value in offer.items()]
    return [name for name in offer if name != "sts"]


def _send(chat: Chat, client: Client, subcommand: str, names: list[str]) -> None:
    """Write a list on as many lines as it takes; in answers to LS and LIST each but the last has a star."""
    nick = client.shown_nick
    space = BODY_BYTES_MAX - 2 - len(f":{chat.settings.server} CAP {nick} {subcommand} * :".encode())
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + 1 + len(name) > space:
            lines.append("")
        lines[-1] = f"{lines[-1]} {name}".lstrip()
    star = " *" if subcommand in ("LS", "LIST") and client.capabilities & c.VERSION_302 else ""
    for part in lines[:-1]:
        chat.answer(f"CAP {nick} {subcommand}{star} :{part}")
    chat.answer(f"CAP {nick} {subcommand} :{lines[-1]}")


def _request(chat: Chat, client: Client, wanted: str) -> None:
    if client.greeting is not None:
        client.greeting.negotiating = True
    words = wanted.split()
    agreed = c.requested(client.capabilities, words, offer_to(chat.offers, client))
    if agreed is None:
        chat.answer(f"CAP {client.shown_nick} NAK :{wanted}")
        chat.shows_no_state()
        return
    # Not past what waits: lines decided before it have the bytes that were agreed before.
    _send(chat, client, "ACK", words)
    is_new = agreed & ~client.capabilities & c.METADATA
    _agree(chat, client, agreed)
    if is_new and client.is_registered:
        metadata.tell_own(chat, client.person)


def _agree(chat: Chat, client: Client, agreed: int) -> None:
    client.capabilities = agreed
    signature = c.wire_signature(agreed, client.transport_kind)
    if signature != client.signature:
        if client.is_registered:
            # Lines decided before this one keep the bytes of the old signature.
            chat.fence()
            audiences.forget(client)
        client.signature = signature
