"""Errors of a PgBouncer that loses its server."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import trio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hunt.core.breaker import Breaker
from hunt.core.definition import Definition
from hunt.core.events import Click, Settlement
from hunt.core.maps import Map
from hunt.errors import StoreLost
from hunt.service.guard import Guard
from hunt.service.quarantine import Quarantine
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from tests.support.pgbouncer import pooled
from tests.support.proxy import Proxy, to_unix

HARBOUR = Definition("harbour", "Harbour", Map.sized(9, 9), None, None, 0.0, ())


def clicks() -> list[Click]:
    return [Click(str(uuid.uuid4()), "ada", 1, 1, None, 0) for _ in range(3)]


async def test_server_lost_by_a_pooler_during_commit_leaves_the_outcome_unknown(
    database: str, tmp_path: Path
) -> None:
    server = conninfo_to_dict(database)
    proxy = Proxy(to_unix(f"{server['host']}/.s.PGSQL.{server.get('port', 5432)}"))
    async with trio.open_nursery() as nursery:
        await nursery.start(proxy.run)
        behind = make_conninfo(database, host="127.0.0.1", port=proxy.port)
        with pooled(behind, tmp_path, mode="session") as conninfo:
            async with open_pool(conninfo, size=1) as pool:
                await Hunts(pool).apply(HARBOUR, seed=b"s" * 32, actor="test")
                await Hunts(pool).open("harbour")
                log = Log(pool)
                first = await log.append("harbour", clicks())
                proxy.loss.left = 1
                with pytest.raises(StoreLost) as caught:
                    await log.append("harbour", clicks())
                assert caught.value.sqlstate == "08P01"
                guard = Guard(
                    log.append,
                    log.reject,
                    Breaker(trio.current_time),
                    Quarantine(trio.current_time, jitter=lambda: 0),
                    jitter=lambda: 0,
                    known=lambda hunt: len(first),
                )
                proxy.loss.left = 1
                outcomes = await guard.commit("harbour", clicks())
                assert guard.retries == 1
                # The first attempt recorded them; to their client they are new.
                settled = [each for each in outcomes if isinstance(each, Settlement)]
                assert [each.reward.seq for each in settled] == [7, 8, 9]
                assert not any(each.duplicate for each in settled)
                assert await log.last() == {"harbour": 9}
        nursery.cancel_scope.cancel()
