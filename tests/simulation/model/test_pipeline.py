"""Rules 6, 7, 8, 12 and 21: the build, the waves, the gates between them, slots, bakes, and the end of the pipeline.

Regions a, b, c, d carry shares of .1, .2, .3, .4; deployments are blue/green and take 4 minutes unless said otherwise.
"""

import pytest

from tests.builders import plan, scenario, wave
from tests.simulation.worlds import bad


def test_a_failed_build_ends_the_pipeline_when_the_build_ends(check):
    """Rule 6."""
    check(plan("a", "b"), {"outcome": "build_failed", "end_minutes": 3.0}, build=3.0, build_failure=True)


def test_waves_follow_in_order_each_after_the_bake_of_the_one_before(check):
    """Rule 7: built at 2; a 2→6, baked at 11; b and c 11→15, baked at 25. Mixed from a's 6 to the others' 15."""
    expected = {"outcome": "completed", "deployed_minutes": 15, "end_minutes": 25, "mixed_minutes": 9}
    check(plan("a", "b c", bake=(5, 10)), expected, build=2.0)


def test_a_wave_without_a_bake_hands_over_at_once(check):
    """Rule 7: a 0→4, b 4→8, complete at 8."""
    check(plan("a", "b"), {"outcome": "completed", "deployed_minutes": 8, "end_minutes": 8, "mixed_minutes": 4})


def test_the_handover_comes_before_every_wave_but_the_first(check):
    """Rule 7: a 0→4, baked 9; + 2 = 11; b 11→15, baked 20; + 3 = 23; c 23→27, baked 32. The first 99 are not waited."""
    expected = {"outcome": "completed", "deployed_minutes": 27, "end_minutes": 32, "mixed_minutes": 23}
    check(plan("a", "b", "c", bake=5), expected, handover={0: 99.0, 1: 2.0, 2: 3.0})


def test_an_approval_is_waited_for_after_the_handover(check):
    """Rule 7: a 0→4, baked 9; handover 11; decision 18; b 18→22, baked 27."""
    expected = {"outcome": "completed", "deployed_minutes": 22, "end_minutes": 27, "mixed_minutes": 18}
    gated = plan(wave("a", 5), wave("b", 5, approval=True))
    check(gated, expected, handover={1: 2.0}, approval_wait={0: 50.0, 1: 7.0})


def test_the_first_wave_may_need_an_approval_too(check):
    """Rule 7: built at 1, decision at 7, a 7→11, baked 16."""
    expected = {"outcome": "completed", "deployed_minutes": 11, "end_minutes": 16}
    check(plan(wave("a", 5, approval=True)), expected, build=1.0, approval_wait={0: 6.0})


def test_a_rejection_ends_the_pipeline_at_the_decision(check):
    """Rule 7: a 0→4, baked 9; handover 11; rejected at 18. Mixed from 4 to 18."""
    expected = {"outcome": "rejected", "end_minutes": 18, "mixed_minutes": 14}
    gated = plan(wave("a", 5), wave("b", 5, approval=True))
    check(gated, expected, handover={1: 2.0}, approval_wait={1: 7.0}, rejection={1: True})


def test_only_a_wave_that_asks_for_an_approval_can_be_rejected(check):
    """Rule 7."""
    expected = {"outcome": "completed", "deployed_minutes": 8, "end_minutes": 8, "mixed_minutes": 4}
    check(plan("a", "b"), expected, rejection=True)


def test_a_rejection_of_the_first_wave_leaves_everything_old(check):
    """Rule 7: built at 1, decided at 7."""
    expected = {"outcome": "rejected", "end_minutes": 7}
    check(plan(wave("a b", 5, approval=True)), expected, build=1.0, approval_wait=6.0, rejection=True)


def test_without_a_limit_the_whole_wave_deploys_at_once(check):
    """Rule 8: a 0→4, b 0→6, c 0→3; the bake starts with the last, at 6. Mixed from 3 to 6."""
    expected = {"outcome": "completed", "deployed_minutes": 6, "end_minutes": 11, "mixed_minutes": 3}
    check(plan("a b c", bake=5), expected, deploy={"a": 4.0, "b": 6.0, "c": 3.0})


def test_a_slot_freed_at_an_instant_is_used_at_that_instant(check):
    """Rules 5, 8, (a) < (e): a 0→4 and b 0→6; c takes a's slot, 4→7. Mixed from 4 to 7."""
    expected = {"outcome": "completed", "deployed_minutes": 7, "end_minutes": 12, "mixed_minutes": 3}
    check(plan(wave("a b c", 5, max_parallel=2)), expected, deploy={"a": 4.0, "b": 6.0, "c": 3.0})


def test_two_slots_freed_at_once_are_both_used(check):
    """Rule 8: a and b 0→4; c and d 4→7 and 4→9."""
    expected = {"outcome": "completed", "deployed_minutes": 9, "end_minutes": 9, "mixed_minutes": 5}
    check(plan(wave("a b c d", max_parallel=2)), expected, deploy={"a": 4.0, "b": 4.0, "c": 3.0, "d": 5.0})


