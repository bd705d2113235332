"""Resource usage of the servers of a run."""

from __future__ import annotations

from collections import Counter

from tests.faults.metrics import metric
from tests.faults.rig import Rig


async def usage(rig: Rig) -> dict[str, float]:
    """Return the resource usage of the servers, without idle connections of their pools.

    ``connections`` are PostgreSQL's backends for hunt that no pool knows: listeners, and leaks.
    """
    used: Counter[str] = Counter()
    for each in rig.nodes:
        used.update({name: int(value) for name, value in each.usage().items()})
    pooled = sum([await metric(each.own_port, "hunt_pool_connections") for each in rig.nodes])
    [[backends]] = await rig.postgres.execute(
        "select count(*) from pg_stat_activity where application_name = 'hunt'"
    )
    return {**used, "descriptors": used["descriptors"] - pooled, "connections": backends - pooled}
