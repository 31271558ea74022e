"""Durable lines to their readers: joined once per audience and wire signature, one write per recipient.

Promised per recipient: order within a conversation, order of answers to one's own commands, order across fences.
Whoever acted in a run gets its lines in the exact order of decision; everybody else gets the lines of each room
joined, rooms in the order of their first line. `tests/contract/chat` holds this against a model that merges nothing.
"""

from collections.abc import Callable, Sequence

from parvis.chat.batch import Batch, Run, Said
from parvis.chat.client import Client

FanOut = Callable[[Sequence[Client], bytes], None]
"""Send the same bytes to each: the adapter's hot loop (`net/fanout.py`)."""


def deliver(batch: Batch, fan_out: FanOut) -> int:
    """Send everything that waited for a batch; whoever quit is hung up on. Gives the number of lines delivered."""
    runs = batch.runs
    if len(runs) == 1 and len(runs[0].groups) <= 1:
        delivered = _deliver_one_room(runs[0], fan_out)
    else:
        delivered = _deliver_gathered(runs)
    for client in batch.closing:
        client.hang_up()
    return delivered


def _deliver_one_room(run: Run, fan_out: FanOut) -> int:
    """The common case: one run, one room; nothing has to be gathered per recipient."""
    special = run.special
    delivered = 0
    for audience, lines in run.groups.items():
        for signature, readers in audience.groups_without(frozenset(special)) if special else audience.groups:
            data = b"".join([said.render(signature) for said in lines])
            if data:
                delivered += len(readers) * len(lines)
                fan_out(readers, data)
    delivered += _write_special(run)
    for client, pieces in special.items():
        if pieces:
            client.send(pieces[0] if len(pieces) == 1 else b"".join(pieces))
    return delivered


def _deliver_gathered(runs: list[Run]) -> int:
    """Gather each recipient's pieces over all runs and rooms, then write once to each."""
    recipients: list[Client] = []
    delivered = 0
    for run in runs:
        special = run.special
        for audience, lines in run.groups.items():
            for signature, group in audience.groups:
                data = b"".join([said.render(signature) for said in lines])
                if not data:
                    continue
                delivered += len(group) * len(lines)
                for client in group:
                    if client in special:
                        continue
                    pending = client.pending
                    if pending is None:
                        client.pending = data
                        recipients.append(client)
                    elif isinstance(pending, list):
                        pending.append(data)
                    else:
                        client.pending = [pending, data]
        delivered += _write_special(run)
        for client, pieces in special.items():
            if not pieces:
                continue
            if client.pending is None:
                recipients.append(client)
                client.pending = pieces
            elif isinstance(client.pending, list):
                client.pending.extend(pieces)
            else:
                client.pending = [client.pending, *pieces]
    for client in recipients:
        pending = client.pending
        client.pending = None
        if isinstance(pending, bytes):
            client.send(pending)
        elif pending is not None:
            client.send(b"".join(pending))
    return delivered


def _write_special(run: Run) -> int:
    """Fill the pieces of whoever gets its lines in exact order."""
    special = run.special
    if not special:
        return 0
    delivered = 0
    acted = set(special)
    interested = {audience: audience.members.keys() & acted for audience in run.groups}
    for entry in run.entries:
        if isinstance(entry, Said):
            sender = entry.sender
            signatures = entry.audience.members
            for client in interested[entry.audience]:
                if client is not sender:
                    # Not the signature of now: it may have changed behind a later fence of the batch.
                    special[client].append(entry.render(signatures[client]))
            if sender is not None and entry.own is not None:
                special[sender].append(entry.own)
        else:
            special[entry[0]].append(entry[1])
        delivered += 1
    return delivered
