"""The JSON Schemas of fleets, plans, scenarios, rules and fetch configs, for editors, as their models have them.

`python -m tools.render_schemas FOLDER` writes them. A schema knows names, types and ranges; what hangs together (a
region in two waves, a label that no region carries) is the models' own matter, and found by `wavecast check`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from history import Config
from simulation import Distribution, Scenario
from waves import Fleet, Part, Plan, Rules

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILES: dict[str, tuple[type[Part], str]] = {
    "fetch.schema.json": (Config, "Wavecast fetch config"),
    "fleet.schema.json": (Fleet, "Wavecast fleet"),
    "plan.schema.json": (Plan, "Wavecast plan"),
    "rules.schema.json": (Rules, "Wavecast rules and limits"),
    "scenario.schema.json": (Scenario, "Wavecast scenario"),
}
_FLEET_PATH = {"type": "string", "minLength": 1, "description": "A fleet file, relative to this file."}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each kind of file, by the name under which it is published.

    Returns
    -------
    dict of str to dict
        JSON Schemas of draft 2020-12. Beside the standard's own words fields carry `unit` and `source`, which
        validators pass over; the unit stands in the description too, where editors show it.
    """
    return {file: _schema(model, title) for file, (model, title) in _FILES.items()}


def _schema(model: type[Part], title: str) -> dict[str, Any]:
    found = model.model_json_schema()
    if model is Scenario:
        field = found["properties"]["fleet"]
        field["anyOf"] = [_FLEET_PATH, {"$ref": field.pop("$ref")}]
    distribution = TypeAdapter(Distribution).json_schema()
    body = _told(_referring(found, distribution["anyOf"]))
    if model is Scenario:
        body["$defs"]["Distribution"] = _told(distribution)
    return {"$schema": DIALECT, "title": title, **body}


def _referring(node: Any, distribution: list[Any]) -> Any:
    """Put a reference in the place of every copy of the distributions' schema."""
    if isinstance(node, list):
        return [_referring(item, distribution) for item in node]
    if not isinstance(node, dict):
        return node
    options = node.get("anyOf", [])
    if options[: len(distribution)] != distribution:
        return {key: _referring(value, distribution) for key, value in node.items()}
    reference, others = {"$ref": "#/$defs/Distribution"}, options[len(distribution) :]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return {"anyOf": [reference, *others], **rest} if others else {**reference, **rest}


def _told(node: Any) -> Any:
    """Write each description as one line that ends in the unit, and drop the titles that pydantic makes up."""
    if isinstance(node, list):
        return [_told(item) for item in node]
    if not isinstance(node, dict):
        return node
    told = {key: _told(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    if isinstance(told.get("description"), str):
        unit = f" Unit: {told['unit']}." if "unit" in told else ""
        told["description"] = " ".join(told["description"].split()) + unit
    return told


def write(folder: Path) -> None:
    """Write each schema into a folder, as the file of its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, schema in schemas().items():
        (folder / file).write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/schemas"))
