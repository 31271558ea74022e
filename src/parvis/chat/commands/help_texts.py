"""The help on every command: how it is written, then what it does, in words for people.

A command of the table without a text here fails a test (`tests/contract/chat/test_help.py`).
"""

from typing import Final

HELP: Final[dict[str, tuple[str, ...]]] = {
    "ACCEPT": (
        "ACCEPT [nick|-nick[,...]]",
        "Lets guests write to you although you have set +R; whom you write to is let in by that.",
        "Without a name: shows whom you have let in.",
    ),
    "ACCOUNT": (
        (
            "ACCOUNT [LOGOUT|PASSWORD old new|CERT ADD|DEL|LIST [fingerprint]|DEVICES [ONE|MANY]|EXPORT password"
            "|DELETE password|ERASE password]"
        ),
        "Shows your account, or changes something of it.",
    ),
    "ADMIN": ("ADMIN", "Shows who runs this server and where to write to them."),
    "AUTHENTICATE": (
        "AUTHENTICATE mechanism|data",
        "Logs in to your account (SASL). Your client does this by itself.",
    ),
    "AWAY": (
        "AWAY [:words]",
        "Marks you as away, with words that people read who write to you.",
        "Without words: you are back.",
    ),
    "BATCH": (
        "BATCH +reference draft/multiline target | BATCH -reference",
        "Sends several lines as one message: they stand between the two. Your client does this by itself.",
    ),
    "CAP": (
        "CAP LS [302] | CAP LIST | CAP REQ :capabilities | CAP END",
        "Agrees on extensions of the protocol. Your client does this by itself.",
    ),
    "CHATHISTORY": (
        "CHATHISTORY LATEST|BEFORE|AFTER|AROUND target reference limit | CHATHISTORY TARGETS timestamp timestamp limit",
        "CHATHISTORY BETWEEN target reference reference limit counts from the first reference to the second.",
        "Shows what was said while you were there, or what a room shows to newcomers. Your client does this by itself.",
        "A reference is timestamp=... or msgid=...; TARGETS lists conversations.",
    ),
    "DEFENCE": (
        "DEFENCE [level [duration] :reason]",
        "For operators: shows how far entry is tightened, or sets it, from 5 (normal) to 1 (accounts alone).",
        "It ends after the duration (30m, 12h), without one after an hour. Who is here is not touched.",
    ),
    "ERROR": ("ERROR", "Is said by the server alone, when it closes a connection."),
    "HELP": ("HELP [command]", "Shows how a command is written and what it does; without one, lists them all."),
    "HELPOP": ("HELPOP [command]", "Is the same as HELP."),
    "INFO": ("INFO", "Shows what this server is and since when it runs."),
    "INVITE": (
        "INVITE nick #room",
        "Asks somebody into a room you are in. Who runs the room lets them in even if it is closed.",
        "INVITE alone lists the rooms that you were let into.",
    ),
    "ISON": ("ISON nick [nick ...]", "Shows which of these people are here. MONITOR tells you when that changes."),
    "ISUPPORT": ("ISUPPORT", "Shows what the server can do and its limits, for your client."),
    "JOIN": (
        "JOIN #room[,#room ...] [key[,key ...]]",
        "Brings you into rooms. A room that nobody is in is opened, and you run it.",
        "JOIN 0 leaves every room.",
    ),
    "KICK": (
        "KICK #room nick[,nick ...] [:reason]",
        "Puts people out of a room that you run. They can come back unless they are banned (MODE #room +b).",
    ),
    "KILL": ("KILL nick :reason", "For operators: closes somebody's connection, with a reason, which is required."),
    "LINKS": ("LINKS [mask]", "Shows which servers this one is linked to: none."),
    "LIST": (
        "LIST [condition[,condition ...]]",
        "Lists the rooms: by name or mask (*chess*), by people (>3, <10), by age in minutes of the room (C>60)",
        "or of its topic (T<60). A mask with ! in front leaves rooms out.",
    ),
    "LUSERS": ("LUSERS", "Shows how many people, operators and rooms there are."),
    "MARKREAD": (
        "MARKREAD target [timestamp=...]",
        "Says how far you have read, on all your devices. Your client does this by itself.",
    ),
    "METADATA": (
        "METADATA target GET keys | METADATA target SET key [:value] | METADATA target LIST | METADATA * SUB keys",
        "Shows or sets what stands beside a name or a room: pronouns, a status. The target * is yourself.",
        "Nothing is secret there: whoever may know of you may read it. CLEAR takes all away, SYNC shows a whole room.",
        "SUB has changes of some keys told to you, UNSUB no longer; SUBS lists them.",
    ),
    "MODE": (
        "MODE #room [changes [parameters]] | MODE nick [changes]",
        "Shows or changes the modes of a room that you run, or your own.",
        "Yours: +B a program writes here, +i strangers do not find you, +w you read WALLOPS,",
        "+R you read private messages of accounts alone, and of whom you ACCEPT.",
        "MODE #room +b shows who is banned.",
    ),
    "MONITOR": (
        "MONITOR +|- nick[,nick ...] | MONITOR C|L|S",
        "Tells you when people come and go: + and - change your list, C clears it, L shows it,",
        "S shows who of it is here. Each of your devices has a list of its own.",
    ),
    "MOTD": ("MOTD", "Shows the message of the day."),
    "NAMES": ("NAMES #room[,#room ...]", "Shows who is in a room. @ runs it, + may always write."),
    "NICK": ("NICK pseudonym", "Takes another pseudonym."),
    "NOTICE": (
        "NOTICE target[,target ...] :text",
        "Writes as PRIVMSG does; programs answer it to nobody. Meant for what programs say.",
    ),
    "OPER": ("OPER name password", "Logs you in as an operator of this server."),
    "PART": ("PART #room[,#room ...] [:reason]", "Leaves rooms."),
    "PASS": ("PASS password", "Gives the password of the server, before you enter. Your client does this by itself."),
    "PING": ("PING token", "Asks whether the server is there; it answers PONG."),
    "PONG": ("PONG token", "Answers a PING of the server. Your client does this by itself."),
    "PRIVMSG": (
        "PRIVMSG target[,target ...] :text",
        "Writes to a room, to a person, or with @#room to those who run a room.",
        "What you write is sealed in the archive of this server before anybody reads it.",
    ),
    "QUIT": ("QUIT [:reason]", "Leaves the server."),
    "REDACT": (
        "REDACT #room|nick msgid [:reason]",
        "Takes back a message of yours, or of a room that you run. Who has read it has read it.",
    ),
    "REHASH": ("REHASH", "For operators: reads the configuration again, as SIGHUP does."),
    "REGISTER": (
        "REGISTER account|* email|* password",
        "Claims a pseudonym: * is the one you bear. Nobody else can bear it then.",
    ),
    "RESUME": (
        "RESUME [token]",
        "Gives you a resume token, and ends the one you had: with it you are the same person again after a lost",
        "connection or tomorrow, without an account. Before you enter, with a token: shows who you are.",
    ),
    "ROOM": (
        "ROOM REGISTER|INFO|DROP #room | ROOM TRANSFER #room account | ROOM HOST ADD|DEL|LIST #room [account]",
        "ROOM LIST shows those that are yours.",
        "Keeps a room that you run for good, under your account, and says who runs it whenever they come in.",
    ),
    "SETNAME": ("SETNAME :real name", "Changes the real name that WHOIS shows of you. It need not be your real one."),
    "SILENCE": (
        "SILENCE [+mask|-mask[,...]]",
        "You read nothing from those whose nick!user@host fits a mask; they are not told. A pseudonym is a mask, too.",
        "*!*@host means everybody from one network. Without a mask: shows your list. With an account it is kept.",
    ),
    "STATS": (
        "STATS u|o|d",
        "Shows for how long the server has run (u). For operators: who of them is here (o), and figures (d).",
    ),
    "TAGMSG": ("TAGMSG target[,target ...]", "Sends tags without a text, such as that you are typing."),
    "TIME": ("TIME", "Shows what time it is at the server."),
    "TOPIC": ("TOPIC #room [:text]", "Shows what a room is about, or sets it; an empty text takes it away."),
    "UBAN": (
        "UBAN ADD|REQUIRE duration target :reason | UBAN DEL decision :reason | UBAN LIST | UBAN INFO decision",
        "For operators: bans from the whole server, asks a network for accounts, lifts and shows bans.",
        "Duration: 30m, 12h, 7d. Target: account:name, ip:203.0.113.0/24, host:cloak or mask:nick!user@host.",
    ),
    "USER": ("USER name 0 * :real name", "Says who you are, before you enter. Your client does this by itself."),
    "USERHOST": ("USERHOST nick [nick ...]", "Shows user and cloaked host of up to five people, and who is away."),
    "VERIFY": ("VERIFY account code", "Confirms an account with the code that was sent to your address."),
    "VERSION": ("VERSION", "Shows which program this is, its version, and what it can do."),
    "WALLOPS": ("WALLOPS :text", "For operators: tells something to everybody who set the user mode w."),
    "WEBIRC": (
        "WEBIRC password gateway host address [:options]",
        "Is said by gateways alone, first of all: for whom they speak.",
    ),
    "WHO": (
        "WHO #room|nick|mask [o][%fields[,token]]",
        "Lists people: of a room, one by name, or by a mask of name, user, host or real name. o: operators alone.",
        "%tcuihsnfdlaor chooses what is shown (WHOX).",
    ),
    "WHOIS": (
        "WHOIS nick[,nick ...]",
        "Shows what may be known of people: account, rooms, whether they are away or an operator or a bot.",
    ),
    "WHOWAS": ("WHOWAS nick[,nick ...] [count]", "Shows who bore a pseudonym in the last minutes."),
}
"""By command: its syntax, then one text for each line that is shown."""
