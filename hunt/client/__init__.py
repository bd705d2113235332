"""A player's client on Trio: clicks that count once, and rewards of which none is missed.

`open_client` is where it begins; see ``docs/how-to/python-client.md``.
"""

from __future__ import annotations

from hunt.client.client import Client, open_client
from hunt.client.reward import Answer, Reward
from hunt.client.rewards import Rewards
from hunt.errors import Denied, Unconfirmed, Unreachable

__all__ = [
    "Answer", "Client", "Denied", "Reward", "Rewards", "Unconfirmed", "Unreachable", "open_client",
]  # fmt: skip
