"""A lesson: a claim, what was measured of it in one sentence, whether that bears it out, and the picture.

Not here: the claims (``claims``), how a picture looks (``simulation.plots``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulation.results.statistics import Estimate
from waves.showing import Html, Shown, element


@dataclass(frozen=True, eq=False, repr=False)
class Lesson(Shown):
    """What an experiment says of a claim.

    Attributes
    ----------
    claim
        As the notebook states it.
    holds
        Whether the numbers bear it out.
    sentence
        What was measured.
    figures
        The estimates that the sentence is made of, by what they are.
    draw
        Makes the picture.
    """

    claim: str
    holds: bool
    sentence: str
    figures: dict[str, Estimate]
    draw: Callable[[], Any]

    def plot(self):  # type: ignore[no-untyped-def]
        """Draw it."""
        from simulation.plots import offered

        return offered(self.draw())

    def _glance(self) -> str:
        return self.sentence

    def _repr_html_(self) -> Html:
        head = "What was measured. " if self.holds else f"Here it is not so ({self.claim}). "
        return Html(self.draw()._repr_html_()) + element("p", element("strong", head), f"{self.sentence}.")
