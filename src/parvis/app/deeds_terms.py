"""The deeds behind `parvis archive terms`."""

from collections.abc import Mapping
from typing import Final

import msgspec

from parvis.app.deeds_holds import BY
from parvis.app.office import Deed, NotDone, Office, Words
from parvis.moderation.terms import Stopped


def end_terms(office: Office, words: Words) -> Words:
    """End every term that is due; answers with counts.

    Raises:
        NotDone: The clock is doubted, and nobody has confirmed it.
        NotDone: The server stops; what is left is ended when it starts again.
    """
    if words.keys() - {"confirm_clock"}:
        raise NotDone("Ending terms takes no words: what is due says the schedule.")
    try:
        if words.get("confirm_clock") is True:
            office.keeping.confirm_clock(BY)
        ended = office.keeping.end_due()
        if (why := office.keeping.doubt()) is not None:
            raise NotDone(why)
        return msgspec.structs.asdict(ended)
    except Stopped:
        raise NotDone("The server is stopping. What is left is ended when it starts again.") from None


DEEDS: Final[Mapping[str, Deed]] = {"terms.end": end_terms}
