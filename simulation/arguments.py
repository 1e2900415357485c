"""Arguments of the functions that run rollouts: what is out of range is refused in one line.

Not here: plans and scenarios, which check themselves.
"""

import inspect
import math
import os
from collections.abc import Mapping
from concurrent.futures import Executor
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

Workers = int | Executor
MOST = 10_000_000  # trials, where a precision decides and no bound is given


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return a whole number as Python's own; NumPy's will do.

    Raises
    ------
    ValueError
        Naming the argument, its value and its range.
    """
    fits = isinstance(value, int | np.integer) and not isinstance(value, bool) and least <= value
    if not fits or (most is not None and value > most):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} is {value!r}; give a whole number {wanted}")
    return int(value)


def is_number(value: Any) -> bool:
    """Return whether something is a real number, NumPy's and fractions included; truth values are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_confidence(value: Any) -> float:
    """Refuse a confidence that is none; return it as Python's own number.

    Raises
    ------
    ValueError
        Naming the value and its range.
    """
    if not is_number(value) or not 0 < value < 1:
        raise ValueError(f"confidence is {value!r}; give a number between 0 and 1, such as 0.95")
    return float(value)


def how_many(trials: int | None, precision: Mapping[str, float] | None, usual: int) -> int:
    """Return how many trials there are, at the most: by default as many as usual, or with a precision `MOST`.

    Raises
    ------
    ValueError
        Naming the value and its range.
    """
    if trials is None:
        return MOST if precision else usual
    return whole("trials", trials, 1, 2**32)


def check_workers(workers: Any) -> Workers:
    """Refuse what cannot work; return an executor as it is, or how many threads.

    Raises
    ------
    ValueError
        Naming what it is.
    """
    if isinstance(workers, Executor):
        return workers
    if is_number(workers) and workers == -1:
        return os.cpu_count() or 1
    try:
        return whole("workers", workers, 1, 1024)
    except ValueError:
        remedy = "give a number of threads from 1 to 1024, -1 for one a core, or a concurrent.futures executor"
        raise ValueError(f"workers is {workers!r}; {remedy}") from None


def check_precision(precision: Any) -> dict[str, float]:
    """Refuse what is no precision, whatever the figures; return it in Python's own numbers.

    Raises
    ------
    ValueError
        Naming the figure, its value and its range.
    """
    if not isinstance(precision, Mapping | None):
        raise ValueError(f"precision is {precision!r}; give a mapping such as {{'share_exposed': 0.001}}")
    for figure, half in (precision or {}).items():
        if not is_number(half) or not 0 < half < math.inf:
            raise ValueError(f"precision: {figure} is {half!r}; give a finite half-width above 0, such as 0.001")
    return {figure: float(half) for figure, half in (precision or {}).items()}


def outside() -> int:
    """Return the `stacklevel` of a warning that points at the line outside of this package which led to it."""
    package, frame, level = str(Path(__file__).parent), inspect.currentframe(), 0
    while frame is not None and frame.f_code.co_filename.startswith(package):
        frame, level = frame.f_back, level + 1
    return level
