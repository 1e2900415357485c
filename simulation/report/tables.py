"""The tables of the report: the verdict, figures side by side, limits, assumptions.

Not here: what to see in them (``sentences``).
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from simulation.analysis.compare import Comparison
from simulation.analysis.verdict import number_of
from simulation.describing import describe
from simulation.report.html import Html, bullets, element, paragraph, table
from simulation.results.figures import FIGURES, amount, called, estimated, held_against
from simulation.results.numerals import several
from simulation.scenario import Label, Scenario
from waves import Fleet, Plan, Rules, clash_findings, rule_findings

SHOWN = (
    "probability_shipped", "minutes_to_ship", "end_minutes_given_shipped_p50", "end_minutes_given_shipped_p95",
    "share_exposed_mean", "share_exposed_p95", "impact_minutes_mean", "impact_minutes_given_defect_p50",
    "impact_minutes_given_defect_p95", "failed_requests_mean", "probability_failover_hit", "probability_escaped",
)  # fmt: skip
WORDS = {"holds": "holds", "broken": "BROKEN", "undecided": "UNDECIDED"}
GOOD, BAD, PLAIN = "#0072B2", "#D55E00", "#5B6570"


def opening(verdict: Mapping[str, Any]) -> Html:
    """Say the verdict in one sentence, and what it rests on."""
    passed = verdict["passed"]
    word, colour = ("Passed. ", GOOD) if passed else ("Not passed. ", BAD)
    if not verdict["limits"]:
        word, colour = "Not judged. ", PLAIN
    box = f"border-left:0.5rem solid {colour};padding:0.6rem 1rem;background:rgba(128,140,150,0.12);font-size:1.15em"
    head = element("strong", word)
    plans = several(len(verdict["plans"]), "plan")
    basis = (
        f"{several(verdict['trials'], 'rollout')} of each of {plans}, scenario {verdict['scenario']['name']} "
        f"({verdict['scenario']['digest']}), seed {verdict['seed']}; {verdict['confidence'] * 100:g} % intervals. "
        f"Made {_instant(verdict['made'])} by wavecast {verdict['kit']}."
    )
    if len(verdict["plans"]) == 1:
        basis = basis.replace("of each of 1 plan", "of 1 plan")
    return element("div", head, f"{verdict['sentence']}.", style=box) + paragraph(basis)


def _instant(made: str) -> str:
    return f"{datetime.fromisoformat(made):%Y-%m-%d %H:%M} UTC"


def side_by_side(comparison: Comparison) -> Html:
    """Return the main figures of every plan, each with its interval."""
    rows = []
    for figure in SHOWN:
        unit = str(comparison.summaries[comparison.baseline]["unit"][figure])
        apart = unit in ("fleet-minutes", "requests")  # too long to stand in every cell
        name = element("span", FIGURES[figure])
        if apart:
            name += Html("<br>") + element("small", unit)
        rows.append((name, *(_cell(found, figure, "" if apart else unit) for found in comparison.summaries.values())))
    return table(("", *comparison.outcomes), rows) + _unknown(comparison)


def _unknown(comparison: Comparison) -> Html:
    """Say about how many trials it takes to know what is not known; nothing where all is."""
    takes = pd.concat([each["trials_it_takes"].loc[list(SHOWN)] for each in comparison.summaries.values()]).max()
    if math.isnan(takes):
        return Html("")
    return paragraph(f"What is unknown here takes about {takes:,.0f} rollouts of each plan.")


def _cell(found: pd.DataFrame, figure: str, unit: str) -> Html:
    value, low, high = (float(found[key][figure]) for key in ("estimate", "low", "high"))
    estimate, interval = (text.rstrip() for text in estimated(value, low, high, unit))
    return element("span", estimate) + Html("<br>") + element("small", interval)


def limits(verdict: Mapping[str, Any]) -> Html:
    """Return each limit with the first plan's figure, its interval and whether it holds; and say what follows."""
    entries = verdict["limits"]
    if not entries:
        return paragraph("No limits were set, so nothing was judged: a gate fails on that.")
    rows = []
    for entry in entries:
        unit = entry["unit"]
        value, estimate, low, high = (number_of(entry[key]) for key in ("value", "estimate", "low", "high"))
        kept = entry["verdict"] == "holds"
        word = element("strong", WORDS[entry["verdict"]], style=f"white-space:nowrap;color:{GOOD if kept else BAD}")
        limit, *found = held_against(value, entry["figure"], (estimate, low, high), unit)
        if takes := entry["trials_it_takes"]:
            word += Html("<br>") + element("small", f"about {takes:,} trials decide it")
        if entry["cut_off"]:
            word += Html("<br>") + element("small", "for the horizon")
        rows.append((called(entry["figure"]), f"{entry['side'].replace('_', ' ')} {limit}", *found, word))
    head = ("", "limit", "estimate", "interval", "")
    return table(head, rows) + _follows(verdict)


