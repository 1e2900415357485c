"""What ships where, in which order: fleets, plans, groupings, and the pipelines of other systems.

Everything public is here; the files behind it may move.
"""

from waves.by_name import grouped_like, is_grouping, named
from waves.changes import Change, changes
from waves.files.documents import Finding, InputError, ModelFaults, did_you_mean, read_yaml
from waves.fleet import AwsPlace, Fleet, Region, unknown_region
from waves.groupings import (
    all_at_once,
    by_label,
    by_traffic,
    by_zone,
    canary_first,
    doubling,
    fan_out,
    grouped,
    one_at_a_time,
    partners_apart,
    sizes,
    two_halves,
)
from waves.nouns import DATA, Amount, Count, Minutes, Noun, Part, Probability, Switch, Text, quantity
from waves.pipelines import SYSTEMS, Hints, Regrouped, Target, Written, check, regroup, system_of, write
from waves.pipelines.codecatalyst import Workflow
from waves.pipelines.files import pipeline_text as write_pipeline
from waves.plan import Plan, Steps, Wave, sample
from waves.rules.clashes import clash_findings
from waves.rules.practice import idle_findings, plan_findings
from waves.rules.written import Rules, rule_findings

__all__ = [
    "DATA",
    "SYSTEMS",
    "Amount",
    "AwsPlace",
    "Change",
    "Count",
    "Finding",
    "Fleet",
    "Hints",
    "InputError",
    "Minutes",
    "ModelFaults",
    "Noun",
    "Part",
    "Plan",
    "Probability",
    "Region",
    "Regrouped",
    "Rules",
    "Steps",
    "Switch",
    "Target",
    "Text",
    "Wave",
    "Workflow",
    "Written",
    "all_at_once",
    "by_label",
    "by_traffic",
    "by_zone",
    "canary_first",
    "changes",
    "check",
    "clash_findings",
    "did_you_mean",
    "doubling",
    "fan_out",
    "grouped",
    "grouped_like",
    "idle_findings",
    "is_grouping",
    "named",
    "one_at_a_time",
    "partners_apart",
    "plan_findings",
    "quantity",
    "read_yaml",
    "regroup",
    "rule_findings",
    "sample",
    "sizes",
    "system_of",
    "two_halves",
    "unknown_region",
    "write",
    "write_pipeline",
]


def __dir__() -> list[str]:
    """Return the public names: completion offers no files."""
    return __all__
