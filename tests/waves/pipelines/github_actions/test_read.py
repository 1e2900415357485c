"""What a GitHub Actions workflow says as a plan: each expected plan is what GitHub's docs say the jobs do."""

from pathlib import Path
from typing import Any

import pytest

from waves import InputError, Plan, check

STEPS = """\
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          role-to-assume: arn
          aws-region: "REGION"
      - uses: aws-actions/amazon-ecs-deploy-task-definition@v2
        with: {task-definition: t.json, service: web, cluster: shop, wait-for-service-stability: true}
"""


def job(name: str, region: str = "", *needs: str, head: str = "", after: str = "") -> str:
    """A job that deploys to a region, or does nothing."""
    steps = STEPS.replace("REGION", region) if region else "      - run: make\n"
    needed = f"    needs: [{', '.join(needs)}]\n" if needs else ""
    return f"  {name}:\n{needed}{head}    runs-on: ubuntu-latest\n    steps:\n{steps}{after}"


def workflow(folder: Path, *jobs: str, top: str = "", name: str = "deploy.yml") -> Path:
    path = folder / name
    path.write_text(f"name: Release\non: push\n{top}jobs:\n{''.join(jobs)}", encoding="utf-8")
    return path


def waves(path: Path, **given: Any) -> list[tuple[str, float, bool]]:
    return [(" ".join(w.regions), w.bake_minutes, w.approval) for w in Plan.read_pipeline(path, **given).waves]


def rules_of(path: Path) -> set[str]:
    return {finding.rule for finding in check(path)}


def matrix(values: str, **more: object) -> str:
    rows = "".join(f"      {key.replace('_', '-')}: {value}\n" for key, value in more.items())
    return f"    strategy:\n{rows}      matrix: {values}\n"


def test_jobs_are_waves_by_what_they_need(tmp_path: Path) -> None:
    """The region is that of the credentials before the deployment."""
    path = workflow(
        tmp_path,
        job("build"),
        job("canary", "us-east-1", "build"),
        job("east", "eu-west-1", "canary"),
        job("north", "eu-north-1", "canary"),
    )
    assert waves(path) == [("us-east-1", 0, False), ("eu-west-1 eu-north-1", 0, False)]
    assert check(path) == []


def test_a_matrix_is_a_wave(tmp_path: Path) -> None:
    """In the order of its list; `max-parallel` is its limit."""
    head = matrix("{region: [us-east-1, eu-west-1, us-west-2]}", max_parallel=2)
    path = workflow(tmp_path, job("all", "${{ matrix.region }}", head=head))
    (wave,) = Plan.read_pipeline(path).waves
    assert (wave.regions, wave.max_parallel, wave.name) == (("us-east-1", "eu-west-1", "us-west-2"), 2, "all")


@pytest.mark.parametrize(
    ("values", "regions"),
    [
        ("{region: [us-east-1, eu-west-1], exclude: [{region: eu-west-1}]}", "us-east-1"),
        ("{include: [{region: us-east-1}, {region: eu-west-1}]}", "us-east-1 eu-west-1"),
        ("{region: [us-east-1], include: [{region: eu-west-1, big: 1}]}", "us-east-1 eu-west-1"),
        ("{region: ['us-east-1'], service: [a, b]}", "us-east-1"),
        ("""{region: "${{ fromJSON('[\\"us-east-1\\", \\"eu-west-1\\"]') }}"}""", "us-east-1 eu-west-1"),
    ],
)
def test_matrices_as_github_makes_them(tmp_path: Path, values: str, regions: str) -> None:
    """Include adds to what it fits, else it is one more; exclude takes away."""
    path = workflow(tmp_path, job("all", "${{ matrix.region }}", head=matrix(values)))
    assert [w for w, _, _ in waves(path)] == [regions]


def test_one_at_a_time_with_a_wait_inside(tmp_path: Path) -> None:
    """A job that waits in a matrix of one at a time bakes between its regions."""
    head = matrix("{region: [us-east-1, eu-west-1]}", max_parallel=1)
    path = workflow(tmp_path, job("all", "${{ matrix.region }}", head=head, after="      - run: sleep 10m\n"))
    assert waves(path) == [("us-east-1", 10, False), ("eu-west-1", 10, False)]


