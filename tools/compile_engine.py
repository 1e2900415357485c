"""Compile the engine where that has not been done: before tests run side by side, each of which would do it again.

Usage: python -m tools.compile_engine
"""

import simulation
import waves

scenario, most = simulation.sample("storefront"), waves.sample("six-region-three-wave")
few = most.replace(max_failed_regions=1)  # one of those things that few plans ask for, and that have code of their own
for plan in (most, few):
    simulation.run(plan, scenario, trials=1)  # rows
    simulation.sweep({plan.name: plan}, scenario, trials=1)  # sums and histograms
simulation.rare(most, scenario, precision=0.5)  # strata
pair = waves.Fleet.model_validate({"regions": [{"name": name, "traffic": 1.0} for name in "ab"]})
simulation.search(simulation.sample("lesson").replace(fleet=pair), bake_minutes=[0.0], resolution=0.5)  # what it keeps
