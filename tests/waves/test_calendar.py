"""Calendars: windows, freezes, local times that are skipped or come twice, and what is refused."""

from datetime import datetime

import pytest

from simulation import sample
from tests import builders
from waves import InputError
from waves.calendar import Calendar, Pushes, Window, joined, minutes, without
from waves.local_time import instant, instant_of

MONDAY = instant("2026-11-23 10:00 UTC")


def hours_of(calendar: Window, start: int, days: int) -> list[tuple[float, float]]:
    """Spans in hours since an instant."""
    return [(a / 60, b / 60) for a, b in minutes(calendar.spans(start, start + days * 86_400), start)]


def test_a_local_time_that_is_skipped_is_the_instant_of_the_change():
    """In Berlin, 29 March 2026, 2:00 to 3:00 is skipped: 1:00 UTC; in Samoa a whole day was."""
    change = instant("2026-03-29T01:00+00:00")
    assert {instant_of(datetime(2026, 3, 29, *t), "Europe/Berlin") for t in ((2, 0), (2, 30), (2, 59), (3, 0))} == {
        change
    }
    skipped, next_day = (instant_of(datetime(2011, 12, day), "Pacific/Apia") for day in (30, 31))
    assert skipped == next_day


def test_a_local_time_that_comes_twice_is_its_first():
    """In Berlin, 25 October 2026, 2:30 is 0:30 UTC and 1:30 UTC."""
    assert instant_of(datetime(2026, 10, 25, 2, 30), "Europe/Berlin") == instant("2026-10-25T00:30+00:00")


def test_a_window_in_the_skipped_hour_is_none():
    """2:10 to 2:50 on Sundays: the Sunday of the change has none."""
    window = Window(days=("sun",), hours=("02:10", "02:50"), zone="Europe/Berlin")
    saturday = instant("2026-03-28 00:00 UTC")
    assert hours_of(window, saturday, 3) == []
    assert len(hours_of(window, saturday, 10)) == 1


def test_windows_that_touch_are_one():
    """All of Monday and Tuesday, from Monday 10:00 UTC: to Wednesday, 0:00; a layout begins before."""
    ((_, end),) = hours_of(Window(days=("mon", "tue"), zone="UTC"), MONDAY, 5)
    assert end == 38.0
    assert joined([(5, 7), (1, 3), (3, 5), (9, 9)]) == [(1, 7)]


def test_freezes_are_cut_out():
    """10:00 to 16:00 every day, frozen from Monday 12:00 to Tuesday 15:00."""
    freeze = {"from": "2026-11-23 12:00", "to": "2026-11-24 15:00"}
    calendar = Calendar.model_validate({"hours": ["10:00", "16:00"], "zone": "UTC", "freezes": [freeze]})
    spans = [(a / 60, b / 60) for a, b in minutes(calendar.open(MONDAY, MONDAY + 86_400 * 2), MONDAY)]
    assert spans == [(0.0, 2.0), (29.0, 30.0)]
    assert without([(0, 10)], [(2, 3), (5, 20)]) == [(0, 2), (3, 5)]


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"hours": [600, 960]}, 'quote it, such as "10:00"'),
        ({"hours": ["10:00", "10:00"]}, "two different times"),
        ({"hours": ["10:00", "24:01"]}, "'24:01' is not a time"),
        ({"hours": ["10:00"]}, "two quoted times"),
        ({"days": ["Montag"]}, "'Montag' is not a day; use mon"),
        ({"days": []}, "there are no days"),
        ({"zone": "Europe/Berlim"}, "'Europe/Berlim' is not a time zone"),
        ({"freezes": [{"from": "2026-12-24", "to": "2026-12-24"}]}, "no time at all; give a later `to`"),
        ({"freezes": [{"from": "24.12.2026", "to": "2026-12-27"}]}, "'24.12.2026' is not a date"),
        ({"freezes": [{"from": "2026-12-24T00:00+01:00", "to": "2026-12-27"}]}, "has an offset of its own"),
    ],
)
def test_what_is_no_calendar_is_refused_with_the_remedy(fields, words):
    with pytest.raises(InputError, match=words):
        builders.plan("a").replace(calendar={"zone": "UTC", **fields})


@pytest.mark.parametrize("pushes", ["2026-11-24 10:00", "next Tuesday", {"from": "2026-11-28", "to": "2026-11-29"}])
def test_what_is_no_push_is_refused(pushes):
    """No zone, no instant, and a Saturday of working days."""
    value = {"days": ["mon"], "zone": "UTC", **pushes} if isinstance(pushes, dict) else pushes
    with pytest.raises(InputError, match="time zone|no allowed minute|is not a date"):
        sample("storefront").replace(pushes=value)


def test_staffed_hours_need_pushes():
    with pytest.raises(InputError, match="add such as `pushes: {from"):
        sample("storefront").replace(staffed={"zone": "UTC"})


def test_pushes_are_read_and_written_alike():
    scenario = sample("storefront-office-hours")
    assert isinstance(scenario.pushes, Pushes)
    assert type(scenario).model_validate({**scenario.as_dict(), "fleet": scenario.fleet}) == scenario


def test_the_time_zone_database_is_part_of_a_digest_where_it_has_a_say(monkeypatch):
    """A newer one may lay calendars out otherwise; where there are none, nothing changes."""

    def digests():
        return builders.plan("a").digest, builders.plan("a", calendar=Calendar(zone="UTC")).digest

    before = digests()
    monkeypatch.setattr("waves.nouns.tzdata_version", lambda: "2099a")
    assert digests()[0] == before[0] and digests()[1] != before[1]


def test_names_of_aws_regions_have_a_time_zone_anyway():
    fleet = builders.fleet({"eu-central-1": 1.0, "ours": 1.0})
    assert [region.local_zone for region in fleet.regions] == ["Europe/Berlin", None]
