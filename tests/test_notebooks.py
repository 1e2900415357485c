"""The report from end to end: through the door and through papermill, with good parameters and with failing ones.

Two notebooks run here from top to bottom, as they are; others do by nbval (`pytest --nbval-lax`, in the Makefile).
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest

from simulation.boards.parts import read
from tests.wavecast.conftest import COMPILING, Answer, door
from wavecast.reporting.earlier import not_of

EVIL = "<script>alert(1)</script>"
SMALL = (
    "--trials", "60", "--scenario", "storefront", "--plan", "two-halves", "--plan", "all-at-once",
    "--bake-minutes", "30", "--no-sensitivity", "--no-board",
)  # fmt: skip


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str


def execute(root: Path, *command: str, cwd: Path | None = None, **environment: str) -> Done:
    env = {**os.environ, "PYTHONPATH": str(root), **environment}
    quiet: dict[str, Any] = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL}
    done = subprocess.run(command, cwd=cwd or root, env=env, timeout=400, check=False, **quiet)
    return Done(done.returncode, done.stdout, done.stderr.replace(COMPILING, ""))


@pytest.fixture
def command(root: Path, tmp_path: Path) -> Callable[..., Done]:
    """Run `wavecast report` as a process of its own, from an empty folder, into its `build`."""

    def run(*args: str, **environment: str) -> Done:
        return execute(root, sys.executable, "-m", "wavecast.main", "report", *args, cwd=tmp_path, **environment)

    return run


@pytest.fixture
def report(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run `wavecast report` in this process, its kernel in one of its own, from an empty folder, into its `build`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(root))
    return partial(door, "report")


def limits(tmp_path: Path, text: str) -> str:
    path = tmp_path / "rules.yaml"
    path.write_text("limits:\n" + text, encoding="utf-8")
    return str(path)


class Scripts(HTMLParser):
    """The scripts of a page: the text of each, and its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found, self.inside = list[tuple[str, dict[str, str | None]]](), False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "script"
        self.found += [("", dict(attrs))] if self.inside else []

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found[-1] = (self.found[-1][0] + data, self.found[-1][1])


