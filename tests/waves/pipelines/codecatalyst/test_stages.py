"""Rules of `Workflow.stages`: how waves, bakes and approvals are made of a workflow."""

import math
from pathlib import Path
from typing import Any

import pytest

from tests.waves.pipelines.codecatalyst.workflows import (
    ENVIRONMENT,
    Tree,
    build,
    deploy,
    gate,
    group,
    odd,
    refusals,
    wait,
    waves,
    workflow,
)
from waves.files.documents import InputError
from waves.pipelines.codecatalyst import check

# --- waves


def test_groups_in_order_are_waves_without_a_bake(tmp_path: Path) -> None:
    """Where no test stands, the bake is truly 0."""
    one, two = group({"A": deploy("us-east-1")}), group({"B": deploy("eu-west-1"), "C": deploy("eu-north-1")}, "One")
    read = workflow(tmp_path, {"One": one, "Two": two})
    assert waves(read) == [("us-east-1", 0.0, False), ("eu-west-1 eu-north-1", 0.0, False)]
    assert odd(read) == []


def test_regions_keep_the_order_of_the_file(tmp_path: Path) -> None:
    """Also where the waves stand in the file the other way round."""
    actions = {"Z": deploy("us-west-2", "A"), "Y": deploy("ap-south-1", "A"), "A": deploy("us-east-1")}
    assert [regions for regions, *_ in waves(workflow(tmp_path, actions))] == ["us-east-1", "us-west-2 ap-south-1"]


def test_actions_of_a_group_may_wait_for_each_other(tmp_path: Path) -> None:
    """Render and deploy in one group are one wave, even where one region renders and the other does not."""
    one = group({"Render": build(), "A": deploy("us-east-1", "Render"), "B": deploy("us-west-2")})
    read = workflow(tmp_path, {"One": one, "Two": group({"C": deploy("eu-west-1")}, "One")})
    assert [regions for regions, *_ in waves(read)] == ["us-east-1 us-west-2", "eu-west-1"]
    assert odd(read) == []


def test_services_of_a_region_one_after_the_other_are_one_region(tmp_path: Path) -> None:
    """The region is in the wave once; both deployments are among its actions."""
    one = group({"Api": deploy("us-east-1", service="api"), "Web": deploy("us-east-1", "Api")})
    read = workflow(tmp_path, {"One": one, "Two": group({"C": deploy("eu-west-1")}, "One")})
    assert [(s.regions, s.actions) for s in read.stages()] == [
        (("us-east-1",), ("One/Api", "One/Web")),
        (("eu-west-1",), ("Two/C",)),
    ]
    assert odd(read) == []


def test_services_in_turns_over_the_same_regions_are_one_wave(tmp_path: Path) -> None:
    """First one service everywhere, then the other: each region's deployment spans both, and that is said."""
    one = group({"A1": deploy("us-east-1"), "B1": deploy("eu-west-1")})
    two = group({"A2": deploy("us-east-1", service="api"), "B2": deploy("eu-west-1", service="api")}, "One")
    read = workflow(tmp_path, {"One": one, "Two": two, "End": deploy("us-west-2", "Two")})
    assert [regions for regions, *_ in waves(read)] == ["us-east-1 eu-west-1", "us-west-2"]
    assert odd(read) == ["us-east-1 and eu-west-1 are deployed in turns; they are taken as one wave"]


def test_a_test_between_two_stacks_of_a_region_is_part_of_its_deployment(tmp_path: Path) -> None:
    """Back end, integration test, front end: one wave, and nobody is asked how long the test in it takes."""
    actions = {"Back": deploy("eu-west-1"), "Integ": wait(None, "Back"), "Front": deploy("eu-west-1", "Integ")}
    read = workflow(tmp_path, actions)
    assert [(s.regions, s.actions) for s in read.stages()] == [(("eu-west-1",), ("Back", "Front"))]
    assert read.findings == ()


def test_two_waves_with_a_test_inside_each(tmp_path: Path) -> None:
    """What stands between stacks of one region belongs to its deployment, in the first wave as in the second."""
    one = {"Back1": deploy("eu-west-1"), "I1": wait(None, "Back1"), "Front1": deploy("eu-west-1", "I1")}
    two = {"Back2": deploy("us-east-1"), "I2": wait(None, "Back2"), "Front2": deploy("us-east-1", "I2")}
    read = workflow(tmp_path, {"W1": group(one), "W2": group(two, "W1")})
    assert [(s.name, *wave) for s, wave in zip(read.stages(), waves(read), strict=True)] == [
        ("W1", "eu-west-1", 0.0, False),
        ("W2", "us-east-1", 0.0, False),
    ]
    assert read.findings == ()


