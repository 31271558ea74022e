"""SILENCE: read nothing from somebody. They are not told (DESIGN, promise 4; `chat/silences.py`).

Source: the SILENCE of ircu and its followers: 271, 272, 511, and the token SILENCE of RPL_ISUPPORT.
"""

from parvis.chat import hosts, silences
from parvis.chat.audience import Audience
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc import masks
from parvis.irc import numerics as n
from parvis.irc.casemapping import fold
from parvis.irc.line import Line


def run(chat: Chat, client: Client, line: Line) -> None:
    """List the masks, add some with `+` (or without a sign), take some away with `-`."""
    given = [word for word in line.params[0].split(",") if word] if line.params else []
    listed = chat.world.silences.get(client.identity, ())
    if not given:
        for mask in listed:
            chat.numeric(client, n.RPL_SILELIST, client.nick, mask)
        chat.numeric(client, n.RPL_ENDOFSILELIST)
        return
    chosen = {fold(mask): mask for mask in listed}
    for word in given:
        _change(chat, client, chosen, word)
    after = tuple(chosen.values())
    if after != listed:
        silences.put(chat, client.identity, after)
        signs = [f"-{mask}" for mask in listed if mask not in after] + [
            f"+{mask}" for mask in after if mask not in listed
        ]
        for sign in signs:
            # Every device of the person reads what changed; nobody else does.
            chat.show(client, b":%b SILENCE %b" % (client.prefix, sign.encode()), Audience((client,)))


def _change(chat: Chat, client: Client, chosen: dict[str, str], word: str) -> None:
    mask = hosts.any_label(masks.complete(word[1:] if word[0] in "+-" else word))
    folded = fold(mask)
    if word[0] == "-":
        chosen.pop(folded, None)
    elif folded in chosen:
        return
    elif len(mask.encode()) > masks.MASK_BYTES_MAX or " " in mask or mask[0] == ":":
        text = f"A mask has no space and at most {masks.MASK_BYTES_MAX} bytes. It was not listed."
        chat.fail("SILENCE", "INVALID_MASK", "*", text)
    elif len(chosen) >= chat.settings.silence:
        text = f"Your list is full: {chat.settings.silence} masks are the most. Take one off first."
        chat.answer(f"{n.ERR_SILELISTFULL} {client.nick} {mask} :{text}")
    else:
        chosen[folded] = mask
