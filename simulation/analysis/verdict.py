"""The verdict: what a report concludes, as a file with stable fields.

Not here: how limits are read and judged (``limits``), whether such a file can be believed (``sound``), the gate that
judges it (``gate``), how the report tells it (``report``).
"""

import hashlib
import json
import math
import os
import stat
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from simulation.analysis.compare import Comparison
from simulation.analysis.limits import Judgement, Limit, judge
from simulation.results.figures import called, estimated, held_against
from simulation.results.horizon import warning
from simulation.results.numerals import several
from simulation.results.outcomes import Outcomes
from simulation.results.unended import unended
from waves import Finding, InputError

FORMAT = 1
MAX_BYTES = 16 * 1024 * 1024
DIGITS = 30  # of a whole number; a seed has 20 at most
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
          `verdict` (`holds`, `broken` or `undecided`), `trials_it_takes` to decide it, about, where it is undecided;
          `least` and `most`, how far the interval would go with what the horizon leaves open, and `cut_off`, why that
          leaves the limit undecided, else None.
        - `unended`: of the judged plan, the `share` of rollouts that still deploy at the horizon, `horizon_minutes`,
          and `needed_minutes`, by when they have ended.
        - `figures`: from each plan's name and each figure's to `estimate`, `low`, `high`, `unit`, and, where the trials
          do not suffice for an interval, `trials_it_takes` until they do, about; of the judged plan also those that
          only a limit asks for.
        - `warnings`: what to know before the figures are believed, such as that the horizon carries them.
        - `digest`: of all of this, so that what was changed afterwards is seen.

        A number that is not known is None; one without end is `"infinity"`.
    """
    asked = comparison.asked([limit.figure for limit in limits])
    name = comparison.baseline
    left = unended(comparison.outcomes[name], asked.index, comparison.confidence, comparison.service)
    judgements = judge(asked, list(limits), len(comparison.trials), left)
    found = {plan: figures(table) for plan, table in comparison.summaries.items()}
    found[name] |= figures(asked)
    made = {
        "format": FORMAT,
        "passed": bool(judgements) and all(j.verdict == "holds" for j in judgements),
        "sentence": sentence(name, comparison.scenario.name, len(comparison.trials), judgements, found[name]),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "kit": version("wavecast"),
        "judged": name,
        "plans": {
            plan: {"digest": each.plan.digest, "waves": [list(wave.regions) for wave in each.plan.waves]}
            for plan, each in comparison.outcomes.items()
        },
        "scenario": {"name": comparison.scenario.name, "digest": comparison.scenario.digest},
        "trials": len(comparison.trials),
        "seed": comparison.seed,
        "sampling": comparison.sampling,
        "confidence": comparison.confidence,
        "limits": [entry(j) for j in judgements],
        "unended": {key: plain(getattr(left, key)) for key in ("share", "horizon_minutes", "needed_minutes")},
        "figures": found,
        "warnings": warnings_of(comparison.outcomes),
    }
    return made | {"digest": digest_of(made)}


def warnings_of(outcomes: Mapping[str, Outcomes]) -> list[str]:
    """Return what to know of plans' figures before they are believed, one sentence each."""
    said = warning(outcomes)
    return [spaced(said)] if said else []


def entry(j: Judgement) -> dict[str, Plain]:
    """Turn a judgement into plain values."""
    return {
        "figure": j.limit.figure,
        "side": j.limit.side,
        "value": plain(j.limit.value),
        "estimate": plain(j.estimate),
        "low": plain(j.low),
        "high": plain(j.high),
        "unit": j.unit,
        "verdict": j.verdict,
        "trials_it_takes": j.takes,
        "least": plain(j.least),
        "most": plain(j.most),
        "cut_off": spaced(j.cut_off) or None,
    }


