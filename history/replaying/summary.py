"""A replay in words and tables. Not here: its numbers (`result`), its picture (`pictures`)."""

import math
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from history.collecting.report import columns
from history.replaying.answer import FIGURES
from history.replaying.shares import KINDS
from simulation.results.numerals import number, percent, signed
from waves import showing
from waves.showing import counted

if TYPE_CHECKING:
    from history.replaying.result import Replay

CAUSES = {"evidence": "evidence", "check": "a check", "false": "a false alarm", "customers": "customers"}
PARTED = ("share_exposed", "end_minutes", "impact_minutes")
ROWS = 24  # of a table by service or month, in a terminal
SHOWN = {
    "share_exposed": ("traffic exposed", percent),
    "end_minutes": ("minutes to the end", number),
    "shipped": ("ships", percent),
    "impact_minutes": ("fleet-minutes of impact", number),
}


def sentences(replay: "Replay") -> list[str]:
    """Say what the replay says, how sure that is, and what it cannot say."""
    found = [_what(replay)]
    if replay.replayed:
        found += [_answer(replay, name) for name in replay.plans]
        found += _power(replay)
    found.append(replay.identity.sentence)
    found += [f"Not given back in {counted(n, 'rollout')}: {why}." for why, n in replay.identity.reasons.most_common()]
    found += _worlds(replay)
    found += [f"Impossible under the scenario, {counted(n, 'rollout')}: {why}." for why, n in replay.impossible.items()]
    found += [f"Left out, {counted(n, 'rollout')}: {why}." for why, n in Counter(replay.left_out).most_common()]
    if replay.inferred:
        found.append(
            "No plan was given for some rollouts: their waves are as they were, and a wave's bake is the shortest "
            "pause that any of the service's rollouts had after it."
        )
    for name, plan in replay.plans.items():
        found += [f"{text[0].upper()}{text[1:]}." for text in replay.reach.sentences(name, plan)]
    found += [_share(replay, name) for name in replay.plans]
    found.append(_severity(replay))
    return found


def _what(replay: "Replay") -> str:
    many = counted(replay.replayed, "recorded rollout")
    if not replay.replayed:
        return "No recorded rollout is possible under the scenario, so there is nothing to compare: see the reasons."
    hidden = (
        f", and some {number(replay.hidden)} that nobody noticed are to be expected" if replay.hidden >= 0.5 else ""
    )
    return f"{many}, {counted(replay.bad, 'bad change')} among them{hidden}; {counted(replay.worlds, 'world')} of each."


def _row(replay: "Replay", plan: str, figure: str) -> Any:
    table = replay.differences
    return table[(table["plan"] == plan) & (table["figure"] == figure)].iloc[0]


def _answer(replay: "Replay", plan: str) -> str:
    share, end, impact = (_row(replay, plan, each) for each in ("share_exposed", "end_minutes", "impact_minutes"))
    exposed = f"{percent(share.would)} of the traffic exposed in the place of {percent(share.was)}"
    return (
        f"{plan}: {exposed} (difference {_range(share, 100)} points), {signed(end.difference)} minutes "
        f"({_range(end)}), {signed(impact.difference)} fleet-minutes of impact ({_range(impact)}); means a rollout, "
        "95 % intervals."
    )


def _range(row: Any, factor: float = 1.0) -> str:
    if row.low == row.high:
        return f"exactly {signed(row.low * factor)}"
    return f"{signed(row.low * factor)} to {signed(row.high * factor)}"


def _power(replay: "Replay") -> list[str]:
    if not replay.bad:
        return [
            f"No bad change in {counted(replay.replayed, 'rollout')}: this history cannot tell by how much plans "
            "differ in what they spare; it can tell what they cost in time."
        ]
    found = []
    for name in replay.plans:
        row, needed = _row(replay, name, "impact_minutes"), replay.needed(name)
        many = counted(replay.bad, "bad change")
        if math.isinf(needed):
            found.append(f"{name} and what was do not differ in impact, in any world.")
        elif row.low > 0 or row.high < 0:
            found.append(f"{many} {'tells' if replay.bad == 1 else 'tell'} {name} from what was in impact.")
        else:
            found.append(f"{many} cannot tell {name} from what was in impact; {math.ceil(needed):,} could.")
    return found


def _worlds(replay: "Replay") -> list[str]:
    if not len(replay.effective):
        return []
    least, middle = float(replay.effective.min()), float(np.median(replay.effective))
    found = [f"Effective worlds of a halted rollout: {number(middle)} in the median, {number(least)} at the least."]
    if replay.few:
        found.append(
            f"Warning: {counted(replay.few, 'rollout')} with fewer than ten effective worlds; the scenario hardly "
            "explains what was recorded of them."
        )
    told = causes(replay.explanations)
    return [*found, f"What raised the recorded alarms, by the scenario: {told}."] if told else found