def test_an_approval_between_two_stacks_of_a_region_is_left_out(tmp_path: Path) -> None:
    """It stands in the middle of a wave, where the model has none; and that is said."""
    actions = {"Back": deploy("eu-west-1"), "Ok": gate("Back"), "Front": deploy("eu-west-1", "Ok")}
    read = workflow(tmp_path, actions)
    assert waves(read) == [("eu-west-1", 0.0, False)]
    assert odd(read) == ["the approval Ok stands in the middle of wave 1; the plan leaves it out"]


def test_a_region_in_two_waves_is_refused(tmp_path: Path) -> None:
    """The model allows each region once."""
    actions = {"A": deploy("us-east-1"), "B": deploy("eu-west-1", "A"), "C": deploy("us-east-1", "B")}
    what = "C deploys to us-east-1 in wave 3, A in wave 1; the model allows each region once"
    assert refusals(workflow(tmp_path, actions)) == [("region-in-two-waves", what)]


def test_a_diamond_is_three_waves(tmp_path: Path) -> None:
    """One, two beside each other, one."""
    actions = {"A": deploy("us-east-1"), "B": deploy("us-west-2", "A"), "C": deploy("eu-west-1", "A")}
    read = workflow(tmp_path, actions | {"D": deploy("eu-north-1", "B", "C")})
    assert [regions for regions, *_ in waves(read)] == ["us-east-1", "us-west-2 eu-west-1", "eu-north-1"]
    assert odd(read) == []


def test_a_region_that_does_not_wait_for_the_whole_wave_before_is_reported(tmp_path: Path) -> None:
    """Two chains beside each other: each second region may start while the other chain's first still runs."""
    actions = {"A": deploy("us-east-1"), "B": deploy("us-west-2", "A"), "C": deploy("eu-west-1")}
    read = workflow(tmp_path, actions | {"D": deploy("eu-north-1", "C")})
    assert [regions for regions, *_ in waves(read)] == ["us-east-1 eu-west-1", "us-west-2 eu-north-1"]
    tail = "of the wave before still runs; the plan takes them as two waves, one after the other"
    assert odd(read) == [
        f"B (us-west-2) may start while C (eu-west-1) {tail}",
        f"D (eu-north-1) may start while A (us-east-1) {tail}",
    ]


def test_the_warning_stands_at_the_late_region(tmp_path: Path) -> None:
    """Line and column are those of its action, and `check` gives the same warning."""
    actions = {"A": deploy("us-east-1"), "B": deploy("us-west-2"), "C": deploy("eu-west-1", "A")}
    read = workflow(tmp_path, actions)
    (found,) = read.findings
    (late,) = (action for action in read.actions if action.name == "C")
    assert (found.line, found.column, found.rule) == (late.line, late.column, "not-wave-shaped")
    assert check(read.path) == [found]


def test_names_of_waves_are_those_of_groups_or_of_the_only_deployment(tmp_path: Path) -> None:
    """Several deployments without a group, or of several groups, are `wave-2`; a second name gets a number."""
    actions = {
        "Only": deploy("us-east-1"),
        "B": deploy("us-west-2", "Only"),
        "C": deploy("eu-west-1", "Only"),
        "Last": group({"D": deploy("eu-north-1"), "E": deploy("ap-south-1", "D")}, "B", "C"),
    }
    assert [s.name for s in workflow(tmp_path, actions).stages()] == ["Only", "wave-2", "Last", "Last-4"]


def test_nothing_deployed_is_refused(tmp_path: Path) -> None:
    """A workflow can be read, but it makes no plan."""
    ((rule, message),) = refusals(workflow(tmp_path, {"A": build()}))
    assert rule == "no-deployment"
    assert "deploys to no region" in message


def test_a_region_not_stated_is_refused(tmp_path: Path) -> None:
    """CDK takes it from code, or a variable is filled at run time: each is named."""
    cdk = {"Identifier": "aws/cdk-deploy@v2", "Environment": ENVIRONMENT, "Configuration": {"StackName": "shop"}}
    read = workflow(tmp_path, {"A": cdk, "B": deploy("${Build.REGION}"), "C": deploy("us-east-1")})
    assert [rule for rule, _ in refusals(read)] == ["region-unknown", "region-unknown"]


