"""`wavecast board`: a board on which regions are moved from wave to wave, in JupyterLab or as a page.

Not here: the board (``simulation.boards``).
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import click

from wavecast.plans import Reading, read_inputs, remarks
from wavecast.rules import read_rules
from wavecast.terminal import Refusal, Whole, fault, say, warn
from wavecast.verbs.options import confidence_option, seed_option, workflow_options

HELP = """Open a board: drag regions from wave to wave, or move them by keyboard, and see risk and time move along.

Opens JupyterLab on this machine alone (127.0.0.1, with a token) on a notebook with the board. With --out it writes a
page instead that needs nothing: it can go by mail, and whoever gets it can move the regions.

\b
Examples:
  wavecast board
  wavecast board --plan plan.yaml --scenario scenario.yaml --rules rules.yaml
  wavecast board --plan release.yaml --scenario scenario.yaml --out board.html

\b
Exit codes:
  0  fine
  2  input that cannot be read
  5  JupyterLab could not be started
"""
RUN = "Run the cell below (Shift+Enter), then move the regions: by mouse, by finger, or with the arrow keys."

SETTINGS = ".settings"  # beside the notebook, hidden from JupyterLab's list of files
# It would ask elsewhere for news and newer versions, and first ask people whether it may, in front of the board.
SILENT = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


@click.command(help=HELP)
@click.option("--plan", default="six-region-three-wave", show_default=True, metavar="P", help="The plan of today.")
@click.option("--scenario", default="storefront", show_default=True, metavar="S", help="A scenario or a sample.")
@click.option("--rules", metavar="FILE", help="What a plan should keep to: a file of rules, or a sample.")
@seed_option
@confidence_option
@workflow_options
@click.option("--out", metavar="FILE", help="Write a page, .html, in the place of opening JupyterLab.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser: the address is said.")
@click.option("--port", type=Whole(0, 65_535), metavar="N", help="JupyterLab's port; a free one if left out.")
def board(
    plan: str,
    scenario: str,
    rules: str | None,
    seed: int,
    confidence: float,
    reading: Reading,
    out: str | None,
    no_browser: bool,
    port: int | None,
) -> int:
    """See HELP."""
    named, world = read_inputs([plan], scenario, **reading)
    (today,) = named.values()
    asked = read_rules(rules) if rules else None
    warn(remarks([today], world))
    if out is None:
        given = {"plan": plan, "scenario": scenario, "rules": rules, "seed": seed, "confidence": confidence}
        return _open(given | {"reading": {k: v for k, v in reading.items() if v is not None}}, no_browser, port)
    _check(out)
    import simulation
    from wavecast.reporting.page import document

    made = simulation.still_board(world, today, rules=asked, seed=seed, confidence=confidence)
    page = document(f"<h1>{escape(today.name)}</h1>{made}", title=f"Wave board: {today.name}")
    try:
        Path(out).write_text(page, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"--out {out}: cannot be written: {error.strerror}") from None
    say(out)
    return 0


def _check(out: str) -> None:
    """Refuse a page's path before the work is done."""
    folder = Path(out).parent
    if not out.lower().endswith((".html", ".htm")):
        raise Refusal(f"--out {out}: a page ends in .html")
    if not folder.is_dir():
        raise Refusal(f"--out {out}: there is no folder {os.fspath(folder)!r}; make it first")
    if Path(out).is_dir():
        raise Refusal(f"--out {out}: this is a folder; name a file")


def _open(given: dict[str, Any], no_browser: bool, port: int | None) -> int:
    """Start JupyterLab on a notebook of its own, and wait until it ends."""
    with tempfile.TemporaryDirectory(prefix="wavecast-board-") as folder:
        name = Path(folder) / "board.ipynb"
        name.write_text(json.dumps(notebook(given, Path.cwd())), encoding="utf-8")
        (Path(folder) / SETTINGS).mkdir()
        (Path(folder) / SETTINGS / "overrides.json").write_text(json.dumps(SILENT), encoding="utf-8")
        command = lab(name, no_browser=no_browser, port=port)
        try:
            code = subprocess.run(command, check=False).returncode
        except KeyboardInterrupt:  # Jupyter has it, too, and ends by itself
            return 0
        except OSError as error:
            fault(f"JupyterLab could not be started: {error.strerror}")
            return 5
        if code not in (0, 130, -2):
            fault(f"JupyterLab ended with {code}")
            return 5
        return 0


def lab(notebook: Path, *, no_browser: bool = False, port: int | None = None) -> Sequence[str]:
    """Return the command that opens a notebook in JupyterLab, on the loopback alone.

    Parameters
    ----------
    notebook
        The file; its folder is all that is served.
    no_browser, port
        Whether to leave the browser alone; the port, or None for the first that is free.
    """
    root = hasattr(os, "getuid") and os.getuid() == 0  # let in, as on the loopback Jupyter's refusal would not help
    options = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={notebook.parent}",
        f"--LabApp.default_url=/lab/tree/{notebook.name}",
        f"--LabApp.app_settings_dir={notebook.parent / SETTINGS}",
    ]
    options += ["--no-browser"] if no_browser or root else []
    options += ["--allow-root"] if root else []
    options += [f"--ServerApp.port={port}"] if port is not None else []
    return [sys.executable, "-m", "jupyterlab", *options]


def notebook(given: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a notebook with a board of what was given, whose names are looked up in a folder."""
    reading = "".join(f", {name}={value!r}" for name, value in given["reading"].items())
    rules = f"read_rules({given['rules']!r})" if given["rules"] else "None"
    lines = [
        "import os",
        "",
        "import simulation",
        "from wavecast import read_inputs" + (", read_rules" if given["rules"] else ""),
        "",
        f"os.chdir({str(folder)!r})",
        f"plans, scenario = read_inputs([{given['plan']!r}], {given['scenario']!r}{reading})",
        "(today,) = plans.values()",
        f"rules = {rules}",
        f"options = {dict(seed=given['seed'], confidence=given['confidence'])!r}",
        "board = simulation.board(scenario, today, rules=rules, **options)",
        "board",
    ]
    after = ["board.state.plan  # the plan as it stands on the board"]
    cells = [_cell("markdown", "board-0", [f"# Wave board\n\n{RUN}"]), _cell("code", "board-1", lines)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": [*cells, _cell("code", "board-2", after)],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(kind: str, name: str, lines: list[str]) -> dict[str, Any]:
    own = {"cell_type": kind, "id": name, "metadata": {}, "source": "\n".join(lines)}
    return own | ({"execution_count": None, "outputs": []} if kind == "code" else {})