def test_a_small_report_is_one_readable_page_and_a_verdict(command, tmp_path):
    """From another folder, with names that would be markup; nothing on standard error, nothing to fetch."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(f'name: "{EVIL}"\nwaves: [{{regions: [eu-north-1]}}, {{regions: [us-west-2]}}]\n', encoding="utf-8")
    kept = limits(tmp_path, "  probability_shipped: {at_least: 0.3}\n")
    done = command("--plan", str(plan), "--plan", "all-at-once", "--scenario", "storefront", "--trials", "60",
                   "-p", "seed", "11", "--rules", kept)  # fmt: skip
    assert (done.code, done.err) == (0, "")
    path, sentence = done.out.splitlines()
    assert path == "build/report.html" and sentence.startswith(f"Passed: {EVIL} keeps its one limit in 60 rollouts")
    page = (tmp_path / path).read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "<title>Wave report: &lt;script&gt;" in page
    assert 'src="http' not in page and "url(" not in page and "<link" not in page
    (data, of_data), (board, of_board) = Scripts(page).found  # those of the board, and no other
    assert of_data == {"type": "application/json"} and json.loads(data)["plan"] == EVIL and of_board == {}
    for name in ("patch.js", "faces.js", "hands.js", "still.js"):
        assert read(name) in board
        board = board.replace(read(name), "")
    assert " ".join(board.split()) == "(() => { mountStill(document.currentScript.parentElement); })();"
    assert page.count("<script") == page.count("</script") == 2
    assert len(page) < 5_000_000
    assert page.count("<img ") == page.count('<img alt="') >= 6
    for debris in ("Warning", "stderr", "Traceback", "it/s", "In [", "Out[", "import simulation"):
        assert debris not in page
    verdict = json.loads((tmp_path / "build" / "verdict.json").read_text(encoding="utf-8"))
    assert (verdict["judged"], verdict["trials"], verdict["seed"]) == (EVIL, 60, 11)
    assert sentence == f"Passed: {verdict['sentence']}."


def test_a_broken_limit_is_code_1_and_the_gate_agrees(report, tmp_path):
    done = report(
        *SMALL,
        "--no-sensitivity",
        "--no-board",
        "--rules",
        limits(tmp_path, "  probability_shipped: {at_least: 0.999}\n"),
    )
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines()[-1].startswith("Not passed: two halves breaks 1 of 1 limit")
    assert "BROKEN" in (tmp_path / "build" / "report.html").read_text(encoding="utf-8")
    assert door("gate", str(tmp_path / "build" / "verdict.json")).code == 1


def test_a_calm_scenario_and_no_limits_still_make_a_report_which_judges_nothing(report, tmp_path):
    """Nobody asked for a judgement, so the report is fine and says so; a gate fails on it. No board, no script."""
    (tmp_path / "s.yaml").write_text("fleet: {regions: [{name: a, traffic: 1}]}\ndeploy: 3\n", encoding="utf-8")
    (tmp_path / "p.yaml").write_text("waves: [{regions: [a]}]\n", encoding="utf-8")
    done = report("--plan", "p.yaml", "--scenario", "s.yaml", "--trials", "20", "--no-board")
    assert (done.code, done.err) == (0, "")
    assert "Not judged: No limits were set for plan, so nothing was judged" in done.out
    page = (tmp_path / "build" / "report.html").read_text(encoding="utf-8")
    assert "No change hurt anybody" in page and "Not judged" in page and "Not passed" not in page
    assert "<script" not in page and "Another grouping?" not in page
    verdict = json.loads((tmp_path / "build" / "verdict.json").read_text(encoding="utf-8"))
    assert f"wavecast {verdict['kit']}" in page and verdict["made"][:10] in page
    gate = door("gate", str(tmp_path / "build" / "verdict.json"))
    assert gate.code == 1 and "no limits were set" in gate.out


@pytest.fixture
def trap(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """A kernel that leaves a trace and dies; in its environment nothing else answers to python3."""
    trace = tmp_path / "a-kernel-was-started"
    spec = {
        "argv": [sys.executable, "-c", f"open({str(trace)!r}, 'w')", "{connection_file}"],
        "display_name": "trap",
        "language": "python",
    }
    folder = tmp_path / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return {"JUPYTER_PATH": str(tmp_path / "jupyter")}, trace


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("-p", "trails", "5"), "did you mean 'trials'?"),
        (("-p", "trials = 1; import os; trials", "5"), "no parameter of that name"),
        (("-p", "trials", "1:30"), "a whole number"),
        (("-p", "trials", "0"), "at least 1"),
        (("-p", "seed", str(2**64)), "from 0 to"),
        (("-p", "confidence", "high"), "give a number"),
        (("-p", "plans", "two-halves"), "give a list"),
        (("-p", "bake_minutes", "-1"), "give minutes from 0"),
        (("-p", "rules", "nope.yaml"), "no such file"),
        (("-p", "seed", "1", "--seed", "2"), "give it once"),
        (("--plan", "nope"), "the samples are"),
        (("--rules", "nope"), "neither a file nor a sample"),
        (("--out", "/dev/null/x"), "cannot be written"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_a_bad_parameter_is_refused_before_a_kernel_starts(report, trap, monkeypatch, args, word):
    environment, trace = trap
    monkeypatch.setenv("JUPYTER_PATH", environment["JUPYTER_PATH"])
    done = report(*args)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert word in line
    assert not trace.exists()


def test_a_kernel_that_dies_is_code_5_in_one_line(command, report, trap, monkeypatch):
    """And shows that the trap of the test before works, in this process too."""
    environment, trace = trap
    done = command(*SMALL, **environment)
    assert trace.exists()
    trace.unlink()
    monkeypatch.setenv("JUPYTER_PATH", environment["JUPYTER_PATH"])
    assert report(*SMALL).code == 5 and trace.exists()
    assert (done.code, done.out) == (5, "")
    assert done.err.splitlines()[0].startswith("wavecast: the report failed")
    assert "Traceback" not in done.err


def test_limits_are_reported_at_their_lines(report, tmp_path):
    """What has no form first; then what is no figure, or beyond what it can be."""
    wrong = limits(tmp_path, "  share_exposed_p95: {at_most: 0.5}\n  minutes_to_ship: 5\n")
    assert report("--rules", wrong).err.startswith(f"{wrong}:3:3: error: ")
    path = limits(tmp_path, "  probability_shiped: {at_least: 0.8}\n  share_exposed_p95: {at_most: 25}\n")
    done = report("--rules", path)
    assert done.code == 2
    first, second = done.err.splitlines()
    assert first.startswith(f"{path}:2:3: error: ") and "did you mean 'probability_shipped'?" in first
    assert second.startswith(f"{path}:3:3: error: ") and "perhaps 0.25" in second


def notebook(tmp_path: Path, *cells: str) -> str:
    """A notebook with the report's `out` parameter and cells of its own."""
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    head = nbformat.v4.new_code_cell('out: str = "build"', metadata={"tags": ["parameters"]})
    book.cells = [head, *map(nbformat.v4.new_code_cell, cells)]
    path = tmp_path / "other.ipynb"
    nbformat.write(book, path)
    return str(path)


