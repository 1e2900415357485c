"""What each regional deployment was, judged in its own place, by hand."""

import pytest

from tests.history.joining.conftest import joined, row

A, B = "sha256:a", "sha256:b"


def kinds(*rows):
    """Kinds in the order of start, those left out too."""
    found = joined(list(rows))
    told = {**found.deployments.set_index("id")["kind"], **found.left_out.set_index("id")["kind"]}
    assert len(told) == len(rows)
    return [str(told[each["id"]]) for each in sorted(rows, key=lambda each: each["started_at"])]


def test_a_digest_that_never_ran_here_is_a_change():
    assert kinds(row("us", A, 0), row("us", B, 60)) == ["change", "change"]


def test_the_digest_that_runs_now_is_a_redeploy():
    assert kinds(row("us", A, 0), row("us", A, 600)) == ["change", "redeploy"]


def test_the_same_digest_with_another_task_definition_is_a_configuration():
    first, second = (row("us", A, n * 600, task_definition=f"shop:{n}") for n in (1, 2))
    assert kinds(first, second) == ["change", "configuration"]


def test_going_back_to_an_earlier_task_definition_is_a_rollback():
    rows = [row("us", A, n * 600, task_definition=f"shop:{td}") for n, td in ((1, 1), (2, 2), (3, 1))]
    assert kinds(*rows) == ["change", "configuration", "rollback"]


def test_the_digest_that_ran_before_is_a_rollback():
    assert kinds(row("us", A, 0), row("us", B, 60), row("us", A, 300)) == ["change", "change", "rollback"]


def test_a_digest_that_was_set_back_and_comes_again_is_a_resume():
    rows = row("us", A, 0), row("us", B, 60), row("us", A, 300), row("us", B, 3000)
    assert kinds(*rows) == ["change", "change", "rollback", "resume"]


@pytest.mark.parametrize(("later", "kind"), [(10, "retry"), (2000, "resume")])
def test_after_a_failure_the_same_digest_is_a_retry_at_once_and_a_resume_later(later, kind):
    """Without a run that says which, two hours are the border."""
    assert kinds(row("us", A, 0), row("us", B, 60, status="failed"), row("us", B, 65 + later)) == [
        "change",
        "change",
        kind,
    ]


def test_a_named_rollout_makes_a_later_attempt_a_retry():
    rows = (
        row("us", A, 0, rollout="one"),
        row("us", B, 60, status="failed", rollout="two"),
        row("us", B, 2000, rollout="two"),
    )
    assert kinds(*rows) == ["change", "change", "retry"]


def test_a_table_that_tells_a_set_back_twice_tells_of_one_rollback():
    """Once as the end of what was set back, and once as a row of its own at the same instant."""
    back = row("us", B, 60, 300, status="rolled_back", rollback_started_at=300)
    assert kinds(row("us", A, 0), back, row("us", A, 300, 300)) == ["change", "change", "rollback"]


def test_a_table_may_say_the_kind_itself():
    assert kinds(row("us", A, 0), row("us", B, 60, kind="configuration")) == ["change", "configuration"]


def test_an_older_digest_that_never_reached_this_region_is_a_change_there():
    """A hotfix overtook it: whatever its age, it is new here."""
    rows = row("us", A, 0), row("eu", A, 1), row("us", B, 60), row("eu", "sha256:hotfix", 70), row("eu", B, 90)
    assert kinds(*rows) == ["change"] * 5
