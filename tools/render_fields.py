"""Writes docs/fields.md: every field of a fleet, a plan, a scenario, rules and a config, and the distributions.

It prints the page, from the models. Meanings, units and sources stand in the models; here is only what links them.
"""

import json
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from history import Account, CodeCatalystProject, Config
from history.sources import EcsServices, ServiceMetrics
from simulation import Constant, Distribution, Fault, Label, RegionValues, Scenario
from simulation.describing import describe
from simulation.distributions import FAMILIES
from simulation.scenario import Source
from waves import AwsPlace, Fleet, Plan, Region, Rules, Steps, Wave
from waves.calendar import Calendar, Period, Pushes, Window
from waves.rules.written import Bounds, PlanRules

DISTRIBUTION = TypeAdapter(Distribution).json_schema()["anyOf"]

HEAD = """\
# Fields of the files

<!-- Made by tools/render_fields.py from the models. Change those, then write this page anew. -->

Fleet, plan, scenario and rules are YAML files. `wavecast check FILE…` reports every fault of a file at once, with line,
column and remedy. A field that is not listed here is an error, as are anchors, tags, a key given twice and a second
document. Times and durations are minutes.

*Default* **required** means that the field must be given. *Source* says where the default comes from: `assumed` means
that nobody has measured it. Write where your own numbers come from under a scenario's `sources`; a report lists them,
and calls the others assumed.

[Fleet](#fleet) · [Plan](#plan) · [Scenario](#scenario) · [Distributions](#distributions) ·
[Rules](#rules) · [Collection](#collection) · [In an editor](#in-an-editor)
"""

EXAMPLES = {
    "Fleet": """\
name: shop
regions:                 # their order is part of the fleet: it addresses the random draws
  - name: eu-north-1
    traffic: 4000        # requests a minute
    labels: [arm64]
    failover: eu-west-1
  - name: eu-west-1
    traffic: 26000
""",
    "Plan": """\
name: canary region first
strategy: {steps: [[5, 10], [50, 10]]}   # 5 % for 10 minutes, 50 % for 10, then all
retries: 1
waves:
  - regions: [eu-north-1]
    bake_minutes: 60
  - regions: [eu-west-1]
    bake_minutes: 30
    approval: true
""",
    "Scenario": """\
name: shop
fleet: fleet.yaml        # relative to this file; or the fleet itself
deploy: {lognormal: {median: 6, p95: 12}}
faults:
  - name: bad release
    probability: 0.05
    severity: 0.2        # one request in five fails
    onset: {exponential: {mean: 4}}
    detection_probability: 0.9
evidence: {exponential: {mean: 4000}}
reaction: 3
rollback: {lognormal: {median: 5, p95: 11}}
sources:
  deploy: {source: "the last 200 deployments", estimate: 6, low: 5.6, high: 6.5, n: 200}
  bad release: two incidents in 40 releases
""",
    "Rules": """\
rules:                         # wavecast check plan.yaml --rules rules.yaml --fleet fleet.yaml
  max_first_wave_share: 0.1    # of the fleet's traffic
  partners_apart: true
  first: [eu-north-1]
  min_bake_minutes: 30
  approval_before: [2]
limits:                        # by figure of the summary: a report judges by them, and the gate
  share_exposed_p95: {at_most: 0.25}
  probability_shipped: {at_least: 0.75}
""",
}

NOTE = """\
`deploy` and `evidence` must be above 0 throughout; a `severity` lies above 0 and reaches at most 1. `horizon_minutes:
.inf` never closes the book.
"""

KINDS = {"Fleet": "path, or fleet", "Region": "regions", "Wave": "waves", "Fault": "faults", "RegionValues": "values"}
KINDS |= {"PlanRules": "[rules](#rules-rules)", "Bounds": "`{at_most: …, at_least: …}`"}
KINDS |= {"Source": "`{source: …, estimate: …, low: …, high: …, n: …}`"}
KINDS |= {"AwsPlace": "`{region: …, account: …, cluster: …, service: …}`"}
KINDS |= {"Calendar": "[calendar](#calendars)", "Period": "`{from: …, to: …}`"}
KINDS |= {"Window": "`{days: …, hours: …, zone: …}`"}
KINDS |= {"Account": "accounts", "EcsServices": "`{clusters: …, services: …}`", "CodeCatalystProject": "projects"}
KINDS |= {"ServiceMetrics": "[metrics](#collection-metrics-of-an-account)"}

COLLECTION = """\
The config of `wavecast fetch`: whom to ask, for what, and how gently. An example stands in [history.md](history.md);
`wavecast fetch --dry-run` finds the faults.
"""

TAIL = """\
## In an editor

`docs/schemas/` holds a JSON Schema (draft 2020-12) for each kind of file. Editors that use yaml-language-server
complete and check fields once the file's first line names its schema, by a path relative to the file or by a URL:

```yaml
# yaml-language-server: $schema=../../docs/schemas/plan.schema.json
```

In Visual Studio Code the same for all files of a folder, in `.vscode/settings.json`:

```json
{"yaml.schemas": {"docs/schemas/scenario.schema.json": "data/scenarios/*.yaml"}}
```

A schema knows names, types and ranges. What hangs together (a region in two waves, a label that no region has,
percentages that do not rise) only `wavecast check` finds. `python -m tools.render_schemas` writes the schemas anew.
"""


