"""A report's past: the scenario that a history teaches, what it would have foretold, and what of it is known.

Not here: the fit, the back test (``history``), the report (``notebooks/report.ipynb``).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waves import Finding, InputError, Plan
from waves.showing import Html, element, listed, words

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
    used
        By service: the name of the plan of the report that its rollouts went by.
    """

    fitted: "Fitted"
    test: "Backtest"
    known: tuple[str, ...]
    used: Mapping[str, str] = field(default_factory=dict)

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
            *(f"Rollouts of {listed([s for s, own in self.used.items() if own == name])} are taken to have gone by "
              f"{name}, whose waves and bakes they had." for name in dict.fromkeys(self.used.values())),
            *(f"{each[0].upper()}{each[1:]}." for each in self.known),
            *(f"History cannot tell {name}: {why}." for name, why in self.fitted.cannot_tell.items()),
        ]  # fmt: skip
        bold = element("strong", said[1])
        rest = Html("").join(element("li", words(each)) for each in (said[0], *said[2:]))
        return str(element("p", bold) + element("ul", Html(rest)))


def read_history(
    store: str | os.PathLike[str], scenario: "Scenario", *, plans: Mapping[str, Plan] | None = None, seed: int = 0
) -> Past:
    """Fit a scenario to a history, and hold the fit against it.

    Parameters
    ----------
    store
        A store, or the folder or S3 address of an export.
    scenario
        Gives the fleet, and everything that history cannot tell.
    plans
        Plans, by name, that rollouts may have gone by: a service's is that whose waves and bakes most of them had.
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
        used = history.plans_used(rollouts, (plans or {}).values())
        if used:  # the join knows approvals and waves better then
            rollouts = history.rollouts(store, fleet=scenario.fleet, plans=used)
        fitted = history.fit(rollouts, scenario, used=used, seed=seed)
        exported = str(store).startswith("s3://") or os.path.isdir(store)
        known = history.read_export(store, "coverage") if exported else history.coverage(store)
    except InputError:
        raise
    except (history.StoreError, history.ExportError, ValueError) as error:
        faults = [Finding(os.fspath(store), 1, 1, "error", line, "history") for line in str(error).splitlines()]
        raise InputError(faults) from None
    test = history.backtest(rollouts, fitted, used=used, seed=seed)
    names = {plan.digest: name for name, plan in reversed(list((plans or {}).items()))}
    told = {service: names[plan.digest] for service, plan in used.items()}
    return Past(fitted, test, tuple(history.coverage_sentences(known)), told)
