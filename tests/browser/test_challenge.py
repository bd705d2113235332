"""A visitor who must pass a challenge to become a guest."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.playing import Look, click, expect_live, expect_rewards, game
from tests.browser.serving import Server

TEXTS = [*("x" * length for length in (0, 1, 54, 55, 56, 63, 64, 65, 200)), "a&b?7=42"]

HASHES = """async (texts) => {
    const { sha256 } = await import("/static/lib/sha256.js");
    const hex = (word) => (word >>> 0).toString(16).padStart(8, "0");
    return texts.map((text) => Array.from(sha256(text), hex).join(""));
}"""


def test_hashes_of_the_page_are_sha256(page: Page) -> None:
    assert page.evaluate(HASHES, TEXTS) == [
        hashlib.sha256(text.encode()).hexdigest() for text in TEXTS
    ]


def test_visitor_plays_after_a_proof_of_work(browser: Browser, server: Server) -> None:
    server.ensure()
    settings = {"HUNT_CHALLENGE": "altcha", "HUNT_CHALLENGE_WORK": "20000"}
    with server.restarted(**settings), game(browser, server.url, Look()) as page:
        click(page)
        expect_rewards(page, 1)
        asked: list[str] = []
        page.on("request", lambda made: asked.append(made.url.removeprefix(server.origin)))
        page.reload()
        expect_live(page)
        assert "/v1/challenge" not in asked, "a guest is not asked again"


def test_wrong_answers_end_with_a_message(browser: Browser, server: Server) -> None:
    server.ensure()

    def answer(route: Route) -> None:
        puzzle = {"salt": "", "challenge": hashlib.sha256(b"3").hexdigest(), "maxnumber": 9}
        puzzle |= {"algorithm": "SHA-256", "signature": ""}
        route.fulfill(json={"kind": "altcha", "puzzle": puzzle})

    with server.restarted(HUNT_CHALLENGE="altcha"):
        page = browser.new_context(base_url=server.url).new_page()
        page.route("**/v1/challenge", answer)
        page.goto("/")
        expect(page.locator("#outcome")).to_have_text("The answer is malformed.")
        page.context.close()


class Provider(BaseHTTPRequestHandler):
    """Takes the answer that the script of the test gives."""

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        body = json.dumps({"success": "response=of-the-widget" in form}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def provider() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as service:
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{service.server_address[1]}/siteverify"
        finally:
            service.shutdown()
            thread.join()


#: The part of a provider's script that the page uses.
SCRIPT = """globalThis.%s = { render(frame, { sitekey, callback }) {
    const button = Object.assign(document.createElement("button"), { textContent: sitekey });
    button.addEventListener("click", () => callback("of-the-widget"));
    frame.append(button);
} };"""


@pytest.mark.parametrize(
    ("kind", "script"),
    [("turnstile", "https://challenges.cloudflare.com/**"), ("hcaptcha", "https://js.hcaptcha.com/**")],
    ids=["turnstile", "hcaptcha"],
)  # fmt: skip
def test_visitor_plays_after_the_widget_of_a_third_party(
    browser: Browser, server: Server, kind: str, script: str
) -> None:
    server.ensure()
    with provider() as url:
        settings = {
            "HUNT_CHALLENGE": kind,
            "HUNT_CHALLENGE_URL": url,
            "HUNT_CHALLENGE_SITE_KEY": "the-site-key",
            "HUNT_CHALLENGE_SECRET": "the-secret-of-the-provider",
        }
        with server.restarted(**settings):
            page = browser.new_context(base_url=server.url).new_page()
            errors: list[str] = []
            page.on("console", lambda said: errors.append(said.text))
            page.route(
                script,
                lambda route: route.fulfill(body=SCRIPT % kind, content_type="text/javascript"),
            )
            page.goto("/")
            page.get_by_role("button", name="the-site-key").click()
            expect_live(page)
            expect(page.locator("#challenge")).to_have_count(0)
            assert [each for each in errors if "Policy" in each] == []
            page.context.close()
