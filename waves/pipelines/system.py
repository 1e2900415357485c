"""The one interface of a pipeline's system: what a folder below this one gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from waves.files.documents import Dialect, Document, Finding
from waves.pipelines.reading import Reading
from waves.pipelines.regrouping import Arrange
from waves.pipelines.saying import Abilities
from waves.pipelines.steps import Hints
from waves.pipelines.target import Target
from waves.pipelines.written import Written

if TYPE_CHECKING:
    from waves.plan import Plan


@dataclass(frozen=True)
class System:
    """One system that runs pipelines.

    Attributes
    ----------
    name : str
        As in ``--to``: codecatalyst, codepipeline, github-actions.
    title : str
        What its file is called in a sentence.
    dialect : str
        How its YAML is read.
    recognises : callable
        Whether the values of a document are such a file.
    check : callable
        Every finding of a document.
    read : callable
        A document as waves.
    write : callable
        A plan as a file; the last argument says whether it shall be JSON.
    arrange : callable
        Puts the regions of a text into other waves.
    abilities : Abilities
        What it can say of a plan.
    rules : mapping of str to (str, str)
        What it asks of a file, and where that comes from.
    """

    name: str
    title: str
    dialect: Dialect
    recognises: Callable[[Any], bool]
    check: Callable[[Document, Hints], list[Finding]]
    read: Callable[[Document, Hints], Reading]
    write: "Callable[[Plan, Target, bool], Written]"
    arrange: Arrange
    abilities: Abilities
    rules: Mapping[str, tuple[str, str]]
