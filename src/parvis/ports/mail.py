"""A way to send a few words to an address, for codes that confirm it."""

from typing import Protocol


class Mail(Protocol):
    """Sends mail, one message after the other, beside the event loop.

    Concurrency: called on the event loop, never blocks.
    Durability: none: what waits when the server stops is lost, and asked for again by its person.
    Failure: what cannot be sent is logged, without address or words.
    """

    def send(self, to: str, subject: str, text: str) -> bool:
        """Have a message sent soon; False: too much waits already, and it is not."""
