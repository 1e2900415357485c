"""Regrouping moves ordering lines and whole region blocks of an existing file, and not one byte else."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.waves.pipelines.test_round_trip import CONNECTION, REGIONS, sayable
from waves import InputError, Plan, Target, Wave, regroup, write

DATA = Path(__file__).parents[3] / "data" / "workflows"
# What puts things in order, in each system; everything else may only change its place.
ORDERING = re.compile(
    r"\s*(DependsOn:.*|needs:.*|- [\w-]+|RunOrder: \d+|\"runOrder\": \d+,?|Wave-\d+:|wave-\d+:|Actions:|[\]\[{}],?)\s*"
)
SYSTEMS = [("codecatalyst", ".yaml"), ("codepipeline", ".yaml"), ("codepipeline", ".json"), ("github-actions", ".yml")]


def grouped(*waves: str) -> Plan:
    return Plan(waves=tuple(Wave(regions=tuple(wave.split())) for wave in waves))


def shape(path: Path) -> list[tuple[str, ...]]:
    return [wave.regions for wave in Plan.read_pipeline(path, bake_minutes=0).waves]


@st.composite
def regroupings(draw: st.DrawFn, *, fewer: bool) -> tuple[Plan, Plan]:
    """A plan, and the same regions in other waves: no more of them, where a system has no place for more."""
    regions = draw(st.lists(st.sampled_from(REGIONS), min_size=2, max_size=7, unique=True))
    first = draw(_cut(regions, 7))
    return first, draw(_cut(draw(st.permutations(regions)), len(first.waves) if fewer else 7))


@st.composite
def _cut(draw: st.DrawFn, regions: Any, most: int) -> Plan:
    ends = sorted(draw(st.sets(st.integers(1, len(regions) - 1), max_size=most - 1)) | {0, len(regions)})
    waves = [regions[a:b] for a, b in zip(ends, ends[1:], strict=False)]
    return sayable(Plan(waves=tuple(Wave(regions=tuple(wave), bake_minutes=30.0) for wave in waves)))


@pytest.mark.parametrize(("system", "ending"), SYSTEMS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), replicated=st.booleans())
def test_any_waves_can_be_made_of_any_others(
    tmp_path_factory: pytest.TempPathFactory, system: str, ending: str, data: st.DataObject, replicated: bool
) -> None:
    """The file has the plan's waves afterwards; lines that do not order only change places; and the way back."""
    before, after = data.draw(regroupings(fewer=system == "github-actions"))
    path = tmp_path_factory.getbasetemp() / f"regroup{ending}"
    write(before, path, to=system, target=Target(replicated=replicated, connection=CONNECTION))
    old = path.read_bytes()
    assert regroup(path, before).text.encode() == old == path.read_bytes()
    result = regroup(path, after)
    assert path.read_bytes() == result.text.encode()
    assert shape(path) == expected(before, after)
    if len(after.waves) >= len(before.waves):
        assert not [line for line in lines(old.decode(), result.text) if not ORDERING.fullmatch(line)]
    if len(after.waves) == len(before.waves):
        regroup(path, before)
        assert path.read_bytes() == old


def expected(before: Plan, after: Plan) -> list[tuple[str, ...]]:
    """The plan's waves; the regions of one that keeps them all start together, and so keep their order, too."""
    old = [wave.regions for wave in before.waves] + [()] * len(after.waves)
    return [o if set(o) == set(wave.regions) else wave.regions for o, wave in zip(old, after.waves, strict=False)]


def lines(before: str, after: str) -> list[str]:
    """The lines that one text has more often than the other; the comma behind an item of JSON is no part of it."""
    one, other = (Counter(line.rstrip(",") for line in text.splitlines()) for text in (before, after))
    return [*(one - other), *(other - one)]


@pytest.mark.parametrize("name", ["two-region", "six-region-three-wave"])
def test_the_samples_stay_as_they_are_with_their_own_plan(tmp_path: Path, name: str) -> None:
    """Not one byte changes."""
    path = tmp_path / "release.yaml"
    path.write_bytes((DATA / f"{name}.yaml").read_bytes())
    regroup(path, Plan.read_pipeline(path))
    assert path.read_bytes() == (DATA / f"{name}.yaml").read_bytes()


def test_the_two_regions_change_places(tmp_path: Path) -> None:
    """By hand: the two blocks, and the three names that put them in order; the test that names a region is told."""
    path = tmp_path / "release.yaml"
    text = (DATA / "two-region.yaml").read_text()
    path.write_text(text)
    result = regroup(path, grouped("us-west-2", "us-east-1"))
    east, west = (re.search(rf"  Deploy-{r}:\n(    .*\n)+", text) for r in ("us-east-1", "us-west-2"))
    assert east is not None and west is not None
    first = west[0].replace("      - Validate-us-east-1\n", "")
    second = east[0].replace("      - Render\n", "      - Render\n      - Validate-us-east-1\n")
    expected = text.replace(east[0], "FIRST").replace(west[0], "SECOND")
    expected = expected.replace("      - Deploy-us-east-1\n", "      - Deploy-us-west-2\n")
    assert result.text == expected.replace("FIRST", first).replace("SECOND", second)
    assert {f.rule for f in result.findings} == {"left-behind", "plan-differs"}


