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
from waves.files.documents import one_line

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


def moment(text: str) -> datetime:
    """Return when a file was last changed, or the time that a text says.

    Parameters
    ----------
    text
        A path, or a time of ISO 8601 with its zone, such as 2026-03-01T12:00:00Z.

    Raises
    ------
    Refusal
        Where it is neither.
    """
    with contextlib.suppress(OSError, ValueError):
        if Path(text).is_file():
            return datetime.fromtimestamp(Path(text).stat().st_mtime, UTC)
    with contextlib.suppress(ValueError, OverflowError):
        if (when := datetime.fromisoformat(text)).tzinfo:
            return when.astimezone(UTC)
    raise Refusal(
        f"--newer-than: {one_line(text)} is neither a file nor a time with its zone; touch a file before the report "
        "begins, or give a time such as 2026-03-01T12:00:00Z"
    )


def too_old(made: str, since: datetime | None) -> str:
    """Say that a verdict was made too early; an empty text where it was not.

    Parameters
    ----------
    made
        When it was made, as it says: in whole seconds. One of the very second is too old, as no report takes less.
    since
        What it must be made after; None where nobody cares.
    """
    if since is None or datetime.fromisoformat(made) > since:
        return ""
    return f"the verdict was made {ago(made)}, and not after {since:%Y-%m-%d %H:%M:%S} UTC: an earlier run left it"


def ago(made: str) -> str:
    """Write when something was made, and how long ago: `2026-03-01 12:00:05 UTC, 3 h 20 min ago`."""
    from simulation.results.numerals import minutes_of

    when = datetime.fromisoformat(made).astimezone(UTC)
    passed = (datetime.now(UTC) - when).total_seconds() / 60
    long = minutes_of(passed) if passed >= 1 else "less than a minute"
    return f"{when:%Y-%m-%d %H:%M:%S} UTC, {long} ago".replace("\u00a0", " ")
