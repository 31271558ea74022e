"""The deeds behind `parvis archive terms`."""

from collections.abc import Mapping
from typing import Final

import msgspec

from parvis.app.office import Deed, NotDone, Office, Words
from parvis.moderation.terms import Stopped


def end_terms(office: Office, words: Words) -> Words:
    """End every term that is due; answers with counts.

    Raises:
        NotDone: The server stops; what is left is ended when it starts again.
    """
    if words:
        raise NotDone("Ending terms takes no words: what is due says the schedule.")
    try:
        return msgspec.structs.asdict(office.keeping.end_due())
    except Stopped:
        raise NotDone("The server is stopping. What is left is ended when it starts again.") from None


DEEDS: Final[Mapping[str, Deed]] = {"terms.end": end_terms}
