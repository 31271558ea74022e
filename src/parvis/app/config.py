"""The configuration: one TOML file, the environment over it, and every mistake in them by name.

Rule 1: a key stands in one place, below, with its type, limits, default and meaning. The reader, the handbook
(docs/handbook/operator.md) and the tests all go by these declarations.
Rule 2: every mistake is collected before any is told, each with its full key.
Rule 3: no text made here holds the value of a secret.
Rule 4: this module loads before the first listener accepts, so it imports no SQL, no cryptography, no HTTP.

The environment: ``PARVIS_SECTION__KEY`` and, for arrays of tables, ``PARVIS_LISTEN__0__PORT``. Text is taken as it
stands; numbers, switches and lists are written as in TOML, and a list may also be plain words parted by commas.
"""

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args, get_type_hints

import msgspec

from parvis.app import retention
from parvis.app.readers import (
    SECRET_BYTES_MAX,
    Choice,
    Folder,
    Hidden,
    HiddenHash,
    Host,
    Lines,
    Many,
    Network,
    NetworkOf,
    Origin,
    Reader,
    Secret,
    ServerName,
    Span,
    Switch,
    Text,
    Whole,
    Wrong,
    WrongParts,
    suggest,
)
from parvis.irc.spans import write_span
from parvis.legal.retention import Unsound, too_short

FILE_BYTES_MAX: Final = 1 << 20
"""Largest configuration file that is read."""

TABLES_MAX: Final = 64
"""Most tables in one array: listeners, operators."""

MISTAKES_MAX: Final = 200
"""Most mistakes that are told of one configuration."""

CONTACT_BYTES_MAX: Final = 100
"""Longest way to reach those who run the server: an ERROR holds it beside a reason and an end."""

WINDOW_S_MAX: Final = 30 * 86_400
"""Longest of the three windows. What the server can open for longer is not sealed."""

BAN_S_MAX: Final = 365 * 86_400
"""Longest ban that may be allowed: a sanction ends (DESIGN, promise 3)."""
LINE_OVERHEAD_BYTES: Final = 300
"""What a line of a multiline message takes on the wire beside its text: mask, command, target, tags."""

ENVIRONMENT_PREFIX: Final = "PARVIS_"


class Mistake(msgspec.Struct, frozen=True):
    """One thing that is wrong. ``key`` is its full key, as in ``listen[1].port``; "" is the file itself."""

    key: str
    text: str

    def __str__(self) -> str:
        """Write it as one line for people."""
        return f"{self.key}: {self.text}" if self.key else self.text


