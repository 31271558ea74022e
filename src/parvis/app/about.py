"""What the live tables hold of an account, for an export. On the event loop's thread."""

from parvis.chat import devices
from parvis.chat.client import Client
from parvis.chat.service import Chat
from parvis.irc.casemapping import fold
from parvis.model.accounts import Account
from parvis.model.moments import written
from parvis.model.room import HOST
from parvis.model.sanctions import ServerBan, TargetKind
from parvis.moderation.exports import About, Decision, Device, RoomHeld


def about(chat: Chat, account: Account) -> About:
    """Gather it."""
    world = chat.world
    return About(
        identity=account.id,
        network=chat.settings.network,
        account=account.name,
        registered=written(account.registered_at_ms),
        registered_ms=account.registered_at_ms,
        has_password=bool(account.password),
        certificates=account.certificates,
        many_devices=account.many_devices,
        devices=tuple(
            Device(
                pseudonym=person.nick,
                since=written(person.entered_at_ms),
                address=device.address[0],
                host=devices.host_of(chat, device),
                encrypted=device.is_secure,
            )
            for person in world.present.get(account.id, ())
            for device in (person.connections if isinstance(person, Client) else ())
        ),
        silences=world.silences.get(account.id, ()),
        metadata=dict(world.metadata.get(account.id, {})),
        rooms=tuple(
            RoomHeld(name=room.name, since=written(room.created_at_ms), owner=room.owner == account.id)
            for room in sorted(world.rooms.values(), key=lambda each: each.folded)
            if room.registered and (room.owner == account.id or room.hosts.get(account.id, 0) & HOST)
        ),
        read_until={name: written(time_ms) for name, time_ms in chat.markers.all_of(account.id).items()},
        decisions=tuple(_decision(ban) for ban in world.bans if _names(ban, account)),
    )


def _names(ban: ServerBan, account: Account) -> bool:
    if ban.account is not None:
        return ban.account == account.id
    return ban.target.kind is TargetKind.ACCOUNT and fold(ban.target.value) == fold(account.name)


def _decision(ban: ServerBan) -> Decision:
    return Decision(
        at=written(ban.made_at_ms), name=ban.name, action=ban.kind, ends=written(ban.ends_at_ms), told=ban.reason
    )
