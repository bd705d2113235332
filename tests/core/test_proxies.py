from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.core.forwarding import MAX_HEADER, MAX_HOPS, Forwarded
from hunt.core.proxies import CACHE_SIZE, Peer, Proxies

TRUSTED = ["10.0.0.0/8", "2001:db8:ffff::/48", "unix"]


def key(peer: str, **said: str) -> str | None:
    proxies = Proxies(TRUSTED)
    return proxies.source(proxies.peer(peer), Forwarded(**said)).key


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix", None),
    ],
)
def test_peer_key_is_ipv4_address_or_ipv6_64(host: str, expected: str | None) -> None:
    proxies = Proxies(TRUSTED)
    found = proxies.peer(host)
    assert found == Peer(host, host == "unix", expected)
    assert proxies.peer(host) is found, "from the cache"


@pytest.mark.parametrize("trusted", [["unix"], ["10.0.0.0/8"], []])
def test_only_listed_peers_are_trusted(trusted: list[str]) -> None:
    proxies = Proxies(trusted)
    assert [proxies.peer(host).trusted for host in ("unix", "", "10.1.2.3", "11.1.2.3")] == [
        "unix" in trusted, "unix" in trusted, "10.0.0.0/8" in trusted, False,
    ]  # fmt: skip


def test_forged_hops_of_client_are_ignored() -> None:
    assert key("192.0.2.7", forwarded_for="198.51.100.1") == "192.0.2.7"
    assert key("192.0.2.7", forwarded="for=198.51.100.1") == "192.0.2.7"


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("203.0.113.5, 198.51.100.1", "198.51.100.1"),
        ("203.0.113.5, 198.51.100.1, 10.0.0.3,10.0.0.2", "198.51.100.1"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("198.51.100.1:4711, 10.0.0.2", "198.51.100.1"),
        ("[2001:db8::5]:4711", "2001:db8::/64"),
        ("2001:db8::5, 2001:db8:ffff::1", "2001:db8::/64"),
        ("198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("198.51.100.1, unix", "10.0.0.1"),
        ("nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_forwarded_for_is_read_from_the_right(chain: str, expected: str) -> None:
    assert key("10.0.0.1", forwarded_for=chain) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("for=198.51.100.1", "198.51.100.1"),
        ("For=203.0.113.5;by=10.0.0.9, FOR=198.51.100.1; proto=https", "198.51.100.1"),
        ('for="[2001:db8::5]:4711", for=10.0.0.2', "2001:db8::/64"),
        ('for="198.51.100.1:80"', "198.51.100.1"),
        ('for="203.0.113.5, for=198.51.100.1', "198.51.100.1"),
        ("for=_hidden, for=10.0.0.2", "10.0.0.2"),
        ("by=203.0.113.5", "10.0.0.1"),
        ('for="a\\"b"', "10.0.0.1"),
    ],
)
def test_forwarded_is_read_from_the_right(header: str, expected: str) -> None:
    assert key("10.0.0.1", forwarded=header) == expected


def test_disagreeing_headers_are_ignored() -> None:
    both = {"forwarded": "for=203.0.113.5", "forwarded_for": "198.51.100.1"}
    assert key("10.0.0.1", **both) == "10.0.0.1"
    assert key("10.0.0.1", **both | {"forwarded": "for=198.51.100.1"}) == "198.51.100.1"


@pytest.mark.parametrize(
    ("said", "secure"),
    [
        ({"forwarded_for": "198.51.100.1"}, None),
        ({"forwarded_for": "198.51.100.1", "forwarded_proto": "https"}, True),
        ({"forwarded_for": "198.51.100.1", "forwarded_proto": "https, http"}, False),
        ({"forwarded": "for=198.51.100.1;proto=HTTPS"}, True),
        ({"forwarded": "for=198.51.100.1;proto=http"}, False),
        ({"forwarded_proto": "https"}, True),
    ],
)
def test_client_tls_is_taken_from_trusted_headers(
    said: dict[str, str], secure: bool | None
) -> None:
    proxies = Proxies(TRUSTED)
    found = proxies.source(proxies.peer("unix"), Forwarded(**said))
    assert found.secure is secure
    assert proxies.source(proxies.peer("unix"), Forwarded(**said)) is found, "from the cache"
    stranger = Proxies([]).peer("unix")
    assert proxies.source(stranger, Forwarded(**said)).secure is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_hops_left_of_untrusted_hop_change_nothing(left: str, more: str) -> None:
    assert key("10.0.0.1", forwarded_for=f"{left}, 198.51.100.1") == "198.51.100.1"
    assert key("10.0.0.1", forwarded=f"{more}, for=198.51.100.1") == "198.51.100.1"


def test_header_is_read_up_to_length_and_hop_limits() -> None:
    client = "198.51.100.1"
    near = ", ".join(["10.0.0.3"] * (MAX_HOPS - 1))
    assert key("10.0.0.1", forwarded_for=f"{client}, {near}") == client
    assert key("10.0.0.1", forwarded_for=f"{client}, 10.0.0.4, {near}") == "10.0.0.4"
    assert key("10.0.0.1", forwarded_for=f"{'x' * MAX_HEADER}, {client}") == client
    far = f"{client}, 10.0.0.4{' ' * MAX_HEADER}, 10.0.0.3"
    assert key("10.0.0.1", forwarded_for=far) == "10.0.0.3"
    # An address that was cut within its digits would be another address.
    rest = f"98.51.100.1{' ' * (MAX_HEADER - 20)},10.0.0.3"
    assert len(rest) == MAX_HEADER
    assert key("10.0.0.1", forwarded_for=f"1{rest}") == "10.0.0.3"
    assert key("10.0.0.1", forwarded="for=x;" * 3000 + f", for={client}") == client


def test_headers_of_untrusted_peer_are_not_cached() -> None:
    proxies = Proxies(["10.0.0.0/8"])
    for number in range(100):
        proxies.source(proxies.peer("192.0.2.7"), Forwarded(forwarded_for=str(number) * 4000))
    assert len(proxies.sources) == 0
    assert len(proxies.peers) == 1


def test_caches_of_peers_and_sources_are_bounded() -> None:
    proxies = Proxies(["10.0.0.0/8"])
    proxy = proxies.peer("10.0.0.1")
    for number in range(8192):
        proxies.peer(f"2001:db8:{number:x}::1")
        proxies.source(proxy, Forwarded(forwarded_for=str(number) + "x" * 8000))
    assert len(proxies.peers) * 600 < CACHE_SIZE
    assert len(proxies.sources) * 8000 < CACHE_SIZE
    assert proxies.source(proxy, Forwarded(forwarded_for="198.51.100.1")).key == "198.51.100.1"
