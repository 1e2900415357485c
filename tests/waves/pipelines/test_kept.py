"""Regrouping loses nothing: what a region waited for outside of the regions, outputs, approvals, comments."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.waves.pipelines.codepipeline.pipelines import action, alarm, approve, ecs, pipeline, stage
from tests.waves.pipelines.github_actions.test_read import job, matrix
from tests.waves.pipelines.test_round_trip import CONNECTION
from waves import Hints, InputError, Plan, Regrouped, Target, Wave, regroup, write

EU, US, AP = "eu-west-1", "us-east-1", "ap-south-1"
QUIET = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def moved(path: Path, *waves: str) -> Regrouped:
    return regroup(path, Plan(waves=tuple(Wave(regions=tuple(wave.split())) for wave in waves)), hints=Hints(0))


def workflow(folder: Path, *jobs: str) -> Path:
    path = folder / "deploy.yml"
    path.write_text("on: push\njobs:\n" + "".join(jobs), encoding="utf-8")
    return path


def needs(path: Path) -> dict[str, set[str]]:
    """What each job needs, by a plain reader."""
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    listed = {name: body.get("needs", []) for name, body in jobs.items()}
    return {name: {found} if isinstance(found, str) else set(found) for name, found in listed.items()}


def catalyst(folder: Path, actions: Mapping[str, Mapping[str, Any]]) -> Path:
    path = folder / "release.yaml"
    tree = {"Name": "release", "SchemaVersion": "1.0", "Actions": actions}
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return path


def ships(region: str, *after: str, definition: str = "task.json") -> dict[str, Any]:
    return {
        "Identifier": "aws/ecs-deploy@v1",
        **({"DependsOn": list(after)} if after else {}),
        "Environment": {"Name": "prod"},
        "Configuration": {"region": region, "cluster": "c", "service": "s", "task-definition": definition},
    }


def builds(*after: str) -> dict[str, Any]:
    steps = {"Configuration": {"Steps": [{"Run": "make"}]}, "Outputs": {"Variables": ["v"]}}
    return {"Identifier": "aws/build@v1", **({"DependsOn": list(after)} if after else {}), **steps}


def depends(path: Path) -> dict[str, list[str]]:
    actions = yaml.safe_load(path.read_text(encoding="utf-8"))["Actions"]
    return {name: body.get("DependsOn", []) for name, body in actions.items()}


@pytest.mark.parametrize("first", ["build", "staging"])
def test_what_came_through_the_region_before_stays(tmp_path: Path, first: str) -> None:
    """A build, or an earlier environment: the region that goes first must need it itself; so must one beside."""
    head = "    environment: staging\n" if first == "staging" else ""
    jobs = job(first, "eu-west-2" if head else "", head=head), job("eu", EU, first), job("us", US, "eu")
    path = workflow(tmp_path, *jobs)
    moved(path, US, EU)
    assert needs(path) == {first: set(), "eu": {first, "us"}, "us": {first}}
    path = workflow(tmp_path, *jobs)
    moved(path, f"{EU} {US}")
    assert needs(path) == {first: set(), "eu": {first}, "us": {first}}


def test_what_came_through_the_region_before_stays_in_codecatalyst(tmp_path: Path) -> None:
    """Among actions, and in the groups that they come into."""
    path = catalyst(tmp_path, {"Build": builds(), "Eu": ships(EU, "Build"), "Us": ships(US, "Eu")})
    moved(path, US, EU)
    assert depends(path) == {"Build": [], "Us": ["Build"], "Eu": ["Build", "Us"]}
    groups = {
        "Build": builds(),
        "Assets": builds(),
        "One": {"DependsOn": ["Build"], "Actions": {"Eu": ships(EU)}},
        "Two": {"DependsOn": ["One", "Assets"], "Actions": {"Us": ships(US), "Ap": ships(AP)}},
    }
    path = catalyst(tmp_path, groups)
    moved(path, US, f"{EU} {AP}")
    assert depends(path) == {"Build": [], "Assets": [], "One": ["Build", "Assets"], "Two": ["One", "Assets"]}


def test_a_block_goes_from_a_group_to_the_top(tmp_path: Path) -> None:
    """And the other way round: the canary alone before the group, with what each needs."""
    actions = {
        "Build": builds(),
        "Eu": ships(EU, "Build"),
        "Rest": {"DependsOn": ["Eu"], "Actions": {"Us": ships(US), "Ap": ships(AP)}},
    }
    path = catalyst(tmp_path, actions)
    moved(path, US, f"{AP} {EU}")
    assert depends(path) == {"Build": [], "Us": ["Build"], "Rest": ["Us"]}
    assert [wave.regions for wave in Plan.read_pipeline(path).waves] == [(US,), (AP, EU)]


def test_who_takes_an_output_comes_after_its_maker(tmp_path: Path) -> None:
    """GitHub gives outputs only of jobs that are needed: the need stays, or the order is refused, with its reason."""
    echo = "      - run: echo ${{ needs.eu.outputs.v }}\n"
    jobs = job("build"), job("eu", EU, "build"), job("us", US, "eu", after=echo), job("ap", AP, "us")
    path = workflow(tmp_path, *jobs)
    moved(path, EU, AP, US)
    assert needs(path) == {"build": set(), "eu": {"build"}, "ap": {"eu"}, "us": {"eu", "ap"}}
    for waves in ((US, EU, AP), (f"{EU} {US}", AP)):
        path = workflow(tmp_path, *jobs)
        with pytest.raises(InputError, match="us takes what eu puts out, and so has to come after it"):
            moved(path, *waves)


def test_outputs_of_the_other_systems(tmp_path: Path) -> None:
    """CodeCatalyst's ``${Eu.v}``, CodePipeline's ``#{Eu.v}``."""
    maker = {**ships(EU, "Build"), "Outputs": {"Variables": ["v"]}}
    path = catalyst(tmp_path, {"Build": builds(), "Eu": maker, "Us": ships(US, "Eu", definition="${Eu.v}")})
    with pytest.raises(InputError, match="Us takes what Eu puts out"):
        moved(path, f"{EU} {US}")
    one, two = ecs(EU) | {"namespace": "Eu"}, ecs(US, FileName="#{Eu.v}")
    path = pipeline(tmp_path, stage("One", one), stage("Two", two))
    with pytest.raises(InputError, match="Two/Deploy-us-east-1 takes what One/Deploy-eu-west-1 puts out"):
        moved(path, US, EU)


