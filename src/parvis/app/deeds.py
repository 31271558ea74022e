"""Every deed there is, by the name that verbs ask for it with."""

from collections.abc import Mapping
from typing import Final

from parvis.app import deeds_account, deeds_holds, deeds_terms
from parvis.app.office import Deed

DEEDS: Final[Mapping[str, Deed]] = {**deeds_terms.DEEDS, **deeds_holds.DEEDS, **deeds_account.DEEDS}
