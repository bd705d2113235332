"""The draws of clicks, a whole batch at once when it leaves for its commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hunt.core import chain
from hunt.core.cache import Cache
from hunt.core.definition import Prize
from hunt.core.events import Click, raw_ids
from hunt.core.fairness import Draws
from hunt.core.hints import Hints
from hunt.core.hunts import Hunt
from hunt.core.odds import Odds
from hunt.errors import HuntFailed, HuntNotFound

#: Size of the cache of prepared draws, in bytes.
PREPARED_SIZE = 8 * 2**20

#: Estimated size of a hunt's prepared draws without prizes, and of each prize, in bytes.
ENTRY, PRIZE = 4096, 512


class Drawing:
    """Draws clicks: the outcome is not needed before the batch of the click leaves.

    Args:
        hunts: Every hunt, by id, as it is now.
    """

    def __init__(self, hunts: Mapping[str, Hunt]) -> None:
        self._hunts = hunts
        #: Draws of the hunts with clicks; those of a few hundred hunts fit.
        self.prepared: Cache[str, Prepared] = Cache(PREPARED_SIZE, _size)
        self._pseudonyms = chain.remembered()

    def draw(self, hunt_id: str, clicks: Sequence[Click]) -> None:
        """Set the prizes and pseudonyms of clicks; a repeated call changes nothing.

        Args:
            hunt_id: Id of their hunt.
            clicks: Clicks of one batch; those with a pseudonym are drawn already.

        Raises:
            HuntNotFound: The hunt was deleted.
            HuntFailed: Clicks of this hunt cannot be drawn.
        """
        todo = [each for each in clicks if not each.pseudonym]
        if not todo:
            return
        hunt = self._hunts.get(hunt_id)
        if hunt is None:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        try:
            self.of(hunt).draw(todo)
        except Exception as exc:  # a defect in the draws of one hunt must not end the process
            raise HuntFailed(f"clicks of hunt {hunt_id!r} cannot be drawn: {exc}") from exc

    def of(self, hunt: Hunt) -> Prepared:
        """Return the draws of a hunt, prepared once after each read of the hunt."""
        hunt_id = hunt.definition.id
        prepared = self.prepared.get(hunt_id)
        if prepared is None or prepared.hunt is not hunt:
            prepared = Prepared(hunt, self._pseudonyms)
            self.prepared.put(hunt_id, prepared)
        return prepared

    def rotate(self) -> None:
        """Evict draws of hunts, and pseudonyms, that were not used for a while."""
        self.prepared.rotate()
        self._pseudonyms.rotate()


class Prepared:
    """The draws of one hunt.

    Args:
        hunt: The hunt.
        pseudonyms: A cache of pseudonyms of players.
    """

    def __init__(self, hunt: Hunt, pseudonyms: chain.Remembered) -> None:
        self.hunt = hunt
        self._prize = Odds(hunt.definition).draw
        self._uniforms = Draws(hunt.seed).uniforms
        key = hunt.player_key
        self._pseudonym = None if key is None else chain.Pseudonyms(key, pseudonyms).of
        #: Computes how near a click is; None in a hunt without hints.
        self.hints: Hints | None = None
        if hunt.definition.hints == "warmth":
            self.hints = Hints(_present(hunt), hunt.definition.map)

    def draw(self, clicks: Sequence[Click]) -> None:
        """Set the prizes and pseudonyms of clicks."""
        names = [each.player for each in clicks]
        if self._pseudonym is not None:
            names = list(map(self._pseudonym, names))
            for click, name in zip(clicks, names, strict=True):
                click.pseudonym = name
        draw = self._prize
        for click, uniform in zip(clicks, self._uniforms(raw_ids(clicks), names), strict=True):
            prize = draw(click.x, click.y, uniform)
            if prize is not None:
                click.prize, click.points = prize.id, prize.points
            else:
                click.prize, click.points = None, 0


def _present(hunt: Hunt) -> list[Prize]:
    """Return the prizes that could be granted when the hunt was read: in time and in stock."""
    now = hunt.as_of
    return [
        prize
        for prize in hunt.definition.prizes
        if (prize.starts is None or prize.starts <= now)
        and (prize.until is None or now < prize.until)
        and hunt.stock_left.get(prize.id) != 0
    ]


def _size(hunt: str, prepared: Prepared) -> int:
    return ENTRY + PRIZE * len(prepared.hunt.definition.prizes)
