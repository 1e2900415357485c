"""What a join gives: rollouts, their regions and waves, and everything that was left out and why.

Not here: how it is found (`history.joining.join`), its pictures (`pictures`), its words (`summary`).
"""

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from history.joining import pictures, summary
from waves import Fleet

if TYPE_CHECKING:
    from simulation.plots import Picture


@dataclass(frozen=True, eq=False)
class Rollouts:
    """The rollouts of a history.

    Attributes
    ----------
    frame : DataFrame
        One row a rollout, by `id`, in the order of the first start. `kind` (change, configuration, resume), `service`,
        `version`, `commit`, `outcome` and `halt_cause` (see `history.joining.outcomes`), `pushed_at` and which `clock`
        that is, `started_at`, `ended_at`, `halted_at`, `end_minutes` from the clock, `waves`, `shape`, `waves_from`
        (plan, pipeline, inferred), `alarm` (fired, none, unknown), `incident`, `confidence` (certain, likely,
        possible) and its `reason`, `resumes`. Instants are UTC, NaT where there is none.
    regions : DataFrame
        One row a (rollout, region), with `wave` (from 1), attempts, `deploy_minutes` of the attempt that succeeded
        (without configured holds, `hold_minutes`; `paused` where a hook could wait for a person),
        `rollback_started_at`, `rollback_ended_at`, `recovered_by_hand`, `alarm`, `alarm_at`, `watched_until`,
        `censored`. Where CloudWatch's metrics were collected, `requests` and `failed_requests` of the `metrics_minutes`
        from its first start until it was set back or its watch ended, and `requests_before`, `failed_requests_before`
        of the hour before; NaN where that is not known as a whole.
    waves : DataFrame
        One row a (rollout, wave): `started_at`, `ended_at` (of its last deployment), `build_minutes` before the first,
        `approval_minutes`, `pause_minutes` since the wave before ended.
    deployments : DataFrame
        Every regional deployment of a rollout, by its own `id`: `rollout`, `region`, `kind`, `status`, start and end.
    left_out : DataFrame
        Every other one, with the `why`. Together with `deployments` they are all there are.
    remarks : tuple of str
        What the history says that cannot be, or cannot be used: a sentence each.
    fleet : Fleet or None
        The fleet that was given.
    source : str
        What was joined.
    traffic : dict of str to float
        Requests a minute by region, all services, on average over the times that are known from CloudWatch's metrics:
        around deployments. Empty where none were collected.
    """

    frame: pd.DataFrame = field(repr=False)
    regions: pd.DataFrame = field(repr=False)
    waves: pd.DataFrame = field(repr=False)
    deployments: pd.DataFrame = field(repr=False)
    left_out: pd.DataFrame = field(repr=False)
    remarks: tuple[str, ...]
    fleet: Fleet | None = field(repr=False)
    source: str
    traffic: dict[str, float] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return f"Rollouts({len(self.frame):,} rollouts of {self.source}, {len(self.left_out):,} deployments left out)"

    def __str__(self) -> str:
        return summary.text(self)

    def _repr_html_(self) -> str:
        return summary.html(self)

    def weeks(self) -> pd.DataFrame:
        """Return the rollouts counted by week (its Monday, UTC) and service, with their outcomes and confidence."""
        return summary.weeks(self)

    def counts(self) -> pd.DataFrame:
        """Return how many regional deployments were of each kind, and why those left out were; their sum is all."""
        return summary.counts(self)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON: instants as ISO 8601 in UTC, None where there is none."""
        return summary.as_dict(self)

    def nearest(self, rollout: str) -> str:
        """Say that there is no rollout of an id, with the nearest one that there is."""
        near = difflib.get_close_matches(rollout, list(self.frame.index), 1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else "the ids are in .frame, or in --json"
        return f"there is no rollout {rollout!r}; {hint}"

    def plot(self, rollout: str | None = None) -> "Picture":
        """Draw all rollouts as waves on time, or one of them as a timeline.

        Parameters
        ----------
        rollout : str, optional
            The id of one; all of them if left out.

        Raises
        ------
        KeyError
            Where there is none of that id; with the nearest one.
        """
        if rollout is None:
            return pictures.overview(self)
        if rollout not in self.frame.index:
            raise KeyError(self.nearest(rollout))
        return pictures.timeline(self, rollout)
