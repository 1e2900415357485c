"""Search: which plans are worth discussing for a fleet, of all there are or of all that were tried.

Every grouping with every bake races in the same worlds where there are not too many; elsewhere a population is varied.
Then bakes are tried wave by wave, and what is left is run once more in worlds that chose nothing. Not here: the race
(``race``), the plans (``candidates``), what is best by proof (``provable``).
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from tqdm import tqdm

from simulation.analysis.compare import Comparison, compare
from simulation.arguments import Workers, check_confidence, check_workers, is_number
from simulation.draws import check_address
from simulation.rare_events.sampling import sampling_of
from simulation.results.figures import called
from simulation.results.statistics import Estimate
from simulation.scenario import Scenario
from simulation.searching.candidates import Candidates, bakes_of
from simulation.searching.front import front
from simulation.searching.gains import sentences
from simulation.searching.race import RUNGS, Race
from simulation.searching.scores import OBJECTIVES, Worlds
from waves import Plan, Rules, did_you_mean, named
from waves.groupings import GROUPINGS
from waves.rules.clashes import grouping_that_keeps
from waves.showing import Html, Shown, counted, element, glimpse

USUAL = ("impact_minutes_mean", "probability_share_exposed_at_least_0.5", "end_minutes_given_shipped_mean")
BAKES = (0.0, 30.0, 60.0, 120.0)
EVERY = 3_000_000  # plans, up to which all are looked at
STEPS = 12  # rounds of other bakes, at most
CHILDREN, PATIENCE, LONGEST = 8, 6, 60  # of a plan in a generation; generations without a better plan; in all
TODAY = "today"
TIMES = ("end_minutes_given_shipped_mean", "minutes_to_ship")


class NoPlan(ValueError):
    """That no plan keeps the rules."""


@dataclass(frozen=True, eq=False, repr=False)
class Search(Shown):
    """The plans worth discussing, and how much is known of that.

    Attributes
    ----------
    plans
        By name, from the fastest to the slowest; the plan of today, where it was given, is `today`.
    comparison
        All of them in worlds that had no part in the choice; the first is the baseline.
    objectives
        The figures of which less is better; the last is the time.
    resolution
        The part of a figure within which another plan was as good as one that was left out, at each step of the way.
    every
        Whether every grouping with every uniform bake was looked at; else these are the best known.
    finished
        Whether it came to its end, rather than being interrupted.
    looked_at, rollouts, whole
        How many plans were, how many rollouts that took, and how many it would have been without a race.
    """

    plans: dict[str, Plan]
    comparison: Comparison
    objectives: tuple[str, ...]
    resolution: float
    every: bool
    finished: bool
    looked_at: int
    rollouts: int
    whole: int
    race: Race = field(repr=False)

    @cached_property
    def known(self) -> dict[str, dict[str, Estimate]]:
        """By plan, each objective's estimate with its interval."""
        confidence = self.comparison.confidence
        return {
            name: {figure: outcomes.estimate(figure, confidence)[0] for figure in self.objectives}
            for name, outcomes in self.comparison.outcomes.items()
        }

    @cached_property
    def front(self) -> pd.DataFrame:
        """One row a plan: `waves`, `bakes`, and of each objective its `estimate`, `low` and `high`."""
        rows = [
            (
                in_words(plan),
                tuple(wave.bake_minutes for wave in plan.waves),
                *itertools.chain(*self.known[name].values()),
            )
            for name, plan in self.plans.items()
        ]
        parts = [(figure, part) for figure in self.objectives for part in ("estimate", "low", "high")]
        columns = pd.MultiIndex.from_tuples([("waves", ""), ("bakes", ""), *parts])
        return pd.DataFrame(rows, columns=columns, index=pd.Index(list(self.plans), name="plan"))

    @property
    def sentences(self) -> list[str]:
        """What people want to hear of it."""
        return sentences(self)

    def plan(self, name: "str | int") -> Plan:
        """Return a plan by its name, or by its place among those from the fastest to the slowest, from 1.

        Raises
        ------
        ValueError
            For one that there is not.
        """
        found = self.plans.get(f"front {name}" if isinstance(name, int) else name)
        if found is None:
            raise ValueError(f"there is no plan {name!r}; there are {', '.join(self.plans)}")
        return found

    def plot(self):  # type: ignore[no-untyped-def]
        """Draw the front: time against the first objective, with the plan of today marked."""
        from simulation.plots import front as picture
        from simulation.plots import offered

        return offered(picture(self))

    def _glance(self) -> str:
        how = "of all there are" if self.every else "best known"
        ends = "" if self.finished else "; interrupted"
        return f"{counted(len(self.plans), 'plan')}, {how}, of {counted(self.looked_at, 'plan')} looked at{ends}"

    def _repr_html_(self) -> Html:
        said = Html("".join(element("p", each) for each in self.sentences))
        rows = [
            (name, in_words(plan), bakes(plan), *(short(each.value) for each in self.known[name].values()))
            for name, plan in self.plans.items()
        ]
        return said + glimpse(self._glance(), ("plan", "waves", "bakes", *map(called, self.objectives)), rows)


