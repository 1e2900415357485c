"""Whether a verdict can be believed: whole, of numbers that can be, and of words that follow from them.

Whoever makes a gate pass by leaving something out, or by changing one place and not another, shall not. Against
somebody who makes a whole new verdict only a comparison with the inputs helps (``gate``). Not here: how one is made
(``verdict``).
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from simulation.analysis.limits import SHARES, Judgement, Limit, judge, parse_limits
from simulation.analysis.verdict import digest_of, entry, number_of, sentence
from simulation.results.figures import FIGURES
from simulation.results.unended import Unended
from waves.files.documents import one_line

AGAIN = "make the report again"
MOST = 5  # faults are told; more of them say no more
AHEAD = timedelta(minutes=5)  # by which the clocks of two machines may differ
NEAR = 1e-9  # how far apart, as a part, arithmetic alone may put what is one number
QUANTILES = ("_p50", "_p95", "_p99")  # of which one end of an interval may be known, and the other not


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _instant(text: str) -> str:
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("no date and time") from None
    if made.tzinfo is None:
        raise ValueError("no zone")
    if made > datetime.now(UTC) + AHEAD:
        raise ValueError("in the future")
    return text


Text = Annotated[str, Field(min_length=1)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Number = Annotated[float, Field(allow_inf_nan=False)] | Literal["infinity", "-infinity"] | None


class _Plan(_Part):
    digest: Digest
    waves: list[Annotated[list[Text], Field(min_length=1)]] = Field(min_length=1)


class _Scenario(_Part):
    name: Text
    digest: Digest


class _Figure(_Part):
    estimate: Number
    low: Number
    high: Number
    unit: Text
    trials_it_takes: Annotated[float, Field(ge=1, allow_inf_nan=False)] | None


class _Limit(_Figure):
    figure: Text
    side: Literal["at_most", "at_least"]
    value: Number
    verdict: Literal["holds", "broken", "undecided"]
    trials_it_takes: Annotated[int, Field(ge=1)] | None
    least: Number
    most: Number
    cut_off: Text | None


class _Unended(_Part):
    share: Annotated[float, Field(ge=0, le=1 + NEAR)]
    horizon_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] | Literal["infinity"]
    needed_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None


class _Verdict(_Part):
    format: Literal[1]
    passed: bool
    sentence: Text
    made: Annotated[str, AfterValidator(_instant)]
    kit: Text
    judged: str
    plans: dict[str, _Plan] = Field(min_length=1)
    scenario: _Scenario
    trials: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0, lt=2**64)]
    sampling: Literal["crude", "stratified"]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    limits: list[_Limit]
    unended: _Unended
    figures: dict[str, dict[str, _Figure]]
    warnings: list[Text]
    digest: Digest


def faults_of(verdict: Mapping[str, Any]) -> list[str]:
    """Return why a verdict cannot be believed, each in one line; nothing where it can.

    Parameters
    ----------
    verdict
        Whatever was read.
    """
    for stage in (_form, _numbers, _words):
        if faults := list(stage(verdict)):
            more = [f"and {len(faults) - MOST} more such faults"] if len(faults) > MOST else []
            return [*faults[:MOST], *more]
    return []


def _form(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Say what is missing, unknown or of another shape."""
    try:
        _Verdict.model_validate(dict(verdict))
    except ValidationError as error:
        told: dict[str, str] = {}  # one fault a place: of several forms that a number may have, each would complain
        for each in error.errors(include_url=False, include_context=False):
            where = ".".join(str(step) for step in each["loc"][:4])
            what = "missing" if each["type"] == "missing" else f"{each['input']!r:.60}: {each['msg']}"
            told.setdefault(where, one_line(f"{where} is {what}; {AGAIN}"))
        yield from told.values()


