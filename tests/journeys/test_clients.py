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
from tests.journeys.clients import ROOM, Bot, Client, Irssi, Web, WeeChat
from tests.journeys.squares import a_square
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


def all_see(clients: list[Client], what: str, *, but: Client | None = None, **parts: str) -> None:
    """Everybody has recorded it, once, each in their own way."""
    for client in clients:
        if client is not but:
            client.sees(what, **parts)


def test_five_kinds_of_clients_hold_a_conversation(tmp_path: Path) -> None:
    """
    Irma sits at irssi, over TLS; Wanda at WeeChat; Libby is a bot of the irc library; Webb and Bina come over
    WebSocket, one with text frames, one with binary ones.
    """
    certificate, key = a_certificate(tmp_path)
    listeners = (
        '[[listen]]\nkind = "irc"\nport = 0\n'
        f'[[listen]]\nkind = "irc"\nport = 0\ntls_cert = "{certificate}"\ntls_key = "{key}"\n'
        '[[listen]]\nkind = "websocket"\nport = 0\nallowed_origins = ["*"]\n'
    )
    with a_square(tmp_path, listeners) as square, ExitStack() as home:
        # Irma opens the room, and so she is its host.
        irma = home.enter_context(Irssi("Irma", tmp_path / "irssi", square.ports["ircs"][0], certificate))
        irma.sees("joined", who="Irma")
        wanda = home.enter_context(WeeChat("Wanda", tmp_path / "weechat", square.port))
        libby = home.enter_context(Bot("Libby", square.port))
        webb = home.enter_context(Web("Webb", square.ports["ws"][0], TEXT))
        bina = home.enter_context(Web("Bina", square.ports["ws"][0], BINARY))
        everybody: list[Client] = [irma, wanda, libby, webb, bina]
        for client in everybody:
            irma.sees("joined", who=client.nick)
            client.sees("joined", who=client.nick)

        # Each says a line with accents and an emoji, and everybody else has it as it was said.
        lines = {
            irma: "Bonjour à tous, ça va ? 🌿",
            wanda: "déjà vu : œuvre, naïve, Ångström 🐝",
            libby: "добрый день, 你好, مرحبا 🤖",
            webb: "un café ☕ au coin, 2 € 👩‍👩‍👧‍👦",
            bina: "%s {} $HOME \\ <b>&amp;</b> 🦊",
        }
        for speaker, text in lines.items():
            speaker.say(text)
            all_see(everybody, "said", who=speaker.nick, text=text, but=speaker)

        # A private message is read by the one it is for, and by nobody else.
        wanda.tell("Irma", "un secret ✉ pour toi")
        irma.sees("told", who="Wanda", text="un secret ✉ pour toi")
        irma.tell("Bina", "un autre secret ✉")
        bina.sees("told", who="Irma", text="un autre secret ✉")
        bina.tell("Wanda", "et le troisième ✉")
        wanda.sees("told", who="Bina", text="et le troisième ✉")
        assert not any("✉" in client.record() for client in (libby, webb))

        # The host sets the topic.
        irma.set_topic("L'été à la mer ☀")
        all_see(everybody, "topic", who="Irma", text="L'été à la mer ☀")

        # Some do something.
        wanda.act("sourit à tout le monde 🙂")
        all_see(everybody, "did", who="Wanda", text="sourit à tout le monde 🙂", but=wanda)
        libby.act("compte jusqu'à zéro")
        all_see(everybody, "did", who="Libby", text="compte jusqu'à zéro", but=libby)

        # The host puts Webb out, with a reason that Webb reads too. Webb cannot speak there any more.
        irma.kick("Webb", "trop de café ☕")
        all_see(everybody, "kick", who="Irma", whom="Webb", text="trop de café ☕")
        webb.say("et pourtant")
        webb.tell("Bina", "ils m'ont mis dehors")
        bina.sees("told", who="Webb", text="ils m'ont mis dehors")
        inside: list[Client] = [irma, wanda, libby, bina]
        assert not any("et pourtant" in client.record() for client in (irma, wanda, libby, bina))

        # Who leaves says why.
        bina.quit("à demain 🌙")
        all_see(inside, "quit", who="Bina", text="à demain 🌙", but=bina)
        libby.quit("la pile est vide")
        all_see([irma, wanda], "quit", who="Libby", text="la pile est vide")
        wanda.quit("bonne nuit ✨")
        irma.sees("quit", who="Wanda", text="bonne nuit ✨")
        irma.quit("au lit")

    # The archive holds what was said, in the order in which it was.
    assert square.said() == [
        *(f"PRIVMSG {ROOM} :{text}" for text in lines.values()),
        "PRIVMSG Irma :un secret ✉ pour toi",
        "PRIVMSG Bina :un autre secret ✉",
        "PRIVMSG Wanda :et le troisième ✉",
        f"PRIVMSG {ROOM} :\x01ACTION sourit à tout le monde 🙂\x01",
        f"PRIVMSG {ROOM} :\x01ACTION compte jusqu'à zéro\x01",
        "PRIVMSG Bina :ils m'ont mis dehors",
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
