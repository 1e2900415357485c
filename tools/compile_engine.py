"""Compile the engine where that has not been done: before tests run side by side, each of which would do it again.

Usage: python -m tools.compile_engine
"""

import simulation
import waves

plan, scenario = waves.sample("six-region-three-wave"), simulation.sample("storefront")
simulation.run(plan, scenario, trials=1)  # rows
simulation.sweep({plan.name: plan}, scenario, trials=1)  # sums and histograms
simulation.rare(plan, scenario, precision=0.5)  # strata
