"""Codes in a run of faults: the prize that has them, who must not see them, and what is stored."""

from __future__ import annotations

import base64
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

import trio

from hunt.core import codes
from hunt.core.definition import Definition, Prize
from hunt.core.key_ring import KeyRing
from hunt.store.codes import Codes
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import Pool
from hunt.testing.history import Public
from hunt.testing.stored_log import StoredCode
from tests.faults import http
from tests.faults.players import AGAIN, HUNT, token

if TYPE_CHECKING:
    from tests.faults.rig import Rig

KEY = b"faults-faults-faults-faults-keys"
ENVIRON = {"HUNT_DATA_KEYS": f"faults:{base64.b64encode(KEY).decode()}"}
RING = KeyRing([("faults", KEY)])

VOUCHER = Prize("voucher", "Voucher", 20, 0.09, None, None, codes=True)

STORED = """
    select c.prize, c.position, c.sealed, c.reward
      from codes c join hunts h on h.number = c.hunt where h.id = %s
"""


def with_codes(definition: Definition) -> Definition:
    return replace(definition, prizes=(*definition.prizes, VOUCHER))


async def load(pool: Pool, count: int) -> None:
    made = [f"HUSH-{number:06}" for number in range(count)]
    await Codes(pool, RING).load(HUNT, VOUCHER.id, [made], actor="rig")


async def stored(conn: Connection, hunt: str) -> list[StoredCode]:
    """Return the stored codes in clear."""
    rows = await (await conn.execute(STORED, [hunt])).fetchall()
    return [
        StoredCode(
            prize=prize,
            code=RING.open(sealed, codes.context(hunt, prize, position)).decode(),
            reward=reward,
        )
        for prize, position, sealed, reward in rows
    ]


async def watch_everyone(rig: Rig, number: int) -> None:
    """Record the stream of all wins on one node, until cancelled."""
    while True:
        channel = http.Channel(rig.nodes[number].port)
        request = http.stream_request(token("watcher"), HUNT, None, query="?scope=all")
        try:
            async with aclosing(channel.body(request)) as pieces:
                async for piece in pieces:
                    note(rig, "the stream of all wins", piece)
        except (http.Broken, ValueError):
            pass
        finally:
            channel.close()
        await trio.sleep(AGAIN)


async def note_the_rest(rig: Rig) -> None:
    """Record metrics, public pages and logs of all nodes, after a run."""
    for node in rig.nodes:
        for path in ("/metrics", f"/v1/hunts/{HUNT}", f"/v1/hunts/{HUNT}/leaderboard"):
            channel = http.Channel(node.own_port)
            try:
                response = await channel.request(http.get_request(path, token("watcher")))
            finally:
                channel.close()
            assert response.status == 200, path
            note(rig, path, bytes(response.body))
        note(rig, "the log", (node.folder / "node.log").read_bytes())


def note(rig: Rig, where: str, text: bytes) -> None:
    shown = text.decode("utf-8", "replace")
    rig.history.add(Public(time=trio.current_time(), where=where, text=shown))
