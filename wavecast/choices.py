"""A choice of waves, as the notebook `2-choose-waves` makes it: what it begins with, who is short-listed, and the diff.

Not here: the search itself, regrets and pictures (``simulation``), how a pipeline is rearranged (``waves.pipelines``).
"""

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wavecast.inputs import PIPELINES, find, recognise
from wavecast.plans import Reading, read_inputs, remarks
from wavecast.rules import read_rules
from waves import Finding, Hints, InputError, Plan, Rules, did_you_mean, regroup
from waves.files.yaml_writer import yaml_text
from waves.showing import Html, Shown, element

if TYPE_CHECKING:
    from history import Fitted
    from simulation import PlanFront, Scenario

ADDED, TAKEN, PLACE = "background:#CFE8F7;color:#1B1F24", "background:#F9DDCF;color:#1B1F24", "font-weight:bold"


@dataclass(frozen=True, eq=False, repr=False)
class Choice(Shown):
    """The plan of today, what is held beside it, and the world they are held in.

    Attributes
    ----------
    plans
        By name; the first is today's.
    scenario
        With the fleet.
    rules
        What every plan must keep to, or None.
    pipeline
        The file that today's plan was read from; None where that is no pipeline.
    hints
        What that file does not say.
    fitted
        What a history told of the scenario; None where none was given.
    """

    plans: dict[str, Plan]
    scenario: "Scenario"
    rules: Rules | None = None
    pipeline: str | None = None
    hints: Hints = field(default_factory=Hints)
    fitted: "Fitted | None" = None

    @property
    def today(self) -> Plan:
        """The plan of today."""
        return next(iter(self.plans.values()))

    @property
    def beside(self) -> dict[str, Plan]:
        """The plans that are held beside it, by name."""
        return dict(list(self.plans.items())[1:])

    def shortlist(self, found: "PlanFront") -> dict[str, Plan]:
        """Return today's plan, those beside it, and of a search the fastest about as safe and the safest about as fast.

        Parameters
        ----------
        found
            A search with the plan of today.
        """
        from simulation.searching.gains import picked

        return {**self.plans, **{name: found.plan(name) for name in picked(found)}}

    def named(self, plans: Mapping[str, Plan], name: str) -> tuple[str, Plan]:
        """Return the plan of a name; without one the last, and what its name is.

        Raises
        ------
        InputError
            For a name that none of them has.
        """
        wanted = name or list(plans)[-1]
        if wanted not in plans:
            remedy = did_you_mean(wanted, plans) or f"; there are {', '.join(plans)}"
            raise InputError([Finding("chosen", 1, 1, "error", f"there is no plan {wanted!r}{remedy}", "no-plan")])
        return wanted, plans[wanted]

    def diff(self, plan: Plan, name: str = "") -> Html:
        """Return what a plan changes in today's pipeline, as a unified difference; or the plan as a file.

        Nothing is written. What else the plan says and the file does not stands above.
        """
        name = name or plan.name
        if self.pipeline is None:
            return element("p", f"Today's plan comes from no pipeline; {name} as a file:") + _file(plan)
        try:
            result = regroup(self.pipeline, plan, hints=self.hints, save=False)
        except InputError as error:
            said = "".join(element("li", each.message) for each in error.findings)
            head = element("p", f"{self.pipeline} cannot be rearranged into {name}:") + Html(f"<ul>{said}</ul>")
            return head + element("p", "As a plan's file:") + _file(plan)
        notes = "".join(element("li", each.message) for each in result.findings)
        if result.text == result.before:
            return element("p", f"{self.pipeline} has the waves of {name} already.") + Html(f"<ul>{notes}</ul>")
        lines = difflib.unified_diff(
            result.before.splitlines(), result.text.splitlines(), self.pipeline, self.pipeline, lineterm=""
        )
        head = element("p", f"What {name} changes in {self.pipeline}; nothing is written.")
        return head + Html(f"<ul>{notes}</ul>" if notes else "") + _coloured(lines)

    def _glance(self) -> str:
        return f"{', '.join(self.plans)}; scenario {self.scenario.name}"

    def _repr_html_(self) -> Html:
        from simulation import plots

        said = [each.message for each in remarks(self.plans.values(), self.scenario)]
        notes = "".join(element("li", each) for each in said)
        picture = Html(plots.plans(self.plans, self.scenario.fleet)._repr_html_())
        learnt = self.fitted._repr_html_() if self.fitted is not None else ""
        return picture + Html(f"<ul>{notes}</ul>" if notes else "") + Html(learnt)


def read_choice(
    today: str,
    scenario: str,
    *,
    beside: Iterable[str] = (),
    fleet: str = "",
    rules: str = "",
    store: str = "",
    seed: int = 0,
    **reading: object,
) -> Choice:
    """Read what a choice of waves begins with.

    Parameters
    ----------
    today
        A pipeline, a plan file, a sample or a grouping: what is done today.
    scenario
        A file, or a sample's name.
    beside
        Plans to hold beside it, such as `1-2-3-3`.
    fleet
        A fleet file in the place of the scenario's own.
    rules
        A file of rules that every plan must keep to.
    store
        A history, of which the scenario learns what it can tell: a store, or an export of one.
    seed
        Of the fit.
    **reading
        As for `read_plan`: what a pipeline does not say.

    Raises
    ------
    InputError
        With the faults of all of them.
    ValueError
        For a history of other regions, or without a rollout.
    """
    given: Reading = {  # type: ignore[assignment]
        key: None if value in ([], {}, ()) else value for key, value in reading.items()
    }
    plans, world = read_inputs([today, *beside], scenario, fleet=fleet, **given)
    asked = read_rules(rules) if rules else None
    if asked is not None:
        asked.require(world.fleet)
    fitted = _fit(store, world, next(iter(plans.values())), seed) if store else None
    return Choice(plans, fitted.scenario if fitted else world, asked, _pipeline(today), _hints(given), fitted)


def _fit(store: str, world: "Scenario", today: Plan, seed: int) -> "Fitted":
    import history

    rollouts = history.rollouts(store, fleet=world.fleet, plans={"*": today})
    return history.fit(rollouts, world, used=today, seed=seed)


def _pipeline(name: str) -> str | None:
    """Return the path of a pipeline as people wrote it where it is there, else where the kit has it."""
    try:
        path = find(name, "plan")
    except InputError:
        return None
    if recognise(path)[1] not in PIPELINES:
        return None
    return name if os.path.exists(name) else path


def _hints(given: Reading) -> Hints:
    return Hints(
        given.get("bake_minutes"),
        given.get("environments"),
        given.get("regions_of") or {},
        given.get("wait_timers") or {},
        given.get("approvals") or (),
    )


def _file(plan: Plan) -> Html:
    return element("pre", yaml_text(plan.as_dict()))


def _coloured(lines: Iterable[str]) -> Html:
    """Return a difference in which what comes and what goes have a colour, and a sign of their own."""
    looks = {"+": ADDED, "-": TAKEN, "@": PLACE}
    shown = (element("span", line, style=looks.get(line[:1], "")) for line in lines)
    return element("pre", Html("\n".join(shown)))
