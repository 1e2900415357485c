"""The trace: one rollout with every event, as a table and as the story of each region.

Not here: the picture (``plots``), many rollouts (``outcomes``).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import pandas as pd

from simulation.arguments import whole
from simulation.columns import Row, harms, paths, row
from simulation.draws import Draws, check_address
from simulation.happenings import Event, Happening, first
from simulation.model import Rollout
from simulation.rare_events.sampling import Method, sampling_of
from simulation.results.horizon import warning_of_one
from simulation.scenario import Scenario
from simulation.setting import Site, setting
from simulation.tape import Tape
from simulation.traffic import Path
from simulation.windows import bounds, shut
from waves import Plan
from waves.local_time import MINUTE, zone
from waves.showing import Shown

Span = tuple[float, float]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


_ENDS = (Event.ATTEMPT_FAILS, Event.DEPLOYMENT_FAILS, Event.DEPLOYMENT_ENDS)


@dataclass(frozen=True)
class RegionStory:
    """What happened in one region of the plan, in minutes since the push.

    Attributes
    ----------
    region, wave, position
        Its name; its wave, from 1; its place in the plan, from 0.
    attempts
        (start, end, whether it succeeded) of each attempt to deploy; a halt cuts the last one short.
    pieces
        The part of its traffic on the new version: (from, x there, until, x there).
    closed, queued
        From when until when, each time, before its first attempt in its wave: its window was closed; no slot was free.
    bake, harm, rollback
        From when until when, or None: in the bake, hurting, on the way back. Harm goes on to the horizon where nobody
        rolled back.
    by_hand
        Whether people recovered it.
    failed
        Whether its deployment failed, so that it keeps the old version.
    severity
        The part of the requests that failed while it hurt; 0 for a sound region.
    alarm_minute
        When its alarm halted the rollout, or None.
    """

    region: str
    wave: int
    position: int
    attempts: list[tuple[float, float, bool]]
    pieces: Path
    closed: list[Span]
    queued: list[Span]
    bake: Span | None
    harm: Span | None
    severity: float
    alarm_minute: float | None
    rollback: Span | None
    by_hand: bool
    failed: bool


@dataclass(frozen=True, eq=False, repr=False)
class Trace(Shown):
    """One rollout of a plan, event by event.

    Attributes
    ----------
    plan, scenario, seed, trial, sampling, tape
        What was run, and what reproduces it.
    row
        Its outcome, with the public columns as attributes.
    events
        One row an event, in order: minute, event, region, wave (from 1), remark.
    rollout
        The finished rollout.
    """

    plan: Plan
    scenario: Scenario
    seed: int
    trial: int
    row: Row
    rollout: Rollout = field(repr=False)
    sampling: Method = "crude"
    tape: Tape | None = field(default=None, repr=False)

    @property
    def end(self) -> float:
        """When the pipeline stopped."""
        return self.rollout.end

    @property
    def halt(self) -> float:
        """When everything was halted; infinity where nothing was."""
        return self.rollout.halt

    @property
    def pushed(self) -> str:
        """When it was pushed, `Tuesday 2026-12-15 10:07 Europe/Berlin`; nothing where the scenario doesn't say."""
        pushes = self.scenario.pushes
        if pushes is None:
            return ""
        at = datetime.fromtimestamp(bounds(self.scenario)[0] + MINUTE * self.rollout.push, UTC)
        local = at.astimezone(zone(pushes.zone))
        return f"{WEEKDAYS[local.weekday()]} {local:%Y-%m-%d %H:%M} {pushes.zone}"

    @property
    def events(self) -> pd.DataFrame:
        """One row an event, in order: minute, event, region, wave (from 1), remark."""
        rows = [(e.minute, str(e.event), e.region, e.wave, str(e.remark)) for e in self.rollout.events]
        frame = pd.DataFrame(rows, columns=["minute", "event", "region", "wave", "remark"])
        frame["wave"] = (frame["wave"].astype("Int64") + 1).where(frame["wave"] >= 0)
        return frame

    @cached_property
    def regions(self) -> list[RegionStory]:
        """What happened in each region of the plan, in plan order."""
        real = paths(self.rollout)
        hurt = {harm.position: harm for harm in harms(self.rollout, real)}
        stories = []
        for site in self.rollout.setting.sites:
            own = [each for each in self.rollout.events if each.region == site.name]
            alarm = first(own, Event.ALARM)
            harm = hurt.get(site.position)
            closed, queued = self._waits(own, site)
            stories.append(
                RegionStory(
                    region=site.name,
                    wave=site.wave + 1,
                    position=site.position,
                    attempts=self._attempts(own),
                    pieces=real[site.position],
                    closed=closed,
                    queued=queued,
                    bake=self._bake(site),
                    harm=(harm.begin, harm.until) if harm and harm.minutes > 0 else None,
                    severity=harm.severity if harm else 0.0,
                    alarm_minute=alarm.minute if alarm else None,
                    rollback=self._rollback(own, site),
                    by_hand=first(own, Event.RECOVERED_BY_HAND) is not None,
                    failed=site.position in self.rollout.failed,
                )
            )
        return stories

    def _attempts(self, own: list[Happening]) -> list[tuple[float, float, bool]]:
        attempts: list[tuple[float, float, bool]] = []
        start = None
        for minute, event, *_ in own:
            if event in (Event.DEPLOYMENT_STARTS, Event.RETRY_STARTS):
                start = minute
            elif event in _ENDS and start is not None:
                attempts.append((start, minute, event == Event.DEPLOYMENT_ENDS))
                start = None
        if start is not None:
            attempts.append((start, self.halt, False))
        return attempts

    def _waits(self, own: list[Happening], site: Site) -> tuple[list[Span], list[Span]]:
        """Part the time from the start of a region's wave to its first attempt, or to the end of the pipeline."""
        wave = first((each for each in self.rollout.events if each.wave == site.wave), Event.WAVE_STARTS)
        start = first(own, Event.DEPLOYMENT_STARTS)
        if wave is None:
            return [], []
        until = start.minute if start else self.end
        closed = shut(site.windows, self.rollout.push, wave.minute, until)
        edges = [wave.minute, *(t for span in closed for t in span), until]
        return closed, [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]

    def _bake(self, site: Site) -> Span | None:
        wave = [each for each in self.rollout.events if each.wave == site.wave]
        start, end = first(wave, Event.BAKE_STARTS), first(wave, Event.BAKE_ENDS)
        return (start.minute, end.minute if end else self.end) if start else None

    def _rollback(self, own: list[Happening], site: Site) -> Span | None:
        start = first(own, Event.ROLLBACK_STARTS, Event.RECOVERY_STARTS)
        return (start.minute, self.rollout.back[site.position]) if start else None

    @property
    def sentence(self) -> str:
        """The rollout in one sentence."""
        impact = f" and cost {self.row.impact_minutes:.3g} fleet-minutes" if self.row.impact_minutes > 0 else ""
        end = "built after" if self.row.outcome == "build_failed" else "ended after"
        return f"{self.plan.name}: {self.row.outcome.replace('_', ' ')}, {end} {self.end:.0f} minutes{impact}"

    @property
    def warning(self) -> str:
        """That its harm ends only with the book, at the horizon; an empty text where it does not."""
        return warning_of_one(self.row, self.scenario)

    def _glance(self) -> str:
        pushed = f"; pushed {self.pushed}" if self.pushed else ""
        return f"{self.sentence}{pushed}; seed {self.seed}, trial {self.trial}"

    def _repr_html_(self) -> str:
        picture: str = self.plot()._repr_html_()
        return picture

    def plot(self):  # type: ignore[no-untyped-def]
        """Draw the timeline: per region its deployment, bake, exposure, harm, alarm and roll-back."""
        from simulation.plots import offered, timeline

        return offered(timeline(self))