def test_one_slot_takes_the_regions_in_plan_order(check):
    """Rule 8: c 0→3, a 3→7, b 7→13. Mixed from 3 to 13."""
    expected = {"outcome": "completed", "deployed_minutes": 13, "end_minutes": 13, "mixed_minutes": 10}
    check(plan(wave("c a b", max_parallel=1)), expected, deploy={"a": 4.0, "b": 6.0, "c": 3.0})


def test_a_slot_is_held_while_traffic_moves_in_steps(check):
    """Rules 8, 10: a gets 10 % at 4 and ends at 4 + 5 = 9; only then b starts, 9→13 and ends at 18."""
    expected = {"outcome": "completed", "deployed_minutes": 18, "end_minutes": 18, "mixed_minutes": 14}
    check(plan(wave("a b", max_parallel=1), strategy={"steps": [[10.0, 5.0]]}), expected)


def test_a_retry_keeps_its_slot(check):
    """Rules 8, 9: a 0→4 fails, 4→6 succeeds; b 6→12."""
    expected = {"outcome": "completed", "deployed_minutes": 12, "end_minutes": 12, "mixed_minutes": 6}
    check(
        plan(wave("a b", max_parallel=1), retries=1),
        expected,
        deploy={("a", 0): 4.0, ("a", 1): 2.0, "b": 6.0},
        deploy_failure={("a", 0): True},
    )


@pytest.mark.parametrize(
    "strategy, deployed, end",
    [
        # a serves 10 a minute from 4 on: 300 after 30 minutes, at 34; b 20 a minute: at 19.
        ("blue_green", 4, 34),
        # a's ramp serves 4/2 · 10 = 20, the other 280 take 28 minutes after 4; b's serves 40, the rest 13 minutes.
        ("rolling", 4, 32),
        # a serves 8 minutes at 5 a minute = 40, the other 260 take 26 minutes after 12; b is done in 11.
        ({"steps": [[50.0, 8.0]]}, 12, 38),
    ],
)
def test_a_bake_goes_on_until_every_region_has_served_its_requests(check, strategy, deployed, end):
    """Rule 12, ramp included."""
    mixed = {4: 0, 12: 8}[deployed] if strategy != "rolling" else 4
    expected = {"outcome": "completed", "deployed_minutes": deployed, "end_minutes": end, "mixed_minutes": mixed}
    check(plan(wave("a b", 5, bake_requests=300.0), strategy=strategy), expected)


def test_a_bake_lasts_its_minutes_even_where_the_requests_came_sooner(check):
    """Rule 12: a has its 300 requests at 34, and the bake lasts from 4 to 54."""
    expected = {"outcome": "completed", "deployed_minutes": 4, "end_minutes": 54}
    check(plan(wave("a b", 50, bake_requests=300.0)), expected)


def test_requests_served_before_the_last_deployment_ended_count(check):
    """Rule 12: a is up at 4 and has 300 at 34; b is up at 20 and has 300 at 35; minutes alone would end at 25."""
    expected = {"outcome": "completed", "deployed_minutes": 20, "end_minutes": 35, "mixed_minutes": 16}
    check(plan(wave("a b", 5, bake_requests=300.0)), expected, deploy={"a": 4.0, "b": 20.0})


def test_requests_may_be_reached_before_a_ramp_ends(check):
    """Rule 12: b's ramp of 40 minutes serves 400, 300 of them before its end; a has 300 at 32; the end is 40 + 5."""
    expected = {"outcome": "completed", "deployed_minutes": 40, "end_minutes": 45, "mixed_minutes": 40}
    rolling = plan(wave("a b", 5, bake_requests=300.0), strategy="rolling")
    check(rolling, expected, deploy={"a": 4.0, "b": 40.0})


def test_the_pipeline_runs_to_its_end_beyond_the_horizon(check):
    """Rule 21: `end`, `deployed` and `mixed` are not cut at 5."""
    expected = {"outcome": "completed", "deployed_minutes": 15, "end_minutes": 25, "mixed_minutes": 9}
    check(plan("a", "b c", bake=(5, 10)), expected, build=2.0, scenario=scenario(horizon_minutes=5.0))


def test_regions_that_the_plan_leaves_out_never_change(check):
    """Rule 1: they make nothing mixed and count only in shares; a hurts from 4 to 100 at 10 / 100."""
    expected = {
        "outcome": "escaped", "deployed_minutes": 4, "end_minutes": 9, "regions_exposed": 1, "share_exposed": 0.1,
        "peak_share": 0.1, "impact_minutes": 0.1 * 96,
    }  # fmt: skip
    everywhere = {name: bad(alarms=False) for name in "abcd"}
    check(plan("a", bake=5), expected, defects=everywhere, scenario=scenario(horizon_minutes=100.0))


def test_a_wave_bakes_for_less_than_a_request(check):
    """Rule 12: half a request at 10 a minute."""
    check(plan(wave("a", bake_requests=0.5)), {"outcome": "completed", "deployed_minutes": 4, "end_minutes": 4.05})
