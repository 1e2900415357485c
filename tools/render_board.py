"""Writes docs/images/board.png, the picture of the wave board: the sample plan with one region moved, in Chromium."""

import io
import os
import tempfile
from pathlib import Path

from PIL import Image

import simulation
import waves
from simulation.boards.page import fragment
from wavecast.reporting.page import document
from wavecast.rules import read_rules

PLACE = Path(__file__).resolve().parent.parent / "docs" / "images" / "board.png"
COLOURS = 128


def page() -> str:
    """Return a page with the board."""
    scenario, today = simulation.sample("storefront"), waves.sample("six-region-three-wave")
    made = fragment(scenario, today, rules=read_rules("storefront"), seed=7, nearby=True)
    return document(str(made), title="Wave board")


def main() -> None:
    """Open the page, move a region by keyboard, and keep what is seen."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "board.html"
        path.write_text(page(), encoding="utf-8")
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        seen = browser.new_page(viewport={"width": 1060, "height": 900})
        seen.goto(path.as_uri())
        seen.locator(".wb-chip", has_text="us-east-1").focus()
        seen.keyboard.press("ArrowLeft")
        seen.wait_for_timeout(400)
        picture = seen.locator(".wb").screenshot()
        browser.close()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
        PLACE, optimize=True
    )


if __name__ == "__main__":
    main()
