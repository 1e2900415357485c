"""The edition of the code that decides every bit of an answer: machines that share work must all have the same.

Not here: the work (``_jobs``, ``_rows``, ``survey``).
"""

import hashlib
from functools import cache
from pathlib import Path

ENGINE = ("arithmetic", "engine/kernel", "engine/packing", "engine/worker")
MODEL = ("arithmetic", "distributions", "draws", "model", "traffic", "measure", "_rows")
STRATA = (*ENGINE, "draws", "factors", "events", "strata")


@cache
def edition(files: tuple[str, ...] = ENGINE) -> str:
    """Return a digest of some files of this package."""
    contents = b"".join((Path(__file__).parents[1] / f"{name}.py").read_bytes() for name in files)
    return hashlib.sha256(contents).hexdigest()[:12]


def check_edition(theirs: str, files: tuple[str, ...] = ENGINE) -> None:
    """Refuse work that comes from another edition.

    Raises
    ------
    RuntimeError
        Naming both editions: this machine's answers would not be those of the others.
    """
    ours = edition(files)
    if theirs != ours:
        raise RuntimeError(
            f"this worker has edition {ours} of the engine, the work comes from edition {theirs}; "
            "install the same version of the kit on all machines"
        )
