"""The resources of a server, made from its engine."""

from __future__ import annotations

import time

from hunt.engine import Engine
from hunt.play.board_view import BoardView
from hunt.play.guests import Guests
from hunt.play.history_view import HistoryView
from hunt.play.hunt_views import HuntDetails, HuntList
from hunt.play.resources import Resource, Resources
from hunt.web.admin.health import Liveness, MetricsPage, Probe
from hunt.web.site import site


def make_resources(engine: Engine) -> Resources:
    """Return all resources, for Quart and for the fast lane."""
    play, settings, operations = engine.play, engine.settings, engine.operations
    now = engine.catalogue.now
    fixed = site()
    registry = engine.telemetry.registry
    restricted: dict[str, Resource] = {
        "/ops": fixed.pop("/ops"),
        "/metrics": MetricsPage(operations.host, registry, time.monotonic),
    }
    own: tuple[Resource, ...] = (
        Liveness(),
        Probe(operations.node),
        HuntList(engine.catalogue.hunts, now),
        Guests(
            play,
            secrets=settings.jwt_secret,
            allowed=settings.guests_allowed,
            limits=engine.limits,
        ),
    )
    fixed |= {each.route: each for each in own}
    hunts: dict[str, Resource] = {
        "": HuntDetails(play.hunt, now, engine.version_cache),
        "/leaderboard": BoardView(play.hunt, engine.leaderboard, play.authenticator),
        "/rewards": HistoryView(play.hunt, engine.store.log, play.authenticator),
    }
    return Resources(fixed, hunts, restricted, everywhere=operations.address is None)