class Mistakes(ValueError):
    """The configuration cannot be used. ``mistakes`` holds all that is wrong with it."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        """Hold the mistakes."""
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


# --- words ---


class Profile(StrEnum):
    """Whose law the defaults follow. ``test`` never leaves the machine."""

    EU_FR = "eu-fr"
    EU = "eu"
    UK = "uk"
    US = "us"
    TEST = "test"


class Language(StrEnum):
    """A language that the server writes to people."""

    FR = "fr"
    EN = "en"


class Casemapping(StrEnum):
    """Which letters count as one in names."""

    ASCII = "ascii"


class Kind(StrEnum):
    """What a listener speaks."""

    IRC = "irc"
    HTTP = "http"
    WEBSOCKET = "websocket"


class AlwaysOn(StrEnum):
    """Whether an account stays in its rooms while nobody is connected."""

    DISABLED = "disabled"
    OPT_IN = "opt-in"
    OPT_OUT = "opt-out"
    MANDATORY = "mandatory"


class OperatorClass(StrEnum):
    """What an operator may do."""

    SERVER_ADMIN = "server-admin"


class StoreKind(StrEnum):
    """Where the archive keeps what it seals."""

    SQLITE = "sqlite"
    MEMORY = "memory"


DEFAULT_MOTD: Final = (
    "Bienvenue sur le parvis : on entre avec un pseudonyme, et tout le monde répond de ses mots.\n"
    "Chaque message est scellé avant d'être remis. Un signalement reçoit toujours une réponse.\n"
    "Welcome to the square: a pseudonym is enough to enter, and everybody answers for their words.\n"
    "Every message is sealed before it is delivered. Every report gets an answer."
)

DEFAULT_PORTS: Final = {Kind.IRC: 6667, Kind.HTTP: 8067, Kind.WEBSOCKET: 8068}
"""The port of a listener that names none."""


RESERVED_NAMES: Final = (
    *("admin", "administrator", "moderator", "operator", "staff", "support", "root", "system", "server", "parvis"),
    *("administrateur", "administration", "moderateur", "moderation", "operateur", "equipe", "systeme", "serveur"),
    *("NickServ", "ChanServ", "services"),
)
"""Names under which somebody could pass for the server or its staff. Accents make no difference."""


# --- the keys ---


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """The server as a whole."""

    name: Annotated[str, ServerName(), "What IRC clients see as the server."] = "chat.example.org"
    network: Annotated[
        str,
        Text(1, 64, shape=r"\S+", called="a name without spaces"),
        "What IRC clients see as the network.",
    ] = "Example"
    description: Annotated[
        str, Text(0, 100), "One line that says what this server is, for WHOIS and the entry page."
    ] = "A public chat, made answerable"
    contact: Annotated[
        str,
        Text(0, CONTACT_BYTES_MAX),
        "How those who run the server are reached, such as an address or a page: told to whoever is banned, for an "
        "appeal. Without it, the last line of `admin` that is short enough.",
    ] = ""
    admin: Annotated[
        tuple[str, ...],
        Many(Text(1, 200), high=3),
        "Who runs the server, and where to write to them: up to three lines, for ADMIN.",
    ] = ()
    motd: Annotated[str, Lines(390, 100), "Message of the day, line by line; empty: none."] = DEFAULT_MOTD
    data_dir: Annotated[Path, Folder(1), "Folder of the archive and the keys; relative to where the server starts."] = (
        Path("parvis-data")
    )
    casemapping: Annotated[Casemapping, Choice(Casemapping), "Which letters count as one in names."] = Casemapping.ASCII
    password: Annotated[
        Secret,
        Hidden(0, SECRET_BYTES_MAX),
        "Connection password that every client must send with PASS; empty: none.",
    ] = Secret("")  # frozen and without state to share
    profile: Annotated[
        Profile,
        Choice(Profile),
        "Whose law the defaults for retention, scanning and duties follow; in this version those of all but `test` "
        "are the same. `test` refuses every listener off loopback, sets the keys of [safety] to false and opens no "
        "room of its own.",
    ] = Profile.EU_FR
    languages: Annotated[
        tuple[Language, ...],
        Many(Choice(Language), low=1),
        "Languages in which the server writes to people, the preferred one first. It does nothing in this version: the "
        "chat speaks English, the entry page what the browser asks for.",
    ] = (Language.FR, Language.EN)
    icon: Annotated[
        str,
        Text(0, 300, shape=r"(?:https://[!-~]+)?", called="an https:// address"),
        "Address of a square picture of the network, for clients that show one; empty: none. Every client that shows "
        "it fetches it from there.",
    ] = ""
    sts_port: Annotated[
        int,
        Whole(0, 65535, " (0: off)"),
        "Port of a TLS listener that plain IRC connections are told to use from now on (IRCv3 STS); 0: off. It must "
        "have a certificate that clients accept for the name they connect to.",
    ] = 0
    sts_duration_s: Annotated[
        int,
        Span(366 * 86_400),
        "How long clients that came over TLS refuse to come without; `0s`: they forget it at once. With `sts_port`.",
    ] = msgspec.field(default=0, name="sts_duration")
    sts_preload: Annotated[
        bool, Switch(), "Whether clients may be shipped with that rule for this server. With `sts_duration`."
    ] = False
    drain_timeout_s: Annotated[
        int, Whole(1, 300), "Seconds that SIGTERM leaves to seal and deliver what is under way."
    ] = 5


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """One address and port that the server accepts connections on."""

    kind: Annotated[
        Kind,
        Choice(Kind),
        "`irc`: IRC over TCP. `http`: pages, API, uploads and the WebSocket at `/irc`. "
        "`websocket`: only the WebSocket, at any path.",
    ] = Kind.IRC
    host: Annotated[str, Host(), "Address to listen on."] = "127.0.0.1"
    port: Annotated[
        int,
        Whole(0, 65535, " (0: any free port)"),
        "Port to listen on, 0 for any free one. Without it: 6667 (irc), 8067 (http), 8068 (websocket).",
    ] = 6667
    tls_cert: Annotated[Path | None, Folder(), "Certificate chain in PEM. Set with `tls_key`: TLS."] = None
    tls_key: Annotated[
        Path | None, Folder(), "Private key in PEM, in a file that only its owner can read (mode 0600)."
    ] = None
    proxy_protocol: Annotated[
        bool,
        Switch(),
        "Every connection begins with a PROXY header (version 1 or 2) that names the client. Only behind a "
        "proxy that nobody can go around.",
    ] = False
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Many(NetworkOf()),
        "Addresses and networks of proxies whose RFC 7239 `Forwarded` header (with port) is believed.",
    ] = ()
    plaintext: Annotated[bool, Switch(), "Must be true to listen without TLS off loopback."] = False
    client_certificates: Annotated[
        bool,
        Switch(),
        "Over TLS, ask clients for a certificate, of any authority or of none, by which an account may be known (SASL "
        "EXTERNAL). Without it: true for `irc`, false for the others, where browsers would ask people to choose one.",
    ] = True
    allowed_origins: Annotated[
        tuple[str, ...],
        Many(Origin()),
        "Origins of pages that may open the WebSocket. Empty: those of this server; `*`: any.",
    ] = ()

    @property
    def tls(self) -> bool:
        """Tell whether connections are encrypted."""
        return self.tls_cert is not None and self.tls_key is not None

    @property
    def asks_for_certificates(self) -> bool:
        """Tell whether clients are asked for a certificate of theirs."""
        return self.tls and self.client_certificates

    @property
    def loopback(self) -> bool:
        """Tell whether only this machine can reach the listener."""
        return is_loopback(self.host)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes, counts and rates."""

    nicklen: Annotated[int, Whole(1, 64), "Longest nickname, in bytes."] = 32
    channellen: Annotated[int, Whole(2, 200), "Longest room name, `#` included, in bytes."] = 64
    topiclen: Annotated[
        int,
        Whole(1, 390),
        "Longest topic, in bytes; 390 leave 122 of a line's 512 for what stands before it.",
    ] = 390
    awaylen: Annotated[int, Whole(1, 390), "Longest away message, in bytes."] = 200
    kicklen: Annotated[int, Whole(1, 390), "Longest reason of a KICK, in bytes."] = 390
    realnamelen: Annotated[int, Whole(1, 300), "Longest real name (USER, SETNAME), in bytes."] = 150
    monitor: Annotated[int, Whole(1, 10_000), "Most pseudonyms on one MONITOR list."] = 100
    silence: Annotated[int, Whole(1, 10_000), "Most masks on one SILENCE list."] = 64
    whowas_minutes: Annotated[
        int, Whole(0, 60), "Minutes for which WHOWAS remembers who bore a pseudonym, in memory; 0: not at all."
    ] = 10
    multiline_max_bytes: Annotated[int, Whole(512, 65_536), "Most bytes of one multiline message."] = 4096
    multiline_max_lines: Annotated[int, Whole(1, 1000), "Most lines of one multiline message."] = 32
    client_tags_denied: Annotated[
        tuple[str, ...],
        Many(
            Text(
                1,
                64,
                shape=r"\*|-?(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9][A-Za-z0-9-]*",
                called="a client-only tag without its +, - before it where it is relayed all the same, or * for all",
            ),
            high=32,
        ),
        "Client-only tags that are not relayed, as ISUPPORT tells them in CLIENTTAGDENY: names without `+`, or `*` "
        "first for all and then `-name` for each that is relayed. Those of the default make people's clients fetch "
        "pictures from a stranger's address, or show a name that nobody has checked.",
    ] = ("display-name", "draft/display-name", "draft/icon", "icon")
    metadata_keys: Annotated[
        tuple[str, ...],
        Many(Text(1, 32, shape=r"[a-z0-9_./-][a-z0-9_.:/-]*", called="a metadata key in lower case"), high=32),
        "Metadata keys that people may set beside their name, and hosts beside that of a room; others are refused, and "
        "not shown. None: no metadata. With a key whose value is an address (avatar, url), every client fetches it.",
    ] = ("color", "display-name", "pronouns", "status")
    metadata_max_keys: Annotated[int, Whole(1, 64), "Most metadata keys set beside one name."] = 16
    metadata_max_subs: Annotated[int, Whole(1, 256), "Most metadata keys whose changes one connection reads."] = 32
    metadata_max_value_bytes: Annotated[int, Whole(1, 300), "Longest metadata value, in bytes."] = 200
    metadata_after_s: Annotated[
        int,
        Span(30 * 86_400),
        "How old an account must be to set metadata; `0s`: guests may, too. With safety.trust = false it is `0s`.",
    ] = msgspec.field(default=86_400, name="metadata_after")
    read_queue_bytes: Annotated[
        int,
        Whole(8192, 1 << 20),
        "Most bytes of one connection that were read and not yet decided; above it, it is closed for flooding.",
    ] = 16_384
    send_queue_bytes: Annotated[
        int,
        Whole(16_384, 1 << 26),
        "Most bytes that wait to be sent to one connection; above it, the connection is closed with a reason.",
    ] = 262_144
    commands_per_second: Annotated[int, Whole(1, 100_000), "Commands a connection may send for long."] = 4
    commands_burst: Annotated[int, Whole(1, 100_000), "Commands a connection may send at once after a pause."] = 20
    connections_per_address: Annotated[
        int, Whole(1, 1_000_000), "Most connections from one address (IPv6: one /64) at a time."
    ] = 16
    new_connections_per_minute: Annotated[
        int, Whole(1, 1_000_000), "Most new connections from one address (IPv6: one /64) in a minute."
    ] = 64
    rooms_per_session: Annotated[int, Whole(1, 10_000), "Most rooms that one session is in."] = 50
    rooms_per_account: Annotated[int, Whole(0, 10_000), "Most registered rooms that one account owns."] = 15
    list_modes: Annotated[int, Whole(1, 10_000), "Most masks on all lists (b, e, I) of one room together."] = 100
    targets: Annotated[
        int,
        Whole(1, 100),
        "Most targets of one PRIVMSG, NOTICE, TAGMSG, KICK, NAMES, WHOIS or WHOWAS.",
    ] = 4
    server_bans: Annotated[int, Whole(1, 10_000), "Most bans of the whole server (UBAN) at a time."] = 1000
    server_ban_s: Annotated[int, Span(BAN_S_MAX), "Longest ban of the whole server. None is for ever."] = msgspec.field(
        default=BAN_S_MAX, name="server_ban"
    )
    registration_timeout_s: Annotated[int, Whole(1, 600), "Seconds a connection has to finish CAP, NICK and USER."] = 60
    ping_interval_s: Annotated[int, Whole(1, 3600), "Seconds of silence after which the server sends PING."] = 120
    ping_timeout_s: Annotated[int, Whole(1, 600), "Seconds a connection has to answer that PING."] = 60
    commit_queue_records: Annotated[
        int,
        Whole(64, 1 << 20),
        "Most records that wait to be sealed. At half of it reading stops from those who fill it; when it is "
        "full, acts are refused.",
    ] = 4096
    password_min: Annotated[
        int,
        Whole(1, 64),
        "Fewest bytes of an account's password. With profile `test`: 1, which also takes any that is guessed at once.",
    ] = 8
    failed_logins_per_account: Annotated[
        int,
        Whole(1, 10_000),
        "Wrong passwords for one account after which no more are checked for a while, but from where its owner has "
        "logged in lately.",
    ] = 10
    failed_logins_per_address: Annotated[
        int,
        Whole(1, 10_000),
        "Wrong passwords of accounts from one address (IPv6: one /64) after which no more are checked for a while.",
    ] = 20
    failed_logins_window_s: Annotated[
        int, Whole(1, 86_400), "Seconds without a wrong password after which those before are forgotten."
    ] = 600
    registrations_per_hour: Annotated[
        int, Whole(1, 10_000), "Most accounts registered from one address (IPv6: one /64) in an hour."
    ] = 3
    exempt_loopback: Annotated[
        bool, Switch(), "Lifts every per-address and per-connection rate limit for loopback."
    ] = False


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What may be read again, by whom, for how long. The hosts of a room choose how much of it newcomers may fetch
    (mode `+H`, at most the longest of the three windows; in a room that is not registered, at most `resume`). The
    longest window is the term of the server's own keys: they are destroyed that long after the end of their day (UTC).
    Lengths of time are kept in seconds.
    """

    enabled: Annotated[bool, Switch(), "Whether anything can be fetched again at all (CHATHISTORY)."] = True
    default_visible_s: Annotated[
        int,
        Span(WINDOW_S_MAX),
        "What a newcomer may fetch in a room whose hosts chose nothing; `0s`: nothing.",
    ] = msgspec.field(default=0, name="default_visible")
    resume_s: Annotated[
        int,
        Span(WINDOW_S_MAX),
        "What those who were present may fetch again of that time, private messages too, so that a lost connection "
        "or a restart loses nothing. Nothing older can be taken back.",
    ] = msgspec.field(default=3600, name="resume")
    report_window_s: Annotated[
        int,
        Span(WINDOW_S_MAX),
        "How long a report, a hold or a notice can still open a case, private messages too. Nothing opens one in this "
        "version.",
    ] = msgspec.field(default=7 * 86_400, name="report_window")
    max_messages_per_request: Annotated[int, Whole(1, 1000), "Most messages that one CHATHISTORY request returns."] = (
        100
    )
    store_tagmsg: Annotated[
        tuple[str, ...],
        Many(
            Text(
                2,
                200,
                shape=r"\+(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9-]+",
                called="a client-only tag such as +react",
            )
        ),
        "Client-only tags with which a TAGMSG is part of history, for clients that ask for `draft/event-playback`.",
    ] = ("+draft/persist", "+persist")
    allow_redact: Annotated[
        bool, Switch(), "Whether people may take back their own messages (REDACT); hosts and operators may anyway."
    ] = True


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """Who may keep a pseudonym, and from how many devices. `always_on` does nothing in this version: who has no
    connection is not here.
    """

    registration: Annotated[bool, Switch(), "Whether people may register an account."] = True
    before_connect: Annotated[bool, Switch(), "Whether they may do so before NICK and USER are complete."] = True
    email_required: Annotated[bool, Switch(), "Whether an account needs a confirmed email address."] = False
    custom_account_name: Annotated[
        bool, Switch(), "Whether an account may claim another pseudonym than the one its owner bears at that moment."
    ] = False
    multiclient: Annotated[
        bool,
        Switch(),
        "Whether an account may be here from several devices at once. `false`: a new one takes the place of the other.",
    ] = True
    always_on: Annotated[
        AlwaysOn, Choice(AlwaysOn), "Whether an account stays in its rooms while nobody is connected."
    ] = AlwaysOn.OPT_IN
    default_user_modes: Annotated[
        str,
        Text(0, 8, shape=r"(?:\+?[BRTiw]+)?", called='user modes such as "+i"'),
        "User modes set on everybody who enters: `B` bot, `R` reads accounts alone, `T` takes no CTCP, `i` invisible, "
        "`w` reads WALLOPS.",
    ] = ""
    quarantine_s: Annotated[
        int,
        Span(86_400),
        "How long a pseudonym that was given up is kept for a guest with a resume token, or an account, but no longer "
        "than it was borne.",
    ] = msgspec.field(default=900, name="quarantine")
    quarantine_unproved_s: Annotated[
        int,
        Span(3600),
        "How long it is kept from other networks when whoever bore it has no token, likewise.",
    ] = msgspec.field(default=60, name="quarantine_unproved")
    quarantine_deleted_s: Annotated[
        int,
        Span(366 * 86_400),
        "How long nobody can take the pseudonym of an account that was deleted.",
    ] = msgspec.field(default=30 * 86_400, name="quarantine_deleted")
    reserved_names: Annotated[
        tuple[str, ...],
        Many(Text(1, 64, shape=r"\S+", called="a pseudonym")),
        "Pseudonyms, and all that look like them, that only somebody logged in with OPER may bear; with any of them "
        "the name of the network too. Profile `test` reserves none, and its three quarantines are `0s`.",
    ] = RESERVED_NAMES


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """The mail server by which codes are sent to those who register with an address. The addresses are not kept."""

    host: Annotated[
        str, Text(0, 253, shape=r"\S*", called="a name or an address"), "Its name; empty: no mail is sent."
    ] = ""
    port: Annotated[int, Whole(1, 65535), "Its port for submission."] = 587
    starttls: Annotated[
        bool, Switch(), "Encrypt with STARTTLS before anything is said; without it, nothing is sent."
    ] = True
    sender: Annotated[
        str, Text(0, 254, shape=r"(?:[^\s@<>]+@[^\s@<>]+)?", called="an address"), "Address that the codes come from."
    ] = msgspec.field(default="", name="from")
    username: Annotated[str, Text(0, 254), "Name to log in with; empty: none is needed."] = ""
    password: Annotated[Secret, Hidden(0, SECRET_BYTES_MAX), "Password to log in with."] = Secret("")  # as above


class Safety(msgspec.Struct, frozen=True, kw_only=True):
    """Gates that a test may lift. Sealing and the record of decisions have no switch. The gates themselves come
    with later versions: in this one `trust` alone does something, and only to metadata; `first_contact`, `pace`,
    `entry` and `rules` do nothing.

    Each is true by default and false with profile ``test``; a key that is set wins over both.
    """

    first_contact: Annotated[bool, Switch(), "A first private message waits until its receiver accepts it."] = True
    trust: Annotated[bool, Switch(), "Newcomers may do less until they have earned some trust."] = True
    pace: Annotated[bool, Switch(), "How fast one may write in a room or to a person."] = True
    entry: Annotated[bool, Switch(), "What one must do to enter while a wave of newcomers lasts."] = True
    rules: Annotated[bool, Switch(), "The rules of the rulebook decide about public messages."] = True


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may use OPER."""

    name: Annotated[
        str,
        Text(1, 64, shape=r"[^\s:]\S*", called="a name without spaces"),
        "First word after OPER.",
    ] = ""
    password: Annotated[
        Secret,
        Hidden(0, SECRET_BYTES_MAX, shape=r"\S*", called="a password without spaces"),
        "Password in the clear. Set this or `password_hash`.",
    ] = Secret("")  # frozen and without state to share
    password_hash: Annotated[
        Secret,
        HiddenHash(0, 256, called="a hash that begins with $scrypt$"),
        "Hash of the password, as `parvis hash-password` prints it.",
    ] = Secret("")  # frozen and without state to share
    operator_class: Annotated[OperatorClass, Choice(OperatorClass), "What the operator may do."] = msgspec.field(
        default=OperatorClass.SERVER_ADMIN, name="class"
    )


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway, such as a web client's, that says with WEBIRC for whom it speaks: it is believed. Limits and bans then
    go by the address that it states.
    """

    name: Annotated[
        str,
        Text(1, 64, shape=r"[^\s:]\S*", called="a name without spaces"),
        "What the log calls the gateway.",
    ] = ""
    hosts: Annotated[
        tuple[Network, ...],
        Many(NetworkOf()),
        "Addresses and networks that the gateway connects from. From anywhere else it is refused.",
    ] = ()
    password: Annotated[
        Secret,
        Hidden(0, SECRET_BYTES_MAX, shape=r"\S*", called="a password without spaces"),
        "Password in the clear. Set this, `password_hash` or `certificate`.",
    ] = Secret("")  # frozen and without state to share
    password_hash: Annotated[
        Secret,
        HiddenHash(0, 256, called="a hash that begins with $scrypt$"),
        "Hash of the password, as `parvis hash-password` prints it.",
    ] = Secret("")  # frozen and without state to share
    certificate: Annotated[
        str,
        Text(0, 64, shape=r"(?:[0-9A-Fa-f]{64})?", called="a SHA-256 in hexadecimal without colons, or nothing"),
        "Fingerprint (SHA-256) of the certificate that the gateway shows over TLS. With a password both are needed.",
    ] = ""


class ArchiveStore(msgspec.Struct, frozen=True, kw_only=True):
    """Where sealed records go. That they are sealed has no switch."""

    store: Annotated[
        StoreKind,
        Choice(StoreKind),
        "`sqlite`: the archive lies in `data_dir`. `memory`, with profile `test` alone: everything is sealed "
        "all the same and nothing survives the process.",
    ] = StoreKind.SQLITE
    board_address: Annotated[
        str,
        Text(0, 254, shape=r"(?:[^\s@<>]+@[^\s@<>]+)?", called="an address"),
        "Address that is told by mail when an opening is asked for that one custodian alone can grant; empty: nobody.",
    ] = ""
    retention: Annotated[
        Path | None,
        Folder(),
        "TOML file whose table `[terms]` says how long kinds of data are kept, in place of the profile's terms "
        '(docs/register.md lists them): `room-messages = "180d"`. A new term is for what is sealed from then on.',
    ] = None


DEFAULT_LISTENERS: Final = (
    Listener(kind=Kind.IRC, port=DEFAULT_PORTS[Kind.IRC]),
    Listener(kind=Kind.HTTP, port=DEFAULT_PORTS[Kind.HTTP]),
)
"""Where a server without ``[[listen]]`` is met: by IRC clients, and by browsers with the WebSocket at ``/irc``."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that has been checked whole. Without arguments: the one of a server without a file."""

    server: Server = Server()
    listen: tuple[Listener, ...] = DEFAULT_LISTENERS
    limits: Limits = Limits()
    history: History = History()
    accounts: Accounts = Accounts()
    mail: Mail = Mail()
    safety: Safety = Safety()
    operators: tuple[Operator, ...] = ()
    webirc: tuple[Gateway, ...] = ()
    archive: ArchiveStore = ArchiveStore()


