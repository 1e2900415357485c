"""What to see in each figure of the report: a sentence or two, made from the data.

Not here: tables (``tables``), what the model leaves out (``caveats``), the figures themselves (``simulation.plots``).
"""

import math
from collections.abc import Mapping

import pandas as pd

from simulation.analysis.compare import Comparison
from simulation.analysis.duel import Duel, typical_defect
from simulation.analysis.duel import typical_change as choose
from simulation.analysis.trace import Trace, trace
from simulation.columns import OUTCOMES, SHIPPED
from simulation.report.html import Html, bullets, element, paragraph
from simulation.results.figures import between, estimated
from simulation.results.numerals import minutes_of, number, percent, several
from waves import Fleet, Plan

ENDINGS = {
    "caught": "a true alarm",
    "false_alarm": "a false alarm",
    "deploy_failed": "a failed deployment",
    "rejected": "a refused approval",
    "build_failed": "a failed build",
}


def typical_change(comparison: Comparison) -> Duel | Trace | None:
    """Return the change that stands for those that hurt, under the first two plans: see `simulation.typical_change`.

    With one plan alone the trace of the bad change nearest its median impact, and None where no trial hurt anybody.
    """
    runs = list(comparison.outcomes.values())

    def again(plan: Plan, trial: int) -> Trace:
        return trace(plan, comparison.scenario, seed=comparison.seed, trial=trial, sampling=comparison.sampling)

    try:
        if len(runs) == 1:
            return again(runs[0].plan, typical_defect(runs[0]))
        choice = choose(runs[0], runs[1])
    except ValueError:
        return None
    first, second = (again(each.plan, choice.trial) for each in runs[:2])
    return Duel(first, second, choice)


def picture_of_change(change: Duel | Trace | None):  # type: ignore[no-untyped-def]
    """Draw a typical change, or nothing where there is none."""
    return change.plot() if change is not None else Html("")


def see_change(change: Duel | Trace | None, comparison: Comparison) -> Html:
    """Say what a typical bad change does, and what it does not show."""
    trials = several(len(comparison.trials), "rollout")
    if change is None:
        return paragraph(f"No change hurt anybody in {trials}: there is no duel to show.")
    sides = [change.first, change.second] if isinstance(change, Duel) else [change]
    names = list(comparison.outcomes)
    stories = "; ".join(f"under {name} {_story(side)}" for name, side in zip(names, sides, strict=False))
    head = f"{change.sentence}. " if isinstance(change, Duel) else ""
    if isinstance(change, Duel):
        why = "It stands for the average difference: how many differ at all, and by less, stands below the picture."
    else:
        hurt = int((comparison.outcomes[comparison.baseline].frame["impact_minutes"] > 0).sum())
        why = f"Of the {hurt:,} in {trials} that hurt, it is the one nearest their median impact."
    what = f"This is one change, an example and no prediction. {why}"
    return paragraph(element("strong", head), f"{stories[0].upper()}{stories[1:]}. ", what)


def _story(side: Trace) -> str:
    row, total = side.row, len(side.regions)
    exposed = f"{row.regions_exposed} of {several(total, 'region')} ({percent(row.share_exposed)} of the traffic)"
    if row.regions_exposed == 0:
        return f"no region met it; it was {row.outcome.replace('_', ' ')} after {minutes_of(side.end)}"
    seen = f"it was noticed after {minutes_of(row.detected_minutes)}"
    if math.isnan(row.detected_minutes):
        seen = "no true alarm saw it"
    over = "" if math.isnan(row.recovered_minutes) else f" and was over after {minutes_of(row.recovered_minutes)}"
    return f"{exposed} met it, {seen}{over}"


def see_plans(plans: Mapping[str, Plan], fleet: Fleet) -> Html:
    """Say how the first plan begins, how long it bakes, and which plans put failover partners together.

    A plan from a pipeline's file may take it otherwise than it stands there: its notes say so.
    """
    name, plan = next(iter(plans.items()))
    first = plan.waves[0]
    share = percent(sum(fleet.shares[region] for region in first.regions))
    bakes = minutes_of(sum(wave.bake_minutes for wave in plan.waves))
    approvals = sum(wave.approval for wave in plan.waves)
    gates = f" and waits for {several(approvals, 'approval')}" if approvals else ""
    start = (
        f"{name} has {several(len(plan.waves), 'wave')}, begins with {_listed(first.regions)} ({share} of the "
        f"traffic), bakes {bakes} in all{gates}."
    )
    missing = [region for region in fleet.names if region not in plan.regions]
    if missing:
        start += f" It leaves out {_listed(missing)}."
    notes = [f"{name}: {note.message}." for name, plan in plans.items() for note in plan.notes]
    read = paragraph("Where a plan differs from the file of its pipeline:") + bullets(notes)
    return paragraph(start, " ", _partners(plans, fleet)) + (read if notes else Html(""))


def _partners(plans: Mapping[str, Plan], fleet: Fleet) -> str:
    if not fleet.pairs:
        return "The fleet names no failover partners."
    together = {
        name: sum(set(pair) <= set(wave.regions) for wave in plan.waves for pair in fleet.pairs)
        for name, plan in plans.items()
    }
    risky = [f"{name} ({count} of {several(len(fleet.pairs), 'pair')})" for name, count in together.items() if count]
    if not risky:
        return "Every plan keeps failover partners in different waves."
    return f"Failover partners share a wave in {_listed(risky)}."


