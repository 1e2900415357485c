"""Joined rollouts as a perfect observer would have them of simulated ones: read off their traces' events alone.

Alarms by evidence, or that mean nothing, are alarms; what the check or customers see is told by the incident alone,
which names start, regions, and when it was noticed. Of what customers saw after the pipeline's end every second has no
incident: people set it back, and nobody says why. Not here: anything that is asserted.
"""

import json
import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from history import Rollouts
from simulation import Scenario, Trace, trace
from simulation.happenings import Event, Signal, first
from waves import Plan

BEGIN, APART = pd.Timestamp("2026-01-01T00:00:00Z"), 3 * 1440.0
WATCHED = 60.0
ALARMS = (Signal.EVIDENCE, Signal.NOTHING)


def twin(plan: Plan, scenario: Scenario, seed: int, count: int, services: int = 1) -> Rollouts:
    """The joined history of so many simulated rollouts, one after the other, service after service in turn."""
    return told([trace(plan, scenario, seed=seed, trial=n, sampling="crude") for n in range(count)], services)


def told(traces: Iterable[Trace], services: int = 1) -> Rollouts:
    """The joined history of rollouts."""
    rows: dict[str, list[dict[str, object]]] = {"frame": [], "regions": [], "waves": [], "deployments": []}
    for n, one in enumerate(traces):
        _rollout(rows, one, f"r{n:05}", n * APART, f"s{n % services}")
    frame = pd.DataFrame(rows["frame"]).set_index("rollout")
    tables = {name: pd.DataFrame(own) for name, own in rows.items() if name != "frame"}
    for table in (frame, *tables.values()):
        for name in table.columns:
            if name.endswith(("_at", "_until")):
                table[name] = BEGIN + pd.to_timedelta(table[name].astype(float), unit="min")
    left_out = pd.DataFrame({"started_at": pd.Series([], dtype="datetime64[us, UTC]")})
    return Rollouts(frame, tables["regions"], tables["waves"], tables["deployments"], left_out, (), None, "a twin")


def _rollout(rows: dict[str, list[dict[str, object]]], one: Trace, name: str, at: float, service: str) -> None:
    seen, halt = one.rollout.events, one.halt
    rang = first(seen, Event.ALARM)
    by_alarm = rang is not None and rang.remark in ALARMS
    begun = _deployments(rows["deployments"], one, name, at, halt)
    regions = _regions(rows["regions"], one, name, at, halt, by_alarm)
    sizes = _waves(rows["waves"], one, name, at, begun)
    harm = [(s.harm[0], s.region) for s in one.regions if s.harm is not None]
    backs = [s.rollback for s in one.regions if s.rollback is not None]
    if not by_alarm and math.isfinite(halt) and halt > one.end and one.trial % 2:
        harm = []
    outcome = {"build_failed": "build_failed", "rejected": "incomplete", "deploy_failed": "deploy_failed"}.get(
        one.row.outcome, "completed"
    )
    outcome = "rolled_back" if backs else outcome
    ends = [r["ended_at"] - at for r in regions]  # type: ignore[operator]
    rows["frame"].append({
        "rollout": name, "service": service, "outcome": outcome, "clock": "execution", "resumes": None,
        "halt_cause": ("alarm" if by_alarm else "people") if backs else "", "regions": len(regions),
        "shape": "+".join(map(str, sizes)), "pushed_at": at, "started_at": at + min(begun.values(), default=math.nan),
        "ended_at": at + max(ends, default=math.nan), "halted_at": at + halt if math.isfinite(halt) else math.nan,
        "alarm": "fired" if by_alarm else "none" if regions else "unknown",
        "alarm_at": at + rang.minute if by_alarm and rang else math.nan,
        "alarm_region": rang.region if by_alarm and rang else None,
        "rollback_started_at": at + min((a for a, _ in backs), default=math.nan),
        "rollback_ended_at": at + max((b for _, b in backs), default=math.nan),
        "incident": f"i-{name}" if harm else None, "incident_started_at": at + min(harm)[0] if harm else math.nan,
        "incident_detected_at": at + rang.minute if harm and rang else math.nan,
        "incident_mitigated_at": at + max((b for _, b in backs), default=math.nan) if harm else math.nan,
        "incident_regions": json.dumps([region for _, region in harm]) if harm else None,
        "run_status": "FAILED" if one.row.outcome == "rejected" else "SUCCEEDED", "end_minutes": one.end,
        "halt_minutes": halt, "censored": False,
    })  # fmt: skip


def _deployments(rows: list[dict[str, object]], one: Trace, name: str, at: float, halt: float) -> dict[str, float]:
    begun: dict[str, float] = {}
    for story in one.regions:
        for k, (start, end, good) in enumerate(story.attempts):
            begun.setdefault(story.region, start)
            cut = not good and end >= halt
            back = story.rollback[0] if cut and story.rollback else math.nan
            rows.append({
                "id": f"{name}-{story.region}-{k}", "rollout": name, "region": story.region,
                "kind": "retry" if k else "change", "status": _status(good, cut),
                "started_at": at + start, "finished_at": at + (story.rollback[1] if cut and story.rollback else end),
                "rollback_started_at": at + back, "hold_minutes": 0.0, "paused": False,
            })  # fmt: skip
    return begun


def _status(good: bool, cut: bool) -> str:
    return "rolled_back" if cut else "succeeded" if good else "failed"


def _regions(
    rows: list[dict[str, object]], one: Trace, name: str, at: float, halt: float, by_alarm: bool
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    last = max((s.attempts[-1][1] for s in one.regions if s.attempts), default=0.0)
    rang = first(one.rollout.events, Event.ALARM)
    for story in one.regions:
        if not story.attempts:
            continue
        start, end, good = story.attempts[-1]
        mine = by_alarm and rang is not None and rang.region == story.region
        back = story.rollback or (math.nan, math.nan)
        cut = not good and end >= halt
        until = max(min(last + WATCHED, max(one.end, end)), rang.minute if rang else 0.0)
        found.append({
            "rollout": name, "region": story.region, "wave": story.wave,
            "status": _status(good, cut), "started_at": at + story.attempts[0][0],
            "last_started_at": at + start, "ended_at": at + end, "deploy_minutes": end - start if good else math.nan,
            "rollback_started_at": at + back[0], "rollback_ended_at": at + back[1], "recovered_by_hand": story.by_hand,
            "alarm": "fired" if mine else "none", "alarm_at": at + rang.minute if mine and rang else math.nan,
            "watched_until": at + until, "censored": False, "cause": "",
        })  # fmt: skip
    rows += found
    return found


def _waves(rows: list[dict[str, object]], one: Trace, name: str, at: float, begun: dict[str, float]) -> list[int]:
    sizes, before = [], math.nan
    for w in range(len(one.plan.waves)):
        own = [story for story in one.regions if story.wave == w + 1 and story.region in begun]
        if not own:
            break
        start = min(begun[story.region] for story in own)
        asked = first((e for e in one.rollout.events if e.wave == w), Event.APPROVAL_ASKED)
        end = max(story.attempts[-1][1] for story in own)
        rows.append({
            "rollout": name, "wave": w + 1, "regions": len(own), "started_at": at + start, "ended_at": at + end,
            "build_minutes": math.nan, "approval_minutes": start - asked.minute if asked else math.nan,
            "pause_minutes": start - before,
        })  # fmt: skip
        sizes.append(len(own))
        before = np.fmax(before, end)
    return sizes
