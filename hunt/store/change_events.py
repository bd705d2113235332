"""Reads the changes of the state of rewards page by page as events for backends."""

from __future__ import annotations

from hunt.core.change_event import ChangeEvent
from hunt.store.event_pages import EventPages

LAST = """
    select h.number, u.number from hunts h join reward_changes_upto u on u.hunt = h.number
     where h.id = %s
"""

PAGE = """
    select c.number, c.seq, r.click_id::text, r.player, r.prize, r.points, c.state, c.at, c.reason
      from reward_changes c join rewards r on r.hunt = %(hunt)s and r.seq = c.seq
     where c.hunt = %(hunt)s and c.number > %(after)s and c.number <= %(upto)s
       and (%(prizes)s::text[] is null or r.prize = any(%(prizes)s))
     order by c.number limit %(limit)s
"""


class ChangeEvents(EventPages[ChangeEvent]):
    """Changes of the state of rewards."""

    last, rows, event = LAST, PAGE, ChangeEvent
