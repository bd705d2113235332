"""Test vectors of the draw: what the code of the server computes, for verifiers without it."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import starmap

from hunt.core import hunt_file
from hunt.core.definition import Definition
from hunt.core.fairness import Draws, commit
from hunt.core.odds import chance
from hunt.core.periods import began, steps
from hunt.testing.games import Game

SEED = bytes(range(32))
OPENS = datetime(2026, 11, 1, 18, tzinfo=UTC)

#: Hunts of which a game is played; together they have every rule of a grant.
_HUNT = """
[hunt]
id = "{id}"
title = "Vectors"
map = {map}
opens_at = 2026-11-01T18:00:00Z
closes_at = 2026-11-01T19:00:00Z
"""
HUNTS = {
    "stock": _HUNT
    + """
[[prize]]
id = "coin"
title = "Coin"
points = 5
odds = 0.5
stock = 6
per_player = 2
[[prize]]
id = "shell"
title = "Shell"
points = 1
odds = 0.25
stock = 20
""",
    "peaks": _HUNT
    + """
[[prize]]
id = "chest"
title = "Chest"
points = 50
odds = { peak = 0.9, at = [40, 60], radius = 20 }
stock = 8
overflow = "coin"
[[prize]]
id = "coin"
title = "Coin"
points = 5
odds = { odds = 0.1, at = [20, 20], within = 60 }
""",
    "moments": _HUNT
    + """
max_wins = { count = 2, per = "hour" }
timezone = "Asia/Kathmandu"
[[prize]]
id = "voucher"
title = "Voucher"
points = 7
win = "first"
release = { moments = 12 }
unclaimed = "void"
odds = { at = [30, 50], within = 45 }
[[prize]]
id = "coin"
title = "Coin"
points = 5
odds = 0.4
stock = 12
release = { even = true }
overflow = "shell"
[[prize]]
id = "shell"
title = "Shell"
points = 1
odds = 0.0
""",
    "steps": _HUNT
    + """
cooldown = 20.0
attempts = { count = 9, per = "day" }
[[prize]]
id = "ticket"
title = "Ticket"
points = 3
odds = 0.6
stock = 9
from = 2026-11-01T18:05:00Z
until = 2026-11-01T18:50:00Z
release = [[2026-11-01T18:10:00Z, 2], [2026-11-01T18:20:00Z, 6], [2026-11-01T18:40:00Z, 9]]
unclaimed = "void"
""",
    "degrees": _HUNT
    + """
