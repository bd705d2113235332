"""Accessibility checks with all rules of axe-core."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

from tests.support.requirements import required

VENDOR = Path(__file__).parent / "vendor"

LOOKS: list[tuple[Literal["dark", "light"], int, int]] = [
    ("dark", 1280, 800),
    ("light", 1280, 800),
    ("dark", 390, 844),
    ("light", 390, 844),
]

#: Runs all rules, including those that are off by default: AAA, best practices, experimental.
RUN = """async () => {
    const on = axe.getRules().map(({ ruleId }) => [ruleId, { enabled: true }]);
    const rules = Object.fromEntries(on);
    // Elements that are replaced every second would vanish during the check.
    const { replaceChildren } = Element.prototype;
    Element.prototype.replaceChildren = () => {};
    const resultTypes = ["violations", "incomplete"];
    const found = await axe.run(document, { rules, resultTypes, elementRef: true });
    Element.prototype.replaceChildren = replaceChildren;
    // Known incomplete results: content outside of a scroll container, hidden content, and text in
    // a picture, because axe-core does not know what is drawn beneath it.
    const known = ({ id }, { element }) =>
        id === "hidden-content" || (id === "color-contrast" && element.closest(".scrolls, svg"));
    const unsure = found.incomplete.map((rule) =>
        ({ ...rule, nodes: rule.nodes.filter((node) => !known(rule, node)) }));
    return [...found.violations, ...unsure].flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}"""


@cache
def _axe() -> str:
    missing = "axe-core is in the repository, not in the source distribution"
    return required(VENDOR / "axe.min.js", missing).read_text("utf-8")


def accessible(page: Page) -> None:
    """Assert that axe-core finds no violation, dark and light, on desktop and phone."""
    before = page.viewport_size
    page.evaluate(_axe())
    found: list[str] = []
    for scheme, width, height in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        wrong: list[str] = page.evaluate(RUN)
        found += [f"{scheme}, {width} pixels wide: {each}" for each in wrong]
    page.emulate_media(color_scheme="dark", reduced_motion="no-preference")
    if before is not None:
        page.set_viewport_size(before)
    assert not found, found