def test_a_test_of_one_region_goes_with_it(tmp_path: Path) -> None:
    """Of a wave of several: who waited for the wave waits for those that are left in it, each by its own test."""
    jobs = [job("eu", EU), job("us", US), job("test-eu", "", "eu"), job("test-us", "", "us")]
    path = workflow(tmp_path, *jobs, job("ok", "", "test-eu", "test-us"), job("ap", AP, "ok"))
    moved(path, EU, US, AP)
    found = needs(path)
    assert (found["ok"], found["us"], found["ap"]) == ({"test-eu"}, {"ok"}, {"test-us"})
    assert found["test-us"] == {"us"}


def test_several_services_of_a_region_move_together(tmp_path: Path) -> None:
    """Side by side or one after the other; what is done for failures stays as it is."""
    undo = job("undo", "", "eu-api", head="    if: ${{ failure() }}\n")
    services = [job("eu-api", EU, "build"), job("eu-web", EU, "eu-api")]
    path = workflow(tmp_path, job("build"), *services, job("us-api", US, "eu-web"), job("us-web", US, "eu-web"), undo)
    moved(path, US, EU)
    found = needs(path)
    assert found["us-api"] == found["us-web"] == {"build"}
    assert (found["eu-api"], found["eu-web"]) == ({"build", "us-api", "us-web"}, {"eu-api"})
    assert found["undo"] == {"eu-api"}


def test_an_approval_of_one_region_stays_with_it(tmp_path: Path) -> None:
    """Where it stands before the regions, it goes on guarding who waited for it."""
    gate = job("ok", "", "build", head="    env: {APPROVAL: required}\n")
    path = workflow(
        tmp_path, job("build"), gate, job("eu", EU, "build"), job("us", US, "eu", "ok"), job("ap", AP, "eu")
    )
    moved(path, US, f"{EU} {AP}")
    assert "ok" in needs(path)["us"]


