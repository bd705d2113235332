"""Permitted targets of webhooks."""

from __future__ import annotations

import pytest

from hunt.core.addresses import network, parse
from hunt.core.webhook_target import LONGEST, check_url, is_public, may_connect

SPECIAL = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:0:7f00:1::",
]  # fmt: skip


@pytest.mark.parametrize("text", SPECIAL)
def test_special_address_is_not_public(text: str) -> None:
    address = parse(text)
    assert address is not None
    assert not may_connect(address, [])


@pytest.mark.parametrize("text", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::808:808"])
def test_public_address_is_public(text: str) -> None:
    address = parse(text)
    assert address is not None
    assert is_public(address)
    assert not may_connect(address, [], plain=True), "without TLS only by the setting"


def test_allowed_network_is_permitted_and_no_other() -> None:
    allow = [network("10.1.0.0/16"), network("::1")]
    for text, expected in (("10.1.9.9", True), ("10.2.0.1", False), ("::1", True)):
        address = parse(text)
        assert address is not None
        assert may_connect(address, allow) is expected
        assert may_connect(address, allow, plain=True) is expected


@pytest.mark.parametrize(
    "url",
    [
        "", "shop.example", "ftp://shop.example/", "https://", "https:///x", "https://a b/",
        "https://ada:pw@shop.example/", "https://shop.example/#part", "https://127.0.0.1/",
        "https://[::1]/", "https://10.0.0.1:8443/x", "http://shop.example/",
        "http://93.184.216.34/", "https://shop.example/\n", f"https://shop.example/{'x' * 2000}",
        "https://shop.example:99999/",
    ],
)  # fmt: skip
def test_url_is_refused(url: str) -> None:
    assert check_url(url, []) is not None


FORM = "must be https://HOST/..., without user, password and fragment, of at most 2000 characters"
PLAIN = "must be https://: http:// is for networks in HUNT_WEBHOOK_ALLOW"
PRIVATE = "must have a public address, or one in HUNT_WEBHOOK_ALLOW"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("shop.example", FORM),
        (f"https://shop.example/{'x' * (LONGEST - 20)}", FORM),
        ("http://shop.example/", PLAIN),
        ("http://93.184.216.34/", PLAIN),
        ("https://10.0.0.1/", PRIVATE),
        ("https://[fc00::1]/", PRIVATE),
        ("https://[2606:2800:220:1::1]/", None),
        (f"https://shop.example/{'x' * (LONGEST - 21)}", None),
    ],
)
def test_problem_of_a_url_is_told(url: str, problem: str | None) -> None:
    assert check_url(url, []) == problem
    assert check_url(url, [network("192.0.2.0/24"), network("fd00::/8")]) == (
        None if url == "http://shop.example/" else problem
    ), "an allowed network matters for itself, and for names"


@pytest.mark.parametrize(
    "url",
    ["https://shop.example/hooks?key=1", "https://93.184.216.34:8443/", "https://SHOP.example"],
)
def test_url_is_accepted(url: str) -> None:
    assert check_url(url, []) is None


def test_cleartext_is_for_allowed_networks() -> None:
    allow = [network("127.0.0.0/8")]
    assert check_url("http://127.0.0.1:9/x", allow) is None
    assert check_url("http://shop.internal/x", allow) is None, "checked at the connect"
    assert check_url("http://10.0.0.1/x", allow) is not None