@pytest.mark.parametrize(
    ("head", "steps", "minutes"),
    [
        ('    env: {BAKE_MINUTES: "45"}\n', "      - run: ./watch.sh\n", 45),
        ("", "      - run: |\n          sleep 60\n          sleep 5m  # watch\n          echo sleep 100\n", 6),
        ("", "      - uses: juliangruber/sleep-action@v2\n        with: {time: 90s}\n", 1.5),
        ("", '      - run: ./watch.sh\n        env: {BAKE_MINUTES: "7"}\n', 7),
    ],
)
def test_a_job_that_waits_is_a_bake(tmp_path: Path, head: str, steps: str, minutes: float) -> None:
    """By the hint, by sleeps that stand alone, or by an action that waits."""
    wait = f"  wait:\n    needs: [one]\n{head}    runs-on: x\n    steps:\n{steps}"
    path = workflow(tmp_path, job("one", "us-east-1"), wait, job("two", "eu-west-1", "wait"))
    assert waves(path) == [("us-east-1", minutes, False), ("eu-west-1", 0, False)]


def test_what_no_file_says_is_asked_for(tmp_path: Path) -> None:
    """An environment's wait timer and its reviewers; none are taken, until the caller says them."""
    path = workflow(tmp_path, job("one", "us-east-1"), job("two", "eu-west-1", "one", head="    environment: prod\n"))
    assert rules_of(path) == {"environment-settings"}
    assert waves(path) == [("us-east-1", 0, False), ("eu-west-1", 0, False)]
    given = {"wait_timers": {"prod": 30}, "approvals": ["prod"]}
    assert waves(path, **given) == [("us-east-1", 30, False), ("eu-west-1", 0, True)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"wait_timers": {"prd": 1}}, "no job has the environment 'prd'; did you mean 'prod'?"),
        ({"approvals": ["x"]}, "no job has the environment 'x'; there are prod"),
        ({"regions_of": {"tow": "us-east-1"}}, "nothing is called 'tow', which is given a region"),
        ({"environments": ["x"]}, "nothing deploys in the environment 'x'"),
    ],
)
def test_what_has_no_effect_is_refused(tmp_path: Path, given: Any, words: str) -> None:
    """A name that the file does not have."""
    path = workflow(tmp_path, job("one", "us-east-1"), job("two", "eu-west-1", "one", head="    environment: prod\n"))
    with pytest.raises(InputError) as caught:
        Plan.read_pipeline(path, **given)
    assert words in str(caught.value)


def test_approvals_are_seen_by_hint_and_by_action(tmp_path: Path) -> None:
    """A job that says so, or one that uses the known action."""
    gate = '  gate:\n    needs: [one]\n    env: {APPROVAL: "required"}\n    runs-on: x\n    steps: [{run: echo}]\n'
    path = workflow(tmp_path, job("one", "us-east-1"), gate, job("two", "eu-west-1", "gate"))
    assert waves(path)[1] == ("eu-west-1", 0, True)
    gate = "  gate:\n    needs: [one]\n    runs-on: x\n    steps: [{uses: trstringer/manual-approval@v1}]\n"
    path = workflow(tmp_path, job("one", "us-east-1"), gate, job("two", "eu-west-1", "gate"))
    assert waves(path)[1] == ("eu-west-1", 0, True)


def test_regions_come_from_env_and_inputs(tmp_path: Path) -> None:
    """Of the workflow, of the job, by a default; a secret stays unknown and is asked for."""
    path = workflow(tmp_path, job("one", "${{ env.AWS_REGION }}"), top="env: {AWS_REGION: eu-west-1}\n")
    assert waves(path)[0][0] == "eu-west-1"
    path = workflow(tmp_path, job("one", "${{ inputs.region || 'us-east-1' }}"))
    assert waves(path)[0][0] == "us-east-1"
    for written in ("${{ secrets.AWS_REGION }}", "MY_AWS_REGION", "${{ env.NOTHING }}", "$REGION"):
        path = workflow(tmp_path, job("one", written))
        assert rules_of(path) >= {"region-unknown"}
        with pytest.raises(InputError, match="--region-of 'one'=REGION"):
            Plan.read_pipeline(path)
        assert waves(path, regions_of={"one": "us-west-2"}) == [("us-west-2", 0, False)]
    path = workflow(tmp_path, job("build"), job("one", "${{ secrets.AWS_REGION }}", "build"))
    assert waves(path, regions_of={"*": "us-west-2"}) == [("us-west-2", 0, False)]
    assert waves(path, regions_of={"build": "us-east-1", "one": "us-west-2"})[0] == ("us-east-1", 0, False)


def test_earlier_environments_come_before_the_first_wave(tmp_path: Path) -> None:
    """By their names; the caller may choose."""
    head = "    environment: {}\n"
    path = workflow(
        tmp_path,
        job("a", "us-east-1", head=head.format("staging")),
        job("b", "us-east-1", "a", head=head.format("production")),
        job("c", "eu-west-1", "b", head=head.format("production")),
    )
    assert [w for w, _, _ in waves(path)] == ["us-east-1", "eu-west-1"]
    assert "environment-left-out" in rules_of(path)
    assert [w for w, _, _ in waves(path, environments=["staging"])] == ["us-east-1"]