@pytest.mark.parametrize("head", ["    env: {APPROVAL: required}\n", "    environment: production\n"])
def test_what_may_ask_is_told_when_it_asks_no_more(tmp_path: Path, head: str) -> None:
    """An approval, and a job in an environment that may have reviewers: behind the wave, or behind the region."""
    jobs = job("eu", EU), job("gate", "", "eu", head=head), job("us", US, "gate")
    told = moved(workflow(tmp_path, *jobs), f"{EU} {US}").findings
    assert any("gate stood before us-east-1, and now no region waits for it" in f.message for f in told)
    told = moved(workflow(tmp_path, *jobs), US, EU).findings
    assert any(f.rule == "approval-left" and "us-east-1" in f.message for f in told)


def test_regions_of_a_matrix_bring_their_builds(tmp_path: Path) -> None:
    """And it is told where the jobs differ, and which job goes."""
    first = job("one", "${{ matrix.r }}", "build", head=matrix(f"{{r: [{EU}, {AP}]}}"))
    second = job("two", "${{ matrix.r }}", "one", "assets", head=matrix(f"{{r: [{US}]}}") + "    environment: big\n")
    path = workflow(tmp_path, job("build"), job("assets"), first, second, job("end", "", "two"))
    told = {f.message for f in moved(path, US, f"{EU} {AP}").findings}
    assert needs(path)["one"] == {"build", "assets"}
    assert f"{US} comes from the job two, whose environment differ from one's" in told
    path = workflow(tmp_path, job("build"), job("assets"), first, second, job("end", "", "two"))
    told = {f.message for f in moved(path, f"{EU} {US} {AP}").findings}
    assert needs(path)["end"] == {"one"} and "the job two has no region left" in " ".join(told)


def test_an_order_that_means_nothing_stays(tmp_path: Path) -> None:
    """Regions of a wave that start together; where a limit makes them queue, their order is the plan's."""
    jobs = job("eu", EU), job("us", US), job("ap", AP, "us")
    path = workflow(tmp_path, *jobs)
    assert moved(path, f"{US} {EU}", AP).text == moved(path, f"{EU} {US}", AP).before
    head = matrix(f"{{r: [{EU}, {US}, {AP}]}}", max_parallel=2)
    path = workflow(tmp_path, job("all", "${{ matrix.r }}", head=head))
    assert f"[{US}, {AP}, {EU}]" in moved(path, f"{US} {AP} {EU}").text


def test_comments_on_ordering_lines_stay(tmp_path: Path) -> None:
    """Beside a name that goes, beside one that comes in its place."""
    listed = "    needs:\n      - build   # the image\n      - eu   # the canary\n"
    path = workflow(
        tmp_path, job("build"), job("eu", EU, "build"), job("us", US).replace("  us:\n", f"  us:\n{listed}")
    )
    text = moved(path, US, EU).text
    assert "      - build   # the image\n      # the canary\n" in text
    path = workflow(tmp_path, job("eu", EU), job("us", US).replace("  us:\n", "  us:\n    needs: eu  # canary\n"))
    assert "  us:\n    # canary\n    runs-on" in moved(path, US, EU).text


def test_a_stage_that_goes_is_told_with_what_watched_there(tmp_path: Path) -> None:
    """Its alarm watches nobody any more; an approval between that guards nothing is told, too."""
    path = pipeline(tmp_path, stage("One", ecs(EU)), stage("Ok", approve()), stage("Two", ecs(US), onSuccess=alarm()))
    told = " ".join(f.message for f in moved(path, f"{EU} {US}").findings)
    assert "the stage Two has no region left and is taken out, and with it its onSuccess" in told
    assert "the approval Ok/Approve stood before us-east-1, and now no region waits for it" in told


