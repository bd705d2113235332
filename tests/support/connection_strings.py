"""Malformed connection strings that contain a password."""

from __future__ import annotations

SECRET = "hush1hush2"


#: A malformed string with a password -> a part of the error message.
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
