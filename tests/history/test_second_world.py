"""The second generator, which shares no code with the kit, against the kit, where nothing is broken.

Not here: what a replay makes of its histories (docs/broken-assumptions.md).
"""

import math

import pytest

from benchmarks.broken_assumptions import OTHER, USED, plan, scenario
from benchmarks.second_world import BROKEN, lived
from simulation import run

COUNT = 4_000


@pytest.mark.parametrize("waves", [USED, OTHER], ids=["three waves", "all at once"])
def test_where_nothing_is_broken_both_say_the_same(waves):
    """Means of minutes, traffic, impact and what ships, within 4.9 standard errors (one in a million)."""
    own = lived(9, range(COUNT), waves, BROKEN["nothing"])
    sound = scenario().replace(false_alarms_per_region_day=0.0)
    kit = run(plan(waves, "p"), sound, trials=40_000, seed=9, sampling="crude")
    columns = {name: kit.frame[name].to_numpy(float) for name in ("end_minutes", "share_exposed", "impact_minutes")}
    columns["shipped"] = kit.shipped.astype(float)
    for name, values in columns.items():
        mine = [float(getattr(each, name)) for each in own]
        mean = sum(mine) / COUNT
        error = math.sqrt(values.var() * (1 / COUNT + 1 / len(values)))
        assert abs(mean - values.mean()) < 4.9 * error, name
