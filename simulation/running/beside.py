"""What another process works out while a report goes on: `python -m simulation.running.beside`, pickles in and out.

A thread would not do: where two of them are at many small things, each waits for the other all the time. Not here: what
is worked out, and who starts the process (the command's).
"""

import pickle
import queue
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

Found = TypeVar("Found")


class Helper(Protocol):
    """A process that works out one thing after another."""

    def ask(self, function: Callable[..., Any], asked: dict[str, Any]) -> int:
        """Ask for something; return its number among all that was."""

    def answer(self, number: int) -> Any:
        """Wait for what was asked; EOFError where it can't be told any more."""


@dataclass
class Begun(Generic[Found]):
    """What is being worked out.

    Attributes
    ----------
    function, asked
        What is called with what: a function by whose name another process finds it.
    helper, number
        The process that works it out, and what that calls it; None where there is none.
    found
        What came of it, for whoever asks again.
    """

    function: Callable[..., Found]
    asked: dict[str, Any]
    helper: Helper | None = None
    number: int = 0
    found: list[Found] = field(default_factory=list)

    def result(self) -> Found:
        """Return what came of it, when it is done; where the process has died, or there is none, work it out here."""
        if not self.found and self.helper is not None:
            with suppress(EOFError):
                self.found.append(self.helper.answer(self.number))
        if not self.found:
            self.found.append(self.function(**self.asked))
        return self.found[0]


def begin(function: Callable[..., Found], helper: Helper | None, **asked: Any) -> Begun[Found]:
    """Begin to work something out in another process.

    Parameters
    ----------
    function, **asked
        What to call with what: a function by whose name another process finds it.
    helper
        A process that waits for it; None to work it out here, once it is needed.
    """
    return Begun(function, asked, helper, helper.ask(function, asked) if helper is not None else 0)


def main() -> None:
    """Work out one after another what is asked on standard input, and write it to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which is its parent's to tell of
    tasks = queue.SimpleQueue[Any]()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()  # so that nobody who asks has to wait
    while task := tasks.get():
        function, asked = task
        pickle.dump(function(**asked), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _read(tasks: "queue.SimpleQueue[Any]") -> None:
    with suppress(EOFError, pickle.UnpicklingError):
        while True:
            tasks.put(pickle.load(sys.stdin.buffer))
    tasks.put(None)


if __name__ == "__main__":
    main()
