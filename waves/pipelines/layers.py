"""Make waves of a pipeline's steps: which deployments form a wave, what stands between waves, what does not fit.

Deployments to one region that follow each other without another region or an approval in between are one deployment of
several services, with whatever stands between them. The wave of a region is the number of waves that must have
succeeded before it. Earlier environments (beta, staging) come before the first wave. Nothing is guessed: what the file
does not say and the caller neither is a fault.

Every system's steps come here. What a system knows better, such as CodeCatalyst its environments, it says in a class of
its own on `Layers`; how long waves bake is in `bakes`.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

from waves.aws_zones import AWS_ZONES
from waves.files.documents import Where, did_you_mean, shown
from waves.pipelines.bakes import Bakes
from waves.pipelines.reading import Layer, Note
from waves.pipelines.steps import BAKE_HINT, REGION, Hints, Step, ancestors, bits, matches


class Layers:
    """The waves of a list of steps.

    Attributes
    ----------
    notes : list of Note
        What did not fit; the errors among them forbid a plan.
    waves : list of list of int
        The deployments of each wave, by position.
    approvals, bakes : list of list of int
        For each wave the approvals before it, and what watches it.
    """

    whole = "the file"
    last_must_say = False  # whether a test after the last wave has to say its minutes, too

    def __init__(self, steps: Sequence[Step], hints: Hints, where: Where = ()) -> None:
        self.steps, self.hints, self.where = steps, hints, where
        self.notes: list[Note] = []
        self.ancestors = ancestors(steps)
        every = [i for i, step in enumerate(steps) if step.kind == "deploy"]
        self.chosen = self._chosen(every)
        self.units = self._latest(self._units(self.chosen))
        self.wave = self._waves()
        self.others = [i for i in every if i not in self.wave]
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
            elif step.kind in ("build", "other"):
                self._note_other(i)
        self._note_unbaked()
        self._note_more()

    def _note_more(self) -> None:
        """Note what only one system knows."""

    def check_given(self, names: Sequence[str]) -> None:
        """Refuse regions that the caller gives for what the file does not have: they would have no effect."""
        for pattern in self.hints.regions_of:
            if not any(matches(name, pattern) for name in names):
                hint = did_you_mean(pattern, set(names))
                self.fault(
                    self.where, f"nothing is called {shown(pattern)}, which is given a region{hint}", "region-of"
                )

    def read(self) -> tuple[Layer, ...]:
        """Return the waves; empty, with errors among the notes, where no plan can be made."""
        if not self.waves:
            self._note_nothing()
        self._check_regions()
        minutes = Bakes(self).minutes()
        if any(note.severity == "error" for note in self.notes):
            return ()
        return tuple(self._layer(k, minutes[k]) for k in range(len(self.waves)))

    def _note_nothing(self) -> None:
        self.fault(self.where, "the file deploys to no region that is known here", "no-deployment")

    def _layer(self, k: int, bake: float) -> Layer:
        wave = self.waves[k]
        spots: dict[str, Where] = {}
        for i in wave:
            spots.setdefault(self.steps[i].region, self.steps[i].where)
        limits = {self.steps[i].limit for i in wave}
        limit = next(iter(limits)) if len(limits) == 1 else None
        if len(limits) > 1 or (limit and len({self.steps[i].group for i in wave}) > 1):
            self.note(wave[0], f"wave {k + 1} has several limits of how many deploy at once; the plan has none")
            limit = None
        limit = limit if limit and limit < len(spots) else None
        return Layer(self.names[k], tuple(spots), bake, bool(self.approvals[k]), limit, spots, tuple(wave))

    def less(self, i: int, j: int) -> bool:
        """Return whether a step comes before another one."""
        return bool(self.ancestors[j] >> i & 1)

    def label(self, i: int) -> str:
        """Return what people call a step, with its region."""
        step = self.steps[i]
        return f"{step.label} ({step.region})" if step.region and step.region not in step.label else step.label

    def note(self, i: int, message: str, rule: str = "not-wave-shaped") -> None:
        """Note what does not fit at a step."""
        self.notes.append(Note(self.steps[i].where, message, rule))

    def fault(self, where: Where, message: str, rule: str) -> None:
        """Note what forbids a plan."""
        self.notes.append(Note(where, message, rule, "error"))

    def _chosen(self, found: list[int]) -> list[int]:
        """Leave out what is no part of the plan: environments that were not asked for, or that come earlier."""
        stages = sorted({self.steps[i].stage for i in found} - {""})
        if self.hints.environments is not None:
            for pattern in self.hints.environments:
                if not any(matches(stage, pattern) for stage in stages):
                    hint = did_you_mean(pattern, stages) or f"; there are {', '.join(stages) or 'none'}"
                    self.fault(
                        self.where, f"nothing deploys in the environment {shown(pattern)}{hint}", "environment-unknown"
                    )
            return [i for i in found if any(matches(self.steps[i].stage, p) for p in self.hints.environments)]
        late = [i for i in found if not self.steps[i].early]
        if late and len(late) < len(found):
            self._note_earlier([i for i in found if self.steps[i].early])
        return late or found

    def _note_earlier(self, left_out: list[int]) -> None:
        names = some([self.label(i) for i in left_out])
        what = f"{names}: an earlier environment; it comes before the first wave, and the plan leaves it out"
        self.note(left_out[0], f"{what} (choose with environments= or --environment)", "environment-left-out")

    def _units(self, deployments: list[int]) -> list[list[int]]:
        """Join the deployments that are one of several services."""
        units: list[list[int]] = []
        for i in deployments:
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
        if not self.less(i, j):
            return not self.less(j, i) and self.steps[i].stage == self.steps[j].stage
        between = [self.steps[k] for k in bits(self.ancestors[j]) if self.less(i, k)]
        return not any(s.kind == "approval" or (s.kind == "deploy" and s.region != region) for s in between)

    def _latest(self, units: list[list[int]]) -> list[list[int]]:
        """Take the last time that a region is deployed: before it came an earlier environment."""
        if self.hints.environments is not None:
            return units
        everything, earlier = sorted(i for unit in units for i in unit), set[int]()
        for first in units:
            region = self.steps[first[0]].region
            later = [u for u in units if u is not first and region and self.steps[u[0]].region == region]
            pairs = [(i, j) for unit in later for i in first for j in unit]
            if any(self.less(i, j) for i, j in pairs) and not any(self.less(j, i) for i, j in pairs):
                earlier |= {i for i in everything if i in first or any(self.less(i, j) for j in first)}
        left_out = [i for i in everything if i in earlier]
        if not left_out or len(left_out) == len(everything):
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
                self.note(unit[0], what)

    def _note_overlaps(self) -> None:
        for i in sorted(self.wave):
            before = self.waves[self.wave[i] - 1] if self.wave[i] else []
            running = [self.label(j) for j in before if not self.less(j, i)]
            if running:
                what = f"{self.label(i)} may start while {some(running)} of the wave before still {_runs(running)}"
                self.note(i, f"{what}; the plan takes them as two waves, one after the other")

    def _around(self, i: int) -> tuple[list[int], list[int]]:
        """Return the plan's deployments before a step, and those after it."""
        return [j for j in self.wave if self.less(j, i)], [j for j in self.wave if self.less(i, j)]

    def _stage_between(self, first: list[int], then: list[int]) -> bool:
        """Return whether a deployment of another stage stands between: then a step beside it is that stage's own."""
        return any(self.less(i, k) and self.less(k, j) for k in self.others for i in first for j in then)

    def _inside(self, i: int) -> bool:
        """Return whether a step stands between two services of one region: then it is of that region's deployment."""
        before, after = self._around(i)
        rows = {(self.steps[j].region, self.wave[j]) for j in before}
        return any((self.steps[k].region, self.wave[k]) in rows for k in after)

    def _place_approval(self, i: int) -> None:
        before, gated = self._around(i)
        if not gated or (not before and self._stage_between([i], gated)):
            if not gated and not any(self.less(i, k) for k in self.others):
                self.note(i, f"no deployment waits for the approval {self.label(i)}; the plan leaves it out")
            return
        wave = min(self.wave[j] for j in gated)
        if any(self.wave[j] >= wave for j in before):
            what = f"the approval {self.label(i)} stands in the middle of wave {wave + 1}"
            self.note(i, f"{what}; the plan leaves it out")
            return
        self.approvals[wave].append(i)
        free = [self.label(j) for j in self.waves[wave] if j not in gated]
        if free:
            what = f"{some(free)} {_does(free)} not wait for the approval {self.label(i)}"
            self.note(i, f"{what}; the plan gates the whole wave")
        running = [self.label(j) for j in self.wave if self.wave[j] < wave and not self.less(j, i)]
        if running:
            what = f"the approval {self.label(i)} may be asked for while {some(running)} still {_runs(running)}"
            self.note(i, f"{what}; the plan asks after the wave")
        if len(self.approvals[wave]) == 2:
            self.note(i, f"wave {wave + 1} has several approvals before it; the plan takes them as one")

    def _place_test(self, i: int) -> None:
        before, after = self._around(i)
        if not before or self._stage_between(before, [i]) or self._inside(i):
            return
        wave, last = max(self.wave[j] for j in before), len(self.waves) - 1
        if after and min(self.wave[j] for j in after) <= wave:
            self.note(i, f"{self.label(i)} runs in the middle of wave {wave + 1}; the plan counts it as no bake")
        elif not after and wave < last:
            self.note(i, f"no wave waits for {self.label(i)}; the plan counts it as no bake")
        else:
            self.bakes[wave].append(i)

    def _note_unbaked(self) -> None:
        """Say where some of a wave wait for no bake of the wave before, while others do."""
        for k, bakes in enumerate(self.bakes[:-1]):
            free = [self.label(j) for j in self.waves[k + 1] if not any(self.less(i, j) for i in bakes)]
            if bakes and free:
                what = f"{some(free)} {_does(free)} not wait for {self.label(bakes[0])}"
                self.note(bakes[0], f"{what}; the plan bakes the whole wave")

    def _quiet(self, i: int) -> bool:
        """Return whether nobody would take a step for a bake."""
        return self._inside(i)

    def _tells_last(self, i: int) -> bool:
        """Return whether a step behind the last wave is worth a word."""
        return False

    def _note_other(self, i: int) -> None:
        """Say what follows a wave and is no bake: a notification, a tag, an upload, or perhaps somebody who waits."""
        before, after = self._around(i)
        if not before or self._quiet(i) or self._stage_between(before, [i]):
            return
        wave = max(self.wave[j] for j in before)
        if after and wave < min(self.wave[j] for j in after):
            place, count = "between waves", "counts as no bake"
        elif not after and wave == len(self.waves) - 1 and self._tells_last(i):
            place, count = "after the last wave", "counts as no bake, 0 minutes"
        else:
            return
        what = f"{self.named(i)} stands {place} and {count}"
        self.note(i, f"{what}; if it waits, give it a {BAKE_HINT} variable", "bake-left-out")

    def named(self, i: int) -> str:
        """Return what a message calls a step that deploys nothing."""
        return self.steps[i].label

    @cached_property
    def names(self) -> list[str]:
        """What each wave is called."""
        names: list[str] = []
        for k, wave in enumerate(self.waves):
            name = self._name(wave) or f"wave-{k + 1}"
            names.append(name if name not in names else f"{name}-{k + 1}")
        return names

    def _name(self, wave: list[int]) -> str:
        groups = {self.steps[i].group for i in wave}
        return groups.pop() if len(groups) == 1 else ""

    def _check_regions(self) -> None:
        first: dict[str, int] = {}
        for i in sorted(self.wave, key=lambda i: self.wave[i]):
            step = self.steps[i]
            if not step.region:
                self.fault(step.where, self._unknown(i), "region-unknown")
            elif self.wave[first.setdefault(step.region, i)] != self.wave[i]:
                other = first[step.region]
                what = (
                    f"{step.label} deploys to {step.region} in wave {self.wave[i] + 1}, {self.steps[other].label} in "
                    f"wave {self.wave[other] + 1}; the model allows each region once"
                )
                self.fault(step.where, what, "region-in-two-waves")
            elif REGION.fullmatch(step.region) and step.region not in AWS_ZONES and "-iso" not in step.region:
                near = did_you_mean(step.region, AWS_ZONES)
                self.note(
                    i, f"{step.label}: AWS has no region {shown(step.region)} that is known here{near}", "region-name"
                )

    def _unknown(self, i: int) -> str:
        """Word that a deployment's region is not known."""
        step = self.steps[i]
        what = f"{step.label} does not state its region; write it there, or give it"
        if step.written:
            what = f"the region of {step.label} is {shown(step.written)}, which cannot be resolved; give it"
        return f"{what} with regions_of= (--region-of {shown(step.label)}=REGION)"


def _union(masks: Iterable[int]) -> int:
    result = 0
    for mask in masks:
        result |= mask
    return result


def some(labels: list[str]) -> str:
    """Return the first three of some labels, and how many there are more."""
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return ", ".join(labels[:3]) + more


def _does(labels: list[str]) -> str:
    return "does" if len(labels) == 1 else "do"


def _runs(labels: list[str]) -> str:
    return "runs" if len(labels) == 1 else "run"
