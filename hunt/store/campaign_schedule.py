"""The schedules of the doors of a campaign, as one."""

from __future__ import annotations

from hunt.core.schedule import NewEntry, ScheduleEntry, problems
from hunt.errors import HuntNotFound, InvalidRequest, WrongState
from hunt.store.definitions import locked
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.schedule import add_entry, entries_of

# In the order in which they are locked.
DOORS = """
    select id, number from hunts
     where campaign = (select number from campaigns where id = %s) order by id
"""


class CampaignSchedule:
    """The schedules of campaigns in the database.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def entries(self, campaign: str) -> list[tuple[str, ScheduleEntry]]:
        """Return the entries of all doors, each with the id of its hunt, by time.

        Raises:
            HuntNotFound: There is no such campaign.
        """
        found: list[tuple[str, ScheduleEntry]] = []
        with translated():
            async with self._pool.connection() as conn:
                for hunt, number in await _doors(conn, campaign):
                    found += [(hunt, each) for each in await entries_of(conn, number)]
        return sorted(found, key=lambda each: (each[1].at, each[1].id))

    async def add(
        self, campaign: str, new: NewEntry, *, actor: str
    ) -> list[tuple[str, ScheduleEntry]]:
        """Add an entry to each door that is not over, all or none; every process is notified.

        Returns:
            The id of each hunt, and its entry.

        Raises:
            HuntNotFound: There is no such campaign.
            InvalidRequest: The entry is not valid, or its time has passed.
            WrongState: Every door has ended, or one has too many entries.
            StoreError: None was added, or the outcome is unknown.
        """
        wrong = problems(new)
        if new.action == "release":
            wrong["action"] = "release belongs to one hunt: add it to a door"
        if wrong:
            raise InvalidRequest("the entry is not valid", errors=wrong)
        made: list[tuple[str, ScheduleEntry]] = []
        with translated():
            async with self._pool.transaction() as conn:
                for hunt, _ in await _doors(conn, campaign):
                    found = await locked(conn, hunt)
                    if found is not None and found.state != "closed":
                        made.append((hunt, await add_entry(conn, found, new, actor)))
        if not made:
            raise WrongState(f"every door of campaign {campaign!r} has ended")
        return made


async def _doors(conn: Connection, campaign: str) -> list[tuple[str, int]]:
    """Return id and number of the hunts of a campaign.

    Raises:
        HuntNotFound: There is no such campaign.
    """
    doors = await (await conn.execute(DOORS, (campaign,))).fetchall()
    if not doors:
        raise HuntNotFound(f"there is no campaign {campaign!r}")
    return [(hunt, number) for hunt, number in doors]