# --- bakes


def test_a_hint_gives_the_bake_of_the_wave_before_it(tmp_path: Path) -> None:
    """A number or a text; the test after the last wave is that wave's bake."""
    actions = {"A": deploy("us-east-1"), "T": wait(45, "A"), "B": deploy("eu-west-1", "T"), "U": wait("7.5", "B")}
    assert waves(workflow(tmp_path, actions)) == [("us-east-1", 45.0, False), ("eu-west-1", 7.5, False)]


def test_bakes_in_a_row_add_up_and_beside_each_other_the_longest_counts(tmp_path: Path) -> None:
    """The bake is the longest way through the tests: 10 + 20, not 25, not 55."""
    actions = {
        "A": deploy("us-east-1"),
        "T1": wait(10, "A"),
        "T2": wait(20, "T1"),
        "T3": wait(25, "A"),
        "B": deploy("eu-west-1", "T2", "T3"),
    }
    assert waves(workflow(tmp_path, actions))[0] == ("us-east-1", 30.0, False)


def test_a_test_without_minutes_is_refused_with_both_remedies(tmp_path: Path) -> None:
    """Never a guess: the action, its line, the hint and the caller's way are named; all such tests at once."""
    actions = {"A": deploy("us-east-1"), "T": wait(None, "A"), "B": deploy("eu-west-1", "T"), "U": wait(None, "B")}
    read = workflow(tmp_path, actions)
    with pytest.raises(InputError) as caught:
        read.stages()
    first, second = caught.value.findings
    (test,) = (action for action in read.actions if action.name == "T")
    assert (first.line, first.rule) == (test.line, "bake-unknown")
    for part in ("T (aws/managed-test@v1)", "between A and B", "BAKE_MINUTES", "bake_minutes=", "--bake-minutes"):
        assert part in first.message
    assert "U (aws/managed-test@v1) stands after B" in second.message


def test_a_notification_is_no_bake_of_unknown_length(tmp_path: Path) -> None:
    """Between waves the warning names it, and after the last wave, too; the bakes are 0 minutes."""
    actions = {"A": deploy("us-east-1"), "Tell": build("A"), "B": deploy("eu-west-1", "Tell"), "Tag": build("B")}
    read = workflow(tmp_path, actions)
    assert waves(read) == [("us-east-1", 0.0, False), ("eu-west-1", 0.0, False)]
    assert [(f.rule, f.severity, f.message) for f in read.findings] == [
        (
            *("bake-left-out", "warning"),
            "Tell (aws/build@v1) stands between waves and counts as no bake; "
            "if it waits, give it a BAKE_MINUTES variable",
        ),
        (
            *("bake-left-out", "warning"),
            "Tag (aws/build@v1) stands after the last wave and counts as no bake, 0 minutes; "
            "if it waits, give it a BAKE_MINUTES variable",
        ),
    ]


def test_a_build_with_the_hint_is_a_bake(tmp_path: Path) -> None:
    """Whatever waits and says so counts; a hint that nothing comes of is named."""
    actions = {
        "Early": build(minutes=3),
        "A": deploy("us-east-1", "Early"),
        "Look": build("A", minutes=20),
        "B": deploy("eu-west-1", "Look"),
        "Inner": build("B", minutes=4),
        "C": deploy("eu-west-1", "Inner"),
    }
    read = workflow(tmp_path, actions)
    assert waves(read) == [("us-east-1", 20.0, False), ("eu-west-1", 0.0, False)]
    assert [f.message for f in read.findings if f.rule == "hint-without-effect"] == [
        "BAKE_MINUTES of Early has no effect; no wave comes before it",
        "BAKE_MINUTES of Inner has no effect; "
        "what stands between stacks of one region is part of that region's deployment",
    ]


