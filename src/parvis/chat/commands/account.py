"""ACCOUNT: see and change one's own account. Source: docs/protocol/accounts.md."""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from parvis.chat import accounts, devices, proofs, sanctions
from parvis.chat.client import Client
from parvis.chat.commands.register import PASSWORD_BYTES_MAX
from parvis.chat.service import Chat
from parvis.chat.waiting import wait
from parvis.irc.line import Line
from parvis.irc.wire import middle
from parvis.model.accounts import CERTIFICATES_MAX, Account
from parvis.model.moments import written
from parvis.model.verdicts import Ground, Refused
from parvis.policy import gates

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}\Z")


def run(chat: Chat, client: Client, line: Line) -> None:
    """Say who one is logged in as, or do what the first word says."""
    account = accounts.of(chat, chat.connection)
    if account is None:
        if line.params:
            chat.fail("ACCOUNT", "NOT_LOGGED_IN", "You are a guest. Log in with SASL, or use REGISTER.")
        else:
            chat.note("ACCOUNT", "GUEST", "You are a guest. Claim your pseudonym with REGISTER.")
        return
    wanted = line.params[0].upper() if line.params else ""
    if not wanted:
        chat.note("ACCOUNT", "LOGGED_IN", account.name, f"You are logged in as {account.name}.")
    elif wanted in _SUBCOMMANDS:
        _SUBCOMMANDS[wanted](chat, client, account, line.params[1:])
    else:
        known = ", ".join(_SUBCOMMANDS)
        chat.fail("ACCOUNT", "UNKNOWN_SUBCOMMAND", middle(line.params[0])[:32], f"There are {known}.")


def _needs(chat: Chat, words: str) -> None:
    chat.fail("ACCOUNT", "NEED_MORE_PARAMS", f"Write ACCOUNT {words}.")


def _log_out(chat: Chat, client: Client, _account: Account, _params: list[str]) -> None:
    accounts.log_out(chat, client)
    # Guests may be kept out of where they are.
    sanctions.at_change(chat, client)


# What asks for the password again.


Checked = tuple[bool, str]
"""Whether the password was right, and the verifier of the new one if one was asked for."""


def _with_password(
    chat: Chat, account: Account, password: str, new: str, then: Callable[[Client, Account, str], None]
) -> None:
    """Go on when the password is right: who sits down at somebody's screen takes nothing over."""
    refused = proofs.refusal(chat, chat.connection, account.name)
    if refused is not None:
        chat.fail("ACCOUNT", "TOO_MANY_FAILURES", refused.told)
        return
    proofs.count(chat, chat.connection, account.name)
    passwords = chat.outside.passwords

    def check() -> Checked:
        is_right = passwords.check(account.id, account.password, password)
        return is_right, passwords.make(account.id, new) if is_right and new else ""

    wait(chat, "ACCOUNT", check, partial(_checked, chat, account, then))


def _checked(
    chat: Chat,
    account: Account,
    then: Callable[[Client, Account, str], None],
    connection: Client,
    checked: Checked,
) -> None:
    is_right, verifier = checked
    now = accounts.of(chat, connection)
    if not is_right or now is None or (now.id, now.password) != (account.id, account.password):
        chat.fail("ACCOUNT", "WRONG_PASSWORD", "This is not the password of your account. Nothing was changed.")
        return
    proofs.went_well(chat, connection, account.name)
    then(connection, now, verifier)


def _password(chat: Chat, _client: Client, account: Account, params: list[str]) -> None:
    if len(params) < 2:
        _needs(chat, "PASSWORD <old> <new>")
        return
    old, new = params[:2]
    verdict = gates.new_password(new, account.name, chat.settings.password_bytes_min, PASSWORD_BYTES_MAX)
    if isinstance(verdict, Refused):
        code = "WEAK_PASSWORD" if verdict.ground is Ground.PASSWORD_WEAK else "UNACCEPTABLE_PASSWORD"
        chat.fail("ACCOUNT", code, verdict.told)
        return
    _with_password(chat, account, old, new, partial(_set_password, chat))