def test_further_waves_come_behind_what_stands_in_the_last_stage(tmp_path: Path) -> None:
    """A test that followed the last wave does not run beside the next one."""
    test = action("Smoke", "Test/CodeBuild", order=2, ProjectName="p")
    path = pipeline(tmp_path, stage("All", ecs(EU), ecs(US), test))
    moved(path, EU, US)
    actions = json.loads(path.read_text())["pipeline"]["stages"][1]["actions"]
    assert {a["name"]: a["runOrder"] for a in actions} == {f"Deploy-{EU}": 1, "Smoke": 2, f"Deploy-{US}": 3}


def test_what_a_job_waits_before_it_deploys_goes_with_it(tmp_path: Path) -> None:
    """It is no part of what stands outside of the regions."""
    first = job("eu", EU).replace("    steps:\n", "    steps:\n      - run: ./wait-for-others.sh\n")
    path = workflow(tmp_path, first, job("us", US, "eu"))
    moved(path, US, EU)
    assert needs(path) == {"us": set(), "eu": {"us"}}


@pytest.mark.parametrize("ending", [".yaml", ".json"])
def test_buckets_of_regions_are_no_lines_left_behind(tmp_path: Path, ending: str) -> None:
    """A pipeline has an artifact store for each region, whatever the waves."""
    plan = Plan(waves=[{"regions": [EU]}, {"regions": [US]}], on_alarm="halt")
    path = tmp_path / f"pipeline{ending}"
    write(plan, path, to="codepipeline", target=Target(connection=CONNECTION))
    told = [f.line for f in moved(path, US, EU).findings if f.rule == "left-behind"]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert told and not any("artifacts-" in " ".join(lines[n - 2 : n + 4]) for n in told)


REGIONS = [EU, US, AP, "sa-east-1", "ca-central-1"]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, list[str]], list[list[str]]]:
    """Jobs and what they need: builds, regions in waves, tests of single regions, what stands between waves."""
    regions = draw(st.permutations(REGIONS).map(lambda found: found[: draw(st.integers(2, 5))]))
    found: dict[str, list[str]] = {"build": [], "lint": [], "pack": ["build"]}
    last: list[str] = []
    for w, wave in enumerate(draw(_cut(regions))):
        ends = []
        for region in wave:
            free = draw(st.lists(st.sampled_from(["build", "lint", "pack"]), unique=True, max_size=2))
            found[region] = [*(last or ["build"]), *(n for n in free if last or n != "build")]
            ends.append(region)
            if draw(st.booleans()):
                found[f"test-{region}"] = [region]
                ends[-1] = f"test-{region}"
        last = ends
        if draw(st.booleans()):
            found[f"between-{w}"], last = last, [f"between-{w}"]
    return found, draw(_cut(draw(st.permutations(regions))))


@st.composite
def _cut(draw: st.DrawFn, regions: Any) -> list[list[str]]:
    ends = sorted(draw(st.sets(st.integers(1, len(regions) - 1))) | {0, len(regions)})
    return [list(regions[a:b]) for a, b in zip(ends, ends[1:], strict=False)]


def above(direct: Mapping[str, set[str]], name: str) -> set[str]:
    return direct[name].union(*(above(direct, before) for before in direct[name]))


@QUIET
@given(drawn=graphs())
def test_whatever_moves_nothing_is_lost(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    """By a plain reader: regions in the plan's order, no less of what is outside of them, no name of nobody."""
    jobs, waves = drawn
    path = workflow(tmp_path_factory.getbasetemp(), *(job(n, n if n in REGIONS else "", *ns) for n, ns in jobs.items()))
    before = needs(path)
    regions = {region for wave in waves for region in wave}
    outside = {n for n in before if n not in regions and not above(before, n) & regions}
    text = path.read_text(encoding="utf-8")
    moved(path, *(" ".join(wave) for wave in waves))
    after = needs(path)
    assert after.keys() == before.keys() and set().union(*after.values()) <= after.keys()
    for w, wave in enumerate(waves):
        earlier = {region for other in waves[:w] for region in other}
        assert all(above(after, region) & regions == earlier for region in wave)
    assert all(above(after, n) >= above(before, n) & outside for n in after)
    ordering = re.compile(r"    needs: .*")
    plain = [sorted(line for line in t.splitlines() if not ordering.fullmatch(line)) for t in (text, path.read_text())]
    assert plain[0] == plain[1]
