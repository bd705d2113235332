"""Answers of the fast lane: pieces that clicks share, and what they do not share."""

from __future__ import annotations

import json

from hypercorn.config import Config

from hunt.core.codes import Code
from hunt.core.events import Reward, Settlement
from hunt.edge.answers import Answers

ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"


AT = "2026-11-01T18:00:00.000001Z"


def test_winners_of_one_batch_get_their_own_codes() -> None:
    answers = Answers(Config())
    for code in ("first", "second, longer"):
        reward = Reward(7, ID, "ada", "voucher", 5, AT, 1, 2, code=Code(code))
        head, _, body = answers.settled(Settlement(reward, duplicate=False), "r").partition(
            b"\r\n\r\n"
        )
        assert json.loads(body)["code"] == code
        assert f"content-length: {len(body)}\r\n".encode() in head
