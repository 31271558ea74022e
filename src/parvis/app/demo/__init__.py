"""The demonstration: a chat log becomes people, played over real sockets and checked line by line.

Everything here is an IRC client, or looks at the server from outside; nothing of `chat/` is used.
"""
