from __future__ import annotations

import pytest

from hunt.valkey_url import ValkeyURL, parse

SECRET = "hush1/hush2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("valkey://db", ValkeyURL("server", (("db", 6379),), tls=False)),
        ("redis://db:7000/3", ValkeyURL("server", (("db", 7000),), tls=False, database=3)),
        (
            "rediss://hunt:a%25b%2F%40@db?ca=/etc/ca.pem",
            ValkeyURL(
                "server", (("db", 6379),), tls=True, username="hunt", password="a%b/@",
                ca="/etc/ca.pem",
            ),
        ),
        ("valkeys://:x@[::1]:1", ValkeyURL("server", (("::1", 1),), tls=True, password="x")),
        (
            "valkey+cluster://a,b:7001",
            ValkeyURL("cluster", (("a", 6379), ("b", 7001)), tls=False),
        ),
        (
            "redis+sentinel://u:p@a,b:7001/main/2",
            ValkeyURL(
                "sentinel", (("a", 26379), ("b", 7001)), tls=False, username="u", password="p",
                service="main", database=2,
            ),
        ),
    ],
)  # fmt: skip
def test_address_is_parsed(text: str, expected: ValkeyURL) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hush1hush2", "unknown scheme"),
        ("postgresql://hunt:hush1hush2@db", "unknown scheme"),
        ("valkey+ring://:hush1hush2@db", "unknown scheme"),
        ("valkey://:hush1/hush2@db", "not HOST:PORT"),
        ("valkey://:hush1@hush2:x@db:y", "not HOST:PORT"),
        ("valkey://:hush1%hush2@db", "percent-encoding"),
        ("valkey://:hush1#hush2@db", "write # as %23"),
        ("valkey://:hush1 hush2@db", "space"),
        ("valkey://@hush1", "nothing before the @"),
        ("valkey://:hush1hush2@", "not HOST:PORT"),
        ("valkey://:hush1hush2@db:0", "port"),
        ("valkey://:hush1hush2@db:65536", "port"),
        ("valkey://:hush1hush2@db:7/hush1", "number of a database"),
        ("valkey+cluster://db/1", "number of a database"),
        ("valkey://a,b", "several hosts"),
        ("valkey+sentinel://a", "no service"),
        ("valkeys://db?ca=", "the only one is ca"),
        ("valkey://db?ca=/hush1", "without TLS"),
        ("valkeys://db?hush1=hush2", "the only one is ca"),
        ("valkey://[hush1", "cannot be parsed"),
        (f"valkey://{SECRET}", "number of a database"),
    ],
)
def test_wrong_address_is_named_and_not_quoted(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="not a valid address of Valkey") as error:
        parse(text)
    assert said in str(error.value)
    assert not any(part in str(error.value) for part in ("hush1", "hush2"))


def test_password_is_not_shown() -> None:
    url = parse("valkey://:hush1hush2@db:7000")
    assert "hush" not in repr(url)
    assert url.location == "db:7000"
