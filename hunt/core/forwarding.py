"""Parsers for ``Forwarded`` (RFC 7239), ``X-Forwarded-For`` and ``X-Forwarded-Proto``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

#: Characters of a forwarding header that are read, from the right.
MAX_HEADER = 1024

#: Hops of a forwarding header that are read, from the right.
MAX_HOPS = 16

_PAIR = re.compile(r'([A-Za-z]+)=("[^"\\]*"|[^"\\;]*)')
_NODE = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d+)?|([0-9.]+)(?::\d+)?|([0-9a-fA-F:.]+)")

#: The address of a hop ("" if it names none), and the scheme of the request that it received.
Hop = tuple[str, str | None]


class Forwarded(Struct, frozen=True):
    """The forwarding headers of a request; None where a header is absent."""

    forwarded: str | None = None  #: ``Forwarded``
    forwarded_for: str | None = None  #: ``X-Forwarded-For``
    forwarded_proto: str | None = None  #: ``X-Forwarded-Proto``

    def size(self) -> int:
        """Return the length of all three headers in characters."""
        given = (self.forwarded, self.forwarded_for, self.forwarded_proto)
        return sum(len(each) for each in given if each is not None)


def chains(headers: Forwarded) -> list[Iterator[Hop]]:
    """Return the hops of each header that is present, the nearest hop first."""
    given = (_forwarded(headers.forwarded), _forwarded_for(headers))
    return [chain for chain in given if chain is not None]


def nearest(protos: str | None) -> str | None:
    """Return the last scheme in ``X-Forwarded-Proto``: the one that the nearest proxy wrote."""
    return None if protos is None else protos.rpartition(",")[2].strip()


def is_tls(proto: str | None) -> bool | None:
    """Return whether a scheme means TLS; None if the scheme is not known."""
    return None if proto is None else proto.lower() in {"https", "wss"}


def _forwarded(header: str | None) -> Iterator[Hop] | None:
    """Return the hops of ``Forwarded``.

    A comma separates hops even inside quotes.  A client could otherwise hide the hops that
    proxies appended, with a quote that it does not close.
    """
    if header is None:
        return None
    return map(_hop, _nearest_first(header))


def _hop(element: str) -> Hop:
    pairs: dict[str, str] = {}
    for part in element.split(";"):
        match = _PAIR.fullmatch(part.strip())
        if match is None:
            return "", None
        pairs[match[1].lower()] = match[2].strip('"')
    return _host(pairs.get("for", "")), pairs.get("proto")


def _forwarded_for(headers: Forwarded) -> Iterator[Hop] | None:
    """Return the hops of ``X-Forwarded-For``.

    All of them get the last scheme of ``X-Forwarded-Proto``: proxies either replace that
    header or append to it.
    """
    if headers.forwarded_for is None:
        return None
    proto = nearest(headers.forwarded_proto)
    hops = _nearest_first(headers.forwarded_for)
    return ((_host(each.strip()), proto) for each in hops)


def _nearest_first(header: str) -> Iterator[str]:
    """Return the elements of a header from the right, within `MAX_HEADER` and `MAX_HOPS`."""
    if len(header) > MAX_HEADER:  # the first element may be cut off, so it is dropped
        header = header[-MAX_HEADER:].partition(",")[2]
    return islice(reversed(header.rsplit(",", MAX_HOPS)), MAX_HOPS)


def _host(node: str) -> str:
    """Return the address of a node without brackets and port, or "" if it has none."""
    match = _NODE.fullmatch(node)
    return "" if match is None else match[1] or match[2] or match[3]
