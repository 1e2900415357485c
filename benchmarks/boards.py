"""`python -m benchmarks.boards`: how long a move on the wave board takes, from the key to the figures on the screen.

In JupyterLab with six regions and with thirty, and on a page without a kernel: the median and the 95th percentile of
many moves by keyboard in Chromium. Budgets: 100, 500 and 16 ms. Nothing asserts them. What Python has to do for a move
is measured by itself, too, in processor time, which others on the machine hardly change.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import simulation
import waves

MOVES = 60
# A key goes to a region; the board has answered when it has drawn what that act came to, and it is laid out.
MOVE = """async (moves) => {
  const hands = document.querySelector(".wb").hands, draw = hands.draw.bind(hands), took = [];
  let drawn = () => {};
  hands.draw = () => { draw(); drawn(); };
  for (let n = 0; n < moves; n += 1) {
    const chips = [...document.querySelectorAll(".wb-chip")], chip = chips[(7 * n) % chips.length];
    const before = hands.view.acts, began = performance.now(), key = n % 2 ? "ArrowLeft" : "ArrowRight";
    await new Promise((answered) => {
      drawn = () => {
        if (hands.view.acts === before) return;
        document.body.getBoundingClientRect();
        took.push(performance.now() - began);
        drawn = () => {};
        answered();
      };
      setTimeout(answered, 3000);
      chip.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, shiftKey: n % 5 === 0 }));
    });
    await new Promise((done) => setTimeout(done, 350));
  }
  hands.draw = draw;
  return took;
}"""


def thirty() -> tuple[simulation.Scenario, waves.Plan]:
    """Return the storefront's scenario over thirty regions, in eight waves."""
    fleet = waves.Fleet(regions=tuple(waves.Region(name=f"region-{n:02}", traffic=1000.0 + 300 * n) for n in range(30)))
    base = simulation.sample("storefront")
    faults = [each for each in base.faults if isinstance(each.where, str)]
    scenario = base.replace(fleet=fleet, regions={}, faults=faults, name="thirty")
    return scenario, waves.sizes(fleet, [1, 2, 3, 4, 5, 5, 5, 5], bake_minutes=30)


@contextmanager
def chromium() -> Iterator[Any]:
    """Open Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def in_python(given: tuple[simulation.Scenario, waves.Plan], moves: int) -> list[float]:
    """Measure the processor time of the same moves in Python alone, in milliseconds."""
    board = simulation.board(*given)
    took = []
    for n in range(moves + 1):
        names = [name for group in board.state.arrangement.groups for name in group.regions]
        asked = {"do": "step", "region": names[(7 * n) % len(names)], "by": -1 if n % 2 else 1, "apart": n % 5 == 0}
        began = time.process_time()
        board._asked(None, asked, None)
        took.append(1000 * (time.process_time() - began))
    return took[1:]  # the first loads what the others find loaded


def on_a_page(browser: Any, folder: Path, moves: int) -> list[float]:
    """Measure moves on a page without a kernel, in milliseconds."""
    from wavecast.reporting.page import document

    board = simulation.still_board(simulation.sample("storefront"), waves.sample("six-region-three-wave"))
    (folder / "board.html").write_text(document(str(board), title="board"), encoding="utf-8")
    page = browser.new_page()
    page.goto((folder / "board.html").as_uri())
    page.locator(".wb-here .wb-chip").first.wait_for()
    return list(page.evaluate(MOVE, moves))


def in_lab(browser: Any, folder: Path, given: list[str], moves: int) -> list[float]:
    """Measure moves in JupyterLab, in milliseconds."""
    log = folder / "lab.log"
    command = [sys.executable, "-m", "wavecast.main", "board", "--no-browser", *given]
    own = {"JUPYTERLAB_SETTINGS_DIR": str(folder / "s"), "JUPYTERLAB_WORKSPACES_DIR": str(folder / "w")}
    with open(log, "w", encoding="utf-8") as file:
        server = subprocess.Popen(
            command, env={**os.environ, **own}, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            page = browser.new_page(viewport={"width": 1500, "height": 1200})
            page.goto(_address(log))
            page.locator("text=/Python 3.*\\| Idle/").wait_for(timeout=180_000)
            page.locator(".jp-CodeCell .cm-content").first.click()
            page.keyboard.press("Shift+Enter")
            page.locator(".wb .wb-chip").first.wait_for(timeout=180_000)
            page.wait_for_timeout(3000)
            return list(page.evaluate(MOVE, moves))
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def _address(log: Path) -> str:
    until = time.monotonic() + 180
    while time.monotonic() < until:
        found = re.findall(r"http://127\.0\.0\.1:\d+/lab/tree/board\.ipynb\?token=\w+", log.read_text("utf-8"))
        if found:
            return str(found[0])
        time.sleep(0.2)
    raise TimeoutError(log.read_text("utf-8"))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.boards", description=__doc__)
    parser.add_argument("--moves", type=int, default=MOVES, help="moves of each board")
    moves = parser.parse_args().moves
    six = simulation.sample("storefront"), waves.sample("six-region-three-wave")
    found = {f"Python alone, {len(case[1].regions)} regions": in_python(case, moves) for case in (six, thirty())}
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        scenario, plan = thirty()
        scenario.write(folder / "scenario.yaml")
        plan.write(folder / "plan.yaml")
        found["page without a kernel (budget 16 ms)"] = on_a_page(browser, folder, moves)
        found["JupyterLab, 6 regions (budget 100 ms)"] = in_lab(browser, folder, [], moves)
        given = ["--scenario", str(folder / "scenario.yaml"), "--plan", str(folder / "plan.yaml")]
        found["JupyterLab, 30 regions (budget 500 ms)"] = in_lab(browser, folder, given, moves)
    title = "milliseconds from a key to the figures"
    print(f"{title:42} {'moves':>6} {'median':>8} {'95 %':>8}  load {os.getloadavg()[0]:.1f}")
    for title, took in found.items():
        print(f"{title:42} {len(took):>6} {np.median(took):>8.1f} {np.quantile(took, 0.95):>8.1f}")
    print(json.dumps({title: [round(each, 1) for each in took] for title, took in found.items()}), file=sys.stderr)


if __name__ == "__main__":
    main()
