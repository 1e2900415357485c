"""What the horizon leaves open: rollouts that still deploy when the book closes, and how far figures may go with them.

What they expose is not watched, and hardly counted. Not here: harm that outlasts the book and is counted up to its end
(``horizon``), what a limit makes of it (``analysis.limits``).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.columns import OUTCOMES
from simulation.rare_events.known import Known
from simulation.results.numerals import minutes_of, percent
from simulation.results.outcomes import Outcomes
from simulation.results.service import Service
from simulation.setting import setting

NEGLIGIBLE = 0.001  # of rollouts, up to which they are taken to leave as it is what has no bound
TIMES = ("minutes_to_ship", "end_minutes_given_shipped", "mixed_minutes", "detected_minutes", "recovered_minutes")
COSTS = ("impact_minutes", "failed_requests", "error_budget")  # of which means have no bound, either
LATER = ("caught", "false_alarm")  # what a longer watch makes likelier; of all else that is left it makes less
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Unended:
    """What the horizon leaves open under one plan.

    Attributes
    ----------
    share
        How likely a rollout still deploys when the book closes, from 0 to 1.
    horizon_minutes
        When that is, counted from the push.
    needed_minutes
        By when all of these have ended, rounded up; NaN where there are none.
    reach
        By figure: the least and the most that its interval would come to, with whatever these may do in a longer book.
    """

    share: float
    horizon_minutes: float
    needed_minutes: float = math.nan
    reach: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say it, and what to do."""
        if not self.share > 0:
            return ""
        return (
            f"unknown: {percent(self.share)} of rollouts still deploy at the horizon of "
            f"{minutes_of(self.horizon_minutes)}, and what that does is not counted; set horizon_minutes to more than "
            f"{self.needed_minutes:,.0f}"
        )


def unended(outcomes: Outcomes, figures: Iterable[str], confidence: float, service: Service | None = None) -> Unended:
    """Return what the horizon leaves open of figures.

    Parameters
    ----------
    outcomes
        As `run` gives them.
    figures
        Their names, as `Outcomes.estimate` knows them.
    confidence, service
        As for `Outcomes.estimate`.
    """
    late, horizon = still_deploying(outcomes), outcomes.scenario.horizon_minutes
    if not late.any():
        return Unended(0.0, horizon)
    last = float(outcomes.frame["end_minutes"].to_numpy()[late].max())
    step = 10.0 ** max(math.floor(math.log10(last)) - 2, 0)
    found = {name: _reach(outcomes, late, name, confidence, service) for name in figures}
    return Unended(outcomes.fraction(late), horizon, math.ceil(last / step) * step, found)


def still_deploying(outcomes: Outcomes) -> Flags:
    """Return by trial whether some of its deployments end after the horizon, shape (trials,).

    Where nothing is left to deploy and only the watch goes on, all that is exposed is within the book.
    """
    frame, horizon = outcomes.frame, outcomes.scenario.horizon_minutes
    deployed, end = (frame[name].to_numpy(dtype=float) for name in ("deployed_minutes", "end_minutes"))
    built = (frame["outcome"] != "build_failed").to_numpy()
    return built & (np.where(np.isnan(deployed), end, deployed) > horizon)


def _reach(
    outcomes: Outcomes, late: Flags, figure: str, confidence: float, service: Service | None
) -> tuple[float, float]:
    """Return how far a figure's interval may go."""
    told = outcomes.estimate(figure, confidence, service)[0]
    noisy = bool(outcomes.rows.known.chance("false_alarm").high.any())
    hurt, open_ = late & outcomes.defective, late & (outcomes.defective | noisy)
    timed, much = figure.startswith(TIMES), outcomes.fraction(late) > NEGLIGIBLE
    if timed:
        return (0.0, math.inf) if much and open_.any() else (told.low, told.high)
    if figure.startswith(COSTS) and figure.endswith("_mean"):
        return (told.low, math.inf if much and hurt.any() else told.high)
    frames = _bounding(outcomes, hurt, open_, figure)
    ends = [_without_end(outcomes, frame).estimate(figure, confidence, service)[0] for frame in frames]
    return float(np.minimum(told.low, ends[0].low)), float(np.maximum(told.high, ends[1].high))


def _without_end(outcomes: Outcomes, frame: pd.DataFrame) -> Outcomes:
    """Return other rows of the same trials, of whose harm no book bounds what is known."""
    found = replace(outcomes, frame=frame)
    endless = outcomes.scenario.model_copy(update={"horizon_minutes": math.inf})
    found.rows.known = Known(setting(outcomes.plan, endless), outcomes.rows.design)
    return found


def _bounding(outcomes: Outcomes, hurt: Flags, open_: Flags, figure: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows as they would be with the least and the most that these rollouts can come to."""
    event = figure.removeprefix("probability_")
    if event == "shipped" or event in OUTCOMES:
        return _other_ends(outcomes, hurt, open_, event)
    return _harm(outcomes, hurt, most=False), _harm(outcomes, hurt, most=True)


def _other_ends(outcomes: Outcomes, hurt: Flags, open_: Flags, event: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows with other outcomes: what still deploys may yet be halted."""
    frame = outcomes.frame.assign(outcome=outcomes.frame["outcome"].astype(object))
    if event in LATER:
        may = hurt if event == "caught" else open_
        return frame, frame.assign(outcome=frame["outcome"].mask(may, event))
    return frame.assign(outcome=frame["outcome"].mask(open_, "false_alarm")), frame


def _harm(outcomes: Outcomes, hurt: Flags, *, most: bool) -> pd.DataFrame:
    """Return rows with other harm.

    As nobody halts these, they expose all that they deploy: the most that they can. All of that may hurt at once, and
    nobody knows how long; or it was halted before anything was exposed.
    """
    frame = outcomes.frame
    if not most:
        return frame.assign(**{name: frame[name].mask(hurt, 0) for name in ("share_exposed", "regions_exposed")})
    share = frame["share_exposed"]
    paired = bool(outcomes.rows.known.setting.pairs) & (frame["regions_exposed"] > 1)
    return frame.assign(
        peak_share=frame["peak_share"].mask(hurt, share),
        impact_minutes=frame["impact_minutes"].mask(hurt & (share > 0), math.inf),
        failover_hit=frame["failover_hit"].astype(bool) | (hurt & paired),
    )
