"""A short row of the table of zones; `tox -e zones` plays all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.support import valkey
from tests.support.requirements import required
from tests.zones.network import lacking
from tests.zones.play import play
from tests.zones.rows import ROWS


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.ci])
def test_game_survives_what_happens_to_a_zone(name: str, template: Path) -> None:
    for program in ("/usr/sbin/haproxy", "/usr/sbin/ip", "/usr/bin/redis-cli"):
        required(Path(program), f"Debian's {Path(program).name} is not installed")
    valkey.installed()
    if missing := lacking():
        pytest.skip(f"this machine does not permit {missing}")

    async def one() -> list[str]:
        result = await play(ROWS[name], template, people=20, listeners=2, seed=1)
        print(dict(result.statuses), result.figures)
        return result.failures

    assert trio.run(one) == []
