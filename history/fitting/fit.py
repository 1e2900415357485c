"""The fit: a history's rollouts, field by field.

Not here: what each field is learnt from and how (`attempts`, `failures`, `waits`, `judged`, `defects`, `recoveries`,
`alarms`, `detection`), the scenario that is made of it (`laid`).
"""

import contextlib
import datetime as dt
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from history.arguments import check_given, plans_given
from history.fitting.alarms import false_alarms
from history.fitting.attempts import Attempts, attempts
from history.fitting.checks import checks, common_cause
from history.fitting.defects import Defects, defects
from history.fitting.detection import counts, late, listened, noticed, told
from history.fitting.durations import Lasted
from history.fitting.evidence import heard
from history.fitting.evidence import learnt as rows
from history.fitting.failures import broken, failures
from history.fitting.fields import Field, duration
from history.fitting.grids import Floats
from history.fitting.judged import Judged, judged
from history.fitting.learnt import Learnt, number
from history.fitting.past import Past
from history.fitting.prior import Prior
from history.fitting.recoveries import Recoveries, recoveries
from history.fitting.result import Fitted
from history.fitting.severity import measured, severities
from history.fitting.shares import said, share
from history.fitting.shown import Seen
from history.fitting.waits import Waits, waits
from history.joining import Rollouts
from history.joining import as_of as cuts
from simulation import Scenario
from simulation.arguments import whole
from waves import Plan
from waves.showing import counted

DRAWS = 1_000
PROBABILITY = "probability"


@dataclass
class Fit:
    """One fit under way."""

    past: Past
    prior: Prior
    draws: int
    seed: int
    learnt: list[Learnt] = field(default_factory=list)
    cannot_tell: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    lasted: dict[str, Lasted] = field(default_factory=dict)
    services: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    detection: tuple[tuple[float, str], ...] = ()

    def rng(self, name: str) -> np.random.Generator:
        """Return the random numbers of a field: its own, so that no field's draws depend on another's data."""
        return np.random.Generator(
            np.random.Philox(key=np.array([self.seed, zlib.crc32(name.encode())], dtype=np.uint64))
        )

    def minutes(self, name: str, lasted: Lasted, thing: str, at: Floats, regions: object = None) -> None:
        """Learn a duration; say so where there is none."""
        if not len(lasted):
            self.cannot_tell[name] = f"the history holds no {thing}"
            return
        base = getattr(self.past.scenario, name)
        told = Field(name, base, self.past.said(len(lasted), thing, at))
        self.lasted[name] = lasted
        own = None if regions is None else np.asarray(regions, dtype=object)
        self.learnt += duration(told, lasted, self.prior, self.draws, self.rng(name), own)
        if not lasted.done.any():
            self.cannot_tell[name] = (
                f"all {counted(len(lasted), thing)} were cut short: only that they last longer is known"
            )

    def chance(self, name: str, values: Floats, *, n: int, source: str, method: str) -> None:
        """Learn a probability from draws of it."""
        self.learnt.append(number((name,), values, n=n, unit=PROBABILITY, source=source, method=method))

    def share(self, name: str, bad: int, tried: int, thing: str, at: Floats) -> None:
        """Learn a probability from one count."""
        if not tried:
            self.cannot_tell[name] = f"the history holds no {thing}"
            return
        values = share(np.array([float(bad)]), np.array([float(tried)]), self.prior, self.draws, self.rng(name))
        source = f"{bad:,} of {self.past.said(tried, thing, at)}"
        self.chance(name, values, n=tried, source=source, method=said(1, self.prior))


