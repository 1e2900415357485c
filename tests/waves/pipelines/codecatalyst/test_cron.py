"""Rules of a schedule's expression: six fields in UTC, by the table of EventBridge, without `cron(…)` around them."""

import pytest

from waves.pipelines.codecatalyst._cron import faults_of


@pytest.mark.parametrize(
    "expression",
    [
        "0 2 * * ? *",
        "0 8 ? * 2 *",
        "0/15 8-17 ? * MON-FRI *",
        "0 0 1,15 jan,JUL ? 2026-2028",
        "30 6 L * ? *",
        "0 6 3W * ? *",
        "0 6 ? * 5L *",
        "0 6 ? * FRI,6#3 *",
        "*/5 * * * ? *",
    ],
)
def test_what_the_guide_allows_is_in_order(expression: str) -> None:
    """Numbers, names, lists, ranges, steps, and the wildcards of the two fields for days."""
    assert list(faults_of(expression)) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("cron(0 6 * * ? *)", "is wrapped in cron(…); write the six fields alone, such as 0 6 * * ? *"),
        ("rate(1 day)", "is wrapped in rate(…); write the six fields alone, such as 0 6 * * ? *"),
        ("0 8 * * 1", "has 5 fields; cron in UTC has six"),
        ("0 24 * * ? *", "has '24' in the place of the hours; write 0 to 23, or *"),
        ("60 0 * * ? *", "has '60' in the place of the minutes; write 0 to 59, or *"),
        ("0 0 ? * 0 *", "has '0' in the place of the day of the week; write 1 to 7 or SUN to SAT, or *"),
        ("0 0 ? 13 1 *", "has '13' in the place of the month; write 1 to 12 or JAN to DEC, or *"),
        ("0 0 ? FOO 1 *", "has 'FOO' in the place of the month; write 1 to 12 or JAN to DEC, or *"),
        ("0/0 0 * * ? *", "has '0/0' in the place of the minutes; write 0 to 59, or *"),
        ("? 0 * * ? *", "has '?' in the place of the minutes; write 0 to 59, or *"),
        ("0 1-2-3 * * ? *", "has '1-2-3' in the place of the hours; write 0 to 23, or *"),
        ("0 0 * * * *", "has * for both the day of the month and the day of the week; write ? for one of them"),
    ],
)
def test_what_it_does_not_allow_is_named(expression: str, fault: str) -> None:
    """The field, what stands in it, and what may."""
    assert list(faults_of(expression)) == [fault]
