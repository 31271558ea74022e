"""What the chat asks of the world outside it. `app/wiring.py` plugs it in."""

from collections.abc import Callable

import msgspec

from parvis.archive.sealing import Wrapping
from parvis.chat.settings import Operator
from parvis.ports.history import History
from parvis.ports.mail import Mail
from parvis.ports.passwords import Passwords
from parvis.ports.rights import Rights
from parvis.ports.wording import Wording
from parvis.ports.work import Work


def _no_gateway(_host: str, _certificate: str, _password: str) -> str | None:
    return None


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """Ways out of the chat. What blocks is called through `work` alone."""

    work: Work
    """Does a task in a thread."""
    history: History
    """What was sealed, read again. Blocks."""
    history_work: Work
    """Does a question to it in a thread of its own: a long one keeps nobody from logging in."""
    find_operator: Callable[[str, str], Operator | None]
    """Gives the operator with a name and a password. Blocks."""
    mail: Mail | None = None
    """Sends codes; None: this server sends no mail."""
    wrapping: Wrapping
    """What the keys of the identification vault are wrapped under; asked once a day, on the loop."""
    passwords: Passwords
    """Makes and checks what passwords of accounts are checked against."""
    rights: Rights
    """Erases what people wrote, and gives them what is kept about them."""
    wording: Wording
    """Says what people read in their language."""
    reload: Callable[[], bool]
    """Reads the configuration again and takes it; with a mistake in it, gives False and changes nothing."""
    find_gateway: Callable[[str, str, str], str | None] = _no_gateway
    """Names the gateway at an address, with the fingerprint of its certificate and a password, that may say for whom
    it speaks (WEBIRC). Blocks."""
