"""Reads the metrics of a node."""

from __future__ import annotations

from tests.faults import http


async def metric(port: int, name: str) -> float:
    """Return a metric of a node, of all its processes; without labels, the sum over them."""
    channel = http.Channel(port)
    try:
        text = (await channel.request(http.get_request("/metrics", ""))).body.decode()
    finally:
        channel.close()
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if name in {line.rpartition(" ")[0], line.split("{")[0].split(" ")[0]}
    )
