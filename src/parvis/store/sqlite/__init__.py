"""The archive and the rooms in one SQLite file."""
