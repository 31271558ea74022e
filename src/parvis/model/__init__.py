"""The nouns: people, rooms, events, verdicts. Pure: no sockets, files, clock or chance."""
