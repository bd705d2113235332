"""Events for webhooks that follow the changes of rewards' states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from hunt.core.claims import RewardState

_START = datetime(1970, 1, 1, tzinfo=UTC)


class ChangeEvent(Struct, frozen=True):
    """A change of the state of a reward, without the fields of its claim."""

    number: int  #: 1, 2, 3 … within the hunt
    seq: int  #: seq of the reward
    id: str  #: id of the click
    player: str
    prize: str
    points: int
    state: RewardState  #: since the change
    at: datetime  #: time of the change, by the database's clock
    reason: str | None  #: None unless it was voided

    @property
    def position(self) -> int:
        """Its position in the log of changes."""
        return self.number

    @property
    def event_id(self) -> str:
        """The id of the event, which never changes.

        A restore from an older backup may lose changes and use their numbers again, while the
        log of rewards keeps its epoch.  The time distinguishes the new change from the lost one.
        """
        return f"{(self.at - _START) // timedelta(microseconds=1)}-c{self.number}"

    @property
    def type(self) -> str:
        """The kind of the event."""
        return f"reward.{self.state}"

    def members(self, at: str) -> dict[str, object]:
        """Return the members of its JSON, without the hunt; `at` is its time."""
        return {
            "number": self.number, "seq": self.seq, "id": self.id, "player": self.player,
            "prize": self.prize, "points": self.points, "state": self.state,
            "at": at, "reason": self.reason,
        }  # fmt: skip
