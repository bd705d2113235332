"""IP addresses: networks, listening addresses, and the rate-limit key of a client."""

from __future__ import annotations

import ipaddress

#: Stands for the address of a peer that is connected over a Unix socket.
UNIX = "unix"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def network(text: str) -> Network:
    """Return the network of a text like ``10.0.0.0/8`` or ``::1``.

    Raises:
        ValueError: The text is not a network or an address.
    """
    return ipaddress.ip_network(text, strict=False)


def parse(host: str) -> Address | None:
    """Return the IP address in `host`, or None if it is not one.

    A zone (``fe80::1%eth0``) is dropped; an IPv4-mapped IPv6 address becomes IPv4.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped


def limit_key(address: Address) -> str:
    """Return the key under which limits count a client address.

    IPv6 clients are counted by /64: a household or a server has at least a whole one.
    """
    if address.version == 4:
        return str(address)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64)) + "/64"


def same_address(local: str, bind: str) -> bool:
    """Return whether a connection arrived at the listening address `bind`.

    Args:
        local: The server's end of the connection: ``host:port`` or ``unix:/path``.
        bind: A listening address of the settings; its host may be a name or a wildcard.
    """
    if local == bind:
        return True
    if local.startswith("unix:") or bind.startswith("unix:"):
        return False
    (host, _, port), (wanted, _, wanted_port) = local.rpartition(":"), bind.rpartition(":")
    if port != wanted_port:
        return False
    address, bound = parse(host.strip("[]")), parse(wanted.strip("[]"))
    return bound is None or bound.is_unspecified or bound == address
