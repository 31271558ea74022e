"""What TLS costs, reported without a goal: `python -m bench.chat.tls`.

One server with a plain and a TLS listener; the same small client program plays the same busy room over each. Printed
are the server's memory for each idle connection, and its CPU for each delivery. The generator of the other rows speaks
no TLS, so these figures compare with each other and with no other table.
"""

import argparse
import asyncio
import os
import shutil
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from statistics import median
from typing import Final

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.chat.machine import facts
from bench.chat.run import RESULTS
from bench.chat.servers import OUT, Pinning, free_ports, measured_commit, parvis_command, wait_for_port

IDLE: Final = 1000
MEMBERS: Final = 100
MESSAGES: Final = 1500
WINDOW: Final = 32
ROUNDS: Final = 3
LIMIT_S: Final = 120.0


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_path, key_path


class Member(asyncio.Protocol):
    """A client that counts what it hears."""

    def __init__(self, nick: str) -> None:
        """Make one that is not connected yet."""
        self.nick = nick
        self.entered = asyncio.get_running_loop().create_future()
        self.joined = asyncio.get_running_loop().create_future()
        self.heard = 0
        self.transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter."""
        assert hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]  # uvloop's transports do not inherit
        self.say(f"NICK {self.nick}", f"USER {self.nick} 0 * :bench")

    def say(self, *lines: str) -> None:
        """Send lines."""
        assert self.transport is not None
        self.transport.write("".join(f"{line}\r\n" for line in lines).encode())

    def data_received(self, data: bytes) -> None:
        """Count."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            command = line.split(b" ", 2)[1]
            if command == b"PRIVMSG":
                self.heard += 1
            elif command in (b"422", b"376"):
                self.entered.set_result(None)
            elif command == b"366":
                self.joined.set_result(None)


async def connect(count: int, port: int, context: ssl.SSLContext | None, tag: str) -> list[Member]:
    """Bring people in, some at a time."""
    loop = asyncio.get_running_loop()
    members: list[Member] = []
    for start in range(0, count, 50):
        group = [Member(f"{tag}{number}") for number in range(start, min(start + 50, count))]
        for member in group:
            await loop.create_connection(
                lambda member=member: member,
                "127.0.0.1",
                port,
                ssl=context,
                server_hostname="127.0.0.1" if context else None,
            )
        await asyncio.gather(*[member.entered for member in group])
        members += group
    return members


def memory_kb(pid: int) -> int:
    """Read the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


def cpu_s(pid: int) -> float:
    """Read the CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(pid: int, port: int, context: ssl.SSLContext | None, tag: str) -> tuple[float, float]:
    """Give bytes of memory for each idle connection, and microseconds of CPU for each delivery."""
    before = memory_kb(pid)
    idle = await connect(IDLE, port, context, f"i{tag}")
    await asyncio.sleep(0.5)
    each = (memory_kb(pid) - before) * 1024 / IDLE
    for member in idle:
        if member.transport is not None:
            member.transport.close()
    members = await connect(MEMBERS, port, context, f"m{tag}")
    for member in members:
        member.say(f"JOIN #{tag}")
    await asyncio.gather(*[member.joined for member in members])
    await asyncio.sleep(0.5)
    began = cpu_s(pid)
    sender, others = members[0], members[1:]
    for sent in range(0, MESSAGES, WINDOW):
        count = min(WINDOW, MESSAGES - sent)
        sender.say(*[f"PRIVMSG #{tag} :{'x' * 100}" for _ in range(count)])
        # Asked for by the clock: nobody is to be woken for each line.
        while min(member.heard for member in others) < sent + count:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    used = cpu_s(pid) - began
    for member in members:
        if member.transport is not None:
            member.transport.close()
    return each, used / (MESSAGES * len(others)) * 1e6


def run(folder: Path) -> list[str]:
    """Start a server, play, and give a Markdown table."""
    cert, key = make_certificate(folder)
    plain, tls = free_ports(2)
    config = folder / "parvis.toml"
    listener = '[[listen]]\nkind = "irc"\nhost = "127.0.0.1"\nport = {}\n'
    config.write_text(
        '[server]\nname = "bench.local"\nprofile = "test"\nmotd = ""\n[limits]\nexempt_loopback = true\n'
        + listener.format(plain)
        + listener.format(tls)
        + f'tls_cert = "{cert}"\ntls_key = "{key}"\n',
        encoding="utf-8",
    )
    pinning = Pinning()
    command = [*pinning.server(), parvis_command(), "serve", "--config", str(config), "--data", str(folder / "data")]
    with (folder / "server.log").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    context = ssl.create_default_context(cafile=str(cert))
    figures: dict[str, list[tuple[float, float]]] = {"TCP": [], "TLS": []}
    try:
        wait_for_port(plain, process)
        time.sleep(1.5)
        os.sched_setaffinity(0, {1})
        for number in range(ROUNDS):
            for name, port, how in (("TCP", plain, None), ("TLS", tls, context)):
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    one = runner.run(
                        asyncio.wait_for(measure(process.pid, port, how, f"{name.lower()}{number}"), LIMIT_S)
                    )
                figures[name].append(one)
                time.sleep(0.5)
    finally:
        process.terminate()
        process.wait(20)
    rows = ["| | memory of an idle connection, first round | CPU for a delivery, median |", "| --- | --- | --- |"]
    # Later rounds find memory that the first has left, so only the first tells what a connection takes.
    rows += [
        f"| {name} | {got[0][0]:.0f} B | {median(one[1] for one in got):.2f} µs |" for name, got in figures.items()
    ]
    return rows


def main() -> None:
    """Measure, print, and add to the day's result."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    folder = OUT / "tls"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = run(folder)
    now = datetime.now(UTC)
    text = "\n".join(
        [f"## {now:%Y-%m-%d %H:%M} UTC, commit {measured_commit()}: TLS", "", *facts(folder), "", *rows, "", ""]
    )
    print(text)
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{now:%Y-%m-%d}.md").open("a", encoding="utf-8") as out:
        out.write(text)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
