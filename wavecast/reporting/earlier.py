"""What an earlier report left: nobody shall take it for that of a run that failed.

Not here: whether a verdict holds (``simulation.gate``).
"""

import contextlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wavecast.terminal import Refusal

NAME, EXECUTED = "verdict.json", "report.ipynb"


def take_away(folders: Iterable[Any], *, surely: bool = False) -> None:
    """Take away the verdicts in folders, as far as these are any.

    Parameters
    ----------
    folders
        Texts and paths; also what somebody may have meant for one, such as the number 5, or a list of them.
    surely
        Whether it is an error where one cannot be taken away.

    Raises
    ------
    OSError
        Where one stays that must not.
    """
    for each in folders:
        if isinstance(each, list | tuple | set):
            take_away(each, surely=surely)
        elif isinstance(each, str | int | float | Path) and _ours(path := Path(str(each)) / NAME):
            with contextlib.nullcontext() if surely else contextlib.suppress(OSError):
                path.unlink()


def _ours(path: Path) -> bool:
    """Return whether a file is a verdict, or is empty or cut off as one may be; other people's stays."""
    try:
        found = json.loads(path.read_bytes()) if path.is_file() else None
    except (ValueError, RecursionError):
        return "\0" not in str(path)
    except OSError:
        return False
    return isinstance(found, dict) and "format" in found


def not_of(report: Path, made: str) -> str:
    """Say why a verdict is not that of an executed report; an empty text where it is, or nobody can tell.

    A report that never came to begin, as where no kernel starts, cannot take away the verdict of an earlier one; but
    papermill has written by then when it tried.

    Parameters
    ----------
    report
        The notebook as papermill left it.
    made
        When the verdict was made, as it says.

    Raises
    ------
    Refusal
        Where it cannot be read as a notebook.
    """
    try:
        run = json.loads(report.read_bytes())["metadata"].get("papermill", {})
        began = datetime.fromisoformat(run["start_time"]) if run.get("start_time") else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is no executed notebook"
        raise Refusal(f"{report}: cannot be read: {reason}; name the one of this verdict: --report FILE") from None
    if began is None:
        return ""
    if run.get("exception"):
        return f"{report} is of a run that failed"
    if began.astimezone(UTC).replace(microsecond=0) > datetime.fromisoformat(made):
        return f"{report} is of a later run than this verdict, which left none"
    return "" if run.get("end_time") else f"{report} is of a run that has not ended"
