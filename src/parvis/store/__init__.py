"""Adapters that keep: SQLite, key files, and a memory twin of each."""
