"""The steps of a pipeline, whatever system it is for: what each is, and what it waits for.

Each system makes these from its own file; how waves come of them is in `layers`.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from waves.files.documents import Where

StepKind = Literal["build", "deploy", "approval", "test", "wait", "other"]
BakeMinutes = float | Sequence[float] | Mapping[str, float] | None
BAKE_HINT = "BAKE_MINUTES"
APPROVAL_HINT = "APPROVAL"
REGION_HINT = "DEPLOYS_REGION"
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")


@dataclass(frozen=True)
class Step:
    """One step of a pipeline.

    Attributes
    ----------
    label : str
        What people call it: ``Stage/Action``, or the job and its region.
    where : tuple
        Its place in the document.
    kind : {"build", "deploy", "approval", "test", "wait", "other"}
        A test is meant to watch, but does not say for how long; a wait does.
    before : int
        The steps that must have succeeded before it, as bits by position.
    region : str
        Of a deployment; empty where the file does not state it.
    stage : str
        The stage or environment it stands in; what `environments` chooses among.
    written : str
        What stands in the file in the place of a region's code.
    early : bool
        Whether the names say that it is no production: dev, test, beta, staging …
    group : str
        What a wave of nothing but such deployments is called.
    limit : int or None
        At most so many deployments of its group run at once.
    minutes : float or None
        Of a wait.
    unsaid : str
        What of a wait does not say how long it takes.
    inner : bool
        Whether it stands in a group, with actions that deploy or do not.
    asks : bool
        Whether somebody approves there, or may have to: an environment's reviewers stand in no file.
    """

    label: str
    where: Where
    kind: StepKind
    before: int = 0
    region: str = ""
    written: str = ""
    stage: str = ""
    early: bool = False
    group: str = ""
    limit: int | None = None
    minutes: float | None = None
    unsaid: str = ""
    inner: bool = False
    asks: bool = False


@dataclass(frozen=True)
class Hints:
    """What the caller says because a file cannot.

    Attributes
    ----------
    bake_minutes : float, sequence of float, mapping of str to float, or None
        Minutes that each wave bakes: one number, one a wave, or by the name of the wave.
    environments : sequence of str or None
        The environments (in CodePipeline the stages) whose deployments are the plan; ``*`` stands for anything.
    regions_of : mapping of str to str
        From a deployment's name, where ``*`` stands for anything, to its region.
    wait_timers : mapping of str to float
        GitHub Actions: from an environment's name to the minutes of its wait timer.
    approvals : sequence of str
        GitHub Actions: the environments with required reviewers.
    """

    bake_minutes: BakeMinutes = None
    environments: Sequence[str] | None = None
    regions_of: Mapping[str, str] = field(default_factory=dict)
    wait_timers: Mapping[str, float] = field(default_factory=dict)
    approvals: Sequence[str] = ()

    def named(self, *names: str) -> str:
        """Return the region that the caller gave for one of these very names, or an empty text.

        So what is no deployment by itself becomes one; a name with ``*`` only fills in what is one.
        """
        return next((self.regions_of[name] for name in names if name in self.regions_of), "")

    def region(self, *names: str) -> str | None:
        """Return the region that the caller gave for one of these names."""
        rows = self.regions_of.items()
        return next((region for name, region in rows if any(matches(n, name) for n in names)), None)


def matches(name: str, pattern: str) -> bool:
    """Say whether a name is meant by a pattern: itself, or one with ``*``."""
    return name == pattern or fnmatch.fnmatchcase(name, pattern)


def bits(mask: int) -> Iterator[int]:
    """Yield the positions of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def ancestors(steps: Sequence[Step]) -> list[int]:
    """Return for each step everything that must have succeeded before it, as bits; itself too if in a cycle."""
    return closed([step.before for step in steps])


def closed(masks: Sequence[int]) -> list[int]:
    """Return for each of some things all that is before it, of what is directly before it; as bits by position."""
    found = list(masks)
    changed = True
    while changed:
        changed = False
        for i, mask in enumerate(found):
            more = mask
            for j in bits(mask):
                more |= found[j]
            if more != mask:
                found[i], changed = more, True
    return found