def test_a_notebook_that_fails_is_code_5_and_leaves_a_page_but_no_verdict(report, tmp_path):
    """The verdict of an earlier report is gone, too: nobody shall judge it for this one."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "verdict.json").write_text('{"format": 1, "passed": true}', encoding="utf-8")
    path = notebook(tmp_path, "'as far as this'", "raise KeyError('<b>the third cell</b>')", "'never'")
    done = report("--notebook", path)
    assert (done.code, done.out) == (5, "")
    assert done.err.splitlines() == [
        "wavecast: the report failed in cell 3: KeyError: '<b>the third cell</b>'",
        "wavecast: what there is of it: build/report.html",
    ]
    page = (tmp_path / "build" / "report.html").read_text(encoding="utf-8")
    assert "as far as this" in page and "never" not in page
    assert "The report stopped half-way" in page and "&lt;b&gt;the third cell" in page and "Traceback" not in page
    assert not (tmp_path / "build" / "verdict.json").exists()


@pytest.mark.parametrize("cell", ["1 + 1", "import sys; sys.exit(0)"])
def test_a_notebook_without_a_verdict_is_code_5(report, tmp_path, cell):
    """Papermill takes `sys.exit(0)` for success."""
    done = report("--notebook", notebook(tmp_path, cell))
    assert done.code == 5
    assert done.err.splitlines()[0] == (
        "wavecast: the report failed: NoVerdict: the notebook ended before it wrote verdict.json"
    )


def test_input_that_the_notebook_cannot_read_is_code_2(report, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("waves:\n  - regions: [eu-north-1]\n  - regions: [mars-1]\n", encoding="utf-8")
    done = report("--plan", str(path), "--trials", "20")
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"{path}:3:15: error: region 'mars-1' is not in the fleet")


def papermill(root: Path, out: Path, parameters: str) -> Done:
    """Run the report as CI may: through papermill alone."""
    target = ("notebooks/report.ipynb", str(out / "report.ipynb"))
    return execute(root, sys.executable, "-m", "papermill", *target, "-p", "out", str(out), "-y", parameters)


def test_papermill_alone_runs_the_report(root, tmp_path):
    """The line of the README, as it is but for the seed, on which the first plan keeps the sample's limits, too."""
    done = papermill(root, tmp_path, json.dumps({"seed": 12, "rules": "data/rules/storefront.yaml"}))
    assert done.code == 0, done.err
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert (verdict["judged"], verdict["trials"], verdict["seed"]) == ("storefront-six-region", 20_000, 12)
    assert verdict["passed"] is True