def trace(
    plan: Plan,
    scenario: Scenario,
    *,
    seed: int = 0,
    trial: int = 0,
    sampling: Method = "stratified",
    tape: Tape | None = None,
    model: type[Rollout] = Rollout,
) -> Trace:
    """Run one trial again, alone, with every event.

    Parameters
    ----------
    plan, scenario
        As for `run`.
    seed, trial
        The seed, and the trial's number in any run on it.
    sampling
        How that run sampled worlds: `stratified` or `crude`. Its trials of one number are not those of the other.
    tape
        What is known of the trial already; its world is then sampled crude.
    model
        Rollouts of your own: a class made of `Rollout` with another rule.

    Raises
    ------
    InputError
        Where the plan has regions that the scenario's fleet does not have.
    ValueError
        For a seed or a trial out of range, also out of the tape's.
    """
    trial = whole("trial", trial, 0, 2**32 - 1)
    laid, one = setting(plan, scenario), range(trial, trial + 1)
    check_address(seed, one)
    if tape is not None:
        tape.require(scenario)
        sampling = "crude"
    world = Draws(scenario, seed, one, sampling_of(scenario, sampling).given(seed, one), tape).world(trial)
    rollout = model(laid, world, traced=True)
    return Trace(plan, scenario, seed, trial, row(rollout)[0], rollout, sampling, tape)
