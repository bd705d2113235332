"""The servers of a connection string, tried in turn within one deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
import trio
from psycopg import errors as pg
from psycopg._conninfo_utils import get_param, is_ip_address, split_attempts
from psycopg.abc import ConnDict, ConnParam
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hunt.store.driver.abandoned import Abandoned, Unfinished
from hunt.store.driver.resolver import Resolver

Made = TypeVar("Made")

#: Longest time for one server, in seconds, unless the caller or the connection string sets less.
CONNECT_TIMEOUT = 5.0

#: Connection parameters, unless the connection string sets them.
DEFAULTS = {
    "application_name": "hunt",
    "client_encoding": "UTF8",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}

_NEVER = float("-inf")


class Server:
    """One host and port of a connection string, with its state.

    Attributes:
        heard_at: Time of its last answer, by Trio's clock.
        timed_out_at: Time of the last call without an answer; -inf after a successful
            connection.
        abandoned: Backends whose connection was closed while they worked.
    """

    def __init__(self, params: ConnDict, resolver: Resolver) -> None:
        self._params = params
        self._resolver = resolver
        self.heard_at = _NEVER
        self.timed_out_at = _NEVER
        self.abandoned = Abandoned()

    @property
    def name(self) -> str:
        """The host and the port, for logs."""
        host = get_param(self._params, "host") or get_param(self._params, "hostaddr") or "localhost"
        return f"{host}:{get_param(self._params, 'port') or 5432}"

    def answers_since(self, began: float) -> bool:
        """Return whether the server has answered any call since shortly after `began`.

        The first quarter of the time does not count: a server may have answered other calls
        just before it froze.
        """
        return self.heard_at > began + (trio.current_time() - began) / 4

    async def connect(self, attempt: Callable[[str], Awaitable[Made]], seconds: float) -> Made:
        """Return a connection to the first address of the host that accepts.

        Args:
            attempt: Connects to the single address in a connection string.
            seconds: Longest time for all addresses, including the lookup of the name.

        Raises:
            psycopg.errors.ConnectionTimeout: At least one address did not answer in time.
            psycopg.OperationalError: No address accepts.
        """
        until = trio.current_time() + seconds
        failure: psycopg.Error | None = None
        try:
            addresses = await self._addresses(seconds)
        except trio.TooSlowError:
            self.timed_out_at = trio.current_time()
            raise pg.ConnectionTimeout("the host name was not resolved in time") from None
        for number, address in enumerate(addresses):
            share = (until - trio.current_time()) / (len(addresses) - number)
            with trio.move_on_after(share) as scope:
                try:
                    made = await attempt(make_conninfo("", **address))
                except psycopg.Error as exc:
                    if not isinstance(failure, pg.ConnectionTimeout):
                        failure = exc
                else:
                    self.heard_at, self.timed_out_at = trio.current_time(), _NEVER
                    return made
            if scope.cancelled_caught:
                self.timed_out_at = trio.current_time()
                failure = pg.ConnectionTimeout(f"no connection within {share:.3g} s")
        assert failure is not None
        raise failure

    async def _addresses(self, seconds: float) -> list[ConnDict]:
        """Return one set of connection parameters for each address of the host, in order."""
        params, host = self._params, get_param(self._params, "host")
        if not host or host[0] in "/@" or get_param(params, "hostaddr"):
            return [params]
        if is_ip_address(host):
            return [{**params, "hostaddr": host}]
        port = get_param(params, "port") or "5432"
        try:
            found = await self._resolver.addresses(host, port, seconds=seconds)
        except OSError as exc:
            raise psycopg.OperationalError(f"the host name cannot be resolved: {exc}") from exc
        return [{**params, "hostaddr": address} for address in found]


class Servers:
    """All servers of one connection string; connections share it, and the state of the servers.

    Args:
        conninfo: Connection string of libpq.
        kwargs: Parameters that override those of `conninfo`.
    """

    def __init__(self, conninfo: str = "", **kwargs: ConnParam) -> None:
        params: ConnDict = {**DEFAULTS, **conninfo_to_dict(conninfo, **kwargs)}
        limit = float(get_param(params, "connect_timeout") or 0)
        self._limit = limit if limit > 0 else CONNECT_TIMEOUT  # seconds for one server
        resolver = Resolver()
        split = split_attempts(params)
        if len(split) > 1 and get_param(params, "target_session_attrs") is None:
            # Of several servers, hunt can use only the primary.
            split = [{**each, "target_session_attrs": "read-write"} for each in split]
        self._servers = [Server(each, resolver) for each in split]

    def in_order(self) -> list[Server]:
        """Return the servers in the order to try them; those that timed out come last."""
        return sorted(self._servers, key=lambda server: server.timed_out_at)

    async def connect(
        self,
        attempt: Callable[[str], Awaitable[Made]],
        within: float | None = None,
        room: int | None = None,
    ) -> tuple[Made, Server]:
        """Return a connection to the first server that accepts, and the server.

        Each server gets an equal share of the time left, so that a silent one leaves time for
        the next.

        Args:
            attempt: Connects to the single address in a connection string.
            within: Seconds for all servers together; None: `CONNECT_TIMEOUT` for each.
            room: A server that still works for this many closed connections, or more, is left
                out; None: no server is left out.

        Raises:
            Unfinished: No server has room, or those with room do not accept.
            psycopg.errors.ConnectionTimeout: At least one server did not answer in time.
            psycopg.OperationalError: No server accepts.
        """
        servers = self.in_order()
        until = trio.current_time() + (self._limit * len(servers) if within is None else within)
        failures: list[psycopg.Error] = []
        for number, server in enumerate(servers):
            if room is not None and (working := server.abandoned.working()) >= room:
                failures.append(Unfinished(f"the server still runs {working} calls that timed out"))
                continue
            share = (until - trio.current_time()) / (len(servers) - number)
            try:
                made = await server.connect(attempt, min(share, self._limit))
            except psycopg.Error as exc:
                failures.append(exc)
                continue
            for other in servers:
                if other is not server:  # a frozen server never closes its side
                    other.abandoned.close()
            return made, server
        worst = next((e for e in failures if isinstance(e, pg.ConnectionTimeout)), failures[-1])
        if len(failures) == 1:
            raise worst
        told = zip(servers, failures, strict=True)
        reasons = "; ".join(f"{server.name}: {str(exc).strip()}" for server, exc in told)
        raise type(worst)(f"no server accepts connections: {reasons}")
