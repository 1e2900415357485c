"""A law: who writes a pipeline down as CodeCatalyst has it gets back the plan that he meant, whatever the shape.

The pipeline is made first, as stages of waves of regions; then written as actions and groups, the way people do; the
reader sees only the file.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.waves.pipelines.codecatalyst.workflows import Tree, after, build, gate, group, wait
from waves.files.documents import write_yaml
from waves.pipelines.codecatalyst import Workflow

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-north-1", "ap-south-1", "sa-east-1")


@dataclass(frozen=True)
class Meant:
    """One wave: its regions, how many stacks each has, its bakes in a row, its gate, and how it is written."""

    regions: tuple[str, ...]
    stacks: int
    tested: bool
    bakes: tuple[int, ...]
    gated: bool
    grouped: bool
    shell: bool
    notified: bool


@st.composite
def stages(draw: st.DrawFn) -> list[list[Meant]]:
    """One to three stages, each with every region at most once; the same regions come again in the next."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        regions = draw(st.permutations(REGIONS))
        sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3).filter(lambda s: sum(s) <= len(REGIONS)))
        ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
        found.append([draw(wave(tuple(regions[end - size : end]))) for size, end in zip(sizes, ends, strict=True)])
    return found


@st.composite
def wave(draw: st.DrawFn, regions: tuple[str, ...]) -> Meant:
    flags = [draw(st.booleans()) for _ in range(5)]
    bakes = tuple(draw(st.lists(st.integers(0, 90), max_size=2)))
    return Meant(regions, draw(st.integers(1, 2)), flags[0], bakes, *flags[1:])


def stack(meant: Meant, region: str, environment: str, *depends_on: str) -> Tree:
    """A deployment by CDK, or by a shell step that says so."""
    if meant.shell:
        body = build(*depends_on) | {"Environment": {"Name": environment}}
        return body | {"Inputs": {"Variables": [{"Name": "DEPLOYS_REGION", "Value": region}]}}
    body = {"Identifier": "aws/cdk-deploy@v2", "Configuration": {"StackName": "s", "Region": region}}
    return body | {"Environment": {"Name": environment}} | after(*depends_on)


def deployments(meant: Meant, prefix: str, environment: str, before: list[str]) -> Tree:
    """The stacks of each region in a row, with a test between two of them where that is meant."""
    found: Tree = {}
    for region in meant.regions:
        last = before
        for n in range(meant.stacks):
            if n and meant.tested:
                found[f"{prefix}-{region}-test"] = wait(None, *last)
                last = [f"{prefix}-{region}-test"]
            found[f"{prefix}-{region}-{n}"] = stack(meant, region, environment, *last)
            last = [f"{prefix}-{region}-{n}"]
    return found


def written(pipeline: list[list[Meant]]) -> Tree:
    """Write a pipeline down: what comes next waits for all of what was before it."""
    actions: Tree = {"Build": build()}
    last = ["Build"]
    for s, waves in enumerate(pipeline):
        for w, meant in enumerate(waves):
            prefix = f"S{s}W{w}"
            if meant.gated:
                actions[f"{prefix}-ok"], last = gate(*last), [f"{prefix}-ok"]
            if meant.grouped:
                actions[prefix] = group(deployments(meant, prefix, f"env-{s}", []), *last)
                last = [prefix]
            else:
                found = deployments(meant, prefix, f"env-{s}", last)
                actions |= found
                last = [f"{prefix}-{region}-{meant.stacks - 1}" for region in meant.regions]
            for n, minutes in enumerate(meant.bakes):
                actions[f"{prefix}-bake-{n}"], last = wait(str(minutes), *last), [f"{prefix}-bake-{n}"]
            if meant.notified:
                actions[f"{prefix}-tell"] = build(*last)
    return actions


@given(stages())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_is_what_was_meant(tmp_path: Path, pipeline: list[list[Meant]]) -> None:
    """The last stage left to the reader, and each stage by its name: regions, bakes, approvals, in their order."""
    path = tmp_path / "workflow.yaml"
    write_yaml({"Name": "meant", "SchemaVersion": "1.0", "Actions": written(pipeline)}, path)
    read = Workflow.read(path)
    for s, waves in enumerate(pipeline):
        expected = [(set(m.regions), float(sum(m.bakes)), m.gated) for m in waves]
        chosen = read.stages(environments=[f"env-{s}"])
        assert [(set(w.regions), w.bake_minutes, w.approval) for w in chosen] == expected
        assert all(len(w.regions) == len(m.regions) for w, m in zip(chosen, waves, strict=True))
    assert read.stages() == read.stages(environments=[f"env-{len(pipeline) - 1}"])
    assert [f.rule for f in read.findings if f.rule == "environment-left-out"] == (
        ["environment-left-out"] if len(pipeline) > 1 else []
    )
    assert {f.rule for f in read.findings} <= {"environment-left-out", "bake-left-out", "approval-beside"}


def test_a_hint_nearly_spelt_right_is_named(tmp_path: Path) -> None:
    """Nothing comes of it, so somebody should know."""
    path = tmp_path / "workflow.yaml"
    for name, near in (("BAKE_MINUTE", "BAKE_MINUTES"), ("deploys-region", "DEPLOYS_REGION")):
        body = build() | {"Inputs": {"Variables": [{"Name": name, "Value": "5"}]}}
        write_yaml({"Name": "meant", "SchemaVersion": "1.0", "Actions": {"Build": body}}, path)
        (found,) = (f.message for f in Workflow.read(path).findings if f.rule == "hint-without-effect")
        assert found == f"the variable {name!r} is no hint for the plan; did you mean {near!r}?"


@pytest.mark.parametrize("given_to", ["Beta", "Prod"])
def test_a_region_given_to_a_stage_that_is_left_out_is_refused(tmp_path: Path, given_to: str) -> None:
    """Input without effect; given to the plan's own stage it is fine."""
    path = tmp_path / "workflow.yaml"
    prod = Meant(("us-east-1",), 1, False, (), False, False, False, False)
    actions = {"Beta": stack(prod, "us-east-1", "beta"), "Prod": stack(prod, "us-east-1", "prod", "Beta")}
    write_yaml({"Name": "meant", "SchemaVersion": "1.0", "Actions": actions}, path)
    read = Workflow.read(path)._read(None, None, {given_to: "eu-west-1"})
    messages = [f.message for f in read.faults]
    assert messages == (
        ["a region is given for 'Beta', whose environment 'beta' is no part of the plan"] if given_to == "Beta" else []
    )
