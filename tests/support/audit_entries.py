"""Entries of the audit trail as tests of acts expect them, and clicks on which operators act."""

from __future__ import annotations

import uuid
from typing import Any

from tests.support.serving import Client, bearer

ABSENT = object()  #: a read has neither before nor after
PLAYER = "player-of-this-test"


class Some:
    """Equal to every state that is not null, where another test compares its parts."""

    def __eq__(self, other: object) -> bool:
        return other is not None and other is not ABSENT

    __hash__ = object.__hash__


SOME = Some()

#: An entry: its action, before and after.
Expected = tuple[str, Any, Any]


def read(action: str) -> list[Expected]:
    return [(action, ABSENT, ABSENT)]


def version(number: int) -> dict[str, int]:
    return {"version": number}


async def win(client: Client) -> None:
    body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
    answer = await client.post("/v1/hunts/live/clicks", json=body, headers=bearer(PLAYER))
    assert answer.json()["code"].startswith("HUSH")
