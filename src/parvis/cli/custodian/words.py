"""The words of a share, as a custodian gives them: at a terminal without showing them, or from standard input."""

import sys


def words_of_share() -> str:
    """Ask for the words without showing them; read them where nobody can be asked."""
    if sys.stdin.isatty():
        return _asked()
    from parvis.app.shares import SHARE_TEXT_MAX, words_of

    # A share's file has its words, and a page around them.
    return words_of(sys.stdin.read(4 * SHARE_TEXT_MAX))


def _asked() -> str:
    """Ask until there are words enough, on as many lines as people like; an empty line ends it."""
    from getpass import getpass

    from parvis.app.shares import SHARE_WORDS, words_in

    words = ""
    asking = f"The {SHARE_WORDS} words of the share, in order (they are not shown): "
    while line := getpass(asking):
        words += f" {line}"
        count = len(words_in(words))
        if count >= SHARE_WORDS:
            break
        asking = f"{count} words so far. Go on: "
    return words
