"""Whatever a system can say of a plan is written, checked, and read back as the same plan; the rest is never lost."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from waves import SYSTEMS, InputError, Plan, Target, Wave, check, write, write_pipeline
from waves.files.documents import parse_yaml

DATA = Path(__file__).parents[3] / "data"
CONNECTION = "arn:aws:codeconnections:us-east-1:111122223333:connection/0f1e"
REGIONS = [f"{area}-{side}-{n}" for area in ("us", "eu", "ap") for side in ("east", "west", "north") for n in (1, 2)]
EXAMPLES = [Plan.read_pipeline(path) for path in sorted((DATA / "workflows").glob("*.yaml"))]
# The minutes that every system can say; names that none has to change.
BAKES = st.sampled_from([0.0, 1.0, 30.0, 450.0, 1000.0])
NAMES = st.none() | st.from_regex(r"[A-Z][a-z]{0,6}-[0-9]", fullmatch=True)


@st.composite
def plans(draw: st.DrawFn, *, limits: bool = False, fractions: bool = False, most: int = 9) -> Plan:
    """A plan that a system can say: with limits and parts of minutes only where it has them."""
    regions = draw(st.lists(st.sampled_from(REGIONS), min_size=1, max_size=most, unique=True))
    bakes = st.floats(0, 900).map(float) if fractions else BAKES
    waves, names = [], set()
    while regions:
        here, regions = regions[: (n := draw(st.integers(1, len(regions))))], regions[n:]
        name = draw(NAMES)
        name = None if name in names else name
        names.add(name)
        limit = draw(st.none() | st.integers(1, n - 1)) if limits and n > 1 else None
        fields = {"name": name, "bake_minutes": draw(bakes), "approval": draw(st.booleans()), "max_parallel": limit}
        waves.append(Wave(regions=tuple(here), **fields))
    flat = [region for wave in waves for region in wave.regions]
    green = draw(st.sets(st.sampled_from(flat)))
    how: dict[str, Any] = {"strategies": dict.fromkeys(sorted(green), "blue_green")}
    if len(green) == len(flat):
        how = {"strategy": "blue_green"}
    return Plan(name=draw(st.sampled_from(["shop", "web-2"])), waves=tuple(waves), **how)


@st.composite
def targets(draw: st.DrawFn) -> Target:
    """Whatever may be deployed: one task definition or one a region, one copy of the image or many, own builds."""
    return Target(
        task_definition=draw(st.sampled_from(["task.json", "deploy/{region}.json"])),
        replicated=draw(st.booleans()),
        primary=draw(st.sampled_from(["", "us-east-1"])),
        builds=dict.fromkeys(draw(st.sets(st.sampled_from(REGIONS[:4]))), "make assets"),
        connection=CONNECTION,
    )


def named(plan: Plan) -> Plan:
    """The plan with the names that its waves are given where they have none."""
    waves = (wave.model_copy(update={"name": wave.name or f"wave-{w + 1}"}) for w, wave in enumerate(plan.waves))
    return plan.model_copy(update={"waves": tuple(waves)})


def common(plan: Plan) -> dict[str, Any]:
    """What all systems say; on_alarm is CodePipeline's alone."""
    return {key: value for key, value in named(plan).model_dump().items() if key != "on_alarm"}


def again(plan: Plan, system: str, target: Target, ending: str, folder: Path) -> Plan:
    """Write it, check it without an error, and read it back."""
    path = folder / f"pipeline{ending}"
    target = replace(target, builds={region: line for region, line in target.builds.items() if region in plan.regions})
    write(plan, path, to=system, target=target)
    assert [f for f in check(path, as_plan=True) if f.severity == "error"] == []
    return Plan.read_pipeline(path)


LAW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@LAW
@given(plan=plans(fractions=True, most=6), target=targets())
@example(plan=EXAMPLES[0], target=Target())
@example(plan=EXAMPLES[1], target=Target(replicated=True))
def test_codecatalyst(tmp_path_factory: pytest.TempPathFactory, plan: Plan, target: Target) -> None:
    """Parts of minutes come back to the last digit, bakes of several tests as their sum."""
    read = again(plan, "codecatalyst", target, ".yaml", tmp_path_factory.getbasetemp())
    assert common(read) == common(plan)


