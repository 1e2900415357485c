"""Any figure by its name: those of a summary, chances to reach a number, and those of a service.

Not here: how they are estimated (``estimator``), what they are called (``figures``).
"""

import re
from collections.abc import Iterable

from simulation.rare_events.targets import COLUMNS, target_of
from simulation.results.extracts import at_least
from simulation.results.figures import REACHES
from simulation.results.rows import Rows
from simulation.results.service import EXAMPLE, Service, check_service, lacking
from simulation.results.service import FIGURES as OF_SERVICE
from simulation.results.statistics import Estimate
from simulation.results.summary import figures
from waves import did_you_mean
from waves.files.documents import closest

CHANCES = tuple(f"probability_{column}" for column in COLUMNS)
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")  # as `target_of` reads it
OTHERS = "chances such as probability_share_exposed_at_least_0.5, and of a service error_budget_mean and the like"


def is_figure(name: object, figures: Iterable[str]) -> bool:
    """Return whether a name is one of the figures or of a service's, or asks for a chance to reach a number.

    Raises
    ------
    ValueError
        Where the number is one that every change or none reaches, or the name but nearly one of those.
    """
    if not isinstance(name, str):
        return False
    if name in figures or name in OF_SERVICE:
        return True
    if REACHES not in name or not name.startswith("probability_"):
        return False
    if _misspelt(name):
        raise ValueError(no_figure(name, figures))
    target_of(name)
    return True


def no_figure(name: object, figures: Iterable[str]) -> str:
    """Say that something is no figure, with the nearest there is; of a chance to reach a number, with that number."""
    column, reaches, least = str(name).partition(REACHES)
    if reaches and (kind := closest(column, CHANCES)):
        least = least if NUMBER.fullmatch(least) else COLUMNS[kind.removeprefix("probability_")][2]
        return f"{name!r} is not a figure; did you mean {f'{kind}{REACHES}{least}'!r}?"
    near = did_you_mean(str(name), (*figures, *OF_SERVICE))
    return f"{str(name)[:100]!r} is not a figure{near or f'; there are those of a summary, {OTHERS}'}"


def _misspelt(name: str) -> bool:
    """Return whether a chance to reach a number is one of a column that there is not, or of what is no number."""
    column, _, least = name.partition(REACHES)
    return column not in CHANCES or not NUMBER.fullmatch(least)


def estimated(rows: Rows, figure: str, confidence: float, service: Service | None = None) -> tuple[Estimate, str]:
    """Return a figure by its name, with its interval, and its unit; see `Outcomes.estimate`."""
    known = figures(rows)
    check_service(service)
    if not isinstance(figure, str):
        raise ValueError(no_figure(figure, known))
    if figure in known:
        unit, estimate = known[figure]
        return estimate(confidence), unit
    if figure in OF_SERVICE:
        if lacks := lacking(figure, service):
            raise ValueError(f"{figure!r} needs {lacks}; give a service, such as {EXAMPLE}")
        assert service is not None
        unit, made_of = OF_SERVICE[figure]
        return service.estimate(figure, known[made_of][1](confidence)), unit
    if is_figure(figure, known):
        target = target_of(figure)
        column = next(name for name, (number, *_) in COLUMNS.items() if number == target.column)
        assert target.least is not None
        return at_least(rows, column, target.least, confidence), "probability"
    raise ValueError(no_figure(figure, known))