def rules(plans: Mapping[str, Plan], asked: Rules, fleet: Fleet) -> Html:
    """Return which plan keeps which of the rules, and what would mend the first; nothing where no rules were given."""
    keys = asked.rules.asked
    found = {name: rule_findings(plan, asked, fleet) for name, plan in plans.items()}
    breaks = {name: {each.rule.removeprefix("pin-").replace("-", "_") for each in some} for name, some in found.items()}
    rows = [(element("code", key), *(_kept(key not in broken) for broken in breaks.values())) for key in keys]
    first = next(iter(plans))
    clashing = [f"{each.message}." for each in clash_findings(asked, fleet)]
    said = [f"{first}: {each.message}." for each in found[first]] + clashing
    return table(("rule", *plans), rows, numbers=False) + (bullets(said) if said else Html("")) if keys else Html("")


def _kept(kept: bool) -> Html:
    return element("span", "kept") if kept else element("strong", "BROKEN", style=f"color:{BAD}")


def _follows(verdict: Mapping[str, Any]) -> Html:
    words = [entry["verdict"] for entry in verdict["limits"]]
    broken, undecided = words.count("broken"), words.count("undecided")
    said = [f"{broken} of {several(len(words), 'limit')} broken."] if broken else []
    if undecided:
        said.append(f"{undecided} undecided{_why(verdict)}; what is undecided does not pass.")
    kept = "Each limit holds over its whole interval." if len(words) > 1 else "The limit holds over its whole interval."
    return paragraph(" ".join(said) or kept)


def _why(verdict: Mapping[str, Any]) -> str:
    cut = [entry["cut_off"] for entry in verdict["limits"] if entry["cut_off"]]
    straddle = any(entry["verdict"] == "undecided" and not entry["cut_off"] for entry in verdict["limits"])
    return "".join([": the interval straddles the limit"] * straddle + [f"; {text}" for text in cut[:1]])


def assumptions(scenario: Scenario) -> Html:
    """Return what the scenario assumes, field by field, with where each value comes from."""
    rows = [(element("code", field), *rest) for field, *rest in scenario.assumptions]
    guessed = sum(source.startswith("assumed") for *_, source in scenario.assumptions)
    counted = f"All {len(rows)} values" if guessed == len(rows) else f"{guessed} of the {len(rows)} values"
    what = paragraph(f"{counted} are assumed: replace them with your own.") if guessed else Html("")
    off = ", ".join(f"{field} {value}" for field, value, *_ in scenario.defaults)
    rest = paragraph(f"Left at their defaults: {off}.") if off else Html("")
    return table(("field", "value", "unit", "source"), rows, numbers=False) + what + rest


def faults(scenario: Scenario) -> Html:
    """Return the ways in which a change can be bad, as the scenario has them."""
    rows = [
        (
            fault.name,
            f"label {fault.where.label}" if isinstance(fault.where, Label) else fault.where.replace("_", " "),
            fault.effect.replace("_", " "),
            amount(fault.probability, "probability"),
            *(_defect(fault) if fault.effect == "defect" else ("", "", "", "")),
        )
        for fault in scenario.faults
    ]
    if not rows:
        return paragraph("The scenario knows no faults: no change is ever bad.")
    head = ("fault", "where", "effect", "probability", "severity", "onset, minutes", "alarms can see", "check can see")
    return table(head, rows, numbers=False)


def _defect(fault: Any) -> tuple[str, ...]:
    chances = (amount(p, "probability") for p in (fault.detection_probability, fault.validation_probability))
    return describe(fault.severity), describe(fault.onset), *chances
