"""The chat benchmark: Parvis beside two established servers, run by run. See bench/README.md."""
