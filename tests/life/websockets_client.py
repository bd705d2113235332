"""A player on the library `websockets`, in a process of its own: argument URL and token.

Prints its observations as one line of JSON, stays connected, and prints the close.
"""

from __future__ import annotations

import json
import sys
import uuid

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

url, token = sys.argv[1:]
origin = url.replace("ws", "http", 1)


def joined(path: str = "/v1/hunts/harbour/socket", *, bearer: str = token) -> ClientConnection:
    headers = {"Authorization": f"Bearer {bearer}"}
    return connect(f"{url}{path}", origin=origin, additional_headers=headers)


def says(socket: ClientConnection) -> tuple[str, dict[str, object]]:
    """Return the next message; live events may come at any time, and are passed over."""
    while True:
        [(kind, value)] = json.loads(socket.recv(10)).items()
        if kind not in {"state", "stock"}:
            return kind, value


def code_of(socket: ClientConnection) -> int | None:
    try:
        while True:
            socket.recv(10)
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


seen: dict[str, object] = {}
with joined() as socket:
    kind, hello = says(socket)
    seen["hello"] = kind
    seen["extensions"] = len(socket.protocol.extensions)  # it has offered permessage-deflate
    ids = [str(uuid.uuid4()) for _ in range(10)]
    for each in ids:
        socket.send(json.dumps({"click": {"id": each, "x": 1, "y": 2}}))
    said = [says(socket) for _ in range(20)]
    settled = [value["id"] for kind, value in said if kind == "settled"]
    rewards = [value for kind, value in said if kind == "reward"]
    seen["settled"] = settled == ids
    seen["ascending"] = [each["seq"] for each in rewards] == list(range(1, 11))
    socket.ping("alive?").wait(10)
    # One message in fragments, and one that is too long.
    socket.send(iter(['{"pi', 'ng"', ":3}"]))
    seen["pong"] = says(socket)
    socket.send(json.dumps({"ping": "x" * 5000}))
    seen["long"] = code_of(socket)
with joined(f"/v1/hunts/harbour/socket?last_event_id={hello['epoch']}-8") as socket:
    seen["resumed"] = says(socket)[1]["resumed"]
    seen["missed"] = [says(socket)[1]["seq"], says(socket)[1]["seq"]]
    socket.send("nonsense")
    seen["nonsense"] = code_of(socket)
with joined(bearer="gibberish") as socket:
    seen["token"] = code_of(socket)
with joined() as socket:
    says(socket)
    print(json.dumps(seen), flush=True)
    kind, _ = says(socket)  # once the server stops
    print(json.dumps({"last": kind, "code": code_of(socket)}), flush=True)
