"""What the server can do, as RPL_ISUPPORT tells it.

Source: modern IRC, "RPL_ISUPPORT" and "RPL_ISUPPORT parameters".
"""

from parvis.irc import bans, modes, references
from parvis.irc.limits import (
    ISUPPORT_TOKENS_MAX,
    KEY_BYTES_MAX,
    MODES_PER_LINE,
    ROOMS_PER_LINE,
    TARGETS_MAX,
    USER_BYTES_MAX,
)
from parvis.irc.names import ROOM_PREFIX

_MOST_TARGETS = {
    "JOIN": ROOMS_PER_LINE,
    "KICK": TARGETS_MAX,
    "NAMES": TARGETS_MAX,
    "NOTICE": TARGETS_MAX,
    "PART": ROOMS_PER_LINE,
    "PRIVMSG": TARGETS_MAX,
    "TAGMSG": TARGETS_MAX,
    "WHOIS": TARGETS_MAX,
    "WHOWAS": TARGETS_MAX,
}


def tokens(
    *,
    network: str,
    nick_bytes: int,
    room_bytes: int,
    topic_bytes: int,
    away_bytes: int,
    kick_bytes: int,
    name_bytes: int,
    rooms: int,
    list_modes: int,
    history_lines: int,
    monitor: int,
    silence: int,
) -> list[str]:
    """List the tokens of a server with these limits; bytes are of UTF-8; no line of history: there is none."""
    lists = modes.LISTS
    history = [f"CHATHISTORY={history_lines}", f"MSGREFTYPES={','.join(references.TYPES)}"] if history_lines else []
    return [
        f"ACCOUNTEXTBAN={','.join(bans.ACCOUNT_NAMES)}",
        f"AWAYLEN={away_bytes}",
        f"BOT={modes.BOT}",
        "CASEMAPPING=ascii",
        f"CHANLIMIT={ROOM_PREFIX}:{rooms}",
        f"CHANMODES={lists},{modes.WITH_PARAMETER},{modes.WITH_PARAMETER_TO_SET},{modes.FLAGS}",
        f"CHANNELLEN={room_bytes}",
        f"CHANTYPES={ROOM_PREFIX}",
        "ELIST=CMNTU",
        "EXCEPTS=e",
        f"EXTBAN=,{bans.TYPES}",
        "INVEX=I",
        f"KEYLEN={KEY_BYTES_MAX}",
        f"KICKLEN={kick_bytes}",
        f"MAXLIST={lists}:{list_modes}",
        f"MODES={MODES_PER_LINE}",
        f"NAMELEN={name_bytes}",
        f"MONITOR={monitor}",
        "NETWORK=" + network.replace(" ", r"\x20"),
        f"NICKLEN={nick_bytes}",
        f"PREFIX=({modes.RANKS}){modes.MARKS}",
        "SAFELIST",
        f"SILENCE={silence}",
        f"STATUSMSG={modes.MARKS}",
        f"TARGMAX={','.join(f'{command}:{most}' for command, most in _MOST_TARGETS.items())}",
        f"TOPICLEN={topic_bytes}",
        f"USERLEN={USER_BYTES_MAX}",
        "UTF8ONLY",
        *history,
        "WHOX",
    ]


def lines(all_tokens: list[str]) -> list[str]:
    """Join tokens to the middle of as many lines as the protocol asks for."""
    return [
        " ".join(all_tokens[start : start + ISUPPORT_TOKENS_MAX])
        for start in range(0, len(all_tokens), ISUPPORT_TOKENS_MAX)
    ]
