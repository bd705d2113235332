"""What axe-core finds on a page, with every rule that it has, in every look."""

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

#: Also the rules that are off by default: AAA, best practices, and what is experimental.
RUN = """async () => {
    const on = axe.getRules().map(({ ruleId }) => [ruleId, { enabled: true }]);
    const rules = Object.fromEntries(on);
    // What is made anew every second would be gone before it is looked at.
    const { replaceChildren } = Element.prototype;
    Element.prototype.replaceChildren = () => {};
    const resultTypes = ["violations", "incomplete"];
    const found = await axe.run(document, { rules, resultTypes, elementRef: true });
    Element.prototype.replaceChildren = replaceChildren;
    // It cannot look behind what is scrolled away, and says of hidden parts that they are hidden.
    const known = ({ id }, { element }) =>
        id === "hidden-content" || (id === "color-contrast" && element.closest(".scrolls"));
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
    """Assert that nothing is wrong with the page as it stands, dark and light, large and small."""
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
