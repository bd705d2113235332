"""The load generator: a process of its own, which must cost far less than the server."""
