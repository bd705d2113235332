"""Campaigns in the database: created, changed, opened and deleted together with their doors."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import starmap

from msgspec import Struct, structs

from hunt.core.campaign import Campaign, CampaignDefinition, Door, differences
from hunt.core.definition import differences as definition_differences
from hunt.core.hunt_file import from_json
from hunt.core.hunts import State
from hunt.core.key_ring import KeyRing
from hunt.errors import DefinitionError, HuntNotFound, WrongState
from hunt.store.audit import record_change
from hunt.store.definitions import RESERVE, Found, apply, has_passed, locked, reserved
from hunt.store.deletions import delete, has_clicks
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.state_changes import move

LOCK = "select number, id, title, timezone, streak, preview from campaigns where id = %s for update"
DOORS = "select id, last_seq, door, state, definition from hunts where campaign = %s order by id"
HUNTS = """
    select id, state from hunts where campaign = (select number from campaigns where id = %s)
     order by door
"""
SAME_ID = "select from hunts where id = %s"

CREATE = """
    insert into campaigns (id, title, timezone, streak, preview) values (%s, %s, %s, %s, %s)
    returning number
"""
CHANGE = """
    update campaigns set title = %s, timezone = %s, streak = %s, preview = %s where number = %s
"""
MEMBER = "select campaign, last_seq, state from hunts where id = %s"
JOIN = "update hunts set campaign = %s, door = %s where id = %s"


class LockedCampaign(Struct, frozen=True):
    """A campaign whose row is locked."""

    number: int
    campaign: Campaign


class StoredDoor(Struct, frozen=True):
    """A door as it is stored."""

    hunt: str
    last_seq: int
    number: int
    state: State
    definition: dict[str, object]


class Campaigns:
    """Campaigns in the database.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool, ring: KeyRing | None = None) -> None:
        self._pool = pool
        self._ring = ring or KeyRing(())

    async def exists(self, campaign: str) -> bool:
        """Return whether there is a campaign of that id."""
        with translated():
            async with self._pool.connection() as conn:
                cursor = await conn.execute("select from campaigns where id = %s", (campaign,))
                return cursor.rowcount > 0

    async def hunts(self, campaign: str) -> list[str]:
        """Return the ids of the hunts of a campaign, by door; none if there is no campaign."""
        return [hunt for hunt, _ in await self._states(campaign)]

    async def drafts(self, campaign: str) -> int:
        """Return the number of doors that are drafts."""
        return sum(state == "draft" for _, state in await self._states(campaign))

    async def _states(self, campaign: str) -> list[tuple[str, State]]:
        """Return the hunts of a campaign with their states, by door."""
        with translated():
            async with self._pool.connection() as conn:
                return await (await conn.execute(HUNTS, (campaign,))).fetchall()

    async def get(self, campaign: str) -> tuple[Campaign, list[Door]] | None:
        """Return a campaign with its doors, drafts included; None if there is none."""
        with translated():
            async with self._pool.transaction() as conn:
                found = await _locked(conn, campaign)
                if found is None:
                    return None
                stored = await _doors(conn, found)
        doors = [Door(each.number, from_json(each.definition)) for each in stored]
        return found.campaign, sorted(doors, key=lambda each: each.number)

    async def apply(
        self, wanted: CampaignDefinition, *, new_seed: Callable[[], bytes], actor: str
    ) -> list[str]:
        """Create or change a campaign and its doors, all or nothing.

        Args:
            wanted: The new definition.
            new_seed: Returns the seed of a new hunt; 32 bytes.
            actor: Name of the operator, for the audit trail.

        Returns:
            One sentence for each change, and for each door that has ended and stays as it was.

        Raises:
            WrongState: A hunt cannot join or leave.
            DefinitionError: A time has passed already, by the database's clock.
        """
        with translated():
            async with self._pool.transaction() as conn:
                return await _apply(conn, wanted, new_seed, actor, self._ring)

    async def set_state(self, campaign: str, state: State, *, actor: str) -> list[str]:
        """Open, pause or close all doors that are not over; return the ids of those that changed.

        Drafts are opened, but neither paused nor closed.

        Raises:
            HuntNotFound: There is no such campaign.
            WrongState: No door allows the change.
        """
        before: dict[str, State] = {}
        allowed = 0
        with translated():
            async with self._pool.transaction() as conn:
                found = await _existing(conn, campaign)
                for door in await _doors(conn, found):
                    hunt = await locked(conn, door.hunt)
                    assert hunt is not None, "the campaign is locked"
                    if await _allows(conn, hunt, state):
                        allowed += 1
                        if await move(conn, hunt, state, actor):
                            before[door.hunt] = hunt.state
                if not allowed:
                    raise WrongState(f"no door of campaign {campaign!r} can be {state} any more")
                if before:
                    await record_change(
                        conn, actor, f"campaign {state}", None,
                        before=before, after=dict.fromkeys(before, state),
                        campaign=campaign, doors=list(before),
                    )  # fmt: skip
        return list(before)

    async def delete(self, campaign: str, *, actor: str) -> list[str]:
        """Delete a campaign and its doors, if none has clicks; return the ids of the hunts.

        Raises:
            HuntNotFound: There is no such campaign.
            WrongState: A door has clicks.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await _existing(conn, campaign)
                hunts = [each.hunt for each in await _doors(conn, found)]
                for hunt in hunts:
                    await _delete(conn, hunt, actor)
                await conn.execute("select hunt_campaign_delete(%s)", (found.number,))
                await record_change(
                    conn, actor, "campaign delete", None, before=hunts, after=None,
                    campaign=campaign, doors=hunts,
                )  # fmt: skip
        return hunts


async def _apply(
    conn: Connection,
    wanted: CampaignDefinition,
    new_seed: Callable[[], bytes],
    actor: str,
    ring: KeyRing,
) -> list[str]:
    campaign = wanted.campaign
    await conn.execute(RESERVE, (campaign.id,))
    if (await conn.execute(SAME_ID, (campaign.id,))).rowcount:
        raise WrongState(f"there is a hunt {campaign.id!r}: choose another id for the campaign")
    found = await _locked(conn, campaign.id)
    changes = differences(None if found is None else found.campaign, campaign)
    values = (campaign.title, campaign.timezone, campaign.streak, campaign.preview)
    if found is None:
        row = await (await conn.execute(CREATE, (campaign.id, *values))).fetchone()
        assert row is not None
        number: int = row[0]
    else:
        number = found.number
        if changes:
            await conn.execute(CHANGE, (*values, number))
    kept = {door.definition.id for door in wanted.doors}
    stored = {} if found is None else {each.hunt: each for each in await _doors(conn, found)}
    for hunt in stored.keys() - kept:
        await _delete(conn, hunt, actor)
        changes.append(f"hunt {hunt}: deleted")
    for door in sorted(wanted.doors, key=lambda each: each.definition.id):
        if door.definition.id not in stored:
            await _check_free(conn, door.definition.id)
        changes += await _apply_door(
            conn, number, door, stored.get(door.definition.id), new_seed, actor, ring
        )
    if changes:
        await record_change(
            conn, actor, "campaign apply", None,
            before=None if found is None else _shown(found.campaign, stored),
            after=_shown(campaign, kept), campaign=campaign.id, changes=changes,
        )  # fmt: skip
    return changes


def _shown(campaign: Campaign, doors: Collection[str]) -> dict[str, object]:
    """Return a campaign for the audit trail."""
    return structs.asdict(campaign) | {"doors": sorted(doors)}


async def _apply_door(
    conn: Connection,
    campaign: int,
    door: Door,
    stored: StoredDoor | None,
    new_seed: Callable[[], bytes],
    actor: str,
    ring: KeyRing,
) -> list[str]:
    """Create or change a door; return a sentence for each change.

    A door without changes is not locked, because a lock holds its clicks up.
    """
    definition = door.definition
    if stored is not None and not definition_differences(from_json(stored.definition), definition):
        return []
    found = await reserved(conn, definition.id)
    if stored is not None and found is not None and await _is_over(conn, found):
        return [f"hunt {definition.id}: has ended, and stays as it was"]
    try:
        changes = await apply(conn, found, definition, new_seed(), actor, ring)
    except DefinitionError as exc:
        errors = {f"door {door.number}: {name}": wrong for name, wrong in exc.errors.items()}
        raise DefinitionError(errors) from None
    if stored is None:
        await conn.execute(JOIN, (campaign, door.number, definition.id))
        changes = changes or [f"hunt {definition.id}: joins"]
    return changes


async def _check_free(conn: Connection, hunt: str) -> None:
    """Raise `WrongState` if a hunt exists and cannot join a campaign."""
    row = await (await conn.execute(MEMBER, (hunt,))).fetchone()
    if row is None:
        return
    campaign, last_seq, state = row
    if campaign is not None:
        raise WrongState(f"hunt {hunt!r} is in another campaign")
    if last_seq:
        raise WrongState(f"hunt {hunt!r} has clicks and cannot join a campaign")
    if state == "closed":
        raise WrongState(f"hunt {hunt!r} has ended and cannot join a campaign: delete it first")


async def _delete(conn: Connection, hunt: str, actor: str) -> None:
    found = await locked(conn, hunt)
    assert found is not None, "the campaign is locked"
    if found.last_seq:
        raise has_clicks(hunt)
    await delete(conn, found, actor)


async def _allows(conn: Connection, hunt: Found, state: State) -> bool:
    """Return whether a door can get a state, or has it."""
    if hunt.state == "draft" and state != "open":
        return False
    if hunt.state == "closed":
        return False
    return state == "closed" or not await has_passed(conn, hunt.definition.closes_at)


async def _is_over(conn: Connection, hunt: Found) -> bool:
    return hunt.state == "closed" or (
        hunt.state != "draft" and await has_passed(conn, hunt.definition.closes_at)
    )


async def _locked(conn: Connection, campaign: str) -> LockedCampaign | None:
    row = await (await conn.execute(LOCK, (campaign,))).fetchone()
    return None if row is None else LockedCampaign(row[0], Campaign(*row[1:]))


async def _existing(conn: Connection, campaign: str) -> LockedCampaign:
    found = await _locked(conn, campaign)
    if found is None:
        raise HuntNotFound(f"there is no campaign {campaign!r}: 'hunt campaigns' lists them")
    return found


async def _doors(conn: Connection, found: LockedCampaign) -> list[StoredDoor]:
    rows = await (await conn.execute(DOORS, (found.number,))).fetchall()
    return list(starmap(StoredDoor, rows))
