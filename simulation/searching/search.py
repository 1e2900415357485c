"""Search: which plans are worth discussing for a fleet, of all there are or of all that were tried.

Every grouping with every bake races in the same worlds where there are not too many; elsewhere a population is varied.
Then bakes are tried wave by wave, and what is left is run once more in worlds that chose nothing. Not here: the race
(``race``), the plans (``candidates``), what is best by proof (``provable``), what comes of it (``found``).
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulation.arguments import Workers, check_confidence, check_workers, is_number
from simulation.draws import check_address
from simulation.rare_events.sampling import sampling_of
from simulation.scenario import Scenario
from simulation.searching import shapes
from simulation.searching.candidates import Candidates, bakes_of
from simulation.searching.cell import in_notebook
from simulation.searching.found import PlanFront
from simulation.searching.front import TODAY, front
from simulation.searching.keeping import Keeper, differing, identity
from simulation.searching.packed import Packing
from simulation.searching.population import HASTE, PATIENCE, vary
from simulation.searching.provable import suggested
from simulation.searching.race import LIKELY, RUNGS, SURE, Held, Race
from simulation.searching.scores import OBJECTIVES, TIMES, Terms
from simulation.searching.shapes import Shapes
from simulation.searching.told import told
from simulation.searching.tree import Tree
from simulation.searching.unkept import grouping_to_begin_with, why_none
from waves import Plan, Rules, did_you_mean, named
from waves.groupings import GROUPINGS
from waves.progress import tqdm
from waves.showing import SaysItAll

USUAL = ("impact_minutes_mean", "probability_share_exposed_at_least_0.5", "end_minutes_given_shipped_mean")
BAKES = (0.0, 30.0, 60.0, 120.0)
EVERY = 3_000_000  # plans, up to which all are looked at
LAST_SEED = 2**64 - 1
FINER = 0.2  # of the resolution, in the race of a population of regions: what it holds comes within a hundredth
VARIED = RUNGS[1]  # trials of a population
SOME = 16  # plans on a front, from which on it is shown how many are told
STEPS = 12  # rounds of other bakes, at most


class NoPlan(SaysItAll, ValueError):
    """That no plan keeps the rules."""


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
    resume: PlanFront | str | os.PathLike[str] | None = None,
) -> PlanFront:
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
        Differences of this part of a figure do not matter: neither in the race, nor when its end is thinned out to what
        is told. A population races by a fifth of it.
    seed
        Of the worlds in which plans are chosen; what is said of them comes from worlds of the seed after it.
    confidence
        Of the intervals of what is said.
    workers, progress
        As for `sweep`.
    resume
        A search that was interrupted, to go on with. Or a file in which this one is kept as it goes, every half a
        minute and at its end, and gone on with where the file is there.

    Raises
    ------
    InputError
        Where the plan of today, or the rules, have regions that the fleet does not have.
    ValueError
        For figures, bakes or numbers that cannot be; for what is to be gone on with, if it is of another search, or no
        search at all.
    OSError
        Where the file to keep it in cannot be written from the start. Later on that is a warning, and it goes on.
    NoPlan
        Where no plan keeps the rules; where that can be told, why, before anything is rolled out.
    """
    confidence = check_confidence(confidence)
    _check(scenario, today, rules, resume)
    candidates = _candidates(scenario, today, bakes_of(bake_minutes), rules)
    terms = _terms(scenario, seed, objectives, _racing(candidates, _part(resolution)))
    with _Line(progress) as line:
        race, keeper = _race(candidates, terms, check_workers(workers), line, resume)
        finished = _to_its_end(race, candidates)
        if keeper is not None:
            keeper.last(race)
        if not len(race.shapes):
            what = "no plan" if candidates.count <= EVERY else "none of the plans that were tried"
            raise NoPlan(f"{what} keeps the rules; `wavecast check` of the rules and the fleet says whether any can")
        return _result(race, today, confidence, finished, _part(resolution), line)


def _check(scenario: Scenario, today: Plan | None, rules: Rules | None, resume: object) -> None:
    """Refuse what is none of what it should be, and a plan or rules with regions that the fleet does not have."""
    given = (("scenario", scenario, Scenario), ("today", today, Plan), ("rules", rules, Rules))
    for name, value, kind in given:
        if not isinstance(value, kind) and (value is not None or kind is Scenario):
            raise ValueError(f"{name} is {type(value).__name__}; give a {kind.__name__}")
    if not isinstance(resume, PlanFront | str | os.PathLike | None):
        raise ValueError(f"resume is {type(resume).__name__}; give a PlanFront, or the name of a file")
    for noun in (today, rules):
        if noun is not None:
            noun.require(scenario.fleet)


