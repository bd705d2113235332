"""Host names for servers under test, which are looked up as slowly as a file says.

A server process imports `sitecustomize` at its start; this module writes one that replaces
`socket.getaddrinfo`.
"""

from __future__ import annotations

from pathlib import Path

NAME = "database.test"  #: a host name of this machine
DELAY = "delay"  #: file with the seconds that a lookup takes; no delay without it

_CODE = """
import pathlib, socket, time
original, delay = socket.getaddrinfo, pathlib.Path({delay!r})

def getaddrinfo(host, *args, **kwargs):
    if host != {name!r}:
        return original(host, *args, **kwargs)
    if delay.exists():
        time.sleep(float(delay.read_text() or 0))
    return original("127.0.0.1", *args, **kwargs)

socket.getaddrinfo = getaddrinfo
"""


def environ(folder: Path) -> dict[str, str]:
    """Return variables for a server that knows `NAME`; `folder` has the file `DELAY`."""
    place = folder / "names"
    place.mkdir(exist_ok=True)
    code = _CODE.format(name=NAME, delay=str(folder / DELAY))
    (place / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": str(place)}
