"""Real clients log in to accounts with what they were configured with.

Source: IRCv3 sasl 3.2; draft/account-registration, "REGISTER"; extended-join; RFC 4616 (PLAIN); RFC 7677 (SCRAM).
"""

from contextlib import ExitStack
from pathlib import Path

from tests.journeys.bots import IrcBot, PydleBot, SopelBot
from tests.journeys.clients import Client, Login, Way
from tests.journeys.squares import a_square
from tests.journeys.terminals import Irssi, WeeChat
from tests.journeys.test_clients import BINARY, TEXT, a_certificate, all_see
from tests.journeys.web import Web

PASSWORDS = {
    "Irma": "un-cheval-correct-et-une-agrafe",
    "Wanda": "la-pile-est-toujours-vide-ici",
    "Libby": "sept-fois-sept-fois-quarante",
    "Paul": "nenio-estas-pli-bela-ol-tio",
    "Sophie": "kolik-jazyku-umis-tolikrat",
    "Webb": "encore-un-cafe-s-il-te-plait",
    "Bina": "au-clair-de-la-lune-mon-ami",
}


def claim(way: Way, nick: str) -> Login:
    """Let somebody enter as a guest and claim the pseudonym; give the account."""
    with Web(nick, way, TEXT, "draft/account-registration") as guest:
        guest.sees("joined", who=nick)
        guest.send(f"REGISTER * * {PASSWORDS[nick]}")
        guest.sees("registered", outcome="SUCCESS", account=nick)
        guest.quit("à tout de suite")
    return Login(nick, PASSWORDS[nick])


def test_every_kind_of_client_logs_in_while_it_connects(tmp_path: Path) -> None:
    """
    Each has claimed its pseudonym, and comes back with the password: WeeChat and the two on WebSocket by
    SCRAM-SHA-256, irssi and the three bots by PLAIN. Each is told that it is logged in, Bina sees everybody come with
    their account, and they talk. Who knows the pseudonym and not the password is told so and does not come in.
    """
    certificate, key = a_certificate(tmp_path)
    listeners = (
        f'[[listen]]\nkind = "irc"\nport = 0\ntls_cert = "{certificate}"\ntls_key = "{key}"\n'
        '[[listen]]\nkind = "websocket"\nport = 0\nallowed_origins = ["*"]\n'
    )
    with a_square(tmp_path, listeners) as square, ExitStack() as home:
        page = Way(square.ports["ws"][0])
        logins = {nick: claim(page, nick) for nick in PASSWORDS}

        def way(nick: str) -> Way:
            return Way(square.ports["ircs"][0], certificate, logins[nick])

        bina = home.enter_context(Web("Bina", Way(page.port, login=logins["Bina"]), BINARY, "extended-join"))
        bina.sees("came as", who="Bina", account="Bina")
        everybody: list[Client] = [
            bina,
            home.enter_context(Web("Webb", Way(page.port, login=logins["Webb"]), TEXT)),
            home.enter_context(Irssi("Irma", tmp_path / "irssi", way("Irma"))),
            home.enter_context(WeeChat("Wanda", tmp_path / "weechat", way("Wanda"))),
            home.enter_context(IrcBot("Libby", way("Libby"))),
            home.enter_context(PydleBot("Paul", way("Paul"))),
            home.enter_context(SopelBot("Sophie", tmp_path / "sopel", way("Sophie"))),
        ]
        for client in everybody:
            client.sees("logged in", account=client.nick)
            client.sees("joined", who=client.nick)
            bina.sees("came as", who=client.nick, account=client.nick)
        for speaker in everybody:
            text = f"me voilà, et c'est bien moi, {speaker.nick} ✔"
            speaker.say(text)
            all_see(everybody, "said", who=speaker.nick, text=text, but=speaker)

        liar = Login("Sophie", "ce-n-est-pas-le-mot-de-passe")
        with Web("Menteur", Way(page.port, login=liar), TEXT) as stranger:
            stranger.sees("refused")
            assert not stranger.times("logged in", account="Sophie")
