"""Whose address a request comes from, where proxies stand in between."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from itertools import islice

from msgspec import Struct

from hunt.core.cache import Cache

#: How a peer is called that has connected over a Unix socket.
UNIX = "unix"

#: Bytes of peers, and as many of what proxies said, that are remembered.
REMEMBERED = 2**19

#: Bytes of a remembered peer or source, beside its texts.
_ENTRY = 600

#: Characters of a forwarding header, from the right, that are read.
MAX_HEADER = 1024

#: Hops of a forwarding header, from the right, that are read.
MAX_HOPS = 16

_PAIR = re.compile(r'([A-Za-z]+)=("[^"\\]*"|[^"\\;]*)')
_NODE = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d+)?|([0-9.]+)(?::\d+)?|([0-9a-fA-F:.]+)")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Peer(Struct, frozen=True):
    """Who holds the other end of a connection."""

    host: str  #: its address, or `UNIX`
    trusted: bool  #: a proxy whose word counts
    key: str | None  #: what its limits go by; None where it has no address


class Forwarded(Struct, frozen=True):
    """What a request says of the way that it came; None where it does not."""

    forwarded: str | None = None  #: ``Forwarded`` (RFC 7239)
    forwarded_for: str | None = None  #: ``X-Forwarded-For``
    forwarded_proto: str | None = None  #: ``X-Forwarded-Proto``

    def size(self) -> int:
        """Return how many characters it has."""
        said = (self.forwarded, self.forwarded_for, self.forwarded_proto)
        return sum(len(each) for each in said if each is not None)


class Source(Struct, frozen=True):
    """Where a request comes from."""

    key: str | None  #: what its limits go by; None where that is not known
    secure: bool | None  #: the client speaks TLS; None where no proxy that counts says so


class Proxies:
    """The proxies that may say for whom they speak.

    Their word is read from the right, because each adds its own there, and only
    as far as it is theirs: past the first address that is no proxy's, everything
    was written by somebody else.  A client that sends one of the headers through
    a proxy that writes the other one gains nothing: where they disagree, it is
    counted as the proxy.

    The headers of a peer that is not trusted are not looked at. Of others the last
    `MAX_HEADER` characters and `MAX_HOPS` hops count: what stands further left was not
    written by a proxy of this server's.

    Args:
        trusted: Networks, addresses, or `UNIX` for all who connect over a Unix socket.
    """

    def __init__(self, trusted: Collection[str]) -> None:
        self._unix = UNIX in trusted
        self._networks = [network(each) for each in trusted if each != UNIX]
        self.peers: Cache[str, Peer] = Cache(REMEMBERED, lambda host, _: _ENTRY + len(host))
        self.sources: Cache[tuple[Peer, Forwarded], Source] = Cache(
            REMEMBERED, lambda key, _: _ENTRY + key[1].size()
        )

    def peer(self, host: str) -> Peer:
        """Return the other end of a connection, by its address."""
        found = self.peers.get(host)
        if found is None:
            found = self._peer(host)
            self.peers.put(host, found)
        return found

    def _peer(self, host: str) -> Peer:
        address = _address(host)
        trusted = self._unix if address is None else self._trusts(address)
        return Peer(host, trusted, None if address is None else _key(address))

    def source(self, peer: Peer, said: Forwarded | None) -> Source:
        """Return where a request comes from, by its connection and what it says."""
        if said is None or not peer.trusted:
            return Source(peer.key, None)
        key = peer, said
        found = self.sources.get(key)
        if found is None:
            found = self._source(peer, said)
            self.sources.put(key, found)
        return found

    def _source(self, peer: Peer, said: Forwarded) -> Source:
        chains = [
            self._client(chain)
            for chain in (_forwarded(said.forwarded), _forwarded_for(said))
            if chain is not None
        ]
        if not chains:
            return Source(peer.key, _tls(_nearest(said.forwarded_proto)))
        if any(each.key != chains[0].key for each in chains):
            return Source(peer.key, None)
        key = peer.key if chains[0].key is None else chains[0].key
        secure = [each.secure for each in chains if each.secure is not None]
        return Source(key, all(secure) if secure else None)

    def _client(self, chain: Iterator[tuple[str, str | None]]) -> Source:
        """Return the first from the right that is no proxy; else the last that is known."""
        key, secure = None, None
        for host, proto in chain:
            address = _address(host)
            if address is None:
                break  # "unknown", a pseudonym or nonsense: who told it is all there is
            key = _key(address)
            secure = _tls(proto)
            if not self._trusts(address):
                break
        return Source(key, secure)

    def _trusts(self, address: _Address) -> bool:
        return any(address in each for each in self._networks)


def network(text: str) -> Network:
    """Return the network of a text like ``10.0.0.0/8`` or ``::1``.

    Raises:
        ValueError: It is none.
    """
    return ipaddress.ip_network(text, strict=False)


def same_address(local: str, bind: str) -> bool:
    """Return whether a connection came in where `bind` says.

    Args:
        local: The connection's own end: ``host:port`` or ``unix:/path``.
        bind: As in the settings: the host may be a name, or stand for all.
    """
    if local == bind:
        return True
    if local.startswith("unix:") or bind.startswith("unix:"):
        return False
    (host, _, port), (wanted, _, wanted_port) = local.rpartition(":"), bind.rpartition(":")
    if port != wanted_port:
        return False
    address, at = _address(host.strip("[]")), _address(wanted.strip("[]"))
    return at is None or at.is_unspecified or at == address


def _address(host: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped


def _key(address: _Address) -> str:
    """Return what the limits of an address go by.

    Of IPv6 that is the /64: a household or a server has at least all of one.
    """
    if address.version == 4:
        return str(address)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64)) + "/64"


def _forwarded(header: str | None) -> Iterator[tuple[str, str | None]] | None:
    """Return the hops of ``Forwarded``, the nearest first: address and protocol.

    Commas separate, even between quotes: where a client has left a quote open,
    what the proxies added behind it still reads as they meant it.
    """
    if header is None:
        return None
    return map(_hop, _nearest_first(header))


def _hop(element: str) -> tuple[str, str | None]:
    pairs: dict[str, str] = {}
    for part in element.split(";"):
        match = _PAIR.fullmatch(part.strip())
        if match is None:
            return "", None
        pairs[match[1].lower()] = match[2].strip('"')
    return _host(pairs.get("for", "")), pairs.get("proto")


def _forwarded_for(said: Forwarded) -> Iterator[tuple[str, str | None]] | None:
    """Return the hops of ``X-Forwarded-For``, the nearest first.

    Of ``X-Forwarded-Proto`` the nearest counts, for all of them: proxies either
    replace it or add to its end.
    """
    if said.forwarded_for is None:
        return None
    nearest = _nearest(said.forwarded_proto)
    hops = _nearest_first(said.forwarded_for)
    return ((_host(each.strip()), nearest) for each in hops)


def _nearest_first(header: str) -> Iterator[str]:
    """Return the elements of a header from the right, as far as it is read."""
    if len(header) > MAX_HEADER:  # the first element of the rest may be cut, and is left out
        header = header[-MAX_HEADER:].partition(",")[2]
    return islice(reversed(header.rsplit(",", MAX_HOPS)), MAX_HOPS)


def _nearest(protos: str | None) -> str | None:
    return None if protos is None else protos.rpartition(",")[2].strip()


def _tls(proto: str | None) -> bool | None:
    return None if proto is None else proto.lower() in {"https", "wss"}


def _host(node: str) -> str:
    """Return the address of a node, without brackets and port; nothing where it has none."""
    match = _NODE.fullmatch(node)
    return "" if match is None else match[1] or match[2] or match[3]
