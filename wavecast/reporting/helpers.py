"""Processes that a report hands work to: each gets ready while the report itself does.

Not here: what they do (``simulation.running.beside``), what they work out (``simulation.report``).
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "simulation.running.beside"]


def start_helper(wanted: bool = True) -> "subprocess.Popen[bytes] | None":
    """Start a process that something can be handed to; it ends with this one, whether it was asked or not.

    Parameters
    ----------
    wanted
        Whether there is anything to hand to it.

    Returns
    -------
    subprocess.Popen or None
        None where none is wanted or none can be started: what would be handed to it is then worked out here.
    """
    where = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.Popen(COMMAND, env=os.environ | {"PYTHONPATH": where}, **pipes) if wanted else None  # type: ignore[call-overload]
    except OSError:
        return None
