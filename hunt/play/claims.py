"""Claims of rewards by their players."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from hunt.core import claim_values
from hunt.core.claims import Claim, RewardState, sealing_context
from hunt.core.events import Reward
from hunt.core.hunts import Hunt
from hunt.core.key_ring import KeyRing
from hunt.errors import ClaimRefused, Overloaded, RewardNotFound, SealError
from hunt.logs import FaultLog
from hunt.store.reward_states import CLAIMED, LATE, MISSING, Claimable

#: Seconds until a client tries again on a server that lacks the keys.
PAUSE = 60.0

_FINAL = {
    "sent": "the prize has been sent already",
    "void": "the reward is void",
}

log = FaultLog("hunt.web")


class States(Protocol):
    """The states of rewards in the database; see `hunt.store.reward_states.RewardStates`."""

    async def get(self, hunt: str, seq: int) -> Claimable | None:
        """Return a reward."""

    async def claim(
        self, hunt: str, player: str, seq: int, claim: Claim, sealed: bytes | None
    ) -> tuple[int, RewardState | None]:
        """Claim a reward."""


class Claims:
    """Decides claims, and seals their fields.

    Args:
        states: The states of rewards.
        ring: Seals and opens fields.
    """

    def __init__(self, states: States, ring: KeyRing) -> None:
        self._states = states
        self._ring = ring

    async def claim(self, hunt: Hunt, player: str, seq: int, body: Mapping[str, object]) -> Reward:
        """Claim a reward of a player; return it with its state.  Safe to repeat.

        Args:
            hunt: The hunt, which may have ended.
            player: Id of the player.
            seq: Seq of the reward.
            body: The fields; see `hunt.core.claim_values.validate`.

        Raises:
            RewardNotFound: The player has no such reward.
            ClaimRefused: The reward cannot be claimed, or not any more.
            InvalidRequest: Fields are wrong.
            Overloaded: The server lacks the keys that encrypt the fields.
            StoreError: Nothing was recorded, or the outcome is unknown.
        """
        found = await self._states.get(hunt.id, seq)
        if found is None or found.reward.player != player:
            raise RewardNotFound
        reward = found.reward
        form = _form(hunt, reward)
        if form is None:
            raise ClaimRefused("the prize asks for no claim", state=reward.state)
        fields = claim_values.validate(form, body)
        recorded = self.fields(hunt.id, seq, found.sealed) or {}
        if reward.state in {"claimed", "sent"} and recorded == fields:
            return reward
        if reward.state in _FINAL:
            raise ClaimRefused(_FINAL[reward.state], state=reward.state)
        sealed = self._seal(hunt.id, seq, fields) if form.fields else None
        verdict, state = await self._states.claim(hunt.id, player, seq, form, sealed)
        if verdict == MISSING:
            raise RewardNotFound
        if verdict == LATE:
            raise ClaimRefused("the deadline of the claim has passed", state=state)
        if verdict != CLAIMED:
            raise ClaimRefused(_FINAL[state or "void"], state=state)
        return msgspec.structs.replace(reward, state=state)

    def fields(self, hunt: str, seq: int, sealed: bytes | None) -> dict[str, object] | None:
        """Return the fields of a claim; None if there are none.

        Raises:
            Overloaded: The server lacks the key that encrypted them.
        """
        try:
            return opened(self._ring, hunt, seq, sealed)
        except SealError as exc:
            raise _without_keys(exc) from exc

    def _seal(self, hunt: str, seq: int, fields: dict[str, object]) -> bytes:
        try:
            return self._ring.seal(msgspec.json.encode(fields), sealing_context(hunt, seq))
        except SealError as exc:
            raise _without_keys(exc) from exc


def opened(ring: KeyRing, hunt: str, seq: int, sealed: bytes | None) -> dict[str, object] | None:
    """Return the fields of a claim; None if there are none.

    Args:
        ring: The keys.
        hunt: Id of the hunt.
        seq: Seq of the reward.
        sealed: The fields as they are stored.

    Raises:
        SealError: They cannot be decrypted.
    """
    if sealed is None:
        return None
    return msgspec.json.decode(
        ring.open(sealed, sealing_context(hunt, seq)), type=dict[str, object]
    )


def _form(hunt: Hunt, reward: Reward) -> Claim | None:
    prizes = (each for each in hunt.definition.prizes if each.id == reward.prize)
    return next((each.claim for each in prizes), None)


def _without_keys(error: SealError) -> Overloaded:
    """Log that keys are missing, and return the refusal of a claim."""
    log.error("keys of claims missing", error=str(error))
    return Overloaded("this server lacks the keys for claims", retry_after=PAUSE)
