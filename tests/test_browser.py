"""What people see: the report's page, and every notebook in JupyterLab, both in Chromium."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
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


@pytest.mark.parametrize("width", [1280, 800, 390])
def test_the_report_reads_well_at_any_width(browser: Any, report: Path, width: int) -> None:
    """No error, nothing fetched from elsewhere, every picture there and within the page, no scrolling sideways.

    On a phone a picture keeps its size, so that its letters can be read, and scrolls within its own frame.
    """
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
    assert all(natural > 0 and alt > 0 for natural, _, alt in pictures)
    assert width < 600 or all(right <= width for _, right, _ in pictures)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_report_opens_with_the_verdict_the_alternatives_and_the_duel(browser: Any, report: Path) -> None:
    verdict = json.loads((report.parent / "verdict.json").read_text(encoding="utf-8"))
    page = browser.new_page()
    page.goto(report.as_uri())
    text = page.inner_text("body").replace("\u00a0", " ")
    assert verdict["sentence"].replace("\u00a0", " ") in text
    headings = [heading.inner_text() for heading in page.query_selector_all("h1, h2")]
    assert headings[:3] == ["Wave report", "The first plan against each alternative", "One bad change, as an example"]
    assert "Traceback" not in text
    page.close()


PARAMETERS: dict[str, dict[str, Any]] = {
    "report": {"trials": 2000, "sensitivity": False},
    "1-why-waves": {"trials": 500},
    "2-choose-waves": {"today": "data/workflows/two-region.yaml", "beside": ["all-at-once"], "fleet": "fleet.yaml"},
    "3-replay-history": {"worlds": 2},
}
SHOWN = {"report": 6, "1-why-waves": 16, "2-choose-waves": 3, "3-replay-history": 4}  # pictures at the least
DONE = "import pathlib; pathlib.Path('{name}.done').touch()"


@pytest.fixture(scope="module")
def lab(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """JupyterLab on copies of the notebooks, with settings and workspaces of its own; each ends by leaving a file."""
    folder = tmp_path_factory.mktemp("lab")
    for name, given in PARAMETERS.items():
        book = nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4)
        at = next(n for n, cell in enumerate(book.cells) if "parameters" in cell.metadata.get("tags", []))
        lines = "\n".join(f"{key} = {value!r}" for key, value in given.items())
        book.cells.insert(at + 1, nbformat.v4.new_code_cell(lines))
        book.cells.append(nbformat.v4.new_code_cell(DONE.format(name=name)))
        nbformat.write(book, folder / f"{name}.ipynb")
    fleet = "regions: [{name: us-east-1, traffic: 9, labels: [shared-config]}, {name: us-west-2, traffic: 4}]\n"
    (folder / "fleet.yaml").write_text(fleet, encoding="utf-8")
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
        f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={TOKEN}",
        f"--LabApp.user_settings_dir={folder / 'settings'}", f"--LabApp.workspaces_dir={folder / 'workspaces'}",
    ]  # fmt: skip
    runtime = folder / "runtime"
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "PYTHONPATH": str(root)}
    with open(folder / "lab.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            found = until(lambda: list(runtime.glob("jpserver-*.json")), 600)
            yield json.loads(found[0].read_text(encoding="utf-8"))["url"].rstrip("/"), folder
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


def kernels(url: str) -> list[Any]:
    """The kernels of JupyterLab; none where it is at work on them just now, for which it answers with an error."""
    try:
        with urllib.request.urlopen(f"{url}/api/kernels?token={TOKEN}", timeout=10) as answer:
            found: list[Any] = json.load(answer)
    except urllib.error.HTTPError:
        return []
    return found


def saved(folder: Path, name: str) -> Any:
    """A notebook as it was saved with all that it shows, or nothing where it was not yet."""
    text = (folder / f"{name}.ipynb").read_text(encoding="utf-8")
    if not text.rstrip().endswith("}"):  # while it is being written
        return None
    book = nbformat.reads(text, as_version=4)
    return book if book.cells[-1].get("execution_count") else None


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_notebook_runs_from_top_to_bottom_in_jupyterlab(browser: Any, lab: tuple[str, Path], name: str) -> None:
    """Run All leaves every picture with its text, no error and no warning; nothing is asked for beyond this machine."""
    url, folder = lab
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(300_000)  # a guard against hanging, however busy the machine
    faults: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    before = {kernel["id"] for kernel in kernels(url)}
    page.goto(f"{url}/lab/workspaces/{name}/tree/{name}.ipynb?token={TOKEN}")

    def connected() -> bool:
        own = [kernel for kernel in kernels(url) if kernel["id"] not in before]
        return any(kernel["execution_state"] == "idle" and kernel["connections"] >= 1 for kernel in own)

    until(connected, 600)
    page.click(".lm-MenuBar-itemLabel:text-is('Run')")
    page.click(".lm-Menu-itemLabel:text-is('Run All Cells')")
    until((folder / f"{name}.done").exists, 1200)
    book = until(lambda: page.keyboard.press("Control+s") or saved(folder, name), 600)
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []
    pages = "".join(output.data.get("text/html", "") for output in outputs if "data" in output)
    assert pages.count("<img ") == pages.count('<img alt="') >= SHOWN[name]
    assert page.locator(".jp-Notebook img").count() >= 1
    assert faults == []
    assert [each for each in asked if "://127.0.0.1:" not in each and not each.startswith(("data:", "blob:"))] == []
    page.close()
