"""Any figure by its name: those of a summary, chances to reach a number, and those of a service.

Not here: how they are estimated (``estimator``), what they are called (``figures``).
"""

from collections.abc import Container

from simulation.rare_events.targets import COLUMNS, target_of
from simulation.results.extracts import at_least
from simulation.results.rows import Rows
from simulation.results.service import FIGURES as OF_SERVICE
from simulation.results.service import Service
from simulation.results.statistics import Estimate
from simulation.results.summary import figures
from waves import did_you_mean

REACHES = "_at_least_"


def is_figure(name: object, figures: Container[str]) -> bool:
    """Return whether a name is one of the figures or of a service's, or asks for a chance to reach a number.

    Raises
    ------
    ValueError
        Where the number is one that every change or none reaches.
    """
    if not isinstance(name, str):
        return False
    if REACHES in name and name.startswith("probability_"):
        target_of(name)
        return True
    return name in figures or name in OF_SERVICE


def estimated(rows: Rows, figure: str, confidence: float, service: Service | None = None) -> tuple[Estimate, str]:
    """Return a figure by its name, with its interval, and its unit; see `Outcomes.estimate`."""
    known = figures(rows)
    if figure in known:
        unit, estimate = known[figure]
        return estimate(confidence), unit
    if figure in OF_SERVICE:
        if service is None or figure not in service.figures:
            lacks = "changes_a_month" if service else "an objective and a window"
            example = "Service(0.999, 30, changes_a_month=40)"
            raise ValueError(f"{figure!r} needs {lacks}; give a service, such as {example}")
        unit, made_of = OF_SERVICE[figure]
        return service.estimate(figure, known[made_of][1](confidence)), unit
    if isinstance(figure, str) and REACHES in figure:
        target = target_of(figure)
        column = next(name for name, (number, *_) in COLUMNS.items() if number == target.column)
        assert target.least is not None
        return at_least(rows, column, target.least, confidence), "probability"
    remedy = did_you_mean(str(figure), known) or "; see the figures of a summary"
    raise ValueError(f"{figure!r} is not a figure{remedy}")
