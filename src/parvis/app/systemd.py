"""Readiness for systemd: `READY=1` and the like to the socket it names (sd_notify(3))."""

import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Tell systemd; nothing happens when it did not start us, or no longer listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect("\0" + address[1:] if address[0] == "@" else address)
        channel.sendall(state.encode())
