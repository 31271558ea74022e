"""The numeric replies this server gives, with their fixed texts.

Source: modern IRC, "Numerics"; where modern IRC is silent, what `SOURCES` says.
"""

from typing import Final

RPL_WELCOME: Final = "001"
RPL_YOURHOST: Final = "002"
RPL_CREATED: Final = "003"
RPL_MYINFO: Final = "004"
RPL_ISUPPORT: Final = "005"
RPL_ENDOFSTATS: Final = "219"
RPL_UMODEIS: Final = "221"
RPL_STATSUPTIME: Final = "242"
RPL_STATSDEBUG: Final = "249"
RPL_LUSERCLIENT: Final = "251"
RPL_LUSEROP: Final = "252"
RPL_LUSERUNKNOWN: Final = "253"
RPL_LUSERCHANNELS: Final = "254"
RPL_LUSERME: Final = "255"
RPL_ADMINME: Final = "256"
RPL_ADMINLOC1: Final = "257"
RPL_ADMINLOC2: Final = "258"
RPL_ADMINEMAIL: Final = "259"
RPL_LOCALUSERS: Final = "265"
RPL_GLOBALUSERS: Final = "266"
RPL_SILELIST: Final = "271"
RPL_ENDOFSILELIST: Final = "272"
RPL_WHOISCERTFP: Final = "276"
RPL_ACCEPTLIST: Final = "281"
RPL_ENDOFACCEPT: Final = "282"
RPL_AWAY: Final = "301"
RPL_USERHOST: Final = "302"
RPL_ISON: Final = "303"
RPL_UNAWAY: Final = "305"
RPL_NOWAWAY: Final = "306"
RPL_WHOISUSER: Final = "311"
RPL_WHOISSERVER: Final = "312"
RPL_WHOISOPERATOR: Final = "313"
RPL_WHOWASUSER: Final = "314"
RPL_ENDOFWHO: Final = "315"
RPL_WHOISIDLE: Final = "317"
RPL_ENDOFWHOIS: Final = "318"
RPL_WHOISCHANNELS: Final = "319"
RPL_LISTSTART: Final = "321"
RPL_LIST: Final = "322"
RPL_LISTEND: Final = "323"
RPL_CHANNELMODEIS: Final = "324"
RPL_CREATIONTIME: Final = "329"
RPL_WHOISACCOUNT: Final = "330"
RPL_NOTOPIC: Final = "331"
RPL_TOPIC: Final = "332"
RPL_TOPICWHOTIME: Final = "333"
RPL_WHOISBOT: Final = "335"
RPL_INVITELIST: Final = "336"
RPL_ENDOFINVITELIST: Final = "337"
RPL_INVITING: Final = "341"
RPL_INVEXLIST: Final = "346"
RPL_ENDOFINVEXLIST: Final = "347"
RPL_EXCEPTLIST: Final = "348"
RPL_ENDOFEXCEPTLIST: Final = "349"
RPL_VERSION: Final = "351"
RPL_WHOREPLY: Final = "352"
RPL_NAMREPLY: Final = "353"
RPL_WHOSPCRPL: Final = "354"
RPL_ENDOFLINKS: Final = "365"
RPL_ENDOFNAMES: Final = "366"
RPL_BANLIST: Final = "367"
RPL_ENDOFBANLIST: Final = "368"
RPL_ENDOFWHOWAS: Final = "369"
RPL_INFO: Final = "371"
RPL_MOTD: Final = "372"
RPL_ENDOFINFO: Final = "374"
RPL_MOTDSTART: Final = "375"
RPL_ENDOFMOTD: Final = "376"
RPL_WHOISMODES: Final = "379"
RPL_YOUREOPER: Final = "381"
RPL_REHASHING: Final = "382"
RPL_TIME: Final = "391"
RPL_VISIBLEHOST: Final = "396"
ERR_NOSUCHNICK: Final = "401"
ERR_NOSUCHSERVER: Final = "402"
ERR_NOSUCHCHANNEL: Final = "403"
ERR_CANNOTSENDTOCHAN: Final = "404"
ERR_TOOMANYCHANNELS: Final = "405"
ERR_WASNOSUCHNICK: Final = "406"
ERR_TOOMANYTARGETS: Final = "407"
ERR_INVALIDCAPCMD: Final = "410"
ERR_NORECIPIENT: Final = "411"
ERR_NOTEXTTOSEND: Final = "412"
ERR_INPUTTOOLONG: Final = "417"
ERR_UNKNOWNCOMMAND: Final = "421"
ERR_NOMOTD: Final = "422"
ERR_NOADMININFO: Final = "423"
ERR_NONICKNAMEGIVEN: Final = "431"
ERR_ERRONEUSNICKNAME: Final = "432"
ERR_NICKNAMEINUSE: Final = "433"
ERR_UNAVAILRESOURCE: Final = "437"
ERR_NICKTOOFAST: Final = "438"
ERR_USERNOTINCHANNEL: Final = "441"
ERR_NOTONCHANNEL: Final = "442"
ERR_USERONCHANNEL: Final = "443"
ERR_NOTREGISTERED: Final = "451"
ERR_ACCEPTFULL: Final = "456"
ERR_ACCEPTEXIST: Final = "457"
ERR_ACCEPTNOT: Final = "458"
ERR_NEEDMOREPARAMS: Final = "461"
ERR_ALREADYREGISTERED: Final = "462"
ERR_PASSWDMISMATCH: Final = "464"
ERR_YOUREBANNEDCREEP: Final = "465"
ERR_CHANNELISFULL: Final = "471"
ERR_UNKNOWNMODE: Final = "472"
ERR_INVITEONLYCHAN: Final = "473"
ERR_BANNEDFROMCHAN: Final = "474"
ERR_BADCHANNELKEY: Final = "475"
ERR_NEEDREGGEDNICK: Final = "477"
ERR_BANLISTFULL: Final = "478"
ERR_BADCHANNAME: Final = "479"
ERR_NOPRIVILEGES: Final = "481"
ERR_CHANOPRIVSNEEDED: Final = "482"
ERR_UMODEUNKNOWNFLAG: Final = "501"
ERR_USERSDONTMATCH: Final = "502"
ERR_SILELISTFULL: Final = "511"
ERR_HELPNOTFOUND: Final = "524"
ERR_INVALIDKEY: Final = "525"
ERR_CANNOTSENDTOUSER: Final = "531"
RPL_WHOISSECURE: Final = "671"
ERR_INVALIDMODEPARAM: Final = "696"
RPL_HELPSTART: Final = "704"
RPL_HELPTXT: Final = "705"
RPL_ENDOFHELP: Final = "706"
RPL_MONONLINE: Final = "730"
RPL_MONOFFLINE: Final = "731"
RPL_MONLIST: Final = "732"
RPL_ENDOFMONLIST: Final = "733"
ERR_MONLISTFULL: Final = "734"
RPL_WHOISKEYVALUE: Final = "760"
RPL_KEYVALUE: Final = "761"
RPL_KEYNOTSET: Final = "766"
RPL_METADATASUBOK: Final = "770"
RPL_METADATAUNSUBOK: Final = "771"
RPL_METADATASUBS: Final = "772"
RPL_METADATASYNCLATER: Final = "774"
RPL_LOGGEDIN: Final = "900"
RPL_LOGGEDOUT: Final = "901"
RPL_SASLSUCCESS: Final = "903"
ERR_SASLFAIL: Final = "904"
ERR_SASLTOOLONG: Final = "905"
ERR_SASLABORTED: Final = "906"
ERR_SASLALREADY: Final = "907"
RPL_SASLMECHS: Final = "908"

