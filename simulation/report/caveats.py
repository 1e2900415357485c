"""What the model leaves out, and how far a report's numbers reach.

Not here: what the scenario assumes (``tables``).
"""

from simulation.analysis.compare import Comparison
from simulation.report.html import Html, bullets, element, paragraph
from simulation.results.horizon import outlasting, warning
from simulation.results.numerals import percent, several

LEFT_OUT = (
    "Shifting traffic away from a bad region, and the load that puts on its partner: here, a bad region serves its "
    "traffic until it is rolled back.",
    "Traffic that rises and falls: it is constant, by day and by night, whatever a calendar and staffed hours say.",
    "Other changes: one change goes through the pipeline at a time; queues, run modes and superseded runs are left "
    "out.",
    "Pipelines that are not an ordered list of waves: the workflow reader levels them, and warns (not-wave-shaped).",
    "Resuming from a wave after a halt: what was halted begins again with a new change.",
    "Alarms of single services: where they roll back one region, a common defect would make others follow by "
    "themselves; here people recover those, after a false alarm too.",
)


def horizon(comparison: Comparison) -> Html:
    """Warn where the horizon carries a tenth or more of a figure; else say nothing."""
    said = warning(comparison.outcomes)
    if not said:
        return Html("")
    style = "border-left:0.5rem solid #D55E00;padding:0.3rem 1rem;background:rgba(128,140,150,0.12)"
    return element(
        "div", element("strong", "Mind the horizon. "), f"{said[0].upper()}{said[1:]}.".replace("`", ""), style=style
    )


def _sampled(comparison: Comparison) -> list[str]:
    """Say how worlds were sampled."""
    if comparison.sampling == "crude":
        return ["Changes are tried as they come (crude sampling): rare long harm is hardly met, and intervals miss it."]
    return [
        "Bad changes are tried more often than they come, and each weighs as much less (stratified sampling): every "
        "share, mean and quantile here is weighted."
    ]


def left_out(comparison: Comparison) -> Html:
    """Say what the model leaves out, and what to keep in mind with these numbers."""
    name, each = comparison.baseline, comparison.outcomes[comparison.baseline]
    n, bad = len(comparison.trials), int(each.defective.sum())
    hurt = int((each.frame["impact_minutes"] > 0).sum())
    late = outlasting(each)
    reach = [
        f"Coverage: {bad:,} of {several(n, 'rollout')} had a bad change, and {hurt:,} hurt somebody under {name}. What "
        f"is said of bad changes rests on these, not on all {n:,}; where an interval is unknown, they were too few.",
        *_sampled(comparison),
        "Intervals are for the chance in these rollouts. They do not say whether the assumptions above are right.",
        "Each region's alarms need an amount of evidence of their own, drawn independently: so the more regions are "
        "exposed, the sooner one of them sees it. That flatters big waves.",
        "A single trial, such as the bad change above, is an example that can be seen again by its number. It "
        "is no prediction.",
        "Shares, times and impacts are those of the fleet and the scenario named at the top, and of no other.",
    ]
    if late:
        reach.append(
            f"{percent(late)} of the rollouts of {name} outlast the horizon of {comparison.scenario.horizon_minutes:g} "
            "minutes, at which harm is no longer counted."
        )
    heads = (paragraph(element("strong", t)) for t in ("The model leaves out:", "And of these numbers:"))
    first, second = heads
    return first + bullets(LEFT_OUT) + second + bullets(reach)
