"""What the server can do, as RPL_ISUPPORT tells it.

Source: modern IRC, "RPL_ISUPPORT" and "RPL_ISUPPORT parameters"; IRCv3 message-tags (CLIENTTAGDENY),
draft/network-icon, draft/chathistory.
"""

from typing import Final

from parvis.irc import bans, modes, references
from parvis.irc.limits import ISUPPORT_TOKENS_MAX, KEY_BYTES_MAX, MODES_PER_LINE, ROOMS_PER_LINE, USER_BYTES_MAX
from parvis.irc.names import ROOM_PREFIX

_SEVERAL_TARGETS: Final = ("JOIN", "KICK", "NAMES", "NOTICE", "PART", "PRIVMSG", "TAGMSG", "WHOIS", "WHOWAS")
"""Commands that take several targets, parted by commas."""
_MOST_TARGETS: Final = {"JOIN": ROOMS_PER_LINE, "PART": ROOMS_PER_LINE}
"""Most targets of those for which the operator does not choose it."""


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
    targets: int,
    monitor: int,
    silence: int,
    tags_denied: tuple[str, ...] = (),
    icon: str = "",
) -> list[str]:
    """List the tokens of a server with these limits; bytes are of UTF-8; no line of history: there is none."""
    lists = modes.LISTS
    all_tokens = [
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
        f"TARGMAX={','.join(f'{command}:{_MOST_TARGETS.get(command, targets)}' for command in _SEVERAL_TARGETS)}",
        f"TOPICLEN={topic_bytes}",
        f"USERLEN={USER_BYTES_MAX}",
        "UTF8ONLY",
        "WHOX",
    ]
    if history_lines:
        all_tokens += [f"CHATHISTORY={history_lines}", f"MSGREFTYPES={','.join(references.TYPES)}"]
    if tags_denied:
        all_tokens.append(f"CLIENTTAGDENY={','.join(tags_denied)}")
    if icon:
        all_tokens.append("draft/ICON=" + icon)
    return sorted(all_tokens, key=str.upper)


def changes(before: list[str], after: list[str]) -> list[str]:
    """List the tokens that are new or changed, and `-NAME` for each that is no more (modern IRC, "RPL_ISUPPORT")."""
    kept = {token.partition("=")[0] for token in after}
    gone = [f"-{name}" for name in (token.partition("=")[0] for token in before) if name not in kept]
    return [token for token in after if token not in before] + gone


def lines(all_tokens: list[str]) -> list[str]:
    """Join tokens to the middle of as many lines as the protocol asks for."""
    return [
        " ".join(all_tokens[start : start + ISUPPORT_TOKENS_MAX])
        for start in range(0, len(all_tokens), ISUPPORT_TOKENS_MAX)
    ]