MODERN: Final = 'modern IRC, "Numerics"'
"""Where a numeric is described that `SOURCES` does not name."""

SOURCES: Final = {
    "RFC 2812, section 5": (
        *(RPL_ENDOFSTATS, RPL_STATSUPTIME, RPL_ISON, ERR_TOOMANYTARGETS, ERR_NOADMININFO, ERR_UNAVAILRESOURCE),
        ERR_BANLISTFULL,
    ),
    "IRCv3 capability-negotiation": (ERR_INVALIDCAPCMD,),
    "IRCv3 bot-mode": (RPL_WHOISBOT,),
    "IRCv3 whox": (RPL_WHOSPCRPL,),
    "IRCv3 monitor": (RPL_MONONLINE, RPL_MONOFFLINE, RPL_MONLIST, RPL_ENDOFMONLIST, ERR_MONLISTFULL),
    "IRCv3 draft/metadata-2": (
        *(RPL_WHOISKEYVALUE, RPL_KEYVALUE, RPL_KEYNOTSET, RPL_METADATASUBOK, RPL_METADATAUNSUBOK, RPL_METADATASUBS),
        RPL_METADATASYNCLATER,
    ),
    "IRCv3 sasl 3.1": (
        *(RPL_LOGGEDIN, RPL_LOGGEDOUT, RPL_SASLSUCCESS, ERR_SASLFAIL, ERR_SASLTOOLONG, ERR_SASLABORTED),
        *(ERR_SASLALREADY, RPL_SASLMECHS),
    ),
    "none; as ircu has it": (RPL_SILELIST, RPL_ENDOFSILELIST, ERR_SILELISTFULL, ERR_NICKTOOFAST),
    "none; as ircd-hybrid has it": (
        *(RPL_STATSDEBUG, RPL_ACCEPTLIST, RPL_ENDOFACCEPT, ERR_ACCEPTFULL, ERR_ACCEPTEXIST, ERR_ACCEPTNOT),
        *(RPL_VISIBLEHOST, ERR_BADCHANNAME),
    ),
    "none; as Bahamut and Solanum have it": (ERR_NEEDREGGEDNICK,),
    "none; as InspIRCd has it": (ERR_CANNOTSENDTOUSER,),
}
"""Which numerics are described elsewhere than in modern IRC, by where."""

