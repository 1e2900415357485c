"""The door: one command, `wavecast VERB`, and what it takes for an input.

What the verbs do lives in the packages to the left; here are arguments, tables for terminals, exit codes and files.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wavecast.choices import read_choice
    from wavecast.inputs import read_fleet, read_scenario
    from wavecast.past import read_history
    from wavecast.plans import read_inputs, read_plan, read_plans
    from wavecast.reporting.parameters import begin_report
    from wavecast.rules import read_limits, read_rules

__all__ = [
    "begin_report",
    "read_choice",
    "read_fleet",
    "read_history",
    "read_inputs",
    "read_limits",
    "read_plan",
    "read_plans",
    "read_rules",
    "read_scenario",
]


def __getattr__(name: str) -> object:
    """Import what is asked for only then: the command must be able to say that it was interrupted."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    homes = {"begin_report": "reporting.parameters", "read_fleet": "inputs", "read_scenario": "inputs"}
    homes |= {"read_choice": "choices", "read_history": "past", "read_limits": "rules", "read_rules": "rules"}
    return getattr(_import_module(f"wavecast.{homes.get(name, 'plans')}"), name)