def search(
    scenario: Scenario,
    *,
    today: Plan | None = None,
    rules: Rules | None = None,
    bake_minutes: Sequence[float] = BAKES,
    objectives: Sequence[str] = USUAL,
    resolution: float = 0.05,
    seed: int = 0,
    confidence: float = 0.95,
    workers: Workers = 1,
    progress: bool = False,
    resume: Search | None = None,
) -> Search:
    """Find the plans of a fleet that are worth discussing: for any other, one of them is about as good in each figure.

    Every grouping in every order is looked at where there are not too many; else plans are varied from generation to
    generation. See docs/search.md.

    Parameters
    ----------
    scenario
        With the fleet.
    today
        The plan to compare with. All but its waves and bakes is that of every plan.
    rules
        What every plan must keep to.
    bake_minutes
        The bakes to choose from, minutes.
    objectives
        Figures of which less is better, of `scores.OBJECTIVES`; the last one a time.
    resolution
        Differences of this part of a figure do not matter.
    seed
        Of the worlds in which plans are chosen; what is said of them comes from worlds of the seed after it.
    confidence
        Of the intervals of what is said.
    workers, progress
        As for `sweep`; threads only, as plans are handed out in small parts.
    resume
        A search that was interrupted, to go on with.

    Raises
    ------
    InputError
        Where the plan of today has regions that the fleet does not have.
    ValueError
        For figures, bakes or numbers that cannot be.
    NoPlan
        Where no plan keeps the rules.
    """
    confidence = check_confidence(confidence)
    if today is not None:
        today.require(scenario.fleet)
    candidates = Candidates(scenario, today, bakes_of(bake_minutes), rules)
    worlds = _worlds(scenario, seed, objectives, workers)
    with _Line(progress) as line:
        race = Race(worlds, _part(resolution), line.tell) if resume is None else _resumed(resume, worlds, resolution)
        race.told = line.tell
        try:
            _run(race, candidates, today)
            finished = True
        except KeyboardInterrupt:
            if not race.plans:
                raise
            finished = False
    if not race.plans:
        what = "no plan" if candidates.count <= EVERY else "none of the plans that were tried"
        raise NoPlan(f"{what} keeps the rules; `wavecast check` of the rules and the fleet says whether any can")
    return _result(race, candidates, today, int(seed), confidence, finished)


def _run(race: Race, candidates: Candidates, today: Plan | None) -> None:
    seeds = list({plan.digest: plan for plan in candidates.allowed(_seeds(candidates, today))}.values())
    if not race.rung:
        if candidates.count <= EVERY:
            race.start(candidates.uniform(), seeds)
        else:
            _vary(race, candidates, seeds)
    race.finish()
    tried = {plan.digest for plan in race.plans}
    for _ in range(STEPS):
        before = race.best()
        nearby = {p.digest: p for plan in before for p in candidates.allowed(candidates.other_bakes(plan))}
        fresh = [plan for digest, plan in nearby.items() if digest not in tried]
        tried |= nearby.keys()
        race.enter(fresh, before, RUNGS[-1])
        race.looked_at += len(fresh)
        if {plan.digest for plan in race.best()} == {plan.digest for plan in before}:
            return


def _vary(race: Race, candidates: Candidates, seeds: list[Plan]) -> None:
    """Vary the best plans from generation to generation until nothing better comes."""
    random, still = np.random.default_rng(race.worlds.seed), 0
    seeds = list({plan.digest: plan for plan in (*race.plans, *seeds)}.values())
    race.enter(seeds, (), RUNGS[0])
    race.looked_at = max(race.looked_at, len(seeds))
    tried = {plan.digest for plan in seeds}
    for _ in range(LONGEST):
        best = race.best()
        children = {p.digest: p for plan in best for p in (candidates.varied(plan, random) for _ in range(CHILDREN))}
        fresh = list(candidates.allowed(plan for digest, plan in children.items() if digest not in tried))
        tried |= children.keys()
        race.enter(fresh, best, RUNGS[0])
        race.looked_at += len(fresh)
        still = still + 1 if {p.digest for p in race.best()} == {p.digest for p in best} else 0
        if still == PATIENCE:
            break
    race.rung = RUNGS[0]


