"""A file of rules and limits: read, its limits held against the figures there are.

Not here: holding plans against the rules (``waves.rules``), judging by the limits (``simulation.analysis.limits``).
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from wavecast.inputs import find, mistaken, recognise
from waves import Finding, Fleet, InputError, Rules, clash_findings
from waves.files.documents import Document, closest

if TYPE_CHECKING:
    from simulation import Limit, Service


def read_rules(name: str | os.PathLike[str]) -> Rules:
    """Read a file of rules and limits, or a sample such as `storefront`.

    Raises
    ------
    InputError
        Where it cannot be read, or with every fault of it: limits on what is no figure, too.
    """
    path = find(name, "rules")
    document, kind = recognise(path)
    if kind != "rules":
        raise _misplaced(document) or mistaken(document, kind, "rules (sections rules and limits)")
    rules = Rules.read(path)
    if not rules.rules.asked and not rules.limits:
        example = "limits: {share_exposed_p95: {at_most: 0.25}}"
        raise rules.input_error([((), f"neither rules nor limits; write one, such as {example}", "no-rules")])
    if found := list(limit_findings(rules)):
        raise InputError(found)
    return rules


def _misplaced(document: Document) -> InputError | None:
    """Tell limits that stand at the top of a file where they belong."""
    if not isinstance(document.value, dict):
        return None
    from simulation import FIGURES

    if not any(name in FIGURES or closest(name, FIGURES) for name in document.value):
        return None
    text = "limits stand under `limits:`, and rules under `rules:`; write `limits:` above them and indent them"
    return InputError([document.finding((next(iter(document.value)),), text, "limit")])


def read_limits(rules: Rules, service: "Service | None" = None) -> "list[Limit]":
    """Return the limits of a file of rules, for a report or a review to judge by.

    Parameters
    ----------
    rules
        As `read_rules` gives them.
    service
        What is promised, and how often it changes; None where nobody said.

    Raises
    ------
    InputError
        With one line for each limit on what only a service has, where that was not said.
    """
    from simulation import FIGURES, parse_limits
    from simulation.results.service import lacking

    remedy = {True: "give `changes_a_month`, such as 40", False: "give `objective`, such as 0.999"}[service is not None]
    if faults := [
        rules.remark(("limits", name), f"{name} needs {what}; {remedy}, or take the limit out", "limit")
        for name in rules.bounds
        if (what := lacking(name, service))
    ]:
        raise InputError(faults)
    return parse_limits(rules.bounds, FIGURES)


def limit_findings(rules: Rules) -> Iterator[Finding]:
    """Yield an error for each limit on what is no figure, or that no figure can reach."""
    from simulation import FIGURES, parse_limits

    for name, bounds in rules.bounds.items():
        try:
            parse_limits({name: bounds}, FIGURES)
        except ValueError as error:
            for line in str(error).splitlines():
                yield rules.remark(("limits", name), line.removeprefix("limits: "), "limit")


def held(rules: Rules, fleet: Fleet | None) -> list[Finding]:
    """Return what a fleet shows of rules: pins that it does not have, rules that clash."""
    return clash_findings(rules, fleet) if fleet is not None else []
