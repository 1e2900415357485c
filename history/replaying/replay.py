"""Replay: the same changes under other plans, chunk by chunk, in worlds that give what was recorded.

Not here: how worlds are chosen (`conditioning`, `worlds`), what an answer is (`result`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from history.arguments import check_given, check_scenario, plans_given
from history.fitting import Fitted
from history.joining import Rollouts
from history.replaying.answer import FIGURES, Answer
from history.replaying.identity import UNEXPLAINED, Identity, compare, starts
from history.replaying.reading import Read, chunks, read
from history.replaying.records import Floats, Records
from history.replaying.result import Differing, Replay
from history.replaying.shares import Reach, Shares
from history.replaying.worlds import NEEDED, Conditioned, choose
from simulation import Scenario, Tape
from simulation.arguments import whole
from simulation.columns import Row
from simulation.rare_events.sampling import sampling_of
from simulation.running.rows import job, rows
from simulation.setting import Setting, settings_of
from waves import Plan
from waves.progress import tqdm

AS_IT_WAS = "as it was"
CHUNK = 2_048  # rollouts whose worlds are in memory at once
TRACED = 500  # rollouts whose every start and end is compared
WORLDS = 20
DIFFERING = 3  # rollouts that are kept as duels
COLUMNS = tuple(Row._fields.index(name) for name in FIGURES if name != "shipped")


@dataclass
class _Run:
    """One replay under way."""

    plans: dict[str, Plan]
    scenarios: Sequence[Scenario]
    worlds: int
    seed: int
    engine: str
    answer: Answer
    identity: Identity = field(default_factory=Identity)
    shares: Shares = field(default_factory=Shares)
    impossible: Counter[str] = field(default_factory=Counter)
    explanations: Counter[str] = field(default_factory=Counter)
    effective: list[Floats] = field(default_factory=list)
    few: int = 0
    hidden: float = 0.0
    differing: list[Differing] = field(default_factory=list)

    def add(self, first: int, records: Records, flags: Sequence[frozenset[str]]) -> None:
        """Replay one chunk."""
        trials = np.arange(first, first + len(records))
        chosen = self._chosen(records, trials)
        reasons = [next(filter(None, texts), "") for texts in zip(*(own.impossible for own in chosen), strict=True)]
        possible = np.array([not text for text in reasons], dtype=np.bool_)  # under every scenario
        self.impossible.update(filter(None, reasons))
        settings = settings_of({AS_IT_WAS: records.plan, **self.plans}, self.scenarios[0])
        values = np.zeros((self.worlds, len(settings), len(FIGURES), len(records)))
        kept = np.ones(len(records), dtype=np.bool_)
        world = 0
        for own in chosen:
            for m in range(own.count):
                columns = self._rolled(settings, own, m)
                values[world] = figures(columns)
                same = compare(records, columns[0])
                self.identity.worlds += int(possible.sum())
                self.identity.kept += int((same & possible).sum())
                kept &= same
                world += 1
        self._starts(settings[0], chosen[0], possible, kept)
        for i in np.flatnonzero(possible & ~kept).tolist():
            self.identity.reasons.update(flags[i] or {UNEXPLAINED})
        self._count(records, chosen, possible)
        labels = {"service": records.services[possible], "month": records.months[possible]}
        self.answer.add(first, values[..., possible], records.bad[possible], labels)
        self._keep(records, chosen, values, np.flatnonzero(possible))

    def _chosen(self, records: Records, trials: NDArray[np.int64]) -> list[Conditioned]:
        """Choose worlds, as evenly from the scenarios as it goes."""
        if len(self.scenarios) == 1:
            return [choose(records, self.scenarios[0], trials, self.seed, self.worlds)]
        counts = [len(range(j, self.worlds, len(self.scenarios))) for j in range(len(self.scenarios))]
        firsts = np.cumsum([0, *counts]).tolist()
        parts = zip(self.scenarios, counts, firsts, strict=False)
        return [choose(records, s, trials, self.seed, n, first=f) for s, n, f in parts if n]

    def _rolled(self, settings: Sequence[Setting], own: Conditioned, m: int) -> Floats:
        """Roll out all plans in one world of each record, (P, columns, n)."""
        tape = own.tape(m)
        laid = [replace(each, scenario=own.scenario) for each in settings]
        todo = job(laid, own.seed_of(m), tape.trials, self.engine, sampling_of(own.scenario, "crude"), tape)
        return rows(todo)[0]

    def _starts(self, setting: Setting, own: Conditioned, possible: NDArray[np.bool_], kept: NDArray[np.bool_]) -> None:
        some = np.flatnonzero(possible)[: max(TRACED - self.identity.traced, 0)]
        if len(some):
            same = starts(setting, own, 0, some)
            self.identity.traced += len(some)
            self.identity.started += int(same.sum())
            kept[some] &= same

    def _count(self, records: Records, chosen: Sequence[Conditioned], possible: NDArray[np.bool_]) -> None:
        halted = np.isfinite(records.halt) & possible
        effective = chosen[0].effective
        self.effective.append(effective[halted])
        self.few += int((effective[possible] < NEEDED).sum())
        for own in chosen:
            self.explanations.update(own.explanation[halted].ravel().tolist())
            clean = possible & ~records.bad
            self.hidden += float(own.bad[clean].sum()) / self.worlds
        self.shares.add(records.of(possible))

    def _keep(
        self, records: Records, chosen: Sequence[Conditioned], values: Floats, possible: NDArray[np.int64]
    ) -> None:
        """Keep the rollouts that differ most from what was, in impact, else in time."""
        for p, name in enumerate(self.plans, start=1):
            apart = values[:, p] - values[:, 0]  # (M, Q, n)
            for i in possible:
                hurt, late = apart[:, _at("impact_minutes"), i], apart[:, _at("end_minutes"), i]
                size = (abs(float(hurt.mean())), abs(float(late.mean())))
                if len(self.differing) >= DIFFERING and size <= min(each.size for each in self.differing):
                    continue
                typical = hurt if size[0] > 0 else late
                world = int(np.argmin(np.abs(typical - typical.mean())))
                found = _differing(records, chosen, int(i), world, name, size, apart[:, :, i])
                same = [each for each in self.differing if each.rollout == found.rollout]
                if same and same[0].size >= size:
                    continue
                others = [each for each in self.differing if each.rollout != found.rollout]
                self.differing = sorted([*others, found], key=lambda each: each.size, reverse=True)[:DIFFERING]


def _at(figure: str) -> int:
    return list(FIGURES).index(figure)


def _differing(
    records: Records,
    chosen: Sequence[Conditioned],
    i: int,
    world: int,
    plan: str,
    size: tuple[float, float],
    apart: Floats,
) -> Differing:
    for own in chosen:
        if world < own.count:
            break
        world -= own.count
    trial = int(own.trials[i])
    tape = own.tape(world).of(range(trial, trial + 1))
    kept = Tape(tape.trials, {where: values.copy() for where, values in tape.columns.items()})
    return Differing(
        str(records.names[i]), plan, size, records.plan, own.scenario, own.seed_of(world), trial, kept,
        str(own.explanation[i, world]), {name: float(apart[:, q].mean()) for q, name in enumerate(FIGURES)},
    )  # fmt: skip


def figures(columns: Floats) -> Floats:
    """Return the figures of one world's rows, (P, Q, n)."""
    found = np.empty((len(columns), len(FIGURES), columns.shape[-1]))
    for q, name in enumerate(FIGURES):
        found[:, q] = columns[:, 0] <= 1 if name == "shipped" else columns[:, Row._fields.index(name)]
    return found


