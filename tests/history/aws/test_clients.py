"""Times of answers, read in UTC: what botocore reads through this machine's zone, whichever that is."""

import datetime as dt
import time

import pytest
from botocore.utils import parse_timestamp

from history.aws.answers import in_utc

AROUND_THE_END_OF_SUMMER = [1_762_061_400 + 300 * n + 0.125 for n in range(30)]  # New York, 2025-11-02


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kolkata"])
def zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    "value",
    [
        0,
        1_765_432_100,
        1_765_432_100.123,
        4e9,
        -1e9,
        "2026-01-01T00:00:00Z",
        "1765432100.123",
        "2026-01-01T05:30:00+05:30",
    ],
)
def test_a_time_is_the_one_that_botocore_reads(value):
    assert in_utc(value) == parse_timestamp(value)
    assert in_utc(value).utcoffset() == dt.timedelta(0)


@pytest.mark.usefixtures("zone")
def test_the_hour_that_comes_twice_in_autumn_is_no_trap():
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    for value in AROUND_THE_END_OF_SUMMER:
        assert (in_utc(value) - epoch).total_seconds() == value


@pytest.mark.parametrize("value", ["", "never", "2026-01-01T00:00:00", None, [], {}, 1e300, -1e18])
def test_what_is_no_time_stays_as_it_came(value):
    """So that it costs its record, and not the page it stands on."""
    assert in_utc(value) == value
