"""Permitted targets of webhooks: URLs, and the addresses that may be connected to."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from hunt import url_values
from hunt.core.addresses import Address, Network, parse

#: Longest URL, in characters.
LONGEST = 2000

#: NAT64 (RFC 6052): the last 32 bits are an IPv4 address.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def check_url(url: str, allow: Sequence[Network]) -> str | None:
    """Return what is wrong with the URL of an endpoint; None if it is valid.

    A name in it is resolved, and its addresses are checked, at each connect only.

    Args:
        url: Any text.
        allow: Networks that are permitted although they are not public.
    """
    scheme, host = url_values.scheme_and_host(url) if len(url) <= LONGEST else ("", "")
    if scheme not in {"http", "https"} or "@" in url or "#" in url:
        return (
            "must be https://HOST/..., without user, password and fragment, "
            f"of at most {LONGEST} characters"
        )
    address = parse(host.strip("[]"))
    allowed = any(_within(address, each) for each in allow) if address else bool(allow)
    if scheme == "http" and not allowed:
        return "must be https://: http:// is for networks in HUNT_WEBHOOK_ALLOW"
    if address is not None and not may_connect(address, allow):
        return "must have a public address, or one in HUNT_WEBHOOK_ALLOW"
    return None


def may_connect(address: Address, allow: Sequence[Network], *, plain: bool = False) -> bool:
    """Return whether webhooks may be sent to an address.

    Args:
        address: The address to connect to.
        allow: Networks that are permitted although they are not public.
        plain: The connection has no TLS: only `allow` counts.
    """
    return any(_within(address, each) for each in allow) or (not plain and is_public(address))


def is_public(address: Address) -> bool:
    """Return whether an address is one of the public Internet, not of a special range.

    An IPv6 address that embeds an IPv4 address (mapped, 6to4, Teredo, NAT64) counts as both.
    """
    if isinstance(address, ipaddress.IPv6Address):
        embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            embedded.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if not all(is_public(each) for each in embedded if each is not None):
            return False
        if address.ipv4_mapped is not None or address in _NAT64:
            return True
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _within(address: Address | None, network: Network) -> bool:
    return address is not None and address.version == network.version and address in network
