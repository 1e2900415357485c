"""Simulation-based calibration of the fit: a truth of the prior, a history of it, and its rank among posterior draws.

If the fit is right, every rank is as likely as any other (Talts et al. 2018, *Validating Bayesian inference algorithms
with simulation-based calibration*). Not here: what the ranks are held to.
"""

import math

import numpy as np

import history
from history.fitting import Prior
from history.fitting.learnt import Learnt
from simulation import Scenario
from simulation.distributions import Z95
from tests.history.fitting.twins import twin
from waves import Fleet, Plan

DRAWS = 100
PRIOR = Prior(share=(1.0, 8.0), factor=0.6, sigma=(0.5, 0.35), rate=(2.0, 4.0), seen=4.0)
PLAN = Plan.model_validate({
    "name": "two waves", "retries": 1,
    "waves": [
        {"regions": ["north"], "bake_minutes": 60.0},
        {"regions": ["west", "east"], "bake_minutes": 60.0, "approval": True},
    ],
})  # fmt: skip
FLEET = Fleet.model_validate({
    "name": "three",
    "regions": [
        {"name": name, "traffic": traffic} for name, traffic in (("north", 1e3), ("west", 2e3), ("east", 3e3))
    ],
})  # fmt: skip
MINUTES = {
    "build": 8.0, "handover": 2.0, "approval_wait": 25.0, "deploy": 6.0, "failed_deploy": 12.0, "reaction": 3.0,
    "rollback": 5.0, "manual_recovery": 45.0,
}  # fmt: skip
BY_REGION = ("deploy",)  # of the others there is too little to tell regions apart
SHARES = (
    "build_failure_probability", "rejection_probability", "deploy_failure_probability", "rollback_failure_probability",
)  # fmt: skip
EVIDENCE = 4000.0
SEEN = 0.75
REPORT = 250.0


def scenario(minutes: dict[str, tuple[float, float]], shares: dict[str, float], evidence: float) -> Scenario:
    """A scenario of medians and sigmas, probabilities, and the mean of the evidence."""
    durations = {
        name: {"lognormal": {"median": median, "p95": median * math.exp(Z95 * sigma)}}
        for name, (median, sigma) in minutes.items()
    }
    faults = [
        {"name": "registry", "probability": shares["registry"], "effect": "deploy_fails"},
        {"name": "bad", "probability": shares["bad"], "severity": 0.5, "validation_probability": shares["check"],
         "detection_probability": shares["seen"]},
    ]  # fmt: skip
    return Scenario.model_validate({
        "name": "truth", "fleet": FLEET, **durations, **{name: shares[name] for name in SHARES}, "faults": faults,
        "evidence": {"exponential": {"mean": evidence}}, "lag": 2.0, "false_alarms_per_region_day": shares["false"],
        "report": {"exponential": {"mean": REPORT}},
    })  # fmt: skip


def base() -> Scenario:
    """The scenario about which the prior lies."""
    shares = dict.fromkeys([*SHARES, "registry", "bad", "check"], 0.1) | {"false": 0.5, "seen": SEEN}
    return scenario({name: (median, 0.5) for name, median in MINUTES.items()}, shares, EVIDENCE)


def apart(rng: np.random.Generator, median: float, sigma: float) -> tuple[list[dict[str, object]], float]:
    """A duration by region, which differs half the time, and its sigma in a region that is not among them."""
    tau = PRIOR.apart * abs(float(rng.standard_normal())) if rng.random() < 0.5 else 0.0
    medians = [median * math.exp(tau * rng.standard_normal()) for _ in FLEET.names]
    late = math.exp(Z95 * sigma)
    return [{"lognormal": {"median": each, "p95": each * late}} for each in medians], math.hypot(sigma, tau)


def truth(rng: np.random.Generator) -> tuple[Scenario, dict[str, float]]:
    """A scenario drawn from the prior, and its values by the fit's names."""
    minutes = {
        name: (
            median * math.exp(PRIOR.factor * rng.standard_normal()),
            PRIOR.sigma[0] * math.exp(PRIOR.sigma[1] * rng.standard_normal()),
        )
        for name, median in MINUTES.items()
    }
    shares = {name: float(rng.beta(*PRIOR.share)) for name in (*SHARES, "registry", "bad", "check")}
    shares["seen"] = float(rng.beta(SEEN * PRIOR.seen, (1.0 - SEEN) * PRIOR.seen))
    shares["false"] = float(rng.gamma(PRIOR.rate[0], 1.0 / PRIOR.rate[1]))
    factor = math.exp(PRIOR.factor * rng.standard_normal())
    own = {name: apart(rng, *minutes[name]) for name in BY_REGION}
    regions = {name: {key: each[r] for key, (each, _) in own.items()} for r, name in enumerate(FLEET.names)}
    found = scenario(minutes, shares, EVIDENCE * factor).replace(regions=regions)
    values = {f"{name}, {part}": own for name, pair in minutes.items() for part, own in zip(("median", "sigma"), pair,
                                                                                            strict=True)}  # fmt: skip
    values |= {name: shares[name] for name in SHARES}
    values |= {
        "registry: probability": shares["registry"], "bad: probability": shares["bad"],
        "bad: validation_probability": shares["check"], "bad: detection_probability": shares["seen"],
        "false_alarms_per_region_day": shares["false"],
        "evidence": factor,
    } | {f"{name}, sigma": wider for name, (_, wider) in own.items()}  # fmt: skip
    return found, values


def ranks(seed: int, rollouts: int) -> dict[str, float]:
    """The rank of each true value among the draws of one fit, as a number in (0, 1); of fields that were learnt."""
    rng = np.random.default_rng(seed)
    true, values = truth(rng)
    seen = twin(PLAN, true, seed, rollouts)
    fitted = history.fit(seen, base(), used=PLAN, seed=seed, incidents="complete", draws=DRAWS, prior=PRIOR)
    found = {}
    for each in fitted.learnt:
        for name, drawn in _drawn(each):
            if name in values:
                below = int((drawn < values[name]).sum())
                found[name] = (below + float(rng.random())) / (DRAWS + 1)
    return found


def _drawn(learnt: Learnt) -> list[tuple[str, np.ndarray]]:
    if learnt.shape == "lognormal":
        return [(f"{learnt.name}, median", learnt.draws[:, 0]), (f"{learnt.name}, sigma", learnt.draws[:, 1])]
    return [(learnt.name, learnt.draws[:, 0])]


def many(first: int, count: int, rollouts: int = 25) -> dict[str, np.ndarray]:
    """The ranks of so many fits, by name."""
    found: dict[str, list[float]] = {}
    for seed in range(first, first + count):
        for name, rank in ranks(seed, rollouts).items():
            found.setdefault(name, []).append(rank)
    return {name: np.array(own) for name, own in sorted(found.items())}
