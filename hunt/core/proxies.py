"""The client address and scheme of a request that may have passed through proxies."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from hunt.core import forwarding
from hunt.core.addresses import UNIX, Address, limit_key, network, parse
from hunt.core.cache import Cache
from hunt.core.forwarding import Forwarded, Hop

#: Bytes of the cache of peers, and also of the cache of sources.
CACHE_SIZE = 2**19

_ENTRY = 600  # bytes of a cached peer or source, without its texts


class Peer(Struct, frozen=True):
    """The other end of a connection."""

    host: str  #: its address, or `UNIX`
    trusted: bool  #: a proxy whose forwarding headers are believed
    key: str | None  #: rate-limit key; None without an address


class Source(Struct, frozen=True):
    """The client that a request comes from."""

    key: str | None  #: rate-limit key; None if the address is not known
    secure: bool | None  #: the client uses TLS; None if no trusted proxy says so


class Proxies:
    """The trusted proxies; finds the client behind them.

    Forwarding headers are read from the right, because each proxy appends there.  Reading
    stops at the first address that is not a trusted proxy: everything to its left may be
    forged.  If ``Forwarded`` and ``X-Forwarded-For`` disagree, a client has sent one of
    them, and the request counts for the address of the proxy.

    Headers of an untrusted peer are ignored.

    Args:
        trusted: Networks, addresses, or `UNIX` for every peer on a Unix socket.
    """

    def __init__(self, trusted: Collection[str]) -> None:
        self._unix = UNIX in trusted
        self._networks = [network(each) for each in trusted if each != UNIX]
        self.peers: Cache[str, Peer] = Cache(CACHE_SIZE, lambda host, _: _ENTRY + len(host))
        self.sources: Cache[tuple[Peer, Forwarded], Source] = Cache(
            CACHE_SIZE, lambda key, _: _ENTRY + key[1].size()
        )

    def peer(self, host: str) -> Peer:
        """Return the peer at the address `host`."""
        found = self.peers.get(host)
        if found is None:
            found = self._peer(host)
            self.peers.put(host, found)
        return found

    def _peer(self, host: str) -> Peer:
        address = parse(host)
        trusted = self._unix if address is None else self._trusts(address)
        return Peer(host, trusted, None if address is None else limit_key(address))

    def source(self, peer: Peer, headers: Forwarded | None) -> Source:
        """Return the client of a request that `peer` sent with these forwarding headers."""
        if headers is None or not peer.trusted:
            return Source(peer.key, None)
        key = peer, headers
        found = self.sources.get(key)
        if found is None:
            found = self._source(peer, headers)
            self.sources.put(key, found)
        return found

    def _source(self, peer: Peer, headers: Forwarded) -> Source:
        chains = [self._client(hops) for hops in forwarding.chains(headers)]
        if not chains:
            return Source(peer.key, forwarding.is_tls(forwarding.nearest(headers.forwarded_proto)))
        if any(each.key != chains[0].key for each in chains):
            return Source(peer.key, None)
        key = peer.key if chains[0].key is None else chains[0].key
        secure = [each.secure for each in chains if each.secure is not None]
        return Source(key, all(secure) if secure else None)

    def _client(self, hops: Iterator[Hop]) -> Source:
        """Return the nearest hop that is not a trusted proxy, or else the farthest known."""
        key, secure = None, None
        for host, proto in hops:
            address = parse(host)
            if address is None:
                break  # "unknown" or an obfuscated name: the hop before it is the last known
            key = limit_key(address)
            secure = forwarding.is_tls(proto)
            if not self._trusts(address):
                break
        return Source(key, secure)

    def _trusts(self, address: Address) -> bool:
        return any(address in each for each in self._networks)
