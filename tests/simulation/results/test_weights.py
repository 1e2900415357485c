"""Rows weigh: whatever is made of them changes where the same rows carry each other's weights.

What ignores weights does not see which row has which. Not here: that weights are exact (``test_sampling``).
"""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import history
import simulation
from simulation import Comparison, Outcomes, Service, plots, report
from simulation.analysis.variants import Turned, Variants
from simulation.boards import table as boards
from simulation.boards.many import Strata
from simulation.lessons import varied
from simulation.plots import style
from tests import builders
from tests.builders import sample_plan

PLANS = {name: sample_plan(name) for name in ("six-region-three-wave", "all-at-once")}
SERVICE = Service(0.999, 30, changes_a_month=40)
REACHES = ("regions_exposed_at_least_2", "share_exposed_at_least_0.5", "peak_share_at_least_0.5")
# Pictures and sentences that show plans, scenarios, single trials or a verdict, and count no rows.
OF_ONE = {"calendar", "duel", "plans", "timeline", "Picture", "alt", "exceedance", "offered"}
# Pictures and sentences of results that have rows of their own, or crude ones: their tests hold what they weigh.
OF_RESULTS = {"front", "parts", "tornado"}
OF_BOARDS, SAYS_ANEW = {"cloud"}, {"board", "regrets"}  # of trials of their own: below, rolled out with others' weights
SAYS_RESULTS = {"as_lived", "flips", "picture_of_parts", "picture_of_turns"}
SAYS_ONE = {
    "Html", "assumptions", "begin_board", "begin_turns", "faults", "left_out", "limits", "opening", "picture_of_change",
    "rules", "see_change", "see_plans", "spot", "typical_change",
}  # fmt: skip


def shuffled(outcomes: Outcomes, order: np.ndarray) -> Outcomes:
    """The same rows, each with the weight and the stratum of another."""
    frame = outcomes.frame.iloc[order].set_index(outcomes.frame.index).assign(weight=outcomes.frame["weight"])
    regional = np.roll(outcomes.regional, 1, axis=0)
    return replace(outcomes, frame=frame, defective=outcomes.defective[order], regional=regional)


@pytest.fixture(scope="module")
def both() -> tuple[Comparison, Comparison]:
    found = simulation.compare(PLANS, simulation.sample("storefront"), trials=8192, seed=5, service=SERVICE)
    order = np.random.default_rng(3).permutation(8192)
    return found, replace(found, outcomes={name: shuffled(each, order) for name, each in found.outcomes.items()})


def first(comparison: Comparison) -> Outcomes:
    return comparison.outcomes[comparison.baseline]


def test_every_figure_weighs(both):
    """But for what is known or the same in nearly all rows: medians of zero."""
    ours, theirs = (first(each).summary() for each in both)
    same = ours["estimate"] == theirs["estimate"]
    assert set(ours.index[same]) <= {name for name in ours.index if ours["estimate"][name] == 0} | {
        "probability_build_failed"
    }
    ours, theirs = (each.differences for each in both)
    assert (ours["difference"] != theirs["difference"]).all() and (ours["high"] != theirs["high"]).all()


@pytest.mark.parametrize("figure", [*(f"probability_{each}" for each in REACHES), *SERVICE.figures])
def test_every_figure_that_people_ask_for_weighs(both, figure):
    ours, theirs = (first(each).estimate(figure, service=SERVICE)[0] for each in both)
    assert ours.value != theirs.value or ours.value == 0


CONSUMERS: dict[str, Callable[[Outcomes], Any]] = {
    "exposure": lambda each: each.exposure().to_numpy().tolist(),
    "worst": lambda each: each.worst(5)["one_in"].tolist(),
    "strata": lambda each: each.strata["impact_minutes_mean"].tolist(),
    "regions": lambda each: each.regions[["exposed_probability", "impact_minutes_mean"]].to_numpy().tolist(),
    "fraction": lambda each: each.fraction(each.shipped),
    "its glance": repr,
    "its page": lambda each: each._repr_html_(),
}


@pytest.mark.parametrize("name", CONSUMERS)
def test_whatever_outcomes_show_weighs(both, name):
    ours, theirs = (CONSUMERS[name](first(each)) for each in both)
    assert ours != theirs


def test_no_way_to_show_outcomes_is_left_out():
    """What is not one number a trial is tested here, or above."""
    own = {name for name in vars(Outcomes) if not name.startswith("_")} - {each.name for each in fields(Outcomes)}
    assert own - {"rows", "shares", "shipped", "spent"} == {*CONSUMERS, "summary", "estimate"} - {
        "its glance",
        "its page",
    }


