"""One mutant on trial: in a fork, its text takes the file's place, and the tests run until the first one fails.

Nothing is written to the checkout but Python's own caches. The libraries are imported once, in the parent; the kit and
its tests anew in each fork, which takes tenths of a second. Compiling the kernel would take a minute each time: here it
runs as plain Python, where reading outside of an array is an error and not whatever lies there; or, where other files
change and the suite asks for it, as it was once compiled. Not here: which mutants there are (``mutants``), which tests
(``suites``).
"""

import gc
import importlib
import importlib.util
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from tests.mutation.suites import Suite

FORK = get_context("fork")
ROOM = 8 << 30  # bytes of address space that a mutant may take
# To be set before NumPy and Numba are imported: threads do not survive a fork.
ENVIRONMENT = {"NUMBA_DISABLE_JIT": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# What pytest can do without: its cache, its better messages, and collecting garbage at the end.
BARE = [
    "-q", "--assert=plain", "--hypothesis-profile=mutation",
    "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception",
]  # fmt: skip


@dataclass
class Verdict:
    """What became of a mutant.

    Attributes
    ----------
    fate
        "killed", "timeout", "survived", or "stillborn" where it cannot even be imported.
    by
        The test that failed, or in which time ran out.
    seconds
        How long it took, on the clock.
    processor
        Seconds of processor time; only of what survived.
    change
        The first line that differs, before and after.
    durations, modules
        Seconds of each test, and the libraries that were imported; only of what survived.
    """

    fate: str
    by: str = ""
    seconds: float = 0.0
    processor: float = 0.0
    change: tuple[str, str] = ("", "")
    durations: dict[str, float] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)


class Trial:
    """A fork that tries one text in the place of a module.

    Parameters
    ----------
    module, path
        The module's name and its file.
    text
        Gives what shall stand there, and the first line that differs, before and after.
    suite
        The tests.
    order
        By test: the least goes first, and what is not named goes last.
    limit
        Seconds of processor time until it is given up; ten times as many on the clock.
    durations
        By test: how long it takes without any change. One that takes ten times as long, and 5 seconds, is given up.
    """

    def __init__(
        self,
        module: str,
        path: Path,
        text: Callable[[], tuple[str, tuple[str, str]]],
        suite: Suite,
        order: Mapping[str, float],
        limit: float,
        durations: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.answers, answer = FORK.Pipe(duplex=False)
        self.begin, self.patience = time.monotonic(), 10 * limit
        self.said: list[Any] = []
        arguments = (answer, module, path, text, suite, order, limit, durations)
        self.process = FORK.Process(target=_try, args=arguments, daemon=True)
        self.process.start()
        answer.close()

    @property
    def left(self) -> float:
        """Seconds on the clock until time is out."""
        return max(self.begin + self.patience - time.monotonic(), 0.0)

    def over(self) -> bool:
        """Take down what has been said so far, and return whether that was all."""
        try:
            while self.answers.poll():
                self.said.append(self.answers.recv())
        except EOFError:
            return True
        return self.left == 0.0

    def verdict(self) -> Verdict:
        """Wait for the end and say what it was."""
        while not self.over():
            self.answers.poll(self.left)
        late = self.left == 0.0
        if late:
            self.process.kill()
        self.process.join()
        late = late or self.process.exitcode in (-signal.SIGXCPU, -signal.SIGPROF)
        running = next((each for each in reversed(self.said) if isinstance(each, str)), "")
        change = next((each for each in self.said if isinstance(each, tuple)), ("", ""))
        found = next((each for each in self.said if isinstance(each, Verdict)), None)
        if found is None:  # a fork that dies without a word died of a signal, or for want of memory
            found = Verdict("timeout" if late else "killed", running)
        found.seconds, found.change = time.monotonic() - self.begin, change
        return found


def _try(
    answer: Connection, module: str, path: Path, text: Any, suite: Suite, order: Mapping[str, float], limit: float,
    durations: Mapping[str, float],
) -> None:  # fmt: skip
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
    spent = math.ceil(time.process_time() + limit)
    resource.setrlimit(resource.RLIMIT_CPU, (spent, spent + 5))
    mutated, change = text()
    answer.send(change)
    if suite.compiled:
        _compile()
    sys.meta_path.insert(0, _InPlace(module, path, mutated))
    try:
        importlib.import_module(module)
    except Exception as error:  # whatever a mutant may come up with
        answer.send(Verdict("stillborn", repr(error)[:200]))
        os._exit(0)
    answer.send(_tested(answer, module, suite, order, durations))
    os._exit(0)


def _compile() -> None:
    from numba import config

    config.DISABLE_JIT = 0  # type: ignore[attr-defined]
    os.environ["NUMBA_DISABLE_JIT"] = "0"  # Numba reads it again whenever it compiles


def _tested(
    answer: Connection, module: str, suite: Suite, order: Mapping[str, float], durations: Mapping[str, float]
) -> Verdict:
    import hypothesis
    import pytest

    # A failure is enough: it need not be the smallest.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutation", derandomize=True, deadline=None, database=None, phases=phases)
    clerk = _Clerk(answer, order, suite.part, durations)
    status = pytest.main([*suite.arguments, *BARE], plugins=[clerk])
    if status != pytest.ExitCode.OK:
        return Verdict("killed", f"pytest: {status!r}")
    own = {module.split(".")[0], "tests", "conftest", "__main__", "__mp_main__"}
    files = [name for name, it in list(sys.modules.items()) if name.split(".")[0] not in own and _is_file(it)]
    return Verdict("survived", processor=time.process_time(), durations=clerk.durations, modules=files)


def _is_file(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    return spec is not None and bool(spec.origin)


def import_once(modules: Iterable[str]) -> None:
    """Import libraries here, so that no fork needs to."""
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # made up by another library, which will do so again
    gc.collect()
    gc.freeze()  # forks need not look through all that


class _Clerk:
    """The plugin of pytest that orders the tests, keeps the record, and ends at the first failure."""

    def __init__(self, answer: Connection, order: Mapping[str, float], part: float, usual: Mapping[str, float]) -> None:
        self.answer, self.order, self.part, self.usual = answer, order, part, usual
        self.durations: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items.sort(key=lambda item: self.order.get(item.nodeid, float("inf")))
        for item in items:
            fewer(getattr(item, "obj", None), self.part)

    def pytest_collectreport(self, report: Any) -> None:
        self._fail(report)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.answer.send(nodeid)
        if nodeid in self.usual:
            signal.setitimer(signal.ITIMER_PROF, 5.0 + 10.0 * self.usual[nodeid])  # then SIGPROF ends the fork

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.durations[report.nodeid] = self.durations.get(report.nodeid, 0.0) + report.duration
        self._fail(report)

    def _fail(self, report: Any) -> None:
        if report.failed:
            self.answer.send(Verdict("killed", report.nodeid))
            os._exit(0)


def fewer(test: Any, part: float) -> None:
    """Let hypothesis try only a part of a test's examples."""
    import hypothesis

    # The only place where hypothesis keeps them. A test without examples has none to spare.
    name = "_hypothesis_internal_use_settings"
    own = getattr(test, name, None)
    if own is not None:
        setattr(test, name, hypothesis.settings(own, max_examples=max(int(own.max_examples * part), 1)))


class _InPlace(MetaPathFinder, Loader):
    """Imports one module from a text."""

    def __init__(self, module: str, path: Path, text: str) -> None:
        self.module, self.path, self.text = module, path, text

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(self.path))

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.text, self.path, "exec"), module.__dict__)
