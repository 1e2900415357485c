"""The setting: a plan and a scenario laid together, checked once, so that engines need look nothing up.

Not here: anything random (``draws``), anything that happens (``model``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulation.scenario import Scenario
from simulation.windows import Layout, PushSpans, Windows, opening, staffed
from waves import InputError, Plan, Steps, Wave


@dataclass(frozen=True, slots=True)
class Site:
    """One region of the plan, as engines see it."""

    name: str
    position: int  # in the plan, from 0: the order of ties
    region: int  # in the fleet, from 0: the address of draws
    wave: int
    traffic: float
    share: float
    strategy: str | Steps
    alarm_threshold: float
    windows: Windows | None = None  # when its deployment may start; None: at any time


@dataclass(frozen=True)
class Setting:
    """A plan over a scenario's fleet.

    Attributes
    ----------
    plan, scenario
        What was laid together.
    sites
        The plan's regions in plan order.
    waves
        The plan's waves, each with its sites.
    pairs
        The failover pairs of which both members are in the plan, by their positions.
    staffed
        When people are there; None: always.
    """

    plan: Plan
    scenario: Scenario
    sites: tuple[Site, ...]
    waves: tuple[tuple[Wave, tuple[Site, ...]], ...]
    pairs: tuple[tuple[int, int], ...]
    staffed: Windows | None = None

    @property
    def pushes(self) -> PushSpans:
        """When people push, in minutes since the first allowed push."""
        return PushSpans.of(self.scenario)

    def opens(self, site: Site, push: float, t: float) -> float:
        """Return the first instant from t on at which a region's deployment may start, for a push."""
        return opening(site.windows, push, t)


def setting(plan: Plan, scenario: Scenario) -> Setting:
    """Lay a plan and a scenario together.

    Raises
    ------
    InputError
        Where the plan has regions that the scenario's fleet does not have, or a calendar that the scenario does not
        suffice for: it does not say when people push, or a region's time zone is not known.
    ValueError
        For what is no plan or no scenario.
    """
    for name, value, kind in (("plan", plan, Plan), ("scenario", scenario, Scenario)):
        if not isinstance(value, kind):
            wanted = f"{kind.__name__}, such as {kind.__name__}.read(path) gives"
            raise ValueError(f"{name} is {type(value).__name__}; give a {wanted}")
    plan.require(scenario.fleet)
    layout = Layout(plan, scenario) if any(plan.calendars) else None
    places = ((w, name) for w, wave in enumerate(plan.waves) for name in wave.regions)
    sites = tuple(_site(plan, scenario, layout, position, *place) for position, place in enumerate(places))
    position = {site.name: site.position for site in sites}
    waves = tuple((wave, tuple(sites[position[name]] for name in wave.regions)) for wave in plan.waves)
    pairs = tuple((position[a], position[b]) for a, b in scenario.fleet.pairs if a in position and b in position)
    return Setting(plan, scenario, sites, waves, pairs, staffed(scenario))


def settings_of(plans: Mapping[str, Plan], scenario: Scenario) -> list[Setting]:
    """Lay named plans and a scenario together, as `setting` does; what comes from no file is called by its name."""
    found = []
    for name, plan in plans.items():
        try:
            found.append(setting(plan, scenario))
        except InputError as error:
            paths = {"<plan>": f"<plan {name!r}>"}
            raise InputError(replace(each, path=paths.get(each.path, each.path)) for each in error.findings) from None
    return found


def _site(plan: Plan, scenario: Scenario, layout: Layout | None, position: int, wave: int, name: str) -> Site:
    fleet = scenario.fleet
    region = fleet.positions[name]
    return Site(
        name=name,
        position=position,
        region=region,
        wave=wave,
        traffic=fleet.regions[region].traffic,
        share=fleet.shares[name],
        strategy=plan.strategy_of(name),
        alarm_threshold=scenario.of(region, "alarm_threshold"),
        windows=layout.windows(wave, region) if layout else None,
    )
