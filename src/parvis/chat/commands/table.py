"""Every command: how many parameters it needs at least, whether it waits for the archive, and what runs it.

The rights to act are verdicts of `policy/gates.py`; the third column names the gate for the reader.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from parvis.chat.client import Client
from parvis.chat.commands import (
    accept,
    account,
    admin,
    authenticate,
    away,
    batch,
    cap,
    chathistory,
    defence,
    error,
    help_,
    info,
    invite,
    ison,
    isupport,
    join,
    kick,
    kill,
    links,
    list_,
    lusers,
    markread,
    metadata,
    mode,
    monitor,
    motd,
    names,
    nick,
    oper,
    part,
    pass_,
    ping,
    pong,
    privmsg,
    quit_,
    redact,
    register,
    rehash,
    resume,
    room,
    setname,
    silence,
    stats,
    time_,
    topic,
    uban,
    user,
    userhost,
    verify,
    version,
    wallops,
    webirc,
    who,
    whois,
    whowas,
)
from parvis.chat.service import Chat
from parvis.irc.line import Line


class Command(msgspec.Struct, frozen=True):
    """One row of the table."""

    run: Callable[[Chat, Client, Line], None]
    least_params: int
    gate: str
    """The gate that decides whether it may be done; empty when anybody may."""
    waits: bool = True
    """It acts or shows state: refused while nothing can be sealed."""
    price: int = 1
    """How many commands of a connection's pace it takes, for each target of its first parameter."""
    of_connection: bool = False
    """It concerns the connection it came from, not the person, who may have several: it is given that connection."""


COMMANDS: Final[dict[str, Command]] = {
    "ACCEPT": Command(accept.run, 0, ""),
    "ACCOUNT": Command(account.run, 0, "login, new_password, new_certificate", price=2),
    "ADMIN": Command(admin.run, 0, "", waits=False),
    "AUTHENTICATE": Command(authenticate.run, 1, "login, login_to", price=3, of_connection=True),
    "AWAY": Command(away.run, 0, ""),
    "BATCH": Command(batch.run, 1, "message, relayed_line", of_connection=True),
    "CAP": Command(cap.run, 1, "", waits=False, of_connection=True),
    "CHATHISTORY": Command(chathistory.run, 0, "fetch", price=2),
    "DEFENCE": Command(defence.run, 0, "operate"),
    "ERROR": Command(error.run, 0, "", waits=False, of_connection=True),
    "HELP": Command(help_.run, 0, "", waits=False),
    "HELPOP": Command(help_.run, 0, "", waits=False),
    "INFO": Command(info.run, 0, "", waits=False),
    "INVITE": Command(invite.run, 0, "invite"),
    "ISON": Command(ison.run, 1, ""),
    "ISUPPORT": Command(isupport.run, 0, "", waits=False),
    "JOIN": Command(join.run, 1, "join, one_more_room, open_room"),
    "KICK": Command(kick.run, 2, "kick"),
    "KILL": Command(kill.run, 1, "operate"),
    "LINKS": Command(links.run, 0, "", waits=False),
    "LIST": Command(list_.run, 0, "", price=5),
    "LUSERS": Command(lusers.run, 0, ""),
    "MARKREAD": Command(markread.run, 0, ""),
    "METADATA": Command(metadata.run, 2, "set_metadata, read_metadata, display_name, see_members"),
    "MODE": Command(mode.run, 1, "change_modes, list_mask"),
    "MONITOR": Command(monitor.run, 1, ""),
    "MOTD": Command(motd.run, 0, ""),
    "NAMES": Command(names.run, 0, "see_members"),
    "NICK": Command(nick.run, 0, "name, change_name, pace_of_names"),
    "NOTICE": Command(privmsg.run, 0, "message, private_message, private_ctcp, relayed_line"),
    "OPER": Command(oper.run, 2, "login, password", price=5),
    "PART": Command(part.run, 1, "part"),
    "PASS": Command(pass_.run, 1, "password, guess_token", waits=False, of_connection=True),
    "PING": Command(ping.run, 0, "", waits=False, of_connection=True),
    "PONG": Command(pong.run, 0, "", waits=False, of_connection=True),
    "PRIVMSG": Command(privmsg.run, 0, "message, private_message, private_ctcp, relayed_line"),
    "QUIT": Command(quit_.run, 0, "", waits=False, of_connection=True),
    "REDACT": Command(redact.run, 2, "redact_in, redact, relayed_line", price=2),
    "REGISTER": Command(register.run, 3, "name, register, send_code, new_password", price=5, of_connection=True),
    "REHASH": Command(rehash.run, 0, "operate", waits=False, price=5),
    "RESUME": Command(resume.run, 0, "guess_token", price=5, of_connection=True),
    "ROOM": Command(room.run, 1, "register_room, own_room, see_hosts", price=2),
    "SETNAME": Command(setname.run, 1, "change_name"),
    "SILENCE": Command(silence.run, 0, ""),
    "STATS": Command(stats.run, 1, "operate", waits=False),
    "TAGMSG": Command(privmsg.run, 0, "message, private_message"),
    "TIME": Command(time_.run, 0, "", waits=False),
    "TOPIC": Command(topic.run, 1, "topic"),
    "UBAN": Command(uban.run, 1, "operate, decide, own_sanction", price=5),
    "USER": Command(user.run, 4, "", waits=False, of_connection=True),
    "USERHOST": Command(userhost.run, 1, ""),
    "VERIFY": Command(verify.run, 2, "login", of_connection=True),
    "VERSION": Command(version.run, 0, "", waits=False),
    "WALLOPS": Command(wallops.run, 1, "operate, relayed_line", price=5),
    "WEBIRC": Command(webirc.run, 4, "login, password, connect", waits=False, of_connection=True),
    "WHO": Command(who.run, 0, "", price=5),
    "WHOIS": Command(whois.run, 0, ""),
    "WHOWAS": Command(whowas.run, 0, ""),
}
