"""What stands before regions and after them, in a file before and after its regions were rearranged.

What a region waited for outside of the regions must not get lost: that is refused. An approval that a region does not
wait for any more, and what stood between waves and does not any more, is told.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from waves.files.documents import Finding
from waves.pipelines.reading import Reading
from waves.pipelines.steps import ancestors, bits


@dataclass(frozen=True)
class _Standing:
    """Which steps come before and after which regions."""

    reading: Reading

    @cached_property
    def names(self) -> list[str]:
        """What each step is known by: its own name, as what moves to another group or stage keeps that."""
        short = [step.label.rsplit("/", 1)[-1] for step in self.reading.steps]
        counts = Counter(short)
        return [n if counts[n] == 1 else s.label for n, s in zip(short, self.reading.steps, strict=True)]

    @cached_property
    def above(self) -> list[int]:
        return ancestors(self.reading.steps)

    @cached_property
    def regions(self) -> dict[int, str]:
        """The plan's deployments, and their regions."""
        steps = self.reading.steps
        return {i: steps[i].region for layer in self.reading.layers for i in layer.steps}

    @cached_property
    def deploying(self) -> int:
        return sum(1 << i for i in self.regions)

    def before(self, i: int) -> set[str]:
        """Return the regions that a step waits for."""
        return {self.regions[j] for j in bits(self.above[i] & self.deploying)}

    def behind(self, i: int) -> set[str]:
        """Return the regions that wait for a step."""
        return {region for j, region in self.regions.items() if self.above[j] >> i & 1}

    def waited_for(self, *, outside: bool) -> dict[str, set[str]]:
        """Return for each region the steps before it; or only those that do not come after a region themselves."""
        free = sum(1 << i for i, mask in enumerate(self.above) if not outside or not (mask | 1 << i) & self.deploying)
        found: dict[str, set[str]] = {}
        for i, region in self.regions.items():
            found.setdefault(region, set()).update(self.names[j] for j in bits(self.above[i] & free))
        return found

    def of_others(self, region: str) -> set[str]:
        """Return what stands in a group and is waited for, there, by other regions alone: it moves with those."""
        homes = {self.reading.steps[j].where for j in self.regions}
        # What waits or asks within a job that deploys is a part of that job, wherever its regions go.
        found = {name for name, step in zip(self.names, self.reading.steps, strict=True) if step.where in homes}
        for i, step in enumerate(self.reading.steps):
            beside = {r: j for j, r in self.regions.items() if self.reading.steps[j].where[:-1] == step.where[:-1]}
            if step.inner and region not in {r for r, j in beside.items() if self.above[j] >> i & 1}:
                found.add(self.names[i])
        return found

    @cached_property
    def places(self) -> dict[str, int]:
        """The steps that are no deployments of the plan, by their names."""
        return {self.names[i]: i for i in range(len(self.names)) if i not in self.regions}


def lost_on_the_way(before: Reading, after: Reading) -> str:
    """Say what a region would not wait for any more, or nothing."""
    then, now = _Standing(before).waited_for(outside=True), _Standing(after).waited_for(outside=False)
    of_others = _Standing(before).of_others
    for region, names in then.items():
        if lost := sorted(names - now.get(region, set()) - of_others(region)):
            return f"{region} would not wait for {lost[0]} any more"
    return ""


def no_longer(before: Reading, after: Reading) -> list[Finding]:
    """Return what is to be told: approvals that a region has lost, and what stands before no wave any more."""
    if before is after:
        return []
    return sorted(set(_told(_Standing(before), _Standing(after))))


def _told(then: _Standing, now: _Standing) -> Iterator[Finding]:
    document = now.reading.document
    first = now.reading.layers[0].spots[now.reading.layers[0].regions[0]]
    for name, i in then.places.items():
        step, held = then.reading.steps[i], then.behind(i)
        if step.kind in ("build", "deploy") or not (step.asks or then.before(i)):
            continue
        what = f"the approval {step.label.removesuffix(' (approval)')}" if step.kind == "approval" else step.label
        if name not in now.places:
            yield document.finding(first, f"{what} is gone with its wave", "left-behind", "warning")
            continue
        where, left = now.reading.steps[now.places[name]].where, now.behind(now.places[name])
        if held and not left:
            message = f"{what} stood before {', '.join(sorted(held))}, and now no region waits for it"
            yield document.finding(where, message, "left-behind", "warning")
        elif step.asks and (free := sorted(held - left)):
            message = f"{what} stood before {', '.join(free)}, and does not any more; it may ask for an approval"
            yield document.finding(where, message, "approval-left", "warning")
