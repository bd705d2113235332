"""State of the server, read over HTTP: batches, length of the log, the map."""

from __future__ import annotations

import json
from dataclasses import dataclass
from time import monotonic, sleep

from hunt.bench.click_bodies import Ground
from hunt.bench.event_blocks import BlockSplitter
from hunt.bench.responses import ResponseParser
from hunt.bench.target import TIMEOUT, Target
from hunt.core import map_form
from hunt.core.maps import Map
from hunt.errors import DefinitionError, HuntError

#: Seconds within which all worker processes must know of a commit.
_LAG = 5.0


@dataclass(frozen=True, slots=True)
class Batches:
    """Counters of ``/metrics`` since the start of the server."""

    count: float
    rows: float
    seconds: float


def batches(target: Target) -> Batches | None:
    """Return the counters of batches; None if ``/metrics`` is not readable."""
    try:
        status, _, body = target.request("GET", "/metrics")
    except HuntError:
        return None
    if status != 200:
        return None
    values: dict[str, float] = {}
    for line in body.decode("utf-8", "replace").splitlines():
        name, _, value = line.rpartition(" ")
        if name and not name.startswith("#"):
            name = name.partition("{")[0]
            values[name] = values.get(name, 0.0) + float(value)
    names = ("hunt_batch_rows_count", "hunt_batch_rows_sum", "hunt_batch_commit_seconds_sum")
    if not all(name in values for name in names[:2]):
        return None
    return Batches(*(values.get(name, 0.0) for name in names))


def ground(target: Target) -> Ground:
    """Return where clicks of the hunt may be; 100 by 100 if the server does not answer."""
    status, _, body = target.request("GET", f"/v1/hunts/{target.hunt}")
    try:
        shown = json.loads(body) if status == 200 else {}
        return Ground(map_form.from_json(shown["map"]), shown.get("max_accuracy"))
    except (ValueError, KeyError, TypeError, DefinitionError):
        return Ground(Map.sized(100.0, 100.0))


def position(target: Target, token: str) -> int:
    """Return the length of the hunt's log, from the ``hello`` of a stream.

    Raises:
        HuntError: The server refuses the stream.
    """
    with target.connect() as sock:
        sock.settimeout(TIMEOUT)
        received, cutter = b"", ResponseParser()
        events: BlockSplitter | None = None
        try:
            sock.sendall(target.stream_request(token))
            while data := sock.recv(4096):
                if events is None:
                    received += data
                    found = cutter.head(received)
                    if found is None:
                        continue
                    head, at = found
                    if head.status != 200:
                        raise HuntError(_refused(target, head.status))
                    events, data = BlockSplitter(chunked=head.chunked), received[at:]
                for block in events.feed(data):
                    if b"event: hello\n" in block:
                        data = block.partition(b"\ndata: ")[2].partition(b"\n")[0]
                        return int(json.loads(data)["seq"])
        except (OSError, ValueError, KeyError) as exc:
            raise HuntError(f"the stream of {target.hunt} cannot be read: {exc}") from exc
    raise HuntError(f"the stream of {target.hunt} ended before its hello")


def _refused(target: Target, status: int) -> str:
    if status in {401, 403}:
        return (
            f"the server refuses the players' tokens ({status}): "
            "set HUNT_JWT_SECRET to the secret of the server, or give --guests"
        )
    if status == 404:
        return f"the server has no hunt {target.hunt!r}: give --hunt"
    return f"the server answered {status} to a stream of {target.hunt!r}"


def wait_position(target: Target, token: str, expected: int) -> int:
    """Return the length of the log once it is `expected`, or after a time limit."""
    last = monotonic() + _LAG
    while (found := position(target, token)) < expected and monotonic() < last:
        sleep(0.05)
    return found