@LAW
@given(plan=plans(limits=True, fractions=True), target=targets())
@example(plan=EXAMPLES[0], target=Target())
@example(plan=EXAMPLES[1], target=Target(replicated=True))
def test_github_actions(tmp_path_factory: pytest.TempPathFactory, plan: Plan, target: Target) -> None:
    """Limits of what deploys at once come back, too."""
    read = again(plan, "github-actions", target, ".yml", tmp_path_factory.getbasetemp())
    assert common(read) == common(plan)


@LAW
@given(plan=plans(), target=targets(), retries=st.integers(0, 1), after=st.sampled_from(["stop", "rollback_all"]))
@example(plan=EXAMPLES[0], target=Target(), retries=0, after="stop")
@example(plan=EXAMPLES[1], target=Target(replicated=True), retries=1, after="stop")
def test_codepipeline(
    tmp_path_factory: pytest.TempPathFactory, plan: Plan, target: Target, retries: int, after: str
) -> None:
    """What follows a failure comes back: one retry, or going back."""
    plan = plan.model_copy(update={"retries": retries if after == "stop" else 0, "on_deploy_failure": after})
    read = again(plan, "codepipeline", target, ".yaml", tmp_path_factory.getbasetemp())
    assert common(read) == common(plan)


CALENDARS = st.fixed_dictionaries(
    {"zone": st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])},
    optional={
        "days": st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1, max_size=6).map(
            lambda days: [day for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun") if day in days]
        ),
        "hours": st.sampled_from([["09:00", "17:00"], ["00:00", "12:00"], ["22:00", "24:00"]]),
    },
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    plan=plans(most=5),
    calendars=st.lists(st.none() | st.just("none") | CALENDARS, min_size=5, max_size=5),
    whole=st.none() | CALENDARS,
    on_alarm=st.sampled_from(["halt", "rollback_wave"]),
    timeout=st.none() | st.integers(1, 60).map(float),
)
def test_calendars_and_what_follows_an_alarm_in_codepipeline(
    tmp_path_factory: pytest.TempPathFactory,
    plan: Plan,
    calendars: list[Any],
    whole: Any,
    on_alarm: str,
    timeout: float | None,
) -> None:
    """When each wave may start comes back, whoever says it: the plan for all, or the wave for itself."""
    waves = [wave.model_dump() | {"calendar": own} for wave, own in zip(plan.waves, calendars, strict=False)]
    fields = {"waves": waves, "calendar": whole, "on_alarm": on_alarm, "deploy_timeout_minutes": timeout}
    plan = Plan.model_validate(plan.model_dump() | fields | {"strategy": "rolling", "strategies": {}})
    read = again(plan, "codepipeline", Target(), ".yaml", tmp_path_factory.getbasetemp())
    assert read.calendars == plan.calendars
    assert (read.on_alarm, read.deploy_timeout_minutes) == (on_alarm, timeout)


ANY_CALENDAR = CALENDARS | st.fixed_dictionaries(
    {"zone": st.sampled_from(["region", "UTC"]), "hours": st.sampled_from([["22:30", "04:00"], ["09:00", "17:00"]])},
    optional={"freezes": st.just([{"from": "2026-12-20", "to": "2027-01-07"}])},
)
STRATEGIES = st.sampled_from(["rolling", "blue_green", {"steps": [[10, 5.0], [50, 2.5]]}])
WHATEVER: dict[str, st.SearchStrategy[Any]] = {
    "calendar": ANY_CALENDAR,
    "strategy": STRATEGIES,
    "retries": st.integers(0, 3),
    "on_deploy_failure": st.sampled_from(["stop", "rollback_all"]),
    "on_alarm": st.sampled_from(["rollback_all", "rollback_wave", "rollback_region", "halt"]),
    "max_failed_regions": st.sampled_from([0, 2, "25%"]),
    "deploy_timeout_minutes": st.none() | st.sampled_from([0.5, 4.0, 30.0, 61.0, 400.0]),
}
OF_WAVES: dict[str, st.SearchStrategy[Any]] = {
    "bake_minutes": st.floats(0, 700),
    "bake_requests": st.sampled_from([0.0, 0.0, 0.0, 10.0]),
    "max_parallel": st.none() | st.sampled_from([1, 2, "1%", "50%", "100%"]),
    "approval": st.booleans(),
    "calendar": st.none() | st.just("none") | ANY_CALENDAR,
    "name": NAMES | st.sampled_from(["beta wave", "Source", "wave 2: the \u00e9lite"]),
}


