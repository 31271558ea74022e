"""Parvis: a public chat that anyone enters with a pseudonym, and where nobody is above the rules."""

from typing import Final

__version__: Final = "0.1.0"
