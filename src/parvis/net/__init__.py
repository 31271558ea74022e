"""Adapters to the network: TCP, TLS, WebSocket, PROXY protocol, HTTP."""
