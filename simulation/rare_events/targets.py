"""The figures that rare events are asked for, and what each can be, given what went wrong.

A figure is the mean of one number a rollout: an indicator of an event, or a column. Not here: what goes wrong how often
(``factors``), how strata are made of it (``strata``), quantiles and ratios (``outcomes``).
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.columns import OUTCOMES
from simulation.engine import layout
from simulation.rare_events.factors import Factor, Floats, Masks, Shared
from simulation.setting import Setting
from waves import did_you_mean

COLUMNS = {
    "regions_exposed": (layout.C_REGIONS, "regions", "2"),
    "share_exposed": (layout.C_SHARE, "share of traffic", "0.5"),
    "peak_share": (layout.C_PEAK, "share of traffic", "0.5"),
    "impact_minutes": (layout.C_IMPACT, "fleet-minutes", "30"),
}  # of the engine, its unit, and a number it may reach
FIXED = (*(f"probability_{each}" for each in ("shipped", *OUTCOMES, "failover_hit")), *(f"{c}_mean" for c in COLUMNS))
SLACK = 1e-12  # shares are sums of shares


@dataclass(frozen=True)
class Target:
    """A figure: the mean of a number that every rollout has.

    Attributes
    ----------
    name, unit
        Of the figure.
    column
        Of ``kernel``.
    least
        What the column must reach, where the figure is the probability that it does.
    outcome
        The outcome, or `shipped`, whose probability it is.
    """

    name: str
    unit: str
    column: int
    least: float | None = None
    outcome: str | None = None

    @property
    def yes_no(self) -> bool:
        """Whether every rollout has 0 or 1."""
        return self.least is not None or self.outcome is not None

    @property
    def of_false_alarms(self) -> bool:
        """Whether it hangs on false alarms so much that they are worth strata of their own."""
        return self.outcome in ("false_alarm", "completed", "shipped")

    def values(self, rows: Floats) -> Floats:
        """Return the number of each rollout, from the rows of a block, shape (columns, n)."""
        column = rows[self.column]
        if self.outcome == "shipped":
            return (column <= layout.ESCAPED).astype(np.float64)
        if self.outcome is not None:
            return (column == OUTCOMES.index(self.outcome)).astype(np.float64)
        return column if self.least is None else (column >= self.least - SLACK).astype(np.float64)


def target_of(figure: str) -> Target:
    """Return what a figure is the mean of.

    Raises
    ------
    ValueError
        For a name that is no such figure, with the nearest one; for a number that no rollout can fail or reach.
    """
    if not isinstance(figure, str):
        raise ValueError(f"figure is {figure!r}; give a name, such as 'probability_regions_exposed_at_least_2'")
    name = figure.removeprefix("probability_")
    if figure in FIXED and figure.endswith("_mean"):
        column, unit, _ = COLUMNS[figure.removesuffix("_mean")]
        return Target(figure, unit, column)
    if figure == "probability_failover_hit":
        return Target(figure, "probability", layout.C_FAILOVER, least=1.0)
    if figure in FIXED:
        return Target(figure, "probability", layout.C_OUTCOME, outcome=name)
    found = re.fullmatch(r"probability_(\w+?)_at_least_(\d+(?:\.\d+)?(?:e-?\d+)?)", figure)
    if found and found[1] in COLUMNS:
        return Target(figure, "probability", COLUMNS[found[1]][0], least=_least(figure, found[1], float(found[2])))
    known = (*FIXED, *(f"probability_{column}_at_least_{some}" for column, (_, _, some) in COLUMNS.items()))
    remedy = did_you_mean(figure, known) or f"; there are {', '.join(known)}, each `at_least` with any number above 0"
    raise ValueError(f"{figure[:100]!r} is not a figure that rare events are estimated for{remedy}")


def _least(figure: str, column: str, value: float) -> float:
    if value == 0:
        raise ValueError(f"{figure!r} is certain; give a number above 0")
    if COLUMNS[column][1] == "share of traffic" and value > 1 + SLACK:
        near = f", perhaps {value / 100:g}" if value <= 100 else ""
        raise ValueError(f"{figure!r} is impossible; give a share from 0 to 1{near}")
    if math.isinf(value):
        raise ValueError(f"{figure!r} is impossible; give a number below 1e308")
    return value


class Reach:
    """How far what went wrong reaches into one plan, for many combinations of levels at once."""

    def __init__(self, setting: Setting, factors: Sequence[Factor], cells: NDArray[np.int64]) -> None:
        self.setting = setting
        self.regions = np.array([site.region for site in setting.sites])
        self.share = np.zeros(len(setting.scenario.fleet.regions))
        self.share[self.regions] = [site.share for site in setting.sites]
        self.factors, self.cells = factors, cells
        n = len(cells)
        self.bad, self.broken = (np.zeros((n, len(self.share)), dtype=np.bool_) for _ in range(2))
        self.further, self.further_share = np.zeros(n), np.zeros(n)
        self.surely, self.breaks = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        for factor, levels in zip(factors, cells.T, strict=True):
            if factor.kind in ("defect", "breaks"):
                self._add(factor, levels)
        inside = self.share > 0
        self.surely |= (self.bad & inside).any(axis=1)
        self.breaks |= (self.broken & inside).any(axis=1)
        whole = ~self.broken & inside
        self.count = np.minimum(whole.sum(axis=1), (self.bad & whole).sum(axis=1) + self.further)
        self.most_share = np.minimum(whole @ self.share, (self.bad & whole) @ self.share + self.further_share)
        self.count[self.happens("build")] = 0
        self.most_share[self.count == 0] = 0.0

    def _add(self, factor: Factor, levels: NDArray[np.int64]) -> None:
        """Note where a factor's things surely are, or else how many regions and how much traffic they can reach."""
        defect = factor.kind == "defect"
        if factor.draws == 1 or isinstance(factor, Shared):
            mask = self.bad if defect else self.broken
            mask |= (levels > 0)[:, None] & factor.covers[0]
            return
        inside = factor.covers & (self.share > 0)
        most = np.array([factor.most(level) for level in range(factor.top + 1)])[levels]
        certain = levels > int((~inside.any(axis=1)).sum())
        if not defect:
            self.breaks |= most > 0
            return
        self.surely |= certain
        for total, sizes in ((self.further, inside.sum(axis=1)), (self.further_share, inside @ self.share)):
            total += np.append(0.0, np.cumsum(np.sort(sizes)[::-1]))[most]

    def happens(self, kind: str) -> Masks:
        """Return whether anything of a kind happens, for each combination."""
        found = np.zeros(len(self.cells), dtype=np.bool_)
        for factor, levels in zip(self.factors, self.cells.T, strict=True):
            if factor.kind == kind:
                found |= factor.matters(levels)
        return found

    def partners(self) -> Masks:
        """Return whether both partners of some failover pair can be exposed."""
        found = np.zeros(len(self.cells), dtype=np.bool_)
        for pair in self.setting.pairs:
            a, b = self.regions[list(pair)]
            known = self.bad[:, a].astype(int) + self.bad[:, b]
            found |= (2 - known <= self.further) & ~self.broken[:, a] & ~self.broken[:, b]
        return found & (self.count >= 2)

    def bounds(self, event: Target) -> tuple[Floats, Floats]:
        """Return the least and the greatest that a figure's number can be, for each combination."""
        if event.outcome is not None:
            certain, possible = self._outcome(event.outcome)
            return certain.astype(np.float64), possible.astype(np.float64)
        low, share = np.zeros(len(self.cells)), self.most_share
        if event.column == layout.C_FAILOVER:
            return low, self.partners().astype(np.float64)
        high = {layout.C_REGIONS: self.count, layout.C_SHARE: share, layout.C_PEAK: share}.get(event.column)
        if high is None:
            horizon = self.setting.scenario.horizon_minutes
            high = np.where(share > 0, share * horizon if math.isfinite(horizon) else np.inf, 0.0)
        if event.least is not None:
            return low, (high >= event.least - SLACK).astype(np.float64)
        return low, high

    def _outcome(self, outcome: str) -> tuple[Masks, Masks]:
        """Return where an outcome is certain and where it is possible."""
        build, defect = self.happens("build"), (self.bad & (self.share > 0)).any(axis=1) | (self.further > 0)
        if outcome == "build_failed":
            return build, build
        failing, rejected, false = (self.happens(kind) for kind in ("failing", "rejected", "false"))
        nothing = ~(build | defect | self.breaks | failing | rejected | false)
        if self.setting.plan.deploy_timeout_minutes is not None:  # which any attempt may exceed
            failing, nothing = np.ones_like(failing), np.zeros_like(nothing)
        tolerant = self.setting.plan.failures_tolerated > 0
        possible = {
            "shipped": ~self.broken[:, self.regions].any(axis=1) | tolerant,
            "completed": ~self.surely | tolerant,
            "escaped": defect,
            "caught": self.count > 0,
            "false_alarm": false,
            "deploy_failed": failing | self.breaks,
            "rejected": rejected,
        }[outcome]
        return nothing & (outcome in ("shipped", "completed")), possible & ~build