def test_a_workflow_that_is_called_is_followed(tmp_path: Path) -> None:
    """One that lies beside it, with what it is given; elsewhere its region is asked for."""
    called = STEPS.replace("REGION", "${{ inputs.region }}")
    (tmp_path / "_one.yml").write_text(
        "on: {workflow_call: {inputs: {region: {default: us-east-1}}}}\n"
        f"jobs:\n  go:\n    runs-on: x\n    steps:\n{called}",
        encoding="utf-8",
    )
    call = "  {}:\n{}    uses: ./.github/workflows/_one.yml\n    with: {}\n"
    path = workflow(tmp_path, call.format("a", "", "{}"), call.format("b", "    needs: a\n", "{region: eu-west-1}"))
    assert waves(path) == [("us-east-1", 0, False), ("eu-west-1", 0, False)]
    path = workflow(tmp_path, "  a:\n    uses: other/repo/.github/workflows/x.yml@v1\n    with: {aws: eu-west-1}\n")
    assert any("--region-of a=eu-west-1" in finding.message for finding in check(path))
    assert waves(path, regions_of={"a": "eu-west-1"}) == [("eu-west-1", 0, False)]


def test_a_workflow_that_calls_itself_comes_to_an_end(tmp_path: Path) -> None:
    """Calls are followed three deep."""
    call = "".join(f"  a{n}:\n    uses: ./.github/workflows/deploy.yml\n" for n in range(5))
    assert "no-deployment" in rules_of(workflow(tmp_path, call))


def test_what_a_shell_step_says_is_a_suggestion(tmp_path: Path) -> None:
    """Never a guess; the hint makes it a deployment."""
    shell = (
        "  one:\n{}    runs-on: x\n    steps:\n      - run: aws ecs update-service --region eu-west-1 --service web\n"
    )
    path = workflow(tmp_path, shell.format(""))
    assert any("DEPLOYS_REGION: eu-west-1" in finding.message for finding in check(path))
    assert waves(workflow(tmp_path, shell.format("    env: {DEPLOYS_REGION: eu-west-1}\n")))[0][0] == "eu-west-1"


def test_a_job_for_failures_is_no_part_of_it(tmp_path: Path) -> None:
    """What runs where something failed deploys in no wave."""
    path = workflow(
        tmp_path, job("one", "us-east-1"), job("undo", "us-east-1", "one", head="    if: ${{ failure() }}\n")
    )
    assert waves(path) == [("us-east-1", 0, False)]


@pytest.mark.parametrize("condition", ["success() || failure()", "!failure() && !cancelled()", "always()"])
def test_what_runs_after_failures_too_is_part_of_it(tmp_path: Path, condition: str) -> None:
    """It runs where all went well, and so it deploys."""
    head = f"    if: ${{{{ {condition} }}}}\n"
    path = workflow(tmp_path, job("one", "us-east-1"), job("two", "eu-west-1", "one", head=head))
    assert [w for w, _, _ in waves(path)] == ["us-east-1", "eu-west-1"]


def test_blue_green_and_timeouts(tmp_path: Path) -> None:
    """As the deploying action's inputs say."""
    text = job("one", "us-east-1").replace("cluster: shop,", "cluster: shop, codedeploy-appspec: a.yaml,")
    plan = Plan.read_pipeline(workflow(tmp_path, text, job("two", "eu-west-1", "one")))
    assert plan.strategies == {"us-east-1": "blue_green"}
    text = job("one", "us-east-1").replace("cluster: shop,", "cluster: shop, wait-for-minutes: 20,")
    assert Plan.read_pipeline(workflow(tmp_path, text)).deploy_timeout_minutes == 20.0


@pytest.mark.parametrize("condition", ["false", "${{ false }}", "${{ false && inputs.all }}", "'${{ 0 }}'"])
def test_what_never_runs_is_not_there(tmp_path: Path, condition: str) -> None:
    """A job, what needs it (GitHub skips it, too), a step that deploys, one that waits."""
    off = f"    if: {condition}\n"
    path = workflow(tmp_path, job("one", "us-east-1"), job("two", "eu-west-1", "one", head=off), job("end", "", "two"))
    assert waves(path) == [("us-east-1", 0, False)] and rules_of(path) == {"never-runs"}
    wait = f"      - run: sleep 10m\n        if: {condition}\n"
    path = workflow(tmp_path, job("one", "us-east-1", after=wait), job("two", "eu-west-1", "one"))
    assert waves(path)[0] == ("us-east-1", 0, False)
    second = STEPS.replace("REGION", "eu-west-1").replace(
        "      - uses: aws-actions/amazon", f"      - if: {condition}\n        uses: aws-actions/amazon"
    )
    assert waves(workflow(tmp_path, job("one", "us-east-1", after=second)))[0][0] == "us-east-1"


