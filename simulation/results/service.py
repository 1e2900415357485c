"""A service's objective: what of its error budget a change spends, and what all changes of a month come to.

Not here: how the impact is estimated (``estimator``), limits on it (``analysis``).
"""

from dataclasses import dataclass
from typing import Any

from simulation.arguments import is_number
from simulation.results.statistics import Estimate

MINUTES_A_DAY = 1440.0
FIGURES = {  # name: unit, the figure it is made of
    "error_budget_mean": ("share of the budget", "impact_minutes_mean"),
    "error_budget_p95": ("share of the budget", "impact_minutes_p95"),
    "error_budget_p99": ("share of the budget", "impact_minutes_p99"),
    "error_budget_per_month_mean": ("share of the budget", "impact_minutes_mean"),
    "impact_minutes_per_month_mean": ("fleet-minutes a month", "impact_minutes_mean"),
    "failed_requests_per_month_mean": ("requests a month", "failed_requests_mean"),
}
EXAMPLE = "Service(0.999, 30, changes_a_month=40)"
LONGEST, MOST = 36_500, 1e9  # days of a window, changes a month
A_MONTH = tuple(name for name in FIGURES if "_per_month_" in name)


@dataclass(frozen=True)
class Service:
    """What is promised, and how often it changes.

    Attributes
    ----------
    objective
        The share of requests that shall succeed, such as 0.999. Traffic is constant here, so this is the share of
        fleet-minutes, too: over 30 days, 0.999 leaves a budget of 43.2 fleet-minutes.
    window_days
        Over how many days, up to a hundred years.
    changes_a_month
        How many changes go out a month; None where that is not asked.
    """

    objective: float = 0.999
    window_days: float = 30.0
    changes_a_month: float | None = None

    def __post_init__(self) -> None:
        if not (is_number(self.objective) and 0 < self.objective < 1):
            raise ValueError(f"objective is {self.objective!r}; give a share of requests below 1, such as 0.999")
        if not (is_number(self.window_days) and 0 < self.window_days <= LONGEST):
            remedy = f"give a number of days above 0, up to {LONGEST:,}, such as 30"
            raise ValueError(f"window_days is {self.window_days!r}; {remedy}")
        changes = self.changes_a_month
        if changes is not None and not (is_number(changes) and 0 < changes <= MOST):
            remedy = f"give a number above 0, up to {MOST:,.0f}, such as 40, or None"
            raise ValueError(f"changes_a_month is {changes!r}; {remedy}")

    @property
    def budget(self) -> float:
        """The error budget of a window, in fleet-minutes."""
        return (1 - self.objective) * self.window_days * MINUTES_A_DAY

    @property
    def figures(self) -> list[str]:
        """The figures there are: those of a month only with a number of changes."""
        return [name for name in FIGURES if self.changes_a_month is not None or name not in A_MONTH]

    def estimate(self, name: str, of: Estimate) -> Estimate:
        """Return one of its figures, from the estimate of what it is made of: a multiple of it."""
        factor = (self.changes_a_month or 0.0) if name in A_MONTH else 1.0
        if name.startswith("error_budget"):
            factor /= self.budget
        return Estimate(*(factor * value for value in of))


def check_service(service: Any) -> Service | None:
    """Refuse what is no service; return it as it is.

    Raises
    ------
    ValueError
        Naming what it is.
    """
    if service is not None and not isinstance(service, Service):
        raise ValueError(f"service is {service!r}; give a service, such as {EXAMPLE}, or None")
    return service


def lacking(figure: str, service: Service | None) -> str:
    """Return what one of its figures needs that was not said; nothing where it has all, or is none of them."""
    if figure not in FIGURES or (service is not None and figure in service.figures):
        return ""
    return "changes_a_month" if service is not None else "an objective and a window"
