"""Sets the state of a hunt or a campaign, for the commands ``open``, ``pause`` and ``close``."""

from __future__ import annotations

from typing import Literal

from hunt.cli import arguments, running
from hunt.settings import Settings


async def change(
    settings: Settings, hunt_id: str, state: Literal["open", "paused", "closed"]
) -> list[str] | None:
    """Set the state of a hunt, or of all doors of a campaign.

    Returns:
        The ids of the doors that changed; None if the id is that of a hunt.

    Raises:
        HuntError: There is no such hunt, or its state does not allow the change.
    """
    async with running.campaigns(settings) as (campaigns, hunts):
        if await campaigns.exists(hunt_id):
            return await campaigns.set_state(hunt_id, state, actor=arguments.actor())
        acts = {"open": hunts.open, "paused": hunts.pause, "closed": hunts.close}
        await acts[state](hunt_id, actor=arguments.actor())
        return None
