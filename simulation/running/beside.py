"""What a copy of this process works out beside everything else: a report goes on while its assumptions are turned.

A thread would not do: where two of them are at many small things, each waits for the other all the time. A process that
begins from nothing would need a second only to import. Not here: what is worked out.
"""

import ctypes
import os
import pickle
import select
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, TypeVar

Found = TypeVar("Found")
PATIENCE = 600.0  # seconds without an answer, after which it is worked out here


@dataclass
class Begun(Generic[Found]):
    """What is being worked out.

    Attributes
    ----------
    function, asked
        What is called with what.
    copy
        The number of the process that works it out, and where it tells what came of it; None where there is none.
    found
        What came of it, for whoever asks again.
    """

    function: Callable[..., Found]
    asked: dict[str, Any]
    copy: tuple[int, int] | None = None
    found: list[Found] = field(default_factory=list)

    def result(self) -> Found:
        """Return what came of it, when it is done; where the process has died, or there is none, work it out here."""
        copy, self.copy = self.copy, None
        if copy is not None:
            with suppress(EOFError, pickle.UnpicklingError):
                self.found.append(pickle.loads(_told(*copy)))
        if not self.found:
            self.found.append(self.function(**self.asked))
        return self.found[0]


def begin(function: Callable[..., Found], **asked: Any) -> Begun[Found]:
    """Begin to work something out in a copy of this process, if there can be one.

    Parameters
    ----------
    function, **asked
        What to call with what. It may print nothing, and its result is sent here.
    """
    if not hasattr(os, "fork"):
        return Begun(function, asked)
    here, there = os.pipe()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the copy has one thread, and needs no other's locks
            number = os.fork()
    except OSError:
        os.close(here)
        os.close(there)
        return Begun(function, asked)
    if not number:
        os.close(here)
        _work(function, asked, there)
    os.close(there)
    return Begun(function, asked, (number, here))


def _work(function: Callable[..., Any], asked: dict[str, Any], there: int) -> NoReturn:
    """Do what the copy is for, and end without what an end of this process would do."""
    code = 1
    try:
        _end_with_its_parent()
        for ends in (signal.SIGINT, signal.SIGTERM):  # which are for its parent to tell of
            signal.signal(ends, signal.SIG_DFL)
        sys.stdout = sys.stderr = nowhere = open(os.devnull, "w")  # noqa: SIM115
        for own in (1, 2):  # else whoever reads what its parent says waits for it
            os.dup2(nowhere.fileno(), own)
        told = pickle.dumps(function(**asked))
        with os.fdopen(there, "wb") as file:
            file.write(told)
        code = 0
    finally:
        os._exit(code)


def _end_with_its_parent() -> None:
    """Have Linux end a copy as soon as its parent ends, however that comes about; elsewhere it ends when it is done."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _told(number: int, here: int) -> bytes:
    """Wait for all that a copy tells, and for its end."""
    told = b""
    with os.fdopen(here, "rb", buffering=0) as file:
        while select.select([file], [], [], PATIENCE)[0] and (more := file.read(1 << 20)):
            told += more
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)  # it has told all, or will never
    with suppress(ChildProcessError):
        os.waitpid(number, 0)
    return told
