"""Opaque ids. Source: docs/adr/0002-record-and-leaf.md."""

from base64 import urlsafe_b64encode

from parvis.model import ids


def test_ids_have_their_lengths() -> None:
    """A message id is 20 characters on the wire, without padding. Source: `ids`."""
    assert {len(each) for each in (ids.NOBODY, ids.NO_SESSION, ids.PRESENCE)} == {ids.OPAQUE_ID_BYTES} == {16}
    assert len(ids.NO_MESSAGE_ID) == ids.MESSAGE_ID_BYTES
    assert len(urlsafe_b64encode(ids.NO_MESSAGE_ID)) == 20
    assert b"=" not in urlsafe_b64encode(ids.NO_MESSAGE_ID)