def fit(
    rollouts: Rollouts,
    scenario: Scenario,
    *,
    seed: int = 0,
    used: Plan | Mapping[str, Plan] | None = None,
    as_of: dt.datetime | str | None = None,
    incidents: str | None = None,
    draws: int = DRAWS,
    prior: Prior | None = None,
) -> Fitted:
    """Learn from a history what it tells of a scenario.

    Parameters
    ----------
    rollouts : Rollouts
        What `history.rollouts` joined.
    scenario : Scenario
        The base: it gives fleet, traffic and everything that history cannot tell, such as in which proportion faults
        come, and how severe they are.
    seed : int
        From 0 to 2⁶⁴ − 1: the same seed gives the same draws.
    used : Plan or mapping of str to Plan, optional
        The plan under which rollouts really went, or that of each service (`*`: of all others): how long waves baked
        and where approvals were asked for. Where it is left out, a bake is the shortest pause there was.
    as_of : datetime or str, optional
        An instant with a zone: nothing that happened, or was noticed, later is read.
    incidents : str, optional
        `complete` where every bad change has an incident, so that an alarm without one meant nothing; `partial` where
        that cannot be said, so that every alarm that halted a rollout counts as true. If left out, they are taken as
        complete where there is any.
    draws : int
        How many draws of the posterior there can be, at least 100.
    prior : Prior, optional
        What is believed before; the stated one if left out.

    Returns
    -------
    Fitted

    Raises
    ------
    ValueError
        Where there is no rollout, or none of the scenario's regions; for a seed, an instant or draws out of range.
    """
    check_given(rollouts, scenario)
    _check(seed, draws, incidents, prior)
    read = rollouts if as_of is None else cuts.as_of(rollouts, _instant(as_of))
    when = "" if as_of is None else f" before {as_of}"
    if not len(read):
        raise ValueError(f"there are no rollouts in {rollouts.source}{when}: nothing can be learnt")
    past = Past(read, scenario, plans_given(used))
    if len(past.place) and not (past.place >= 0).any():
        names = ", ".join(sorted(set(map(str, read.regions["region"])))[:5])
        fleet = scenario.fleet.name
        raise ValueError(f"none of the regions of {read.source} ({names}) is in fleet {fleet}: join over that fleet")
    found = Fit(past, prior or Prior(), draws, int(seed))
    _attempts(found, attempts(past))
    _waits(found, waits(past))
    own = judged(past, None if incidents is None else incidents == "complete")
    blind = scenario.report is not None or bool(late(past, own).any())
    _defects(found, defects(past, own, found.prior, draws, found.rng("defects"), all_=blind), own)
    _recoveries(found, recoveries(past, own))
    _alarms(found, own)
    _detection(found, own, blind)
    return Fitted(
        base=scenario, learnt=tuple(found.learnt), cannot_tell=found.cannot_tell, source=read.source,
        rollouts=len(read), remarks=tuple(found.remarks), seed=int(seed), draws=draws, prior=found.prior,
        incidents=incidents, seen=Seen(found.lasted, found.services, found.detection),
    )  # fmt: skip


def _check(seed: int, draws: int, incidents: str | None, prior: Prior | None) -> None:
    if not 0 <= whole("seed", seed, 0) < 2**64:
        raise ValueError(f"seed is {seed}; give a whole number from 0 to 2**64 - 1")
    whole("draws", draws, 100, 1_000_000)
    if incidents not in (None, "complete", "partial"):
        raise ValueError(f"incidents is {incidents!r}; say complete or partial, or leave it out")
    if not isinstance(prior, Prior | None):
        raise ValueError(f"prior is {prior!r}; give a history.Prior, or leave it out")


def _instant(as_of: dt.datetime | str) -> pd.Timestamp:
    """Read an instant with a zone."""
    with contextlib.suppress(TypeError, ValueError):  # of none without a zone
        if not pd.isna(found := pd.Timestamp(as_of).tz_convert("UTC")):
            return found
    raise ValueError(f"as_of is {as_of!r}; give an instant with a zone, such as 2026-05-01T00:00:00Z")


