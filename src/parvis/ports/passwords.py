"""What passwords are checked against, and how: slow on purpose, and of no use to who has the database alone."""

from typing import Protocol

from parvis.irc.scram import Keys


class Passwords(Protocol):
    """Makes and checks verifiers. A verifier is text for the database; only the adapter reads it.

    Concurrency: `make` and `check` block for tens of milliseconds, and are called in a thread; the rest is quick.
    Secrecy: without the key store a verifier tells nothing, and it is of no use beside another owner's id.
    Failure: a verifier that is not this server's, or another owner's, raises `ValueError`.
    """

    def make(self, owner: bytes, password: str) -> str:
        """Make the verifier of an owner's password. Blocks."""

    def check(self, owner: bytes, verifier: str, password: str) -> bool:
        """Tell whether a password is the right one. An empty verifier is nobody's: it takes as long. Blocks."""

    def scram_keys(self, owner: bytes, verifier: str, name: str) -> Keys:
        """Give the keys by which a password is proved without being sent (SCRAM-SHA-256).

        With an empty verifier: keys that nobody can prove, always the same for one folded name.
        """
