"""Descriptors of a process, without those of its connections to the database.

A pool keeps its connections.  It opens as many as requests overlap, which are more on a busy
machine.
"""

from __future__ import annotations

import os

from tests.support.serving import Client


def own_files(client: Client) -> int:
    """Return the descriptors of this process, without those of the pool of the server."""
    states = client.engine.store.states()
    return len(os.listdir("/proc/self/fd")) - states["idle"] - states["busy"]