def _set_password(chat: Chat, connection: Client, account: Account, verifier: str) -> None:
    accounts.save(chat, msgspec.structs.replace(account, password=verifier))
    # Whoever had the old one, a thief perhaps, has to show the new one.
    devices.close_others(chat, connection.person, account)
    chat.note("ACCOUNT", "PASSWORD_CHANGED", "Your password is the new one, and every other device was let go.")


def _delete(chat: Chat, _client: Client, account: Account, params: list[str]) -> None:
    if not params:
        _needs(chat, "DELETE <password>")
        return
    _with_password(chat, account, params[0], "", partial(_deleted, chat))


def _deleted(chat: Chat, _connection: Client, account: Account, _verifier: str) -> None:
    here = chat.world.present.get(account.id, ())
    accounts.delete(chat, account)
    chat.note("ACCOUNT", "DELETED", account.name, _CLOSED)
    _say_what_is_sealed(chat)
    chat.note(
        "ACCOUNT",
        "STILL_KEPT",
        "What you wrote stays sealed in the archive until its term ends, as for everybody: a report must be able to be "
        "answered. It names an opaque id and no account. Rooms that you owned belong to the server now.",
    )
    for person in here:
        if isinstance(person, Client):
            sanctions.at_change(chat, person)


_CLOSED: Final = (
    "Your account is closed: nobody can log in to it, and what stood in it has left the lists of this server."
)


def _say_what_is_sealed(chat: Chat) -> None:
    chat.note(
        "ACCOUNT",
        "STILL_SEALED",
        f"What stood in it is kept for {chat.settings.closed_accounts_days} days: its name and your pseudonym, when it "
        "was made and closed, what its password was checked against, its certificates. It is sealed: only custodians "
        "can open it, on a legal ground. Then its key is destroyed.",
    )


def _erase(chat: Chat, _client: Client, account: Account, params: list[str]) -> None:
    if not params:
        _needs(chat, "ERASE <password>")
        return
    _with_password(chat, account, params[0], "", partial(_erased, chat))


def _erased(chat: Chat, _connection: Client, account: Account, _verifier: str) -> None:
    here = chat.world.present.get(account.id, ())
    due = written(accounts.erase(chat, account))
    chat.note("ACCOUNT", "ERASED", account.name, _CLOSED)
    _say_what_is_sealed(chat)
    chat.note(
        "ACCOUNT",
        "WORDS_GO",
        due,
        "What you wrote from this account is shown to nobody any more. It is destroyed at this moment: until then a "
        "report about it must be able to be answered. Hashes that tell nothing stay in the log.",
    )
    chat.note(
        "ACCOUNT",
        "STILL_KEPT",
        "Decisions about you and their reasons stay for their term, since somebody must answer for them, and so does "
        "the sealed record of connections that the law asks for. Rooms that you owned belong to others, or to the "
        "server.",
    )
    for person in here:
        if isinstance(person, Client):
            sanctions.at_change(chat, person)


# What is kept about oneself.


def _export(chat: Chat, _client: Client, account: Account, params: list[str]) -> None:
    if not params:
        _needs(chat, "EXPORT <password>")
    elif not chat.outside.rights.has_pages:
        chat.fail("ACCOUNT", "NO_PAGES", "This server has no pages. Write to those who run it: see ADMIN.")
    else:
        _with_password(chat, account, params[0], "", partial(_exported, chat))


def _exported(chat: Chat, _connection: Client, account: Account, _verifier: str) -> None:
    path = chat.outside.rights.export_link(account.id)
    if path is None:
        chat.fail("ACCOUNT", "TOO_MANY_EXPORTS", "You have asked for this several times today. Ask again tomorrow.")
        return
    chat.note(
        "ACCOUNT",
        "EXPORT",
        path,
        "Open this on the web address of this server within an hour: it gives a file with what is kept about you, "
        "once, to whoever opens it. Show it to nobody.",
    )