def _candidates(scenario: Scenario, today: Plan | None, bakes: Sequence[float], rules: Rules | None) -> Candidates:
    candidates = Candidates(scenario, today, bakes, rules)
    if reason := why_none(candidates):
        raise NoPlan(f"no plan keeps the rules: {reason}")
    return candidates


def _to_its_end(race: Race, candidates: Candidates) -> bool:
    """Run a race; return whether that came to its end, rather than being interrupted with something to tell."""
    try:
        _run(race, candidates)
    except KeyboardInterrupt:
        if not len(race.shapes):
            raise
        return False
    return True


def _run(race: Race, candidates: Candidates) -> None:
    if not race.rung:
        _first_rung(race, candidates)
    race.finish(LIKELY if race.tree is None else SURE)
    if race.tree is not None:  # a population has tried other bakes on its way
        _try_bakes(race, candidates)


def _first_rung(race: Race, candidates: Candidates) -> None:
    """Run it with all plans there are, good ones first, for others to be held against; or with a population."""
    every = candidates.count <= EVERY
    if race.tree is None:
        if every:
            race.anew()  # so that it ends where an undisturbed one does
        seeds = candidates.keeping(_seeds(candidates, race.terms.scenario))
        vary(race, candidates, seeds, RUNGS[0] if every else VARIED, HASTE if every else PATIENCE)
    if every:
        race.through(race.tree or Tree(candidates))
    else:
        race.rung = VARIED


def _try_bakes(race: Race, candidates: Candidates) -> None:
    """Try other bakes wave by wave on the front, until no step improves it."""
    race.tried |= set(race.shapes.keys)
    for _ in range(STEPS):
        before = race.best.keys
        fresh = shapes.without(candidates.keeping(candidates.other_bakes(race.best)), set(race.tried))
        if not len(fresh):
            return
        race.enter(fresh, (RUNGS[0], RUNGS[-1]), LIKELY)
        race.tried |= set(fresh.keys)
        if race.best.keys == before:
            return


def _seeds(candidates: Candidates, scenario: Scenario) -> Shapes:
    """Return every named grouping with every bake, as far as the fleet has such: good plans to hold others against.

    With them today's, one unit after another, and what would be best on paper.
    """
    found = [shapes.uniform(candidates.divisions.whole, bake) for bake in range(len(candidates.bakes))]
    for groups in _named(candidates):
        for bake in range(len(candidates.bakes)):
            found.append(candidates.shape(groups, bake))
    for plan in suggested(scenario, list(candidates.bakes), candidates.units):
        bakes = [wave.bake_minutes for wave in plan.waves]
        found.append(candidates.shape([wave.regions for wave in plan.waves], bakes))
    return shapes.without(shapes.joined(found), set())


def _named(candidates: Candidates) -> Iterator[Sequence[Sequence[str]]]:
    for name in GROUPINGS:
        try:
            plan = named(name, candidates.fleet, bake_minutes=0.0)
        except ValueError:
            continue  # no labels, or no time zones
        yield [wave.regions for wave in plan.waves]
    yield candidates.units
    if candidates.like is not None and set(candidates.like.regions) == set(candidates.fleet.names):
        yield [wave.regions for wave in candidates.like.waves]
    if candidates.rules is not None:  # which may rule all of those out
        kept = grouping_to_begin_with(candidates).groups
        if kept:
            yield kept


def _result(
    race: Race, today: Plan | None, confidence: float, finished: bool, resolution: float, line: "_Line"
) -> PlanFront:
    """Roll the front out in fresh worlds; interrupted now, where the race was not, what is done by then is told."""
    terms, candidates = race.terms, race.packing.candidates
    own = {TODAY: today} if today is not None else {}
    best = race.shapes.of(front(race.value, resolution))
    kept = {f"front {n}": plan for n, plan in enumerate(candidates.plans(best), 1)}
    fresh = told(kept, own, terms, confidence, race.workers, line.telling, partly=finished)
    whole, kept = len(kept), {name: plan for name, plan in kept.items() if name in fresh.known}
    values = [[each.value for each in fresh.known[name].values()] for name in kept]
    names = [list(kept)[at] for at in front(np.array(values), 0.0).tolist()]
    order = dict(zip(own, own, strict=True)) | {f"front {n}": name for n, name in enumerate(names, 1)}
    plans = own | {new: kept[old].model_copy(update={"name": new}) for new, old in order.items() if old in kept}
    every = candidates.single and race.tree is not None and race.tree.ended
    return PlanFront(
        plans, fresh.renamed(order), terms.figures, resolution, every, finished and len(kept) == whole, race.looked_at,
        race.rollouts, race.looked_at * RUNGS[-1], race, whole - len(kept),
    )  # fmt: skip