@st.composite
def whole_plans(draw: st.DrawFn) -> Plan:
    """A plan with any of its fields, sayable or not."""
    waves, plan = [], draw(plans(most=5))
    for wave in plan.waves:
        fields = {key: draw(of) for key, of in OF_WAVES.items() if draw(st.integers(0, 3)) == 0}
        waves.append({**wave.model_dump(), **fields})
    fields = {key: draw(of) for key, of in WHATEVER.items() if draw(st.integers(0, 2)) == 0}
    return Plan.model_validate({**plan.model_dump(), **fields, "waves": waves, "strategies": draw(_strategies(plan))})


@st.composite
def _strategies(draw: st.DrawFn, plan: Plan) -> dict[str, Any]:
    return {region: draw(STRATEGIES) for region in draw(st.sets(st.sampled_from(plan.regions)))}


SPOKEN = {
    "name": "name",
    "bake_minutes": "bakes",
    "max_parallel": "at once",
    "strategy": "in steps",
    "strategies": "in steps",
    "retries": "tried again",
    "on_deploy_failure": "after a failed deployment",
    "on_alarm": "on an alarm",
    "max_failed_regions": "max_failed_regions",
    "deploy_timeout_minutes": "counts as failed",
}


@pytest.mark.parametrize(
    ("system", "ending"), [("codecatalyst", ".yaml"), ("codepipeline", ".yaml"), ("github-actions", ".yml")]
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=whole_plans(), target=targets())
def test_any_plan_comes_back_or_is_told(
    tmp_path_factory: pytest.TempPathFactory, system: str, ending: str, plan: Plan, target: Target
) -> None:
    """Refused with a reason; or read back as it was, but for what a comment says."""
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    target = replace(target, builds={region: line for region, line in target.builds.items() if region in plan.regions})
    try:
        written = write(plan, path, to=system, target=target)
    except InputError as error:
        assert all(finding.rule in ("cannot-say", "too-many") for finding in error.findings)
        return
    read = Plan.read_pipeline(path)
    assert [(w.regions, w.approval) for w in read.waves] == [(w.regions, w.approval) for w in plan.waves]
    told = " ".join(written.said.remarks)
    changed = different(named(plan), read)
    assert {key for key in changed if SPOKEN.get(key, "\0") not in told} == set()
    comments = re.sub(r"\n# *", " ", path.read_text(encoding="utf-8"))
    assert all(
        " ".join(remark.split())[:60].encode("unicode_escape").decode() in comments for remark in written.said.remarks
    )


def different(plan: Plan, read: Plan) -> set[str]:
    """The fields in which two plans differ; windows as they hold for each wave, limits as numbers of regions."""
    one, other = plan.model_dump(), read.model_dump()
    fields = {
        key for key in one if key not in ("waves", "calendar", "strategy", "strategies") and one[key] != other[key]
    }
    for wave, again in zip(plan.waves, read.waves, strict=True):
        fields |= {
            key for key in ("name", "bake_minutes", "bake_requests") if getattr(wave, key) != getattr(again, key)
        }
        fields |= {"max_parallel"} if wave.at_once != again.at_once else set()
    fields |= {"calendar"} if plan.calendars != read.calendars else set()
    return fields | ({"strategy"} if any(plan.strategy_of(r) != read.strategy_of(r) for r in plan.regions) else set())


API = botocore.session.get_session().get_service_model("codepipeline").operation_model("UpdatePipeline").input_shape


