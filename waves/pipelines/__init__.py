"""Pipelines of other systems: what each file is, what it says as a plan, and the way back; one folder a system."""

from waves.pipelines.files import check, recognised, regroup, system_of, write
from waves.pipelines.regrouping import Regrouped
from waves.pipelines.steps import Hints
from waves.pipelines.systems import SYSTEMS
from waves.pipelines.target import Target
from waves.pipelines.written import Written

__all__ = [
    "SYSTEMS",
    "Hints",
    "Regrouped",
    "Target",
    "Written",
    "check",
    "recognised",
    "regroup",
    "system_of",
    "write",
]
