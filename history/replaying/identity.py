"""The identity: under the plan really used, every world gives back what was recorded, or there is a reason why not.

It is a test of the machinery, no proof of the model. Not here: what a record has that the model cannot (`reading`).
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from history.replaying.records import NONE, Floats, Records
from history.replaying.worlds import Conditioned
from simulation import OUTCOMES, Rollout
from simulation.columns import Row
from simulation.draws import Draws
from simulation.happenings import Event
from simulation.setting import Setting

SECOND = 1.0 / 60.0 + 1e-9
UNEXPLAINED = "no reason is known: please report it"
(OUTCOME, END, DETECTED) = (Row._fields.index(name) for name in ("outcome", "end_minutes", "detected_minutes"))


@dataclass
class Identity:
    """How often what was recorded came back.

    Attributes
    ----------
    worlds, kept
        How many worlds there were, and how many gave back outcome class, end and alarm minute.
    traced, started
        Of how many rollouts every start and end was compared too, in one world, and how many gave them back.
    reasons
        Why the others did not: from a reason to a number of rollouts.
    """

    worlds: int = 0
    kept: int = 0
    traced: int = 0
    started: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def sentence(self) -> str:
        """Say how often."""
        again = f"Under the plans really used, {self.kept:,} of {self.worlds:,} worlds gave back what had been recorded"
        exact = f"{self.started:,} of {self.traced:,} rollouts every start and end within a second"
        return f"{again}: outcome, end and alarm minute; and {exact}."


def compare(records: Records, columns: Floats) -> NDArray[np.bool_]:
    """Return in which records a world gives back outcome class, end and alarm minute within a second, (n,).

    Parameters
    ----------
    records
        n records.
    columns
        The rows of that world under the plan really used, (columns, n).
    """
    outcome = columns[OUTCOME].astype(int)
    shipped = outcome <= OUTCOMES.index("escaped")
    halted = np.isin(outcome, [OUTCOMES.index("caught"), OUTCOMES.index("false_alarm")])
    failed = outcome == OUTCOMES.index("deploy_failed")
    rang = np.isfinite(records.halt) & (records.alarm != NONE)
    same = (shipped == records.shipped) & (failed == records.deploy_failed)
    same &= (halted == (rang & ~records.shipped & ~records.deploy_failed)) & (
        np.abs(columns[END] - records.end) <= SECOND
    )
    alarm = np.where(outcome == OUTCOMES.index("false_alarm"), columns[END], columns[DETECTED])
    heard = alarm <= records.watched + SECOND
    return same & np.where(rang, np.abs(alarm - records.halt) <= SECOND, ~heard)


def starts(setting: Setting, worlds: Conditioned, world: int, which: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether some records' regions start and end when they did, in one world, by the model in SimPy."""
    records, found = worlds.records, np.zeros(len(which), dtype=np.bool_)
    ends = _ends(records, setting)
    first = int(worlds.trials[0])
    trials = range(first, first + int(which.max(initial=0)) + 1)  # all at once: the draws of one take as long
    draws = Draws(worlds.scenario, worlds.seed_of(world), trials, None, worlds.tape(world).of(trials))
    for place, i in enumerate(which):
        began, ended = np.full(len(records.started), np.nan), np.full(len(records.started), np.nan)
        for event in Rollout(setting, draws.world(first + int(i)), traced=True).events:
            if event.event == Event.DEPLOYMENT_STARTS:
                began[records.places[event.region]] = event.minute
            elif event.event in (Event.DEPLOYMENT_ENDS, Event.DEPLOYMENT_FAILS):
                ended[records.places[event.region]] = event.minute
        found[place] = _close(began, records.started[:, i]) and _close(ended, ends[:, i])
    return found


def _ends(records: Records, setting: Setting) -> Floats:
    """Return when each region's deployment was over, (R, n); NaN where a halt came first."""
    held = np.zeros(len(records.started))
    for site in setting.sites:
        steps = getattr(site.strategy, "steps", ())
        held[site.region] = sum(minutes for _, minutes in steps)
    spent = np.nansum(records.minutes, axis=0)
    good = (records.failed == 0).any(axis=0)
    over = records.started + spent + np.where(good, held[:, None], 0.0)
    tried = (~np.isnan(records.failed)).any(axis=0) & np.isnan(records.in_flight)
    last = np.sum(records.failed == 1, axis=0) > setting.plan.retries
    return np.where(tried & (good | last) & (over <= records.halt), over, np.nan)


def _close(a: Floats, b: Floats) -> bool:
    return bool((np.isnan(a) == np.isnan(b)).all() and (np.nan_to_num(np.abs(a - b)) <= SECOND).all())
