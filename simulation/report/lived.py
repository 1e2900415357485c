"""Time as people live it: on which day, at which hour a change that is pushed then is done; and where the time goes.

Not here: durations as such (``tables``), the picture of where the time goes (``plots``).
"""

import math
from datetime import UTC, datetime, time, timedelta

from simulation.analysis.compare import Comparison
from simulation.analysis.trace import WEEKDAYS
from simulation.plots._time_spent import mean_parts
from simulation.report.html import Html, element, paragraph, table
from simulation.results.numerals import minutes_of, percent
from simulation.running.run import run
from simulation.scenario import Scenario
from waves import Plan
from waves.local_time import instant_of, zone

TRIALS = 4096  # of each push; whole blocks
OFTEN, NEARLY = "end_minutes_given_shipped_p50", "end_minutes_given_shipped_p95"
Done = tuple[datetime, float, float]


def as_lived(comparison: Comparison) -> Html:
    """Return when changes pushed on one day or another are done, by plan; nothing where no plan has a calendar."""
    plans = {name: each.plan for name, each in comparison.outcomes.items()}
    pushes = comparison.scenario.pushes
    if pushes is None or not any(plan.of_local_times for plan in plans.values()):
        return Html("")
    pushed = usual(comparison.scenario)
    found = {name: [_done(plan, comparison, at) for at in pushed] for name, plan in plans.items()}
    name, first = next(iter(found.items()))
    sentence = f"{name}: {_said(first[len(first) // 2])}"
    rows = [(_day(at), *(_cell(each[n]) for each in found.values())) for n, at in enumerate(pushed)]
    what = "By when half of the changes that ship are done, and below it 95 %"
    own = f"times are those of {pushes.zone}, {TRIALS:,} rollouts a push."
    return paragraph(element("strong", f"{sentence}. "), f"{what}; {own}") + table(("pushed", *found), rows)


def see_time(comparison: Comparison) -> Html:
    """Say where the time of each plan goes until a change has shipped, on average."""
    parts, closed = [], False
    for name, each in comparison.outcomes.items():
        means = mean_parts(each)
        total, closed = sum(means.values()), closed or means["closed_window"] > 0
        if total > 0:
            most = sorted((part for part in means if means[part] > 0), key=lambda part: -means[part])[:2]
            named = " and ".join(f"{percent(means[part] / total)} {part.replace('_', ' ')}" for part in most)
            parts.append(f"{name} takes {minutes_of(total)}, of which {named}")
    if not parts:
        return paragraph("Nothing shipped, so there is no time to part.")
    what = ""
    if closed:
        what = (
            " While a wave deploys, a minute is a closed window where nothing deploys, as all that are left wait for "
            "theirs."
        )
    return paragraph(f"On average, until a change has shipped: {'; '.join(parts)}.{what}")


def usual(scenario: Scenario) -> list[datetime]:
    """Return the middle of what is allowed on the first day of each kind on which people push, Monday first."""
    found: dict[int, datetime] = {}
    where = zone(scenario.pushes.zone)  # type: ignore[union-attr]
    for begin, end in scenario.pushes.allowed:  # type: ignore[union-attr]
        while begin <= end and len(found) < len(WEEKDAYS):
            day = datetime.fromtimestamp(begin, UTC).astimezone(where)
            midnight = datetime.combine(day.date() + timedelta(days=1), time())
            until = min(end, instant_of(midnight, where.key))
            found.setdefault(day.weekday(), datetime.fromtimestamp((begin + until) // 120 * 60, UTC).astimezone(where))
            begin = until + (until == end)
    return [found[day] for day in sorted(found)]


def _done(plan: Plan, comparison: Comparison, at: datetime) -> Done:
    """Return a push, and after how many minutes what ships has shipped in half of the cases and in 95 %."""
    pushed = comparison.scenario.replace(pushes=f"{at:%Y-%m-%d %H:%M} {at.tzinfo}")
    outcomes = run(plan, pushed, trials=TRIALS, seed=comparison.seed, sampling="crude")
    often, nearly = (outcomes.estimate(figure)[0].value for figure in (OFTEN, NEARLY))
    return at, often, nearly


def _said(done: Done) -> str:
    at, often, nearly = done
    first, later = _day(at, often), _day(at, nearly)
    pushed = f"{WEEKDAYS[at.weekday()]} at {at:%H:%M}"
    return f"pushed on a {pushed}, done by {first} in half of the cases, by {later} in 95 %"


def _cell(done: Done) -> Html:
    at, often, nearly = done
    return element("span", _day(at, often)) + Html("<br>") + element("small", f"95 %: {_day(at, nearly)}")


def _day(at: datetime, later: float = 0.0) -> str:
    """Write a local time some minutes after a push: Thursday 14:00, with the weeks between where there are any."""
    if not math.isfinite(later):
        return "never" if math.isinf(later) else "unknown"
    then = (at.astimezone(UTC) + timedelta(minutes=math.ceil(later))).astimezone(at.tzinfo)
    weeks = (then.date() - at.date()).days // 7
    on = "" if weeks == 0 else ", a week on" if weeks == 1 else f", {weeks} weeks on"
    return f"{WEEKDAYS[then.weekday()]} {then:%H:%M}{on}"
