"""Keeps the server processes of ``hunt serve`` running, and ends them together.

    supervisor      signals, listening sockets, control socket, systemd, database
    └─ slot         one for each process that there should be
       └─ process   watched; a second one while it is being replaced

It takes no clicks itself, so nothing that a client does can stop it.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import structlog
import trio

from hunt.core.backoff import Backoff
from hunt.edge.child import GRACE
from hunt.edge.control import Room
from hunt.edge.notify import Notifier
from hunt.edge.orders import Failure
from hunt.edge.process import Process, Program, start
from hunt.errors import HuntError

#: Seconds that a process must have served for its end to be the first one, after
#: which another is started at once.
STABLE = 10.0

#: Processes in a row that may end before they served, in one slot.
ATTEMPTS = 5

log = structlog.get_logger("hunt")


@dataclass(slots=True, eq=False)
class Slot:
    """The place of one process, which others follow."""

    backoff: Backoff
    process: Process | None = None  #: None while nothing runs here
    failures: int = 0  #: in a row, that never served
    opened: trio.Event = field(default_factory=trio.Event)  #: one has served
