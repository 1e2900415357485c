"""The claims, one function each: what the numbers of an experiment say of it.

Not here: the experiments (`notebooks/1-why-waves.ipynb`), what a lesson is (``lesson``).
"""

from simulation.analysis.compare import Comparison
from simulation.analysis.parts import Parts
from simulation.lessons.lesson import Lesson
from simulation.lessons.varied import Curves
from simulation.results.figures import between, called, estimated
from simulation.results.numerals import apart, minutes_of, number, percent
from simulation.results.statistics import Estimate

HARM, SHARE, HALF_DONE = "impact_minutes_mean", "share_exposed_mean", "end_minutes_given_shipped_p50"
PARTNERS = "probability_failover_hit"
ABOUT = 1.1  # times, within which two figures count as about the same
CLEARLY = 2.0  # times, from which on they are far apart


def _of(comparison: Comparison, figure: str) -> dict[str, Estimate]:
    return {name: each.estimate(figure, comparison.confidence)[0] for name, each in comparison.outcomes.items()}


def _said(found: Estimate, unit: str) -> str:
    size, interval = estimated(*found, unit)
    return f"{size} ({interval})".replace("-", "−")


def _panels(comparison: Comparison, sentence: str, *figures: str):  # type: ignore[no-untyped-def]
    from simulation.plots import figures as picture

    return lambda: picture(comparison.outcomes, figures, title=sentence, confidence=comparison.confidence)


def _lines(curves: Curves, sentence: str):  # type: ignore[no-untyped-def]
    from simulation.plots import curves as picture

    return lambda: picture(curves, title=sentence)


def before_the_alarm(comparison: Comparison) -> Lesson:
    """Say whether harm until the alarm hardly depends on the waves, while the traffic exposed does.

    Parameters
    ----------
    comparison
        Of plans under one bad change, where an alarm takes everything back at once.
    """
    harm, share = _of(comparison, HARM), _of(comparison, SHARE)
    low, high = (f(each.value for each in harm.values()) for f in (min, max))
    few, many = (f(each.value for each in share.values()) for f in (min, max))
    exposed = f"the traffic that is exposed runs from {percent(few)} to {percent(many)}"
    sentence = f"Until the alarm, harm is {apart(low, high)} fleet-minutes under every plan, while {exposed}"
    holds = high <= ABOUT * low and many >= CLEARLY * few
    found = {f"{name}: {what}": each[name] for what, each in (("harm", harm), ("share", share)) for name in harm}
    claim = "harm before the alarm hardly depends on the waves"
    return Lesson(claim, holds, sentence, found, _panels(comparison, sentence, HARM, SHARE))


def after_the_alarm(curves: Curves) -> Lesson:
    """Say what each minute from the alarm to the way back's end costs under each plan.

    Parameters
    ----------
    curves
        The mean impact along the minutes of reaction and roll-back.
    """
    slopes, first = {}, {}
    for name, each in curves.values.items():
        (x, a), (y, b) = next(iter(each.items())), list(each.items())[-1]
        wide = y - x  # the ends are taken crosswise, which is at least as wide as the confidence says
        slopes[name] = Estimate((b.value - a.value) / wide, (b.low - a.high) / wide, (b.high - a.low) / wide)
        first[name] = a
    each_minute = ", ".join(
        f"{number(slope.value)} ({apart(slope.low, slope.high)}) {name}" for name, slope in slopes.items()
    )
    low, high = (f(each.value for each in first.values()) for f in (min, max))
    sentence = (
        f"Each minute until all is back costs this many fleet-minutes: {each_minute}; a way back that takes none "
        f"leaves {apart(low, high)} under every plan"
    )
    steep, flat = (f(slope.value for slope in slopes.values()) for f in (max, min))
    holds = high <= ABOUT * low and steep >= CLEARLY * flat
    claim = "what goes on after the evidence is in, is where waves pay"
    return Lesson(claim, holds, sentence, slopes, _lines(curves, sentence))


def common_cause(common: Comparison, alone: Comparison) -> Lesson:
    """Say how much of the exposed traffic waves spare where regions share a cause, and where each fails for itself.

    Parameters
    ----------
    common, alone
        The same two plans, all at once and in waves, under a defect everywhere and one of each region.
    """
    spared = {what: _spared(each) for what, each in (("one cause", common), ("each for itself", alone))}
    shared, own = spared.values()
    sentence = (
        f"Waves spare {_said(shared, 'probability')} of the exposed traffic where one cause hits all regions, and "
        f"{_said(own, 'probability')} where each region fails for itself"
    )
    from simulation.plots import figures as picture

    rows = {f"{name}, {what}": outcomes for what, each in (("one cause", common), ("each for itself", alone))
            for name, outcomes in each.outcomes.items()}  # fmt: skip
    return Lesson(
        "waves pay where regions share a cause", shared.low >= CLEARLY * max(own.high, 0.0), sentence, spared,
        lambda: picture(rows, (SHARE,), title=sentence, confidence=common.confidence),
    )  # fmt: skip


def _spared(comparison: Comparison) -> Estimate:
    """Return which part of the exposed traffic the second plan spares; at least as wide as its confidence says."""
    all_, some = list(_of(comparison, SHARE).values())
    return Estimate(1 - some.value / all_.value, 1 - some.high / all_.low, 1 - some.low / all_.high)


