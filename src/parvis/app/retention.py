"""The schedule of what is kept for how long, read from where it lies: that of the profile, with an operator's terms."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from parvis.legal import retention
from parvis.legal.retention import Schedule, Unsound, chosen, read_schedule, resolved

if TYPE_CHECKING:
    from parvis.app.config import Config

FILE_BYTES_MAX: Final = 65_536
"""Largest file of an operator's terms."""


@cache
def shipped() -> Mapping[str, object]:
    """Read the schedule that comes with the program."""
    return tomllib.loads(Path(retention.__file__).with_name("retention.toml").read_text("utf-8"))


def read(profile: str, path: Path | None) -> Schedule:
    """Read the schedule of a profile, with the terms of an operator's file if there is one.

    Raises:
        Unsound: The file cannot be read, or says what cannot be.
    """
    schedule = read_schedule(shipped(), profile)
    if path is None:
        return schedule
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        if len(raw) > FILE_BYTES_MAX:
            raise Unsound("", f"The file {path} is larger than {FILE_BYTES_MAX} bytes. Is it a schedule?")
        given = tomllib.loads(raw.decode())
    except OSError as fault:
        raise Unsound("", f"The file {path} cannot be read ({fault.strerror}). Check its path and its mode.") from None
    except (ValueError, RecursionError) as fault:
        if isinstance(fault, Unsound):
            raise
        raise Unsound("", f"The file {path} is not TOML. Mend it.") from None
    return chosen(schedule, given)


@cache
def _of(profile: str, path: Path | None) -> Schedule:
    return read(profile, path)


def schedule_of(config: "Config") -> Schedule:
    """Give the schedule of a configuration that was checked; it is read once, and a restart reads it anew."""
    return resolved(_of(config.server.profile, config.archive.retention), settings_of(config))


def settings_of(config: "Config") -> dict[str, int]:
    """Give the terms that keys of the configuration say, in milliseconds: the longest of those that belong together."""
    history, accounts = config.history, config.accounts
    quarantines_s = (accounts.quarantine_s, accounts.quarantine_unproved_s, accounts.quarantine_deleted_s)
    return {
        "history": 1000 * max(history.default_visible_s, history.resume_s, history.report_window_s),
        "quarantine": 1000 * max(quarantines_s),
    }
