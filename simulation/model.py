"""The rollout model in SimPy: build, waves, deployments, bakes, detection, halt, roll-back, rule by rule as in
docs/model.md.

Read it top to bottom. Processes wait with `at(instant, rank)`; ranks order what happens at one instant. What the
numbers are drawn from is in ``draws``; how traffic adds up, in ``traffic``; who deploys next, in ``slots``; when
windows are open, in ``windows``; what customers bear, in ``customers``; what is read off a finished rollout, in
``columns``.
"""

import math
from collections.abc import Generator
from typing import Any

import simpy

from simulation.agenda import FAILURE, FALSE_ALARM, MOVE, PIPELINE, TRUE_ALARM, Clock
from simulation.customers import noticed
from simulation.draws import Defect
from simulation.happenings import Event, Happening, Signal
from simulation.setting import Setting, Site
from simulation.slots import Slots
from simulation.traffic import Path, gathered, path, requests, stopped
from simulation.windows import inside, opening, worked
from waves import Wave

Process = Generator[simpy.Event, Any, None]


class Rollout:
    """One rollout in one world; what happened is in its attributes when the constructor returns.

    Attributes
    ----------
    outcome, end, halt, detected
        How the pipeline ended and when; when everything was halted; when the first true alarm came (infinity: never).
    paths, harm, down, back
        By position in the plan: x(t) as it would go on without a halt; the first harm; where a rolling region's way
        down begins; the end of the roll-back or recovery.
    failed, tolerated
        The positions of the regions whose last attempt failed, and of those among them that the plan tolerated.
    events
        (minute, event, region, wave, remark) in the order in which they happened; empty unless asked for.
    """

    def __init__(self, setting: Setting, world: Any, *, traced: bool = False) -> None:
        self.setting, self.world, self.traced = setting, world, traced
        self.horizon = setting.scenario.horizon_minutes
        self.outcome, self.end, self.halt, self.detected = "", math.inf, math.inf, math.inf
        self.push = world.draw("push")
        self.wave, self.heard = -1, 0  # that of the last deployment to start; how often customers' sum was made anew
        self.failed: set[int] = set()
        self.tolerated: set[int] = set()
        count = len(setting.sites)
        self.paths: list[Path] = [[] for _ in range(count)]
        self.harm, self.down, self.back = [math.inf] * count, [math.inf] * count, [math.inf] * count
        self.defects = [world.defect(site.region) for site in setting.sites]
        self.events: list[Happening] = []
        self.clock = Clock()
        self.clock.process(self.pipeline())
        self.clock.run()

    def pipeline(self) -> Process:
        """Build once, then wave after wave (rules 6, 7, 12)."""
        at, world = self.clock.at, self.world
        yield at(world.draw("build"), PIPELINE)
        if world.draw("build_failure"):
            return self.finish("build_failed")
        self.note(Event.BUILT)
        for number, (wave, sites) in enumerate(self.setting.waves):
            yield from self.gate(number, wave)
            if self.outcome:
                return
            self.note(Event.WAVE_STARTS, wave=number)
            yield from self.deploy(wave, sites)
            if self.outcome:
                return
            self.note(Event.BAKE_STARTS, wave=number)
            yield at(self.clock.now + self.bake(wave, sites), PIPELINE)
            if self.outcome:
                return
            self.note(Event.BAKE_ENDS, wave=number)
        sound = (defect is None or at in self.failed for at, defect in enumerate(self.defects))
        self.finish("completed" if all(sound) else "escaped")

    def gate(self, number: int, wave: Wave) -> Process:
        """Hand over to a wave; where the plan asks for it, wait for an approval (rule 7)."""
        if number > 0:
            yield self.clock.at(self.clock.now + self.world.draw("handover", number), PIPELINE)
        if wave.approval and not self.outcome:
            self.note(Event.APPROVAL_ASKED, wave=number)
            wait = self.world.draw("approval_wait", number)
            decision = worked(self.setting.staffed, self.push, self.clock.now, wait)
            self.clock.process(self.review(decision))
            yield self.clock.at(decision, PIPELINE)
            if not self.outcome and self.world.draw("rejection", number):
                self.finish("rejected", wave=number)

    def review(self, decision: float) -> Process:
        """At the decision, look for what the reviewer can see and hurts already (rule 7)."""
        yield self.clock.at(decision, TRUE_ALARM, len(self.paths))
        seen = (defect is not None and defect.seen_by_reviewer for defect in self.defects)
        found = any(harm <= decision and it for harm, it in zip(self.harm, seen, strict=True))
        if found and not self.outcome and decision <= self.horizon:
            self.alarm("caught", None, Signal.REVIEWER)

    def bake(self, wave: Wave, sites: tuple[Site, ...]) -> float:
        """Return the minutes from the wave's last end until time and requests suffice (rule 12)."""
        here = [site for site in sites if site.position not in self.failed]
        served = (requests(self.paths[site.position], site.traffic, self.clock.now) for site in here)
        missing = ((wave.bake_requests - n) / site.traffic for n, site in zip(served, here, strict=True))
        return max([wave.bake_minutes, *missing])

    def finish(self, outcome: str, site: Site | None = None, wave: int = -1) -> None:
        """End the pipeline; the watch goes on (rule 20)."""
        self.outcome, self.end = outcome, self.clock.now
        self.note(Event.of_outcome(outcome), site, wave)

    def deploy(self, wave: Wave, sites: tuple[Site, ...]) -> Process:
        """Deploy a wave's regions, so many at once as it allows, while their windows are open (rules 8, 25)."""
        for site in sites:
            if opening(site.windows, self.push, self.clock.now) > self.clock.now:
                self.note(Event.WAITS, site)
        slots = Slots(self.clock, wave.at_once, sites, self.push)
        yield self.clock.all_of([self.clock.process(self.deployment(site, slots)) for site in sites])

    def deployment(self, site: Site, slots: Slots) -> Process:
        """Deploy one region, in a slot, with retries (rule 9)."""
        yield slots.turn(site)
        yield self.clock.at(self.clock.now, PIPELINE, site.position)
        for attempt in range(retries := self.setting.plan.retries + 1):
            if self.outcome:
                return
            start, self.wave = self.clock.now, site.wave
            self.note(Event.DEPLOYMENT_STARTS if attempt == 0 else Event.RETRY_STARTS, site)
            minutes, good = self.attempt(site, attempt)
            if good:
                yield from self.succeed(site, path(site.strategy, start, minutes))
                return slots.leave()
            last = attempt + 1 == retries
            yield self.clock.at(start + minutes, FAILURE if last else PIPELINE, site.position)
            if self.halt < math.inf:
                return
            why = "timeout" if minutes == self.setting.plan.deploy_timeout_minutes else ""
            self.note(Event.DEPLOYMENT_FAILS if last else Event.ATTEMPT_FAILS, site, remark=why)
            if last or self.outcome:
                self.fail(site)
        slots.leave()

    def attempt(self, site: Site, number: int) -> tuple[float, bool]:
        """Return how long an attempt takes, and whether it succeeds."""
        broken = self.world.deploy_fails(site.region) or self.world.draw("deploy_failure", site.region, number)
        minutes = self.world.draw("failed_deploy" if broken else "deploy", site.region, number)
        timeout = self.setting.plan.deploy_timeout_minutes or math.inf
        return min(minutes, timeout), not broken and minutes <= timeout

    def succeed(self, site: Site, pieces: Path) -> Process:
        """Move the traffic piece by piece; at the end, validate (rules 10, 11, 14)."""
        self.paths[site.position] = pieces
        if defect := self.defects[site.position]:
            self.harm[site.position] = pieces[0][0] + defect.onset
            self.clock.process(self.watch(site, defect, pieces))
            self.listen()
        false_alarm = pieces[0][0] + self.world.draw("false_alarm", site.region)
        self.clock.process(self.alarm_at(false_alarm, FALSE_ALARM, site, Signal.NOTHING))
        for instant, x, _, _ in pieces:
            if instant > self.clock.now:
                yield self.clock.at(instant, MOVE, site.position)
            if self.halt < math.inf:
                return
            self.note(Event.TRAFFIC_MOVES, site, remark=f"{x:.0%}")
        self.note(Event.DEPLOYMENT_ENDS, site)
        if defect and defect.seen_by_check and self.harm[site.position] <= self.clock.now:
            yield from self.alarm_at(self.clock.now, TRUE_ALARM, site, Signal.CHECK)

    def fail(self, site: Site) -> None:
        """Count a failed deployment; end the pipeline on one more than is tolerated (rule 19)."""
        self.failed.add(site.position)
        if self.outcome:
            return
        if len(self.failed) <= self.setting.plan.failures_tolerated:
            self.tolerated.add(site.position)
            return
        self.finish("deploy_failed", site)
        if self.setting.plan.on_deploy_failure == "rollback_all":
            self.stop(set(range(len(self.paths))))

    def watch(self, site: Site, defect: Defect, pieces: Path) -> Process:
        """Follow the harm in a region to its alarm (rule 13)."""
        harm = self.harm[site.position]
        yield self.clock.at(harm, MOVE, site.position)
        if self.halt < math.inf:
            return
        self.note(Event.HARM_BEGINS, site, remark=self.setting.scenario.faults[defect.fault].name)
        if defect.seen_by_alarms:
            rate, threshold = site.traffic * defect.severity, site.alarm_threshold / defect.severity
            enough = gathered(pieces, harm, rate, threshold, self.world.draw("evidence", site.region))
            yield from self.alarm_at(enough + self.world.draw("lag", site.region), TRUE_ALARM, site, Signal.EVIDENCE)

    def listen(self) -> None:
        """Find out anew, as a path has become known, when customers have borne enough (rule 15)."""
        hurt = [
            (site.traffic * defect.severity, self.harm[site.position], self.paths[site.position])
            for site, defect in zip(self.setting.sites, self.defects, strict=True)
            if defect and self.paths[site.position]
        ]
        self.heard += 1
        report = noticed(hurt, self.world.draw("complaint")) + self.world.draw("report")
        self.clock.process(self.customers(report, self.heard))

    def customers(self, report: float, heard: int) -> Process:
        """Report, unless the sum has been made anew meanwhile."""
        if report <= self.horizon and report < math.inf:
            yield self.clock.at(report, TRUE_ALARM, len(self.paths) + 1)
            if self.halt == math.inf and heard == self.heard:
                self.alarm("caught", None, Signal.CUSTOMERS)

    def alarm_at(self, instant: float, rank: int, site: Site, source: Signal) -> Process:
        """Raise an alarm, unless the book has closed by then, or it is a false one after the end (rules 16, 21)."""
        if instant <= self.horizon and instant < math.inf:
            yield self.clock.at(instant, rank, site.position)
            if self.halt == math.inf and (rank == TRUE_ALARM or not self.outcome):
                self.alarm("caught" if rank == TRUE_ALARM else "false_alarm", site, source)

    def alarm(self, outcome: str, site: Site | None, source: Signal) -> None:
        """Halt at the first alarm of all; it ends the pipeline where that still runs (rules 17, 20)."""
        self.note(Event.ALARM, site, remark=source)
        if outcome == "caught":
            self.detected = self.clock.now
        if not self.outcome:
            self.finish(outcome, site)
        self.stop(self.scope(site))

    def scope(self, site: Site | None) -> set[int]:
        """Return which regions a machine rolls back after an alarm in a region, or in none (rule 17)."""
        rule = self.setting.plan.on_alarm
        if rule == "halt":
            return set()
        if rule == "rollback_region" and site:
            return {site.position}
        return {other.position for other in self.setting.sites if rule == "rollback_all" or other.wave == self.wave}

    def stop(self, machine: set[int]) -> None:
        """Freeze the traffic, and take it back wherever the new version has some (rules 17, 18)."""
        self.halt = self.clock.now
        for site in self.setting.sites:
            if stopped(self.paths[site.position], self.halt, math.inf):
                self.clock.process(self.recover(site, site.position in machine))

    def recover(self, site: Site, machine: bool) -> Process:
        """Roll one region back; where that fails, or no machine does it, people recover it (rule 18)."""
        by_hand = not machine or self.world.draw("rollback_failure", site.region)
        night = by_hand and not inside(self.setting.staffed, self.push, self.halt)
        start = self.halt + self.world.draw("reaction_off_hours" if night else "reaction")
        minutes = self.world.draw("manual_recovery" if by_hand else "rollback", site.region)
        self.back[site.position] = start + minutes
        if site.strategy == "rolling" and not by_hand:
            self.down[site.position] = start
        yield self.clock.at(start, MOVE, site.position)
        self.note(Event.ROLLBACK_STARTS if machine else Event.RECOVERY_STARTS, site)
        yield self.clock.at(self.back[site.position], MOVE, site.position)
        self.note(Event.RECOVERED_BY_HAND if by_hand else Event.ROLLED_BACK, site)

    def note(self, event: Event, site: Site | None = None, wave: int = -1, remark: str = "") -> None:
        """Write a line of the trace."""
        if self.traced:
            where = (site.name, site.wave) if site else ("", wave)
            self.events.append(Happening(self.clock.now, event, *where, remark))
