"""What is kept and how it is sealed: canonical bytes, leaves, content keys. Pure: keys and random bytes come in."""
