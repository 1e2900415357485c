"""Plans and scenarios laid out as the arrays that the compiled engine reads, and the room it works in.

Not here: the compiled code (``kernel``), who runs it over which trials (``sweep``).
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.distributions import Exponential, Family
from simulation.draws import MINUTES_A_DAY
from simulation.engine import layout, numbers
from simulation.scenario import Scenario
from simulation.setting import Setting
from simulation.windows import PushSpans, Windows, staffed
from waves import Steps

CHANGE_FIELDS = (
    "build", "reaction", "report", "handover", "approval_wait", "complaint", "reaction_off_hours",
)  # fmt: skip
ON_ALARM = ("rollback_all", "rollback_wave", "rollback_region", "halt")


class _Rules:
    """Rows of `Worlds.rules`, and the table they point into."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float, float, float]] = []
        self.table: list[NDArray[np.float64]] = [np.zeros(1)]
        self.size = 1
        self.places: dict[bytes, int] = {}  # regions share most rules: each table is kept, and sent to workers, once

    def add(self, rule: Family | None) -> int:
        self.rows.append(self._row(rule))
        return len(self.rows) - 1

    def _row(self, rule: Family | None) -> tuple[float, float, float, float]:
        if rule is None:
            return numbers.NEVER, 0.0, 0.0, 0.0
        number = getattr(numbers, rule.family.upper(), None)
        if number is None:
            raise TypeError(
                f"the compiled engine knows no distribution {rule.family}; it has no number in engine/numbers"
            )
        first, second, table = rule.packed()
        return number, first, second, 0.0 if table is None else self._store(table)

    def _store(self, values: NDArray[np.float64]) -> float:
        key = values.tobytes()
        if key not in self.places:
            self.places[key] = self.size
            self.table.append(values)
            self.size += len(values)
        return float(self.places[key])


def pack_worlds(scenario: Scenario, seed: int) -> layout.Worlds:
    """Lay a scenario out as arrays."""
    rules, fleet, faults = _Rules(), scenario.fleet, scenario.faults
    regions = range(len(fleet.regions))
    change = [rules.add(getattr(scenario, f)) for f in CHANGE_FIELDS]
    rates = [scenario.of(r, "false_alarms_per_region_day") for r in regions]
    fields = ("deploy", "evidence", "lag", "rollback", "manual_recovery")
    own = [
        [rules.add(scenario.of(r, f)) for f in fields]
        + [rules.add(Exponential(mean=MINUTES_A_DAY / rates[r]) if rates[r] else None)]
        + [rules.add(scenario.of(r, "failed_deploy"))]
        for r in regions
    ]
    pushes, hours = PushSpans.of(scenario), staffed(scenario)
    chances = [
        [scenario.of(r, "deploy_failure_probability"), scenario.of(r, "rollback_failure_probability")] for r in regions
    ]
    fault_rules = [[rules.add(f.severity), rules.add(f.onset)] for f in faults]
    fault_chances = [
        [f.probability, f.detection_probability, f.validation_probability, f.review_probability] for f in faults
    ]
    return layout.Worlds(
        seed=np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint64),
        rules=np.array(rules.rows, dtype=np.float64),
        table=np.concatenate(rules.table),
        change_rules=np.array(change, dtype=np.int64),
        change_chances=np.array([scenario.build_failure_probability, scenario.rejection_probability], dtype=np.float64),
        region_rules=np.array(own, dtype=np.int64),
        region_chances=np.array(chances, dtype=np.float64),
        fault_rules=np.array(fault_rules, dtype=np.int64).reshape(-1, 2),
        fault_chances=np.array(fault_chances, dtype=np.float64).reshape(-1, 4),
        fault_breaks=np.array([f.effect == "deploy_fails" for f in faults], dtype=np.bool_),
        fault_own=np.array([f.where == "each_region" for f in faults], dtype=np.bool_),
        fault_where=np.array([[scenario.hits(f, r) for r in regions] for f in faults], dtype=np.bool_).reshape(
            len(faults), len(regions)
        ),
        traffic=np.array([region.traffic for region in fleet.regions], dtype=np.float64),
        share=np.array([fleet.shares[name] for name in fleet.names], dtype=np.float64),
        threshold=np.array([scenario.of(r, "alarm_threshold") for r in regions], dtype=np.float64),
        pairs=np.array([[fleet.positions[a], fleet.positions[b]] for a, b in fleet.pairs], dtype=np.int64).reshape(
            -1, 2
        ),
        horizon=float(scenario.horizon_minutes),
        alike=len(set(rates)) == 1,
        reviewed=any(f.review_probability > 0 for f in faults),
        fix=float(scenario.fix.mean),
        push_begin=pushes.begin,
        push_before=pushes.before,
        push_total=pushes.total,
        staffed=np.array(hours or (), dtype=np.float64).reshape(-1, 2),
        staffed_look=_look(hours) if hours else np.zeros(1, dtype=np.int32),
    )