def _terms(scenario: Scenario, seed: int, objectives: Sequence[str], resolution: float) -> Terms:
    check_address(seed, range(RUNGS[-1]))
    if seed == LAST_SEED:
        raise ValueError(f"seed is {seed}; give one less: what is told comes from worlds of the seed after it")
    *risks, time = objectives_of(objectives)
    return Terms(scenario, sampling_of(scenario, "stratified"), int(seed), tuple(risks), time, resolution)


def _race(
    candidates: Candidates, terms: Terms, workers: Workers, line: "_Line", resume: PlanFront | str | os.PathLike | None
) -> tuple[Race, Keeper | None]:
    """Return a race that has not begun, or one to go on with; and who keeps it, if anybody."""
    if isinstance(resume, PlanFront):
        other = differing(identity(terms, candidates), identity(resume.race.terms, resume.race.packing.candidates))
        if other:
            raise ValueError(f"resume is of {other}; give the same, or none")
        return replace(resume.race.again(), workers=workers, told=line.tell), None
    held = Held(shapes.none(len(candidates.units)), np.zeros((0, len(terms.figures))))
    race = Race(terms, Packing(candidates, terms.scenario), workers, line.tell, held)
    if resume is None:
        return race, None
    keeper = Keeper(resume)
    race.settled = keeper.now_and_then
    return keeper.go_on(race), keeper


def _racing(candidates: Candidates, resolution: float) -> float:
    return resolution * (FINER if candidates.single and candidates.count > EVERY else 1.0)


def _part(resolution: float) -> float:
    if not is_number(resolution) or not 0 <= resolution < 1:
        raise ValueError(f"resolution is {resolution!r}; give a part of a figure from 0 to below 1, such as 0.05")
    return float(resolution)


def objectives_of(given: Sequence[str]) -> tuple[str, ...]:
    """Return figures to search by, each once, the time last.

    Raises
    ------
    ValueError
        For what is no such figure, for fewer than two, and where not exactly one, the last, is a time.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(f"objectives is {given!r}; give two or more figures, such as {USUAL}")
    given = list(given)
    for name in given:
        if not isinstance(name, str) or name not in OBJECTIVES:
            remedy = did_you_mean(str(name), OBJECTIVES) or f"; there are {', '.join(OBJECTIVES)}"
            raise ValueError(f"objectives: {name!r} is not a figure to search by{remedy}")
    figures = tuple(dict.fromkeys(given))
    if len(figures) < 2 or [name for name in figures if name in TIMES] != [figures[-1]]:
        raise ValueError(
            f"objectives are {', '.join(figures) or 'none'}; give two or more, the last one of {', '.join(TIMES)}"
        )
    return figures


class _Line:
    """The line that shows how far a search is: rollouts, plans in the race, and where the front is."""

    def __init__(self, shown: bool) -> None:
        self.cell, self.rollouts = in_notebook() if shown else None, 0
        self.bar = tqdm(total=None, unit="rollout", unit_scale=True, disable=not shown or bool(self.cell), leave=False)

    def telling(self, done: int, of: int) -> None:
        """Show that so many plans of the front are rolled out once more."""
        if of < SOME:
            return
        said = f"{done:,} of {of:,} plans on the front rolled out once more, in other worlds"
        if self.cell is not None:
            self.cell.say(f"Searching: {self.rollouts:,} rollouts; {said}")
            return
        self.bar.set_postfix_str(said)

    def tell(self, rollouts: int, plans: int, best: NDArray[np.float64]) -> None:
        """Show that so many rollouts more are done."""
        self.rollouts += rollouts
        (low, *_, quick), (high, *_, slow) = best.min(axis=0, initial=np.inf), best.max(axis=0, initial=-np.inf)
        where = f": {low:.3g} to {high:.3g} in {quick:,.0f} to {slow:,.0f} min" if len(best) else ""
        said = f"{plans:,} plans in the race, {len(best)} on the front{where}"
        if self.cell is not None:
            self.cell.say(f"Searching: {self.rollouts:,} rollouts, {said}")
            return
        self.bar.set_postfix_str(said, refresh=False)
        self.bar.update(rollouts)

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
        if self.cell is not None:
            self.cell.clear()
