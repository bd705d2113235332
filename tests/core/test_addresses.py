from __future__ import annotations

import pytest

from hunt.core.addresses import same_address


@pytest.mark.parametrize(
    ("local", "bind", "same"),
    [
        ("127.0.0.1:8000", "127.0.0.1:8000", True),
        ("127.0.0.1:8000", "127.0.0.1:8001", False),
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