def _seeds(candidates: Candidates, today: Plan | None) -> Iterator[Plan]:
    """Yield every named grouping with every bake, as far as the fleet has such: good plans to hold others against."""
    for name in GROUPINGS:
        for bake in candidates.bakes:
            try:
                plan = named(name, candidates.fleet, like=today, bake_minutes=bake)
            except ValueError:
                continue  # no labels, or no time zones
            yield candidates.canonical(plan)
    if candidates.rules is not None:  # which may rule all of those out
        kept = grouping_that_keeps(candidates.rules.rules, candidates.fleet).groups or ()
        for bake in candidates.bakes if kept else ():
            yield candidates.canonical(candidates.plan(kept, [bake] * len(kept)))


def _result(
    race: Race, candidates: Candidates, today: Plan | None, seed: int, confidence: float, finished: bool
) -> Search:
    scenario, figures = race.worlds.scenario, race.worlds.objectives
    own = {TODAY: today} if today is not None else {}
    kept = {f"front {n}": plan for n, plan in enumerate(race.best(), 1)}
    fresh = compare({**own, **kept}, scenario, trials=RUNGS[-1], seed=seed + 1, confidence=confidence)
    outcomes = fresh.outcomes
    values = [[outcomes[name].estimate(figure, confidence)[0].value for figure in figures] for name in kept]
    names = [list(kept)[at] for at in front(np.array(values), race.resolution).tolist()]
    order = {**own, **{f"front {n}": kept[name] for n, name in enumerate(names, 1)}}
    found = dict(zip(order, (outcomes[name] for name in [*own, *names]), strict=True))
    comparison = replace(fresh, outcomes=found)
    looked, every = race.looked_at, candidates.count <= EVERY and race.rung > 0
    return Search(
        {name: plan.model_copy(update={"name": name}) if name != TODAY else plan for name, plan in order.items()},
        comparison, figures, race.resolution, every, finished, looked, race.rollouts, looked * RUNGS[-1], race,
    )  # fmt: skip


def in_words(plan: Plan) -> str:
    """Return who is in which wave: `a → b, c`; in a large fleet how many are."""
    waves = plan.waves
    return " → ".join(", ".join(w.regions) if len(plan.regions) <= 12 else str(len(w.regions)) for w in waves)


def bakes(plan: Plan) -> str:
    """Return how long the waves of a plan bake: `30, 60, 0 min`, or `30 min` where all do."""
    minutes = [f"{wave.bake_minutes:g}" for wave in plan.waves]
    return f"{minutes[0] if len(set(minutes)) == 1 else ', '.join(minutes)} min"


def short(value: float) -> str:
    """Return a figure in four digits."""
    return f"{value:.4g}"


def _worlds(scenario: Scenario, seed: int, objectives: Sequence[str], workers: Workers) -> Worlds:
    check_address(seed, range(RUNGS[-1]))
    check_address(seed + 1, range(RUNGS[-1]))  # of the worlds in which the front is told
    figures, workers = _objectives(objectives), check_workers(workers)
    return Worlds(scenario, sampling_of(scenario, "stratified"), int(seed), figures, workers)


def _resumed(before: Search, worlds: Worlds, resolution: float) -> Race:
    race = before.race
    same = (race.worlds.scenario, race.worlds.seed, race.worlds.objectives, race.resolution)
    if same != (worlds.scenario, worlds.seed, worlds.objectives, resolution):
        raise ValueError("resume is of another scenario, seed, objectives or resolution; give the same, or none")
    race.worlds = worlds
    return race


def _part(resolution: float) -> float:
    if not is_number(resolution) or not 0 <= resolution < 1:
        raise ValueError(f"resolution is {resolution!r}; give a part of a figure from 0 to below 1, such as 0.05")
    return float(resolution)


def _objectives(given: Sequence[str]) -> tuple[str, ...]:
    for name in given:
        if name not in OBJECTIVES:
            remedy = did_you_mean(str(name), OBJECTIVES) or f"; there are {', '.join(OBJECTIVES)}"
            raise ValueError(f"objectives: {name!r} is not a figure to search by{remedy}")
    figures = tuple(dict.fromkeys(given))
    if len(figures) < 2 or figures[-1] not in TIMES:
        raise ValueError(f"objectives are {', '.join(figures) or 'none'}; give two or more, the last one of {TIMES}")
    return figures


class _Line:
    """The line that shows how far a search is: rollouts, plans in the race, plans on the front."""

    def __init__(self, shown: bool) -> None:
        self.bar = tqdm(total=None, unit="rollout", unit_scale=True, disable=not shown, leave=False)

    def tell(self, rollouts: int, plans: int, best: int) -> None:
        """Show that so many rollouts more are done."""
        self.bar.set_postfix_str(f"{plans:,} plans in the race, {best} on the front", refresh=False)
        self.bar.update(rollouts)

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