def partners_apart(comparison: Comparison) -> Lesson:
    """Say how often a region and its failover partner hurt at once, in one wave and apart.

    Parameters
    ----------
    comparison
        Of two plans under one bad change: partners together, and apart.
    """
    found = _of(comparison, PARTNERS)
    (one, together), (other, apart_) = found.items()
    sentence = (
        f"A region and the partner that should take over hurt at once in {percent(together.value)} of bad changes with "
        f"{one}, in {_said(apart_, 'probability')} with {other}"
    )
    holds = together.low >= CLEARLY * apart_.high
    return Lesson("partners belong apart", holds, sentence, found, _panels(comparison, sentence, PARTNERS, HARM))


def dilute_canary(curves: Curves) -> Lesson:
    """Say up to which severity a small share of every region shows nothing, and what waves expose there.

    Parameters
    ----------
    curves
        The mean exposed share along the severity: a canary in all regions at once, then waves.
    """
    (one, canary), (other, whole) = curves.values.items()
    unseen = [severity for severity, each in canary.items() if each.value >= 0.9]
    reach = max(unseen, default=0.0)
    worst = max((whole[severity].value for severity in unseen), default=0.0)
    sentence = (
        f"Up to {percent(reach)} of failing requests, {one} exposes nearly all of the traffic, {other} at most "
        f"{percent(worst)}"
    )
    if not unseen:
        sentence = f"At no severity that was tried does {one} expose nearly all of the traffic"
    holds = bool(unseen) and worst <= 0.9 / CLEARLY
    found = {name: each[reach or min(each)] for name, each in curves.values.items()}
    return Lesson("a diluted canary sees nothing", holds, sentence, found, _lines(curves, sentence))


def too_small(curves: Curves) -> Lesson:
    """Say how many bad changes get past a first wave, by who is in it, at the longest bake that was tried.

    Parameters
    ----------
    curves
        The chance that a second region is exposed along the bake, one curve a first wave.
    """
    long = curves.at[-1]
    found = {name: each[long] for name, each in curves.values.items()}
    past = ", ".join(f"{_said(each, 'probability')} past {name}" for name, each in found.items())
    sentence = f"After a bake of {minutes_of(long)} this many bad changes get past the first wave: {past}"
    low, high = (f(each.value for each in found.values()) for f in (min, max))
    holds = high >= 0.5 and high >= CLEARLY * low
    return Lesson("a first wave can be too small to see anything", holds, sentence, found, _lines(curves, sentence))


def less_baking(apart_: Parts) -> Lesson:
    """Say how much of the time that fewer waves save is only that they bake less.

    Parameters
    ----------
    apart_
        Many waves and few, taken apart by `waves_or_minutes`.
    """
    rows = apart_.table.loc["minutes_to_ship"]
    found = {str(row.Index): Estimate(*(float(v) for v in row[1:4])) for row in rows.itertuples()}
    bake, whole = found["bake"], found["whole"]
    part = bake.value / whole.value
    baked = f"{minutes_of(-bake.value)} ({between(-bake.high, -bake.low, 'minutes')}) are only baked less"
    sentence = f"Of {minutes_of(-whole.value)} that fewer waves save, {baked}: {percent(part)}"
    from simulation.plots import parts as picture

    return Lesson("most of the saving is baking less", part > 0.5, sentence, found, lambda: picture(apart_))


def blind(comparison: Comparison) -> Lesson:
    """Say what waves spare of a defect that no alarm sees.

    Parameters
    ----------
    comparison
        Of two plans, all at once and in waves, under a blind defect that customers report.
    """
    share, harm = _of(comparison, SHARE), _of(comparison, HARM)
    (one, a), (other, b) = harm.items()
    least = min(each.value for each in share.values())
    reaches = f"What no alarm sees reaches {percent(least)} of the traffic{' at least' if least < 1 else ''}"
    sentence = (
        f"{reaches} under both plans before customers speak, and costs {number(a.value)} fleet-minutes {one}, "
        f"{number(b.value)} in {other}"
    )
    holds = least >= 0.9 and b.value >= a.value / ABOUT
    found = {f"{name}: {what}": each[name] for what, each in (("harm", harm), ("share", share)) for name in harm}
    return Lesson("blind defects pass all waves", holds, sentence, found, _panels(comparison, sentence, SHARE, HARM))


def office_hours(comparison: Comparison) -> Lesson:
    """Say what windows do to the time until a change is complete.

    Parameters
    ----------
    comparison
        Of the same plan at any hour and in office hours only.
    """
    found = _of(comparison, HALF_DONE)
    (_, any_hour), (_, hours) = found.items()
    often = f"after {_said(any_hour, 'minutes')} at any hour, after {_said(hours, 'minutes')} in office hours"
    sentence = f"Half of the changes are complete {often}"
    from simulation.plots import time_spent as picture

    what = called(HALF_DONE)
    holds = any_hour.high < 24 * 60 <= hours.low
    return Lesson(f"office hours turn hours into days ({what})", holds, sentence, found,
                  lambda: picture(comparison.outcomes))  # fmt: skip
