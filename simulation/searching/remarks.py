"""What is to be said of a search beside its gains: what its figures leave out, and how far from provably best it is.

Not here: what plans gain (``gains``).
"""

from typing import TYPE_CHECKING

from simulation.results.horizon import MUCH
from simulation.results.numerals import minutes_of, number, percent
from simulation.searching.front import NOTHING, TODAY
from waves import rule_findings
from waves.showing import counted

if TYPE_CHECKING:
    from simulation.searching.found import PlanFront


def remarks(found: "PlanFront") -> list[str]:
    """Return what people should know of a search before they choose: of approvals, rules and the horizon."""
    today, candidates = found.plans.get(TODAY), found.race.packing.candidates
    said = []
    if today is not None and any(wave.approval for wave in today.waves):
        said.append(
            "Approvals are asked for before the waves that today's plan has them before: the first, the second and so "
            "on, the last. Plans of more or fewer waves have more or fewer of them, which is part of the time they "
            "take or save."
        )
    if today is not None and candidates.rules is not None:
        broken = rule_findings(today, candidates.rules, candidates.fleet)
        if broken:
            errors = counted(len(broken), "error")
            said.append(
                f"The plan of today breaks the rules, with {errors} of `wavecast check`; those found keep them."
            )
    return said + _horizon(found)


def _horizon(found: "PlanFront") -> list[str]:
    """Say where the closing of the book makes harm seem small, or carries it."""
    closes = minutes_of(found.race.terms.scenario.horizon_minutes)
    told = (
        (found.told.cut_off, f"The horizon of {closes} cuts off", "of rollouts",
         "what hurts after it is not counted, so their harm is told too low; choose a longer `horizon_minutes`"),
        (found.told.carried, f"The horizon of {closes} carries", "of the mean impact",
         "harm that nothing ends before, and that grows with `horizon_minutes`; say how long customers take to notice "
         "(`report`)"),
    )  # fmt: skip
    said = []
    for parts, begin, of, end in told[: 1 + ("impact_minutes_mean" in found.objectives)]:
        much = {name: part for name, part in parts.items() if part >= MUCH}
        if much:
            worst = max(much, key=much.__getitem__)
            more = f", and a tenth or more under {counted(len(much) - 1, 'other plan')}" if len(much) > 1 else ""
            said.append(f"{begin} {percent(much[worst])} {of} under {worst}{more}: {end}.")
    return said


def from_best(found: "PlanFront") -> list[str]:
    """Say how far the front is from what is provably best; nothing where all plans were looked at instead."""
    proved, front = found.distance, [name for name in found.plans if name != TODAY and name not in found.own]
    if proved.missing:
        first, *rest = proved.missing
        more = f", and for {counted(len(rest), 'other reason')}" if rest else ""
        unknown = f"How near these come to the best possible is not known: a proof fails where {first}{more}."
        return [] if found.every else [unknown]
    kept = [name for name in front if name in proved.table.index]
    if not kept:
        return []
    above = proved.table["above"][kept]
    if proved.front is None:
        low, high = f"{percent(above.min())} ({above.idxmin()})", f"{percent(above.max())} ({above.idxmax()})"
        between = high if len(kept) == 1 else f"{low} to {high}"
        said = (
            "By proof, no plan of T minutes exposes less of the traffic to a bad change than 4 / (4 + λ(T − d)), "
            f"however waves are cut and whatever they bake; these are above that by {between}. λ is "
            f"{number(proved.rate, 3)} alarms a minute where all traffic hurts, d the {number(proved.deploy, 3)} min "
            "of a deployment."
        )
    elif above.max() > NOTHING:
        said = (
            f"By proof, these plans expose at most {percent(above.max())} more of the traffic to a bad change "
            f"({above.idxmax()}) than the best possible ones with these bakes that take as long."
        )
    else:
        said = (
            "By proof, these plans expose as little of the traffic to a bad change as any with these bakes that takes "
            "as long."
        )
    return [said + _left_out(found), *_not_covered(len(front) - len(kept)), *from_least(found, TODAY)]


def _left_out(found: "PlanFront") -> str:
    """Say what would bring the bound nearer to the plans if it were in it."""
    out = ["rules"] * (found.race.packing.candidates.rules is not None)
    out += ["the lag of alarms"] * (found.race.terms.scenario.of(0, "lag").mean > 0)
    return f" {' and '.join(out).capitalize()} {'are' if out[0] == 'rules' else 'is'} left out of that." if out else ""


def _not_covered(count: int) -> list[str]:
    return [f"Of {counted(count, 'plan')} here closed forms say nothing."] if count else []


def from_least(found: "PlanFront", name: str) -> list[str]:
    """Say what a plan beside the front exposes, and what none in its time can be below, where that is known."""
    table = found.distance.table
    if name not in table.index:
        return []
    share, least = (percent(own[name]) for own in (table["share_exposed_given_defect_mean"], table["least"]))
    who = "Today's plan" if name == TODAY else name
    return [f"{who} exposes {share} of the traffic to a bad change; in its time none can be below {least}."]