FUNCTIONS: dict[str, Callable[[Comparison], Any]] = {
    "typical_change": lambda each: simulation.typical_change(*each.outcomes.values()),
    "typical_defect": lambda each: simulation.typical_defect(first(each)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_whatever_is_made_of_outcomes_weighs(both, name):
    ours, theirs = (FUNCTIONS[name](each) for each in both)
    assert ours != theirs


def test_no_function_of_outcomes_is_left_out():
    """Found by their arguments, in both public packages; the verdict is below."""
    made_of = re.compile(r"\b(Outcomes|Comparison)\b")
    found = {
        name
        for package in (simulation, history)
        for name in package.__all__
        if inspect.isfunction(asked := getattr(package, name))
        and any(made_of.search(str(each.annotation)) for each in inspect.signature(asked).parameters.values())
    }
    assert found - {"time_spent"} == {*FUNCTIONS, "verdict"}  # which has numbers by trial


def curves(comparison: Comparison) -> style.Picture:
    """Draw what `varied` makes of a comparison at each of two values."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.import_module("simulation.lessons.varied"), "compare", lambda *_, **__: comparison)
        worlds = {value: comparison.scenario for value in (1.0, 2.0)}
        return plots.curves(varied(worlds, PLANS, "impact_minutes_mean", "anything"))


PICTURES: dict[str, Callable[[Comparison], style.Picture]] = {
    "compare": lambda each: plots.compare(each.outcomes),
    "curves": curves,
    "differences": plots.differences,
    "distributions": lambda each: plots.distributions(each.outcomes),
    "figures": lambda each: plots.figures(each.outcomes, ["impact_minutes_mean"]),
    "outcome_shares": lambda each: plots.outcome_shares(each.outcomes),
    "regions": lambda each: plots.regions(each.outcomes),
    "time_spent": lambda each: plots.time_spent(each.outcomes),
}
SENTENCES: dict[str, Callable[[Comparison], Any]] = {
    name: partial(lambda say, each: str(say(each)), getattr(report, name))
    for name in set(report.__all__) - SAYS_ONE - SAYS_RESULTS - SAYS_ANEW - {"horizon"}
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_weighs(both, name):
    ours, theirs = (PICTURES[name](each) for each in both)
    assert ours.svg() != theirs.svg()


@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_every_sentence_and_table_of_the_report_weighs(both, name):
    ours, theirs = (SENTENCES[name](each) for each in both)
    assert ours != theirs


def test_no_picture_is_left_out():
    assert set(plots.__all__) - OF_ONE - OF_RESULTS - OF_BOARDS == set(PICTURES)


@contextmanager
def another_s_weights() -> Iterator[None]:
    """What a board and a sensitivity roll out gives the same rows, each with the weight of another."""

    def under(self: Variants, scenario: simulation.Scenario) -> Turned:
        found = as_it_is(self, scenario)
        return replace(found, codes=np.random.default_rng(2).permutation(found.codes))

    as_it_is = Variants.under
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Variants, "under", under)
        patch.setattr(boards, "Strata", lambda chances, trials: Strata(chances[::-1], trials))
        yield


def told_twice(tell: Callable[[], Any]) -> tuple[Any, Any]:
    ours = tell()
    with another_s_weights():
        return ours, tell()


def test_every_figure_of_a_board_weighs_and_so_do_its_page_and_picture(both):
    """The page of the report is of the smaller fleet: its groupings are 75, not 4,683."""
    few = boards.groupings(6)[::900]
    today, storefront = PLANS["six-region-three-wave"], simulation.sample("storefront")
    ours, theirs = told_twice(lambda: boards.table(storefront, today, few, whole=False, trials=1024))
    assert (ours.base[:, 0] != theirs.base[:, 0]).all()
    assert all((one != other).any() for one, other in zip(ours.numbers[:, 0], theirs.numbers[:, 0], strict=True))
    assert plots.cloud(ours).svg() != plots.cloud(theirs).svg()
    faults = [{"name": name, "probability": chance} for name, chance in (("first", 0.1), ("second", 0.3))]
    world = builders.scenario(faults=faults, evidence=20, report=60)
    today = builders.plan("a", "b c d", bake=5)
    pages = told_twice(lambda: str(report.board(report.begin_board(today, world))))
    ours, theirs = (re.findall(r'"packed":"(.+?)"', page) for page in pages)
    assert len(ours) == len(theirs) == 1 and ours != theirs


def test_every_sentence_of_regrets_weighs():
    """What a plan is worth, what makes the difference, what would turn it, and each row of the table."""
    world = simulation.sample("storefront")
    pages = told_twice(lambda: str(report.regrets(simulation.sensitivity(PLANS, world, trials=1024))))
    for pattern in (r"worth it while .+?\.(?=\s)", r"Waves or minutes\?.+?</li>", r"<ul>.+?</ul>", r"<td.+</td>"):
        ours, theirs = (re.findall(pattern, page, re.DOTALL) for page in pages)
        assert ours and ours != theirs, pattern


def test_the_verdict_weighs(both):
    limits = simulation.parse_limits({"impact_minutes_mean": {"at_most": 1}}, simulation.FIGURES)
    ours, theirs = (simulation.verdict(each, limits) for each in both)
    assert ours["limits"][0]["estimate"] != theirs["limits"][0]["estimate"]
    assert ours["figures"] != theirs["figures"] and ours["sentence"] != theirs["sentence"]


def test_sums_weigh():
    """A sweep's sums with each other's strata: every mean and chance moves."""
    found = simulation.sweep(PLANS, simulation.sample("storefront"), trials=8192, seed=5)
    other = found.tallies["all-at-once"]
    names = ("sums", "cross", "by_stratum")
    moved = replace(other, **{name: np.roll(getattr(other, name), 1, axis=0) for name in names})
    ours, theirs = other.summary()["estimate"], moved.summary()["estimate"]
    same = {name for name in ours.index if ours[name] == theirs[name] and "_p" not in name}
    assert same <= {"probability_build_failed", "probability_rejected"}  # known: nobody is asked
