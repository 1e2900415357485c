"""What a search found: the plans worth discussing, what is known of them, and how they are told and drawn.

Not here: the search (``search``), sentences (``gains``).
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from simulation.results.figures import PAIRED, called, estimated
from simulation.results.statistics import Estimate
from simulation.searching.distance import Distance, distance
from simulation.searching.front import TODAY
from simulation.searching.gains import sentences, short
from simulation.searching.race import Race
from simulation.searching.told import Told, told
from waves import Plan
from waves.showing import Html, Shown, cards, counted, element, glimpse

GLANCE = 12  # plans of a front whose table is open in a notebook: what is said stands before a longer one, and after it


@dataclass(frozen=True, eq=False, repr=False)
class PlanFront(Shown):
    """The plans worth discussing, and how much is known of that.

    Attributes
    ----------
    plans
        By name, from the fastest to the slowest; the plan of today, where it was given, is `today`. Those of `own`
        come next.
    told
        What is known of them from worlds that had no part in the choice.
    objectives
        The figures of which less is better; the last is the time.
    resolution
        The part of a figure within which another plan was as good as one that was left out when what was left of the
        race was thinned out; in the race it was as much, of a population a fifth.
    every
        Whether every grouping with every uniform bake was looked at; else these are the best known.
    finished
        Whether it came to its end, rather than being interrupted.
    looked_at, rollouts, whole
        How many plans were, how many rollouts that took, and how many it would have been without a race.
    untold
        How many plans on the front are left out, as it was interrupted when those were rolled out once more.
    own
        The names of the plans that people asked about, which no search had to find: see `beside`.
    """

    plans: dict[str, Plan]
    told: Told
    objectives: tuple[str, ...]
    resolution: float
    every: bool
    finished: bool
    looked_at: int
    rollouts: int
    whole: int
    race: Race = field(repr=False)
    untold: int = 0
    own: tuple[str, ...] = ()

    def beside(self, plans: Mapping[str, Plan]) -> "PlanFront":
        """Return the same front with plans of one's own beside it, told of in the same worlds.

        Parameters
        ----------
        plans
            By name.

        Raises
        ------
        ValueError
            For what is no mapping, and a name that the front has already.
        InputError
            Where a plan has regions that the scenario's fleet does not have.
        """
        if not isinstance(plans, Mapping):
            raise ValueError(f"plans is {type(plans).__name__}; give a mapping from names to plans")
        for name in plans:
            if name in self.plans:
                raise ValueError(f"there is a plan {name!r} already; give it another name")
        today = {TODAY: self.plans[TODAY]} if TODAY in self.plans else {}
        known = told(plans, today, self.race.terms, self.told.confidence, self.race.workers)
        rest = {name: plan for name, plan in self.plans.items() if name not in today}
        return replace(
            self, plans={**today, **plans, **rest}, own=(*self.own, *plans),
            told=self.told.beside(known),
        )  # fmt: skip

    @property
    def short(self) -> dict[str, str]:
        """The plans to look at first, each with why: today's, one's own, the fastest near today's risk, the safest."""
        return short(self)

    @property
    def known(self) -> dict[str, dict[str, Estimate]]:
        """By plan, each objective's estimate with its interval."""
        return self.told.known

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

    @cached_property
    def distance(self) -> Distance:
        """How far each plan is from what is provably best, where the closed forms hold."""
        return distance(self.plans, self.race.terms.scenario, self.race.packing.candidates.bakes)

    @property
    def lost(self) -> float:
        """By what part of a figure a plan that was left out may be better than one that was kept, but for chance."""
        return (1 + self.resolution) * (1 + self.race.terms.resolution) - 1

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
        kept = sum(name != TODAY and name not in self.own for name in self.plans)
        return f"{counted(kept, 'plan')}, {how}, of {counted(self.looked_at, 'plan')} looked at{ends}"

    def _repr_html_(self) -> Html:
        said = Html("".join(element("p", each) for each in self.sentences))
        heads = ("plan", "waves", "bakes", *map(called, self.objectives))
        shown = glimpse(self._glance(), heads, list(self._rows(self.plans)))
        if len(self.plans) <= GLANCE:
            return said + shown
        listed = cards(heads, self._rows(self.short)) if TODAY in self.plans else Html("")
        return said + listed + element("details", element("summary", "All of them, one by one"), shown)

    def _rows(self, names: Iterable[str]) -> Iterable[tuple[object, ...]]:
        """Yield a row for each plan; those to look at first say why."""
        why = self.short
        for name in names:
            plan, known = self.plans[name], self.known[name].items()
            said = element("span", name) + Html(" <br>") + element("small", why[name]) if name in why else name
            yield said, in_words(plan), bakes(plan), *(_cell(figure, each) for figure, each in known)


def in_words(plan: Plan) -> str:
    """Return who is in which wave: `a → b, c`; in a large fleet how many are."""
    waves = plan.waves
    return " → ".join(", ".join(w.regions) if len(plan.regions) <= 12 else str(len(w.regions)) for w in waves)


def bakes(plan: Plan) -> str:
    """Return how long the waves of a plan bake: `30, 60, 0 min`, or `30 min` where all do."""
    minutes = [f"{wave.bake_minutes:g}" for wave in plan.waves]
    return f"{minutes[0] if len(set(minutes)) == 1 else ', '.join(minutes)} min"


def written(figure: str, found: Estimate) -> tuple[str, str]:
    """Return an objective and its interval as people read them: `0.14 fleet-minutes`, `0.13 to 0.15 fleet-minutes`."""
    return estimated(*found, PAIRED.get(figure, "probability"))


def _cell(figure: str, found: Estimate) -> Html:
    value, interval = written(figure, found)
    return element("span", value) + Html("<br>") + element("small", interval)