TEXT: Final = {
    ERR_NOSUCHNICK: "No such nick",
    ERR_NOSUCHSERVER: "No such server",
    ERR_NOSUCHCHANNEL: "No such channel",
    ERR_WASNOSUCHNICK: "There was no such nickname",
    ERR_TOOMANYTARGETS: "Too many targets",
    ERR_INVALIDCAPCMD: "Invalid CAP subcommand",
    ERR_NOTEXTTOSEND: "No text to send",
    ERR_INPUTTOOLONG: "Input line was too long",
    ERR_UNKNOWNCOMMAND: "Unknown command",
    ERR_NOMOTD: "There is no message of the day",
    ERR_NOADMININFO: "Nobody has said here who runs this server",
    ERR_NONICKNAMEGIVEN: "No nickname given",
    ERR_ERRONEUSNICKNAME: "Erroneous nickname",
    ERR_USERNOTINCHANNEL: "They aren't on that channel",
    ERR_USERONCHANNEL: "is already on channel",
    ERR_NOTREGISTERED: "You have not registered",
    ERR_ACCEPTFULL: "Your list of accepted guests is full: take one off first",
    ERR_ACCEPTEXIST: "is on your list of accepted guests already",
    ERR_ACCEPTNOT: "is not on your list of accepted guests",
    RPL_ENDOFACCEPT: "End of ACCEPT list",
    ERR_NEEDMOREPARAMS: "Not enough parameters",
    ERR_ALREADYREGISTERED: "You may not reregister",
    ERR_PASSWDMISMATCH: "Password incorrect",
    ERR_YOUREBANNEDCREEP: "You are banned from this server",
    ERR_UNKNOWNMODE: "is not a mode of this server",
    ERR_NOPRIVILEGES: "Permission denied: you are not an operator of this server",
    ERR_UMODEUNKNOWNFLAG: "Unknown mode flag",
    ERR_HELPNOTFOUND: "There is no help on this: HELP alone lists every command",
    ERR_USERSDONTMATCH: "You can only see and change your own modes",
    RPL_ENDOFSTATS: "End of STATS report",
    RPL_ADMINME: "Administrative info",
    RPL_ENDOFSILELIST: "End of SILENCE list",
    RPL_WHOISOPERATOR: "is an operator of this server",
    RPL_WHOISACCOUNT: "is logged in as",
    RPL_WHOISBOT: "is a bot",
    RPL_WHOISSECURE: "is using a secure connection",
    RPL_ENDOFINVITELIST: "End of INVITE list",
    RPL_ENDOFWHOWAS: "End of WHOWAS",
    RPL_ENDOFINFO: "End of INFO list",
    RPL_ENDOFLINKS: "End of LINKS list",
    RPL_ENDOFHELP: "End of HELP",
    RPL_ENDOFMONLIST: "End of MONITOR list",
    RPL_VISIBLEHOST: "is now your displayed host",
    RPL_ENDOFWHO: "End of WHO list",
    RPL_ENDOFWHOIS: "End of WHOIS list",
    RPL_ENDOFNAMES: "End of NAMES list",
    RPL_ENDOFBANLIST: "End of channel ban list",
    RPL_ENDOFEXCEPTLIST: "End of channel exception list",
    RPL_ENDOFINVEXLIST: "End of channel invite exception list",
    RPL_LISTEND: "End of LIST",
    RPL_NOTOPIC: "No topic is set",
    RPL_UNAWAY: "You are no longer marked as being away",
    RPL_NOWAWAY: "You have been marked as being away",
    RPL_YOUREOPER: "You are now an operator of this server",
    RPL_ENDOFMOTD: "End of message of the day",
    RPL_SASLSUCCESS: "SASL authentication successful",
    ERR_SASLTOOLONG: "SASL message too long",
    ERR_SASLABORTED: "SASL authentication aborted",
    RPL_SASLMECHS: "are available SASL mechanisms",
}
"""The last parameter of each numeric that always says the same."""
