"""How likely the check after a deployment sees a fault, and how often a defect hurts several regions at once.

Not here: who noticed bad changes (`detection`).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from history.fitting.defects import carriers
from history.fitting.detection import Noticed, frozen
from history.fitting.grids import Floats, even
from history.fitting.judged import Judged
from history.fitting.learnt import Learnt, number
from history.fitting.past import Past
from history.fitting.prior import Prior

STEPS = 801


def checks(
    past: Past, seen: Noticed, late: NDArray[np.bool_], prior: Prior, count: int, rng: np.random.Generator
) -> list[Learnt] | str:
    """Return how likely the check sees each defect, or why history does not tell it.

    The odds of all are multiplied by one factor, so that on average the share is seen that was: of those that hurt
    before the deployment had ended. What people set back later, and no incident dates, no check had seen, and it counts
    as much as the base thinks it likely that it hurt by then.
    """
    n, k = int(seen.early.sum()), int((seen.early & (seen.cause == "check")).sum())
    if not n:
        return "no incident says that harm began before a deployment had ended, when the check could have seen it"
    faults = carriers(past)
    if not faults:
        return "the base has no defect that a check could see"
    undated = int(late.sum()) - int(late[seen.row].sum())
    soon = np.array(_soon(past))
    more = undated * float(soon.sum() / max(sum(each.probability for each in faults), 1e-300))
    rate = special.betaincinv(prior.share[0] + k, prior.share[1] + n - k + more, even(count, rng))
    source = f"{k:,} of {past.said(n, 'bad change', past.started[seen.row[seen.early]])} that hurt before the check"
    source += f", and {undated:,} set back later" if undated else ""
    values = _shifted(past, np.array([each.validation_probability for each in faults]), rate)
    return [
        number(("faults", fault.name, "validation_probability"), own, n=n, unit="probability", source=source,
               method="beta, prior of every probability; odds of all faults times one factor")
        for fault, own in zip(faults, values, strict=True) if own is not None
    ]  # fmt: skip


def _shifted(past: Past, own: Floats, rate: Floats) -> list[Floats | None]:
    """Return the faults' probabilities whose mean is a rate: those of the base with odds times one factor."""
    if not (own > 0).any():
        return [rate for _ in own]
    soon = _soon(past)
    weight = np.array(soon) / max(sum(soon), 1e-300)
    steps = np.linspace(-25.0, 25.0, STEPS)
    with np.errstate(divide="ignore"):
        logits = special.logit(own)
    shifted = special.expit(logits[None, :] + steps[:, None])
    mean = shifted @ weight
    shift = np.interp(rate, mean, steps)
    return [special.expit(logit + shift) if np.isfinite(logit) else None for logit in logits]


def _soon(past: Past) -> list[float]:
    """Return how likely each defect hits, and hurts by the end of the first deployment."""
    deploy = float(past.scenario.deploy.quantile(np.array([0.5]))[0])
    return [_by(fault.onset, deploy) * fault.probability for fault in carriers(past)]


def _by(rule: object, t: float) -> float:
    own = frozen(rule)  # type: ignore[arg-type]
    if own is not None:
        return float(own.cdf(t))
    u = (np.arange(200) + 0.5) / 200
    return float((rule.quantile(u) <= t).mean())  # type: ignore[attr-defined]


def common_cause(past: Past, found: Judged, prior: Prior) -> str:
    """Say how often other regions with the new version were hurt when one was: a band, never one number."""
    told = found.hurt.any(axis=1) & (found.reach.sum(axis=1) > 1)
    others, both = found.reach[told].sum(axis=1) - 1, (found.hurt & found.reach)[told].sum(axis=1) - 1
    pairs, rollouts = int(others.sum()), int(told.sum())
    if not pairs:
        return (
            "no incident names the regions of a bad change that had reached several: whether a defect hits all at once"
            " stays as the base says (`where` of its faults)"
        )
    share = float((np.maximum(both, 0) / others).sum())
    a, b = prior.share
    low, high = (100 * float(special.betaincinv(a + share, b + rollouts - share, q)) for q in (0.025, 0.975))
    return (
        f"{pairs:,} informative pairs of regions in {rollouts:,} bad changes: where one was hurt, another with the new"
        f" version was in {low:.0f} to {high:.0f} % (prior Beta({a:g}, {b:g})); more is not known, and `where` of the"
        " faults stays as the base says"
    )
