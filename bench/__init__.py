"""A script per claim, with its dated results beside it."""
