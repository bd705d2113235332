"""A receiver of webhooks, in the test's own event loop; see `hunt.rehearsal.receiver`."""

from __future__ import annotations

from hunt.rehearsal.receiver import Receiver, Respond, Taken, receiving

__all__ = ["Receiver", "Respond", "Taken", "receiving"]