def causes(counts: Counter[str]) -> str:
    """Word what raised alarms, counted over worlds, in shares; empty where nothing did."""
    total = sum(counts.values())
    return ", ".join(f"{text} {percent(counts[key] / total)}" for key, text in CAUSES.items() if counts[key])


def _share(replay: "Replay", plan: str) -> str:
    own = replay.shares[plan]
    return f"{plan}: of what it asks for, {', '.join(f'{percent(own[kind])} is {kind}' for kind in KINDS)}."


def _severity(replay: "Replay") -> str:
    return (
        "Exposed traffic and minutes rest on what was recorded; impact rests on the scenario's severity, too, which "
        f"detection times alone cannot tell from its evidence ({_faults(replay)})."
    )


def _faults(replay: "Replay") -> str:
    own = [fault for fault in replay.scenario.faults if fault.effect == "defect"]
    told = [f"{fault.name} {percent(fault.severity.mean)}" for fault in own]
    return f"mean severity: {', '.join(told)}" if told else "it has no defects"


def table(replay: "Replay") -> list[list[str]]:
    """Return the differences as rows of text, with a head."""
    rows = [["plan", "figure", "was", "would be", "difference", "95 % interval"]]
    for name in replay.plans if replay.replayed else ():
        for figure, (text, write) in SHOWN.items():
            row = _row(replay, name, figure)
            rows.append([name, text, *cells(row, write, _range(row, 100.0 if write is percent else 1.0))])
    return rows


def text(replay: "Replay") -> str:
    """Lay the replay out for a terminal."""
    parts = [sentences(replay)[0], "", columns(table(replay))] if replay.replayed else []
    if replay.differing:
        rows = [["rollout", "plan", "impact", "minutes"]]
        for each in replay.differing:
            impact, minutes = each.differences["impact_minutes"], each.differences["end_minutes"]
            rows.append([each.rollout, each.plan, signed(impact), signed(minutes)])
        parts += ["", "What would have gone most differently, on average over its worlds:", columns(rows)]
    for kind in ("service", "month") if replay.replayed else ():
        parts += _parted(replay, kind)
    return "\n".join([*parts, "", *sentences(replay)[1 if parts else 0 :]])


def _parted(replay: "Replay", kind: str) -> list[str]:
    """Return the differences by service or by month, where there are several."""
    own = replay.by(kind)
    if own[kind].nunique() < 2:
        return []
    rows = []
    for (name, plan), some in own.groupby([kind, "plan"], sort=False):
        changes = some.set_index("figure")
        found: list[tuple[Any, float]] = [
            (changes.loc[each], 100.0 if SHOWN[each][1] is percent else 1.0) for each in PARTED
        ]
        told = [f"{signed(row.difference * factor)} ({_range(row, factor)})" for row, factor in found]
        rows.append([str(name), f"{some['rollouts'].iloc[0]:,}", f"{some['bad'].iloc[0]:,}", str(plan), *told])
    head = [
        kind,
        "rollouts",
        "bad",
        "plan",
        "points of traffic exposed",
        "minutes to the end",
        "fleet-minutes of impact",
    ]
    more = len(rows) - ROWS
    said = [f"and {more} more rows: --json, or .by({kind!r})"] if more > 0 else []
    return ["", f"By {kind}:", columns([head, *rows[:ROWS]]), *said]


def html(replay: "Replay") -> str:
    """Lay the replay out for a notebook."""
    said = "".join(f"<li>{escape(each)}</li>" for each in sentences(replay))
    return f"{html_table(table(replay))}<ul>{said}</ul>"


def html_table(rows: list[list[str]]) -> str:
    """Return rows of text, the first of which is the head, as an HTML table; empty where there is only that."""
    head, *body = rows
    return str(showing.cards(head, body)) if body else ""


def cells(row: Any, write: Any, between: str) -> list[str]:
    """Return the cells of a difference: what was, what would be, by how much, and between what."""
    factor, points = (100.0, " points") if write is percent else (1.0, "")
    return [write(row.was), write(row.would), f"{signed(row.difference * factor)}{points}", between]


def plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as plain values, None for what is not known."""
    return [{str(key): known(value) for key, value in row.items()} for row in frame.to_dict("records")]


def known(value: Any) -> Any:
    """Return a value as JSON has it: None for NaN and infinity."""
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def units() -> dict[str, str]:
    """Return the unit of each figure."""
    return dict(FIGURES)
