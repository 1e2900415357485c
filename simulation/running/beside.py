"""What other processes work out while a report goes on: `python -m simulation.running.beside`, with pickles in and out.

A thread would not do: where two of them are at many small things, each waits for the other all the time. Not here: what
is worked out, and who starts the processes (the command's).
"""

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")
Helper = subprocess.Popen[bytes]


@dataclass
class Begun(Generic[Found]):
    """What is being worked out.

    Attributes
    ----------
    function, asked
        What is called with what: a function by whose name another process finds it.
    helper
        The process that works it out; None where there is none, or none any more.
    found
        What came of it, for whoever asks again.
    """

    function: Callable[..., Found]
    asked: dict[str, Any]
    helper: Helper | None = None
    found: list[Found] = field(default_factory=list)

    def result(self) -> Found:
        """Return what came of it, when it is done; where the process has died, or there is none, work it out here."""
        helper, self.helper = self.helper, None
        if helper is not None:
            told, _ = helper.communicate()
            if not helper.returncode:
                self.found.append(pickle.loads(told))
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
    if helper is not None:
        given, helper.stdin = helper.stdin, None
        assert given is not None
        with suppress(BrokenPipeError), given:  # who has died already is found out when it is asked
            pickle.dump((function, asked), given)
    return Begun(function, asked, helper)


def main() -> None:
    """Work out what is asked on standard input, and write it to standard output; nothing where nobody asks."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which is its parent's to tell of
    with suppress(EOFError):
        function, asked = pickle.load(sys.stdin.buffer)
        pickle.dump(function(**asked), sys.stdout.buffer)


if __name__ == "__main__":
    main()
