"""Every deed there is, by the name that verbs ask for it with."""

from collections.abc import Mapping
from typing import Final

from parvis.app import deeds_account, deeds_holds, deeds_openings, deeds_terms
from parvis.app.deeds_custodian import CUSTODIAN_DEEDS
from parvis.app.office import Deed

DEEDS: Final[Mapping[str, Deed]] = {
    **CUSTODIAN_DEEDS,
    **deeds_openings.DEEDS,
    **deeds_terms.DEEDS,
    **deeds_holds.DEEDS,
    **deeds_account.DEEDS,
}
