"""Bans of players and of networks, and the question whether one concerns a client."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from hunt.core.addresses import Network, network
from hunt.core.cache import Cache
from hunt.errors import Banned

#: Characters of the longest reason.
MAX_REASON = 200

#: Bytes of the cache of addresses.
CACHE_SIZE = 2**19

_ENTRY = 300  # bytes of a cached address, without its text

#: Bits of an IPv6 address by which clients are told apart, as in `addresses.limit_key`.
_IPV6_BITS = 64


class Ban(Struct, frozen=True, kw_only=True):
    """A player, or a network, that may not play."""

    id: int
    player: str | None  #: one of player and network is None
    network: str | None
    hunt: str | None  #: id of the hunt; None: all hunts
    reason: str  #: for operators
    until: datetime | None  #: None: no end
    at: datetime
    actor: str


def parse_network(text: str) -> str:
    """Return a network as it is stored; an address becomes the network of one client.

    Raises:
        ValueError: The text is not a network.
    """
    found = network(text)
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen > _IPV6_BITS:
        found = found.supernet(new_prefix=_IPV6_BITS)
    return str(found)


def names_player(reason: str, player: str) -> bool:
    """Return whether a reason contains the id of a player, which must not outlive an erasure."""
    return any(
        player in re.split(ends, reason) for ends in (r"[^A-Za-z0-9_.:-]+", r"[^A-Za-z0-9_-]+")
    )


class BanList:
    """The bans in force in this process."""

    def __init__(self) -> None:
        self.any = False  #: there is a ban; saves a call for each click
        self._players: frozenset[tuple[str, str | None]] = frozenset()
        self._networks: list[tuple[Network, str | None]] = []
        #: Networks that hold an address, by its rate-limit key.
        self._found: Cache[str, frozenset[str | None]] = Cache(
            CACHE_SIZE, lambda key, _: _ENTRY + len(key)
        )

    def replace(self, bans: Sequence[Ban]) -> None:
        """Obey these bans from now on."""
        self._players = frozenset((each.player, each.hunt) for each in bans if each.player)
        self._networks = [(network(each.network), each.hunt) for each in bans if each.network]
        self._found.keep(lambda _: False)
        self.any = bool(bans)

    def check(self, hunt: str | None, *, player: str | None, key: str | None) -> None:
        """Raise `Banned` if a ban concerns a client.

        Args:
            hunt: Id of the hunt; None: only bans in all hunts count.
            player: Id of the player, if known.
            key: Rate-limit key of the client's address (`addresses.limit_key`), if known.
        """
        if self.any and self.concerns(hunt, player=player, key=key):
            raise Banned

    def concerns(self, hunt: str | None, *, player: str | None, key: str | None) -> bool:
        """Return whether a ban concerns a client; see `check`."""
        if player is not None and not self._players.isdisjoint({(player, None), (player, hunt)}):
            return True
        return key is not None and bool(self._networks and self._hunts_of(key) & {None, hunt})

    def _hunts_of(self, key: str) -> frozenset[str | None]:
        """Return the hunts in which an address is banned."""
        found = self._found.get(key)
        if found is None:
            client = network(key)
            found = frozenset(
                hunt
                for banned, hunt in self._networks
                if client.version == banned.version and client.subnet_of(banned)  # type: ignore[arg-type]
            )
            self._found.put(key, found)
        return found
