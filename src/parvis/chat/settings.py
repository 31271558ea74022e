"""What the operator chose, as far as the chat needs to know it. `app/wiring.py` fills it from the configuration."""

import msgspec


class Operator(msgspec.Struct, frozen=True):
    """Somebody who has logged in with OPER."""

    name: str
    kind: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Names, texts and limits. Sizes in bytes of UTF-8, times in seconds."""

    server: str
    network: str
    version: str
    description: str = ""
    contact: str = ""
    """How those who run the server are reached, for who appeals; empty: not said."""
    password: str = ""
    motd: tuple[str, ...] = ()
    admin: tuple[str, ...] = ()
    """Who runs the server and how to write to them: up to three lines."""
    nick_bytes: int = 32
    room_bytes: int = 64
    topic_bytes: int = 390
    away_bytes: int = 200
    kick_bytes: int = 390
    real_name_bytes: int = 150
    multiline_bytes: int = 4096
    multiline_lines: int = 32
    metadata_keys: tuple[str, ...] = ("color", "display-name", "pronouns", "status")
    """Keys that may be set and are shown; none: no metadata at all."""
    metadata_max_keys: int = 16
    metadata_max_subs: int = 32
    metadata_max_value_bytes: int = 200
    metadata_after_s: int = 0
    """How old an account must be to set some; 0: guests may, too."""
    client_tags_denied: tuple[str, ...] = ()
    """Entries of CLIENTTAGDENY."""
    sts_port: int = 0
    """Port of the TLS listener that plain IRC connections are sent to; 0: none are."""
    sts_duration_s: int = 0
    sts_preload: bool = False
    icon: str = ""
    """Address of the picture of the network; empty: none."""
    rooms_per_session: int = 50
    rooms_per_account: int = 15
    list_modes: int = 100
    targets: int = 4
    server_bans: int = 1000
    server_ban_s: int = 365 * 86_400
    monitor: int = 100
    silence: int = 64
    whowas_minutes: int = 10
    read_queue_bytes: int = 16384
    send_queue_bytes: int = 262144
    commands_per_second: float = 4
    commands_burst: int = 20
    connections_per_address: int = 16
    new_connections_per_minute: int = 64
    exempt_loopback: bool = False
    registration_timeout_s: int = 60
    ping_interval_s: int = 120
    ping_timeout_s: int = 60
    commit_queue_records: int = 4096
    commit_queue_bytes: int = 33_554_432
    """Most bytes of answers that wait behind a commit; a fixed share of memory, no key of the configuration."""
    default_user_modes: str = ""
    history_enabled: bool = True
    default_visible_s: int = 0
    resume_s: int = 3600
    window_s_max: int = 604_800
    """The longest window: how long the server can open what it sealed."""
    history_lines: int = 100
    store_tagmsg: frozenset[str] = frozenset({"+draft/persist", "+persist"})
    allow_redact: bool = True
    registration: bool = True
    before_connect: bool = True
    email_required: bool = False
    custom_account_name: bool = False
    multiclient: bool = True
    password_bytes_min: int = 8
    failed_logins_per_account: int = 10
    failed_logins_per_address: int = 20
    failed_logins_window_s: int = 600
    registrations_per_hour: int = 3
    """From one address."""
    quarantine_s: int = 0
    quarantine_unproved_s: int = 0
    quarantine_deleted_s: int = 0
    closed_accounts_days: int = 365
    """How long what stood in an account is kept, sealed, from the day of its closing."""
    reserved_names: tuple[str, ...] = ()
    is_guarded: bool = False
    """Whether any gate of [safety] is on."""

    def __repr__(self) -> str:
        """Name the server alone: a password is among the settings."""
        return f"Settings({self.server})"
