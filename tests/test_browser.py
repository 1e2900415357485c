"""What people see: the report's page, and the report's notebook in JupyterLab, both in Chromium."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
TRIALS = "200"
TOKEN = "for-this-test-alone"


@pytest.fixture(scope="module")
def report(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small report, made by the command."""
    out = tmp_path_factory.mktemp("report")
    command = [sys.executable, "-m", "wavecast.main", "report", "--trials", TRIALS, "--out", str(out)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    return out / "report.html"


@pytest.mark.parametrize("width", [1280, 800])
def test_the_report_reads_well_at_any_width(browser: Any, report: Path, width: int) -> None:
    """No error, nothing fetched from elsewhere, every picture there and within the page, no scrolling sideways."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    faults: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    assert page.title().startswith("Wave report: ")
    assert not faults
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    pictures = page.evaluate(
        "Array.from(document.images, i => [i.naturalWidth, i.getBoundingClientRect().right, i.alt.length])"
    )
    assert len(pictures) >= 6
    assert all(natural > 0 and right <= width and alt > 0 for natural, right, alt in pictures)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_report_opens_with_the_verdict_the_alternatives_and_the_duel(browser: Any, report: Path) -> None:
    verdict = json.loads((report.parent / "verdict.json").read_text(encoding="utf-8"))
    page = browser.new_page()
    page.goto(report.as_uri())
    text = page.inner_text("body").replace("\u00a0", " ")
    assert verdict["sentence"].replace("\u00a0", " ") in text
    headings = [heading.inner_text() for heading in page.query_selector_all("h1, h2")]
    assert headings[:3] == ["Wave report", "The first plan against each alternative", "A typical bad change"]
    assert "Traceback" not in text
    page.close()


@pytest.fixture
def lab(root: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """JupyterLab on a copy of the notebook, with settings and workspaces of its own."""
    shutil.copy(root / "notebooks" / "report.ipynb", tmp_path)
    (tmp_path / "data").symlink_to(root / "data")
    settings = tmp_path / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
        f"--ServerApp.root_dir={tmp_path}", f"--IdentityProvider.token={TOKEN}",
        f"--LabApp.user_settings_dir={tmp_path / 'settings'}", f"--LabApp.workspaces_dir={tmp_path / 'workspaces'}",
    ]  # fmt: skip
    runtime = tmp_path / "runtime"
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "PYTHONPATH": str(root)}
    with open(tmp_path / "lab.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            found = until(lambda: list(runtime.glob("jpserver-*.json")), 60)
            yield json.loads(found[0].read_text(encoding="utf-8"))["url"].rstrip("/"), tmp_path
        finally:
            server.terminate()
            server.wait(30)


def until(answer: Callable[[], Any], seconds: float) -> Any:
    """Ask until there is an answer, or fail after so many seconds."""
    end = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < end, f"nothing after {seconds} s"
        time.sleep(0.3)
    return found


def test_the_notebook_runs_from_top_to_bottom_in_jupyterlab(browser: Any, lab: tuple[str, Path]) -> None:
    """Run All in Lab leaves every picture and a verdict, and no error."""
    url, folder = lab
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{url}/lab/tree/report.ipynb?token={TOKEN}")

    def connected() -> bool:
        with urllib.request.urlopen(f"{url}/api/kernels?token={TOKEN}", timeout=10) as answer:
            kernels = json.load(answer)
        return any(kernel["execution_state"] == "idle" and kernel["connections"] >= 1 for kernel in kernels)

    until(connected, 90)
    page.click("text=Run >> nth=0")
    page.click("text=Run All Cells")
    until(lambda: (folder / "build" / "verdict.json").exists(), 240)
    page.wait_for_timeout(1500)
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.locator(".jp-Notebook img").count() >= 1
    verdict = json.loads((folder / "build" / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["sentence"]
    page.close()