def _attempts(found: Fit, tried: Attempts) -> None:
    names = np.array(found.past.scenario.fleet.names, dtype=object)
    lasted, used = tried.minutes()
    found.minutes("deploy", lasted, "deployment", tried.started[used], names[tried.place[used]])
    failed, used = tried.failing()
    found.minutes("failed_deploy", failed, "failed deployment", tried.started[used])
    told = failures(found.past, tried, found.prior, found.draws, found.rng("deploy_failure_probability"))
    if told is None:
        found.cannot_tell["deploy_failure_probability"] = "no deployment has ended"
    else:
        source = f"{told.failed:,} of {found.past.said(told.tried, 'deployment', tried.started)}"
        name = "deploy_failure_probability"
        found.chance(name, told.own, n=told.tried, source=source, method=said(told.services, found.prior))
        if told.fault is not None:
            _fault_of_all(found, told.fault, told.dead, told.rollouts, tried)
        _by_service(found, "failed deployments", tried.rollout, tried.failed, tried.good | tried.failed)
    if tried.elsewhere:
        many = counted(tried.elsewhere, "deployment")
        found.remarks.append(f"{many} left out: of regions that fleet {found.past.scenario.fleet.name} does not have.")
    if tried.impossible:
        many = counted(tried.impossible, "deployment")
        found.remarks.append(f"{many} left out of durations: ended before it began, or before its configured holds.")
    if tried.undated.any():
        why = "over as they began, so that nobody can say how long they took"
        if tried.undated.all():
            found.cannot_tell["deploy"] = f"deployments are instants, most of them {why}"
        else:
            found.remarks.append(f"{counted(int(tried.undated.sum()), 'deployment')} left out of durations: {why}.")
    if tried.paused.any():
        many = counted(int(tried.paused.sum()), "deployment")
        found.remarks.append(f"{many} left out of durations: a hook could wait for a person.")


def _fault_of_all(found: Fit, values: Floats, dead: int, rollouts: int, tried: Attempts) -> None:
    names = broken(found.past)
    own = {fault.name: fault.probability for fault in found.past.scenario.faults if fault.name in names}
    whole_ = sum(-np.log1p(-min(p, 1 - 1e-9)) for p in own.values())
    source = f"{dead:,} of {found.past.said(rollouts, 'rollout', tried.started)}, in which no deployment succeeded"
    for name, p in own.items():
        part = -np.log1p(-min(p, 1 - 1e-9)) / whole_
        drawn = -np.expm1(part * np.log1p(-values))
        method = "together with failures of single attempts" + (", parted as the base does" if len(own) > 1 else "")
        found.learnt.append(
            number(("faults", name, PROBABILITY), drawn, n=rollouts, unit=PROBABILITY, source=source, method=method)
        )


def _by_service(found: Fit, name: str, rollout: object, bad: object, tried: object) -> None:
    codes = found.past.services[np.asarray(rollout)]
    services = found.past.frame["service"].unique()
    k, n = (np.bincount(codes, np.asarray(each, dtype=float), len(services)) for each in (bad, tried))
    found.services[name] = {str(s): (int(a), int(b)) for s, a, b in zip(services, k, n, strict=True) if b}


def _waits(found: Fit, told: Waits) -> None:
    found.minutes("build", told.build, "build", told.built)
    found.minutes("handover", told.handover, "handover", told.handed)
    found.minutes("approval_wait", told.approval, "approval", told.asked)
    found.share("build_failure_probability", told.unbuilt, told.begun, "pipeline run", found.past.started)
    found.share("rejection_probability", told.refused, told.decided, "decision", told.asked)
    if told.inferred:
        found.cannot_tell["handover apart from bakes"] = (
            f"nobody said which plan {counted(told.inferred, 'pause')} belong to: their bake is taken as the shortest"
            " pause there was, but for odd ones, which makes handovers too short; say it (`used`, --plan)"
        )
    if told.short:
        found.remarks.append(f"{counted(told.short, 'pause')} left out: shorter than the bake of the plan.")
    if told.calendars:
        found.remarks.append(f"{counted(told.calendars, 'pause')} left out: they may hold the wait for a window.")


