"""A custodians' key whose private half is known, for tests alone."""

from parvis.archive import custody
from parvis.archive.custody import CustodianKey

SEED = bytes(range(32))
"""What a real one's custodians would share."""


def a_custodian() -> CustodianKey:
    """Give its public half."""
    return custody.custodian_key(custody.public_bytes(SEED), 1, 1, 1)
