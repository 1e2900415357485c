"""What `run` tells when asked: exposure, worst trials, strata, error budgets."""

import json

import pytest
from click.testing import CliRunner

from simulation import run, sample, trace
from tests.builders import sample_plan
from wavecast.main import main

RUN = ["run", "six-region-three-wave", "--scenario", "storefront", "--trials", "600"]


def wavecast(*arguments: str) -> str:
    found = CliRunner().invoke(main, [*RUN, *arguments])
    assert found.exit_code == 0, found.output
    return found.stdout


def test_json_has_what_was_asked_for_and_nothing_else():
    """As Python gives it."""
    outcomes = run(sample_plan("six-region-three-wave"), sample("storefront"), trials=600)
    asked = ["--worst", "2", "--exposure", "--strata", "--objective", "0.999", "--changes-a-month", "40"]
    (plain,), (full,) = (json.loads(wavecast("--json", *each))["plans"].values() for each in ([], asked))
    assert set(plain) == {"digest", "figures", "regions"}
    assert set(full) - set(plain) == {"worst", "exposure", "strata", "service"}
    assert [each["trial"] for each in full["worst"]] == list(outcomes.worst(2).index)
    assert full["exposure"][7]["probability"] == pytest.approx(outcomes.exposure([0.5])["probability"][0.5])
    assert sum(each["probability"] for each in full["strata"]) == pytest.approx(1)
    mean = full["figures"]["impact_minutes_mean"]["estimate"]
    assert full["service"]["error_budget_per_month_mean"]["estimate"] == pytest.approx(40 * mean / 43.2)


def test_text_tells_it_too():
    text = wavecast("--worst", "1", "--exposure", "--strata", "--objective", "0.999")
    worst = run(sample_plan("six-region-three-wave"), sample("storefront"), trials=600).worst(1)
    assert str(worst["cause"].iloc[0]) in text and "one in" in text and "the build fails" in text
    assert "error_budget_mean" in text and "per_month" not in text


def test_changes_a_month_need_an_objective():
    found = CliRunner().invoke(main, [*RUN, "--changes-a-month", "40"])
    assert found.exit_code == 2 and "--changes-a-month needs an objective" in found.stderr


def test_a_trial_is_traced_as_it_was_sampled():
    for how in ("stratified", "crude"):
        found = CliRunner().invoke(main, ["trace", *RUN[1:4], "--trial", "5", "--sampling", how])
        told = trace(sample_plan("six-region-three-wave"), sample("storefront"), trial=5, sampling=how)
        assert found.exit_code == 0 and told.sentence in found.stdout and f"({how})" in found.stdout