@settings(max_examples=10, deadline=None)
@given(plan=plans(), target=targets())
def test_the_json_of_codepipeline_is_what_aws_takes(plan: Plan, target: Target) -> None:
    """By botocore's own model of `update-pipeline`; and it is the same plan as the template."""
    plan = sayable(plan)
    target = replace(target, builds={})
    text = write_pipeline(plan, "codepipeline", target, as_json=True).text
    assert ParamValidator().validate(json.loads(text), API).generate_report() == ""
    assert all(len(line) <= 1000 for line in commands(json.loads(text)))


def sayable(plan: Plan) -> Plan:
    """The plan as CodePipeline can say it: it has no roll-back of all waves."""
    return plan.model_copy(update={"on_alarm": "halt"})


def commands(tree: Any) -> list[str]:
    """Every command of a pipeline; the API reference allows each 1,000 characters."""
    return [c for stage in tree["pipeline"]["stages"] for a in stage["actions"] for c in a.get("commands", [])]


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_goes_on_before_a_service_is_stable(system: str) -> None:
    """A step waits for it, or the deploying action does: CodePipeline's ECS action, by its reference."""
    plan = EXAMPLES[0]
    text = write_pipeline(plan, system, Target(service="web", cluster="shop")).text
    waits = {
        "codecatalyst": "aws ecs wait services-stable --region {} --cluster shop --services web",
        "github-actions": "wait-for-service-stability: true",
        "codepipeline": "Region: {}\n              ActionTypeId:\n                Category: Deploy\n"
        "                Owner: AWS\n                Provider: ECS\n",
    }
    assert all(waits[system].format(region) in text for region in plan.regions)


UNSAID = [
    ({"retries": 3}, "tried again 3 times"),
    ({"strategy": {"steps": [(10, 5.0)]}}, "10 % for 5 minutes"),
    ({"name": "a plan: with #words"}, "a plan: with #words"),
]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("fields", "words"), UNSAID, ids=["retries", "steps", "name"])
def test_what_cannot_be_said_stands_in_a_comment(system: str, fields: dict[str, Any], words: str) -> None:
    """In the file as a comment that YAML ignores, or in what it says itself; never nowhere."""
    plan = Plan.model_validate(EXAMPLES[1].model_dump() | fields)
    written = write_pipeline(plan, system, Target())
    said = parse_yaml(written.text, dialect=SYSTEMS[system].dialect).value
    comments = " ".join(re.findall(r"^# *(.*)$", written.text, re.MULTILINE))
    assert words in comments or words in json.dumps(said)
    assert (words in comments) == any(words in remark for remark in written.said.remarks) or "name" in fields


@pytest.mark.parametrize(
    ("system", "fields", "words"),
    [
        ("codecatalyst", {"max_parallel": 1}, "wave 3 deploys at most 1 of its 3 regions at once"),
        ("codepipeline", {"max_parallel": 1}, "wave 3 deploys at most 1 of its 3 regions at once"),
        ("codecatalyst", {"bake_requests": 10.0}, "bakes until 10 requests are served"),
        ("github-actions", {"bake_requests": 10.0}, "bakes until 10 requests are served"),
        ("codecatalyst", {"bake_minutes": 1e6}, "CodeCatalyst waits at most 22500"),
        ("codecatalyst", {"bake_minutes": 22000.0}, "the workflow would have"),
        ("github-actions", {"bake_minutes": 1e6}, "GitHub Actions waits at most 50400"),
        ("codepipeline", {"bake_minutes": 1e6}, "CodePipeline waits at most 86400"),
        ("codepipeline", {"regions": ["cell-one"]}, "region 'cell-one' is no AWS region"),
    ],
)
def test_what_would_deploy_more_or_sooner_is_refused(system: str, fields: dict[str, Any], words: str) -> None:
    """With the plan's own line where it was read from a file."""
    *rest, last = EXAMPLES[0].waves if len(EXAMPLES[0].waves) == 3 else EXAMPLES[1].waves
    plan = EXAMPLES[0].model_copy(update={"waves": (*rest, Wave(**(last.model_dump() | fields)))})
    with pytest.raises(InputError) as caught:
        write_pipeline(plan, system, Target())
    assert words in str(caught.value)


