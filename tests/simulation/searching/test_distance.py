"""How far a search's plans are from what is provably best, against all plans by formulas written from the page."""

import math
import pickle

import numpy as np
import pytest

from simulation import PlanFront, exact_front, search
from simulation.plots._front import LEAST
from simulation.searching import race
from simulation.searching import search as module
from simulation.searching.distance import distance
from tests.builders import shares
from tests.simulation.closed_forms.set_ups import Letters, by_monte_carlo, scenario
from tests.simulation.searching.test_provable import BAKES, every_plan
from waves import Plan, all_at_once, grouped, one_at_a_time
from waves.showing import counted

FIVE = shares(0.08, 0.32, 0.15, 0.25, 0.20)
EXACT = ("share_exposed_mean", "end_minutes_given_shipped_mean")
SHARE = "share_exposed_given_defect_mean"


def staged(*groups: tuple[int, ...], bakes: tuple[float, ...], name: str = "plan") -> Plan:
    """A plan of the fleet's regions by number."""
    return grouped([[f"r{n}" for n in group] for group in groups], bake_minutes=bakes, strategy="blue_green", name=name)


@pytest.fixture
def few(monkeypatch):
    for place in (race, module):
        monkeypatch.setattr(place, "RUNGS", (1024, 2048))


@pytest.fixture(scope="module")
def every() -> np.ndarray:
    """Minutes and shares of all 52,923 plans of five regions with three bakes, by the page's formulas."""
    return every_plan(FIVE, deploy=6.0, rate=0.05)


def test_the_least_in_a_plans_time_is_that_of_all_plans_there_are(every):
    """Among them the best of its time itself, which nothing is below."""
    plans = {
        "halves": staged((2, 4), (1, 3, 5), bakes=(20.0, 45.0)),
        "one by one": staged((1,), (2,), (3,), (4,), (5,), bakes=(0.0, 20.0, 45.0, 0.0, 20.0)),
        "at once": staged((1, 2, 3, 4, 5), bakes=(0.0,)),
        "all at once, and a bake": staged((1, 2, 3, 4, 5), bakes=(45.0,)),
    }
    found = distance(plans, scenario(FIVE, rate=0.05, deploy=6.0), BAKES)
    assert found.front is not None and not found.missing and found.probability == pytest.approx(0.1)
    assert list(found.table.index) == list(plans)
    for name, row in found.table.iterrows():
        least = every[every[:, 0] <= row["minutes"] + 1e-9, 1].min()
        assert row["least"] == pytest.approx(least, rel=1e-9), name
        assert row["above"] == pytest.approx(row[SHARE] / least - 1, abs=1e-9)
    assert found.table["above"]["at once"] == pytest.approx(0, abs=1e-12)
    assert found.table["above"]["all at once, and a bake"] > 0.2
    assert math.isnan(found.least(np.array([5.0]))[0])  # nothing is done by then


def test_a_bake_of_todays_that_the_search_has_not_is_among_the_bakes():
    """Else today's plan, here the best there is with its bakes, would be better than what none can be below."""
    scene = scenario(FIVE, rate=0.05, deploy=6.0)
    best = exact_front(scene, (0.0, 33.0))
    middle = len(best.plans) // 2
    others = exact_front(scene, (0.0, 60.0))
    assert best.shares[middle] < others.shares[others.minutes <= best.minutes[middle]].min()
    searched = staged((1, 2, 3, 4), (5,), bakes=(60.0, 0.0))
    found = distance({"today": best.plans[middle], "front 1": searched}, scene, (0.0, 60.0))
    assert (found.table["above"] >= -1e-12).all() and found.table["above"]["today"] < 0.2


