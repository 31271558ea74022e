"""What stands for an address and for a pair of people, under the server's secret. Never the thing itself."""

from base64 import b32encode
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import Final

from parvis.model.ids import OPAQUE_ID_BYTES, ConversationId, IdentityId

_CLOAK_BYTES: Final = 10
GUEST: Final = "guest"
"""Last label of the host of somebody without an account (`chat/hosts.py`)."""
IPV6_PREFIX: Final = 64
"""Addresses of one IPv6 subscriber share so many bits: they count as one."""


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Give what counts as one address: an IPv4 address, or the /64 of an IPv6 one. Anything else is itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, IPV6_PREFIX), strict=False))


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Tell whether an address is of this machine."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback


def cloak(secret: bytes, network: str) -> str:
    """Give the host that others see: the same for one network as long as the secret lives, and not to be undone."""
    digest = blake2b(network.encode(), key=secret, digest_size=_CLOAK_BYTES, person=b"parvis-cloak").digest()
    return f"{b32encode(digest).decode().lower()}.{GUEST}"


def conversation_of_pair(secret: bytes, one: IdentityId, other: IdentityId) -> ConversationId:
    """Give the conversation of two identities, whoever speaks first."""
    pair = one + other if one <= other else other + one
    return ConversationId(blake2b(pair, key=secret, digest_size=OPAQUE_ID_BYTES, person=b"parvis-pair").digest())
