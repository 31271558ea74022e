"""A plugin of Sopel that notes what happens, and does what it is told on standard input.

It runs in Sopel's own environment, where nothing of the server's is installed; `bots.py` puts it there. Called as a
program it starts the bot with a configuration: Sopel's own command refuses to run as root, as build servers do.
"""

# mypy: disallow-untyped-decorators=False

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from sopel import bot as bots  # type: ignore[import-not-found]  # it has an environment of its own
from sopel import config, plugin

PAGE = Path(os.environ["JOURNEY_PAGE"])
EVENTS = ("JOIN", "PRIVMSG", "TOPIC", "KICK", "QUIT", "MODE", "900")


def _note(*parts: str) -> None:
    with PAGE.open("a", encoding="utf-8") as page:
        page.write("\t".join(parts) + "\n")


def setup(bot: Any) -> None:
    """Listen to whoever started the bot."""
    threading.Thread(target=_obey, args=(bot,), daemon=True).start()


def _obey(bot: Any) -> None:
    for order in sys.stdin:
        verb, *words = json.loads(order)
        match verb:
            case "write":
                *middle, text = words
                # MODE has no text; a name never holds a space.
                bot.write(words) if middle[0] == "MODE" else bot.write(middle, text)
            case "kick":
                nick, room, reason = words
                bot.kick(nick, room, reason)
            case _:
                getattr(bot, verb)(*words)


@plugin.event(*EVENTS)
@plugin.rule(".*")
@plugin.thread(False)
@plugin.unblockable
@plugin.priority("high")
def note(bot: Any, trigger: Any) -> None:
    """Write an event down."""
    who, words = str(trigger.nick), [str(word) for word in trigger.args]
    match trigger.event:
        case "JOIN":
            _note("joined", who)
        case "PRIVMSG" if trigger.ctcp == "ACTION":
            _note("did", who, str(trigger))
        case "PRIVMSG":
            _note("said" if words[0].startswith("#") else "told", who, str(trigger))
        case "TOPIC" | "QUIT":
            _note(trigger.event.lower(), who, words[-1])
        case "KICK":
            _note("kick", who, words[1], words[2])
        case "MODE":
            _note("mode", who, " ".join(words[1:]))
        case "900":
            _note("logged in", words[2])


def main() -> None:
    """Run the bot until it has quit."""
    settings = config.Config(sys.argv[1])
    bot = bots.Sopel(settings)
    bot.setup()
    bot.run(settings.core.host, int(settings.core.port))


if __name__ == "__main__":
    main()
