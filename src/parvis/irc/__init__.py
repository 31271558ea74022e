"""The protocol: bytes to lines to commands and back. Pure: no sockets, files, clock or chance."""
