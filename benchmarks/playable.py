"""The first and a later visit in Chromium: requests, bytes, and the time until it is playable.

    python -m benchmarks.playable [--rounds 3]

Each row is a network of Chromium's ``Network.emulateNetworkConditions``.  The game is playable
once the map is drawn and a click would be sent: the page has its hunt, its player and its
handlers.  *later* reloads the page with what the browser has kept.  Requests and bytes are
those until the streams are live, as Chromium counts them on the wire.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))


from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks import output, serving
from hunt.bench.figure_table import Columns
from hunt.errors import SettingsError
from tests.browser.traffic import Traffic

#: Latency in ms, bytes per second down and up, by name.  The first two are the throttling of
#: Lighthouse and of WebPageTest, the last two the presets of Chromium's developer tools.
NETWORKS: Mapping[str, tuple[float, float, float]] = {
    "none": (0, -1, -1),
    "Slow 4G (Lighthouse)": (150, 1_638_400 / 8, 750_000 / 8),
    "3G (WebPageTest)": (300, 1_600_000 / 8, 768_000 / 8),
    "Slow 4G (developer tools)": (562.5, 180_000, 84_375),
    "3G (developer tools)": (2000, 50_000, 50_000),
}

COLUMNS: Columns = {
    "network": ("network", 0),
    "visit": ("visit", 0),
    "requests": ("requests", 0),
    "files": ("of these files", 0),
    "bytes": ("bytes", 0),
    "playable_ms": ("playable ms", 0),
    "live_ms": ("live ms", 0),
}

PLAYABLE = "() => performance.getEntriesByName('hunt-playable').length > 0"
LIVE = "() => document.getElementById('state')?.textContent === 'live'"


@contextmanager
def throttled(browser: Browser, network: str) -> Iterator[tuple[Page, CDPSession]]:
    """Yield a page of a new browser profile behind a network."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    session = context.new_cdp_session(page)
    latency, down, up = NETWORKS[network]
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": latency,
            "downloadThroughput": down,
            "uploadThroughput": up,
        },
    )
    try:
        yield page, session
    finally:
        context.close()


def measure(page: Page, session: CDPSession, url: str) -> dict[str, object]:
    """Visit the game; return the figures."""
    traffic = Traffic(session)
    page.goto(url, wait_until="commit")
    page.wait_for_function(PLAYABLE, timeout=60_000)
    page.wait_for_function(LIVE, timeout=60_000)
    live = page.evaluate("performance.now()")
    page.wait_for_timeout(500)  # so that late requests are counted, too
    playable = page.evaluate("performance.getEntriesByName('hunt-playable')[0].startTime")
    traffic.stop()
    urls = list(traffic.urls.values())
    files = sum("/static/" in each for each in urls)
    return {
        "requests": len(urls), "files": files, "bytes": traffic.size(),
        "playable_ms": playable, "live_ms": live, "urls": urls,
    }  # fmt: skip


def main() -> None:
    serving.prepare()
    options = arguments()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SettingsError("chromium: not installed; install the Debian package chromium")
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        flags = ["--processes", "1", "--data-dir", folder]
        with serving.hunt(flags, {}) as (url, _), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            rows = [row for network in NETWORKS for row in visits(browser, url, network, options)]
            browser.close()
    output.show("Visits in Chromium", COLUMNS, rows, options)


def visits(
    browser: Browser, url: str, network: str, options: argparse.Namespace
) -> list[dict[str, object]]:
    """Return the medians of first and of later visits behind a network."""
    found: dict[str, list[dict[str, object]]] = {"first": [], "later": []}
    for _ in range(options.rounds):
        with throttled(browser, network) as (page, session):
            for each in found.values():
                each.append(measure(page, session, url))
    if options.urls:
        for name, each in found.items():
            print(network, name, *each[-1]["urls"], sep="\n  ")  # type: ignore[misc]
    figures = ("requests", "files", "bytes", "playable_ms", "live_ms")
    return [
        {"network": network, "visit": name}
        | {key: median(row[key] for row in each) for key in figures}  # type: ignore[type-var]
        for name, each in found.items()
    ]


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    output.options(parser)
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--urls", action="store_true", help="print the requests")
    return parser.parse_args()


if __name__ == "__main__":
    main()
