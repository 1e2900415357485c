"""What differs between two plans, by hand."""

from waves import Change, Plan, changes

OLD = Plan(
    waves=(
        {"regions": ("a",), "bake_minutes": 60.0},
        {"regions": ("b", "c"), "bake_minutes": 30.0},
        {"regions": ("d",), "approval": True},
    )
)


def test_two_plans_that_do_the_same_differ_in_nothing_whatever_they_are_called():
    assert changes(OLD, OLD.replace(name="other")) == []


def test_each_region_bake_and_approval_that_changed_is_told_once():
    """Waves a | b c | d become a b | d e: b and d go up, c goes, e comes; the last wave goes, and its approval."""
    new = OLD.replace(
        waves=({"regions": ("a", "b"), "bake_minutes": 45.0}, {"regions": ("d", "e"), "bake_minutes": 30.0})
    )
    assert changes(OLD, new) == [
        Change("region", "b", "wave 2", "wave 1"),
        Change("region", "d", "wave 3", "wave 2"),
        Change("region", "e", "", "wave 2"),
        Change("region", "c", "wave 2", ""),
        Change("bake", "wave 1", "60 minutes", "45 minutes"),
        Change("bake", "wave 3", "0 minutes", ""),
        Change("approval", "wave 3", "an approval", ""),
    ]


def test_what_else_a_plan_says_is_told_in_words():
    calendar = {"days": ["mon"], "hours": ["10:00", "16:00"], "zone": "Europe/Berlin"}
    first = OLD.waves[1].replace(regions=("c", "b"), max_parallel=1, calendar="none")
    new = OLD.replace(waves=(OLD.waves[0], first, OLD.waves[2]), retries=2, calendar=calendar, on_alarm="halt")
    assert {(each.what, each.before, each.after) for each in changes(OLD, new)} == {
        ("order in wave 2", "b, c", "c, b"),
        ("regions at once, wave 2", "none", "1"),
        ("calendar, wave 2", "none", "at any time"),
        ("retries", "0", "2"),
        ("on_alarm", "rollback_all", "halt"),
        ("calendar", "none", "days mon, hours 10:00 16:00, zone Europe/Berlin"),
    }
