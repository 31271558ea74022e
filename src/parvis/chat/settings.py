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
    rooms_per_session: int = 50
    rooms_per_account: int = 15
    list_modes: int = 100
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
    reserved_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Name the server alone: a password is among the settings."""
        return f"Settings({self.server})"
