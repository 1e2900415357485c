"""What `wavecast run` tells besides a summary: exposure, worst trials, strata, error budgets, for reading and as JSON.

Not here: how any of it is worked out (``simulation.results``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from wavecast.terminal import Number, Refusal, Whole, say, table

if TYPE_CHECKING:
    from simulation import Outcomes, Service


@dataclass(frozen=True)
class Asked:
    """What was asked for: the worst so many, the curve of exposure, and the strata."""

    worst: int
    exposure: bool
    strata: bool


@dataclass(frozen=True)
class Promised:
    """What a service promises, as the options say it."""

    objective: float | None
    window_days: float | None
    changes_a_month: float | None

    @property
    def service(self) -> "Service | None":
        """The service; None where no objective was given.

        Raises
        ------
        Refusal
            Where something has no effect without one.
        """
        if self.objective is None:
            for option, value in (("--window-days", self.window_days), ("--changes-a-month", self.changes_a_month)):
                if value is not None:
                    raise Refusal(f"{option} {value:g} needs an objective; give --objective, such as 0.999")
            return None
        from simulation import Service

        return Service(self.objective, self.window_days or 30.0, self.changes_a_month)


def asked_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, and hand over what they say as `asked`."""

    @wraps(command)
    def with_asked(*args: Any, worst: int, exposure: bool, strata: bool, **rest: Any) -> Any:
        return command(*args, asked=Asked(worst, exposure, strata), **rest)

    options = (
        click.option("--worst", type=Whole(0, 1000), default=0, metavar="N",
                     help="The N worst trials, with their cause; `wavecast trace` opens them."),
        click.option("--exposure", is_flag=True, help="How likely at least so much of the traffic is exposed."),
        click.option("--strata", is_flag=True, help="What went wrong, how likely that is, and what came of it."),
    )  # fmt: skip
    for option in reversed(options):
        with_asked = option(with_asked)
    return with_asked


def service_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of what is promised, and hand over what they say as `promised`."""

    @wraps(command)
    def with_promised(
        *args: Any, objective: float | None, window_days: float | None, changes_a_month: float | None, **rest: Any
    ) -> Any:
        return command(*args, promised=Promised(objective, window_days, changes_a_month), **rest)

    options = (
        click.option("--objective", type=Number(0, 1, min_open=True, max_open=True), metavar="P",
                     help="The share of requests that shall succeed, such as 0.999; tells what goes of the budget."),
        click.option("--window-days", type=Number(0, min_open=True, max=36_500), metavar="DAYS",
                     help="The window of the objective; 30 days if left out."),
        click.option("--changes-a-month", type=Number(0, min_open=True, max=1e9), metavar="N",
                     help="With an objective: how many changes go out, for figures by month."),
    )  # fmt: skip
    for option in reversed(options):
        with_promised = option(with_promised)
    return with_promised


def tell(outcomes: "Outcomes", asked: Asked, confidence: float, service: "Service | None") -> None:
    """Print what was asked for."""
    from wavecast.verbs.run import short

    if service:
        rows = []
        for name in service.figures:
            estimate, unit = outcomes.estimate(name, confidence, service)
            rows.append((name, *(short(each) for each in estimate), unit))
        say("\n" + table(("of the error budget", "estimate", "low", "high", "unit"), rows, left=(0, 4)))
    if asked.exposure:
        found = outcomes.exposure(confidence=confidence).reset_index().to_numpy(dtype=float)
        rows = [(f"{share:.0%}", *map(short, rest)) for share, *rest in found.tolist()]
        say("\n" + table(("exposed, at least", "probability", "low", "high", "one in"), rows))
    if asked.worst:
        frame = outcomes.worst(asked.worst)
        rows = [(str(r.Index), short(r.impact_minutes), short(r.one_in), str(r.cause)) for r in frame.itertuples()]
        heads = ("trial", "fleet-minutes", "one in", "cause")
        say("\n" + (table(heads, rows, left=(3,)) if rows else "no trial hurt anybody").replace("\u00a0", " "))
    if asked.strata:
        names = ("probability", "trials", "exposes_half", "impact_minutes_mean", "part_of_impact")
        rows = [(str(r["what_went_wrong"]), *(short(r[n]) for n in names)) for _, r in outcomes.strata.iterrows()]
        say("\n" + table(("what went wrong", *(name.replace("_", " ") for name in names)), rows))


def as_json(outcomes: "Outcomes", asked: Asked, confidence: float, service: "Service | None") -> dict[str, Any]:
    """Give what was asked for as plain values; nothing of what was not."""
    from simulation.analysis.verdict import plain

    found: dict[str, Any] = {}
    if service:
        found["service"] = {}
        for name in service.figures:
            estimate, unit = outcomes.estimate(name, confidence, service)
            ends = zip(("estimate", "low", "high"), map(plain, estimate), strict=True)
            found["service"][name] = {**dict(ends), "unit": unit}
    tables = {
        "exposure": outcomes.exposure(confidence=confidence).reset_index() if asked.exposure else None,
        "worst": outcomes.worst(asked.worst).reset_index() if asked.worst else None,
        "strata": outcomes.strata if asked.strata else None,
    }
    for name, each in tables.items():
        if each is not None:
            found[name] = [
                {key: value if isinstance(value, str | int) else plain(value) for key, value in row.items()}
                for row in each.to_dict(orient="records")
            ]
    return found
