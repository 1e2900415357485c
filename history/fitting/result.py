"""What a fit gives: a scenario with its sources, draws of it, a table, and what history cannot tell.

Not here: how it is found (`fit`), its words (`summary`), its pictures (`pictures`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from history.fitting import summary
from history.fitting.laid import laid
from history.fitting.learnt import Learnt
from history.fitting.prior import Prior
from simulation import Scenario
from simulation.arguments import whole
from waves.showing import Shown, counted

if TYPE_CHECKING:
    from history.fitting.shown import Seen
    from simulation.plots import Picture


@dataclass(frozen=True, eq=False, repr=False)
class Fitted(Shown):
    """A scenario that was fitted to a history.

    Attributes
    ----------
    base
        The scenario that gives everything that history does not tell.
    learnt
        What history tells, field by field.
    cannot_tell : dict of str to str
        What it does not: by name, the reason.
    source
        What was read.
    rollouts
        How many rollouts there were.
    remarks
        What was left out, and how many of each: a sentence each.
    seed, draws
        Whence the posterior draws, and how many there are at most.
    prior
        What was believed before.
    incidents
        `complete` or `partial`, where that was said.
    seen
        What the pictures show: durations, times to detect, counts by service.
    """

    base: Scenario
    learnt: tuple[Learnt, ...]
    cannot_tell: Mapping[str, str]
    source: str
    rollouts: int
    remarks: tuple[str, ...]
    seed: int
    draws: int
    prior: Prior
    incidents: str | None
    seen: "Seen" = field(repr=False)

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario of the estimates, checked as files are; `sources` has each one's interval and n."""
        return laid(self.base, self.learnt)

    def posterior(self, k: int) -> list[Scenario]:
        """Return draws of the posterior, the same k for the same seed.

        Parameters
        ----------
        k
            How many, at least 1 and at most `draws`.

        Raises
        ------
        ValueError
            For k out of range.
        """
        if whole("k", k, 1) > self.draws:
            raise ValueError(f"k is {k}; this fit has {self.draws} draws: give at most so many, or fit with draws={k}")
        return [laid(self.base, self.learnt, each) for each in range(k)]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a field, by name: `estimate`, `low`, `high` (95 %), `n`, `unit`, `source`, `method`.

        A duration's estimate is its median; its 95th percentile has a row of its own, and so has each region that
        differs.
        """
        rows: dict[str, tuple[Any, ...]] = {}
        for each in self.learnt:
            rows[each.name] = (each.estimate, each.low, each.high, each.n, each.unit, each.source, each.method)
            for what, estimate, low, high in each.more:
                rows[f"{each.name}, {what}"] = (estimate, low, high, each.n, each.unit, each.source, each.method)
        columns = ["estimate", "low", "high", "n", "unit", "source", "method"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("field")

    @property
    def sentences(self) -> list[str]:
        """Say what was learnt, of what, and what was not."""
        return summary.sentences(self)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return summary.as_dict(self)

    @property
    def html_table(self) -> str:
        """The table as HTML."""
        return summary.table(self)

    def _glance(self) -> str:
        told = f"{counted(len(self.learnt), 'value')} of {counted(self.rollouts, 'rollout')} of {self.source}"
        return f"{told}; {len(self.cannot_tell)} that history cannot tell, seed {self.seed}"

    def __str__(self) -> str:
        return summary.text(self)

    def _repr_html_(self) -> str:
        return summary.html(self)

    def plot(self, what: str | None = None) -> "Picture":
        """Draw what was learnt.

        Parameters
        ----------
        what
            `durations`, `detection`, `services` or `waits`; the durations if left out.

        Raises
        ------
        ValueError
            For anything else.
        """
        from history.fitting.pictures import picture

        return picture(self, what or "durations")
