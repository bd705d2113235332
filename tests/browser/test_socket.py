"""The WebSocket, used by a script of a page."""

from __future__ import annotations

import json
import signal
import uuid
from typing import Any

from playwright.sync_api import Page

from tests.browser.playing import expect_live, expect_rewards
from tests.browser.serving import Server

#: Opens a socket, sends texts, and returns all messages until it closes.
TALK = """([url, say, until]) => new Promise((resolve) => {
    const told = [];
    const socket = new WebSocket(url);
    socket.onmessage = ({ data }) => {
        const [[kind, value]] = Object.entries(JSON.parse(data));
        told.push([kind, value]);
        if (kind === "hello") say.forEach((text) => socket.send(text));
        if (kind === until && told.filter(([each]) => each === until).length === say.length)
            socket.close(4000);
    };
    socket.onclose = ({ code, reason, wasClean }) =>
        resolve({ told, code, reason, wasClean, extensions: socket.extensions });
    window.opened = socket;
})"""


def talk(page: Page, url: str, *say: str, until: str = "") -> Any:
    return page.evaluate(TALK, [url, list(say), until])


def socket_of(server: Server, query: str = "") -> str:
    return f"{server.origin.replace('http', 'ws', 1)}/v1/hunts/harbour/socket{query}"


def test_socket_takes_clicks_and_delivers_rewards(page: Page, server: Server) -> None:
    clicks = [
        json.dumps({"click": {"id": str(uuid.uuid4()), "x": number, "y": 2}})
        for number in range(20)
    ]
    heard = talk(page, socket_of(server), *clicks, until="settled")
    assert not heard["extensions"], "it has offered to deflate"
    assert (heard["code"], heard["wasClean"]) == (4000, True)
    told = heard["told"]
    assert told[0][0] == "hello"
    rewards = [value for kind, value in told if kind == "reward"]
    settled = [value for kind, value in told if kind == "settled"]
    for each in settled:
        assert each.pop("receipt")["upto"] >= each["seq"]
    assert [each | {"duplicate": False} for each in rewards] == settled
    assert len(settled) == 20
    expect_rewards(page, 20)  # by the page's own stream

    last = f"?last_event_id={told[0][1]['epoch']}-{settled[-3]['seq']}"
    again = talk(page, socket_of(server, last), '{"ping":1}', until="pong")["told"]
    assert [value["seq"] for kind, value in again if kind == "reward"] == [
        each["seq"] for each in settled[-2:]
    ]


def test_socket_is_closed_with_a_code(page: Page, server: Server) -> None:
    for said, code in (("nonsense", 1007), ('{"ping":"' + "x" * 4096 + '"}', 1009)):
        heard = talk(page, socket_of(server), said)
        assert (heard["code"], heard["wasClean"]) == (code, True)
    assert talk(page, socket_of(server, "?ticket=gibberish"))["code"] == 4401
    # A page of another origin gets no message and no close code of hunt.
    elsewhere = page.context.new_page()
    elsewhere.goto("data:text/html,elsewhere")
    assert talk(elsewhere, socket_of(server))["code"] == 1006
    elsewhere.close()


def test_restart_sends_the_time_to_reconnect(page: Page, server: Server) -> None:
    page.evaluate(
        f"([url, ...rest]) => {{ window.heard = ({TALK})([url, ...rest]); }}",
        [socket_of(server), [], ""],
    )
    page.wait_for_function("() => window.opened.readyState === WebSocket.OPEN")
    server.stop(signal.SIGTERM)
    heard = page.evaluate("window.heard")
    assert (heard["code"], heard["wasClean"]) == (1012, True)
    kind, drain = heard["told"][-1]
    assert kind == "drain"
    assert 1 <= drain["retry_after"] <= 5
    server.start()
    expect_live(page)