def test_what_goes_on_after_a_skipped_job_is_there(tmp_path: Path) -> None:
    """With a condition that lets it, such as `always()`."""
    head = "    if: ${{ !failure() && !cancelled() }}\n"
    jobs = (
        job("one", "us-east-1"),
        job("skip", "", "one", head="    if: false\n"),
        job("two", "eu-west-1", "skip", head=head),
    )
    assert [w for w, _, _ in waves(workflow(tmp_path, *jobs))] == ["us-east-1", "eu-west-1"]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("if: github.ref == 'refs/heads/main'", "conditional"),
        ("if: always()", "always-runs"),
        ("continue-on-error: true", "continue-on-error"),
        ("continue-on-error: ${{ matrix.risky }}", "continue-on-error"),
    ],
)
def test_what_may_not_run_or_may_fail_is_told(tmp_path: Path, line: str, rule: str) -> None:
    """Of a job, and of a step that deploys or waits."""
    path = workflow(tmp_path, job("one", "us-east-1"), job("two", "eu-west-1", "one", head=f"    {line}\n"))
    assert rule in rules_of(path)
    steps = STEPS.replace("      - uses: aws-actions/amazon", f"      - {line}\n        uses: aws-actions/amazon")
    path = workflow(
        tmp_path,
        job("one", "us-east-1").replace(STEPS.replace("REGION", "us-east-1"), steps.replace("REGION", "us-east-1")),
    )
    assert rule in rules_of(path)
    path = workflow(tmp_path, job("one", "us-east-1", after=f"      - run: sleep 60\n        {line}\n"))
    assert rule in rules_of(path)


@pytest.mark.parametrize(
    ("script", "minutes"),
    [
        ("sleep $((10*60))", 10),
        ('WAIT=120; sleep "$WAIT"', 2),
        ("sleep $SOAK", 5),
        ("Start-Sleep -Seconds 90", 1.5),
        ("echo hi && sleep 60; sleep 1m 30s", 2.5),
        ("timeout /t 60", 1),
        ('sleep "$WAIT"', None),
        ("sleep ${{ vars.BAKE }}", None),
        ("for i in 1 2 3; do sleep 60; done", None),
        ("curl shop || sleep 600", None),
        ("sleep 600 &", None),
        ("./soak.sh 600", None),
        ("python3 -c 'import time; time.sleep(600)'", None),
        ("./integration-tests.sh", None),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_waits_count_or_are_told(tmp_path: Path, script: str, minutes: float | None, inside: bool) -> None:
    """In the job that deploys, and in one of its own: what has no number is no bake, and a finding says so."""
    env = "    env: {SOAK: 300}\n"
    wait = f"      - run: {script!r}\n" if "'" not in script else f'      - run: "{script}"\n'
    if inside:
        path = workflow(tmp_path, job("one", "us-east-1", head=env, after=wait), job("two", "eu-west-1", "one"))
    else:
        own = f"  wait:\n    needs: one\n{env}    runs-on: x\n    steps:\n{wait}"
        path = workflow(tmp_path, job("one", "us-east-1"), own, job("two", "eu-west-1", "wait"))
    assert waves(path)[0] == ("us-east-1", minutes or 0, False)
    assert rules_of(path) == (set() if minutes else {"bake-left-out"})


def test_a_wait_before_the_deployment_bakes_the_wave_before(tmp_path: Path) -> None:
    """The job of the next region waits first."""
    second = job("two", "eu-west-1", "one").replace("    steps:\n", "    steps:\n      - run: sleep 600\n")
    assert waves(workflow(tmp_path, job("one", "us-east-1"), second)) == [
        ("us-east-1", 10, False),
        ("eu-west-1", 0, False),
    ]


def test_the_minutes_of_a_job_that_deploys_are_its_bake(tmp_path: Path) -> None:
    """By the hint, in place of what its steps sleep."""
    head = '    env: {BAKE_MINUTES: "45"}\n'
    path = workflow(
        tmp_path, job("one", "us-east-1", head=head, after="      - run: ./watch.sh\n"), job("two", "eu-west-1", "one")
    )
    assert waves(path)[0] == ("us-east-1", 45, False) and rules_of(path) == set()


def test_a_region_that_nobody_has_is_told(tmp_path: Path) -> None:
    """A near miss of AWS's own names has the form of one."""
    (finding,) = check(workflow(tmp_path, job("one", "eu-wst-1")))
    assert finding.rule == "region-name" and "did you mean 'eu-west-1'" in finding.message
