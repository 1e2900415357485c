"""Three observed numbers: what is solved for them shows them again, in worlds of its own, counted another way."""

from typing import Any

import numpy as np
import pytest

from simulation import Scenario, from_dora, run, sample
from simulation.analysis.dora import times_of
from simulation.analysis.variants import Variants
from simulation.scenario import Source
from tests.builders import sample_plan

PLAN, BASE = sample_plan("six-region-three-wave"), sample("storefront")
NUMBERS: dict[str, Any] = {"change_failure_rate": 0.1, "time_to_detect": 12.0, "time_to_restore": 35.0}


def shown(scenario: Scenario, seed: int, trials: int) -> list[float]:
    """The three, counted off the rows of a crude sample."""
    found = run(PLAN, scenario, trials=trials, seed=seed, sampling="crude")
    frame = found.frame
    assert found.harmed is not None
    hurts, built = frame["impact_minutes"] > 0, frame["outcome"] != "build_failed"
    noticed = hurts & frame["detected_minutes"].notna() & frame["recovered_minutes"].notna()
    late = [(frame[column] - found.harmed)[noticed] for column in ("detected_minutes", "recovered_minutes")]
    return [float(hurts.sum() / built.sum()), *(float(np.median(each)) for each in late)]


def test_the_plan_shows_the_three_on_fresh_seeds():
    """Within 4.9 standard errors: of the twenty samples here, and of the one that was solved on, as its like vary."""
    scenario = from_dora(BASE, observed_under=PLAN, seed=3, **NUMBERS)
    fresh = np.array([shown(scenario, seed, 10_000) for seed in range(100, 120)])
    worlds = [Variants({"p": PLAN}, scenario, trials=10_000, seed=seed, confidence=0.95) for seed in range(200, 212)]
    like = np.array([times_of(each.under(scenario), 0) for each in worlds])
    error = np.sqrt(fresh.var(axis=0, ddof=1) / 20 + like.var(axis=0, ddof=1) / 5)  # solved on five times as many
    assert (np.abs(fresh.mean(axis=0) - list(NUMBERS.values())) < 4.892 * error).all()
    assert (error / list(NUMBERS.values()) < 0.05).all()


def test_the_base_gives_the_rest_and_sources_say_what_was_solved():
    scenario = from_dora(BASE, observed_under=PLAN, trials=4096, **NUMBERS)
    odds = [a.probability / b.probability for a, b in zip(scenario.faults[1:], BASE.faults[1:], strict=True)]
    assert odds == pytest.approx([odds[0]] * 3) and scenario.faults[0] == BASE.faults[0]
    assert scenario.reaction.mean / BASE.reaction.mean == pytest.approx(scenario.rollback.mean / BASE.rollback.mean)
    assert (scenario.deploy, scenario.approval_wait, scenario.fleet) == (BASE.deploy, BASE.approval_wait, BASE.fleet)
    source = scenario.sources["reaction"]
    assert isinstance(source, Source)
    assert source.estimate == pytest.approx(float(scenario.reaction.quantile(np.array([0.5]))[0]), rel=1e-5)
    assert "seen after 12 min, over after 35 min" in source.source
    assert scenario.sources["deploy"] == BASE.sources["deploy"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"change_failure_rate": 1.5}, "between 0 and 1"),
        ({"time_to_detect": 0.0}, "time_to_detect is 0.0 minutes"),
        ({"time_to_restore": 12.0}, "give a longer time to restore"),
        ({"time_to_detect": 1e6, "time_to_restore": 2e6}, "median time to detect of 1e[+]06 minutes cannot be reached"),
    ],
)
def test_what_cannot_be_reached_is_refused_in_one_line(changes, words):
    with pytest.raises(ValueError, match=words) as error:
        from_dora(BASE, observed_under=PLAN, **{**NUMBERS, **changes})
    assert "\n" not in str(error.value)


def test_a_base_without_harm_is_refused():
    calm = BASE.replace(faults=(), sources={})
    with pytest.raises(ValueError, match="too few changes that hurt|cannot be reached"):
        from_dora(calm, observed_under=PLAN, trials=4096, **NUMBERS)