def test_another_action_with_the_hint_is_a_bake_and_without_it_is_warned_of(tmp_path: Path) -> None:
    """A Lambda call between waves may wait; nobody can know."""
    call: Tree = {"Identifier": "aws/lambda-invoke@v1", "Environment": ENVIRONMENT, "DependsOn": ["A"]}
    call |= {"Configuration": {"Function": "wait"}}
    actions = {"A": deploy("us-east-1"), "Call": call, "B": deploy("eu-west-1", "Call")}
    read = workflow(tmp_path, actions)
    assert waves(read)[0] == ("us-east-1", 0.0, False)
    assert [f.rule for f in read.findings] == ["bake-left-out"]
    call["Inputs"] = {"Variables": [{"Name": "BAKE_MINUTES", "Value": "15"}]}
    read = workflow(tmp_path, actions)
    assert waves(read)[0] == ("us-east-1", 15.0, False)
    assert read.findings == ()


def test_a_test_that_nobody_waits_for_is_no_bake(tmp_path: Path) -> None:
    """It runs beside the next wave, and that is said."""
    actions = {"A": deploy("us-east-1"), "T": wait(None, "A"), "B": deploy("eu-west-1", "A")}
    read = workflow(tmp_path, actions)
    assert waves(read) == [("us-east-1", 0.0, False), ("eu-west-1", 0.0, False)]
    assert odd(read) == ["no wave waits for T; the plan counts it as no bake"]


def test_a_region_that_does_not_wait_for_the_test_is_reported(tmp_path: Path) -> None:
    """The plan bakes the whole wave."""
    actions = {
        "A": deploy("us-east-1"),
        "T": wait(5, "A"),
        "B": deploy("eu-west-1", "T"),
        "C": deploy("eu-north-1", "A"),
    }
    read = workflow(tmp_path, actions)
    assert waves(read) == [("us-east-1", 5.0, False), ("eu-west-1 eu-north-1", 0.0, False)]
    assert odd(read) == ["C (eu-north-1) does not wait for T; the plan bakes the whole wave"]


CHAIN = {"A": deploy("us-east-1"), "T": wait(10, "A"), "B": deploy("eu-west-1", "T"), "C": deploy("eu-north-1", "B")}


@pytest.mark.parametrize(
    ("given", "bakes"),
    [
        (None, [10.0, 0.0, 0.0]),
        (30, [30.0, 30.0, 30.0]),
        (0, [0.0, 0.0, 0.0]),
        ([1, 2.5, 3], [1.0, 2.5, 3.0]),
        ({"B": 20}, [10.0, 20.0, 0.0]),
        ({"A": 0}, [0.0, 0.0, 0.0]),
    ],
)
def test_the_callers_minutes_come_before_the_hints(tmp_path: Path, given: Any, bakes: list[float]) -> None:
    """One number for every wave, one a wave, or by name with hints for the rest."""
    assert [s.bake_minutes for s in workflow(tmp_path, CHAIN).stages(given)] == bakes


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ([1, 2], "has 2 numbers, but the workflow 3 waves"),
        ({"a": 1}, "names the wave 'a', which the workflow does not have; did you mean 'A'?"),
        (-1, "bake_minutes of every wave is -1"),
        ([1, math.nan, 3], "bake_minutes of B is nan"),
        ({"C": math.inf}, "bake_minutes of C is inf"),
        ("30", "bake_minutes of every wave is '30'"),
        (True, "bake_minutes of every wave is true"),
    ],
)
def test_minutes_that_do_not_fit_are_refused(tmp_path: Path, given: Any, part: str) -> None:
    """Too few, unknown names, negative, not finite, not numbers."""
    ((rule, message),) = refusals(workflow(tmp_path, CHAIN), given)
    assert rule == "bake-minutes"
    assert part in message


def test_the_callers_minutes_stand_in_for_a_missing_hint(tmp_path: Path) -> None:
    """By name only the named wave is settled."""
    actions = {"A": deploy("us-east-1"), "T": wait(None, "A"), "B": deploy("eu-west-1", "T"), "U": wait(None, "B")}
    read = workflow(tmp_path, actions)
    assert [s.bake_minutes for s in read.stages({"A": 5, "B": 6})] == [5.0, 6.0]
    assert [rule for rule, _ in refusals(read, {"A": 5})] == ["bake-unknown"]


# --- approvals


def test_an_approval_stands_before_the_wave_that_waits_for_it(tmp_path: Path) -> None:
    """Also before the first wave."""
    actions = {"G": gate(), "A": deploy("us-east-1", "G"), "B": deploy("eu-west-1", "A")}
    assert waves(workflow(tmp_path, actions)) == [("us-east-1", 0.0, True), ("eu-west-1", 0.0, False)]
    actions = {"A": deploy("us-east-1"), "G": gate("A"), "B": deploy("eu-west-1", "G")}
    assert waves(workflow(tmp_path, actions)) == [("us-east-1", 0.0, False), ("eu-west-1", 0.0, True)]