def replay(
    rollouts: Rollouts | Read,
    plans: Plan | Mapping[str, Plan],
    scenario: Scenario | Sequence[Scenario] | Fitted,
    *,
    used: Plan | Mapping[str, Plan] | None = None,
    incidents: str | None = None,
    worlds: int = WORLDS,
    seed: int = 0,
    engine: str = "compiled",
    progress: bool = False,
) -> Replay:
    """Replay recorded rollouts under other plans.

    Parameters
    ----------
    rollouts : Rollouts
        What `history.rollouts` joined.
    plans : Plan or mapping of str to Plan
        The other plans, by name.
    scenario : Scenario, sequence of Scenario, or Fitted
        What history cannot tell. Of several each gives some of the worlds; of a fit, world m takes draw m.
    used : Plan or mapping of str to Plan, optional
        The plan under which rollouts really went, or that of each service (`*`: of all others); inferred where it is
        left out or a rollout did not go by it.
    incidents : str, optional
        `complete` or `partial`, as for a fit; if left out as it was there, else complete where there is any.
    worlds : int
        How many worlds of each rollout, at least 2.
    seed : int
        From 0 to 2⁶⁴ − 1.
    engine : str
        `compiled` or `simpy`.
    progress : bool
        Whether to show a progress bar on standard error.

    Returns
    -------
    Replay

    Raises
    ------
    InputError
        Where a plan has regions that the scenario's fleet does not have.
    ValueError
        Where no rollout is left to replay, or for worlds, a seed or an engine out of range.
    """
    whole("worlds", worlds, 2)
    incidents, scenarios = _believed(scenario, incidents, worlds)
    named = {plans.name: plans} if isinstance(plans, Plan) else dict(plans)
    _check(named, scenarios, worlds, seed, engine)
    read_ = _read(rollouts, scenarios[0], used, incidents)
    total = sum(len(each) for each in read_.groups)
    if not total:
        why = Counter(read_.left_out).most_common(1)
        raise ValueError(f"no rollout is left to replay{f'; most are {why[0][0]!r}' if why else ': there are none'}")
    settings_of(named, scenarios[0])
    run = _Run(named, scenarios, worlds, seed, engine, Answer(len(named) + 1, worlds, seed))
    with tqdm(total=total, unit="rollout", disable=not progress, leave=False) as bar:
        for first, records, flags in chunks(read_, CHUNK):
            run.add(first, records, flags)
            bar.update(len(records))
    reach = Reach.of(read_.groups, scenarios[0])
    return Replay(
        plans=named, scenario=scenarios[0], seed=seed, worlds=worlds, total=total, left_out=read_.left_out,
        inferred=read_.inferred, answer=run.answer, identity=run.identity, shares=run.shares.of(named), reach=reach,
        impossible=run.impossible, explanations=run.explanations,
        effective=np.concatenate(run.effective) if run.effective else np.zeros(0), few=run.few, hidden=run.hidden,
        differing=tuple(run.differing),
    )  # fmt: skip


