"""Bodies of the clicks of ``hunt bench``."""

from __future__ import annotations

import uuid
from itertools import islice

import pytest

from hunt.bench.click_bodies import OPENING, Ground
from hunt.core import wire
from hunt.core.maps import Map


@pytest.mark.parametrize(
    "on",
    [
        Map.sized(100, 50),
        Map(-58.51, -34.7, -58.3, -34.5, "degrees"),
        Map(170, -90, 190, 90, "degrees"),
        Map(-7.5, 0.001, 1234.5, 3, "plane"),
    ],
)
def test_bodies_are_clicks_on_the_map_of_one_length(on: Map) -> None:
    for ground, limit in ((Ground(on), None), (Ground(on, 50.0), 50.0)):
        seen, length = set(), ground.body_length()
        for end in islice(ground.positions(), 500):
            body = OPENING + str(uuid.uuid4()).encode() + end
            assert len(body) == length
            _, *position = wire.decode_click(body, on, limit)
            seen.add(tuple(position))
        assert len(seen) > 400
