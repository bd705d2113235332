"""Bursts: the page renders once a frame and announces one sentence."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.playing import expect_rewards, frozen_clock

BURST = 200

#: Counts animation frames, draws of the map, and DOM changes.
COUNT = """() => {
    const counted = (window.counted = { frames: 0, paints: 0 });
    const tick = () => { counted.frames++; requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
    const { prototype } = CanvasRenderingContext2D;
    const paint = prototype.drawImage;
    prototype.drawImage = function (...what) { counted.paints++; return paint.apply(this, what); };
    for (const id of ["points", "count", "outcome", "said", "rewards"]) {
        counted[id] = 0;
        new MutationObserver((changes) => (counted[id] += changes.length))
            .observe(document.getElementById(id), { childList: true });
    }
}"""

CLICK = """(number) => {
    const map = document.getElementById("map");
    const box = map.getBoundingClientRect();
    for (let n = 0; n < number; n++) {
        const clientX = box.left + (box.width * (n + 0.5)) / number;
        map.dispatchEvent(new MouseEvent("click", { clientX, clientY: box.top + box.height / 2 }));
    }
}"""


def counted(page: Page) -> dict[str, int]:
    found: dict[str, int] = page.evaluate("counted")
    return found


def test_burst_of_events_is_rendered_once(page: Page) -> None:
    hunt = page.request.get("v1/hunts/harbour").json()
    hello = json.dumps({"hunt": "harbour", "epoch": hunt["epoch"], "seq": 0, "resumed": True})
    blocks = [f"retry: 200000\n\nevent: hello\ndata: {hello}\n\n"]
    for seq in range(1, BURST + 51):
        reward: dict[str, Any] = {"id": str(uuid.uuid4()), "seq": seq, "prize": "shell"}
        reward |= {"points": 5, "at": "2026-11-01T18:00:00.000000Z"}
        event_id = f"{hunt['epoch']}-{seq}"
        blocks.append(f"id: {event_id}\nevent: reward\ndata: {json.dumps(reward)}\n\n")
    page.route(
        "**/events",
        lambda route: route.fulfill(content_type="text/event-stream", body="".join(blocks)),
    )
    page.add_init_script(f"addEventListener('DOMContentLoaded', {COUNT})")
    page.reload()
    expect(page.locator("#count")).to_have_text(f"· {BURST + 50}")
    expect(page.locator("#points")).to_have_text(f"{5 * (BURST + 50):,}")
    expect(page.locator("#rewards li")).to_have_count(BURST)  # the capacity of the list
    expect(page.locator("#rewards li").first).to_have_attribute("data-seq", str(BURST + 50))
    changes = counted(page)
    assert changes["points"] <= 3
    assert changes["count"] <= 3
    assert changes["rewards"] <= BURST


@frozen_clock
def test_burst_of_clicks_is_rendered_once_a_frame_and_announced_once(
    page: Page,
) -> None:
    page.evaluate(COUNT)
    page.evaluate(CLICK, BURST)
    expect_rewards(page, BURST)
    changes = counted(page)
    assert changes["outcome"] >= 1
    for what in ("points", "count", "outcome", "paints"):
        assert changes[what] <= changes["frames"], what
    said = page.locator("#said")
    assert changes["said"] == 1, "one announcement, then a pause"
    first = said.inner_text()
    page.evaluate(CLICK, 1)
    expect(page.locator("#count")).to_have_text(f"· {BURST + 1}")
    page.clock.run_for(5_000)
    expect(said).not_to_have_text(first)
    # The sentence about a single click has no number.
    counts = [re.match(r"(\d+) clicks", text) for text in (first, said.inner_text())]
    assert sum(int(count[1]) if count else 1 for count in counts) == BURST + 1
    page.clock.run_for(60_000)
    assert counted(page)["said"] == 2, "nothing new to announce"
