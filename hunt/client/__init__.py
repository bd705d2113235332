"""A client for one player on Trio: idempotent clicks, and streams of rewards without gaps.

Start with `open_client`; see ``docs/how-to/python-client.md``.
"""

from __future__ import annotations

from hunt.client.backend_events import BackendEvent, BackendEvents, LogRow
from hunt.client.client import Client, open_client
from hunt.client.reward import Answer, Reward
from hunt.client.rewards import Rewards
from hunt.errors import Denied, Unconfirmed, Unreachable

__all__ = [
    "Answer", "BackendEvent", "BackendEvents", "Client", "Denied", "LogRow", "Reward", "Rewards",
    "Unconfirmed", "Unreachable", "open_client",
]  # fmt: skip
