"""Real clients hold a conversation through one real server. Source: docs/handbook/member.md."""

import asyncio
import datetime
from contextlib import ExitStack
from pathlib import Path

import pytest
import websockets.asyncio.client
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.journeys.bots import IrcBot, PydleBot, SopelBot
from tests.journeys.clients import ROOM, Client, Way
from tests.journeys.squares import a_square
from tests.journeys.terminals import Irssi, WeeChat
from tests.journeys.web import Web
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

TEXT = Subprotocol("text.ircv3.net")
BINARY = Subprotocol("binary.ircv3.net")


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    key_file.chmod(0o600)
    return certificate_file, key_file


def all_see(clients: list[Client], what: str, *, but: Client | None = None, times: int = 1, **parts: str) -> None:
    """Everybody has recorded it, once unless it is said how often, each in their own way."""
    for client in clients:
        if client is not but:
            client.sees(what, times, **parts)


def next_ones(clients: list[Client]) -> list[tuple[Client, Client]]:
    """Pair each with the next, and the last with the first."""
    return list(zip(clients, [*clients[1:], clients[0]], strict=True))


@pytest.mark.parametrize(
    "over_tls", [("Irma", "Libby", "Paul", "Webb"), ("Wanda", "Sophie", "Bina")], ids=["one half", "the other"]
)
def test_seven_kinds_of_clients_hold_a_conversation(tmp_path: Path, over_tls: tuple[str, ...]) -> None:
    """
    Irma sits at irssi, Wanda at WeeChat; Libby, Paul and Sophie are bots of the irc library, of pydle and of Sopel.
    Half of them come over TLS, the others plain, and the second time the other way round. Webb and Bina come over
    WebSocket, one with text frames, one with binary ones.
    """
    certificate, key = a_certificate(tmp_path)
    listeners = (
        '[[listen]]\nkind = "irc"\nport = 0\n'
        f'[[listen]]\nkind = "irc"\nport = 0\ntls_cert = "{certificate}"\ntls_key = "{key}"\n'
        '[[listen]]\nkind = "websocket"\nport = 0\n'
        f'[[listen]]\nkind = "websocket"\nport = 0\ntls_cert = "{certificate}"\ntls_key = "{key}"\n'
    )
    with a_square(tmp_path, listeners) as square, ExitStack() as home:

        def way(nick: str, scheme: str = "irc") -> Way:
            if nick in over_tls:
                return Way(square.ports[f"{scheme}s"][0], certificate)
            return Way(square.ports[scheme][0])

        # Irma opens the room, and so she is its host.
        irma = home.enter_context(Irssi("Irma", tmp_path / "irssi", way("Irma")))
        irma.sees("joined", who="Irma")
        webb = home.enter_context(Web("Webb", way("Webb", "ws"), TEXT))
        bina = home.enter_context(Web("Bina", way("Bina", "ws"), BINARY))
        wanda = home.enter_context(WeeChat("Wanda", tmp_path / "weechat", way("Wanda")))
        libby = home.enter_context(IrcBot("Libby", way("Libby")))
        paul = home.enter_context(PydleBot("Paul", way("Paul")))
        sophie = home.enter_context(SopelBot("Sophie", tmp_path / "sopel", way("Sophie")))
        everybody: list[Client] = [irma, wanda, libby, paul, sophie, webb, bina]
        for client in everybody:
            irma.sees("joined", who=client.nick)
            client.sees("joined", who=client.nick)

        # Each says a line with accents and an emoji, and everybody else has it as it was said.
        lines: dict[Client, str] = {
            irma: "Bonjour à tous, ça va ? 🌿",
            wanda: "déjà vu : œuvre, naïve, Ångström 🐝",
            libby: "добрый день, 你好, مرحبا 🤖",
            paul: "Ĉu vi parolas Esperanton? ¿Qué tal, señor? 🦉",
            sophie: "žluťoučký kůň, İstanbul, ß und ẞ 🐎",
            webb: "un café ☕ au coin, 2 € 👩‍👩‍👧‍👦",
            bina: "%s {} $HOME \\ <b>&amp;</b> 🦊",
        }
        for speaker, text in lines.items():
            speaker.say(text)
            all_see(everybody, "said", who=speaker.nick, text=text, but=speaker)

        # A private message is read by the one it is for, and by nobody else: each tells the next.
        secrets: dict[Client, str] = {}
        for speaker, reader in next_ones(everybody):
            secrets[speaker] = f"un secret ✉ pour {reader.nick}"
            speaker.tell(reader.nick, secrets[speaker])
            reader.sees("told", who=speaker.nick, text=secrets[speaker])
        for speaker, reader in next_ones(everybody):
            for client in everybody:
                assert client in (speaker, reader) or secrets[speaker] not in client.record()

        # Each does something.
        for actor in everybody:
            actor.act(f"sourit à tout le monde 🙂, dit {actor.nick}")
            all_see(everybody, "did", who=actor.nick, text=f"sourit à tout le monde 🙂, dit {actor.nick}", but=actor)

        # The host makes hosts of all; each sets the topic.
        for client in everybody[1:]:
            irma.make_host(client.nick)
            all_see(everybody, "host", who="Irma", whom=client.nick)
        for client in everybody:
            client.set_topic(f"L'été à la mer ☀, vu par {client.nick}")
            all_see(everybody, "topic", who=client.nick, text=f"L'été à la mer ☀, vu par {client.nick}")

        # Each puts the next out, with a reason that the one who goes reads too. Who is out cannot speak there.
        for host, gone in next_ones(everybody):
            host.kick(gone.nick, f"trop de café ☕, dit {host.nick}")
            all_see(everybody, "kick", who=host.nick, whom=gone.nick, text=f"trop de café ☕, dit {host.nick}")
            gone.say(f"et pourtant, dit {gone.nick}")
            already = {client: client.times("joined", who=gone.nick) for client in everybody}
            gone.join()
            for client in everybody:
                client.sees("joined", times=already[client] + 1, who=gone.nick)
            assert not any(f"et pourtant, dit {gone.nick}" in one.record() for one in everybody if one is not gone)
            if gone is not irma:
                irma.make_host(gone.nick)
                all_see(everybody, "host", times=2, who="Irma", whom=gone.nick)

        # Who leaves says why, and those who are still there read it.
        inside = list(everybody)
        for leaver in reversed(everybody):
            inside.remove(leaver)
            leaver.quit(f"à demain 🌙, dit {leaver.nick}")
            all_see(inside, "quit", who=leaver.nick, text=f"à demain 🌙, dit {leaver.nick}")

    # The archive holds what was said, in the order in which it was.
    assert square.said() == [
        *(f"PRIVMSG {ROOM} :{text}" for text in lines.values()),
        *(f"PRIVMSG {reader.nick} :{secrets[speaker]}" for speaker, reader in next_ones(everybody)),
        *(f"PRIVMSG {ROOM} :\x01ACTION sourit à tout le monde 🙂, dit {one.nick}\x01" for one in everybody),
    ]


