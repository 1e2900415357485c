"""The verdict: what a report concludes, as a file with stable fields, and the gate that judges such a file.

A gate trusts numbers, not words: it holds each limit against its estimate again. What cannot be judged fails. Not
here: how limits are read and judged (``limits``), how the report tells it (``report``).
"""

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from simulation.analysis.compare import Comparison
from simulation.analysis.limits import Judgement, Limit, judge
from simulation.results.figures import amount, between, called, odds
from simulation.results.numerals import several
from simulation.scenario import Scenario
from waves import Finding, InputError, Plan

FORMAT = 1
MAX_BYTES = 16 * 1024 * 1024
ENDLESS = {math.inf: "infinity", -math.inf: "-infinity"}
Plain = float | int | str | None


def verdict(comparison: Comparison, limits: Sequence[Limit]) -> dict[str, Any]:
    """Judge the first plan of a comparison.

    Parameters
    ----------
    comparison
        As `compare` gives it.
    limits
        As `parse_limits` gives them; without any nothing is judged, and the verdict is not passed.

    Returns
    -------
    dict
        Plain values with these fields, which stay:

        - `format`: 1. `passed`: whether every limit holds, and there is one. `sentence`: the verdict in one sentence.
        - `made`: when, in UTC (ISO 8601). `kit`: the kit's version.
        - `judged`: the name of the plan that was judged. `plans`: from each plan's name to its `digest` and `waves`
          (the regions of each).
        - `scenario`: `name` and `digest`, its fleet's content included. `trials`, `seed`,
          `sampling`, `confidence`.
        - `limits`: a list of `figure`, `side` (`at_most` or `at_least`), `value`, `estimate`, `low`, `high`, `unit`,
          `verdict` (`holds`, `broken` or `undecided`), `trials_it_takes` to decide it, about, where it is undecided.
        - `figures`: from each plan's name and each figure's to `estimate`, `low`, `high`, `unit`.

        A number that is not known is None; one without end is `"infinity"`.
    """
    asked = comparison.asked([limit.figure for limit in limits])
    judgements = judge(asked, list(limits), len(comparison.trials))
    return {
        "format": FORMAT,
        "passed": bool(judgements) and all(j.verdict == "holds" for j in judgements),
        "sentence": _spaced(sentence(comparison, judgements)),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "kit": version("wavecast"),
        "judged": comparison.baseline,
        "plans": {
            name: {"digest": each.plan.digest, "waves": [list(wave.regions) for wave in each.plan.waves]}
            for name, each in comparison.outcomes.items()
        },
        "scenario": {"name": comparison.scenario.name, "digest": comparison.scenario.digest},
        "trials": len(comparison.trials),
        "seed": comparison.seed,
        "sampling": comparison.sampling,
        "confidence": comparison.confidence,
        "limits": [
            {
                "figure": j.limit.figure,
                "side": j.limit.side,
                "value": plain(j.limit.value),
                **_numbers(j),
                "unit": j.unit,
                "verdict": j.verdict,
                "trials_it_takes": j.takes,
            }
            for j in judgements
        ],
        "figures": {name: figures(table) for name, table in comparison.summaries.items()},
    }


def _numbers(j: Judgement) -> dict[str, Plain]:
    return {"estimate": plain(j.estimate), "low": plain(j.low), "high": plain(j.high)}


def figures(summary: pd.DataFrame) -> dict[str, dict[str, Plain]]:
    """Turn a summary into plain values, by figure: `estimate`, `low`, `high`, `unit`."""
    return {
        str(row.Index): {
            "estimate": plain(row.estimate),
            "low": plain(row.low),
            "high": plain(row.high),
            "unit": str(row.unit),
        }
        for row in summary.itertuples()
    }


def plain(value: Any) -> Plain:
    """Turn a number into what JSON can hold: None for what is not known, `"infinity"` for what has no end."""
    number = float(value)
    if math.isnan(number):
        return None
    return ENDLESS.get(number, number)


