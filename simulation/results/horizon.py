"""How much of a figure the horizon carries: harm that nothing ended but the closing of the book.

Such a figure says how long the book is kept rather than what a plan costs. Not here: the figures (``outcomes``).
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulation.columns import Row
from simulation.results.figures import FIGURES
from simulation.results.numerals import minutes_of, percent
from simulation.results.outcomes import Outcomes
from simulation.results.summary import figures
from simulation.scenario import Scenario

MUCH = 0.1  # of a figure, from where on it is said
HARM = ("impact_minutes", "failed_requests")
ANY = 0.5  # a confidence, where intervals are not asked for


def open_harm(outcomes: Outcomes) -> NDArray[np.bool_]:
    """Return by trial whether it still hurts somebody when the book closes, shape (trials,)."""
    horizon = outcomes.scenario.horizon_minutes
    impact, recovered = (outcomes.frame[name].to_numpy(dtype=float) for name in ("impact_minutes", "recovered_minutes"))
    return (impact > 0) & ~(recovered < horizon)  # NaN: nothing was rolled back


def carried(outcomes: Outcomes) -> dict[str, float]:
    """Return which part of its figures the horizon carries.

    Parameters
    ----------
    outcomes
        As `run` gives them.

    Returns
    -------
    dict
        From the names of figures of harm to the part, from 0.1 to 1, by which each falls if what hurts until the
        horizon is left out. Without a horizon nothing is carried: the harm has no end.
    """
    late = open_harm(outcomes)
    if not late.any() or not np.isfinite(outcomes.scenario.horizon_minutes):
        return {}
    short = replace(
        outcomes, frame=outcomes.frame.assign(impact_minutes=outcomes.frame["impact_minutes"].mask(late, 0.0))
    )
    found = {}
    rest = figures(short.rows)
    for figure, (_, estimate) in figures(outcomes.rows).items():
        whole = estimate(ANY).value if figure.startswith(HARM) else 0.0
        part = 1 - rest[figure][1](ANY).value / whole if whole > 0 else 0.0
        if part >= MUCH:
            found[figure] = part
    return found


def outlasting(outcomes: Outcomes) -> float:
    """Return how likely a pipeline still goes on when the book closes: what hurts then is not counted."""
    late = (outcomes.frame["end_minutes"] > outcomes.scenario.horizon_minutes).to_numpy()
    return outcomes.fraction(late)


def warning(outcomes: Mapping[str, Outcomes]) -> str:
    """Say what the horizon does to figures, under which plans, and what to do; nothing where it does little.

    Parameters
    ----------
    outcomes
        By the plans' names.
    """
    return ". ".join(filter(None, (carried_under(outcomes), _cut_off(outcomes))))


def _cut_off(outcomes: Mapping[str, Outcomes]) -> str:
    found = {name: part for name, each in outcomes.items() if (part := outlasting(each)) >= MUCH}
    if not found:
        return ""
    told = ", ".join(f"{percent(part)} of rollouts under {name}" for name, part in found.items())
    horizon = next(iter(outcomes.values())).scenario.horizon_minutes
    return (
        f"the horizon of {minutes_of(horizon)} cuts off {told}: what hurts after it is not counted, so their harm is "
        "told too low, and may be 0 where they begin after it. Choose a longer `horizon_minutes`"
    )


def carried_under(outcomes: Mapping[str, Outcomes]) -> str:
    """Say which figures the horizon carries, under which plans, and what to do; nothing where it carries none."""
    found = {name: parts for name, each in outcomes.items() if (parts := carried(each))}
    if not found:
        return ""
    horizon = next(iter(outcomes.values())).scenario.horizon_minutes
    told = []
    for name, parts in found.items():
        most = "impact_minutes_mean" if "impact_minutes_mean" in parts else max(parts, key=lambda figure: parts[figure])
        more = f", and a tenth or more of {len(parts) - 1} other figures" if len(parts) > 1 else ""
        told.append(f"{percent(parts[most])} of “{FIGURES[most]}” under {name}{more}")
    return (
        f"the horizon carries {'; '.join(told)}: harm that nothing ends before the book closes after "
        f"{minutes_of(horizon)}. Say in the scenario how long customers take to notice (`report`), or choose "
        "`horizon_minutes` for what you mean; else these figures grow with it"
    )


def warning_of_one(row: Row, scenario: Scenario) -> str:
    """Say of a single rollout that its harm ends only with the book; nothing where something else ended it.

    Parameters
    ----------
    row
        Its outcome.
    scenario
        It was run under.
    """
    horizon = scenario.horizon_minutes
    if not row.impact_minutes > 0 or row.recovered_minutes < horizon or not np.isfinite(horizon):
        return ""
    return (
        f"the horizon carries the harm of this rollout: nothing ends it before the book closes after "
        f"{minutes_of(horizon)}, and its impact grows with `horizon_minutes`"
    )
