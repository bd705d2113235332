from __future__ import annotations

import pytest

from hunt.conninfo import location, parse
from tests.support.connection_strings import MALFORMED, SECRET


@pytest.mark.parametrize(("text", "sentence"), MALFORMED.items())
def test_malformed_string_is_named_and_not_quoted(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="not a valid connection string") as error:
        parse(text)
    said = str(error.value)
    assert sentence in said
    assert not any(part in said for part in ("hush1", "hush2", text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://hunt:a%25b%2F%40@db:5433/hunt?sslmode=require", "db:5433/hunt"),
        ("postgresql://a:1,b:2/hunt?target_session_attrs=read-write", "a:1,b:2/hunt"),
        ("postgresql://[::1]/hunt", "::1/hunt"),
        ("postgresql:///hunt?host=/run/postgresql", "/run/postgresql/hunt"),
        ("postgresql://", "default host/"),
        (f"postgresql://db/hunt?user=hunt&password={SECRET}&passfile=/x", "db/hunt"),
        (f"host=db,other port=5432 dbname=hunt password={SECRET}", "db:5432,other:5432/hunt"),
        (f"host='/tmp/a b' dbname=hunt user={SECRET} password='it\\'s'", "/tmp/a b/hunt"),
        (f"hostaddr=127.0.0.1 dbname='my hunt' password={SECRET}", "127.0.0.1/my hunt"),
        ("host=@abstract connect_timeout=3 tcp_user_timeout=1000", "@abstract/"),
    ],
)  # fmt: skip
def test_location_shows_host_and_database_only(text: str, shown: str) -> None:
    assert location(text) == shown
