"""What of a history is known, in sentences: late begins, gaps and early ends, region by region."""

import pandas as pd

from history import coverage_sentences


def span(region: str, stream: str, start: str, end: str, part: str = "*") -> dict[str, object]:
    times = {"from_at": pd.Timestamp(start, tz="UTC"), "until_at": pd.Timestamp(end, tz="UTC")}
    return {"account": "1", "region": region, "stream": stream, "part": part, **times}


def test_a_region_that_came_late_or_has_a_gap_is_named():
    rows = [
        span("eu-west-1", "ecs", "2026-01-01", "2026-06-01"),
        span("us-west-2", "ecs", "2026-05-03", "2026-06-01"),
        span("eu-west-1", "alarms", "2026-04-01", "2026-04-10"),
        span("eu-west-1", "alarms", "2026-04-20", "2026-05-20"),
        span("us-west-2", "alarms", "2026-04-01", "2026-06-01"),
    ]
    assert coverage_sentences(pd.DataFrame(rows)) == [
        "deployments: known from 2026-01-01 to 2026-06-01; us-west-2 unknown before 2026-05-03",
        "alarms: known from 2026-04-01 to 2026-06-01; eu-west-1 unknown from 2026-04-10 to 2026-04-20; "
        "eu-west-1 unknown after 2026-05-20",
    ]


def test_where_nobody_looked_it_says_so():
    empty = pd.DataFrame([span("a", "ecs", "2026-01-01", "2026-06-01")]).iloc[:0]
    assert coverage_sentences(empty)[0].startswith("nobody wrote down from when to when it is known")