def see_comparison(comparison: Comparison) -> Html:
    """Say which plan costs least and most, and which ships soonest and latest."""
    if len(comparison.outcomes) == 1:
        found = comparison.summaries[comparison.baseline]
        return paragraph(
            f"{comparison.baseline} costs {_amount(found, 'impact_minutes_mean')} a change on average and takes "
            f"{_amount(found, 'minutes_to_ship')} to ship; give a second plan to hold it against."
        )
    words = []
    for figure, few, many in (
        ("impact_minutes_mean", "costs least", "most"),
        ("minutes_to_ship", "ships soonest", "latest"),
    ):
        names = sorted(comparison.outcomes, key=lambda name: float(comparison.summaries[name]["estimate"][figure]))
        low, high = (comparison.summaries[name] for name in (names[0], names[-1]))
        if low["estimate"][figure] == high["estimate"][figure]:
            words.append(f"all {few.split()[0][:-1]} the same ({_amount(low, figure)})")
            continue
        words.append(f"{names[0]} {few} ({_amount(low, figure)}), {names[-1]} {many} ({_amount(high, figure)})")
    return paragraph(
        f"By the impact of a change on average, {words[0]}; halted attempts repeated, {words[1]}. "
        "Which of the differences are more than chance, the next figure shows."
    )


def _amount(found: pd.DataFrame, figure: str) -> str:
    value, low, high = (float(found[key][figure]) for key in ("estimate", "low", "high"))
    return estimated(value, low, high, str(found["unit"][figure]))[0]


def see_differences(comparison: Comparison) -> Html:
    """Say, plan by plan, what differs from the first plan in the same worlds, and what these trials leave open."""
    others = list(comparison.outcomes)[1:]
    if not others:
        return paragraph("There is one plan, so nothing differs.")
    words = [
        f"{name} {_differs(comparison, name, 'impact_minutes_mean', 'costs', ('less', 'more'))} and "
        f"{_differs(comparison, name, 'minutes_to_ship', 'ships', ('sooner', 'later'))}"
        for name in others
    ]
    return paragraph(f"Against {comparison.baseline}, in the same worlds: {'; '.join(words)}.")


def _differs(comparison: Comparison, name: str, figure: str, verb: str, ways: tuple[str, str]) -> str:
    table = comparison.differences
    value, low, high = (float(table[key][(name, figure)]) for key in ("difference", "low", "high"))
    unit = str(table["unit"][(name, figure)])
    if math.isinf(value):
        return f"{verb} endlessly {ways[value > 0]}"
    if math.isnan(value):
        return f"cannot be compared in {figure}"
    thing = "impact" if verb == "costs" else "time to ship"
    if math.isnan(low) or math.isnan(high):
        return f"differs in {thing} in too few trials to tell"
    if not (low > 0 or high < 0):
        return f"shows no sure difference in {thing} ({between(low, high, unit)})"
    near, far = sorted((abs(low), abs(high)))
    size, interval = estimated(abs(value), near, far, unit)
    return f"{verb} {size} {ways[value > 0]} ({interval})"


def see_regions(comparison: Comparison) -> Html:
    """Say which region each plan exposes most often, and which loses most under the first."""
    words = []
    for name, each in comparison.outcomes.items():
        found = each.regions
        if not found["exposed_probability"].any():
            words.append(f"under {name} no region is ever exposed")
            continue
        most = percent(float(found["exposed_probability"].max()))
        top = [str(r) for r in found.index[found["exposed_probability"] == found["exposed_probability"].max()]]
        words.append(f"under {name} {_listed(top)}, in {most} of changes")
    first = comparison.outcomes[comparison.baseline].regions["impact_minutes_mean"]
    most_lost = f"{number(float(first.max()))} fleet-minutes a change"
    loses = f" {first.idxmax()} loses most under {comparison.baseline}: {most_lost}."
    said = f"Most often exposed are: {'; '.join(words)}."
    return paragraph(said + (loses if first.any() else ""))


def see_distributions(comparison: Comparison) -> Html:
    """Say what the worst in twenty come to, and how long those that ship take, under the first plan and the others."""
    words = []
    for name, found in comparison.summaries.items():
        words.append(f"{_amount(found, 'share_exposed_p95')} and {_amount(found, 'impact_minutes_p95')} under {name}")
    found = comparison.summaries[comparison.baseline]
    half, most = (_amount(found, f"end_minutes_given_shipped_{p}") for p in ("p50", "p95"))
    return paragraph(
        f"Nineteen of twenty changes expose and cost no more than {'; '.join(words)}. Of those that ship under "
        f"{comparison.baseline}, half are complete after {half}, nineteen in twenty after {most}."
    )


def see_outcomes(comparison: Comparison) -> Html:
    """Say how often the first plan ships, what halts it most often, and how many defects escape."""
    each = comparison.outcomes[comparison.baseline]
    chances = {outcome: each.fraction((each.frame["outcome"] == outcome).to_numpy()) for outcome in OUTCOMES}
    shipped = percent(sum(chances[outcome] for outcome in SHIPPED))
    halts = {outcome: chances[outcome] for outcome in ENDINGS if chances[outcome]}
    said = f"{comparison.baseline} ships {shipped} of changes"
    if halts:
        top = max(halts, key=lambda outcome: halts[outcome])
        said += f"; what ends the others most often is {ENDINGS[top]} ({percent(halts[top])})"
    bad = each.fraction(each.defective)
    if bad:
        part = percent(chances["escaped"] / bad)
        said += f". Of the bad changes ({percent(bad)} of all) {part} escape: complete, and unseen by then."
    else:
        said += ". No change is bad."
    return paragraph(said)


def _listed(names: object) -> str:
    items = [str(name) for name in names]  # type: ignore[attr-defined]
    if len(items) > 8:
        items = [*items[:7], f"{len(items) - 7} more"]
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)
