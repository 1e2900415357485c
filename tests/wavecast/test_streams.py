"""The command where its streams are closed or full, where it is interrupted early, and where nothing is asked of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = "-m wavecast run 1-2-3 --bake-minutes 5 --scenario storefront --trials 20"


def bash(root: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell from the checkout; `python` is this Python."""
    env = {**os.environ, "PYTHONPATH": str(root), "python": sys.executable}
    line = line.replace("python ", '"$python" ', 1)
    done = subprocess.run(
        ["bash", "-c", line], cwd=root, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize(("target", "word"), [(">&-", "standard output is closed"), (">/dev/full", "No space left")])
def test_a_result_that_is_lost_is_no_success(root, target, word):
    done = bash(root, f"python {RUN} {target}")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("wavecast: ") and word in line


def test_nobody_has_to_listen_to_complaints(root):
    """A closed standard error, or a closed input, is no fault, and takes nothing from the result."""
    whole = bash(root, f"python {RUN}")
    for closed in ("2>&-", "<&-", "<&- 2>&-"):
        done = bash(root, f"python {RUN} {closed}")
        assert (done.returncode, done.stdout) == (0, whole.stdout)
    assert bash(root, "python -m wavecast run nope --scenario storefront 2>&-").returncode == 2


@pytest.mark.parametrize("module", ["click", "pydantic", "numpy", "simulation", "wavecast.verbs.run"])
def test_control_c_while_modules_are_imported_is_one_line(root, module):
    """Wherever it falls: it is raised in the place of an import."""
    code = (
        "import sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient())\n"
        f"sys.argv = ['wavecast', *{RUN.split()[2:]!r}]\n"
        "from wavecast.__main__ import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "wavecast: interrupted")


def test_without_a_verb_the_help_is_shown_as_it_is(wavecast):
    """Its lines are kept; and as nothing was done, it is no success."""
    bare, asked = wavecast(), wavecast("--help")
    assert (bare.code, bare.out) == (2, "")
    assert bare.err == asked.out and len(bare.err.splitlines()) > 20
