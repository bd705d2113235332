"""Render the PNG icons from the SVG: ``python -m tests.browser.icons``."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[2] / "hunt" / "web" / "static"

#: A launcher may crop a maskable icon to a circle of 80 % (W3C, Web App Manifest): the drawing is
#: scaled down, and the background fills the corners.
MASKABLE = """() => {
    document.getElementById("ground").setAttribute("rx", "0");
    const drawing = document.getElementById("drawing");
    drawing.setAttribute("transform", "translate(32 32) scale(.8) translate(-32 -30)");
}"""


def main() -> None:
    """Write the PNGs beside the SVG."""
    svg = (FOLDER / "icon.svg").read_text("utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for name, size in (("icon-192", 192), ("icon-512", 512), ("icon-maskable-512", 512)):
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{svg}")
            if "maskable" in name:
                page.evaluate(MASKABLE)
            page.screenshot(path=FOLDER / f"{name}.png", omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