def render() -> str:
    """Return the page."""
    parts = [HEAD, _noun(Fleet), _table(Region, "Fleet: `regions`"), _table(AwsPlace, "Fleet: `aws` of a region")]
    parts += [_noun(Plan), _table(Wave, "Plan: `waves`"), _table(Steps, "Plan: `strategy` and `strategies`, in steps")]
    parts += [_table(Calendar, "Calendars"), _table(Period, "Calendars: `freezes`")]
    parts += [_noun(Scenario), NOTE, _table(Fault, "Scenario: `faults`")]
    parts += [_table(Label, "Scenario: `where` of a fault, by label"), _table(RegionValues, "Scenario: `regions`")]
    parts += [_table(Pushes, "Scenario: `pushes`"), _table(Window, "Scenario: `staffed`")]
    parts += [_table(Source, "Scenario: `sources`")]
    parts += [_noun(Rules), _table(PlanRules, "Rules: `rules`"), _table(Bounds, "Rules: `limits`, by figure")]
    collection = [f"## Collection\n\n{COLLECTION}\n{_rows(Config)}", _table(Account, "Collection: `accounts`")]
    collection += [_table(EcsServices, "Collection: `ecs` of an account")]
    collection += [_table(ServiceMetrics, "Collection: `metrics` of an account")]
    collection += [_table(CodeCatalystProject, "Collection: `codecatalyst`")]
    return "\n".join([*parts, _distributions(), *collection, TAIL])


def _noun(model: type[BaseModel]) -> str:
    name = model.__name__
    return f"## {name}\n\n{_told(model)}\n\n```yaml\n{EXAMPLES[name]}```\n\n{_rows(model)}"


def _table(model: type[BaseModel], heading: str) -> str:
    return f"### {heading}\n\n{_told(model)}\n\n{_rows(model)}"


def _told(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")


def _rows(model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    lines = ["| Field | What it means | Value | Unit | Default | Source |", "| --- | --- | --- | --- | --- | --- |"]
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        name = info.alias or name
        source = "yours" if info.is_required() else extra.get("source", "")
        row = (f"`{name}`", info.description, _value(schema["properties"][name]), extra.get("unit", ""))
        lines.append("| " + " | ".join(map(str, (*row, _default(info), source))) + " |")
    return "\n".join(lines) + "\n"


def _default(info: FieldInfo) -> str:
    if info.default is PydanticUndefined:
        return "**required**"
    if info.default is None or info.default in ((), {}, PlanRules()):
        return "none"
    if isinstance(info.default, tuple):
        return f"`{json.dumps(info.default)}`"
    return f"`{json.dumps(info.default)}`" if isinstance(info.default, bool) else f"`{describe(info.default)}`"


def _value(schema: dict[str, Any]) -> str:
    """Word what a field takes: its type, and its range."""
    options = schema.get("anyOf") or schema.get("oneOf") or []
    if options[: len(DISTRIBUTION)] == DISTRIBUTION:
        return "[distribution](#distributions)"
    if options:
        return " or ".join(_value(option) for option in options if option.get("type") != "null")
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{choice}`" for choice in schema["enum"])
    if "$ref" in schema:
        return KINDS[schema["$ref"].rsplit("/", 1)[1]]
    if "prefixItems" in schema:
        return f"pairs: {', '.join(_value(item) for item in schema['prefixItems'])}"
    if schema["type"] == "array" and "prefixItems" in schema["items"]:
        return f"list of {_value(schema['items'])}"
    if schema["type"] == "array":
        return f"list of {_value(schema['items']).replace('text', 'texts').replace('number', 'numbers')}"
    if schema["type"] == "object":
        return _object(schema)
    kind = {"integer": "whole number", "string": "text", "boolean": "`true` or `false`"}.get(schema["type"], "number")
    words = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "to"}
    bounds = [f"{word} {schema[key]:g}" for key, word in words.items() if key in schema]
    return " ".join([kind, *bounds])


def _object(schema: dict[str, Any]) -> str:
    if isinstance(schema.get("additionalProperties"), dict):
        return f"by name: {_value(schema['additionalProperties'])}"
    return f"`{{{', '.join(f'{key}: …' for key in schema['properties'])}}}`"


def _distributions() -> str:
    lines = [
        "## Distributions",
        "",
        "Of minutes, failed requests or shares, in the unit of the field. A number stands for itself. z is the",
        "standard normal quantile.",
        "",
        "| Written | What it is | Parameters | Value at u | Mean |",
        "| --- | --- | --- | --- | --- |",
    ]
    for model in FAMILIES:
        schema = model.model_json_schema()["properties"]
        parameters = [
            f"`{name}`: {info.description} {_value(schema[name]).capitalize()}."
            for name, info in model.model_fields.items()
            if name != "family"
        ]
        told = _told(model)
        short = "`5` or " if model is Constant else ""
        shown = model.shown
        lines.append(f"| {short}`{shown.written}` | {told} | {' '.join(parameters)} | {shown.at_u} | {shown.mean} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(render(), end="")
