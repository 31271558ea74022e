"""What the law asks for: terms, holds, openings of the archive. Pure decisions over values."""
