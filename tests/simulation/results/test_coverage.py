"""How often intervals of 95 % hold the truth at the default number of trials, for every figure: docs/coverage.md.

A cheap part of what `benchmarks.coverage` measures. The truth is that of a long run on a seed of its own, most of whose
error is a tenth of theirs; that strata agree with closed forms and with crude sampling is tested elsewhere. Not here:
`rare` (``rare_events``).
"""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.coverage import ENDS, FAR, Scene, scenes
from benchmarks.coverage_page import scored
from simulation import compare, sweep

LEAST, ALPHA = 0.93, 1e-6  # a red one means that a figure holds less often than that
REPEATS, LONG = 50, 2_000_896


def parts(summaries: dict[str, pd.DataFrame], differences: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {
        "summary": pd.concat({name: each[ENDS] for name, each in summaries.items()}),
        "difference": differences.rename(columns={"difference": "estimate"})[ENDS],
    }


def measured(scene: Scene) -> pd.DataFrame:
    plans = {name: scene.plans[name] for name in ("three waves", "all at once")}
    long = sweep(plans, scene.scenario, trials=LONG, seed=FAR, bits=12)
    found: dict[str, tuple[pd.Index, list[np.ndarray]]] = {}
    for seed in range(REPEATS):
        one = compare(plans, scene.scenario, seed=seed)
        for part, table in parts(one.summaries, one.differences).items():
            found.setdefault(part, (table.index, []))[1].append(table.to_numpy(dtype=float))
    return scored(parts(long.summaries, long.differences), found)


@pytest.mark.long
@pytest.mark.parametrize("name", ["storefront", "long tails"])
def test_every_interval_holds_as_often_as_it_says(name):
    found = measured(scenes()[name])
    missed = found["of"] - found["held"]
    most = stats.binom.isf(ALPHA, REPEATS, 1 - LEAST)
    assert (missed <= most).all(), found[missed > most]
    assert found["held"].sum() / found["of"].sum() > LEAST
    known = found[(found["figure"] == "impact_minutes_mean") & (found["part"] == "summary")]
    assert (known["unknown"] < REPEATS / 4).all(), "what is hardly ever known holds for nothing"
