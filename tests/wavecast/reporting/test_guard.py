"""What papermill injects below a notebook's parameters: refused before any of it runs; no old verdict stays."""

import pytest
from IPython.core.error import InputRejected
from IPython.core.interactiveshell import InteractiveShell

from wavecast.reporting.guard import BEGIN

PARAMETERS = """\
plans: list = ["p"]  # some
trials: int = 20
limits: dict = {}
bake: "float or None" = None
out: str = "build"
"""
NAMES = "there are plans, trials, limits, bake, out"


class Notebook:
    """The report's first cells in a shell of IPython's own, as a kernel runs them."""

    def __init__(self, tmp_path):
        self.shell = InteractiveShell()
        self.run("%load_ext wavecast.reporting.guard")
        self.run(PARAMETERS)
        for folder in ("build", "x", "5"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "verdict.json").write_text('{"format": 1}', encoding="utf-8")

    def run(self, cell):
        """Run a cell; what it raised, as papermill would see it."""
        result = self.shell.run_cell(cell, store_history=True)
        return result.error_before_exec or result.error_in_exec


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Notebook(tmp_path)


def left(tmp_path):
    """The folders that still have a verdict."""
    return sorted(path.parent.name for path in tmp_path.glob("*/verdict.json"))


@pytest.mark.parametrize(
    ("injected", "refusal"),
    [
        ("trails = 500", "-p 'trails': the notebook has no parameter of that name; did you mean 'trials'?"),
        ("limit = {}", "-p 'limit': the notebook has no parameter of that name; did you mean 'limits'?"),
        ("os = 1", f"-p 'os': the notebook has no parameter of that name; {NAMES}"),
        ("open = 5", f"-p 'open': the notebook has no parameter of that name; {NAMES}"),
        ("globals = 1", f"-p 'globals': the notebook has no parameter of that name; {NAMES}"),
        ("__builtins__ = {}", f"-p '__builtins__': the notebook has no parameter of that name; {NAMES}"),
        ("begin_report = 1", f"-p 'begin_report': the notebook has no parameter of that name; {NAMES}"),
        ("get_ipython = 1", f"-p 'get_ipython': the notebook has no parameter of that name; {NAMES}"),
        ("simulation = 1", f"-p 'simulation': the notebook has no parameter of that name; {NAMES}"),
        ("_i1 = 1", f"-p '_i1': the notebook has no parameter of that name; {NAMES}"),
        ("limits.x = 1", "-p 'limits.x': the notebook has no parameter of that name; did you mean 'limits'?"),
        ("trials = 7; import os; os = 1", "a cell between the parameters and the report's beginning may only set"),
        ("plans = 'all-at-once'", "-p plans 'all-at-once': give a list: [a, b]"),
        ("plans = [1]", "-p plans [1]: give a list: [a, b]"),
        ("plans = open('x')", "-p plans: give a plain value"),
        ("limits = None", "-p limits None: give a mapping: {name: value}"),
        ("trials = True", "-p trials True: give a whole number"),
        ("trials = 1e3", "-p trials 1000.0: give a whole number"),
        ("trials = 0", "-p trials 0: give a whole number of at least 1"),
        ("bake = 'x'", "-p bake 'x': give a number, such as 0.95"),
        ("bake = float('nan')", "-p bake nan: give a finite number"),
        ("out = 5", "-p out 5: give a text"),
        ("print('x')", "a cell between the parameters and the report's beginning may only set"),
    ],
)
def test_what_papermill_lets_through_is_refused_before_it_runs(notebook, tmp_path, injected, refusal):
    """A name that is not declared, a value of another type, in the words of the command; nothing after it runs."""
    before = dict(notebook.shell.user_ns)
    error = notebook.run(f"# Parameters\n{injected}\n")
    assert isinstance(error, InputRejected)
    assert any(line.startswith(refusal) for line in str(error).splitlines())
    changed = {name for name, value in notebook.shell.user_ns.items() if before.get(name, ...) is not value}
    assert all(name.startswith("_") or name == "In" for name in changed)
    assert ("5" if "out" in injected else "build") not in left(tmp_path)
    for cell in (BEGIN, "1 + 1"):
        assert isinstance(notebook.run(cell), InputRejected), "as where papermill goes on after errors"


def test_all_faults_come_at_once(notebook):
    lines = str(notebook.run("trails = 1\nplans = 5\nlimit = 2\ntrials = 0")).splitlines()
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("injected", "stays"),
    [
        ("outt = 'x'", ["5"]),
        ("outt = ['x']", ["5"]),
        ("out = 5", ["build", "x"]),
        ("folder = 5", ["x"]),
        ("out = 'x'\ntrials = 0", ["5", "build"]),
        ("a b = 1\nout = 'x'", ["5", "build"]),
        ("out = 'nowhere'\ntrails = 1", ["5", "build", "x"]),
    ],
)
def test_a_refused_run_leaves_no_verdict_where_it_was_meant_to(notebook, tmp_path, injected, stays):
    """A misspelt `out`, one of another type, one beside a name that is no Python."""
    assert notebook.run(f"# Parameters\n{injected}\n") is not None
    assert left(tmp_path) == stays


def test_a_file_that_is_no_verdict_stays(notebook, tmp_path):
    (tmp_path / "x" / "verdict.json").write_text('{"guilty": true}', encoding="utf-8")
    notebook.run("outt = 'x'")
    assert left(tmp_path) == ["5", "x"]


@pytest.mark.parametrize(
    "injected", ["", "# Parameters\n", "trials = 7\nplans = ['a', 'b']", "limits = {'x': {'at_most': 1}}"]
)
def test_what_is_declared_passes_and_the_old_verdict_goes(notebook, tmp_path, injected):
    assert not injected or notebook.run(injected) is None
    assert notebook.run(BEGIN) is None
    assert left(tmp_path) == ["5", "x"]
    assert notebook.run("globals = 1") is None, "what the notebook itself does later is its own affair"


def test_what_people_change_in_the_cell_is_checked_when_the_report_begins(notebook):
    """In Lab nothing is injected: they edit the parameters, and run the cells again."""
    assert notebook.run(PARAMETERS.replace("20", "'many'")) is None
    error = notebook.run(BEGIN)
    assert str(error) == "-p trials 'many': give a whole number"
    assert notebook.run(PARAMETERS) is None
    assert notebook.run(BEGIN) is None
    assert notebook.run("trails = 1") is None


def test_who_runs_cells_again_need_not_begin_again(notebook):
    """In Lab: the parameters are edited and run, and then the one cell whose answer is wanted."""
    assert notebook.run(BEGIN) is None
    assert notebook.run(PARAMETERS.replace("20", "30")) is None
    assert notebook.run("short = trials") is None
    assert notebook.run("again = short + 1") is None


def test_a_refusal_ends_where_the_parameters_are_run_again(notebook):
    assert notebook.run("trails = 1") is not None
    assert notebook.run(PARAMETERS) is None
    assert notebook.run(BEGIN) is None
