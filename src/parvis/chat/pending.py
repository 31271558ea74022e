"""Accounts that wait for a code: made by REGISTER, ended by VERIFY or by time.

Source: IRCv3 draft/account-registration, "VERIFY".
"""

import re
from base64 import b32encode
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

import msgspec

from parvis.chat.service import Chat
from parvis.irc.casemapping import fold
from parvis.model import events as e
from parvis.model.ids import OPAQUE_ID_BYTES, IdentityId
from parvis.model.kept import KeptKind, keep
from parvis.model.pending import PENDING_MAX, PENDING_MS, Pending

ADDRESS_BYTES_MAX: Final = 254
"""Longest address that can be written to (RFC 5321, section 4.5.3.1.3, less its brackets)."""
_CODE_BYTES: Final = 10
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])\Z"
)


def is_address(text: str) -> bool:
    """Tell whether a text is an address that mail can be sent to (RFC 5322, `addr-spec` of atoms; a domain name)."""
    local = text.partition("@")[0]
    return len(text) <= ADDRESS_BYTES_MAX and len(local) <= 64 and _ADDRESS.match(text) is not None


def begin(chat: Chat, account: IdentityId, name: str, password: str) -> str:
    """Let an account wait for its code, in place of any of this name that waits already; give the code."""
    _drop_ended(chat)
    old = chat.world.pending.get(fold(name))
    if old is not None:
        end(chat, old)
    raw = chat.chance.opaque_id()[:_CODE_BYTES]
    code = b32encode(raw).decode()
    save(
        chat,
        Pending(id=account, name=name, password=password, code=_hash(chat, code), ends_at_ms=chat.now_ms + PENDING_MS),
    )
    return code


def save(chat: Chat, pending: Pending) -> None:
    """Have an account that waits, or a change of it, kept."""
    chat.apply(e.PendingKept(pending, fold(pending.name)))
    chat.keep_value(keep(KeptKind.PENDING_ACCOUNT, pending.id, pending))


def end(chat: Chat, pending: Pending) -> None:
    """Let an account wait no longer."""
    chat.apply(e.PendingEnded(pending, fold(pending.name)))
    chat.keep_value(keep(KeptKind.PENDING_ACCOUNT, pending.id, None))


def try_failed(chat: Chat, pending: Pending) -> None:
    """Note a wrong code; after a few the account waits no longer."""
    if pending.tries <= 1 or chat.now_ms >= pending.ends_at_ms:
        end(chat, pending)
    else:
        save(chat, msgspec.structs.replace(pending, tries=pending.tries - 1))


def is_right(chat: Chat, pending: Pending, code: str) -> bool:
    """Tell whether a code is the one that was sent, and still good."""
    return chat.now_ms < pending.ends_at_ms and compare_digest(_hash(chat, code.strip().upper()), pending.code)


def address_key(chat: Chat, address: str) -> str:
    """Give what an address is counted under, which does not tell it."""
    return blake2b(
        address.lower().encode(), key=chat.secret, digest_size=OPAQUE_ID_BYTES, person=b"parvis-mail"
    ).hexdigest()


def _hash(chat: Chat, code: str) -> bytes:
    return blake2b(code.encode(), key=chat.secret, digest_size=32, person=b"parvis-code").digest()


def _drop_ended(chat: Chat) -> None:
    """Drop what has waited too long. They stand in the order of their ends."""
    for pending in list(chat.world.pending.values()):
        if pending.ends_at_ms > chat.now_ms and len(chat.world.pending) < PENDING_MAX:
            return
        end(chat, pending)
