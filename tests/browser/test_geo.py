"""Maps by their edges, and clicks at the position of the device."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import (
    Look,
    RequestLog,
    click,
    expect_rewards,
    flare,
    painted,
    screenshot,
    send_click,
    visit,
    watch_flares,
)
from tests.browser.serving import Server

LOOKS = pytest.mark.parametrize(
    "page",
    [
        pytest.param(Look(), id="desk"),
        pytest.param(Look(390, 844), id="phone"),
        pytest.param(Look(844, 390), id="phone on its side"),
    ],
    indirect=True,
)

BERLIN = {"west": 13.3, "south": 52.46, "east": 13.5, "north": 52.56}
#: Colour of the device on the map.
BLUE = [47, 125, 246]
STATION = {"longitude": 13.3695, "latitude": 52.5251, "accuracy": 12.0}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server of its own: the page of the other tests shows one hunt."""
    started = Server(tmp_path_factory.mktemp("geo"))
    try:
        yield started
    finally:
        started.stop(signal.SIGTERM)


def open_city(server: Server, hunt_id: str, title: str, **fields: Any) -> None:
    """Open a hunt in which every click wins, on a map by its edges."""
    server.open_hunt(hunt_id, title, **{"map": BERLIN} | fields)


def stand(page: Page, **place: float) -> None:
    """Put the device of the page to a place, with permission to read its position."""
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(place)  # type: ignore[arg-type]


def win_of_another(browser: Browser, server: Server, hunt_id: str, x: float, y: float) -> None:
    """Click as another guest, in a hunt in which every click wins."""
    context = browser.new_context(base_url=server.url)
    context.request.post("/v1/session")
    send_click(context.request, server.origin, hunt_id, x=x, y=y)
    context.close()


def shape(page: Page) -> float:
    box = page.locator("#map").bounding_box()
    assert box is not None
    return box["width"] / box["height"]


@LOOKS
def test_map_in_degrees_has_its_shape_and_takes_taps(page: Page, server: Server) -> None:
    open_city(server, "city-taps", "City taps")
    visit(page, "city-taps", "City taps")
    assert shape(page) == pytest.approx(0.2 * 0.6085 / 0.1, rel=0.01), "cos(52.51) is 0.6085"
    clicks = RequestLog(page, "/clicks", "POST")
    click(page, 0.25, 0.1)
    expect_rewards(page, 1)
    [body] = clicks.bodies
    assert body["x"] == pytest.approx(13.35, abs=0.001)
    assert body["y"] == pytest.approx(52.55, abs=0.001), "north is up"
    assert "accuracy" not in body
    page.locator("#map").focus()
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    expect_rewards(page, 2)
    assert clicks.bodies[1]["x"] == pytest.approx(13.38)
    assert clicks.bodies[1]["y"] == pytest.approx(52.52)
    painted(page)
    accessible(page)
    size = page.viewport_size
    assert size is not None
    screenshot(page, f"geo-taps-{size['width']}", full_page=True)


@LOOKS
def test_button_clicks_where_the_device_is(page: Page, server: Server) -> None:
    open_city(server, "city-device", "City", max_accuracy=50, max_speed=30)
    stand(page, **STATION)
    visit(page, "city-device", "City")
    here = page.get_by_role("button", name="Click where I am")
    clicks = RequestLog(page, "/clicks", "POST")
    click(page)
    expect(page.locator("#outcome")).to_have_text(
        "Taps do not count in this hunt. Use the button below."
    )
    here.click()
    expect_rewards(page, 1)
    assert [{k: v for k, v in each.items() if k != "id"} for each in clicks.bodies] == [
        {"x": 13.3695, "y": 52.5251, "accuracy": 12}
    ]
    stand(page, longitude=13.3695, latitude=52.5341, accuracy=12)
    here.click()
    expect(page.locator("#outcome")).to_contain_text(
        "You cannot have come this far since your last click. This place counts in"
    )
    painted(page)
    accessible(page)
    size = page.viewport_size
    assert size is not None
    screenshot(page, f"geo-device-{size['width']}", full_page=True)
    expect_rewards(page, 1)


