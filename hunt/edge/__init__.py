"""The sockets under Hypercorn: hunt's own connection class, and how it gets there."""

from __future__ import annotations


def install() -> None:
    """Make Hypercorn's Trio worker use hunt's connections; see `hunt.edge.installation`.

    Raises:
        SettingsError: The installed Hypercorn is not one that this was written for.
    """
    # Here, because a supervisor needs no connections: what they stand on is half of its memory.
    from hunt.edge import installation

    installation.install()
