"""Make waves of a pipeline's steps: which deployments form a wave, what stands between waves, what does not fit.

Deployments to one region that follow each other without another region or an approval in between are one deployment of
several services, with whatever stands between them. The wave of a region is the number of waves that must have
succeeded before it. Earlier environments (beta, staging) come before the first wave. Nothing is guessed: what the file
does not say and the caller neither is a fault.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from waves.files.documents import Where, did_you_mean, shown
from waves.pipelines.reading import Layer, Note
from waves.pipelines.steps import BAKE_HINT, Hints, Step, ancestors, bits, matches


class Layers:
    """The waves of a list of steps.

    Attributes
    ----------
    notes : list of Note
        What did not fit; the errors among them forbid a plan.
    waves : list of list of int
        The deployments of each wave, by position.
    """

    def __init__(self, steps: Sequence[Step], hints: Hints, where: Where = ()) -> None:
        self.steps, self.hints, self.where = steps, hints, where
        self.notes: list[Note] = []
        self.ancestors = ancestors(steps)
        self.deployments = self._chosen([i for i, step in enumerate(steps) if step.kind == "deploy"])
        self.units = self._latest(self._units())
        self.wave = self._waves()
        count = max(self.wave.values(), default=-1) + 1
        self.waves = [[i for i in sorted(self.wave) if self.wave[i] == k] for k in range(count)]
        self.approvals: list[list[int]] = [[] for _ in range(count)]
        self.bakes: list[list[int]] = [[] for _ in range(count)]
        self._note_overlaps()
        for i, step in enumerate(steps if count else ()):
            if step.kind == "approval":
                self._place_approval(i)
            elif step.kind in ("test", "wait"):
                self._place_test(i)
            elif step.kind == "other":
                self._note_other(i)

    def check_given(self, names: Sequence[str]) -> None:
        """Refuse regions that the caller gives for what the file does not have: they would have no effect."""
        for pattern in self.hints.regions_of:
            if not any(matches(name, pattern) for name in names):
                hint = did_you_mean(pattern, set(names))
                self._fault(
                    self.where, f"nothing is called {shown(pattern)}, which is given a region{hint}", "region-of"
                )

    def read(self) -> tuple[Layer, ...]:
        """Return the waves; empty, with errors among the notes, where no plan can be made."""
        if not self.waves:
            self._fault(self.where, "the file deploys to no region that is known here", "no-deployment")
        self._check_regions()
        bakes = self._bakes()
        if any(note.severity == "error" for note in self.notes):
            return ()
        return tuple(self._layer(k, bakes[k]) for k in range(len(self.waves)))

    def _layer(self, k: int, bake: float) -> Layer:
        wave = self.waves[k]
        spots: dict[str, Where] = {}
        for i in wave:
            spots.setdefault(self.steps[i].region, self.steps[i].where)
        limits = {self.steps[i].limit for i in wave}
        limit = next(iter(limits)) if len(limits) == 1 else None
        if len(limits) > 1 or (limit and len({self.steps[i].group for i in wave}) > 1):
            self._note(wave[0], f"wave {k + 1} has several limits of how many deploy at once; the plan has none")
            limit = None
        limit = limit if limit and limit < len(spots) else None
        return Layer(self.names[k], tuple(spots), bake, bool(self.approvals[k]), limit, spots, tuple(wave))

    def _less(self, i: int, j: int) -> bool:
        return bool(self.ancestors[j] >> i & 1)

    def _label(self, i: int) -> str:
        step = self.steps[i]
        return f"{step.label} ({step.region})" if step.region and step.region not in step.label else step.label

    def _note(self, i: int, message: str, rule: str = "not-wave-shaped") -> None:
        self.notes.append(Note(self.steps[i].where, message, rule))

    def _fault(self, where: Where, message: str, rule: str) -> None:
        self.notes.append(Note(where, message, rule, "error"))

    def _chosen(self, found: list[int]) -> list[int]:
        """Leave out what is no part of the plan: environments that were not asked for, or that come earlier."""
        stages = sorted({self.steps[i].stage for i in found} - {""})
        if self.hints.environments is not None:
            for pattern in self.hints.environments:
                if not any(matches(stage, pattern) for stage in stages):
                    hint = did_you_mean(pattern, stages) or f"; there are {', '.join(stages) or 'none'}"
                    self._fault(
                        self.where, f"nothing deploys in the environment {shown(pattern)}{hint}", "environment-unknown"
                    )
            return [i for i in found if any(matches(self.steps[i].stage, p) for p in self.hints.environments)]
        late = [i for i in found if not self.steps[i].early]
        if late and len(late) < len(found):
            self._note_earlier([i for i in found if self.steps[i].early])
        return late or found

    def _note_earlier(self, left_out: list[int]) -> None:
        names = _some([self._label(i) for i in left_out])
        what = f"{names}: an earlier environment; it comes before the first wave, and the plan leaves it out"
        self._note(left_out[0], f"{what} (choose with environments= or --environment)", "environment-left-out")

    def _units(self) -> list[list[int]]:
        units: list[list[int]] = []
        for i in self.deployments:
            unit = next((u for u in units if any(self._same(j, i) or self._same(i, j) for j in u)), None)
            if unit is None:
                units.append([i])
            else:
                unit.append(i)
        return units

    def _same(self, i: int, j: int) -> bool:
        """Return whether the second deployment goes on with the first one's region."""
        region = self.steps[i].region
        if not region or self.steps[j].region != region:
            return False
        if not self._less(i, j):
            return not self._less(j, i) and self.steps[i].stage == self.steps[j].stage
        between = [self.steps[k] for k in bits(self.ancestors[j]) if self._less(i, k)]
        return not any(s.kind == "approval" or (s.kind == "deploy" and s.region != region) for s in between)

    def _latest(self, units: list[list[int]]) -> list[list[int]]:
        """Take the last time that a region is deployed: before it came an earlier environment."""
        if self.hints.environments is not None:
            return units
        earlier: set[int] = set()
        for first in units:
            region = self.steps[first[0]].region
            later = [u for u in units if u is not first and region and self.steps[u[0]].region == region]
            pairs = [(i, j) for unit in later for i in first for j in unit]
            if any(self._less(i, j) for i, j in pairs) and not any(self._less(j, i) for i, j in pairs):
                earlier |= {i for i in self.deployments if i in first or any(self._less(i, j) for j in first)}
        left_out = [i for i in self.deployments if i in earlier]
        if not left_out or len(left_out) == len(self.deployments):
            return units
        self._note_earlier(left_out)
        return [unit for unit in units if not set(unit) & earlier]

    def _waves(self) -> dict[int, int]:
        """Give each deployment its wave, counted from 0; units are bits, so that a thousand of them take no time."""
        masks = [_union(1 << i for i in unit) for unit in self.units]
        before = [0] * len(masks)
        for v, unit in enumerate(self.units):
            ancestors = _union(self.ancestors[i] for i in unit)
            before[v] = _union(1 << u for u, mask in enumerate(masks) if u != v and ancestors & mask)
        for middle, mask in enumerate(before):
            for v in range(len(before)):
                if before[v] >> middle & 1:
                    before[v] |= mask
        self._note_turns(before)
        level: dict[int, int] = {}
        # Whatever is before a unit has fewer before it, itself included, and so has its level already.
        for v in sorted(range(len(before)), key=lambda v: (before[v] | 1 << v).bit_count()):
            earlier = [u for u in bits(before[v]) if u != v and not before[u] >> v & 1]
            level[v] = 1 + max((level[u] for u in earlier), default=-1)
        # Those that are deployed in turns are one wave: the latest of theirs.
        for v in range(len(before)):
            level[v] = max([level[v], *(level[u] for u in bits(before[v]) if before[u] >> v & 1)])
        return {i: level[u] for u, unit in enumerate(self.units) for i in unit}

    def _note_turns(self, before: list[int]) -> None:
        for u, unit in enumerate(self.units):
            others = [v for v in range(u + 1, len(before)) if before[u] >> v & 1 and before[v] >> u & 1]
            if others:
                names = ", ".join(self.steps[self.units[v][0]].region for v in others)
                what = f"{self.steps[unit[0]].region} and {names} are deployed in turns; they are taken as one wave"
                self._note(unit[0], what)

    def _note_overlaps(self) -> None:
        for i in sorted(self.wave):
            before = self.waves[self.wave[i] - 1] if self.wave[i] else []
            running = [self._label(j) for j in before if not self._less(j, i)]
            if running:
                what = f"{self._label(i)} may start while {_some(running)} of the wave before still runs"
                self._note(i, f"{what}; the plan takes them as two waves, one after the other")

    def _place_approval(self, i: int) -> None:
        gated = [j for j in self.wave if self._less(i, j)]
        if not gated:
            return
        wave = min(self.wave[j] for j in gated)
        self.approvals[wave].append(i)
        free = [self._label(j) for j in self.waves[wave] if j not in gated]
        if free:
            what = f"{_some(free)} does not wait for the approval {self._label(i)}; the plan gates the whole wave"
            self._note(i, what)
        if len(self.approvals[wave]) == 2:
            self._note(i, f"wave {wave + 1} has several approvals before it; the plan takes them as one")

    def _place_test(self, i: int) -> None:
        done = [self.wave[j] for j in self.wave if self._less(j, i)]
        held = [self.wave[j] for j in self.wave if self._less(i, j)]
        if not done:
            return
        wave, last = max(done), len(self.waves) - 1
        if held and min(held) <= wave:
            if not self._within(i):
                self._note(i, f"{self._label(i)} runs in the middle of wave {wave + 1}; the plan counts it as no bake")
        elif not held and wave < last:
            self._note(i, f"no wave waits for {self._label(i)}; the plan counts it as no bake")
        else:
            self.bakes[wave].append(i)

    def _within(self, i: int) -> bool:
        """Return whether it stands between two deployments of one region."""
        return any(
            any(self._less(j, i) for j in unit) and any(self._less(i, j) for j in unit) and len(unit) > 1
            for unit in self.units
        )

    def _note_other(self, i: int) -> None:
        done = [self.wave[j] for j in self.wave if self._less(j, i)]
        held = [self.wave[j] for j in self.wave if self._less(i, j)]
        if done and held and max(done) < min(held):
            what = f"{self._label(i)} stands between waves and counts as no bake"
            self._note(i, f"{what}; if it waits, give it a {BAKE_HINT} variable", "bake-left-out")

    @cached_property
    def names(self) -> list[str]:
        """What each wave is called."""
        names: list[str] = []
        for k, wave in enumerate(self.waves):
            groups = {self.steps[i].group for i in wave}
            name = next(iter(groups)) if len(groups) == 1 else ""
            name = name or f"wave-{k + 1}"
            names.append(name if name not in names else f"{name}-{k + 1}")
        return names

    def _check_regions(self) -> None:
        first: dict[str, int] = {}
        for i in sorted(self.wave, key=lambda i: self.wave[i]):
            step = self.steps[i]
            if not step.region:
                what = f"{step.label} does not state its region; write it there, or give it"
                if step.written:
                    what = f"the region of {step.label} is {shown(step.written)}, which cannot be resolved; give it"
                remedy = f"with regions_of= (--region-of {shown(step.label)}=REGION)"
                self._fault(step.where, f"{what} {remedy}", "region-unknown")
            elif self.wave[first.setdefault(step.region, i)] != self.wave[i]:
                other = first[step.region]
                what = (
                    f"{step.label} deploys to {step.region} in wave {self.wave[i] + 1}, {self.steps[other].label} in "
                    f"wave {self.wave[other] + 1}; the model allows each region once"
                )
                self._fault(step.where, what, "region-in-two-waves")

    def _bakes(self) -> list[float]:
        given, count = self.hints.bake_minutes, len(self.waves)
        if isinstance(given, Mapping):
            for name in given:
                if name not in self.names:
                    hint = did_you_mean(str(name), self.names) or f"; the waves are {', '.join(self.names)}"
                    self._refuse(f"bake_minutes names the wave {shown(name)}, which the file does not have{hint}")
            return [self._minutes(given[n], n) if n in given else self._found(k) for k, n in enumerate(self.names)]
        if isinstance(given, Sequence) and not isinstance(given, str):
            if len(given) != count:
                self._refuse(f"bake_minutes has {len(given)} numbers, but the file {count} waves; give one a wave")
                return [0.0] * count
            return [self._minutes(value, self.names[k]) for k, value in enumerate(given)]
        if given is not None:
            return [self._minutes(given, "every wave")] * count
        return [self._found(k) for k in range(count)]

    def _minutes(self, value: object, what: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
            return float(value)
        self._refuse(f"bake_minutes of {what} is {shown(value)}; give minutes, a number that is not negative")
        return 0.0

    def _refuse(self, message: str) -> None:
        self._fault(self.where, message, "bake-minutes")

    def _found(self, k: int) -> float:
        """Add minutes up along the longest way through what watches a wave."""
        longest: dict[int, float] = {}
        for i in sorted(self.bakes[k], key=lambda i: self.ancestors[i].bit_count()):
            start = max((longest[j] for j in longest if self._less(j, i)), default=0.0)
            longest[i] = start + self._watched(i, k)
        return max(longest.values(), default=0.0)

    def _watched(self, i: int, k: int) -> float:
        step = self.steps[i]
        if step.minutes is not None:
            return step.minutes
        remedy = f"give it a variable {BAKE_HINT}, or say bake_minutes= (--bake-minutes)"
        if k + 1 == len(self.waves):
            self._note(i, f"{step.label} stands after the last wave and counts as no bake; {remedy}", "bake-left-out")
        else:
            what = f"{step.label} stands between {self.names[k]} and {self.names[k + 1]}, and nobody says how many"
            self._fault(step.where, f"{what} minutes that bake takes; {remedy}", "bake-unknown")
        return 0.0


def _union(masks: Iterable[int]) -> int:
    result = 0
    for mask in masks:
        result |= mask
    return result


def _some(labels: list[str]) -> str:
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return ", ".join(labels[:3]) + more
