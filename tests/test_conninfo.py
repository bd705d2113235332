from __future__ import annotations

import pytest

from hunt.conninfo import location, parse

SECRET = "hush1hush2"

#: What an operator may write, with a password in it -> a part of the sentence about it.
MALFORMED = {
    f"postgresql://hunt:%{SECRET}@db/hunt": "invalid percent-encoding); write % as %25",
    f"postgresql://hunt:a {SECRET}@db/hunt": "write a space as %20",
    f"postgresql://hunt:{SECRET}%00@db/hunt": "%00 is not allowed",
    f"postgresql://hunt:{SECRET}\x07@db/hunt": "cannot be printed",
    f"postgresql://hunt:{SECRET}\udcff@db/hunt": "cannot be printed",
    f"postgresql+psycopg://hunt:{SECRET}@db/hunt": "write postgresql://",
    f"postgres+asyncpg://hunt:{SECRET}@db/hunt": "write postgresql://",
    f"mysql://hunt:{SECRET}@db/hunt": "not an address of PostgreSQL",
    f"POSTGRESQL://hunt:{SECRET}@db/hunt": "not an address of PostgreSQL",
    f" postgresql://hunt:{SECRET}@db/hunt": "remove it",
    f"postgresql://hunt:{SECRET}@db/hunt\n": "remove it",
    f"postgresql://hunt:{SECRET}/x@db/hunt": "write / in a password as %2F",
    f"postgresql://hunt:12/{SECRET}@db/hunt": "write / in a password as %2F",
    f"postgresql://hunt:x@{SECRET}@db/hunt": "@ as %40",
    f"postgresql://hunt@db:{SECRET}/hunt": "a port is not a number",
    f"postgresql://db/hunt?password={SECRET}&pool={SECRET}": "unknown option",
    f"postgresql://db/hunt?{SECRET}": "without a value",
    f"host=db password='{SECRET}": "a quotation mark is not closed",
    f"host=db password=x {SECRET}": "neither a URL nor key=value pairs",
    f"host=db passwort={SECRET}": "unknown option",
    f"dbname=postgresql://hunt:{SECRET}@db/hunt": "not the name of a database",
    f"host=db port={SECRET}": "a port is not a number",
    f"host=db connect_timeout={SECRET}": "connect_timeout is not a whole number",
    f"host=db sslmode={SECRET}": "unknown sslmode",
    f"host=db hostaddr={SECRET}": "use host for a name",
    f"host=a,b port=1,2,3 password={SECRET}": "hosts and ports do not match",
    SECRET: "neither a URL nor key=value pairs",
}


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
