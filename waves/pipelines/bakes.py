"""How long each wave bakes: what the caller says, else what stands in the file, along the longest way through it.

Which steps watch which wave is decided in `layers`. Minutes are never guessed.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from waves.files.documents import did_you_mean, shown
from waves.pipelines.steps import BAKE_HINT

if TYPE_CHECKING:
    from waves.pipelines.layers import Layers


class Bakes:
    """The minutes of the waves of some layers; what is wrong with them is noted there."""

    def __init__(self, layers: "Layers") -> None:
        self.layers, self.names = layers, layers.names
        self.given = layers.hints.bake_minutes

    def minutes(self) -> list[float]:
        """Return the minutes that each wave bakes; 0 where there is a fault."""
        given, names = self.given, self.names
        if isinstance(given, Mapping):
            self._check_names(given)
            return [self._read(given[n], n) if n in given else self._found(k) for k, n in enumerate(names)]
        if isinstance(given, Sequence) and not isinstance(given, str):
            if len(given) != len(names):
                what = f"bake_minutes has {len(given)} numbers, but {self.layers.whole} {len(names)} waves"
                self._refuse(f"{what}; give one a wave")
                return [0.0] * len(names)
            return [self._read(value, names[k]) for k, value in enumerate(given)]
        if given is not None:
            return [self._read(given, "every wave")] * len(names)
        return [self._found(k) for k in range(len(names))]

    def _check_names(self, given: Mapping[str, float]) -> None:
        for name in given:
            if name not in self.names:
                hint = did_you_mean(str(name), self.names) or f"; the waves are {', '.join(self.names)}"
                self._refuse(
                    f"bake_minutes names the wave {shown(name)}, which {self.layers.whole} does not have{hint}"
                )

    def _read(self, value: object, what: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
            return float(value)
        self._refuse(f"bake_minutes of {what} is {shown(value)}; give minutes, a number that is not negative")
        return 0.0

    def _refuse(self, message: str) -> None:
        self.layers.fault(self.layers.where, message, "bake-minutes")

    def _found(self, k: int) -> float:
        """Add minutes up along the longest way through what watches a wave."""
        longest: dict[int, float] = {}
        layers = self.layers
        for i in sorted(layers.bakes[k], key=lambda i: layers.ancestors[i].bit_count()):
            start = max((longest[j] for j in longest if layers.less(j, i)), default=0.0)
            longest[i] = start + self._watched(i, k)
        return max(longest.values(), default=0.0)

    def _watched(self, i: int, k: int) -> float:
        step, layers = self.layers.steps[i], self.layers
        if step.unsaid:
            what = f"{layers.named(i)} waits ({step.unsaid}), and for how long is not said; that counts as no bake"
            layers.note(i, f"{what}; give it a variable {BAKE_HINT}", "bake-left-out")
        if step.minutes is not None:
            return step.minutes
        last = k + 1 == len(self.names)
        remedy = f"give it a variable {BAKE_HINT}, or say bake_minutes= (on the command line --bake-minutes)"
        if last and not layers.last_must_say:
            layers.note(
                i, f"{layers.named(i)} stands after the last wave and counts as no bake; {remedy}", "bake-left-out"
            )
            return 0.0
        place = f"after {self.names[k]}" if last else f"between {self.names[k]} and {self.names[k + 1]}"
        what = f"{layers.named(i)} stands {place}, and nobody says how many minutes that bake takes; {remedy}"
        layers.fault(step.where, what, "bake-unknown")
        return 0.0
