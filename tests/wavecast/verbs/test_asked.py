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


@pytest.mark.parametrize(("arguments", "told"), [
    (["--changes-a-month", "40"], "--changes-a-month 40 needs an objective; give --objective, such as 0.999"),
    (["--window-days", "10"], "--window-days 10 needs an objective; give --objective, such as 0.999"),
    (["--objective", "99.9"], "'--objective': 99.9; give a number between 0 and 1, perhaps 0.999"),
    (["--objective", "1.0"], "'--objective': 1.0; give a number between 0 and 1 "),
    (["--objective", "0.9", "--window-days", "0"], "0; give a number of days above 0 to 36,500"),
    (["--objective", "0.9", "--changes-a-month", "nan"], "nan; give a number above 0 to 1,000,000,000"),
    (["--bake-minutes", "-1"], "-1; give a number of minutes from 0 to 1,000,000,000"),
    (["--trials", "1e4"], "1e4; give a whole number from 1 to 10,000,000"),
    (["--seed", str(2**64)], f"{2**64}; give a whole number from 0 to {2**64 - 1:,}"),
])  # fmt: skip
def test_a_number_that_cannot_be_is_told_with_its_place_its_range_and_what_to_give(arguments, told):
    found = CliRunner().invoke(main, [*RUN, *arguments])
    assert (found.exit_code, len(found.stderr.splitlines())) == (2, 1) and told in found.stderr


def test_a_trial_is_traced_as_it_was_sampled():
    for how in ("stratified", "crude"):
        found = CliRunner().invoke(main, ["trace", *RUN[1:4], "--trial", "5", "--sampling", how])
        told = trace(sample_plan("six-region-three-wave"), sample("storefront"), trial=5, sampling=how)
        assert found.exit_code == 0 and told.sentence in found.stdout and f"({how})" in found.stdout
