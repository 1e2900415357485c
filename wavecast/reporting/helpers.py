"""A process that a report hands work to, which gets ready while the report itself does.

Not here: what it does (``simulation.running.beside``), what it works out (``simulation.report``).
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "simulation.running.beside"]


class Helper:
    """A process that works out one thing after another, and tells them in that order.

    Attributes
    ----------
    process
        It ends with this one, and when nothing more can be asked.
    told
        What it has told so far.
    asked
        How many things it was asked for.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process, self.told, self.asked = process, list[Any](), 0

    def ask(self, function: Callable[..., Any], asked: dict[str, Any]) -> int:
        """Ask for what a function comes to, which the process finds by its name; return its number."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError, ValueError):  # that it has died is found out when the answer is waited for
            pickle.dump((function, asked), self.process.stdin)
            self.process.stdin.flush()
        self.asked += 1
        return self.asked - 1

    def answer(self, number: int) -> Any:
        """Wait for what was asked.

        Raises
        ------
        EOFError
            Where the process has died before it was told.
        """
        assert self.process.stdout is not None
        try:
            while len(self.told) <= number:
                self.told.append(pickle.load(self.process.stdout))
        except (EOFError, ValueError, pickle.UnpicklingError) as error:  # in the midst of telling, or long ago
            self.process.kill()
            self.process.communicate()
            raise EOFError("the process has died") from error
        return self.told[number]


def start_helper(wanted: bool = True) -> Helper | None:
    """Start a process that things can be handed to.

    Parameters
    ----------
    wanted
        Whether there is anything to hand to it.

    Returns
    -------
    Helper or None
        None where none is wanted or none can be started: what would be handed to it is then worked out here.
    """
    where = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        process = subprocess.Popen(COMMAND, env=os.environ | {"PYTHONPATH": where}, **pipes) if wanted else None  # type: ignore[call-overload]
    except OSError:
        return None
    return Helper(process) if process is not None else None