def digest_of(verdict: Mapping[str, Any]) -> str:
    """Return the digest of a verdict's content, its own digest left out."""
    content = {key: value for key, value in verdict.items() if key != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def figures(summary: pd.DataFrame) -> dict[str, dict[str, Plain]]:
    """Turn a summary into plain values, by figure: `estimate`, `low`, `high`, `unit`, `trials_it_takes`."""
    return {
        str(row.Index): {
            "estimate": plain(row.estimate),
            "low": plain(row.low),
            "high": plain(row.high),
            "unit": str(row.unit),
            "trials_it_takes": plain(row.trials_it_takes),
        }
        for row in summary.itertuples()
    }


def plain(value: Any) -> Plain:
    """Turn a number into what JSON can hold: None for what is not known, `"infinity"` for what has no end."""
    number = float(value)
    if math.isnan(number):
        return None
    return ENDLESS.get(number, number)


def sentence(
    judged: str, scenario: str, trials: int, judgements: Sequence[Judgement], figures: Mapping[str, Mapping[str, Plain]]
) -> str:
    """Say in one sentence what became of the limits.

    Parameters
    ----------
    judged, scenario
        The names of the plan that was judged and of the scenario.
    trials
        How many rollouts of the plan there are.
    judgements
        Of its limits.
    figures
        Of the plan, as `figures` turns them into plain values.
    """
    rollouts = several(trials, "rollout")
    failed = [j for j in judgements if j.verdict != "holds"]
    if not judgements:
        return f"No limits were set for {judged}, so nothing was judged"
    if not failed:
        kept = "its one limit" if len(judgements) == 1 else f"all {len(judgements)} limits"
        return spaced(f"{judged} keeps {kept} in {rollouts} of the scenario {scenario}; {_gist(figures)}")
    broken = sum(j.verdict == "broken" for j in failed)
    counts = [f"breaks {broken}"] * (broken > 0) + [f"leaves {len(failed) - broken} undecided"] * (broken < len(failed))
    of = f"of {several(len(judgements), 'limit')} in {rollouts}"
    return spaced(f"{judged} {' and '.join(counts)} {of}: {'; '.join(map(say, failed))}")


def _gist(figures: Mapping[str, Mapping[str, Plain]]) -> str:
    shipped, exposed, time = (
        _as_beside_its_interval(figures[name])
        for name in ("probability_shipped", "share_exposed_mean", "minutes_to_ship")
    )
    ships = f"it ships {shipped} of changes, needs {time} for one that ships"
    return f"{ships}, and exposes {exposed} of the traffic on average"


def _as_beside_its_interval(figure: Mapping[str, Plain]) -> str:
    value, low, high = (number_of(figure[key]) for key in ("estimate", "low", "high"))
    return estimated(value, low, high, str(figure["unit"]))[0]


def say(j: Judgement) -> str:
    """Word a judgement: the figure, its estimate, its interval, and the limit."""
    found = (j.estimate, j.low, j.high)
    limit, estimate, interval = held_against(j.limit.value, j.limit.figure, found, j.unit)
    side = j.limit.side.replace("_", " ")
    return f"{called(j.limit.figure)}: {estimate} ({interval}), {side} {limit}{j.remedy}"


def spaced(text: str) -> str:
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
    data = _bytes(name)
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_int=_whole)
    except json.JSONDecodeError as error:
        message = f"not JSON, or cut off: {error.msg}; make the report again"
        raise InputError([Finding(name, error.lineno, error.colno, "error", message, "json-syntax")]) from None
    except (UnicodeDecodeError, RecursionError):
        _refuse(name, "not JSON; name the verdict.json of a report", "json-syntax")
    except ValueError as error:
        _refuse(name, f"{error}; make the report again", "json-syntax")
    if not isinstance(found, dict) or found.get("format") != FORMAT or isinstance(found["format"], bool):
        _refuse(name, f"not a verdict of format {FORMAT}; name the verdict.json of a report", "wrong-kind")
    return found


def _bytes(name: str) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):
            _refuse(name, "not a regular file; a report leaves build/verdict.json", "not-a-file")
        with open(name, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path cannot be used"
        _refuse(name, f"cannot be read: {reason}; a report leaves build/verdict.json")
    if len(data) > MAX_BYTES:
        _refuse(name, f"more than {MAX_BYTES:,} bytes; this is not a verdict", "too-large")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that has a key twice: readers differ in which of its values counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n]))
        raise ValueError(f"the key {twice[:80]!r} stands twice in one object")
    return found


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"a number of {len(text):,} digits, and no verdict has one of more than {DIGITS}")
    return int(text)


def _refuse(path: str, message: str, rule: str = "cannot-read") -> NoReturn:
    raise InputError([Finding(path, 1, 1, "error", message, rule)])


def number_of(value: Any) -> float:
    """Read a number back as `plain` wrote it; NaN for whatever is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    if isinstance(value, str):
        return next((number for number, word in ENDLESS.items() if word == value), math.nan)
    return float(value)
