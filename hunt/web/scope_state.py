"""Keys in the state of an ASGI scope, which connections set and routes read."""

from __future__ import annotations

#: The server's own address of the connection: ``host:port`` or ``unix:/path``.
LOCAL_ADDRESS = "hunt_local_address"

#: An async function that sends ``100 Continue``; present if the client waits for it.
CONTINUE = "hunt_continue"