def test_nbconvert_makes_our_page_that_fetches_nothing(root, tmp_path):
    """The README's line: as `wavecast report` makes it, without inputs, and with no script or address in it."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Wave report")])
    shown = nbformat.v4.new_output("display_data", {"text/html": "<p>five</p>"})
    noise = nbformat.v4.new_output("stream", name="stderr", text="a warning")
    book.cells.append(nbformat.v4.new_code_cell("secret_input()", outputs=[shown, noise]))
    nbformat.write(book, tmp_path / "report.ipynb")
    line = next(
        each for each in (root / "README.md").read_text(encoding="utf-8").splitlines() if "jupyter nbconvert" in each
    )
    words = line.split()[1:-1]
    done = execute(root, sys.executable, "-m", *words, str(tmp_path / "report.ipynb"))
    assert done.code == 0, done.err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "<p>five</p>" in page
    for foreign in ("<script", "http:", "https:", "secret_input", "a warning", "<link", "@import"):
        assert foreign not in page


def test_papermill_alone_is_refused_what_the_notebook_does_not_declare(root, tmp_path):
    """Before anything is computed, in the words of `wavecast report`; the verdict of an earlier run is gone."""
    (tmp_path / "verdict.json").write_text('{"format": 1, "passed": true}', encoding="utf-8")
    limit = "rule: {probability_shipped: {at_least: 0.999}}"
    text = f"{{trails: 500, {limit}, plans: all-at-once, confidence: 2, globals: 1}}"
    done = papermill(root, tmp_path, text)
    assert done.code == 1
    for line in (
        "-p 'trails': the notebook has no parameter of that name; did you mean 'trials'?",
        "-p 'rule': the notebook has no parameter of that name; did you mean 'rules'?",
        "-p plans 'all-at-once': give a list: [a, b]",
        "-p 'globals': the notebook has no parameter of that name",
        "-p confidence 2: give a number between 0 and 1, such as 0.95",
    ):
        assert line in done.err
    assert not (tmp_path / "verdict.json").exists()
    executed = nbformat.read(tmp_path / "report.ipynb", as_version=4)
    begun = [cell.source for cell in executed.cells if cell.get("execution_count")]
    assert not any("simulation" in source or "begin_report" in source for source in begun)
    (tmp_path / "verdict.json").write_text('{"format": 1}', encoding="utf-8")
    none = execute(root, sys.executable, "-m", "papermill", "notebooks/report.ipynb", str(tmp_path / "report.ipynb"),
                   "-k", "nobody", "-p", "out", str(tmp_path))  # fmt: skip
    assert none.code == 1 and "No such kernel" in none.err
    assert not_of(tmp_path / "report.ipynb", "2026-01-01T00:00:00+00:00").endswith("which left none")


def test_the_parameters_of_the_report_have_types_and_help(root):
    book = nbformat.read(root / "notebooks" / "report.ipynb", as_version=4)
    (cell,) = [cell for cell in book.cells if "parameters" in cell.metadata.get("tags", [])]
    code = "import json, papermill; print(json.dumps(papermill.inspect_notebook('notebooks/report.ipynb')))"
    done = execute(root, sys.executable, "-c", code)
    found = json.loads(done.out)
    assert list(found) == [
        "plans",
        "scenario",
        "history",
        "trials",
        "seed",
        "rules",
        "bake_minutes",
        "environments",
        "regions_of",
        "wait_timers",
        "approvals",
        "confidence",
        "objective",
        "window_days",
        "changes_a_month",
        "price",
        "sensitivity",
        "board",
        "out",
    ]
    assert all(
        entry["inferred_type_name"] in ("list", "str", "int", "dict", "float", "float or None", "bool")
        for entry in found.values()
    )
    assert all(entry["help"] for entry in found.values())
    assert cell.source.count("\n") < 25


REPLAY = "notebooks/3-replay-history.ipynb"


def test_papermill_alone_runs_the_replay(root, tmp_path):
    """From the sample history to the answer: what was joined, a picture, three duels, and what cannot be told."""
    target = tmp_path / "replay.ipynb"
    asked = json.dumps({"plans": ["six-region-three-wave", "two-halves"], "seed": 3})
    done = execute(root, sys.executable, "-m", "papermill", REPLAY, str(target), "-y", asked)
    assert done.code == 0, done.err
    book = nbformat.read(target, as_version=4)
    shown = [output.data for cell in book.cells for output in cell.get("outputs", []) if "data" in output]
    pages = [data["text/html"] for data in shown if "text/html" in data]
    assert sum("data:image/svg+xml;base64," in page for page in pages) == 4
    assert any("2,313 regional deployments" in page for page in pages)
    last = pages[-1].replace("\u00a0", " ")
    assert "4 worlds of each" in last and ">two halves</td>" in last and "all at once" not in last
    assert "worlds gave back what had been recorded" in last and "impact rests on the scenario" in last
    assert len(nbformat.read(root / REPLAY, as_version=4).cells) < 12


def test_papermill_alone_is_refused_what_the_replay_does_not_declare(root, tmp_path):
    """Before anything is read, one line a fault."""
    text = "{world: 3, worlds: 1, plans: all-at-once}"
    target = tmp_path / "replay.ipynb"
    done = execute(root, sys.executable, "-m", "papermill", REPLAY, str(target), "-y", text)
    assert done.code == 1
    for line in ("did you mean 'worlds'?", "-p worlds 1: give a whole number from 2 to 1,000", ": give a list"):
        assert line in done.err
    book = nbformat.read(target, as_version=4)
    assert not any(output.get("data") for cell in book.cells for output in cell.get("outputs", []))
