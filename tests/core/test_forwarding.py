from __future__ import annotations

import pytest

from hunt.core.forwarding import MAX_HEADER, MAX_HOPS, Forwarded, Hop, chains, is_tls, nearest


def hops(headers: Forwarded) -> list[Hop]:
    [chain] = chains(headers)
    return list(chain)


def test_hops_of_forwarded_are_read_from_the_right() -> None:
    header = 'for=192.0.2.1;proto=http, FOR="[2001:db8::1]:8000"; Proto="https", by=x, for=a;b'
    assert hops(Forwarded(forwarded=header)) == [
        ("", None), ("", None), ("2001:db8::1", "https"), ("192.0.2.1", "http"),
    ]  # fmt: skip


def test_hops_of_x_forwarded_for_have_the_last_scheme() -> None:
    headers = Forwarded(forwarded_for="192.0.2.1:80, unknown", forwarded_proto="http, https ")
    assert hops(headers) == [("", "https"), ("192.0.2.1", "https")]
    assert chains(Forwarded(forwarded_proto="https")) == []


def test_only_the_nearest_hops_are_read() -> None:
    header = ",".join(f"192.0.2.{number}" for number in range(40))
    nearest_first = [(f"192.0.2.{39 - number}", None) for number in range(MAX_HOPS)]
    assert hops(Forwarded(forwarded_for=header)) == nearest_first


@pytest.mark.parametrize(("longer", "first"), [(0, [("192.0.2.1", None)]), (1, [])])
def test_hop_that_may_be_cut_off_is_dropped(longer: int, first: list[Hop]) -> None:
    header = "192.0.2.1," + "198.51.100.7,".rjust(MAX_HEADER - 19 + longer) + "192.0.2.3"
    assert len(header) == MAX_HEADER + longer
    assert hops(Forwarded(forwarded_for=header)) == [
        ("192.0.2.3", None), ("198.51.100.7", None), *first
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("proto", "tls"),
    [(None, None), ("https", True), ("WSS", True), ("http", False), ("ws", False), ("", False)],
)
def test_scheme_says_whether_a_request_came_over_tls(proto: str | None, tls: bool | None) -> None:
    assert is_tls(proto) is tls


def test_nearest_scheme_is_the_last_one() -> None:
    assert nearest(None) is None
    assert [nearest(each) for each in ("http", "https, http ")] == ["http", "http"]


def test_size_is_that_of_all_headers() -> None:
    assert Forwarded("a", "bc", "def").size() == 6
    assert Forwarded(None, "bc").size() == 2
