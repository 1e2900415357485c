"""The rollout model in SimPy: build, waves, deployments, bakes, detection, halt, roll-back, rule by rule as in
docs/model.md.

Read it top to bottom. Processes wait with `at(instant, rank)`; ranks order what happens at one instant. What the
numbers are drawn from is in ``draws``; how traffic adds up, in ``traffic``; what is read off a finished rollout, in
``outcomes``.
"""

import math
from collections.abc import Generator
from typing import Any

import simpy

from simulation.agenda import FAILURE, FALSE_ALARM, MOVE, PIPELINE, TRUE_ALARM, Clock
from simulation.draws import Defect
from simulation.setting import Setting, Site
from simulation.traffic import Path, gathered, path, requests, stopped
from waves import Wave

Process = Generator[simpy.Event, Any, None]
Event = tuple[float, str, str, int, str]


class Rollout:
    """One rollout in one world; what happened is in its attributes when the constructor returns.

    Attributes
    ----------
    outcome, end, halt, detected
        How the pipeline ended and when; when everything was halted; when the first true alarm came (infinity: never).
    paths, harm, back
        By position in the plan: x(t) as it would go on without a halt; the first harm; the end of the roll-back.
    events
        (minute, event, region, wave, remark) in the order in which they happened; empty unless asked for.
    """

    def __init__(self, setting: Setting, world: Any, *, traced: bool = False) -> None:
        self.setting, self.world, self.traced = setting, world, traced
        self.horizon = setting.scenario.horizon_minutes
        self.outcome, self.end, self.halt, self.detected = "", math.inf, math.inf, math.inf
        self.harmed = False
        count = len(setting.sites)
        self.paths: list[Path] = [[] for _ in range(count)]
        self.harm, self.back = [math.inf] * count, [math.inf] * count
        self.defects = [world.defect(site.region) for site in setting.sites]
        self.events: list[Event] = []
        self.clock = Clock()
        self.clock.process(self.pipeline())
        self.clock.run()

    def pipeline(self) -> Process:
        """Build once, then wave after wave (rules 6, 7, 12)."""
        at, world = self.clock.at, self.world
        yield at(world.draw("build"), PIPELINE)
        if world.draw("build_failure"):
            return self.finish("build_failed")
        self.note("built")
        for number, (wave, sites) in enumerate(self.setting.waves):
            yield from self.gate(number, wave)
            if self.outcome:
                return
            self.note("wave starts", wave=number)
            yield from self.deploy(wave, sites)
            if self.outcome:
                return
            self.note("bake starts", wave=number)
            yield at(self.clock.now + self.bake(wave, sites), PIPELINE)
            if self.outcome:
                return
            self.note("bake ends", wave=number)
        self.finish("escaped" if any(self.defects) else "completed")

    def gate(self, number: int, wave: Wave) -> Process:
        """Hand over to a wave; where the plan asks for it, wait for an approval (rule 7)."""
        if number > 0:
            yield self.clock.at(self.clock.now + self.world.draw("handover", number), PIPELINE)
        if wave.approval and not self.outcome:
            self.note("approval asked", wave=number)
            yield self.clock.at(self.clock.now + self.world.draw("approval_wait", number), PIPELINE)
            if not self.outcome and self.world.draw("rejection", number):
                self.finish("rejected", wave=number)

    def bake(self, wave: Wave, sites: tuple[Site, ...]) -> float:
        """Return the minutes from the wave's last end until time and requests suffice (rule 12)."""
        served = (requests(self.paths[site.position], site.traffic, self.clock.now) for site in sites)
        missing = ((wave.bake_requests - n) / site.traffic for n, site in zip(served, sites, strict=True))
        return max(wave.bake_minutes, *missing)

    def finish(self, outcome: str, site: Site | None = None, wave: int = -1) -> None:
        """End the pipeline; the watch goes on (rule 20)."""
        self.outcome, self.end = outcome, self.clock.now
        self.note(outcome.replace("_", " "), site, wave)

    def deploy(self, wave: Wave, sites: tuple[Site, ...]) -> Process:
        """Deploy a wave's regions in plan order, so many at once as it allows (rule 8)."""
        slots = simpy.Resource(self.clock, wave.max_parallel or len(sites))
        yield self.clock.all_of([self.clock.process(self.deployment(site, slots)) for site in sites])

    def deployment(self, site: Site, slots: simpy.Resource) -> Process:
        """Deploy one region, in a slot, with retries (rule 9)."""
        with slots.request() as slot:
            yield slot
            yield self.clock.at(self.clock.now, PIPELINE, site.position)
            for attempt in range(retries := self.setting.plan.retries + 1):
                if self.outcome:
                    return
                start, minutes = self.clock.now, self.world.draw("deploy", site.region, attempt)
                self.note("deployment starts" if attempt == 0 else "retry starts", site)
                broken = self.world.deploy_fails(site.region)
                if not (broken or self.world.draw("deploy_failure", site.region, attempt)):
                    yield from self.succeed(site, path(site.strategy, start, minutes))
                    return
                last = attempt + 1 == retries
                yield self.clock.at(start + minutes, FAILURE if last else PIPELINE, site.position)
                if self.halt == math.inf:
                    self.note("deployment fails" if last else "attempt fails", site)
            self.fail(site)

    def succeed(self, site: Site, pieces: Path) -> Process:
        """Move the traffic piece by piece; at the end, validate (rules 10, 11, 14)."""
        self.paths[site.position] = pieces
        if defect := self.defects[site.position]:
            self.clock.process(self.watch(site, defect, pieces))
        false_alarm = pieces[0][0] + self.world.draw("false_alarm", site.region)
        self.clock.process(self.alarm_at(false_alarm, FALSE_ALARM, site, "nothing"))
        for instant, x, _, _ in pieces:
            if instant > self.clock.now:
                yield self.clock.at(instant, MOVE, site.position)
            if self.halt < math.inf:
                return
            self.note("traffic moves", site, remark=f"{x:.0%}")
        self.note("deployment ends", site)
        if defect and defect.seen_by_check and self.harm[site.position] <= self.clock.now:
            yield from self.alarm_at(self.clock.now, TRUE_ALARM, site, "validation")

    def fail(self, site: Site) -> None:
        """End the pipeline on a failed deployment (rule 19)."""
        if not self.outcome:
            self.finish("deploy_failed", site)
            if self.setting.plan.on_deploy_failure == "rollback_all":
                self.stop()

    def watch(self, site: Site, defect: Defect, pieces: Path) -> Process:
        """Follow the harm in a region to its alarm (rules 13, 15)."""
        self.harm[site.position] = harm = pieces[0][0] + defect.onset
        yield self.clock.at(harm, MOVE, site.position)
        if self.halt < math.inf:
            return
        self.note("harm begins", site, remark=self.setting.scenario.faults[defect.fault].name)
        if not self.harmed:
            self.harmed = True
            self.clock.process(self.alarm_at(harm + self.world.draw("report"), TRUE_ALARM, site, "customers"))
        if defect.seen_by_alarms:
            rate, threshold = site.traffic * defect.severity, site.alarm_threshold / defect.severity
            enough = gathered(pieces, harm, rate, threshold, self.world.draw("evidence", site.region))
            yield from self.alarm_at(enough + self.world.draw("lag", site.region), TRUE_ALARM, site, "evidence")

    def alarm_at(self, instant: float, rank: int, site: Site, source: str) -> Process:
        """Raise an alarm, unless the book has closed by then, or it is a false one after the end (rules 16, 21)."""
        if instant <= self.horizon and instant < math.inf:
            yield self.clock.at(instant, rank, site.position)
            if self.halt == math.inf and (rank == TRUE_ALARM or not self.outcome):
                self.alarm("caught" if rank == TRUE_ALARM else "false_alarm", site, source)

    def alarm(self, outcome: str, site: Site, source: str) -> None:
        """Halt at the first alarm of all; it ends the pipeline where that still runs (rules 17, 20)."""
        self.note("alarm", site, remark=source)
        if outcome == "caught":
            self.detected = self.clock.now
        if not self.outcome:
            self.finish(outcome, site)
        self.stop()

    def stop(self) -> None:
        """Freeze the traffic and roll back."""
        self.halt = self.clock.now
        self.clock.process(self.roll_back())

    def roll_back(self) -> Process:
        """After the reaction, roll back every region that has traffic on the new version (rule 18)."""
        yield self.clock.at(self.halt + self.world.draw("reaction"), MOVE)
        for site in self.setting.sites:
            if stopped(self.paths[site.position], self.halt, math.inf):
                self.clock.process(self.recover(site))

    def recover(self, site: Site) -> Process:
        """Roll one region back, or recover it by hand where that fails."""
        failed = self.world.draw("rollback_failure", site.region)
        self.note("roll-back starts", site)
        minutes = self.world.draw("manual_recovery" if failed else "rollback", site.region)
        self.back[site.position] = self.clock.now + minutes
        yield self.clock.at(self.back[site.position], MOVE, site.position)
        self.note("recovered by hand" if failed else "rolled back", site)

    def note(self, event: str, site: Site | None = None, wave: int = -1, remark: str = "") -> None:
        """Write a line of the trace."""
        if self.traced:
            self.events.append((self.clock.now, event, site.name if site else "", site.wave if site else wave, remark))
