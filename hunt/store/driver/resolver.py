"""Name resolution with a time limit and a bounded number of threads."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from outcome import Outcome

#: A host name and a port, as the connection string has them.
Name = tuple[str, str]


@dataclass(slots=True, eq=False)
class _Lookup:
    """One call of `getaddrinfo` in a thread, for which several tasks may wait."""

    done: trio.Event = field(default_factory=trio.Event)
    error: OSError | None = None


class Resolver:
    """A resolver of host names for the connections of one connection string.

    `getaddrinfo` cannot be cancelled: its thread runs to its end.  Therefore each name has at
    most one lookup in flight, and later callers wait for it, too.  If it takes too long, or
    fails temporarily, the addresses found last are used.
    """

    def __init__(self) -> None:
        self._lookups: dict[Name, _Lookup] = {}  # in flight
        self._known: dict[Name, list[str]] = {}  # addresses found last

    async def addresses(self, host: str, port: str, *, seconds: float) -> list[str]:
        """Return the addresses of a host, in the order in which to try them.

        Args:
            host: Host name.
            port: Number, or name of a service.
            seconds: Time for the lookup and the connection; the lookup gets half.

        Raises:
            OSError: The name does not exist, or the lookup failed.
            trio.TooSlowError: No answer in time, and no addresses from an earlier lookup.
        """
        name = (host, port)
        lookup = self._lookups.get(name) or self._start(name)
        with trio.move_on_after(seconds / 2):
            await lookup.done.wait()
        error = lookup.error
        if error is not None and (error.errno == socket.EAI_NONAME or name not in self._known):
            raise error
        if name not in self._known:
            raise trio.TooSlowError
        return self._known[name]

    def _start(self, name: Name) -> _Lookup:
        lookup = self._lookups[name] = _Lookup()
        token = trio.lowlevel.current_trio_token()

        def deliver(outcome: Outcome[list[Any]]) -> None:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(self._finish, name, lookup, outcome)

        trio.lowlevel.start_thread_soon(partial(_getaddrinfo, *name), deliver, "hunt resolver")
        return lookup

    def _finish(self, name: Name, lookup: _Lookup, outcome: Outcome[list[Any]]) -> None:
        del self._lookups[name]
        try:
            found = outcome.unwrap()
        except (OSError, UnicodeError) as exc:  # UnicodeError: not a valid host name
            lookup.error = exc if isinstance(exc, OSError) else OSError(str(exc))
        else:
            self._known[name] = [str(each[4][0]) for each in found]
        lookup.done.set()


def _getaddrinfo(host: str, port: str) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