def test_an_approval_that_gates_only_part_of_a_wave_is_reported(tmp_path: Path) -> None:
    """The plan gates the whole wave."""
    actions = {"A": deploy("us-east-1"), "G": gate("A"), "B": deploy("eu-west-1", "G"), "C": deploy("eu-north-1", "A")}
    read = workflow(tmp_path, actions)
    assert waves(read)[1] == ("eu-west-1 eu-north-1", 0.0, True)
    assert odd(read) == ["C (eu-north-1) does not wait for the approval G; the plan gates the whole wave"]


def test_an_approval_of_one_of_two_regions_beside_each_other_is_reported(tmp_path: Path) -> None:
    """There is one wave, and one of its regions is not gated."""
    read = workflow(tmp_path, {"G": gate(), "A": deploy("us-east-1", "G"), "B": deploy("eu-west-1")})
    assert waves(read) == [("us-east-1 eu-west-1", 0.0, True)]
    assert odd(read) == ["B (eu-west-1) does not wait for the approval G; the plan gates the whole wave"]


def test_an_approval_asked_for_while_a_wave_runs_is_reported(tmp_path: Path) -> None:
    """The plan asks when the wave has ended."""
    actions = {"A": deploy("us-east-1"), "G": gate(), "B": deploy("eu-west-1", "G", "A")}
    read = workflow(tmp_path, actions)
    assert waves(read) == [("us-east-1", 0.0, False), ("eu-west-1", 0.0, True)]
    assert odd(read) == ["the approval G may be asked for while A (us-east-1) still runs; the plan asks after the wave"]


def test_an_approval_after_the_last_wave_is_left_out(tmp_path: Path) -> None:
    """And that is said."""
    actions = {"A": deploy("us-east-1"), "B": deploy("eu-west-1", "A"), "G": gate("B")}
    read = workflow(tmp_path, actions)
    assert [approval for *_, approval in waves(read)] == [False, False]
    assert odd(read) == ["no deployment waits for the approval G; the plan leaves it out"]


def test_two_approvals_before_a_wave_are_one(tmp_path: Path) -> None:
    """And that is said at the second."""
    actions = {"A": deploy("us-east-1"), "G": gate("A"), "H": gate("G"), "B": deploy("eu-west-1", "H")}
    read = workflow(tmp_path, actions)
    assert waves(read)[1] == ("eu-west-1", 0.0, True)
    assert odd(read) == ["wave 2 has several approvals before it; the plan takes them as one"]


# --- what keeps a workflow from being a plan

HINDRANCES: dict[str, tuple[Tree, str]] = {
    "no-deployment": ({"A": build()}, "deploys to no region"),
    "region-unknown": ({"A": deploy("${Secrets.R}")}, "give it with --region-of A=REGION"),
    "region-in-two-waves": (
        {"A": deploy("us-east-1"), "B": deploy("eu-west-1", "A"), "C": deploy("us-east-1", "B")},
        "the model allows each region once",
    ),
    "bake-unknown": ({"A": deploy("us-east-1"), "T": wait(None, "A")}, "BAKE_MINUTES"),
}


@pytest.mark.parametrize("rule", HINDRANCES)
def test_what_run_refuses_check_reports(tmp_path: Path, rule: str) -> None:
    """A warning, since a workflow need not be a plan; an error where it has to be one, in the same words."""
    actions, part = HINDRANCES[rule]
    read = workflow(tmp_path, actions)
    for as_plan, severity in ((False, "warning"), (True, "error")):
        (found,) = (f for f in check(read.path, as_plan=as_plan) if f.rule == rule)
        assert (found.severity, found.message) == (severity, dict(refusals(read))[rule])
        assert part in found.message


def test_minutes_that_do_not_fit_are_reported_by_check_too(tmp_path: Path) -> None:
    """The fifth rule is about what the caller says; given right, nothing is left to report."""
    path = workflow(tmp_path, CHAIN).path
    assert [f.rule for f in check(path, as_plan=True, bake_minutes=[1, 2])] == ["bake-minutes"]
    assert check(path, as_plan=True, bake_minutes=[1, 2, 3]) == []
