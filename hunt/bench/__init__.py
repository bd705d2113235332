"""The load generator: a separate process that must cost far less than the server."""
