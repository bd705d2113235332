"""A tail with a defect, which the checks of faults and of the simulation must detect."""

from __future__ import annotations

from collections.abc import Sequence

from hunt.core.events import Reward
from hunt.service.tail import Tail


class TailByNumber(Tail):
    """Assumes that all rewards up to the highest number seen have arrived."""

    def _offer(self, hunt: str, rewards: Sequence[Reward]) -> None:
        position = self._positions[hunt]
        new = [each for each in rewards if each.seq > position.seq]
        if new:
            position.seq = position.announced = new[-1].seq
            self._publish(hunt, new)
