"""The answers that are the same for everybody but for the name in them, made once.

Each is a pair of what stands before and after the pseudonym, so that a welcome of a dozen lines is a dozen joins.
Source: modern IRC, "RPL_YOURHOST" to "RPL_ISUPPORT", "MOTD".
"""

from parvis.chat.settings import Settings
from parvis.irc import isupport, modes
from parvis.irc import numerics as n
from parvis.irc.limits import BODY_BYTES_MAX

Prepared = tuple[bytes, bytes]
"""A line without tags, cut where the pseudonym goes."""


def _line(settings: Settings, code: str, rest: str) -> Prepared:
    before = f":{settings.server} {code} ".encode()
    # Cut, never inside a character, so that it fits behind the longest pseudonym.
    space = BODY_BYTES_MAX - 2 - len(before) - settings.nick_bytes
    return before, f" {rest}".encode()[:space].decode(errors="ignore").encode()


def isupport_tokens(settings: Settings) -> list[str]:
    """List what the server can do under these settings."""
    return isupport.tokens(
        network=settings.network,
        nick_bytes=settings.nick_bytes,
        room_bytes=settings.room_bytes,
        topic_bytes=settings.topic_bytes,
        away_bytes=settings.away_bytes,
        kick_bytes=settings.kick_bytes,
        name_bytes=settings.real_name_bytes,
        rooms=settings.rooms_per_session,
        list_modes=settings.list_modes,
        history_lines=settings.history_lines if settings.history_enabled else 0,
        targets=settings.targets,
        monitor=settings.monitor,
        silence=settings.silence,
        tags_denied=settings.client_tags_denied,
        icon=settings.icon,
    )


def isupport_lines(settings: Settings, tokens: list[str]) -> list[Prepared]:
    """Prepare RPL_ISUPPORT for some tokens."""
    return [
        _line(settings, n.RPL_ISUPPORT, f"{words} :are supported by this server") for words in isupport.lines(tokens)
    ]


def greeting_lines(settings: Settings, started: str) -> list[Prepared]:
    """Prepare what follows RPL_WELCOME, before ISUPPORT."""
    lists = modes.LISTS + modes.WITH_PARAMETER + modes.WITH_PARAMETER_TO_SET + modes.RANKS
    room_modes = "".join(sorted(lists + modes.FLAGS))
    with_parameter = "".join(sorted(lists))
    info = f"{settings.server} {settings.version} {modes.USER_MODES} {room_modes} {with_parameter}"
    return [
        _line(settings, n.RPL_YOURHOST, f":Your host is {settings.server}, running {settings.version}"),
        _line(settings, n.RPL_CREATED, f":This server was started {started}"),
        _line(settings, n.RPL_MYINFO, info),
    ]


def motd_lines(settings: Settings) -> list[Prepared]:
    """Prepare the message of the day, or that there is none."""
    if not settings.motd:
        return [_line(settings, n.ERR_NOMOTD, f":{n.TEXT[n.ERR_NOMOTD]}")]
    return [
        _line(settings, n.RPL_MOTDSTART, f":- {settings.server} Message of the day -"),
        *[_line(settings, n.RPL_MOTD, f":- {text}") for text in settings.motd],
        _line(settings, n.RPL_ENDOFMOTD, f":{n.TEXT[n.RPL_ENDOFMOTD]}"),
    ]