def pack_plans(settings: Sequence[Setting]) -> layout.Plans:
    """Lay plans over one fleet out as arrays."""
    plans = [s.plan for s in settings]
    count, waves = len(plans), max(len(plan.waves) for plan in plans)
    most = max(len(plan.regions) for plan in plans)
    lists: list[Steps] = []
    calendars: dict[Windows, int] = {}
    shape = (count, waves)
    packed = layout.Plans(
        order=np.zeros((count, most), dtype=np.uint32),
        bounds=np.zeros((count, waves + 1), dtype=np.uint32),
        waves=np.array([len(plan.waves) for plan in plans], dtype=np.int64),
        bake_minutes=np.zeros(shape),
        bake_requests=np.zeros(shape),
        parallel=np.zeros(shape, dtype=np.int64),
        approval=np.zeros(shape, dtype=np.bool_),
        strategy=np.zeros((count, most), dtype=np.int64),
        steps=np.zeros(0),
        step_counts=np.zeros(0),
        retries=np.array([plan.retries for plan in plans], dtype=np.int64),
        rollback_all=np.array([plan.on_deploy_failure == "rollback_all" for plan in plans], dtype=np.bool_),
        timeout=np.array([plan.deploy_timeout_minutes or np.inf for plan in plans], dtype=np.float64),
        tolerated=np.array([plan.failures_tolerated for plan in plans], dtype=np.int64),
        on_alarm=np.array([ON_ALARM.index(plan.on_alarm) for plan in plans], dtype=np.int64),
        calendar=np.full((count, most), layout.ANYTIME, dtype=np.int64),
        windowed=np.zeros(shape, dtype=np.bool_),
        spans=np.zeros(0),
        span_first=np.zeros(0),
        look=np.zeros(0),
        plain=np.ones(count, dtype=np.bool_),
        approved=np.zeros(count, dtype=np.bool_),
        stepped=np.zeros(count, dtype=np.bool_),
        turn=np.zeros(count, dtype=np.int64),
        shared=np.zeros(count, dtype=np.int64),
    )
    for n, setting in enumerate(settings):
        _pack_plan(packed, n, setting, lists, calendars)
    _take_turns(packed)
    steps = np.zeros((max(len(lists), 1), max((len(s.steps) for s in lists), default=1), 2))
    for k, strategy in enumerate(lists):
        steps[k, : len(strategy.steps)] = [(percent / 100, held) for percent, held in strategy.steps]
    counts = np.array([len(s.steps) for s in lists] or [0], dtype=np.int64)
    return packed._replace(steps=steps, step_counts=counts, **_calendars(list(calendars)))


def _look(windows: Windows) -> NDArray[np.int32]:
    """Return for each stretch of minutes since the epoch the first window that closes behind its beginning."""
    closes = np.array([end for _, end in windows])
    stretches = np.arange(int(max(windows[-1][0], 0.0) / layout.LOOK) + 2) * layout.LOOK
    return np.searchsorted(closes, stretches, side="right").astype(np.int32)


def _calendars(calendars: Sequence[Windows]) -> dict[str, NDArray[Any]]:
    """Lay calendars out end to end, with their tables."""
    looks = [_look(windows) for windows in calendars]
    table = np.zeros((max(len(calendars), 1), max((len(look) for look in looks), default=1)), dtype=np.int32)
    for row, look in zip(table, looks, strict=False):
        row[:] = look[-1]
        row[: len(look)] = look
    return {
        "spans": np.array([span for windows in calendars for span in windows], dtype=np.float64).reshape(-1, 2),
        "span_first": np.cumsum([0, *(len(windows) for windows in calendars)], dtype=np.int64),
        "look": table,
    }


def _pack_plan(
    packed: layout.Plans, n: int, setting: Setting, lists: list[Steps], calendars: dict[Windows, int]
) -> None:
    for site in setting.sites:
        packed.order[n, site.position] = site.region
        if site.windows is not None:
            packed.calendar[n, site.position] = calendars.setdefault(site.windows, len(calendars))
            packed.windowed[n, site.wave] = True
        if isinstance(site.strategy, Steps):
            if site.strategy not in lists:
                lists.append(site.strategy)
            packed.stepped[n] = True
            packed.strategy[n, site.position] = layout.STEPS + lists.index(site.strategy)
        else:
            packed.strategy[n, site.position] = {"rolling": layout.ROLLING, "blue_green": layout.BLUE_GREEN}[
                site.strategy
            ]
    packed.bounds[n, 1:] = len(setting.sites)
    position = 0
    for g, (wave, sites) in enumerate(setting.waves):
        packed.bounds[n, g] = position
        position += len(sites)
        packed.bake_minutes[n, g] = wave.bake_minutes
        packed.bake_requests[n, g] = wave.bake_requests
        packed.parallel[n, g] = wave.at_once
        packed.approval[n, g] = wave.approval
        packed.approved[n] |= wave.approval
        if packed.parallel[n, g] < len(sites) or wave.bake_requests > 0:
            packed.plain[n] = False


