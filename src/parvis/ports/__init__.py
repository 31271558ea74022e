"""The seams: what the services need of the outside, as Protocols."""
