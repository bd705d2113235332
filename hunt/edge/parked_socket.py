"""The socket of a parked connection; its owner closes it, or passes it on, once."""

from __future__ import annotations

from hunt.edge.admission import Slot
from hunt.edge.park import Park


class ParkedSocket:
    """Base of the objects that serve a connection in the park.

    Args:
        park: The park that watches `fd` for input.
        fd: The descriptor of the connection.
    """

    __slots__ = ("fd", "park", "slot", "watched")

    slot: Slot  #: the connection's slot in the limits

    def __init__(self, park: Park, fd: int) -> None:
        self.park = park
        self.fd = fd  #: -1 once the connection was closed or passed on
        self.watched = True  #: whether the park reports input

    def take_fd(self) -> int:
        """Return the descriptor to its next owner."""
        fd, self.fd = self.fd, -1
        return fd

    def abort(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        self.end()

    def end(self) -> None:
        """Close the connection; a click in flight may still count."""
        if self.fd >= 0:
            self.park.close(self.take_fd())
