"""The gate: a verdict as a yes or no.

It passes nothing but a whole verdict that says one thing throughout, of the inputs that it is held against, with at
least one limit, every one of which holds. Not here: whether a verdict is such (``sound``), how limits are judged
(``limits``).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from simulation.analysis.limits import Limit
from simulation.analysis.sound import faults_of, judged_again
from simulation.analysis.verdict import say, spaced
from simulation.describing import fitted_name
from simulation.scenario import Scenario
from waves import Plan
from waves.files.documents import one_line

AGAIN = "make the report again"


def gate(
    verdict: Mapping[str, Any],
    *,
    plans: Sequence[Plan] = (),
    scenario: Scenario | None = None,
    limits: Sequence[Limit] = (),
) -> tuple[Literal[0, 1], list[str]]:
    """Judge a verdict.

    Parameters
    ----------
    verdict
        As `read_verdict` gives it. Its words are not believed: each limit is held against the verdict's own figures
        again, and whatever does not follow from them fails.
    plans, scenario, limits
        What it must be a verdict of, by content: `plans[0]` is the plan that was judged, the others are among those it
        was compared with. What is left out is not held against it.

    Returns
    -------
    code : 0 or 1
        0 where the verdict is whole, there is at least one limit, and every limit holds, with numbers.
    lines : list of str
        What to tell: one line a limit and a warning, or why there was nothing to judge.
    """
    faults = faults_of(verdict)
    if not faults:
        faults = [] if verdict["limits"] else ["no limits were set"]
        faults += [f"{fault}; {AGAIN}" for fault in _other_inputs(verdict, plans, scenario, limits)]
    if faults:
        return 1, [one_line(f"nothing to judge: {fault}") for fault in faults]
    judgements = judged_again(verdict)
    lines = [one_line(f"{j.verdict}: {spaced(say(j))}") for j in judgements]
    lines += [one_line(f"warning: {text}") for text in verdict["warnings"]]
    return (0 if all(j.verdict == "holds" for j in judgements) else 1), lines


def _other_inputs(
    verdict: Mapping[str, Any], plans: Sequence[Plan], scenario: Scenario | None, limits: Sequence[Limit]
) -> list[str]:
    """Say what of these a whole verdict is not about."""
    known = {name: entry["digest"] for name, entry in verdict["plans"].items()}
    judged = known[verdict["judged"]]
    faults = []
    for n, plan in enumerate(plans):
        if plan.digest not in ([judged] if n == 0 else known.values()):
            theirs = f"judged {judged}" if n == 0 else "knows no such plan"
            faults.append(f"the verdict {theirs}, and {plan.name} ({plan.origin}) is {plan.digest}")
    if scenario is not None and scenario.digest != verdict["scenario"]["digest"]:
        ours = f"{scenario.name} ({scenario.origin}) is {scenario.digest}"
        theirs = f"the verdict is of the scenario {verdict['scenario']['digest']}"
        if verdict["scenario"]["name"] == fitted_name(scenario.name):
            wrote = f"`wavecast fit --seed {verdict['seed']} --out` writes, to be named here"
            theirs += f", {scenario.name} as a history taught it, which {wrote}"
        faults.append(f"{theirs}, and {ours}")
    asked = [j.limit for j in judged_again(verdict)]
    return faults + [f"it did not ask for {limit}" for limit in limits if limit not in asked]
