"""What passes between deployments: builds, handovers, approvals, and what a halt cut short of them.

A pause between two waves is the bake, the handover and the approval; what bakes is the plan's to say, else the shortest
pause that the service's rollouts had there. Not here: what is made of them (`fields`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from history.fitting.durations import SECOND, Lasted, usable
from history.fitting.grids import Floats
from history.fitting.past import Past, minutes
from simulation.windows import laid_out
from waves import Plan
from waves.calendar import Calendar

SHORT = 1.0  # minutes by which a pause may be shorter than the bake it holds: clocks differ
HALTED = ("rolled_back", "stopped", "overtaken")


@dataclass(frozen=True, eq=False)
class Waits:
    """Builds, handovers and approvals; of each, when it was, in minutes since 1970.

    Attributes
    ----------
    build, handover, approval
        How long they took.
    built, handed, asked
        When.
    unbuilt, begun
        Builds that failed, and all of which a pipeline tells.
    refused, decided
        Approvals that were refused, and all.
    inferred
        How many pauses hold a bake that nobody said.
    short
        How many pauses were shorter than the bake that the plan says: left out.
    calendars
        How many may hold the wait for a window: left out.
    """

    build: Lasted
    built: Floats
    handover: Lasted
    handed: Floats
    approval: Lasted
    asked: Floats
    unbuilt: int
    begun: int
    refused: int
    decided: int
    inferred: int
    short: int
    calendars: int


@dataclass(frozen=True, eq=False)
class _Gates:
    """The waves of rollouts, and the pause before each: rows of `rollouts.waves`, as arrays."""

    rollout: NDArray[np.int64]
    wave: NDArray[np.int64]
    started: Floats
    ended: Floats
    pause: Floats
    approval: Floats
    bake: Floats
    asks: NDArray[np.bool_]
    known: NDArray[np.bool_]
    closed: NDArray[np.bool_]


def waits(past: Past) -> Waits:
    """Return what a history says of builds, handovers and approvals."""
    gates = _gates(past)
    staffed = _staffed(past)
    gone = gates.pause - np.where(np.isnan(gates.bake), 0.0, gates.bake)
    later = (gates.wave > 1) & ~np.isnan(gates.pause)
    told = ~np.isnan(gates.approval) & (gates.asks | ~gates.known)
    whole = later & gates.asks & np.isnan(gates.approval) & gates.known  # nobody says which part was the approval
    took = np.where(told, gates.approval, np.where(whole, gone, np.nan))
    asks = told | whole
    hand = gone - np.where(told, gates.approval, 0.0)
    short = later & gates.known & (hand < -SHORT)
    inferred = later & ~gates.known
    fine = later & ~whole & ~short & ~gates.closed & ~(inferred & (hand <= SECOND))
    cut, cut_asked, at = _cut(past, gates, float(np.median(hand[fine])) if fine.any() else 0.0)
    asked = asks & ~(whole & gates.closed) & ~(took < -SHORT)
    minutes_, done = (
        np.concatenate([np.maximum(took[asked], 0.0), cut[cut_asked]]),
        np.repeat([True, False], [asked.sum(), cut_asked.sum()]),
    )
    when = np.concatenate([gates.started[asked], at[cut_asked]])
    begin = np.where(done, when - minutes_, when)
    minutes_ = _within(staffed, begin, minutes_)
    hands = np.concatenate([np.maximum(hand[fine], 0.0), cut[~cut_asked]])
    over = np.repeat([True, False], [fine.sum(), (~cut_asked).sum()])
    build, built, unbuilt, begun = _builds(past, gates)
    refused = _refused(past, gates)
    return Waits(
        *_kept(build, np.ones(len(build), dtype=np.bool_), built), *_kept(hands, over, np.concatenate([
            gates.started[fine], at[~cut_asked]])), *_kept(minutes_, done, when), unbuilt, begun, refused,
        int(asked.sum()) + refused, int(inferred.sum()), int(short.sum()), int((later & gates.closed).sum()),
    )  # fmt: skip


def _kept(values: Floats, done: NDArray[np.bool_], at: Floats) -> tuple[Lasted, Floats]:
    kept = usable(values, done)
    return Lasted.of(values[kept], done[kept]), at[kept]


def _gates(past: Past) -> _Gates:
    table = past.rollouts.waves
    rollout = past.row(table["rollout"])
    wave = table["wave"].to_numpy(dtype=np.int64)
    pause = np.asarray(table["pause_minutes"], dtype=np.float64)
    approval = np.asarray(table["approval_minutes"], dtype=np.float64)
    bake, closed = np.full(len(table), np.nan), np.zeros(len(table), dtype=np.bool_)
    asks, known = np.zeros(len(table), dtype=np.bool_), np.zeros(len(table), dtype=np.bool_)
    service = np.asarray(past.frame["service"], dtype=object)[rollout]
    shape = np.asarray(past.frame["shape"], dtype=object)[rollout]
    keys, code = np.unique(past.services[rollout] * (int(wave.max(initial=0)) + 1) + wave, return_inverse=True)
    for number in range(len(keys)):
        own = np.flatnonzero(code == number)
        plan, w = past.plan(str(service[own[0]])), int(wave[own[0]])
        fits = np.zeros(len(own), dtype=np.bool_)
        if plan is not None and w <= len(plan.waves):
            names, back = np.unique(shape[own].astype(str), return_inverse=True)
            fits = np.array([_begins(str(name), plan) for name in names], dtype=np.bool_)[back]
            fits &= w == 1 or not plan.waves[w - 2].bake_requests
            asks[own[fits]] = plan.waves[w - 1].approval
            closed[own[fits]] = isinstance(plan.calendars[w - 1], Calendar)
            bake[own[fits]] = plan.waves[w - 2].bake_minutes if w > 1 else 0.0
            known[own[fits]] = True
        rest = own[~fits]
        left = pause[rest] - np.nan_to_num(approval[rest])
        if w > 1 and np.isfinite(left).any():
            bake[rest] = _shortest(left[np.isfinite(left)])
    return _Gates(
        rollout, wave, minutes(table["started_at"]), minutes(table["ended_at"]), pause, approval, bake, asks, known,
        closed,
    )  # fmt: skip


def _shortest(pauses: Floats) -> float:
    """Return the shortest pause but for odd ones: where the densest half of them begins."""
    own = np.sort(pauses)
    half = len(own) // 2 + 1
    spans = own[half - 1 :] - own[: len(own) - half + 1]
    return max(float(own[np.argmin(spans)]), 0.0)


def _begins(shape: str, plan: Plan) -> bool:
    """Return whether waves of such sizes, as `1+2+3`, may be the first of a plan's."""
    sizes = [int(each) for each in shape.split("+") if each.isdigit()]
    waves = [len(wave.regions) for wave in plan.waves]
    return 0 < len(sizes) <= len(waves) and sizes[:-1] == waves[: len(sizes) - 1] and sizes[-1] <= waves[len(sizes) - 1]


