"""A connection that has had its last answer, and waits for its client to close it."""

from __future__ import annotations

import socket
from contextlib import suppress

from hunt.edge.admission import Slot
from hunt.edge.park import Park
from hunt.edge.parked import skip
from hunt.edge.sending import LINGER_TIMEOUT


class Leaving:
    """Takes for a while what the client still sends, and answers none of it.

    To close with something unread is a reset, which may overtake the last answer and
    take it back (RFC 9112, 9.6).

    Args:
        park: That watches `fd` for something to read.
        fd: The connection; all that was to be said has been written.
    """

    __slots__ = ("_since", "fd", "park", "slot")

    def __init__(self, park: Park, fd: int) -> None:
        self.park = park
        self.fd = fd
        self.slot: Slot  # set by the park
        self._since = park.now
        park.keep(self)
        with socket.socket(fileno=fd) as sock:
            with suppress(OSError):  # the client has gone, which the next read finds
                sock.shutdown(socket.SHUT_WR)
            sock.detach()

    def readable(self) -> None:
        """Read what is of no use any more, and end where the client has ended."""
        skip(self)

    def part(self) -> None:
        """See `Timed`: it is on its way."""

    def look(self, now: float) -> None:
        """End a connection whose client does not."""
        if now - self._since > LINGER_TIMEOUT:
            self.end()

    def idle_since(self) -> float:
        """See `hunt.edge.admission.Holder`."""
        return self._since

    def evict(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        self.end()

    def abort(self) -> None:
        """See `hunt.edge.admission.Holder`."""
        self.end()

    def beat(self) -> None:
        """See `Parked`: nobody expects one."""

    def end(self) -> None:
        """Close the connection."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            self.park.close(fd, watched=True)
