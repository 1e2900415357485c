"""`wavecast scenario --from-dora`: a scenario that shows three numbers, and a line where none does."""

import pytest

from simulation import Scenario
from simulation.analysis.dora import times_of
from simulation.analysis.variants import Variants
from tests.builders import sample_plan
from waves.files.documents import write_yaml

ASKED = ("--from-dora", "--change-failure-rate", "0.1", "--time-to-detect", "12", "--time-to-restore", "35")
PLAN = ("--plan", "six-region-three-wave")


def test_the_file_that_it_writes_shows_the_three(wavecast, tmp_path):
    """Read again and rolled out on another seed: within a tenth, where the solver's own worlds are within a fifth of
    a hundredth."""
    path = tmp_path / "scenario.yaml"
    answer = wavecast("scenario", "storefront", *ASKED, *PLAN, "--out", str(path))
    assert (answer.code, answer.out) == (0, "") and f"wrote {path}" in answer.err
    scenario = Scenario.read(path)
    worlds = Variants({"p": sample_plan("six-region-three-wave")}, scenario, trials=20_000, seed=99, confidence=0.95)
    assert times_of(worlds.under(scenario), 0) == pytest.approx((0.1, 12, 35), rel=0.1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--time-to-restore": "12"}, "give a longer time to restore"),
        ({"--time-to-detect": "1e6", "--time-to-restore": "2e6"}, "median time to detect of 1e+06 minutes cannot be"),
        ({"--change-failure-rate": "0.999"}, "change failure rate of 99.9 % cannot be reached"),
    ],
)
def test_which_of_them_cannot_be_reached_is_said_in_one_line_with_the_nearest(wavecast, changes, words):
    asked = [changes.get(before, each) for before, each in zip(("", *ASKED), ASKED, strict=False)]
    answer = wavecast("scenario", "storefront", *asked, *PLAN)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)
    assert words in answer.err


def test_three_that_do_not_fit_each_other_name_the_one_that_is_off_and_the_nearest(wavecast, tmp_path):
    """By hand: reaction and roll-back take no time, and no factor changes that: over is when it is seen, after 12."""
    fleet = {"regions": [{"name": "a", "traffic": 100}]}
    fault = {"name": "bad", "probability": 0.1, "severity": 0.5}
    base = {"fleet": fleet, "deploy": 5, "evidence": 100, "lag": 5, "reaction": 0, "rollback": 0, "faults": [fault]}
    plan = {"name": "mine", "strategy": "blue_green", "waves": [{"regions": ["a"], "bake_minutes": 60}]}
    for name, content in (("base.yaml", base), ("plan.yaml", plan)):
        write_yaml(content, tmp_path / name)
    answer = wavecast("scenario", str(tmp_path / "base.yaml"), *ASKED, "--plan", str(tmp_path / "plan.yaml"))
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)
    assert "median time to restore of 35 minutes cannot be reached under mine: 12" in answer.err


def test_what_is_missing_is_named(wavecast):
    assert "say what to make it from" in wavecast("scenario", "storefront").err
    answer = wavecast("scenario", "storefront", "--from-dora", "--time-to-detect", "3")
    assert answer.code == 2 and "--change-failure-rate, --time-to-restore, --plan" in answer.err