def test_with_a_lag_no_plan_is_below_either():
    """By a Monte Carlo of the set-up that shares no code: the lag only adds."""
    plan = staged((1,), (3,), (2, 4, 5), bakes=(20.0, 45.0, 20.0))
    lagging = scenario(FIVE, rate=0.05, deploy=6.0, lag=9.0)
    row = distance({"plan": plan}, lagging, BAKES).table.loc["plan"]
    x = Letters(shares=(0.08, 0.15, 0.77), bakes=(20.0, 45.0, 20.0), d=6.0, rate=0.05)
    played = by_monte_carlo(x, horizon=math.inf, lag=9.0, trials=200_000, seed=1)[SHARE]
    assert row[SHARE] == pytest.approx(played.mean(), abs=5 * played.std() / math.sqrt(len(played)))
    assert row["least"] < row[SHARE] and row["above"] > 0.05
    alone = distance({"plan": plan}, scenario(FIVE, rate=0.05, deploy=6.0), BAKES).table.loc["plan"]
    assert row["least"] == alone["least"]


@pytest.mark.parametrize("many", ["regions", "bakes"])
def test_where_plans_are_too_many_it_is_the_curve(many, every):
    """4 / (4 + λ(T − d)), which none of all plans of five regions is below, and finer waves come near to."""
    fleet = shares(*(np.arange(1, 19) / 171)) if many == "regions" else FIVE
    scene = scenario(fleet, rate=0.05, deploy=6.0)
    bakes = np.linspace(10.0, 60.0, len(fleet.regions) if many == "regions" else 5)
    plan = one_at_a_time(fleet, bake_minutes=30.0, strategy="blue_green")
    steps = tuple(w.replace(bake_minutes=float(b)) for w, b in zip(plan.waves, bakes, strict=True))
    found = distance({"one": plan.replace(waves=steps), "two": plan}, scene, (30.0,))
    assert (found.front is None) == (many == "regions")
    if many == "regions":
        minutes = found.table["minutes"].to_numpy()
        assert found.table["least"].to_numpy() == pytest.approx(4 / (4 + 0.05 * (minutes - 6)))
        assert (found.table["above"] > 0).all()
    more = distance(
        {str(n): all_at_once(fleet, bake_minutes=n, strategy="blue_green") for n in range(9)}, scene, range(9)
    )
    assert more.front is None and more.rate == pytest.approx(0.05)
    assert (every[:, 1] >= more.least(every[:, 0])).all()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"build": {"exponential": {"mean": 3}}}, "build is exponential, mean 3"),
        ({"evidence": 5.0}, "evidence is 5"),
        ({"faults": []}, "there is no defect that is the same in all regions and that alarms can see"),
        ({"horizon_minutes": 20.0}, "horizon_minutes is 20, a clean rollout ends at T = 6"),
    ],
)
def test_where_nothing_is_provable_it_says_why(change, why):
    plan = all_at_once(FIVE, bake_minutes=60.0, strategy="blue_green")
    found = distance({"plan": plan}, scenario(FIVE, rate=0.05, deploy=6.0).replace(**change), BAKES)
    assert found.missing[0].startswith(why) and not len(found.table) and found.front is None


def test_of_several_plans_those_for_which_it_holds_are_told():
    """Rolling regions serve while they deploy, so the closed forms say nothing; nor is what leaves regions out told."""
    rolling = all_at_once(FIVE, bake_minutes=0.0, strategy="rolling")
    some = staged((1,), (2,), bakes=(20.0, 0.0))
    plans = {"today": rolling, "some": some, "front 1": rolling.replace(strategy="blue_green")}
    found = distance(plans, scenario(FIVE, rate=0.05, deploy=6.0), BAKES)
    assert list(found.table.index) == ["front 1"] and not found.missing