def _numbers(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Say what is missing among the figures, and which numbers cannot be."""
    named, found = list(verdict["plans"]), verdict["figures"]
    if named[0] != verdict["judged"]:
        yield f"the first plan is {named[0]}, and {verdict['judged']} was judged; {AGAIN}"
    if list(found) != named:
        yield f"there are figures of {', '.join(found) or 'nothing'}, and the plans are {', '.join(named)}; {AGAIN}"
    for name, plan in verdict["plans"].items():
        regions = [region for wave in plan["waves"] for region in wave]
        if len(set(regions)) < len(regions):
            yield f"{name} has a region twice; {AGAIN}"
    asked = {limit["figure"] for limit in verdict["limits"]}
    for plan, figures in found.items():
        known = FIGURES.keys() | (asked if plan == verdict["judged"] else set())
        if odd := sorted(known ^ figures.keys()):
            yield f"{plan}: {odd[0]} is {'missing' if odd[0] in known else 'no figure'}; {AGAIN}"
        for name, figure in figures.items():
            if text := _impossible(name, figure):
                yield f"{plan}: {name}: {text}; {AGAIN}"


def _left_open(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Say what cannot be of what the horizon leaves open."""
    left = _unended(verdict)
    if (left.share > 0) != (left.needed_minutes > left.horizon_minutes):
        yield f"unended: needed_minutes is {left.needed_minutes:g}, and the share {left.share:g}; {AGAIN}"
    for limit in verdict["limits"]:
        own = verdict["figures"][verdict["judged"]][limit["figure"]]
        low, high, least, most = (*(number_of(own[key]) for key in ("low", "high")), *left.reach[limit["figure"]])
        unknown = math.isnan(low) and least > 0 or math.isnan(high) and math.isfinite(most)
        if least > low or most < high or unknown:
            yield f"limits: {limit['figure']}: {least:g} to {most:g} does not hold {low:g} to {high:g}; {AGAIN}"


def _unended(verdict: Mapping[str, Any]) -> Unended:
    """Return what a verdict says that the horizon leaves open."""
    reach = {e["figure"]: (number_of(e["least"]), number_of(e["most"])) for e in verdict["limits"]}
    share, horizon, needed = (
        number_of(verdict["unended"][key]) for key in ("share", "horizon_minutes", "needed_minutes")
    )
    return Unended(share, horizon, needed, reach)


def _impossible(name: str, figure: Mapping[str, Any]) -> str:
    """Say why an estimate and its interval cannot be what they are; an empty text where they can."""
    estimate, low, high = (number_of(figure[key]) for key in ("estimate", "low", "high"))
    ends = f"{low:g} to {high:g}"
    if math.isnan(estimate):
        return "" if math.isnan(low) and math.isnan(high) else f"an interval of {ends}, and no number"
    if math.isnan(low) != math.isnan(high) and not name.endswith(QUANTILES):
        return f"an interval of {ends}: one end is missing"
    slack = NEAR * max(abs(estimate), abs(low) if math.isfinite(low) else 0.0)
    if low > estimate + slack or high < estimate - slack:
        return f"{estimate:g} is not within its interval, {ends}"
    if not estimate >= 0 or name.startswith(SHARES) and not (estimate <= 1 and not low < 0 and not high > 1 + NEAR):
        return f"{estimate:g} ({ends}) is out of its range"
    return ""


def _words(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Say which words do not follow from the figures."""
    if verdict["kit"] != version("wavecast"):
        yield f"it was made by wavecast {verdict['kit']}, and this is {version('wavecast')}; {AGAIN}"
        return
    sides = [(limit["figure"], limit["side"]) for limit in verdict["limits"]]
    for limit in verdict["limits"]:
        try:
            parse_limits({limit["figure"]: {limit["side"]: number_of(limit["value"])}}, FIGURES)
        except ValueError as error:
            yield f"{error}; {AGAIN}"
            return
    if len(set(sides)) < len(sides):
        yield f"a limit stands there twice; {AGAIN}"
    yield from _left_open(verdict)
    judgements = judged_again(verdict)
    for limit, judgement in zip(verdict["limits"], judgements, strict=True):
        for key, value in entry(judgement).items():
            if value != limit[key]:
                yield f"limits: {judgement.limit}: {key} is {limit[key]!r}, and of the figures {value!r}; {AGAIN}"
    yield from _conclusions(verdict, judgements)


def _conclusions(verdict: Mapping[str, Any], judgements: list[Judgement]) -> Iterator[str]:
    name = verdict["judged"]
    held = bool(judgements) and all(j.verdict == "holds" for j in judgements)
    if verdict["passed"] != held:
        yield f"passed is {verdict['passed']}, and {'every limit' if held else 'not every limit'} holds; {AGAIN}"
    said = sentence(name, verdict["scenario"]["name"], verdict["trials"], judgements, verdict["figures"][name])
    if verdict["sentence"] != said:
        yield f"the sentence is not that of its figures; {AGAIN}"
    if verdict["digest"] != digest_of(verdict):
        yield f"it was changed after it was made; {AGAIN}"


def judged_again(verdict: Mapping[str, Any]) -> list[Judgement]:
    """Hold the limits of a verdict against its own figures of the plan that was judged.

    Parameters
    ----------
    verdict
        One with the form and the figures that it must have.
    """
    limits = [Limit(e["figure"], e["side"], number_of(e["value"])) for e in verdict["limits"]]
    figures = verdict["figures"][verdict["judged"]]
    numbers = ["estimate", "low", "high", "trials_it_takes"]
    rows = {
        limit.figure: [*(number_of(figures[limit.figure][key]) for key in numbers), figures[limit.figure]["unit"]]
        for limit in limits
    }
    found = pd.DataFrame.from_dict(rows, orient="index", columns=[*numbers, "unit"])
    return judge(found, limits, int(verdict["trials"]), _unended(verdict))
