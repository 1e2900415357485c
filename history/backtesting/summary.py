"""A back test in words and tables. Not here: its numbers (`result`), its picture (`pictures`)."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from history.backtesting.naive import NAIVE
from history.backtesting.scores import BINARY, Held
from history.backtesting.truth import TARGETS
from history.collecting.report import columns
from history.replaying.summary import plain
from simulation.results.numerals import number, percent, span
from waves.showing import cards, counted, listed, words

if TYPE_CHECKING:
    from history.backtesting.result import Backtest

SCORE = {"end_minutes": "pinball loss", "halted": "Brier score", "share_at_halt": "pinball loss"}
EVENT_TIME = (
    "At each origin the history was cut by event time: what ended later was open, what came or was noticed later was "
    "not there."
)
UNTIMED = (
    "Deployments are told as instants, over as they begin: how long they took, and so how many minutes a rollout did, "
    "is unknown, and not scored."
)
DEPENDENT = "Rollouts of a period share a fit, and are no independent tries; periods nearly are."


def headline(test: "Backtest") -> str:
    """Say in how many periods the interval held; where nothing was foretold, why, and what can still be said."""
    if not test.scored:
        return _nothing(test)
    held = test.held(test.main, periods=True)
    periods = counted(held.of, "week" if isinstance(test.every, str) else "period")
    what = "" if test.timed else " of how many are halted"
    return f"in {held.count:,} of {periods} the {test.level * 100:g} % interval{what} held ({_range(held)})"


def _range(held: Held) -> str:
    return f"{held.low * 100:.0f}–{held.high * 100:.0f}"


def _nothing(test: "Backtest") -> str:
    """Say why nothing was foretold, and what can still be said."""
    many = len(test.known)
    known = test.known
    if not many:
        return "no rollout of the history ended in a way that could be foretold, so nothing is held against it"
    what = f"{counted(many, 'rollout')} of known end"
    why = f"a history too short to be held against forecasts: {what}, and the first origin needs {test.least:,} before"
    if test.origins:
        why = f"nothing could be foretold: {what}, and none of what came later went by a plan that was known before"
    minutes = known["end_minutes"].to_numpy(dtype=float)
    halted = Held.counted(known["halted"].to_numpy() > 0)
    took = (
        f"they took {number(float(minutes.min()))} to {number(float(minutes.max()))} minutes, "
        f"{number(float(np.median(minutes)))} in the median, and "
    )
    return (
        f"{why}; what can still be said: {took if test.timed else ''}{halted.count:,} of {halted.of:,} "
        f"{'was' if halted.count == 1 else 'were'} halted ({_range(halted)} %)"
    )


def sentences(test: "Backtest") -> list[str]:
    """Say what the back test says, and what it cannot say."""
    head = headline(test)
    found = [f"{head[0].upper()}{head[1:]}."]
    if test.scored:
        found += [*(_minutes(test) if test.timed else [UNTIMED]), *_halted(test), *_shares(test), EVENT_TIME, DEPENDENT]
    found += [*_retried(test), _basis(test)]
    found += [f"Left out, {counted(n, 'rollout')}: {why}." for why, n in test.left_out.most_common()]
    if test.possible > test.origins:
        periods = counted(test.possible, "week" if isinstance(test.every, str) else "period")
        found.append(f"Of {periods} {test.origins:,} were foretold, evenly spread over the history.")
    if test.empty:
        periods = counted(test.empty, "week" if isinstance(test.every, str) else "period")
        found.append(f"In {periods} nothing was pushed: skipped.")
    return found


def _basis(test: "Backtest") -> str:
    how = "a scenario fitted at each origin" if test.fitted else "the scenario as it is, fitted to nothing"
    return (
        f"Foretold by {how} ({test.scenario.name}, {test.scenario.digest}), {test.trials:,} rollouts a forecast, seed "
        f"{test.seed}; only rollouts that reached a first deployment, under the plan that was known by then."
    )


def _retried(test: "Backtest") -> list[str]:
    """Say where failed deployments were tried more often than plans say; services of one plan together."""
    same: dict[tuple[str, int, int], list[str]] = {}
    for service, (plan, tries) in sorted(test.retries.items()):
        same.setdefault((plan.name, plan.retries, tries), []).append(service)
    return [
        f"Of {listed(services)}, failed deployments were tried again, up to {counted(tries, 'time')}, where plan "
        f"{name} says retries: {retries}; foretold with as many as were seen by then."
        for (name, retries, tries), services in same.items()
    ]


def _minutes(test: "Backtest") -> list[str]:
    held = test.held()
    said = (
        f"Of {counted(held.of, 'rollout')}, {held.count:,} ended within the {test.level * 100:g} % interval of minutes "
        f"foretold for them ({_range(held)} %){_judged(held, test.level)}."
    )
    return [said, _against(test, "end_minutes")]


def _judged(held: Held, level: float) -> str:
    if held.high < level:
        return ", so the intervals are too narrow"
    return ", so the intervals are too wide" if held.low > level else ""


def _against(test: "Backtest", target: str) -> str:
    """Compare with what one foretells without a model."""
    own = test.of(target)
    told = []
    for who in NAIVE:
        closer = test.closer(target, who)
        name = "the quantiles of the past" if who == "past" else "the last value"
        told.append(
            f"{number(float(own[f'{who}_score'].mean()), 3)} by {name} (beaten in {closer.count:,} of {closer.of:,} "
            f"periods, {_range(closer)} %)"
        )
    return (
        f"{TARGETS[target][0][0].upper()}{TARGETS[target][0][1:]}: {SCORE[target]} "
        f"{number(float(own['score'].mean()), 3)} against {' and '.join(told)}; less is better."
    )


def _halted(test: "Backtest") -> list[str]:
    own = test.of("halted")
    if not len(own):
        return []
    many = int(own["value"].sum())
    foretold = float(own["middle"].sum())
    low, high = test.halts
    said = (
        f"{_came(many, len(own))} halted, {number(foretold)} were to be expected, {low:,.0f} to {high:,.0f} by the "
        f"{test.level * 100:g} % interval{_often(test, many)}."
    )
    if not many:
        why = "With no bad change on record, this history says nothing of how far one comes."
        return [f"{said} {why}", *_later(test)]
    return [said, *_later(test), _against(test, "halted")]


def _came(many: int, of: int) -> str:
    if not many:
        return f"None of {counted(of, 'rollout')} was"
    return f"{counted(many, 'rollout')} of {of:,}"


def _often(test: "Backtest", many: int) -> str:
    """Say where what came lies outside, and whose the chances are that no history told."""
    low, high = test.halts
    if low <= many <= high:
        return ""
    stays = "; what the history does not tell of them stays the scenario's, see wavecast fit" if test.fitted else ""
    return f": halts are foretold too {'often' if many < low else 'seldom'}{stays}"


def _later(test: "Backtest") -> list[str]:
    """Say how many were set back after their end, by which a fit knows how many bad changes alarms see."""
    if not test.later:
        return []
    why = "; a fit learns of them how many bad changes alarms see in time" if test.fitted else ""
    were = "was" if test.later == 1 else "were"
    return [f"{test.later:,} more {were} set back after the end, which is no halt here{why}."]


def _shares(test: "Backtest") -> list[str]:
    own = test.of("share_at_halt")
    if not len(own):
        return []
    held = test.held("share_at_halt")
    return [
        f"Of {counted(held.of, 'halted rollout')}, {held.count:,} had the new version in as much of the traffic as the "
        f"{test.level * 100:g} % interval said ({_range(held)} %; shares are single values, so intervals hold more)."
    ]


def table(test: "Backtest") -> list[list[str]]:
    """Return the summary as rows of text, with a head."""
    rows = [["target", "forecast", "rollouts", "interval held", "95 % interval", "interval score", "score"]]
    names = {"model": "the model", "last": "last value", "past": "past quantiles"}
    for row in test.summary.itertuples():
        binary = row.target in BINARY
        held = "" if binary else percent(float(row.coverage))  # type: ignore[arg-type]
        ends = "" if binary else span(float(row.low), float(row.high))  # type: ignore[arg-type]
        wide = "" if binary else number(float(row.interval_score), 3)  # type: ignore[arg-type]
        score = f"{number(float(row.score), 3)} ({SCORE[str(row.target)]})"  # type: ignore[arg-type]
        rows.append([str(row.target), names[str(row.forecaster)], f"{row.rollouts:,}", held, ends, wide, score])
    return rows


def text(test: "Backtest") -> str:
    """Lay the back test out for a terminal."""
    said = sentences(test)
    if not test.scored:
        return "\n".join(said)
    return "\n".join([said[0], "", columns(table(test)), "", *said[1:]])


def html(test: "Backtest") -> str:
    """Lay the back test out for a notebook."""
    first, *said = (words(each) for each in sentences(test))
    head, *body = table(test)
    shown = cards(head, body) if body else ""
    return f"<p><strong>{first}</strong></p>{shown}<ul>{''.join(f'<li>{each}</li>' for each in said)}</ul>"


def as_dict(test: "Backtest") -> dict[str, Any]:
    """Return everything as plain values."""
    held = test.held(test.main, periods=True)

    def rows(frame: Any) -> Any:
        return json.loads(frame.to_json(orient="records", date_format="iso", date_unit="us"))

    return {
        "rollouts": test.scored,
        "origins": test.origins,
        "possible_origins": test.possible,
        "minutes_known": test.timed,
        "empty_periods": test.empty,
        "halts": {"low": test.halts[0], "high": test.halts[1]},
        "set_back_later": test.later,
        "retries": {service: tries for service, (_, tries) in sorted(test.retries.items())},
        "every": test.every,
        "level": test.level,
        "seed": test.seed,
        "trials": test.trials,
        "fitted": test.fitted,
        "scenario": test.scenario.digest,
        "periods_held": {"count": held.count, "of": held.of, "low": held.low, "high": held.high} if held.of else None,
        "summary": plain(test.summary),
        "periods": rows(test.periods),
        "forecasts": rows(test.frame),
        "left_out": dict(test.left_out),
        "sentences": sentences(test),
    }
