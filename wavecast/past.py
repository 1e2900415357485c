"""A report's past: the scenario that a history teaches, what it would have foretold, and what of it is known.

Not here: the fit, the back test (``history``), the report (``notebooks/report.ipynb``).
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waves import Finding, InputError
from waves.showing import Html, element

if TYPE_CHECKING:
    from history import Backtest, Fitted
    from simulation import Scenario


@dataclass(frozen=True, eq=False)
class Past:
    """What a history says beside a report.

    Attributes
    ----------
    fitted
        The fit.
    test
        Its back test, week by week.
    known
        From when to when the history is known, a sentence each.
    """

    fitted: "Fitted"
    test: "Backtest"
    known: tuple[str, ...]

    @property
    def scenario(self) -> "Scenario":
        """The scenario of the estimates."""
        return self.fitted.scenario

    def _repr_html_(self) -> str:
        sentence = self.test.sentence
        said = [
            f"Fitted to {self.fitted.rollouts:,} rollouts of {self.fitted.source}; each fitted value stands with the "
            "assumptions, with its interval.",
            f"{sentence[0].upper()}{sentence[1:]}."
            + (" That is for the minutes to the end, foretold each week from what was known before." if
               self.test.scored else ""),
            *(f"{each[0].upper()}{each[1:]}." for each in self.known),
            *(f"History cannot tell {name}: {why}." for name, why in self.fitted.cannot_tell.items()),
        ]  # fmt: skip
        bold = element("strong", said[1])
        rest = Html("").join(element("li", each) for each in (said[0], *said[2:]))
        return str(element("p", bold) + element("ul", Html(rest)))


def read_history(store: str | os.PathLike[str], scenario: "Scenario", *, seed: int = 0) -> Past:
    """Fit a scenario to a history, and hold the fit against it.

    Parameters
    ----------
    store
        A store, or the folder or S3 address of an export.
    scenario
        Gives the fleet, and everything that history cannot tell.
    seed
        From 0 to 2⁶⁴ − 1.

    Raises
    ------
    InputError
        Where the history cannot be read, is of other regions, or teaches nothing.
    """
    import history

    try:
        rollouts = history.rollouts(store, fleet=scenario.fleet)
        fitted = history.fit(rollouts, scenario, seed=seed)
        exported = str(store).startswith("s3://") or os.path.isdir(store)
        known = history.read_export(store, "coverage") if exported else history.coverage(store)
    except InputError:
        raise
    except (history.StoreError, history.ExportError, ValueError) as error:
        faults = [Finding(os.fspath(store), 1, 1, "error", line, "history") for line in str(error).splitlines()]
        raise InputError(faults) from None
    return Past(fitted, history.backtest(rollouts, fitted, seed=seed), tuple(history.coverage_sentences(known)))
