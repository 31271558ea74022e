"""RPL_ISUPPORT. Source: modern IRC, "RPL_ISUPPORT parameters"."""

import re

from parvis.irc import isupport
from parvis.irc.limits import ISUPPORT_TOKENS_MAX

TOKENS = isupport.tokens(
    network="A b",
    nick_bytes=1,
    room_bytes=2,
    topic_bytes=3,
    away_bytes=4,
    kick_bytes=5,
    name_bytes=6,
    rooms=7,
    list_modes=8,
    history_lines=12,
    monitor=9,
    silence=10,
    targets=11,
)


def test_every_limit_is_told() -> None:
    """Under its own token. Source: modern IRC, "RPL_ISUPPORT parameters"."""
    told = dict(token.partition("=")[::2] for token in TOKENS)
    assert {name: told[name] for name in ("NICKLEN", "CHANNELLEN", "TOPICLEN", "AWAYLEN", "KICKLEN", "NAMELEN")} == {
        "NICKLEN": "1",
        "CHANNELLEN": "2",
        "TOPICLEN": "3",
        "AWAYLEN": "4",
        "KICKLEN": "5",
        "NAMELEN": "6",
    }
    assert (told["CHANLIMIT"], told["MAXLIST"], told["NETWORK"]) == ("#:7", "beI:8", r"A\x20b")
    assert (told["MONITOR"], told["SILENCE"], told["BOT"], told["WHOX"]) == ("9", "10", "B", "")
    assert (told["PREFIX"], told["CHANMODES"], told["CASEMAPPING"]) == ("(ov)@+", "beI,k,Hl,CimMnRstuU", "ascii")
    assert (told["EXTBAN"], told["ACCOUNTEXTBAN"]) == (",am", "a,account")
    assert told["TARGMAX"] == "JOIN:16,KICK:11,NAMES:11,NOTICE:11,PART:16,PRIVMSG:11,TAGMSG:11,WHOIS:11,WHOWAS:11"


def test_a_token_is_one_word_of_its_grammar() -> None:
    """Source: modern IRC, "RPL_ISUPPORT"."""
    assert all(re.fullmatch(r"[A-Z0-9]{1,20}(=[!-~]*)?", token) for token in TOKENS)
    assert len({token.partition("=")[0] for token in TOKENS}) == len(TOKENS)


def test_a_line_holds_thirteen_at_most() -> None:
    """And every token stands on one of them. Source: modern IRC, "RPL_ISUPPORT"."""
    lines = isupport.lines(TOKENS)
    assert all(1 <= len(line.split()) <= ISUPPORT_TOKENS_MAX for line in lines)
    assert " ".join(lines).split() == TOKENS
    assert isupport.lines([]) == []


def test_history_is_told_where_there_is_any() -> None:
    """How many lines at once, and how messages are referred to. Source: IRCv3 draft/chathistory, "ISUPPORT tokens"."""
    assert {"CHATHISTORY=12", "MSGREFTYPES=msgid,timestamp"} <= set(TOKENS)
