"""A real-time treasure-hunt server: durable rewards in batches, streamed within milliseconds."""

from __future__ import annotations

from hunt.core.breaker import Breaker, Ticket
from hunt.errors import CircuitOpen

__all__ = ["Breaker", "CircuitOpen", "Ticket", "__version__"]

__version__: str  #: of the installed package ``hunt-server``


def __getattr__(name: str) -> str:
    """Return `__version__`, read on demand because that takes milliseconds.

    Raises:
        AttributeError: There is no such name.
    """
    if name != "__version__":
        raise AttributeError(f"module 'hunt' has no attribute {name!r}")
    from importlib.metadata import version

    return version("hunt-server")
