"""All faults, by name."""

from __future__ import annotations

from tests.faults import (
    bus_faults,
    client_faults,
    database_faults,
    grey_faults,
    loss_faults,
    memory_faults,
    network_faults,
    schedule_faults,
    server_faults,
    webhook_faults,
)
from tests.faults.registry import FAULTS

__all__ = [
    "FAULTS",
    "bus_faults",
    "client_faults",
    "database_faults",
    "grey_faults",
    "loss_faults",
    "memory_faults",
    "network_faults",
    "schedule_faults",
    "server_faults",
    "webhook_faults",
]