# Certificates.


def _certificates(chat: Chat, _client: Client, account: Account, params: list[str]) -> None:
    wanted = params[0].upper() if params else "LIST"
    given = params[1].replace(":", "").lower() if len(params) > 1 else chat.connection.certificate
    if wanted == "LIST":
        for certificate in account.certificates:
            chat.note("ACCOUNT", "CERTIFICATE", certificate, "logs in to your account with SASL EXTERNAL.")
        chat.note("ACCOUNT", "END_OF_CERTIFICATES", f"{len(account.certificates)} of at most {CERTIFICATES_MAX}.")
    elif wanted not in ("ADD", "DEL"):
        _needs(chat, "CERT ADD|DEL|LIST [fingerprint]")
    elif not given:
        chat.fail("ACCOUNT", "NO_CERTIFICATE", "This connection shows no certificate. Give a fingerprint: 64 digits.")
    elif not _FINGERPRINT.match(given):
        chat.fail("ACCOUNT", "INVALID_FINGERPRINT", "A fingerprint is the SHA-256 of a certificate: 64 digits of hex.")
    elif (given in account.certificates) == (wanted == "ADD"):
        chat.note("ACCOUNT", "CERTIFICATES_UNCHANGED", "This is so already.")
    elif wanted == "ADD":
        _add_certificate(chat, account, given)
    else:
        left = tuple(each for each in account.certificates if each != given)
        accounts.save(chat, msgspec.structs.replace(account, certificates=left))
        chat.note("ACCOUNT", "CERTIFICATE_DELETED", given, "does not log in to your account any more.")


def _add_certificate(chat: Chat, account: Account, given: str) -> None:
    verdict = gates.new_certificate(len(account.certificates), CERTIFICATES_MAX)
    if isinstance(verdict, Refused):
        chat.fail("ACCOUNT", "TOO_MANY_CERTIFICATES", verdict.told)
        return
    accounts.save(chat, msgspec.structs.replace(account, certificates=(*account.certificates, given)))
    chat.note("ACCOUNT", "CERTIFICATE_ADDED", given, "logs in to your account with SASL EXTERNAL.")


# Devices.


def _devices(chat: Chat, client: Client, account: Account, params: list[str]) -> None:
    wanted = params[0].upper() if params else ""
    if wanted not in ("", "ONE", "MANY"):
        _needs(chat, "DEVICES [ONE|MANY]")
        return
    if wanted:
        account = msgspec.structs.replace(account, many_devices=wanted == "MANY")
        accounts.save(chat, account)
        if devices.is_single(chat, account):
            devices.close_others(chat, client, account)
    for person in chat.world.present.get(account.id, ()):
        for device in person.connections if isinstance(person, Client) else ():
            here = "this one" if device is chat.connection else "another one"
            host = devices.host_of(chat, device)
            chat.note("ACCOUNT", "DEVICE", person.nick, host, devices.way(device), f"{here}.")
    if not devices.is_single(chat, account):
        chat.note("ACCOUNT", "DEVICES", "MANY", "You can be here from several devices. ACCOUNT DEVICES ONE ends that.")
    elif chat.settings.multiclient:
        chat.note("ACCOUNT", "DEVICES", "ONE", "A new device takes the place of the other, as you have chosen.")
    else:
        chat.note("ACCOUNT", "DEVICES", "ONE", "A new device takes the place of the other: this server allows no more.")


_SUBCOMMANDS: Final[dict[str, Callable[[Chat, Client, Account, list[str]], None]]] = {
    "LOGOUT": _log_out,
    "PASSWORD": _password,
    "CERT": _certificates,
    "DEVICES": _devices,
    "EXPORT": _export,
    "DELETE": _delete,
    "ERASE": _erase,
}
