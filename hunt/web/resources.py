"""The resources of a server, made from its engine."""

from __future__ import annotations

import time
from dataclasses import replace

from hunt.engine import Engine
from hunt.play.board_view import BoardView
from hunt.play.challenge_view import ChallengeView
from hunt.play.guests import Guests
from hunt.play.history_view import HistoryView
from hunt.play.hunt_views import HuntDetails, HuntList
from hunt.play.resources import Resource, Resources
from hunt.play.standing_view import StandingView
from hunt.web.admin.health import Liveness, MetricsPage, Probe
from hunt.web.game_page import GamePage
from hunt.web.site import challenged, site


def make_resources(engine: Engine) -> Resources:
    """Return all resources, for Quart and for the fast lane."""
    play, settings, operations = engine.play, engine.settings, engine.operations
    now = engine.catalogue.now
    pages = site()
    files = engine.page_files
    fixed = pages.resources | files.resources
    registry = engine.telemetry.registry
    restricted: dict[str, Resource] = {
        "/ops": fixed.pop("/ops"),
        "/metrics": MetricsPage(operations.host, registry, time.monotonic),
    }
    games = {
        language: replace(each, policy=challenged(each.policy, settings.challenge))
        for language, each in pages.games.items()
    }
    hunts = HuntList(engine.catalogue.hunts, now)
    details = HuntDetails(play.hunt, now, engine.version_cache, files.address)
    own: tuple[Resource, ...] = (
        Liveness(),
        Probe(operations.node),
        hunts,
        GamePage(
            games,
            hunts=hunts,
            details=details,
            now=now,
            frame_ancestors=settings.frame_ancestors,
        ),
        Guests(
            play,
            secrets=settings.jwt_secret,
            allowed=settings.guests_allowed,
            limits=engine.limits,
            challenges=engine.challenges,
        ),
        ChallengeView(engine.challenges),
    )
    fixed |= {each.route: each for each in own}
    of_hunts: dict[str, Resource] = {
        "": details,
        "/leaderboard": BoardView(play.hunt, engine.leaderboard, play.authenticator),
        "/standing": StandingView(play.hunt, engine.store.leaderboard.standing, play.authenticator),
        "/rewards": HistoryView(play.hunt, engine.store.log, play.authenticator),
    }
    return Resources(fixed, of_hunts, restricted, everywhere=operations.address is None)