def test_device_that_is_inaccurate_or_elsewhere_does_not_click(page: Page, server: Server) -> None:
    open_city(server, "city-device", "City", max_accuracy=50, max_speed=30)
    visit(page, "city-device", "City")
    here = page.get_by_role("button", name="Click where I am")
    clicks = RequestLog(page, "/clicks", "POST")
    stand(page, **STATION | {"accuracy": 80.2})
    here.click()
    expect(page.locator("#outcome")).to_contain_text("accurate to 81 metres only")
    stand(page, **STATION | {"longitude": 13.6})
    here.click()
    expect(page.locator("#outcome")).to_have_text("You are outside of the map of this hunt.")
    page.context.clear_permissions()
    here.click()
    expect(page.locator("#outcome")).to_contain_text("This page may not see your position.")
    accessible(page)
    screenshot(page, "geo-refused")
    assert len(clicks) == 0


PIXEL = """([u, v]) => {
    const map = document.querySelector("#map");
    const [x, y] = [Math.round(u * map.width), Math.round(v * map.height)];
    return [...map.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3)];
}"""


def test_map_shows_where_the_device_is_once_the_page_may_see_it(page: Page, server: Server) -> None:
    open_city(server, "city-device", "City", max_accuracy=50, max_speed=30)
    share = [(STATION["longitude"] - 13.3) / 0.2, (52.56 - STATION["latitude"]) / 0.1]
    visit(page, "city-device", "City")
    painted(page)
    assert page.evaluate(PIXEL, share) != BLUE
    stand(page, **STATION)
    page.reload()
    page.wait_for_function(
        f"(share) => String(({PIXEL})(share)) === '{','.join(map(str, BLUE))}'", arg=share
    )


def test_either_source_is_taken_where_the_hunt_allows_it(page: Page, server: Server) -> None:
    open_city(server, "city-either", "City either", position="either")
    stand(page, **STATION | {"accuracy": 4000.0})
    visit(page, "city-either", "City either")
    page.get_by_role("button", name="Click where I am").click()
    expect_rewards(page, 1)
    click(page)
    expect_rewards(page, 2)


def test_map_in_degrees_lights_up_in_its_middle_at_the_win_of_another(
    page: Page, browser: Browser, server: Server
) -> None:
    open_city(server, "city-taps", "City taps")
    visit(page, "city-taps", "City taps")
    watch_flares(page)
    win_of_another(browser, server, "city-taps", 13.35, 52.5)
    assert flare(page) == (0.5, 0.5)
    click(page, 0.25, 0.1)  # a page that cannot paint its map has an error
    expect_rewards(page, 1)
    painted(page)


def test_device_over_the_180th_meridian_is_on_the_map(page: Page, server: Server) -> None:
    fiji = {"west": 177, "south": -19, "east": 182, "north": -16}
    open_city(server, "fiji", "Fiji", map=fiji, position="device")
    stand(page, longitude=-179.9, latitude=-17.5, accuracy=5)
    visit(page, "fiji", "Fiji")
    clicks = RequestLog(page, "/clicks", "POST")
    page.get_by_role("button", name="Click where I am").click()
    expect_rewards(page, 1)
    assert clicks.bodies[0]["x"] == pytest.approx(180.1)
    painted(page)
    screenshot(page, "geo-fiji")


def test_plane_by_its_edges_points_north(page: Page, server: Server) -> None:
    plane = {"west": -50, "south": -20, "east": 50, "north": 20, "unit": "plane"}
    open_city(server, "plane", "Plane", map=plane)
    visit(page, "plane", "Plane")
    assert shape(page) == pytest.approx(2.5, rel=0.01)
    clicks = RequestLog(page, "/clicks", "POST")
    click(page, 0.75, 0.25)
    expect_rewards(page, 1)
    assert clicks.bodies[0]["x"] == pytest.approx(25, abs=0.2)
    assert clicks.bodies[0]["y"] == pytest.approx(10, abs=0.2)
    painted(page)
    screenshot(page, "geo-plane")
