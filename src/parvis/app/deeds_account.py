"""Deeds about an account: a file of what is kept about it, and its erasure."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from parvis.app.about import about
from parvis.app.deeds_holds import BY, identity_of
from parvis.app.office import Deed, NotDone, Office, Words
from parvis.chat import accounts, sanctions
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.casemapping import fold
from parvis.model.accounts import Account
from parvis.model.audit import AccountExported, audit_record
from parvis.model.ids import IdentityId
from parvis.model.moments import written
from parvis.moderation.export_page import LANGUAGES
from parvis.moderation.exports import About, make_export
from parvis.ports.rights import EraseAsked

REASON_CHARACTERS_MAX: Final = 500
"""Longest reason; ours."""


def export(office: Office, words: Words) -> Words:
    """Make the file. That it was made is in the audit before anybody has it."""
    name, language = str(words.get("account", "")), str(words.get("language", LANGUAGES[0]))
    with_words, reason = bool(words.get("words")), _reason(words)
    if language not in LANGUAGES:
        raise NotDone(f"The languages are {', '.join(LANGUAGES)}.")
    if with_words and not reason:
        raise NotDone("To be given what somebody wrote you must give a reason, which is recorded.")
    told = office.on_loop(lambda: _about(office, name))
    entry = AccountExported(by=BY, account=told.identity.hex(), words=with_words, reason=reason)
    office.journal.write([audit_record(entry)])
    file = make_export(told, office.sealed, office.keys, office.now_ms(), language, words=with_words)
    return {"account": told.account, "zip": b64encode(file).decode()}


def erase(office: Office, words: Words) -> Words:
    """Close an account and erase what was written from it, at once or after the report window."""
    named, reason = str(words.get("account", "")), _reason(words)
    at_once = not words.get("after_report_window")
    asked, was_open = office.on_loop(lambda: _close(office, named, reason, at_once=at_once))
    # What the account said until now is durable once this is, and is found with the rest.
    office.journal.write(kept=[asked.keep])
    if at_once:
        office.erasures.run(office.now_ms(), now=True)
    return {"account": named, "was_open": was_open, "due": written(asked.due_ms), "at_once": at_once}


DEEDS: Final[Mapping[str, Deed]] = {"account.export": export, "account.erase": erase}


def _about(office: Office, name: str) -> About:
    account = office.chat.world.account_names.get(fold(name))
    if account is None:
        raise NotDone(f"There is no account {name[:64]}.")
    return about(office.chat, account)


def _close(office: Office, named: str, reason: str, *, at_once: bool) -> tuple[EraseAsked, bool]:
    identity = identity_of(office.chat, named)
    account = office.chat.world.accounts.get(IdentityId(identity))
    asked = office.erasures.ask(identity, office.now_ms(), at_once=at_once, by=BY, reason=reason)
    _tell_and_erase(office.chat, account, identity, asked)
    return asked, account is not None


def _tell_and_erase(chat: Chat, account: Account | None, identity: IdentityId, asked: EraseAsked) -> None:
    """Erase outside any command: whoever is logged in reads of it on their own connections."""
    here = [person for person in chat.world.present.get(identity, ()) if isinstance(person, Client)]
    if here:
        chat.begin(here[0].connections[0], None)
    accounts.erase_asked(chat, account, asked)
    if here:
        chat.end_answer()
    else:
        chat.drop_answer()
    for person in here:
        # Guests may be kept out of where they are.
        sanctions.at_change(chat, person)


def _reason(words: Words) -> str:
    reason = str(words.get("reason", "")).strip()
    if len(reason) > REASON_CHARACTERS_MAX or not reason.isprintable():
        raise NotDone(f"A reason is one line of at most {REASON_CHARACTERS_MAX} characters.")
    return reason