def _defects(found: Fit, told: Defects | None, own: Judged) -> None:
    if told is None:
        bad = int(own.bad.sum())
        found.cannot_tell["change failure rate"] = (
            "of no rollout it is known whether an alarm rang: no alarm is no evidence where nobody looked"
            + (f"; {bad:,} of {counted(len(own.bad), 'rollout')} are known to have been bad, at least" if bad else "")
        )
        return
    known = own.known
    when = found.past.started[known]
    source = f"{counted(told.bad, 'bad change')} of {found.past.said(told.changes, 'change', when)}"
    unsure = len(known) - int(known.sum())
    if unsure:
        found.remarks.append(f"{counted(unsure, 'rollout')} left out of the change failure rate: nobody can say.")
    method = f"{said(told.services, found.prior)}; parted among faults as the base does"
    for name, values in told.faults.items():
        found.learnt.append(
            number(
                ("faults", name, PROBABILITY), values, n=told.changes, unit=PROBABILITY, source=source, method=method
            )
        )
    if not told.faults:
        found.cannot_tell["change failure rate"] = f"{source}: the base has no defect to carry it; give it one"
    _by_service(found, "bad changes", np.flatnonzero(known), own.bad[known], np.ones(int(known.sum())))


def _recoveries(found: Fit, told: Recoveries) -> None:
    found.minutes("reaction", told.reaction, "reaction", told.reacted)
    found.minutes("rollback", told.machine, "roll-back", told.machine_at, told.machine_regions)
    found.minutes("manual_recovery", told.hand, "manual recovery", told.hand_at, told.hand_regions)
    at = np.concatenate([told.machine_at, told.hand_at])
    found.share("rollback_failure_probability", told.failed, told.tried, "roll-back", at)
    if told.unknown:
        found.remarks.append(
            f"{counted(told.unknown, 'roll-back')} left out of reactions: nobody says when it was noticed that it was"
            " needed, or that was two hours before."
        )


def _alarms(found: Fit, own: Judged) -> None:
    told = false_alarms(found.past, own, found.prior, found.draws, found.rng("false_alarms_per_region_day"))
    if isinstance(told, str):
        found.cannot_tell["false_alarms_per_region_day"] = told
    else:
        found.learnt.append(told)


def _detection(found: Fit, own: Judged, blind: bool) -> None:
    past, prior, draws = found.past, found.prior, found.draws
    seen, values = noticed(past, own), measured(past, own)
    found.detection = told(seen)
    severe, why = severities(past, own, values, draws, found.rng("severity"))
    found.learnt += severe
    records = listened(past, own)
    need = heard(past, records, values[records.row], prior, draws, found.rng("evidence"), blind=blind)
    found.learnt += rows(past, records, need)
    if need.factor is None:
        found.cannot_tell["evidence"] = need.why
    check = checks(past, seen, late(past, own), prior, draws, found.rng("validation_probability"))
    if isinstance(check, str):
        found.cannot_tell["validation_probability"] = check
    else:
        found.learnt += check
    found.cannot_tell["severity"] = why
    found.cannot_tell["common cause"] = common_cause(past, own, prior)
    found.cannot_tell["blindness"] = _blindness(need.share is not None)
    if len(seen.row):
        many = ", ".join(f"{cause} {n:,}" for cause, n in counts(seen).items())
        found.remarks.append(f"First noticed, of {counted(len(seen.row), 'bad change')} whose harm is dated: {many}.")


def _blindness(told_: bool) -> str:
    seen = (
        "how many alarms can see is of those that somebody noticed" if told_ else "who can see a fault stays the base's"
    )
    return (
        f"a bad change that nobody ever noticed is in no record: {seen}, and what customers bear stays the base's"
        + (": where they notice sooner than yours, more is halted in time" if told_ else "")
    )
