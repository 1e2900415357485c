"""The published JSON Schemas: every sample keeps to its own; they refuse and accept what the models do."""

import importlib
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.test_house import files, name
from tools.render_schemas import schemas
from waves import DATA

KINDS = {"fleet": "fleets", "plan": "plans", "scenario": "scenarios", "rules": "rules"}


def checker(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schemas()[f"{kind}.schema.json"])


SAMPLES = [(kind, path) for kind, folder in KINDS.items() for path in sorted((DATA / folder).glob("*.yaml"))]


@pytest.mark.parametrize(("kind", "path"), SAMPLES, ids=lambda value: name(value) if isinstance(value, Path) else value)
def test_every_sample_file_keeps_to_its_schema(kind, path):
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in checker(kind).iter_errors(value)] == []


def test_there_is_a_sample_of_every_kind():
    assert {kind for kind, _ in SAMPLES} == set(KINDS)


BAD = {
    "fleet": [
        "{}",
        "{regions: []}",
        "{regions: [{name: a}]}",
        "{regions: [{name: a, traffic: 0}]}",
        "{regions: [{name: a, traffic: '5'}]}",
        "{regions: [{name: a, traffic: 5, lables: [x]}]}",
    ],
    "plan": [
        "{waves: []}",
        "{waves: [{regions: []}]}",
        "{waves: [{regions: [a], bake_minutes: -1}]}",
        "{waves: [{regions: [a], max_parallel: 0}]}",
        "{waves: [{regions: [a]}], strategy: canary}",
        "{waves: [{regions: [a]}], strategy: {steps: [[100, 5]]}}",
        "{waves: [{regions: [a]}], strategies: {a: {steps: [[5]]}}}",
        "{waves: [{regions: [a]}], on_deploy_failure: ignore}",
        "{waves: [{regions: [a], aproval: true}]}",
    ],
    "scenario": [
        "{fleet: f.yaml}",
        "{deploy: 5}",
        "{fleet: '', deploy: 5}",
        "{fleet: {regions: []}, deploy: 5}",
        "{fleet: f.yaml, deploy: -5}",
        "{fleet: f.yaml, deploy: {lognormal: {median: 6}}}",
        "{fleet: f.yaml, deploy: {normal: {mean: 6}}}",
        "{fleet: f.yaml, deploy: {constant: 5, exponential: {mean: 5}}}",
        "{fleet: f.yaml, deploy: 5, rejection_probability: 1.5}",
        "{fleet: f.yaml, deploy: 5, alarm_threshold: 1}",
        "{fleet: f.yaml, deploy: 5, faults: [{name: x, probability: 0.1, where: somewhere}]}",
        "{fleet: f.yaml, deploy: 5, regions: {a: {build: 3}}}",
        "{fleet: f.yaml, deploy: 5, horizon_minutes: 0}",
    ],
    "rules": [
        "{rules: {max_share_per_wave: 0}}",
        "{rules: {max_share_per_wave: 80}}",
        "{rules: {max_waves: 0}}",
        "{rules: {partners_apart: 'no'}}",
        "{rules: {first: eu-north-1}}",
        "{rules: {approval_before: [0]}}",
        "{rules: {min_bake: 30}}",
        "{limits: {share_exposed_p95: {}}}",
        "{limits: {share_exposed_p95: 0.5}}",
        "{limits: {share_exposed_p95: {below: 0.5}}}",
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in BAD.items() for text in texts])
def test_a_schema_refuses_what_the_model_refuses(kind, text):
    assert list(checker(kind).iter_errors(yaml.safe_load(text)))


GOOD = [
    (
        "plan",
        "{waves: [{regions: [a], approval: true}], strategy: {steps: [[5, 10], [50, 0]]}, strategies: {a: rolling}}",
    ),
    ("scenario", "{fleet: f.yaml, deploy: 5, report: null, horizon_minutes: .inf}"),
    (
        "scenario",
        "{fleet: {regions: [{name: a, traffic: 5}]}, deploy: {gamma: {shape: 2, scale: 3}}, regions: {a: {lag: 3}}}",
    ),
    ("scenario", "{fleet: f.yaml, deploy: 5, faults: [{name: x, probability: 0.1, where: {label: y}, severity: 0.5}]}"),
]


@pytest.mark.parametrize(("kind", "text"), GOOD)
def test_a_schema_accepts_every_way_to_write_a_field(kind, text):
    assert list(checker(kind).iter_errors(yaml.safe_load(text))) == []


def test_the_published_files_are_written_from_the_schemas(tmp_path):
    """To the byte, so that writing them anew changes nothing."""
    importlib.import_module("tools.render_schemas").write(tmp_path)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text(encoding="utf-8") for path in files("*.json", under="docs/schemas")}
    assert all(json.loads(text)["$schema"] == "https://json-schema.org/draft/2020-12/schema" for text in made.values())
