"""Events of a log for backends, with players and positions: webhooks and event streams."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from hunt.core.change_event import ChangeEvent
from hunt.core.definition import is_test
from hunt.core.sse import event_id
from hunt.core.wire import encode

#: Kinds of rows that are events: those that won a prize, or all.
Events = Literal["wins", "clicks"]


class LogEvent(Struct, frozen=True):
    """A row of the log, in the order of the columns of a winner."""

    seq: int
    id: str  #: of the click
    player: str
    prize: str | None  #: None: the click won nothing
    points: int
    at: datetime  #: time of settlement, by the database's clock
    x: float | None  #: position of the click, in map units; None: erased
    y: float | None
    epoch: str  #: in which the row was committed

    @property
    def position(self) -> int:
        """Its position in the log of rewards."""
        return self.seq

    @property
    def event_id(self) -> str:
        """The id of the event, which never changes."""
        return event_id(self.epoch, self.seq)

    @property
    def type(self) -> str:
        """The kind of the event."""
        return "click.settled" if self.prize is None else "reward.granted"

    def members(self, at: str) -> dict[str, object]:
        """Return the members of its JSON, without the hunt; `at` is its time."""
        return {
            "seq": self.seq, "id": self.id, "player": self.player, "prize": self.prize,
            "points": self.points, "at": at, "x": self.x, "y": self.y,
        }  # fmt: skip


class EventFilter(Struct, frozen=True):
    """A filter for the rows of a log that are events."""

    events: Events = "wins"
    prizes: tuple[str, ...] | None = None  #: only wins of these prizes; None: of all


def event_json(hunt: str, event: LogEvent | ChangeEvent) -> bytes:
    """Return an event as JSON, the body of a webhook.

    Args:
        hunt: Id of its hunt.
        event: The event.
    """
    at = event.at.isoformat().replace("+00:00", "Z")
    data: dict[str, object] = {"hunt": hunt} | event.members(at)
    if is_test(hunt):
        data["test"] = True
    return encode({"type": event.type, "timestamp": at, "data": data})
