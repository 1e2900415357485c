"""The closed forms: each figure's name, unit, formula, what it assumes, and how it is computed from a course.

The letters are those of docs/exact.md, where each formula is derived. A name that `Outcomes.summary` has too is the
same quantity. Not here: the arithmetic (``quantities``), the checks (``assumptions``), who asks (``exact``).
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from simulation.closed_forms.assumptions import TIMES
from simulation.closed_forms.quantities import Course
from simulation.closed_forms.survival import Survival

PROBABILITY, SHARE, IMPACT, MINUTES = "probability", "share of traffic", "fleet-minutes", "minutes"

BLUE_GREEN = ("strategy", *(name for name in TIMES if name != "steps"), "build_failure_probability")
HURTING = ("severity", "onset", "validation_probability", "report", "false_alarms_per_region_day")
DETECTION = ("detection_probability", "alarm_threshold", "evidence", "lag")
RECOVERY = ("reaction", "rollback", "rollback_failure_probability", "on_alarm")
COMMON = (*BLUE_GREEN, "common_defect", *HURTING, *DETECTION)
BLIND = (*TIMES, "build_failure_probability", "blind_defect", *HURTING)
REGIONAL = (*BLUE_GREEN, "regional_defects", *HURTING, *DETECTION)
WATCHED = "horizon_minutes"
MANY = 10  # P(k or more regions exposed) is listed for k up to this


class Form(NamedTuple):
    """A closed form: the names of its assumptions, its unit, its formula, and its value when asked for."""

    needs: tuple[str, ...]
    unit: str
    formula: str
    value: Callable[[], float]


Forms = Iterator[tuple[str, Form]]


def any_setup(c: Course) -> Forms:
    """Yield what needs no particular fault: the time of a clean rollout, and false alarms."""
    for part in ("mean", "p50", "p95", "p99"):
        yield f"end_minutes_given_shipped_{part}", Form(TIMES, MINUTES, "T = k d + Σ b_j", lambda: c.end)
    needs = (*TIMES, "build_failure_probability", WATCHED)
    quiet = "exp(−Σ φ_r (T − served_r)), blue/green with one φ: exp(−φ Σ n_j τ_j)"
    yield (
        "probability_completed_given_clean",
        Form(needs, PROBABILITY, quiet, lambda: c.false_alarms.at(c.end)),
    )
    yield (
        "probability_completed",
        Form(needs, PROBABILITY, f"P(no fault) · {quiet}", lambda: c.clean * c.false_alarms.at(c.end)),
    )
    failure = c.setting.scenario.build_failure_probability
    yield "probability_build_failed", Form((), PROBABILITY, "build_failure_probability", lambda: failure)
    yield "probability_rejected", Form(("approval",), PROBABILITY, "0", lambda: 0.0)


def no_fault(c: Course) -> Forms:
    """Yield what follows where nothing can be bad: only false alarms stop a rollout."""
    f = c.false_alarms
    needs = ("no_faults", *TIMES, "build_failure_probability", WATCHED)
    yield "probability_shipped", Form(needs, PROBABILITY, "F(T) = exp(−Σ φ_r (T − served_r))", lambda: f.at(c.end))
    yield "probability_false_alarm", Form(needs, PROBABILITY, "1 − F(T)", lambda: f.lost(c.end))
    yield (
        "minutes_to_ship",
        Form(
            (*needs, *RECOVERY),
            MINUTES,
            "[∫₀ᵀ F dt + (1 − F(T)) (ρ + fix)] / F(T)",
            lambda: _over(f.area(0.0, c.end) + f.lost(c.end) * (c.recovery + c.fix), f.at(c.end)),
        ),
    )
    nothing = {"probability_escaped": PROBABILITY, "probability_caught": PROBABILITY}
    nothing |= {"probability_failover_hit": PROBABILITY, "share_exposed_mean": SHARE, "peak_share_mean": SHARE}
    nothing |= {"impact_minutes_mean": IMPACT, "failed_requests_mean": "requests", "regions_exposed_mean": "regions"}
    for figure, unit in nothing.items():
        yield figure, Form(("no_faults",), unit, "0", lambda: 0.0)
    failures = ("no_faults", "deploy_failure_probability")
    yield "probability_deploy_failed", Form(failures, PROBABILITY, "0", lambda: 0.0)


def _twice(
    c: Course, figure: str, needs: tuple[str, ...], unit: str, formula: str, value: Callable[[], float]
) -> Forms:
    """Yield a figure given a defect, and the same for any change: p times as much."""
    name, part = (figure.removesuffix("_mean"), "_mean") if figure.endswith("_mean") else (figure, "")
    yield f"{name}_given_defect{part}", Form(needs, unit, formula, value)
    yield figure, Form(needs, unit, f"p · [{formula}]", lambda: c.chance * value() if c.chance else 0.0)


def common_defect(c: Course) -> Forms:
    """Yield the forms of one defect that is in every region."""
    watched = (*COMMON, WATCHED)
    yield from _exposure(c, watched, lambda: c.alarms)
    for j in range(len(c.setting.waves)):
        form = Form(watched, PROBABILITY, f"S_{j} − S_{j + 1}", partial(c.in_wave, j))
        yield f"probability_alarm_in_wave_{j + 1}_given_defect", form
    yield from _twice(c, "probability_caught", watched, PROBABILITY, "1 − S_k", lambda: c.alarms.lost(c.end))
    yield (
        "peak_share_of_detected_given_defect_mean",
        Form(
            watched, SHARE, "Σ V_j (S_{j−1} − S_j) + Σ_{j<k} ω_{j+1} S_j (e^{a_j δ} − 1), S at evidence, a_j = λ V_j",
            lambda: c.mean_share(c.alarms) - c.totals[-1] * c.alarms.at(c.end + c.lag),
        ),
    )  # fmt: skip
    yield from _cost(c, watched)
    yield from _time(c, watched)
    yield from _never("common_defect")


def _never(fault: str) -> Forms:
    false_alarm = Form(("false_alarms_per_region_day",), PROBABILITY, "0", lambda: 0.0)
    yield "probability_false_alarm", false_alarm
    deploy_failed = Form((fault, "deploy_failure_probability"), PROBABILITY, "0", lambda: 0.0)
    yield "probability_deploy_failed", deploy_failed


def _over(minutes: float, shipped: float) -> float:
    """Divide by P(shipped); where nothing ever ships, it takes for ever."""
    return minutes / shipped if shipped > 0 else math.inf


def _exposure(c: Course, needs: tuple[str, ...], alarms: Callable[[], Survival]) -> Forms:
    def reached(wave: int) -> float:
        return alarms().at(c.live[wave])

    def count() -> float:
        return sum(n * reached(wave) for wave, n in enumerate(c.counts))

    formula = "Σ V_j (S_{j−1} − S_j) + V_k S_k"
    for column in ("share_exposed", "peak_share"):
        yield from _twice(c, f"{column}_mean", needs, SHARE, formula, lambda: c.mean_share(alarms()))
        for part, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            formula_q = "the least V_j with 1 − p S_j at least so much"
            yield f"{column}_{part}", Form(needs, SHARE, formula_q, partial(_quantile, c, q, reached))
    yield from _twice(c, "regions_exposed_mean", needs, "regions", "Σ n_j S_{j−1}", count)
    for m, site in enumerate(c.sites[:MANY], 1):
        name = f"probability_regions_exposed_at_least_{m}"
        yield from _twice(c, name, needs, PROBABILITY, f"S_{site.wave}", partial(reached, site.wave))
    yield from _twice(c, "probability_all_exposed", needs, PROBABILITY, "S_{k−1}", lambda: reached(-1))
    yield from _twice(c, "probability_escaped", needs, PROBABILITY, "S_k", lambda: alarms().at(c.end))
    formula = "1 − p + p S_k"
    yield "probability_shipped", Form(needs, PROBABILITY, formula, lambda: c.shipped(alarms()))
    yield from _failover(c, needs, reached)


def _quantile(c: Course, q: float, reached: Callable[[int], float]) -> float:
    """Return the least share v with P(exposed share ≤ v) ≥ q."""
    below = (1 - c.chance * reached(wave) for wave in range(len(c.live)))
    return next((v for v, p in zip((0.0, *c.totals), below, strict=False) if p >= q), c.totals[-1])


def _failover(c: Course, needs: tuple[str, ...], reached: Callable[[int], float]) -> Forms:
    later = [max(c.sites[a].wave, c.sites[b].wave) for a, b in c.setting.pairs]
    for (a, b), wave in zip(c.setting.pairs, later, strict=True):
        name = f"probability_failover_hit_{c.sites[a].name}_{c.sites[b].name}"
        yield from _twice(c, name, needs, PROBABILITY, f"S_{wave}", partial(reached, wave))
    formula = f"S_{min(later)}: the pair complete first" if later else "0: no pair is in the plan"
    first = partial(reached, min(later)) if later else lambda: 0.0
    yield from _twice(c, "probability_failover_hit", needs, PROBABILITY, formula, first)


def _cost(c: Course, watched: tuple[str, ...]) -> Forms:
    formula = (
        "1/λ + ρ (Σ V_j (S_{j−1} − S_j) + V_k S_k), with a lag Σ ω_j [ρ S(L_j) + ∫ S dt from L_j on]"
        if c.horizon == math.inf
        else "Σ ω_j [min(ρ, H − L_j) S(L_j) + ∫ S dt from L_j to H − ρ]; at H = T with ρ = 0: (1 − S_k)/λ"
    )
    yield from _impact(c, (*COMMON, *RECOVERY), formula, lambda: c.impact(c.alarms, c.horizon, c.recovery))
    formula = "(1 − S_k)/λ, with a lag Σ ω_j ∫ S dt from L_j to T"
    until = Form(watched, IMPACT, formula, lambda: c.impact(c.alarms, c.end, 0.0))
    yield "impact_minutes_until_alarm_or_end_given_defect_mean", until
    recovery = Form((*watched, *RECOVERY), IMPACT, "ρ Σ V_j (S_{j−1} − S_j)", lambda: c.recovery * c.share_at_alarm)
    yield "impact_minutes_added_by_rollback_given_defect_mean", recovery
    formula = "δ Σ V_j (S_{j−1} − S_j) + Σ_{j<k} ω_{j+1} S_j (e^{a_j δ} − 1 − a_j δ)/a_j, S at evidence, a_j = λ V_j"
    yield "impact_minutes_added_by_lag_given_defect_mean", Form(watched, IMPACT, formula, lambda: c.added_by_lag)


def _impact(c: Course, needs: tuple[str, ...], formula: str, value: Callable[[], float]) -> Forms:
    def requests() -> float:
        return c.setting.scenario.fleet.traffic * c.chance * value() if c.chance else 0.0

    yield from _twice(c, "impact_minutes_mean", needs, IMPACT, formula, value)
    yield "failed_requests_mean", Form(needs, "requests", f"fleet traffic · p · [{formula}]", requests)


def _time(c: Course, watched: tuple[str, ...]) -> Forms:
    recovered = (*watched, *RECOVERY)

    def average(given: float) -> float:
        return (1 - c.chance) * c.end + c.chance * given

    def end() -> float:
        return c.alarms.area(0.0, c.end)

    def duration() -> float:
        return end() + c.recovery * c.alarms.lost(c.end)

    def detected() -> float:
        return c.alarms.mean_before(c.horizon)

    given, overall = "d + Σ S_{j−1} (1 − q_j)/(λ V_j) + (1 − S_k) ρ", "(1 − p) T + p · E[duration | defect]"
    yield "duration_minutes_given_defect_mean", Form(recovered, MINUTES, given, duration)
    yield "duration_minutes_mean", Form(recovered, MINUTES, overall, lambda: average(duration()))
    formula = "[(1 − p) T + p ∫ S dt from 0 to T + p (1 − S_k) (ρ + fix)] / (1 − p + p S_k)"

    def spent() -> float:
        return average(duration() + c.fix * c.alarms.lost(c.end))

    ship = Form(recovered, MINUTES, formula, lambda: _over(spent(), c.shipped(c.alarms)))
    yield "minutes_to_ship", ship
    formula = "[∫ S dt from 0 to T − T S_k] / (1 − S_k)"
    caught = Form(watched, MINUTES, formula, lambda: c.alarms.mean_before(c.end))
    yield "detected_minutes_given_caught_mean", caught
    formula = "Σ {S_{j−1} (1 − q_j)/(λ V_j) − S_{j−1} τ_j q_j + (L_j − L_1) S_{j−1} (1 − q_j)} / (1 − S_k)"
    exposed = Form(watched, MINUTES, formula, lambda: c.alarms.mean_before(c.end) - c.live[0])
    yield "minutes_to_detect_given_caught_mean", exposed
    formula = "[∫ S dt from 0 to H − H S(H)] / (1 − S(H))"
    yield "detected_minutes_mean", Form(watched, MINUTES, formula, detected)
    yield "recovered_minutes_mean", Form(recovered, MINUTES, f"{formula} + ρ", lambda: detected() + c.recovery)


def blind_defect(c: Course) -> Forms:
    """Yield the forms of one defect in every region that nothing sees: S = 1 throughout."""
    watched = (*BLIND, WATCHED)
    yield from _exposure(c, watched, lambda: c.blind)
    yield from _twice(c, "probability_caught", watched, PROBABILITY, "0", lambda: 0.0)
    formula = "Σ ω_j d/2 over rolling regions"
    yield "impact_minutes_added_by_rolling_given_defect_mean", Form(watched, IMPACT, formula, lambda: c.ramps)
    formula = f"Σ ω_j (H − L_j) + {formula}"
    yield from _impact(c, watched, formula, lambda: c.impact(c.blind, c.horizon, 0.0) + c.ramps)
    yield "minutes_to_ship", Form(watched, MINUTES, "T", lambda: c.end)
    yield from _never("blind_defect")


def regional_defects(c: Course) -> Forms:
    """Yield the forms of defects that are in each region, or not, independently of the others."""
    needs = (*REGIONAL, WATCHED)
    formula = "N(T) = Π_r [1 − p_r + p_r exp(−λ w_r (T − δ − L_r)⁺)]"
    yield "probability_shipped", Form(needs, PROBABILITY, formula, lambda: c.quiet(c.end))
    yield "probability_caught", Form(needs, PROBABILITY, "1 − N(T)", lambda: 1 - c.quiet(c.end))
    yield "probability_escaped", Form(needs, PROBABILITY, "N(T) − Π (1 − p_r)", lambda: c.quiet(c.end) - c.clean)
    for column in ("share_exposed", "peak_share"):
        share = Form(needs, SHARE, "Σ w_r p_r N(L_r)", lambda: c.exposed_on_average(lambda site: site.share))
        yield f"{column}_mean", share
    count = Form(needs, "regions", "Σ p_r N(L_r)", lambda: c.exposed_on_average(lambda site: 1.0))
    yield "regions_exposed_mean", count
    formula = "coefficients of Σ_{j<k} [G_j(L_j) − G_j(L_{j+1})] + G_k(L_k)"
    for m in range(1, min(len(c.sites), MANY) + 1):
        more = Form(needs, PROBABILITY, formula, partial(c.at_least_exposed, m))
        yield f"probability_regions_exposed_at_least_{m}", more
    every = Form(needs, PROBABILITY, formula, partial(c.at_least_exposed, len(c.sites)))
    yield "probability_all_exposed", every
    yield from _never("regional_defects")


SETUPS: dict[str, Callable[[Course], Forms]] = {
    "common_defect": common_defect,
    "blind_defect": blind_defect,
    "regional_defects": regional_defects,
    "no_faults": no_fault,
}


def setup_of(c: Course) -> str:
    """Return the set-up to which the faults come nearest: a key of `SETUPS`."""
    if not c.faults:
        return "no_faults"
    if len(c.sites) > 1 and all(c.alone(fault) for fault in c.faults):
        return "regional_defects"
    blind = len(c.faults) == 1 and c.faults[0].detection_probability == 0
    return "blind_defect" if blind else "common_defect"


def forms(c: Course, setup: str) -> dict[str, Form]:
    """Return a set-up's closed forms by the figure's name, those that need no set-up included."""
    return {**dict(any_setup(c)), **dict(SETUPS[setup](c))}