def _believed(
    scenario: Scenario | Sequence[Scenario] | Fitted, incidents: str | None, worlds: int
) -> tuple[str | None, list[Scenario]]:
    """Return how complete incidents are taken to be, and the scenarios that give the worlds."""
    if incidents not in (None, "complete", "partial"):
        raise ValueError(f"incidents is {incidents!r}; say complete or partial, or leave it out")
    if isinstance(scenario, Fitted):
        return incidents or scenario.incidents, scenario.posterior(min(worlds, scenario.draws))
    scenarios = [scenario] if isinstance(scenario, Scenario | str) else list(scenario)
    for each in scenarios:
        check_scenario(each)
    return incidents, scenarios


def _read(
    rollouts: Rollouts | Read, scenario: Scenario, used: Plan | Mapping[str, Plan] | None, incidents: str | None
) -> Read:
    if isinstance(rollouts, Read):
        return rollouts
    check_given(rollouts, scenario)
    return read(rollouts, scenario, plans_given(used), None if incidents is None else incidents == "complete")


def _check(plans: Mapping[str, Any], scenarios: Sequence[Any], worlds: int, seed: int, engine: str) -> None:
    if not plans:
        raise ValueError("there are no plans to replay; give at least one")
    if AS_IT_WAS in plans:
        raise ValueError(f"a plan is named {AS_IT_WAS!r}, as what really happened is; give it another name")
    if not scenarios:
        raise ValueError("there is no scenario; give one, or several draws of a fit")
    if len({each.fleet.digest for each in scenarios}) > 1:
        raise ValueError("the scenarios have different fleets; give draws of one fit")
    whole("worlds", worlds, 2)
    if engine not in ("compiled", "simpy"):
        raise ValueError(f"engine is {engine!r}; use one of compiled, simpy")
    if not 0 <= whole("seed", seed, 0) < 2**64:
        raise ValueError(f"seed is {seed}; give a whole number from 0 to 2**64 - 1")