def sentence(comparison: Comparison, judgements: Sequence[Judgement]) -> str:
    """Say in one sentence what became of the limits."""
    name, trials = comparison.baseline, several(len(comparison.trials), "rollout")
    failed = [j for j in judgements if j.verdict != "holds"]
    if not judgements:
        return f"No limits were set for {name}, so nothing was judged"
    if not failed:
        kept = "its one limit" if len(judgements) == 1 else f"all {len(judgements)} limits"
        return f"{name} keeps {kept} in {trials} of the scenario {comparison.scenario.name}; {_gist(comparison)}"
    broken = sum(j.verdict == "broken" for j in failed)
    counts = [f"breaks {broken}"] * (broken > 0) + [f"leaves {len(failed) - broken} undecided"] * (broken < len(failed))
    of = f"of {several(len(judgements), 'limit')} in {trials}"
    return f"{name} {' and '.join(counts)} {of}: {'; '.join(map(say, failed))}"


def _gist(comparison: Comparison) -> str:
    found = comparison.summaries[comparison.baseline]["estimate"]
    shipped = amount(float(found["probability_shipped"]), "probability")
    exposed = amount(float(found["share_exposed_mean"]), "share of traffic")
    time = amount(float(found["minutes_to_ship"]), "minutes")
    ships = f"it ships {shipped} of changes, needs {time} for one that ships"
    return f"{ships}, and exposes {exposed} of the traffic on average"


def say(j: Judgement) -> str:
    """Word a judgement: the figure, its estimate, its interval, and the limit."""
    side = j.limit.side.replace("_", " ")
    write = odds if j.limit.figure.partition("_at_least_")[1] else lambda value: amount(value, j.unit)
    limit = f"{side} {write(j.limit.value)}"
    return f"{called(j.limit.figure)}: {write(j.estimate)} ({_interval(j, write)}), {limit}{j.remedy}"


def _interval(j: Judgement, write: Callable[[float], str]) -> str:
    return f"{write(j.low)} to {write(j.high)}" if write is odds else between(j.low, j.high, j.unit)


def _spaced(text: str) -> str:
    """Give what is for files and terminals plain spaces."""
    return text.replace("\u00a0", " ")


