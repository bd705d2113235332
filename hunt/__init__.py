"""A real-time treasure-hunt server: durable rewards in batches, streamed within milliseconds."""

from __future__ import annotations

from hunt.core.breaker import Breaker, Ticket
from hunt.errors import CircuitOpen

__all__ = ["Breaker", "CircuitOpen", "Ticket"]