TABLES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "server": Server,
    "limits": Limits,
    "history": History,
    "accounts": Accounts,
    "mail": Mail,
    "safety": Safety,
    "archive": ArchiveStore,
}
ARRAYS: Final[Mapping[str, type[msgspec.Struct]]] = {"listen": Listener, "operators": Operator, "webirc": Gateway}


def cautions(config: Config) -> list[Mistake]:
    """List what is no mistake and yet not what anybody wants: the server starts, and its operator is told."""
    found: list[Mistake] = []
    if config.accounts.registration and config.accounts.email_required and not config.mail.host:
        text = "Nobody can register an account: an address is asked for, and [mail] names no host that sends a code."
        found.append(Mistake("accounts.email_required", text))
    for kind in too_short(retention.schedule_of(config)):
        least = write_span(kind.legal_minimum_ms // 1000)
        text = f"{kind.id} are kept for less than the law of profile {config.server.profile} asks for: {least}."
        found.append(Mistake("archive.retention", text))
    return found


class Key(msgspec.Struct, frozen=True):
    """What is declared of one key."""

    name: str
    attribute: str
    reader: Reader
    meaning: str
    default: Any


def keys_of(table: type[msgspec.Struct]) -> dict[str, Key]:
    """List the keys of a table by their names in the file, in the order of their declaration."""
    hints = get_type_hints(table, include_extras=True)
    defaults = table()
    keys: dict[str, Key] = {}
    for attribute, name in zip(table.__struct_fields__, table.__struct_encode_fields__, strict=True):
        hint = hints[attribute]
        _, reader, meaning = get_args(hint)
        keys[name] = Key(name, attribute, reader, meaning, getattr(defaults, attribute))
    return keys


# --- reading ---


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read a file, if there is one, and the environment over it.

    Args:
        path: The TOML file; None for the defaults alone.
        environ: The variables of the environment; those without ``PARVIS_`` in front are not looked at.

    Raises:
        Mistakes: With everything that is wrong.
    """
    reading = _Reading()
    tables: dict[str, object] = {}
    if path is not None:
        try:
            tables = _read_file(path)
        except Wrong as wrong:
            reading.note("", str(wrong))
    _overlay(tables, environ, reading)
    config = reading.config(tables)
    if reading.mistakes:
        raise Mistakes(reading.mistakes[:MISTAKES_MAX])
    return config


class _FromEnviron(msgspec.Struct, frozen=True):
    """A value that stands in the environment and is not read yet."""

    variable: str
    text: str

    def __repr__(self) -> str:
        return f"_FromEnviron({self.variable})"


ACCOUNTS_OF_A_TEST: Final[Mapping[str, object]] = {
    "quarantine_s": 0,
    "quarantine_unproved_s": 0,
    "quarantine_deleted_s": 0,
    "reserved_names": (),
}
"""What profile ``test`` sets of [accounts]: suites take and leave names as they come."""

_T = TypeVar("_T", bound=msgspec.Struct)


class _Reading:
    """One pass over a configuration: collects mistakes, and which keys can be relied on."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.wrong: set[str] = set()

    def note(self, key: str, text: str) -> None:
        self.mistakes.append(Mistake(key, text))
        self.wrong.add(key)

    def sound(self, *keys: str) -> bool:
        """Tell whether none of the keys is wrong by itself, so that comparing them says something new."""
        return self.wrong.isdisjoint(keys)

    def config(self, tables: Mapping[str, object]) -> Config:
        sections = {*TABLES, *ARRAYS}
        for name in tables:
            if name not in sections:
                self.note(name, f"There is no such section. {suggest(name, sections)}".rstrip())
        server = self._table("server", Server, tables)
        lifted = server.profile is Profile.TEST
        limits_defaults = {"password_min": 1} if lifted else {}
        safety_defaults = dict.fromkeys(Safety.__struct_fields__, not lifted)
        config = Config(
            server=server,
            listen=self._listeners(tables.get("listen")),
            limits=self._table("limits", Limits, tables, limits_defaults),
            history=self._table("history", History, tables),
            accounts=self._table("accounts", Accounts, tables, ACCOUNTS_OF_A_TEST if lifted else None),
            mail=self._table("mail", Mail, tables),
            safety=self._table("safety", Safety, tables, safety_defaults),
            operators=self._array("operators", Operator, tables.get("operators")),
            webirc=self._array("webirc", Gateway, tables.get("webirc")),
            archive=self._table("archive", ArchiveStore, tables),
        )
        self._check_listeners(config)
        self._check_sts(config)
        self._check_multiline(config)
        self._check_operators(config)
        self._check_gateways(config)
        self._check_archive(config)
        self._check_retention(config)
        self._check_mail(config)
        return config

    def _table(
        self,
        name: str,
        shape: type[_T],
        tables: Mapping[str, object],
        defaults: Mapping[str, object] | None = None,
    ) -> _T:
        given = tables.get(name, {})
        if not isinstance(given, dict):
            hint = f"Write [{name}], with one pair of brackets." if isinstance(given, list) else ""
            self.note(name, f"This must be a table. {hint}".rstrip())
            given = {}
        return self._values(name, shape, given, defaults or {})

    def _array(self, name: str, shape: type[_T], given: object) -> tuple[_T, ...]:
        if given is None:
            return ()
        if not isinstance(given, list) or not all(isinstance(table, dict) for table in given):
            self.note(name, f"This must be an array of tables. Write [[{name}]], with two pairs of brackets.")
            return ()
        if len(given) > TABLES_MAX:
            self.note(name, f"There are {len(given)} of these; at most {TABLES_MAX} are allowed.")
            return ()
        return tuple(self._values(f"{name}[{i}]", shape, table, {}) for i, table in enumerate(given))

    def _values(self, prefix: str, shape: type[_T], given: Mapping[str, object], defaults: Mapping[str, object]) -> _T:
        keys = keys_of(shape)
        values: dict[str, Any] = dict(defaults)
        for name, value in given.items():
            full = f"{prefix}.{name}"
            key = keys.get(name)
            if key is None:
                self.note(full, f"There is no such key.{_source(value)} {suggest(name, keys)}".rstrip())
                continue
            try:
                values[key.attribute] = _read(key.reader, value)
            except WrongParts as wrong:
                for number, text in wrong.parts:
                    self.note(f"{full}[{number}]", f"{text}{_source(value)}")
                self.wrong.add(full)
            except Wrong as wrong:
                self.note(full, f"{wrong}{_source(value)}")
        return shape(**values)

    def _listeners(self, given: object) -> tuple[Listener, ...]:
        if given is None:
            return DEFAULT_LISTENERS
        if given == []:
            self.note("listen", "There is no listener, so nobody could connect. Add a [[listen]] table.")
            return ()
        listeners = self._array("listen", Listener, given)
        tables = given if isinstance(given, list) else []
        return tuple(_with_defaults(listener, table) for listener, table in zip(listeners, tables, strict=False))

    def _check_listeners(self, config: Config) -> None:
        places: list[tuple[str, int]] = []
        for i, listener in enumerate(config.listen):
            at = f"listen[{i}]"
            self._check_tls(at, listener)
            self._check_reach(at, listener, config.server.profile)
            self._check_kind(at, listener)
            if listener.port and self.sound(f"{at}.host", f"{at}.port"):
                for other, (host, port) in enumerate(places):
                    if port == listener.port and _same_host(host, listener.host):
                        self.note(
                            f"{at}.port",
                            f"Port {port} of this address is taken by listen[{other}] already. "
                            "Choose another port or address.",
                        )
                        break
                places.append((listener.host, listener.port))
            else:
                places.append(("", 0))

    def _check_tls(self, at: str, listener: Listener) -> None:
        cert, key = listener.tls_cert, listener.tls_key
        if not self.sound(f"{at}.tls_cert", f"{at}.tls_key"):
            return
        if (cert is None) != (key is None):
            missing, there = ("tls_cert", "tls_key") if cert is None else ("tls_key", "tls_cert")
            self.note(f"{at}.{missing}", f"This is missing, while {there} is set. Set both, or neither.")
        for name, path in (("tls_cert", cert), ("tls_key", key)):
            if path is None:
                continue
            fault = _unreadable(path)
            if fault:
                self.note(f"{at}.{name}", fault)
            elif name == "tls_key" and path.stat().st_mode & 0o077:
                self.note(
                    f"{at}.{name}",
                    "This key file can be read or written by others than its owner. Make it private with chmod 600.",
                )

    def _check_reach(self, at: str, listener: Listener, profile: Profile) -> None:
        if not self.sound(f"{at}.host") or listener.loopback:
            return
        if profile is Profile.TEST:
            self.note(
                f"{at}.host",
                'With profile "test" every listener must be on loopback, since its safety gates may be off. '
                "Use 127.0.0.1, or another profile.",
            )
        elif not listener.tls and not listener.plaintext and self.sound(f"{at}.tls_cert", f"{at}.tls_key"):
            self.note(
                f"{at}.plaintext",
                "This listener can be reached from other machines and has no TLS. Set tls_cert and tls_key, "
                "listen on 127.0.0.1 behind a proxy, or say plaintext = true.",
            )

    def _check_kind(self, at: str, listener: Listener) -> None:
        if listener.kind is not Kind.IRC or not self.sound(f"{at}.kind"):
            return
        if listener.trusted_proxies:
            self.note(
                f"{at}.trusted_proxies",
                "IRC over TCP has no Forwarded header, so this would do nothing. Use proxy_protocol, or leave it out.",
            )
        if listener.allowed_origins:
            self.note(
                f"{at}.allowed_origins",
                "IRC over TCP has no origins, so this would do nothing. Leave it out.",
            )

    def _check_sts(self, config: Config) -> None:
        server = config.server
        if not self.sound("server.sts_port", "server.sts_duration", "server.sts_preload", "listen"):
            return
        if not server.sts_port:
            for key, is_set in (("sts_duration", server.sts_duration_s), ("sts_preload", server.sts_preload)):
                if is_set:
                    self.note(f"server.{key}", "This does nothing without sts_port. Set that, or leave this out.")
            return
        if server.sts_preload and not server.sts_duration_s:
            self.note("server.sts_preload", "This asks for a rule that lasts. Set sts_duration, or leave this out.")
        if not any(each.kind is Kind.IRC and (each.tls or each.proxy_protocol) for each in config.listen):
            self.note(
                "server.sts_port",
                "Clients would be sent to TLS, and no [[listen]] of kind irc has it, nor stands behind a proxy that "
                "may. Add one, or leave this out.",
            )

    def _check_multiline(self, config: Config) -> None:
        limits = config.limits
        keys = ("multiline_max_bytes", "multiline_max_lines", "send_queue_bytes")
        if not self.sound(*[f"limits.{key}" for key in keys]):
            return
        sent_bytes = limits.multiline_max_bytes + limits.multiline_max_lines * LINE_OVERHEAD_BYTES
        if sent_bytes > limits.send_queue_bytes:
            self.note(
                "limits.multiline_max_lines",
                f"One such message could be {sent_bytes} bytes on the wire, more than send_queue_bytes: it "
                "would close whoever reads slowly. Lower this or multiline_max_bytes, or raise send_queue_bytes.",
            )

    def _check_retention(self, config: Config) -> None:
        if not self.sound("archive.retention", "server.profile"):
            return
        try:
            schedule = retention.read(config.server.profile, config.archive.retention)
        except Unsound as unsound:
            where = f"{unsound.key}: " if unsound.key else ""
            self.note("archive.retention", f"{where}{unsound.text}")
            return
        history = config.history
        for name, window_s in (
            ("default_visible", history.default_visible_s),
            ("resume", history.resume_s),
            ("report_window", history.report_window_s),
        ):
            for kind_id in ("room-messages", "private-messages"):
                if window_s * 1000 > schedule.term_ms(kind_id) and self.sound(f"history.{name}"):
                    self.note(f"history.{name}", f"This is longer than {kind_id} are kept at all. Shorten it.")

    def _check_mail(self, config: Config) -> None:
        mail = config.mail
        if mail.host and not mail.sender and self.sound("mail.from"):
            self.note("mail.from", "This is missing, while host is set. Give the address that codes come from.")
        if bool(mail.username) != bool(mail.password) and self.sound("mail.username", "mail.password"):
            self.note("mail.username", "Set both username and password, or neither.")
        if mail.username and not mail.starttls and not is_loopback(mail.host) and self.sound("mail.host"):
            self.note("mail.starttls", "Without it the password would be sent in clear. Say true, or log in nowhere.")

    def _check_operators(self, config: Config) -> None:
        names: set[str] = set()
        for i, operator in enumerate(config.operators):
            at = f"operators[{i}]"
            if not operator.name and self.sound(f"{at}.name"):
                self.note(f"{at}.name", "This is missing. Give the operator a name.")
            if operator.name and operator.name in names:
                self.note(f"{at}.name", "Another operator has this name already. Choose another.")
            names.add(operator.name)
            if not self.sound(f"{at}.password", f"{at}.password_hash"):
                continue
            if operator.password and operator.password_hash:
                self.note(f"{at}.password", "Both password and password_hash are set. Leave out this one.")
            if not operator.password and not operator.password_hash:
                self.note(
                    f"{at}.password",
                    "The operator has no password. Set password_hash (`parvis hash-password` makes one) or password.",
                )

    def _check_gateways(self, config: Config) -> None:
        for i, gateway in enumerate(config.webirc):
            at = f"webirc[{i}]"
            if not gateway.name and self.sound(f"{at}.name"):
                self.note(f"{at}.name", "This is missing. Give the gateway a name.")
            if not gateway.hosts and self.sound(f"{at}.hosts"):
                self.note(f"{at}.hosts", "This is missing, so nobody would be believed. Name the gateway's addresses.")
            if not self.sound(f"{at}.password", f"{at}.password_hash", f"{at}.certificate"):
                continue
            if gateway.password and gateway.password_hash:
                self.note(f"{at}.password", "Both password and password_hash are set. Leave out this one.")
            if not (gateway.password or gateway.password_hash or gateway.certificate):
                self.note(
                    f"{at}.password",
                    "The gateway has no password. Set password_hash (`parvis hash-password` makes one), password, or "
                    "certificate.",
                )

    def _check_archive(self, config: Config) -> None:
        if not self.sound("archive.store", "server.profile"):
            return
        if config.archive.store is StoreKind.MEMORY and config.server.profile is not Profile.TEST:
            self.note(
                "archive.store",
                'An archive in memory is allowed with profile "test" alone, since nothing of it survives the '
                'process. Use "sqlite".',
            )


def _with_defaults(listener: Listener, table: Mapping[str, object]) -> Listener:
    """Fill in what depends on the kind of a listener and was not said."""
    defaults: dict[str, Any] = {}
    if "port" not in table:
        defaults["port"] = DEFAULT_PORTS[listener.kind]
    if "client_certificates" not in table:
        defaults["client_certificates"] = listener.kind is Kind.IRC
    return msgspec.structs.replace(listener, **defaults)


def _read_file(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise Wrong(f"There is no file {path}. Check the path.") from None
    except OSError as error:
        raise Wrong(f"The file {path} cannot be read ({error.strerror}). Check its path and its mode.") from None
    if len(raw) > FILE_BYTES_MAX:
        raise Wrong(f"The file {path} is larger than {FILE_BYTES_MAX} bytes. Is it a configuration?")
    try:
        return tomllib.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise Wrong(f"The file {path} is not UTF-8 at byte {error.start}. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise Wrong(f"The file {path} is not TOML: {_place(error)}. Mend the line it names.") from None
    except (ValueError, RecursionError):
        raise Wrong(f"The file {path} is not TOML that can be read: a number or a nesting is too large.") from None


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Say what the parser met, without the characters it met: they may belong to a password."""
    return re.sub(r"""character (?:'.*?'|"'")(?= |$)""", "character", str(error))


def _overlay(tables: dict[str, object], environ: Mapping[str, str], reading: _Reading) -> None:
    """Put the variables of the environment over the tables of the file."""
    for variable in sorted(environ, key=_natural):
        if not variable.startswith(ENVIRONMENT_PREFIX) or "__" not in variable:
            continue
        section, *rest = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        value = _FromEnviron(variable, environ[variable])
        if section in ARRAYS:
            _overlay_array(tables, section, rest, value, reading)
        elif section not in TABLES:
            hint = suggest(section, {*TABLES, *ARRAYS})
            reading.note(section, f"There is no such section. It is named by {variable}. {hint}".rstrip())
        elif len(rest) != 1:
            reading.note(section, f"{variable} is not of the form PARVIS_{section.upper()}__KEY.")
        else:
            table = tables.setdefault(section, {})
            if isinstance(table, dict):
                table[rest[0]] = value


def _overlay_array(
    tables: dict[str, object], section: str, rest: list[str], value: _FromEnviron, reading: _Reading
) -> None:
    if len(rest) != 2 or not rest[0].isascii() or not rest[0].isdigit():
        reading.note(section, f"{value.variable} is not of the form PARVIS_{section.upper()}__0__KEY.")
        return
    if section == "listen":
        # Without a file, number 0 and 1 are the listeners that stand in for it.
        array = tables.setdefault(section, [{"kind": str(each.kind)} for each in DEFAULT_LISTENERS])
    else:
        array = tables.setdefault(section, [])
    if not isinstance(array, list):
        return
    index = int(rest[0][:6])
    if index > len(array) or index >= TABLES_MAX:
        reading.note(
            f"{section}[{index}]",
            f"{value.variable} leaves out numbers: the next one is {len(array)}. Count without gaps.",
        )
        return
    if index == len(array):
        array.append({})
    table = array[index]
    if isinstance(table, dict):
        table[rest[1]] = value


def _natural(variable: str) -> tuple[tuple[int, str], ...]:
    """Sort PARVIS_LISTEN__2__PORT before PARVIS_LISTEN__10__PORT, and KIND of a table before it is used."""
    return tuple(
        (int(part[:6]), "") if part.isascii() and part.isdigit() else (-1, part) for part in variable.split("__")
    )


def _read(reader: Reader, value: object) -> object:
    if not isinstance(value, _FromEnviron):
        return reader.read(value)
    try:
        given = reader.read_environ(value.text)
    except ValueError:
        # Not TOML; the text itself is what the reader will not take.
        given = value.text
    return reader.read(given)


def _source(value: object) -> str:
    return f" It is set by {value.variable}." if isinstance(value, _FromEnviron) else ""


def _unreadable(path: Path) -> str:
    """Say why a file cannot be read; "" if it can."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        return f"There is no file {path}. Check the path."
    except OSError as error:
        return f"The file {path} cannot be read ({error.strerror}). Check its path and its mode."
    return ""


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone. Of names, only ``localhost`` is known to be."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _same_host(one: str, other: str) -> bool:
    """Tell whether two hosts cannot both be listened on at one port."""
    if one == other:
        return True
    try:
        a, b = ipaddress.ip_address(one), ipaddress.ip_address(other)
    except ValueError:
        return {one, other} == {"localhost", "127.0.0.1"}
    return a.version == b.version and (a.is_unspecified or b.is_unspecified)