def _take_turns(packed: layout.Plans) -> None:
    """Let plans that begin alike follow each other, after the baseline: they share what their first waves decide."""
    heads, waves = zip(*_letters(packed), strict=True)
    packed.turn[1:] = sorted(range(1, len(heads)), key=lambda n: (heads[n], waves[n]))
    for before, n in itertools.pairwise(packed.turn):
        if heads[before] == heads[n]:
            alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(waves[before], waves[n], strict=False))
            packed.shared[n] = 1 + sum(1 for _ in alike)


def _letters(packed: layout.Plans) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
    """Yield for each plan what its rollouts depend on from their start, and what each wave adds."""
    names = (
        "order", "strategy", "calendar", "bounds", "waves", "retries", "rollback_all", "timeout", "tolerated",
        "on_alarm", "plain",
    )  # fmt: skip
    columns = [getattr(packed, name).tolist() for name in names]
    steps = [getattr(packed, name).tolist() for name in ("bake_minutes", "bake_requests", "parallel", "approval")]
    for order, strategy, calendar, bounds, count, *head, own in zip(*columns, zip(*steps, strict=True), strict=True):
        spans = itertools.pairwise(bounds[: count + 1])
        added = [(order[a:b], strategy[a:b], calendar[a:b], *wave) for (a, b), *wave in zip(spans, *own, strict=False)]
        yield (sorted(order[: bounds[-1]]), *head), added


def extras(worlds: layout.Worlds, plans: layout.Plans) -> bool:
    """Return whether any plan, or the scenario, asks for what only few do.

    Those are calendars, staffed hours, reviews, timeouts, failures that are tolerated, and a scope of roll-backs.
    """
    return bool(
        plans.windowed.any()
        or np.isfinite(plans.timeout).any()
        or plans.tolerated.any()
        or plans.on_alarm.any()
        or len(worlds.staffed)
        or worlds.reviewed
    )


def scratch_room(
    worlds: layout.Worlds, plans: layout.Plans, size: int, attempts: int = 0, *, parts: bool = False
) -> tuple[Any, ...]:
    """Return a block, scratch space and two rows of words, for so many trials and attempts that a tape knows of.

    `parts` says whether to keep where each trial's minutes go.
    """
    regions, waves, most = len(worlds.traffic), plans.bake_minutes.shape[1], plans.order.shape[1]
    block = layout.Block(
        build=np.zeros(size),
        deploy=np.zeros((regions, size)),
        handover=np.zeros((waves, size)),
        wait=np.zeros((waves, size)),
        rejected=np.zeros((waves, size), dtype=np.bool_),
        push=np.zeros(size),
        calm=np.zeros(size),
        clocks=np.zeros((regions, size)),
        hits=np.zeros((len(worlds.fault_breaks), size), dtype=np.bool_),
        own_hits=np.zeros((len(worlds.fault_breaks), regions, size), dtype=np.bool_),
        failing=np.zeros((regions, size), dtype=np.bool_),
        state=np.zeros(size, dtype=np.int8),
        ready=np.zeros(size, dtype=np.bool_),
        sick=np.zeros(size, dtype=np.bool_),
        fault=np.zeros((size, regions), dtype=np.int64),
        fails=np.zeros((size, regions), dtype=np.int64),
        minutes=np.zeros((size, regions)),
        false=np.zeros((size, regions)),
        memo=np.zeros((size, layout.CHANGE_SLOTS)),
        region_memo=np.zeros((size, regions, layout.REGION_SLOTS)),
        tries=np.full((size, regions, attempts, layout.TRY_SLOTS), np.nan),
    )
    scratch = layout.Scratch(
        at=np.zeros((layout.DEPLOYMENT, most)),
        clock=np.zeros((waves, size)),
        whole=np.zeros((layout.ENDS, size)),
        lists=np.zeros((layout.LISTS, size), dtype=np.uint32),
        rows=np.zeros((size, layout.COLUMNS)),
        depth=np.zeros(size, dtype=np.int64),
        harmed=np.zeros((waves + 3, layout.REGION_SUMS, most)),
        gone=np.zeros(size, dtype=np.bool_),
        spent=np.zeros((size if parts else 0, layout.PARTS)),
    )
    return block, scratch, np.zeros(size), np.zeros(size)


def base_room(size: int) -> layout.Base:
    """Return space for the baseline's rollouts of so many trials."""
    return layout.Base(
        end=np.zeros(size),
        mixed=np.zeros(size),
        rows=np.zeros((size, layout.COLUMNS)),
        lost=np.zeros(size, dtype=np.uint32),
        count=np.zeros(1, dtype=np.int64),
    )
