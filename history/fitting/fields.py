"""What is learnt of a duration: by region where regions differ, a lognormal or values as they were.

Not here: the laws (`durations`, `regional`, `empirical`), which durations (`attempts`, `waits`, `recoveries`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from history.fitting import empirical
from history.fitting.durations import Lasted, lognormal
from history.fitting.grids import Floats
from history.fitting.learnt import Learnt, interval
from history.fitting.prior import Prior
from history.fitting.regional import Apart, apart
from simulation.distributions import Z95, Family

LIKELY = 0.5  # that regions differ, from which on each has its own


@dataclass(frozen=True)
class Field:
    """A field of minutes.

    Attributes
    ----------
    name
        As the scenario calls it.
    base
        The base's value.
    source
        What was counted, and when: "214 deployments, 2026-01 to 2026-05".
    """

    name: str
    base: Family | None
    source: str


def duration(
    field: Field, lasted: Lasted, prior: Prior, count: int, rng: np.random.Generator,
    regions: NDArray[np.object_] | None = None,
) -> list[Learnt]:  # fmt: skip
    """Return what is learnt of a duration.

    Parameters
    ----------
    field, lasted
        Which, and how long it took.
    prior, count, rng
        See `shares.share`.
    regions : ndarray of object, optional
        The region of each; left out where the scenario has one value for all.
    """
    names: list[str] = []
    differ = None
    if regions is not None:
        names = sorted({str(each) for each in regions[lasted.done]})
        differ = apart([lasted.part(regions == name) for name in names], field.base, prior, count, rng)
    if differ is not None and differ.odds > LIKELY:
        averaged = _averaged(differ, lognormal(lasted, field.base, prior, count, rng), rng)
        return _by_region(field, lasted, names, np.asarray(regions), averaged, count, rng)
    if empirical.fits_better(lasted, rng):
        return [_values(field, ("",), lasted, count, rng)]
    drawn = lognormal(lasted, field.base, prior, count, rng)
    if differ is not None:
        drawn = _averaged(differ, drawn, rng).common
    return [_lognormal(field, (), drawn, lasted, "right-censored lognormal")]


def _averaged(differ: Apart, same: Floats, rng: np.random.Generator) -> Apart:
    """Return draws in which regions differ as often as it is likely that they do; in the others all have one law."""
    one = rng.permutation(len(same)) >= round(differ.odds * len(same))
    own = np.where(one[:, None], same[:, :1], differ.own)
    return Apart(differ.odds, np.where(one[:, None], same, differ.common), own, np.where(one, same[:, 1], differ.sigma))


def _by_region(
    field: Field, lasted: Lasted, names: Sequence[str], regions: NDArray[np.object_], differ: Apart, count: int,
    rng: np.random.Generator,
) -> list[Learnt]:  # fmt: skip
    found = [_lognormal(field, (), differ.common, lasted, f"right-censored lognormal over {len(names)} regions")]
    rest = Lasted(lasted.minutes.copy(), lasted.done)
    for r, name in enumerate(names):
        rest.minutes[regions == name] /= np.median(differ.own[:, r])
    shape = empirical.draws(rest, count, rng) if empirical.fits_better(rest, rng) else None
    for r, name in enumerate(names):
        own = lasted.part(regions == name)
        method = f"right-censored lognormal, shrunk towards {len(names) - 1} other regions"
        if shape is None:
            drawn = np.column_stack([differ.own[:, r], differ.sigma])
            found.append(_lognormal(field, (name,), drawn, own, method))
        else:
            scale = differ.own[:, r]
            values = shape[1] * scale[:, None]
            found.append(_told(field, (name,), "empirical", values, shape[0] * np.median(scale), own, "values as they"
                               " were, of all regions, about the region's shrunk median"))  # fmt: skip
    return found


def _at(field: Field, region: Sequence[str]) -> tuple[str, ...]:
    return ("regions", region[0], field.name) if region and region[0] else (field.name,)


def _lognormal(field: Field, region: Sequence[str], drawn: Floats, lasted: Lasted, method: str) -> Learnt:
    middle, low, high = interval(drawn[:, 0])
    late = interval(drawn[:, 0] * np.exp(Z95 * drawn[:, 1]))
    return Learnt(
        _at(field, region), "lognormal", drawn, np.median(drawn, axis=0), middle, low, high, len(lasted), "minutes",
        _source(field, lasted), method, more=(("p95", *late),),
    )  # fmt: skip


def _values(field: Field, region: Sequence[str], lasted: Lasted, count: int, rng: np.random.Generator) -> Learnt:
    middle, drawn = empirical.draws(lasted, count, rng)
    return _told(field, region, "empirical", drawn, middle, lasted, "values as they were (Kaplan–Meier): they fit what"
                 " was held out better than a lognormal")  # fmt: skip


def _told(
    field: Field, region: Sequence[str], shape: str, drawn: Floats, middle: Floats, lasted: Lasted, method: str
) -> Learnt:
    half = interval(np.median(drawn, axis=1))
    late = interval(drawn[:, int(0.95 * drawn.shape[1])])
    return Learnt(
        _at(field, region), shape, drawn, middle, *half, len(lasted), "minutes", _source(field, lasted), method,
        more=(("p95", *late),),
    )  # fmt: skip


def _source(field: Field, lasted: Lasted) -> str:
    cut = int((~lasted.done).sum())
    return f"{field.source}{f', {cut:,} of them cut short' if cut else ''}"
