"""The proof page: it verifies a file, names a forgery, takes receipts, and plays a time-lapse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import go_until, screenshot, send_click, watched
from tests.browser.serving import Server
from tests.proof.bundles import write
from tests.proof.forgeries import FORGERIES, forged, honest


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """Yield the page without a hunt, on a phone."""
    server.ensure()
    context = browser.new_context(base_url=server.url, viewport={"width": 390, "height": 844})
    with watched(context, server.url):
        opened = context.new_page()
        opened.goto("/proof")
        expect(opened.locator("#state")).to_have_text("Choose the file of a hunt below.")
        yield opened


def check(page: Page, lines: list[dict[str, object]], folder: Path) -> None:
    """Let the page check a bundle, and wait for the verdict."""
    page.locator("#verdict").evaluate("element => element.textContent = ''")
    page.set_input_files("#file", write(folder / "proof.jsonl.gz", lines))
    expect(page.locator("#verdict")).not_to_be_empty()


def states(page: Page) -> dict[str, str]:
    """Return the state of each step that is shown."""
    items = page.locator("#steps > li:not([hidden])")
    found = items.evaluate_all("items => items.map(({ id, dataset }) => [id, dataset.state])")
    return {name.removeprefix("step-"): state for name, state in found}


def test_honest_hunt_holds_and_the_page_is_accessible(page: Page, tmp_path: Path) -> None:
    genuine = honest()
    check(page, genuine.lines, tmp_path)
    expect(page.locator("#verdict")).to_have_text("Every step holds, for all 400 clicks.")
    assert states(page) == dict.fromkeys(("file", "seals", "chain", "codes", "draws"), "holds")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check: Häfen bei Nacht")
    assert page.locator("#seals dd").inner_text() == genuine.seal
    accessible(page)
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#check-title").evaluate("title => title.scrollIntoView()")
    screenshot(page, "proof")


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_forgery_is_named_in_its_step(page: Page, name: str, tmp_path: Path) -> None:
    lines, answers, seal = forged(name)
    forgery = FORGERIES[name]
    check(page, lines, tmp_path)
    if seal is not None:
        page.get_by_label("Fingerprint of the first seal").fill(seal)
        page.get_by_label("Fingerprint of the first seal").press("Enter")
    if answers:
        page.get_by_label("Answers with receipts").fill(json.dumps(answers))
        page.get_by_role("button", name="Check my receipts").click()
    wrong = page.locator(f"#step-{forgery.step} .wrong")
    expect(wrong).to_have_text(re.compile(forgery.names))
    assert states(page)[forgery.step] == "fails"
    expect(page.locator("#verdict")).to_contain_text("not hold")
    if name == "moment-for-a-later-click":
        page.locator("#step-codes").evaluate("step => step.scrollIntoView()")
        screenshot(page, "proof-forged")


def test_player_checks_receipts(page: Page, tmp_path: Path) -> None:
    genuine = honest()
    check(page, genuine.lines, tmp_path)
    box, button = page.get_by_label("Answers with receipts"), "Check my receipts"
    result = page.locator("#receipts-result")
    answer = genuine.answers[100]
    for text, said in (
        ("", "Paste an answer to a click first."),
        ("{}\nno", "Line 2 is not JSON."),
        ('{"seq": 1}', "This is not an answer with a receipt"),
        (json.dumps(answer), f"Your click is row {answer['seq']}, as you were told"),
        ("\n".join(map(json.dumps, genuine.answers)), "All 400 receipts fit the log."),
        (json.dumps(answer | {"points": 77}), "A receipt does not fit: row 101 has points"),
    ):
        box.fill(text)
        page.get_by_role("button", name=button).click()
        expect(result).to_contain_text(said)
    assert states(page)["receipts"] == "fails"
    accessible(page)


def test_receipt_may_be_in_the_address(page: Page, tmp_path: Path) -> None:
    genuine = honest()
    page.goto(f"/proof?#receipts={quote(json.dumps(genuine.answers[7]))}")
    page.reload()
    check(page, genuine.lines, tmp_path)
    expect(page.locator("#receipts-result")).to_contain_text("Your click is row 8")


def test_file_that_is_no_bundle_is_refused(page: Page, tmp_path: Path) -> None:
    for number, (content, said) in enumerate(
        (
            (b"hello", "line 1 is not JSON"),
            (b'{"kind":"x"}\n', "the first line is not that of a bundle"),
            (b"\x1f\x8b\x00", "cannot be unpacked"),
        )
    ):
        file = tmp_path / f"{number}.jsonl"
        file.write_bytes(content)
        page.set_input_files("#file", file)
        expect(page.locator("#state")).to_contain_text(said)


def test_time_lapse_shows_stock_and_leaders_at_each_time(page: Page, tmp_path: Path) -> None:
    genuine = honest()
    check(page, genuine.lines, tmp_path)
    time, so_far = page.get_by_label("Time of the hunt"), page.locator("#so-far")
    voided = 1
    finds = sum(1 for each in genuine.answers if each["prize"]) - voided
    expect(so_far).to_have_text(f"400 clicks, {finds} finds")
    expect(page.locator("#prizes li").nth(0)).to_contain_text("Chest: 29 of 30")
    time.fill("0")
    expect(so_far).to_contain_text(re.compile(r"^\d clicks, "))
    time.fill("500")
    half = int(so_far.inner_text().split()[0])
    assert 50 < half < 350
    expect(page.locator("#leaders li")).to_have_count(5)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").click()
    assert int(so_far.inner_text().split()[0]) >= half
    painted = """() => {
        const map = document.getElementById("map");
        const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
        return data.some((each) => each > 0);
    }"""
    assert page.evaluate(painted)
    page.locator("#replay-title").evaluate("title => title.scrollIntoView()")
    screenshot(page, "proof-replay")


def test_unknown_hunt_is_named(page: Page) -> None:
    page.goto("/proof/nowhere")
    expect(page.locator("#state")).to_contain_text("There is no hunt nowhere")


def test_player_checks_a_hunt_before_and_after_its_end(
    page: Page, browser: Browser, server: Server
) -> None:
    server.open_hunt("proven", "The proven hunt", 3)
    state, verdict = page.locator("#state"), page.locator("#verdict")
    sealed = state.filter(has_text="The hunt has not ended yet")
    go_until(page, "/proof/proven", sealed, before=state.filter(has_text="There is no hunt"))
    expect(page.locator("#seals dd")).to_have_count(1)
    saved = page.locator("#seals dd").inner_text()
    accessible(page)
    same = {"Origin": server.origin}
    assert page.request.post("/v1/session", headers=same).ok
    answers = [
        send_click(page.request, server.origin, "proven", x=number + 0.5, y=3.25)
        for number in range(6)
    ]
    server.operate("/hunts/proven/close", {})
    refused = state.filter(has_text="The server does not send the file")
    go_until(page, "/proof/proven", verdict.filter(has_text="."), before=sealed.or_(refused))
    expect(verdict).to_have_text("Every step holds, for all 6 clicks.")
    expect(page.locator("#own-count")).to_contain_text("6 clicks in the log")
    expect(page.locator("#own-rows tr")).to_have_count(6)
    expect(page.locator("#own-rows tr").first).to_contain_text("gold-0, 3 points")
    expect(page.locator("#own-rows tr").last).to_contain_text("nothing: gold-0 was sold out")
    expect(page.locator("#leaders li.you")).to_have_text("You9")
    page.get_by_label("Fingerprint of the first seal").fill(saved)
    page.get_by_label("Answers with receipts").fill("\n".join(map(json.dumps, answers)))
    page.get_by_role("button", name="Check my receipts").click()
    expect(page.locator("#receipts-result")).to_have_text("All 6 receipts fit the log.")
    assert set(states(page).values()) == {"holds"}
    accessible(page)
