"""Configuration and wiring: the one place that knows every part."""