def _last(gates: _Gates, size: int) -> NDArray[np.int64]:
    """Return the row of each rollout's last wave that is known, −1 where there is none."""
    found = np.full(size, -1, dtype=np.int64)
    order = np.lexsort((gates.wave, gates.rollout))
    found[gates.rollout[order]] = order
    return found


def _next_asks(past: Past, gates: _Gates, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return of waves that were a rollout's last whether the next asks: 1, 0, or −1 where no next one is known."""
    found = np.full(len(rows), -1, dtype=np.int64)
    service = np.asarray(past.frame["service"], dtype=object)[gates.rollout[rows]]
    for i, (name, w, known) in enumerate(zip(service, gates.wave[rows], gates.known[rows], strict=True)):
        plan = past.plan(str(name))
        if plan is not None and known and w < len(plan.waves) and not isinstance(plan.calendars[w], Calendar):
            found[i] = -1 if plan.waves[w - 1].bake_requests else int(plan.waves[w].approval)
    return found


def _cut(past: Past, gates: _Gates, hand: float) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Return waits that a halt or the end of the history cut short, whether they were approvals, and when.

    Of an approval the usual handover is taken off, as nobody says when it was asked for.
    """
    last = _last(gates, len(past.frame))
    outcome = np.asarray(past.frame["outcome"], dtype=object)
    open_ = outcome == "in_progress"
    rollouts = np.flatnonzero((last >= 0) & (np.isin(outcome, HALTED) | open_))
    rows = last[rollouts]
    asks = _next_asks(past, gates, rows)
    bakes = np.array([
        plan.waves[w - 1].bake_minutes if (plan := past.plan(str(name))) is not None and asks_ >= 0 else np.nan
        for name, w, asks_ in zip(np.asarray(past.frame["service"], dtype=object)[rollouts], gates.wave[rows], asks,
                                  strict=True)
    ], dtype=np.float64)  # fmt: skip
    stop = np.where(open_[rollouts], past.until, past.at("halted_at")[rollouts])
    gone = stop - gates.ended[rows] - bakes
    gone = np.where(asks == 1, gone - hand, gone)
    kept = (asks >= 0) & (gone > SECOND)
    return gone[kept], asks[kept] == 1, gates.ended[rows][kept] + bakes[kept]


def _builds(past: Past, gates: _Gates) -> tuple[Floats, Floats, int, int]:
    frame = past.frame
    outcome, clock = (np.asarray(frame[name], dtype=object) for name in ("outcome", "clock"))
    took = past.at("started_at") - past.at("pushed_at")
    first = gates.wave == 1
    asked = np.zeros(len(frame))
    asked[gates.rollout[first]] = np.nan_to_num(gates.approval[first])
    used = (outcome != "build_failed") & (clock != "first start") & (np.asarray(frame["regions"]) > 0)
    used &= frame["resumes"].isna().to_numpy()
    executed = clock == "execution"
    unbuilt = int((outcome == "build_failed").sum())
    return (took - asked)[used], past.started[used], unbuilt, int(executed.sum())


def _refused(past: Past, gates: _Gates) -> int:
    """Count the rollouts whose run failed where the next wave was to be approved, and nothing else ended them."""
    outcome = np.asarray(past.frame["outcome"], dtype=object)
    failed = np.array([str(each).upper() == "FAILED" for each in past.frame["run_status"]], dtype=np.bool_)
    last = _last(gates, len(past.frame))
    rows = last[(outcome == "incomplete") & failed & (last >= 0)]
    return int((_next_asks(past, gates, rows) == 1).sum())


Staffed = tuple[Floats, Floats]


def _staffed(past: Past) -> Staffed | None:
    """Return instants, minutes since 1970, and how many staffed minutes had gone by each; None where all count."""
    window = past.scenario.staffed
    if window is None or not np.isfinite(past.started).any():
        return None
    first = int(np.nanmin(past.started)) * 60 - 7 * 86_400
    spans = laid_out(window, str(window.zone), first, int(past.until) * 60 + 7 * 86_400)
    ends = np.array([each for span in spans for each in span if np.isfinite(each)])
    inside = np.arange(len(ends) - 1) % 2 == 0
    gone = np.concatenate([[0.0], np.cumsum(np.diff(ends) * inside)])
    return ends + first / 60.0, gone


def _within(staffed: Staffed | None, begin: Floats, took: Floats) -> Floats:
    """Return how many of minutes were staffed."""
    if staffed is None:
        return took
    return np.interp(begin + took, *staffed) - np.interp(begin, *staffed)
