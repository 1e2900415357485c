"""What a search keeps of rollouts and makes of it, as rows and NumPy have it: means, errors, and who is beaten.

Not here: the races (``test_search``, ``test_fronts``).
"""

from typing import Any

import numpy as np
import pytest

from simulation import run
from simulation.engine import scoring
from simulation.searching import search, shapes
from simulation.searching.candidates import Candidates
from simulation.searching.packed import Packing
from simulation.searching.scores import OBJECTIVES, TIMES, against, no_scores
from tests import builders

TRIALS, PLANS, SCORED = 61, 5, 2  # figures of a risk, before minutes and whether it ships
CODES = np.arange(TRIALS) % 4
WEIGHTS = np.array([0.5, 0.2, 0.2, 0.1])


def numbers() -> Any:
    """Two figures, minutes and whether it ships; one plan never does."""
    chance = np.random.default_rng(5)
    out = chance.exponential(3.0, (PLANS, SCORED + 2, TRIALS)).astype(np.float32) + 5 * CODES.astype(np.float32)
    out[:, -1] = chance.random((PLANS, TRIALS)) < 0.8
    out[2, -1] = 0.0
    return out


def centred(out: Any) -> tuple[Any, Any]:
    value, vector = np.empty((PLANS, SCORED + 1)), out.copy()
    counts = np.bincount(CODES, minlength=4).astype(np.float64)
    scoring.centre(vector, CODES, counts, WEIGHTS, np.empty(4), value)
    return value, vector[:, :-1]


def stratified(row: Any) -> tuple[float, float]:
    """The mean by strata, and the square of its standard error."""
    strata = [row[code == CODES].astype(float) for code in range(4)]
    error = sum(w**2 * part.var(ddof=1) / len(part) for w, part in zip(WEIGHTS, strata, strict=True))
    return sum(w * part.mean() for w, part in zip(WEIGHTS, strata, strict=True)), error


def test_a_figure_is_its_mean_by_strata_and_its_vector_s_square_its_variance():
    out = numbers()
    value, vector = centred(out)
    for n in range(PLANS):
        for j in range(SCORED):
            mean, error = stratified(out[n, j])
            assert value[n, j] == pytest.approx(mean, rel=1e-6)
            assert (vector[n, j].astype(float) ** 2).sum() == pytest.approx(error, rel=1e-5)


def test_minutes_are_those_of_what_ships_and_vary_as_a_ratio_does():
    """The delta method: minutes less the ratio of what ships, over how much does. What never ships takes for ever."""
    out = numbers()
    value, vector = centred(out)
    for n in (0, 1, 3, 4):
        (minutes, _), (ships, _) = stratified(out[n, -2]), stratified(out[n, -1])
        assert value[n, -1] == pytest.approx(minutes / ships, rel=1e-6)
        residual = (out[n, -2].astype(float) - minutes / ships * out[n, -1]) / ships
        assert (vector[n, -1].astype(float) ** 2).sum() == pytest.approx(stratified(residual)[1], rel=1e-4)
    assert value[2, -1] == np.inf and not vector[2, -1].any()


def test_the_difference_of_two_plans_varies_as_their_vectors_do():
    """In the same trials, what both have goes away: the error is that of the difference, not the sum of two."""
    out = numbers()
    out[1, 1] = out[0, 1] + np.float32(0.5)
    vector = centred(out)[1].astype(float)
    for one, other in ((0, 1), (0, 3), (3, 4)):
        error = stratified(out[one, 1].astype(float) - out[other, 1])[1]
        assert ((vector[one, 1] - vector[other, 1]) ** 2).sum() == pytest.approx(error, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("most", [1.0, 1.05, 1.6])
@pytest.mark.parametrize("sure", [0.0, 1.0, 4.0])
def test_a_plan_is_beaten_by_whoever_is_surely_as_good_in_all(sure, most):
    """But for a part, `most`, and by so many standard errors of the difference; a rival that is equal beats, too."""
    value, vector = centred(numbers() * np.array([1.0, 0.5, 1.0, 1.0, 1.4], dtype=np.float32)[:, None, None])
    rivals, theirs = value[[0, 3]] * np.array([[0.95], [1.0]]), vector[[0, 3]]
    found = np.zeros(PLANS, dtype=np.bool_)
    scoring.beaten(value, vector, rivals, theirs, sure, most, found)
    wanted = []
    for own, mine in zip(value, vector.astype(float), strict=True):
        error = np.sqrt(((mine - theirs.astype(float)) ** 2).sum(axis=2))
        with np.errstate(invalid="ignore"):  # neither may ship
            room = np.where(own * most > rivals, own * most - rivals, 0.0)
        wanted.append(bool(((rivals <= own * most) & (sure * error <= room)).all(axis=1).any()))
    assert list(found) == wanted
    assert any(wanted) and not all(wanted)


def test_where_neither_ships_the_one_as_good_in_all_else_beats():
    """A difference of two endless times is no number, and no doubt; one that ships is beaten by none that doesn't."""
    value, vector = centred(numbers())
    found = np.zeros(PLANS, dtype=np.bool_)
    scoring.beaten(value, vector, value[[2]], vector[[2]], 4.0, 1.0, found)
    assert list(found) == [False, False, True, False, False]


@pytest.mark.parametrize("time", TIMES)
def test_what_is_kept_of_rollouts_gives_the_figures_of_rows(time):
    """Each risk, half the traffic exactly, and minutes with and without another try, of two plans that begin alike."""
    faults = [{"name": "bad", "probability": 0.3, "severity": 0.3, "detection_probability": 0.8}]
    own = {"evidence": {"exponential": {"mean": 100.0}}, "report": 200.0, "rollback": 5.0, "deploy": 8.0, "fix": 70.0}
    more = {"build_failure_probability": 0.1, "rejection_probability": 0.2, "approval_wait": 30.0}
    fleet = builders.fleet(dict(zip("abcde", (3.0, 4.0, 2.0, 1.0, 8.0), strict=True)))
    scenario, figures = builders.scenario(fleet, faults=faults, **own, **more), (*OBJECTIVES[: -len(TIMES)], time)
    candidates = Candidates(scenario, None, (30.0,))
    both = shapes.joined([candidates.shape(["abc", "de"], 0), candidates.shape(["abc", "d", "e"], 0)])
    terms, trials = search._terms(scenario, 3, figures, 0.05), range(1000, 1096)
    packing, nobody = Packing(candidates, scenario), no_scores(terms, trials)
    ((_, _, found),) = against(both, np.zeros(2, dtype=bool), nobody, packing, terms, trials, 1, 4.0)
    for plan, scores in zip(candidates.plans(both), found.value, strict=True):
        told = run(plan, scenario, trials=96, first=1000, seed=3, sampling="stratified")
        assert scores == pytest.approx([told.estimate(figure)[0].value for figure in figures], rel=1e-5)