def write_verdict(verdict: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write a verdict as JSON, whole or not at all; return where.

    Parameters
    ----------
    verdict
        As `verdict` gives it.
    path
        The file; its folder is made.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(verdict, indent=2, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def read_verdict(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a verdict.

    Raises
    ------
    InputError
        Where there is no such file, or it is not a verdict; what is wrong inside a verdict is the gate's matter.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path cannot be used"
        raise _unreadable(name, f"cannot be read: {reason}; a report leaves build/verdict.json") from None
    if len(data) > MAX_BYTES:
        raise _unreadable(name, f"more than {MAX_BYTES:,} bytes; this is not a verdict", "too-large")
    try:
        found = json.loads(data.decode("utf-8"))
    except json.JSONDecodeError as error:
        message = f"not JSON, or cut off: {error.msg}; make the report again"
        raise InputError([Finding(name, error.lineno, error.colno, "error", message, "json-syntax")]) from None
    except (UnicodeDecodeError, RecursionError):
        raise _unreadable(name, "not JSON; name the verdict.json of a report", "json-syntax") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise _unreadable(name, f"not a verdict of format {FORMAT}; name the verdict.json of a report", "wrong-kind")
    return found


def _unreadable(path: str, message: str, rule: str = "cannot-read") -> InputError:
    return InputError([Finding(path, 1, 1, "error", message, rule)])


def gate(
    verdict: Mapping[str, Any],
    *,
    plans: Sequence[Plan] = (),
    scenario: Scenario | None = None,
    limits: Sequence[Limit] = (),
) -> tuple[Literal[0, 1], list[str]]:
    """Judge a verdict.

    Parameters
    ----------
    verdict
        As `read_verdict` gives it. Its words are not believed: each limit is held against its estimate and interval
        again.
    plans, scenario, limits
        What it must be a verdict of, by content: `plans[0]` is the plan that was judged, the others are among those it
        was compared with. What is left out is not held against it.

    Returns
    -------
    code : 0 or 1
        0 where there is at least one trial and one limit, and every limit holds, with numbers.
    lines : list of str
        What to tell: one line a limit, or why there was nothing to judge.
    """
    faults = [*_nothing_to_judge(verdict), *_other_inputs(verdict, plans, scenario, limits)]
    if faults:
        return 1, [f"nothing to judge: {fault}" for fault in faults]
    judgements = [_again(limit, int(verdict["trials"])) for limit in verdict["limits"]]
    lines = [text for _, text in judgements]
    if verdict.get("passed") is not True and all(held for held, _ in judgements):
        return 1, [*lines, "failed: the report itself did not pass"]
    return (0 if all(held for held, _ in judgements) else 1), lines


def _nothing_to_judge(verdict: Mapping[str, Any]) -> list[str]:
    faults = []
    trials = verdict.get("trials")
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1:
        faults.append(f"trials is {trials!r}")
    limits = verdict.get("limits")
    if not isinstance(limits, list) or not limits:
        faults.append("no limits were set")
    return faults


def _other_inputs(
    verdict: Mapping[str, Any], plans: Sequence[Plan], scenario: Scenario | None, limits: Sequence[Limit]
) -> list[str]:
    """Say what of these the verdict is not about."""
    known = _digests(verdict.get("plans"))
    judged = known.get(str(verdict.get("judged")))
    faults = []
    for n, plan in enumerate(plans):
        if plan.digest not in ([judged] if n == 0 else known.values()):
            theirs = f"judged {judged}" if n == 0 else "knows no such plan"
            faults.append(f"the verdict {theirs}, and {plan.name} ({plan.origin}) is {plan.digest}")
    found = _digests({"scenario": verdict.get("scenario")}).get("scenario")
    if scenario is not None and scenario.digest != found:
        ours = f"{scenario.name} ({scenario.origin}) is {scenario.digest}"
        faults.append(f"the verdict is of the scenario {found}, and {ours}")
    entries = verdict["limits"] if isinstance(verdict.get("limits"), list) else []
    asked = [(e.get("figure"), e.get("side"), number_of(e.get("value"))) for e in entries if isinstance(e, dict)]
    lost = [limit for limit in limits if (limit.figure, limit.side, limit.value) not in asked]
    return [f"{fault}; make the report again" for fault in [*faults, *(f"it did not ask for {each}" for each in lost)]]


def _digests(entries: Any) -> dict[str, Any]:
    if not isinstance(entries, dict):
        return {}
    return {name: entry.get("digest") for name, entry in entries.items() if isinstance(entry, dict)}


def _again(entry: Any, trials: int) -> tuple[bool, str]:
    if not isinstance(entry, dict) or entry.get("side") not in ("at_most", "at_least"):
        return False, f"failed: {entry!r} is no limit"
    limit = Limit(str(entry.get("figure")), entry["side"], number_of(entry.get("value")))
    numbers = [number_of(entry.get(key)) for key in ("estimate", "low", "high")]
    found = pd.DataFrame([[*numbers, str(entry.get("unit", ""))]], [limit.figure], ["estimate", "low", "high", "unit"])
    if math.isnan(limit.value) or math.isnan(numbers[0]):
        return False, f"failed: {limit}: there is no number to judge"
    judgement = judge(found, [limit], trials)[0]
    return judgement.verdict == "holds", f"{judgement.verdict}: {_spaced(say(judgement))}"


def number_of(value: Any) -> float:
    """Read a number back as `plain` wrote it; NaN for whatever is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    if isinstance(value, str):
        return next((number for number, word in ENDLESS.items() if word == value), math.nan)
    return float(value)
