"""The pictures of a fit: durations with the fit and what was cut short, detection, failures by service.

Not here: what they show (`shown`), the page they stand on (``wavecast.reporting``).
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from scipy import special, stats

from history.fitting.competing import CAUSES, incidence
from history.fitting.durations import Lasted
from history.fitting.empirical import survivors
from history.fitting.grids import Floats
from history.fitting.learnt import Learnt
from simulation.plots.charts import dot, draw_key, duration_axis, key_height, name_rows, rule_rows
from simulation.plots.style import BLUE, GREEN, INK, MUTED, ORANGE, SMALL, VERMILION, WIDTH, Picture, blend, styled
from simulation.plots.words import minutes_of, percent, several

if TYPE_CHECKING:
    from history.fitting.result import Fitted

WAITS = ("build", "handover", "approval_wait")
LEFT, BETWEEN, TALL, HEAD, FOOT = 0.62, 0.75, 1.55, 0.34, 0.5  # inches
PANEL = (WIDTH - LEFT - BETWEEN - 0.2) / 2
POINTS = 400  # of a curve at most
MOST = 60  # marks of what was cut short, at most
ROWS = 12  # services
INKS = {"alarm": BLUE, "check": GREEN, "customers": ORANGE}


def picture(fitted: "Fitted", what: str) -> Picture:
    """Draw one of `durations`, `waits`, `services` and `detection`."""
    drawn = {"durations": durations, "waits": waits, "services": services, "detection": detection}
    if what not in drawn:
        raise ValueError(f"there is no picture of {what!r}; there are {', '.join(drawn)}")
    with styled():
        return drawn[what](fitted)


def durations(fitted: "Fitted") -> Picture:
    """Draw deployments, reactions and ways back: as they were, and the fit."""
    names = [name for name in fitted.seen.lasted if name not in WAITS]
    return _lasted(fitted, names, "Deployments and ways back")


def waits(fitted: "Fitted") -> Picture:
    """Draw builds, handovers and approvals: as they were, and the fit."""
    return _lasted(fitted, [name for name in WAITS if name in fitted.seen.lasted], "Builds and waits")


def _lasted(fitted: "Fitted", names: list[str], what: str) -> Picture:
    if not names:
        return Picture(f"{what}: the history holds none", _origin(fitted), 0.2)
    own = [fitted.seen.lasted[name] for name in names]
    cut = sum(int((~each.done).sum()) for each in own)
    key = {
        "as it was, by Kaplan and Meier": Line2D([], [], color=INK, linewidth=1.2),
        "the fit, with 95 %": Line2D([], [], color=BLUE, linewidth=2.4, alpha=0.7),
        "cut short there": Line2D([], [], color=VERMILION, marker="|", linestyle="none", markersize=8),
    }
    room = key_height(key)
    rows = math.ceil(len(names) / 2)
    title = f"{what}: {several(sum(map(len, own)), 'duration')}, {cut:,} of them cut short"
    found = Picture(title, _origin(fitted), room + rows * (HEAD + TALL + FOOT))
    draw_key(found, key, 0.0)
    for i, (name, lasted) in enumerate(zip(names, own, strict=True)):
        row, column = divmod(i, 2)
        axes = found.place(LEFT + column * (PANEL + BETWEEN), room + HEAD + row * (HEAD + TALL + FOOT), PANEL, TALL)
        _curve(axes, name, lasted, [each for each in fitted.learnt if each.at == (name,)])
    return found


def _curve(axes: Axes, name: str, lasted: Lasted, learnt: list[Learnt]) -> None:
    weights, _ = survivors(lasted)
    order = np.argsort(lasted.minutes, kind="stable")
    minutes, along = lasted.minutes[order], np.cumsum(weights[order])
    some = np.unique(np.linspace(0, len(minutes) - 1, POINTS).astype(int))
    top = float(np.quantile(lasted.minutes, 0.985)) * 1.25
    axes.step(np.append(0.0, minutes[some]), np.append(0.0, along[some]), where="post", color=INK, linewidth=1.2)
    for each in learnt:
        _law(axes, each, top)
    cut = np.sort(lasted.minutes[~lasted.done])
    shown = cut[np.unique(np.linspace(0, len(cut) - 1, MOST).astype(int))] if len(cut) else cut
    height = np.interp(shown, minutes, along)
    axes.plot(shown, height, color=VERMILION, marker="|", linestyle="none", markersize=8, zorder=4)
    axes.set_ylim(0, 1.02)
    axes.set_yticks([0, 0.5, 1.0], ["0", "50 %", "100 %"])
    axes.set_xlabel(duration_axis(axes.xaxis, [top]), loc="left")
    axes.set_xlim(0, top)
    axes.grid(True, axis="y")
    half = f"median {minutes_of(learnt[0].estimate)}" if learnt else ""
    axes.set_title(f"{name}: {half}, n = {len(lasted):,}")


def _law(axes: Axes, learnt: Learnt, top: float) -> None:
    x = np.linspace(top / POINTS, top, POINTS)
    if learnt.shape == "lognormal":
        curves = _below(x, learnt.draws[:200])
        low, high = np.quantile(curves, (0.025, 0.975), axis=0)
        axes.fill_between(x, low, high, color=blend(BLUE, 0.35), linewidth=0)
        axes.plot(x, _below(x, learnt.middle[None, :])[0], color=BLUE, linewidth=2.4, alpha=0.7)
    else:
        count = len(learnt.middle)
        share = np.arange(1, count + 1) / count
        axes.step(learnt.middle, share, where="post", color=BLUE, linewidth=2.4, alpha=0.7)


def _below(x: Floats, drawn: Floats) -> Floats:
    found: Floats = special.ndtr(np.log(x[None, :] / drawn[:, :1]) / drawn[:, 1:])
    return found


def services(fitted: "Fitted") -> Picture:
    """Draw what fails by service, with Jeffreys intervals of each alone."""
    counted = {name: own for name, own in fitted.seen.services.items() if own}
    if not counted:
        return Picture("Failures by service: nothing is known of any", _origin(fitted), 0.2)
    many = max(len(own) for own in counted.values())
    sizes = {s: max(own.get(s, (0, 0))[1] for own in counted.values()) for each in counted.values() for s in each}
    names = sorted(sizes, key=lambda service: -sizes[service])
    shown = names[:ROWS]
    tall = max(0.3 * len(shown), 0.5)
    title = "; ".join(
        f"{sum(k for k, _ in own.values()):,} {name} of {sum(n for _, n in own.values()):,}"
        for name, own in counted.items()
    )
    hidden = f" {several(many - len(shown), 'more service')} not drawn." if many > len(shown) else ""
    caption = f"95 % intervals of each service alone (Jeffreys).{hidden} {_origin(fitted)}"
    found = Picture(title[0].upper() + title[1:], caption, HEAD + tall + FOOT)
    left, wide = 1.9, (WIDTH - 1.9 - 0.5 - 0.25) / max(len(counted), 1)
    for i, (name, own) in enumerate(counted.items()):
        axes = found.place(left + i * (wide + 0.5), HEAD, wide - 0.25 * (i == 0), tall)
        _rates(axes, name, own, shown)
        if i == 0:
            name_rows(axes, shown, left - 0.25)
    return found


def _rates(axes: Axes, name: str, own: dict[str, tuple[int, int]], shown: list[str]) -> None:
    rule_rows(axes, len(shown))
    top = 0.0
    for row, service in enumerate(shown):
        if service not in own:
            continue
        k, n = own[service]
        ends = [float(stats.beta.ppf(q, k + 0.5, n - k + 0.5)) for q in (0.025, 0.975)]
        dot(axes, row, (k / n, min(ends[0], k / n), max(ends[1], k / n)), "o", BLUE)
        axes.annotate(f"{k:,} of {n:,}", (1, row), (-2, 0), xycoords=axes.get_yaxis_transform(), ha="right",
                      textcoords="offset points", va="center", size=SMALL, color=MUTED)  # fmt: skip
        top = max(top, ends[1])
    axes.set_xlim(0, min(top * 1.55, 1.0) or 1.0)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: percent(value))
    axes.set_title(name[0].upper() + name[1:])


def detection(fitted: "Fitted") -> Picture:
    """Draw what notices a bad change first, and how soon, as competing risks."""
    seen = fitted.seen.detection
    if not seen:
        why = "no incident says when harm began"
        return Picture("Detection: nothing to draw", f"{why}. {_origin(fitted)}", 0.2)
    minutes = np.array([each for each, _ in seen])
    causes = np.array([cause for _, cause in seen], dtype=object)
    key = {cause: Line2D([], [], color=INKS[cause], linewidth=6) for cause in CAUSES}
    room = key_height(key)
    late = {cause: int((causes == cause).sum()) for cause in CAUSES}
    told = ", ".join(f"{many:,} by {_by(cause)}" for cause, many in late.items() if many)
    title = f"{several(len(seen), 'bad change')}, first noticed: {told or 'none by the end of the history'}"
    caption = f"Minutes since harm began, by Aalen and Johansen. {_origin(fitted)}"
    found = Picture(title, caption, room + 0.2 + 2.4 + FOOT)
    draw_key(found, key, 0.0)
    axes = found.place(LEFT, room + 0.2, WIDTH - LEFT - 0.3, 2.4)
    at, shares = incidence(minutes, causes)
    top = max(float(np.quantile(minutes, 0.95)) * 1.1, 1.0)
    x = np.append(np.append(0.0, at), max(top, at[-1] if len(at) else 0.0))
    below = np.zeros(len(x))
    for cause in CAUSES:
        own = np.append(0.0, shares[cause])
        own = np.append(own, own[-1])
        axes.fill_between(x, below, below + own, step="post", color=blend(INKS[cause], 0.75), linewidth=0)
        below = below + own
    axes.set_xlabel(duration_axis(axes.xaxis, [top]) + " since harm began", loc="left")
    axes.set_xlim(0, top)
    axes.set_ylim(0, 1.0)
    axes.yaxis.set_major_formatter(lambda value, _: percent(value))
    axes.grid(True, axis="y")
    return found


def _by(cause: str) -> str:
    return {"alarm": "an alarm", "check": "the check after a deployment", "customers": "customers or people"}[cause]


def _origin(fitted: "Fitted") -> str:
    return f"{several(fitted.rollouts, 'rollout')} of {fitted.source}; base {fitted.base.name} ({fitted.base.digest})."
