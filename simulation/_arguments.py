"""Arguments of the functions that run rollouts: what is out of range is refused in one line.

Not here: plans and scenarios, which check themselves.
"""

from typing import Any

import numpy as np


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


def check_confidence(value: Any) -> None:
    """Refuse a confidence that is none.

    Raises
    ------
    ValueError
        Naming the value and its range.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ValueError(f"confidence is {value!r}; give a number between 0 and 1, such as 0.95")
