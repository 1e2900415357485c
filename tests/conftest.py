"""What every test shares: examples that are the same on every run, plots without a display, and Chromium."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import matplotlib
import pytest

# In the background or under nohup a shell has us ignore signals, and every command that tests start would inherit that:
# what a signal ends would never end.
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

# Not through the environment: kernels that tests start would inherit it, and their notebooks lose every figure.
matplotlib.use("Agg")

# The examples are derived from the test itself: a red test is a bug, never the luck of one run.
hypothesis.settings.register_profile("house", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.load_profile("house")


# What takes longest goes first, so that no worker is left with it while the others are through.
FIRST = (
    "tests/history/fitting/test_calibration.py",
    "tests/history/collecting/test_large.py",
    "tests/test_notebooks.py",
    "tests/test_hostile.py",
    "tests/test_docs.py",
    "notebooks/2-choose-waves.ipynb",
    "tests/history/backtesting",
    "tests/simulation/running",
    "tests/simulation/model/test_laws.py",
    "tests/simulation/engine",
    "tests/simulation/results/test_weights.py",
    "tests/history/replaying",
    "tests/history/stand_in",
)
# Their tests make nothing that they share: each goes to the worker that is free.
APART = (
    "tests/history/collecting/test_large.py",
    "tests/simulation/engine/test_compiled.py",
    "tests/simulation/engine/test_engines.py",
    "tests/simulation/rare_events/test_rare_coverage.py",
    "tests/test_notebooks.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow files first; all else stays in its order."""
    items.sort(key=lambda item: next((n for n, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where tests run side by side, those of a file stay together, in order, unless they share nothing.

    What a file makes once (a report, a replay, a stand-in) is not made by every worker, and the cells of a notebook
    need those before them. A notebook's cells say their ids themselves, so groups of xdist's own would not do.
    """
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # by how many tests a file has: not by how long they take

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return nodeid if file in APART else file

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright. Where there is none the test fails: `make test-browser` installs it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox"],  # root, as in CI, is refused the sandbox
        )
        yield chromium
        chromium.close()