@pytest.mark.parametrize("subprotocol", [TEXT, BINARY])
def test_a_page_may_connect_where_its_origin_is_allowed_and_nowhere_else(
    tmp_path: Path, subprotocol: Subprotocol
) -> None:
    """
    A browser names the origin of the page that connects. A listener that allows any lets it in; one that allows
    its own alone refuses with 403, and lets programs in that name none. Source: RFC 6455, section 10.2.
    """
    listeners = (
        '[[listen]]\nkind = "websocket"\nport = 0\nallowed_origins = ["*"]\n'
        '[[listen]]\nkind = "websocket"\nport = 0\nallowed_origins = ["https://chat.example.org"]\n'
    )

    async def enters(port: int, origin: str | None) -> str:
        given = None if origin is None else Origin(origin)
        # Without max_queue the client stops reading at 16 frames that nobody took, the closing one among them.
        async with websockets.asyncio.client.connect(
            f"ws://127.0.0.1:{port}/irc", origin=given, subprotocols=[subprotocol], proxy=None, max_queue=None
        ) as socket:
            assert socket.subprotocol == subprotocol
            for line in ("NICK Zoé", "USER zoe 0 * :Zoé"):
                await socket.send(line.encode() if subprotocol == BINARY else line)
            async with asyncio.timeout(30):
                welcome = await socket.recv()
        return welcome.decode() if isinstance(welcome, bytes) else welcome

    with a_square(tmp_path, listeners) as square:
        anywhere, here = square.ports["ws"]
        for port, origin in (
            (anywhere, "https://elsewhere.example"),
            (anywhere, None),
            (here, "https://chat.example.org"),
            (here, None),
        ):
            assert " 001 Zoé :" in asyncio.run(enters(port, origin))
        with pytest.raises(InvalidStatus) as refused:
            asyncio.run(enters(here, "https://elsewhere.example"))
        assert refused.value.response.status_code == 403
