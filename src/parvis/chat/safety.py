"""What stands between people, at work: gathers the facts of an act and asks the gates of safety about it.

Rule 1: `policy/gates.py` alone says in which order and whether; here facts are gathered and what passed is counted.
Rule 2: an act that is refused changes nothing and is counted nowhere but in the pace of refusals.
Rule 3: with every switch of [safety] off, only what moderation decided is asked (it has no switch).
"""

from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.model.acts import Act, ActKind
from parvis.model.person import OPERATOR, Person
from parvis.model.room import Room
from parvis.model.verdicts import ACCEPTED, Refused, Verdict
from parvis.policy import gates
from parvis.policy.trust import ALLOWANCES, Allowance, Level


def may(
    chat: Chat,
    client: Client,
    kind: ActKind,
    *,
    room: Room | None = None,
    reader: Person | None = None,
    text: str | None = None,
    tags: str = "",
) -> Verdict:
    """May this be done, as far as safety goes?

    Args:
        chat: The chat.
        client: Who wants it.
        kind: What.
        room: Where; None: to a person, or nowhere.
        reader: Towards whom.
        text: What is said.
        tags: Client-only tags as they are relayed.
    """
    restrictions = chat.world.restrictions.get(client.identity, ())
    if not (restrictions or chat.settings.is_guarded):
        return ACCEPTED
    act = Act(
        kind=kind,
        person=client,
        now_ms=chat.now_ms,
        room=room,
        reader=reader,
        text=text,
        tags=tags,
        restrictions=restrictions,
    )
    return gates.safety(act)


def allowance(chat: Chat, client: Client) -> Allowance:
    """Give what somebody may do at their level of trust."""
    if client.modes & OPERATOR or not chat.settings.is_guarded:
        return ALLOWANCES[Level.TRUSTED]
    return ALLOWANCES[Level.KNOWN if client.account else Level.NEWCOMER]


def stops(
    chat: Chat,
    client: Client,
    kind: ActKind,
    command: str,
    target: str,
    *,
    room: Room | None = None,
    reader: Person | None = None,
    text: str | None = None,
    tags: str = "",
) -> bool:
    """Answer what a gate of safety refuses, and tell whether one did; arguments as for `may`.

    The answer is a standard reply whose code is the ground, whatever the command (IRCv3 standard-replies).
    """
    verdict = may(chat, client, kind, room=room, reader=reader, text=text, tags=tags)
    if not isinstance(verdict, Refused):
        return False
    chat.fail(command, verdict.ground.replace("-", "_").upper(), target, verdict.told)
    return True
