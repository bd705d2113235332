"""The same bytes, split at random, get the same answers with and without the fast lane."""

from __future__ import annotations

import json
import random
import re
import uuid

import pytest
import trio

from tests.support.seeds import SEED
from tests.support.serving import Client, connected, serving, token

ROUNDS = 40

#: Headers that differ in each response, so they are not compared.
_OWN = re.compile(
    rb"^(date|server|x-request-id|retry-after): [^\r]*\r\n|\"at\":\"[^\"]*\"|in [0-9.]+ s"
    rb"|\"head\":\"[0-9a-f]{64}\"",
    re.MULTILINE,
)
LAST = b"GET /livez HTTP/1.1\r\nHost: hunt\r\nConnection: close\r\n\r\n"


def requests(choose: random.Random, known: list[str]) -> bytes:
    """Return pipelined requests, usual and unusual ones."""
    return b"".join(request(choose, known) for _ in range(choose.randint(1, 4))) + LAST


def request(choose: random.Random, known: list[str]) -> bytes:
    click_id = (
        choose.choice(known)
        if known and choose.random() < 0.2
        else str(uuid.UUID(int=choose.getrandbits(128)))
    )
    known.append(click_id)
    fields: dict[str, object] = {"id": click_id, "x": 1, "y": 2}
    for change in choose.sample(range(9), choose.choice([0, 0, 0, 1, 2])):
        name = choose.choice(list(fields) or ["x"])
        fields[name] = [None, True, "7", 1e300, -1, 12.5, click_id.upper(), [1], {}][change]
    body = choose.choice([json.dumps(fields)] * 8 + ["", "[]", "{", '{"id":1}', "\u00e9"]).encode()
    headers = {
        "Host": choose.choice(["hunt"] * 6 + ["hunt:80", "hunt:443", "[::1]:8000", "a b"]),
        "Authorization": f"Bearer {token(choose.choice(['ada', 'bob']))}",
        "Content-Type": choose.choice(
            ["application/json"] * 6 + ["application/json; charset=utf-8", "text/plain", ""]
        ),
        "Content-Length": str(len(body)),
    }
    for _ in range(choose.choice([0, 0, 1, 2])):
        name, value = choose.choice(
            [
                ("Authorization", ""),
                ("Authorization", "Basic x"),
                ("Authorization", "Bearer x"),
                ("Connection", "keep-alive"),
                ("Connection", "Keep-Alive, x"),
                ("X-Request-Id", "mine"),
                ("X-Request-Id", "not mine"),
                ("Cookie", "hunt_player=x"),
                ("Origin", "https://evil.example"),
                ("Accept", "*/*"),
                ("User-Agent", "caf\u00e9"),
                ("Accept-Encoding", "gzip"),
                ("Expect", "100-continue"),
                ("Content-Type", "application/json"),
                ("X-Tab", "a\tb"),
                ("X-Control", "a\x01b"),
                ("X-Folded", "a\r\n b"),
                ("X-Space ", "a"),
                ("Transfer-Encoding", "chunked"),
                ("Content-Encoding", "gzip"),
                ("Content-Encoding", "identity"),
                ("X-Forwarded-For", f"10.9.8.7, 192.0.2.{choose.randint(1, 2)}"),
                ("X-Forwarded-For", "203.0.113.9, 127.0.0.1"),
                ("Forwarded", f'for="[2001:db8::{choose.randint(1, 2)}]:1";proto=https'),
                ("Forwarded", 'for="unclosed, for=192.0.2.1'),
            ]
        )
        headers[name] = value
    if choose.random() < 0.1:
        del headers[choose.choice(["Authorization", "Content-Type"])]
    line = choose.choice(
        ["POST /v1/hunts/harbour/clicks HTTP/1.1"] * 10
        + ["POST /v1/hunts/nowhere/clicks HTTP/1.1", "POST /v1/hunts/NO/clicks HTTP/1.1"]
        + ["PUT /v1/hunts/harbour/clicks HTTP/1.1", "POST /v1/hunts/harbour/clicks?a=1 HTTP/1.1"]
        + ["POST /v1/hunts/harbour/events HTTP/1.1", "POST /v1/hunts/harbour/clicks HTTP/1.0"]
        + ["POST //v1/hunts/harbour/clicks HTTP/1.1", "POST /v1/hunts/harbour/clicks HTTP/3.0"]
        + ["HEAD /v1/hunts/harbour/events HTTP/1.1", "HEAD /v1/hunts/harbour/clicks HTTP/1.1"]
    )
    names = list(headers)
    choose.shuffle(names)
    head = "".join(f"{name}: {headers[name]}\r\n" for name in names)
    return f"{line}\r\n{head}\r\n".encode() + body


async def answers(client: Client, data: bytes, cuts: list[int]) -> bytes:
    """Return all bytes that the server answers to `data`, sent in pieces."""
    received = b""
    async with connected(client) as stream:
        with trio.fail_after(20):
            for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
                await stream.send_all(data[start:end])
                await trio.lowlevel.checkpoint()
            while more := await stream.receive_some(65536):
                received += more
    return received


def _normal(received: bytes) -> bytes:
    """Sort the headers of each response, and drop those that differ in each."""
    parts = _OWN.sub(b"", received).split(b"HTTP/1.1 ")
    shown = []
    for part in parts:
        head, _, body = part.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        lines = [line for line in lines if not line.startswith(b"content-length")]
        shown.append(b"\n".join([first, *sorted(lines), b"", body]))
    return b"\n---\n".join(shown)


@pytest.mark.parametrize("over_tls", [False, True], ids=["clear", "tls"])
async def test_both_ways_give_equal_responses(
    database: str, other_database: str, over_tls: bool
) -> None:
    choose, known = random.Random(SEED), list[str]()
    limits = {
        "trusted_proxies": ("127.0.0.0/8",),
        "click_rate": 0.001,
        "click_burst": 30,
        "address_players": 1,
    }
    async with (
        serving(database, fast_lane=True, over_tls=over_tls, **limits) as fast,
        serving(other_database, fast_lane=False, over_tls=over_tls, **limits) as plain,
    ):
        for number in range(ROUNDS):
            data = requests(choose, known)
            cuts = sorted(choose.sample(range(1, len(data)), choose.choice([0, 0, 1, 3, 9])))
            one, two = await answers(fast, data, cuts), await answers(plain, data, cuts)
            said = f"seed {SEED}, round {number}: {data!r} cut at {cuts}"
            assert _normal(one) == _normal(two), said