def test_a_search_says_how_far_its_plans_are_from_what_is_provably_best(few, every):
    scene = scenario(FIVE, rate=0.05, deploy=6.0)
    today = staged((1, 2), (3, 4, 5), bakes=(45.0, 20.0))
    found = search(scene, today=today, bake_minutes=BAKES, objectives=EXACT, seed=1)
    kept = found.distance.table.drop("today")
    assert len(kept) == len(found.plans) - 1 and (kept["above"] > -1e-9).all() and kept["above"].max() < 0.1
    assert all((every[every[:, 0] <= r["minutes"] + 1e-9, 1] >= r["least"] - 1e-9).all() for _, r in kept.iterrows())
    (said,) = (each for each in found.sentences if each.startswith("By proof"))
    assert f" ({kept['above'].idxmax()}) " in said or kept["above"].max() < 1e-9
    # Wave by wave: .40 + .60 exp(−.05 · .40 · 51), in 2 · 6 + 65 minutes
    share, least = 0.40 + 0.60 * math.exp(-0.05 * 0.40 * 51), every[every[:, 0] <= 77.0 + 1e-9, 1].min()
    told = (
        f"Today's plan exposes {share:.0%} of the traffic to a bad change; in its time none can be below {least:.0%}."
    )
    assert told.replace("%", "\u00a0%") in found.sentences
    mine = found.beside({"mine": staged((1, 2, 3, 4, 5), bakes=(0.0,))})
    assert mine.sentences[-1] == (
        "mine exposes 100\u00a0% of the traffic to a bad change; in its time none can be below 100\u00a0%."
    )
    again: PlanFront = pickle.loads(pickle.dumps(found))
    assert again.sentences == found.sentences


def test_its_picture_has_the_line_that_no_plan_is_below(few):
    """A step line from the fastest plan on, below every point; without a proof none, and no word of one."""
    scene = scenario(FIVE, rate=0.05, deploy=6.0)
    today = all_at_once(FIVE, bake_minutes=20.0, strategy="blue_green")
    found = search(scene, today=today, bake_minutes=(0.0, 45.0), objectives=EXACT, seed=1)
    picture = found.plot()
    (line,) = (each for axes in picture.axes for each in axes.lines if each.get_label() == LEAST)
    x, y = (np.asarray(each) for each in line.get_data())
    for known in found.known.values():
        time, share = (known[figure].value for figure in EXACT[::-1])
        assert y[np.searchsorted(x, time + 1e-6, side="right") - 1] <= share * 1.1 and share > 0
    assert y.max() == pytest.approx(0.1) and (np.diff(y) <= 0).all()  # all exposed, with a bad change in ten
    unproved = search(scene.replace(build=3.0), today=today, bake_minutes=(0.0,), objectives=EXACT, seed=1)
    assert not any(each.get_label() == LEAST for axes in unproved.plot().axes for each in axes.lines)
    assert not any("proof" in each for each in unproved.sentences)  # all there are were looked at


def test_of_a_population_it_says_that_nothing_is_known_where_there_is_no_proof(few, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 10)
    monkeypatch.setattr("simulation.searching.population.LONGEST", 2)
    scene = scenario(FIVE, rate=0.05, deploy=6.0, build=3.0)
    today = all_at_once(FIVE, bake_minutes=0.0, strategy="blue_green")
    for more, text in (({}, "build is 3"), ({"handover": 1.0}, "build is 3, and for 1 other reason")):
        found = search(
            scene.replace(**more), today=today, bake_minutes=(0.0, 45.0), objectives=EXACT, resolution=0.3, seed=1
        )
        (said,) = (each for each in found.sentences if "best possible" in each)
        assert said == f"How near these come to the best possible is not known: a proof fails where {text}."


def test_what_closed_forms_do_not_cover_is_said_not_to_be_known(few):
    """A book that is closed after half an hour: slow plans are open then, quick ones are not."""
    scene = scenario(shares(0.3, 0.7), rate=0.05, deploy=6.0, horizon_minutes=30.0)
    today = all_at_once(scene.fleet, bake_minutes=0.0, strategy="blue_green")
    found = search(scene, today=today, bake_minutes=(0.0, 60.0), objectives=EXACT, seed=1)
    kept = len(found.distance.table) - 1
    assert 0 < kept < len(found.plans) - 1
    assert f"Of {counted(len(found.plans) - 1 - kept, 'plan')} here closed forms say nothing." in found.sentences
