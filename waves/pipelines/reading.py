"""What a pipeline file says as a plan: waves, fields, and what did not fit. Plans are made of it in `waves.plan`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from waves.files.documents import Document, Finding, Severity, Where
from waves.pipelines.steps import Step


@dataclass(frozen=True)
class Note:
    """Something that a plan does not take as it stands."""

    where: Where
    message: str
    rule: str = "not-wave-shaped"
    severity: Severity = "warning"


@dataclass(frozen=True)
class Layer:
    """One wave of a pipeline.

    Attributes
    ----------
    name : str
        The stage's, group's or job's name, else ``wave-2``.
    regions : tuple of str
        In the order of the file, each once.
    bake_minutes : float
        How long the wave is watched after its last deployment, in minutes.
    approval : bool
        Whether somebody must approve before the wave starts.
    max_parallel : int or None
        At most so many of its regions deploy at once.
    spots : mapping of str to tuple
        From each region to the place of its deployment in the document.
    steps : tuple of int
        The positions of its deployments.
    """

    name: str
    regions: tuple[str, ...]
    bake_minutes: float
    approval: bool
    max_parallel: int | None = None
    spots: Mapping[str, Where] = field(default_factory=dict)
    steps: tuple[int, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A pipeline file, read as a plan.

    Attributes
    ----------
    document : Document
        The file.
    name : str
        What the pipeline calls itself.
    layers : tuple of Layer
        The waves, in order; empty where there is a fault.
    fields : dict of str to object
        Other fields of the plan, and of single waves by ``(wave, field)``, that the file states.
    notes : tuple of Note
        What did not fit; an error among them means that no plan can be made.
    found : tuple of Finding
        The same, where the lines are known already.
    steps : tuple of Step
        Every step of the pipeline, deployments and others.
    """

    document: Document
    name: str
    layers: tuple[Layer, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    found: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def softened(self) -> Self:
        """The same with warnings in the place of errors: a pipeline need not be a plan."""
        notes = tuple(replace(note, severity="warning") for note in self.notes)
        return replace(self, notes=notes, found=tuple(replace(each, severity="warning") for each in self.found))

    @property
    def findings(self) -> list[Finding]:
        """The notes, with their lines."""
        notes = {self.document.finding(n.where, n.message, n.rule, n.severity) for n in self.notes}
        return sorted({*notes, *self.found})

    @property
    def faults(self) -> list[Finding]:
        """What forbids a plan."""
        return [finding for finding in self.findings if finding.severity == "error"]