def test_json_has_no_comments_and_so_refuses_what_it_cannot_say() -> None:
    """The template keeps it."""
    plan = sayable(EXAMPLES[0]).model_copy(update={"retries": 3})
    with pytest.raises(InputError, match="JSON has no comments"):
        write_pipeline(plan, "codepipeline", Target(connection=CONNECTION), as_json=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", "a b"),
        ("account", "1234"),
        ("task_definition", "x; rm -rf /"),
        ("repository", "Upper"),
        ("source", "no-slash"),
        ("alarm", "a b"),
        ("builds", {"us-east-1": "two\nlines"}),
        ("connection", "arn"),
        ("primary", "Ohio"),
        ("task_definition", "{stage}.json"),
    ],
)
def test_a_target_that_no_pipeline_could_have_is_refused(field: str, value: Any) -> None:
    """Names go into shell lines and templates: nothing else than names."""
    with pytest.raises(ValueError, match=r"is .*; give"):
        Target(**{field: value})


# For each row of the table in docs/pipelines.md, plans that have that field, one at the edge of what a system can say.
ROWS: dict[str, list[dict[str, Any]]] = {
    "waves, regions, their order": [{}],
    "`bake_minutes`": [{"wave": {"bake_minutes": 45.0}}],
    "`approval`": [{"wave": {"approval": True}}],
    "`strategy: blue_green`": [{"strategy": "blue_green"}],
    "`strategy: {steps: …}`": [{"strategy": {"steps": [(10, 5.0)]}}],
    "`max_parallel`": [{"wave": {"max_parallel": 1}}],
    "`bake_requests`": [{"wave": {"bake_requests": 5.0}}],
    "`retries`": [{"retries": 1}],
    "`on_deploy_failure: rollback_all`": [{"on_deploy_failure": "rollback_all"}],
    "`on_alarm: rollback_wave`": [{"on_alarm": "rollback_wave"}],
    "`on_alarm: halt`": [{"on_alarm": "halt"}],
    "`on_alarm: rollback_region`": [{"on_alarm": "rollback_region"}],
    "`max_failed_regions`": [{"max_failed_regions": 2}],
    "`deploy_timeout_minutes`": [{"deploy_timeout_minutes": 5.0}, {"deploy_timeout_minutes": 60.0}],
    "`calendar`": [{"calendar": {"zone": "Europe/Berlin", "days": ["mon", "fri"], "hours": ["09:00", "17:00"]}}],
}
PAGE = (DATA.parent / "docs" / "pipelines.md").read_text(encoding="utf-8")
TABLE = {name: cells.split(" | ") for name, cells in re.findall(r"^\| (.+?) \| (\w.+ \| .+) \|$", PAGE, re.MULTILINE)}


def outcome(plan: Plan, system: str, key: str) -> str:
    """What becomes of a field: yes, comment or refused."""
    try:
        written = write_pipeline(plan, system, Target())
    except InputError:
        return "refused"
    remarks = [r for r in written.said.remarks if key == "on_alarm" or "on an alarm" not in r]
    return "comment" if remarks else "yes"


def test_the_table_in_the_docs_is_what_the_writers_do() -> None:
    """Each row and each system, for the fields that plans have."""
    assert list(TABLE)[0] == "Of the plan" and set(ROWS) == set(TABLE) - {"Of the plan"}
    for row, variants in ROWS.items():
        for fields in variants:
            last = Wave(regions=("eu-west-1", "eu-north-1"), **fields.get("wave", {}))
            rest = {key: value for key, value in fields.items() if key != "wave"}
            plan = Plan(name="shop", waves=(Wave(regions=("us-east-1",)), last), **rest)
            told = [re.match(r"yes|comment|refused", cell) for cell in TABLE[row]]
            done = [outcome(plan, system, next(iter(rest), "")) for system in SYSTEMS]
            assert [match and match[0] for match in told] == done, row
