from __future__ import annotations

import json

import pytest

from hunt.core import websocket_messages
from hunt.core.events import Reward, Settlement
from hunt.errors import InvalidRequest

WON = Reward(7, "c7", "ada", "coin", 5, "2026-01-01T00:00:00Z", 1.0, 2.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"click": {"id": 1}}', websocket_messages.Click(b'{"id": 1}')),
        ('{"click": null}', websocket_messages.Click(b"null")),
        ('{"ping": 7}', websocket_messages.Ping(b"7")),
        ('{"ping": 7.50}', websocket_messages.Ping(b"7.50")),
    ],
)
def test_click_and_ping_are_decoded(text: str, said: object) -> None:
    assert websocket_messages.decode(text) == said


@pytest.mark.parametrize("text", ["", "7", "[]", "{", '"click"', '{"a":' * 5000])
def test_message_without_object_raises_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a message must be a JSON object$"):
        websocket_messages.decode(text)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("{}", "a message has one member: click or ping"),
        ('{"click": {}, "ping": 1}', "a message has one member: click or ping"),
        ('{"pong": 1}', "a message is a click or a ping"),
        ('{"ping": "1"}', "a ping is a number"),
        ('{"ping": null}', "a ping is a number"),
    ],
)
def test_unknown_message_is_refused(text: str, detail: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        websocket_messages.decode(text)
    assert str(refused.value) == detail


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"id": "c7", "x": 1}', "c7"),
        (b'{"id": "%s"}' % (b"c" * 64), "c" * 64),
        (b'{"id": "%s"}' % (b"c" * 65), None),
        (b'{"id": 7}', None),
        (b'{"x": 1}', None),
        (b"[]", None),
        (b"{", None),
        (b'{"id":' * 5000, None),
    ],
)
def test_refusal_repeats_short_click_id(body: bytes, expected: str | None) -> None:
    assert websocket_messages.click_id(body) == expected


def test_answers_have_documented_json() -> None:
    said = {
        websocket_messages.hello("harbour", "k1", 7, True): {
            "hello": {"hunt": "harbour", "epoch": "k1", "seq": 7, "resumed": True}
        },
        websocket_messages.reset("epoch"): {"reset": {"reason": "epoch"}},
        websocket_messages.drain(1.5): {"drain": {"retry_after": 1.5}},
        websocket_messages.pong(b"7.50"): {"pong": 7.5},
        websocket_messages.refused(
            "c7", 429, "slower", title="Too fast", retry_after=2, x=None, errors={}
        ): {
            "refused": {
                "id": "c7", "status": 429, "detail": "slower", "title": "Too fast",
                "retry_after": 2,
            }
        },
        websocket_messages.refused(None, 400, "no"): {
            "refused": {"id": None, "status": 400, "detail": "no"}
        },
    }  # fmt: skip
    for text, expected in said.items():
        assert json.loads(text) == expected
    [(kind, told)] = json.loads(websocket_messages.reward(WON)).items()
    assert kind == "reward"
    assert (told["seq"], told["prize"], told["points"]) == (7, "coin", 5)
    [(kind, told)] = json.loads(websocket_messages.settled(Settlement(WON, duplicate=True))).items()
    assert kind == "settled"
    assert (told["seq"], told["duplicate"]) == (7, True)
