"""The door: one command, `wavecast VERB`, and what it takes for an input.

What the verbs do lives in the packages to the left; here are arguments, tables for terminals, exit codes and files.
"""

from wavecast.inputs import read_fleet, read_scenario
from wavecast.plans import read_inputs, read_plan, read_plans
from wavecast.reporting.parameters import begin_report

__all__ = ["begin_report", "read_fleet", "read_inputs", "read_plan", "read_plans", "read_scenario"]
