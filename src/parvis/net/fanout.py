"""The same bytes to many connections: where most of a busy room's time goes, all of it in the kernel.

A plain socket with nothing waiting is written to directly: the transport's own write does the same by a longer way
(docs/adr/0001-turn-batch-and-fence.md).
"""

from collections.abc import Sequence
from os import write

from parvis.chat.client import Client


def fan_out(clients: Sequence[Client], data: bytes) -> None:
    """Send data to each client once. What a socket does not take at once waits in its transport, bounded."""
    size = len(data)
    for client in clients:
        descriptor = client.direct
        if descriptor < 0:
            client.send(data)
            continue
        try:
            written = write(descriptor, data)
        except BlockingIOError:
            written = 0
        except OSError:
            client.give_up()
            continue
        if written != size:
            client.send_later(data[written:])
