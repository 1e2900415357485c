"""The stages of a workflow: which environments come one after the other, and which of them the plan is about.

A pipeline that deploys to beta, then to gamma, then to production has three stages. A plan is one of them, and unless
the caller chooses, the last: the environments that no other environment waits for. What comes before it belongs to the
time before the first wave.

Environments that differ only by the region they deploy to (`prod-us-east-1`, then `prod-eu-west-1`; `prod-us`,
`prod-eu`; `prod-use1`, `prod-euw1`) are one stage: they are how people name one account a region.
"""

import re
from collections.abc import Sequence

from waves.files.documents import did_you_mean, shown
from waves.pipelines.codecatalyst.deployments import Deployments

_INITIALS = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"}


class Environments:
    """The environments of a workflow's deployments, and those that are the plan.

    Attributes
    ----------
    names : tuple of str
        Each once, in the order of the file; a deployment without an environment has none.
    chosen : frozenset of str
        Those that are read as the plan.
    by_default : bool
        Whether nobody chose.
    faults : list of str
        What is wrong with the caller's choice.
    """

    def __init__(self, deployments: Deployments, chosen: Sequence[str] | None = None) -> None:
        self._graph, self._targets = deployments.graph, deployments.targets
        self.names = tuple(dict.fromkeys(t.environment for t in self._targets.values() if t.environment))
        self.by_default = chosen is None
        self.faults = [] if chosen is None else list(self._faults(chosen))
        self.chosen = frozenset(self.names if self.faults else chosen if chosen is not None else self._last())

    def _faults(self, chosen: Sequence[str]) -> list[str]:
        if isinstance(chosen, str):
            return [f"environments is {shown(chosen)}; give a list of names"]
        if not chosen:
            return ["environments is empty; name at least one, or leave it out"]
        listed = f"; there are {', '.join(self.names)}" if self.names else "; its deployments have none"
        return [
            f"no deployment has the environment {shown(name)}{did_you_mean(str(name), self.names) or listed}"
            for name in chosen
            if name not in self.names
        ]

    def takes(self, i: int) -> bool:
        """Return whether a deployment belongs to the plan.

        One without an environment does, unless another stage stands between it and the plan: nothing says that it does
        not.
        """
        name = self._targets[i].environment
        return name in self.chosen if name else not self._beyond(i)

    def _beyond(self, i: int) -> bool:
        """Return whether a left-out stage stands between a deployment without an environment and the plan."""
        named = {k: target.environment in self.chosen for k, target in self._targets.items() if target.environment}
        mine, others = ([k for k, taken in named.items() if taken is which] for which in (True, False))
        before, after = (
            lambda j, k: self._graph.ancestors[k] >> j & 1,
            lambda j, k: self._graph.ancestors[j] >> k & 1,
        )
        return any(way(i, k) and way(k, j) for way in (before, after) for k in others for j in mine)

    @property
    def taken(self) -> tuple[str, ...]:
        """The environments that the plan is about."""
        return tuple(name for name in self.names if name in self.chosen)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The environments that the plan is not about."""
        return tuple(name for name in self.names if name not in self.chosen)

    def _stage(self, i: int) -> str:
        """Return the name of a deployment's environment without what it says of the region."""
        target = self._targets[i]
        name = re.sub(re.escape(target.region), "", target.environment.lower().replace("_", "-")) or "-"
        area, *way, number = target.region.split("-") if target.region.count("-") > 1 else ("", "")
        short = area + "".join(_INITIALS.get(word, word[:1]) for word in way) + number
        return "-".join(word for word in name.split("-") if word and word not in (area, short))

    def _last(self) -> list[str]:
        stages = {i: self._stage(i) for i in self._targets if self._targets[i].environment}
        later: dict[str, set[str]] = {stage: set() for stage in stages.values()}
        for i, first in stages.items():
            for j, second in stages.items():
                if first != second and self._graph.ancestors[j] >> i & 1:
                    later[first].add(second)
        for middle in later:
            for stage in later:
                if middle in later[stage]:
                    later[stage] |= later[middle]
        # Two that wait for each other are one stage, deployed in turns.
        last = {stage for stage in later if all(stage in later[other] for other in later[stage])}
        return [self._targets[i].environment for i, stage in stages.items() if stage in last]
