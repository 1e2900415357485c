"""One figure of several plans along something that is varied: the same worlds at each value.

Not here: turning every assumption of a scenario (``simulation.analysis.sensitivity``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simulation.analysis.compare import compare
from simulation.results.statistics import Estimate
from simulation.scenario import Scenario
from waves import Plan
from waves.showing import Html, Shown


@dataclass(frozen=True, eq=False, repr=False)
class Curves(Shown):
    """A figure of plans at each value of what is varied.

    Attributes
    ----------
    figure, unit
        Its name, as in a summary, and its unit.
    along
        What is varied, with its unit.
    values
        By the plan's name, from each value to the estimate there, in rising order.
    confidence, trials, seed
        Of every interval, of every estimate, of the worlds.
    """

    figure: str
    unit: str
    along: str
    values: dict[str, dict[float, Estimate]]
    confidence: float
    trials: int
    seed: int

    @property
    def at(self) -> list[float]:
        """The values of what is varied, in rising order."""
        return list(next(iter(self.values.values())))

    def plot(self):  # type: ignore[no-untyped-def]
        """Draw the curves, with intervals."""
        from simulation.plots import curves as picture
        from simulation.plots import offered

        return offered(picture(self))

    def _glance(self) -> str:
        return f"{self.figure} of {', '.join(self.values)} along {self.along}"

    def _repr_html_(self) -> Html:
        return Html(self.plot()._repr_html_())


def varied(
    worlds: Mapping[float, Scenario],
    plans: Mapping[str, Plan] | Mapping[float, Mapping[str, Plan]],
    figure: str,
    along: str,
    *,
    trials: int | None = None,
    seed: int = 0,
    confidence: float = 0.95,
) -> Curves:
    """Estimate a figure of plans at each value of something.

    Parameters
    ----------
    worlds
        By value: the scenario there.
    plans
        By name; or by value and name, where the plans vary.
    figure
        As `Outcomes.estimate` knows it.
    along
        What is varied, with its unit, for the axis.
    trials, seed, confidence
        As for `compare`.

    Raises
    ------
    ValueError
        For no values, and as `compare` does.
    """
    if not worlds:
        raise ValueError("there is nothing to vary; give at least one value with its scenario")
    found: dict[str, dict[float, Estimate]] = {}
    count, unit = 0, ""
    for value in sorted(worlds):
        own = plans.get(value, plans)  # type: ignore[call-overload]
        comparison = compare(own, worlds[value], trials=trials, seed=seed, confidence=confidence)  # type: ignore[arg-type]
        count = len(comparison.trials)
        for name, outcomes in comparison.outcomes.items():
            found.setdefault(name, {})[value], unit = outcomes.estimate(figure, confidence)
    return Curves(figure, unit, along, found, confidence, count, seed)
