from __future__ import annotations

import pytest

from hunt.core.addresses import limit_key, network, parse, same_address


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("::1", "::1/128"),
    ],
)
def test_network_may_be_given_by_one_of_its_addresses(text: str, found: str) -> None:
    assert str(network(text)) == found


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1:2%eth0%1", "fe80::/64"),
    ],
)
def test_limits_count_ipv6_clients_by_64_bits(host: str, key: str) -> None:
    address = parse(host)
    assert address is not None
    assert limit_key(address) == key


@pytest.mark.parametrize("host", ["", "localhost", "unix", "%eth0", "192.0.2.256"])
def test_host_that_is_no_address_is_none(host: str) -> None:
    assert parse(host) is None


@pytest.mark.parametrize(
    ("local", "bind", "same"),
    [
        ("127.0.0.1:8000", "127.0.0.1:8000", True),
        ("127.0.0.1:8000", "127.0.0.1:8001", False),
        ("localhost:8000", "localhost:8000", True),
        ("127.0.0.1:8000", "127.0.0.2:8000", False),
        ("192.0.2.1:8000", "0.0.0.0:8000", True),
        ("192.0.2.1:8000", "0.0.0.0:8001", False),
        ("192.0.2.1:8000", "localhost:8000", True),
        ("192.0.2.1:8000", ":8000", True),
        ("[::1]:8000", "[::1]:8000", True),
        ("::1:8000", "[::1]:8000", True),
        ("[2001:db8::1]:8000", "[::]:8000", True),
        ("[2001:db8::1]:8000", "[2001:db8::2]:8000", False),
        ("[::ffff:192.0.2.1]:8000", "192.0.2.1:8000", True),
        ("unix:/run/hunt.sock", "unix:/run/hunt.sock", True),
        ("unix:/run/hunt.sock", "unix:/run/other.sock", False),
        ("unix:/run/hunt:8000", "0.0.0.0:8000", False),
        ("192.0.2.1:8000", "unix:/run/hunt:8000", False),
    ],
)
def test_same_address_matches_bind(local: str, bind: str, same: bool) -> None:
    assert same_address(local, bind) is same
