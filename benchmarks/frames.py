"""Frames a second of the game page while many wins of other players arrive.

    python -m benchmarks.frames [--rate 100] [--seconds 15]

A server with one worker process, `hunt bench game` with 200 players as the load, and Chromium
without a graphics card on the same machine.  The page is open on a phone (390 x 844) and on a
desktop (1280 x 800), each before and under the load.  *late* frames took more than 50 ms.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, sync_playwright

from benchmarks import output
from hunt.bench.figure_table import Columns
from tests.browser.playing import Look, game
from tests.browser.serving import Server
from tests.support.processes import HUNT

COLUMNS: Columns = {
    "look": ("page", 0),
    "load": ("clicks/s", 0),
    "wins": ("wins shown in the ticker", 0),
    "frames": ("frames/s", 1),
    "p95_ms": ("frame p95 ms", 1),
    "late": ("late", 0),
}

LOOKS = {"phone": Look(390, 844), "desktop": Look(1280, 800)}

#: Counts frames, and the lines of the ticker, for some seconds.
MEASURE = """(seconds) => new Promise((done) => {
    const times = [];
    let wins = 0;
    new MutationObserver((all) => { for (const each of all) wins += each.addedNodes.length; })
        .observe(document.getElementById("news"), { childList: true });
    const start = performance.now();
    const frame = (now) => {
        times.push(now);
        if (now - start < seconds * 1000) requestAnimationFrame(frame);
        else done({ times, wins });
    };
    requestAnimationFrame(frame);
})"""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=100, help="clicks a second")
    parser.add_argument("--seconds", type=int, default=15, help="of each row")
    output.options(parser)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed")
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            for name, look in LOOKS.items():
                rows.append(measured(browser, server, name, look, 0, arguments.seconds))
                load = threading.Thread(
                    target=play, args=(server, arguments.rate, arguments.seconds + 8)
                )
                load.start()
                rows.append(
                    measured(browser, server, name, look, arguments.rate, arguments.seconds)
                )
                load.join()
        finally:
            browser.close()
            server.process.terminate()
            server.process.wait(30)
    output.show("Frames of the game page in Chromium", COLUMNS, rows, arguments)
    return 0


def measured(
    browser: Browser, server: Server, name: str, look: Look, rate: int, seconds: int
) -> dict[str, object]:
    """Return a row of the table."""
    with game(browser, server.url, look) as page:
        page.wait_for_timeout(2000)
        found = page.evaluate(MEASURE, seconds)
    times = found["times"]
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    return {
        "look": name,
        "load": rate,
        "wins": found["wins"],
        "frames": 1000 * len(gaps) / (times[-1] - times[0]),
        "p95_ms": gaps[int(len(gaps) * 0.95)],
        "late": sum(gap > 50 for gap in gaps),
    }


def play(server: Server, rate: int, seconds: int) -> None:
    bench = ["bench", "game", "--url", server.origin, "--data-dir", str(server.data_dir)]
    load = ["--players", "200", "--rate", str(rate), "--seconds", str(seconds)]
    subprocess.run(
        [*HUNT, *bench, *load],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    sys.exit(main())