max_speed = 3000
[[prize]]
id = "station"
title = "Station"
points = 9
odds = { odds = 0.5, at = [13.4, 52.5], within = 20000 }
per_player = 3
stock = 10
[[prize]]
id = "river"
title = "River"
points = 2
odds = { peak = 0.5, at = [13.3, 52.6], radius = 15000 }
""",
}
SIZED = "{ width = 100, height = 100 }"
EDGES = "{ west = 13.0, south = 52.0, east = 14.0, north = 53.0 }"

PERIODS = (
    ("hour", "Europe/Berlin", "2026-10-25T00:30:00+00:00"),
    ("hour", "Europe/Berlin", "2026-10-25T01:30:00+00:00"),
    ("day", "Europe/Berlin", "2026-10-25T22:59:59.999999+00:00"),
    ("day", "America/New_York", "2026-03-08T12:00:00+00:00"),
    ("week", "Asia/Kathmandu", "2026-11-01T18:15:00+00:00"),
    ("hour", "Asia/Kathmandu", "2026-11-01T18:00:00+00:00"),
    ("week", "UTC", "2026-11-01T18:00:00+00:00"),
    ("hunt", "UTC", "2026-11-01T18:00:00+00:00"),
)


def definition(name: str) -> Definition:
    """Return one of the hunts, by its name in `HUNTS`."""
    on = EDGES if name == "degrees" else SIZED
    head, tail = HUNTS[name].split("[[prize]]", 1)
    head = head.replace("{id}", name).replace("{map}", on)
    return hunt_file.parse(f"{head}[[prize]]{tail}")


def text() -> str:
    """Return ``docs/reference/proof-vectors.json``."""
    found = {
        "algorithm": 2,
        "seed": SEED.hex(),
        "commitment": commit(SEED),
        "uniform": list(_uniform()),
        "chances": list(_chances()),
        "periods": list(starmap(_period, PERIODS)),
        "moments": list(_moments()),
        "games": list(starmap(_game, enumerate(HUNTS))),
    }
    return json.dumps(found, indent=1) + "\n"


def _uniform() -> Iterator[dict[str, object]]:
    draws = Draws(SEED)
    for number, player in enumerate(("ada", "bob", "player:with.all_-kinds", "x" * 64)):
        click = str(uuid.UUID(int=number * 0x0123456789ABCDEF0123456789ABCDEF % 2**128))
        drawn = draws.uniform(click, player)
        yield {"id": click, "player": player, "uniform": drawn, "bits": int(drawn * 2**53)}


def _chances() -> Iterator[dict[str, object]]:
    places = {"peaks": ((40, 60), (41.5, 58.25), (0, 0), (80, 20)), "degrees": (
        (13.4, 52.5), (13.3, 52.6), (13.45, 52.55), (13.9, 52.9))}  # fmt: skip
    for name, positions in places.items():
        hunt = definition(name)
        odds = {each["id"]: each["odds"] for each in _json(hunt)["prizes"]}  # type: ignore[index, attr-defined]
        for prize in hunt.prizes:
            for x, y in positions:
                yield {
                    "map": _json(hunt)["map"],
                    "odds": odds[prize.id],
                    "x": x,
                    "y": y,
                    "chance": round(chance(prize, hunt.map, x, y), 12),
                }


def _period(per: str, timezone: str, at: str) -> dict[str, object]:
    start = began(per, timezone, datetime.fromisoformat(at))  # type: ignore[arg-type]
    return {
        "per": per,
        "timezone": timezone,
        "at": at,
        "began": None if per == "hunt" else start.isoformat(),
    }


def _moments() -> Iterator[dict[str, object]]:
    hunt = definition("moments")
    prize = hunt.prizes[0]
    starts, until = hunt.period(prize)
    assert starts is not None
    assert until is not None
    times = [_time(each.at) for each in steps(hunt, prize, SEED)]
    yield {
        "prize": prize.id,
        "from": _time(starts),
        "until": _time(until),
        "count": len(times),
        "times": times,
    }


def _game(number: int, name: str) -> dict[str, object]:
    """Play one hunt: each click that counts, with what it gets."""
    hunt, chooses = definition(name), random.Random(number)
    game = Game(hunt, SEED)
    rows: list[dict[str, object]] = []
    at = OPENS
    while len(rows) < 60 and at < OPENS + timedelta(hours=1):
        at += timedelta(microseconds=chooses.randrange(90_000_000))
        player = chooses.choice(("ada", "bob", "cy", "dee"))
        x, y = (round(each, 3) for each in hunt.map.at(chooses.random(), chooses.random()))
        if at >= OPENS + timedelta(hours=1) or not game.counts(player, (x, y), at):
            continue
        click = str(uuid.UUID(int=chooses.getrandbits(128)))
        settled = game.settle(click, player, (x, y), at)
        rows.append(
            {
                "seq": len(rows) + 1,
                "id": click,
                "player": player,
                "x": x,
                "y": y,
                "drawn": settled.drawn,
                "prize": settled.prize,
                "points": settled.points,
                "at": _time(at),
                "sold_out": settled.sold_out,
            }
        )
    return {"name": name, "definition": _json(hunt), "rows": rows}


def _json(hunt: Definition) -> dict[str, object]:
    return hunt_file.to_json(hunt)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
