"""The chat service: turn, decide, seal as a batch, deliver."""
