"""A table that another process works out: `python -m simulation.boards.beside`, which reads and writes pickles.

A thread would not do: where two of them are at many small things, each waits for the other all the time. Not here: what
is worked out (``page``).
"""

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.boards.page import looked_up
from simulation.boards.table import Table

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Begun:
    """A table that is being worked out.

    Attributes
    ----------
    asked
        What `looked_up` is called with.
    process
        Which works it out; None where none could be started.
    table
        When it is done, for whoever asks again.
    """

    asked: dict[str, Any]
    process: "subprocess.Popen[bytes] | None" = None
    table: Table | None = None

    def result(self) -> Table:
        """Return the table, when it is done; where the process has died, or there is none, work it out here."""
        process, self.process = self.process, None
        if process is not None:
            told, _ = process.communicate()
            if not process.returncode:
                self.table = pickle.loads(told)
        if self.table is None:
            self.table = looked_up(**self.asked)
        return self.table


def begin(**asked: Any) -> Begun:
    """Begin to work out a table; for the parameters see ``page.looked_up``."""
    command = [sys.executable, "-m", "simulation.boards.beside"]
    where = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": where}, **pipes)  # type: ignore[call-overload]
    except OSError:
        return Begun(asked)
    with suppress(BrokenPipeError), process.stdin as given:  # who has died already is found out when it is asked
        pickle.dump(asked, given)
    process.stdin = None
    return Begun(asked, process)


def main() -> None:
    """Work out what is asked on standard input, and write it to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which is its parent's to tell of
    pickle.dump(looked_up(**pickle.load(sys.stdin.buffer)), sys.stdout.buffer)


if __name__ == "__main__":
    main()