def test_the_six_regions_in_other_waves(tmp_path: Path) -> None:
    """More waves than groups: what comes later waits within the last group; fewer: a group goes."""
    path = tmp_path / "release.yaml"
    for waves in (
        ["us-east-1 eu-north-1", "us-west-2", "ap-southeast-2 eu-west-1 ap-northeast-1"],
        ["eu-north-1", "us-west-2 ap-southeast-2", "us-east-1", "eu-west-1 ap-northeast-1"],
        ["us-east-1 eu-north-1 us-west-2", "ap-southeast-2 eu-west-1 ap-northeast-1"],
        ["us-east-1 eu-north-1 us-west-2 ap-southeast-2 eu-west-1 ap-northeast-1"],
    ):
        path.write_bytes((DATA / "six-region-three-wave.yaml").read_bytes())
        regroup(path, grouped(*waves))
        assert shape(path) == [tuple(wave.split()) for wave in waves]


JOBS = """\
# one region a job
name: Release
on: push
jobs:
  build:
    runs-on: x
    steps: [{run: make}]   # builds

  # Ireland goes first.
  ireland:
    needs: build
    runs-on: x
    steps:
      - {uses: aws-actions/configure-aws-credentials@v4, with: {aws-region: eu-west-1}}
      - {uses: aws-actions/amazon-ecs-deploy-task-definition@v2, with: {task-definition: t, service: s}}

  wait:
    needs: [ireland]
    runs-on: x
    steps: [{run: sleep 10m}]
  # Virginia is big.
  virginia:   # really
    needs: [build, wait]
    runs-on: x
    steps:
      - {uses: aws-actions/configure-aws-credentials@v4, with: {aws-region: us-east-1}}
      - {uses: aws-actions/amazon-ecs-deploy-task-definition@v2, with: {task-definition: t, service: s}}
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_jobs_of_one_region_change_what_they_need(tmp_path: Path, newline: str) -> None:
    """By hand: blocks with the comments above them, in whatever form lists and line ends stand."""
    path = tmp_path / "deploy.yml"
    path.write_bytes(JOBS.replace("\n", newline).encode())
    regroup(path, grouped("us-east-1", "eu-west-1"))
    ireland = JOBS[JOBS.index("  # Ireland") : JOBS.index("\n  wait:")]
    virginia = JOBS[JOBS.index("  # Virginia") :]
    expected = (
        JOBS.replace(ireland, "FIRST").replace(virginia, "SECOND").replace("needs: [ireland]", "needs: [virginia]")
    )
    expected = expected.replace("FIRST", virginia.replace("[build, wait]", "[build]"))
    expected = expected.replace("SECOND", ireland.replace("needs: build", "needs: [build, wait]"))
    assert path.read_bytes().decode() == expected.replace("\n", newline)


@pytest.mark.parametrize(
    ("text", "waves", "words"),
    [
        (JOBS, ["eu-west-1", "us-west-2"], "the plan has the region 'us-west-2', which the file does not deploy to"),
        (JOBS, ["eu-west-1"], "the file deploys to 'us-east-1', which the plan does not have"),
        (JOBS.replace("steps: [{run: sleep", "steps: &a [{run: sleep"), ["us-east-1 eu-west-1"], None),
        (
            JOBS.replace("[{run: make}]", "&a [{run: make}]") + "  x: {runs-on: y, steps: *a}\n",
            ["us-east-1 eu-west-1"],
            "aliases",
        ),
    ],
)
def test_what_cannot_be_rearranged_is_refused(tmp_path: Path, text: str, waves: list[str], words: str | None) -> None:
    """And the file is not touched; an anchor alone does no harm."""
    path = tmp_path / "deploy.yml"
    path.write_text(text)
    if words is None:
        regroup(path, grouped(*waves))
        assert shape(path) == [tuple(wave.split()) for wave in waves]
        return
    with pytest.raises(InputError) as caught:
        regroup(path, grouped(*waves))
    assert words in str(caught.value)
    assert path.read_text() == text


def test_a_mark_at_the_beginning_stays(tmp_path: Path) -> None:
    """Some editors write one."""
    path = tmp_path / "deploy.yml"
    path.write_bytes(b"\xef\xbb\xbf" + JOBS.encode())
    regroup(path, grouped("us-east-1 eu-west-1"))
    assert path.read_bytes().startswith(b"\xef\xbb\xbf#")
    assert shape(path) == [("us-east-1", "eu-west-1")]
