"""Closed forms: what a plan costs and risks without a simulation, where the model's simplest set-ups hold.

The public side: `exact` and what it returns. Not here: the formulas (``forms``), their arithmetic (``quantities``), the
checks (``assumptions``). What they mean is taught in docs/exact.md.
"""

import math
from dataclasses import dataclass, field, fields
from functools import cached_property
from html import escape
from numbers import Real
from typing import Any

import pandas as pd

from simulation.closed_forms.assumptions import Assumption, assumptions_held
from simulation.closed_forms.forms import SETUPS, Form, forms, setup_of
from simulation.closed_forms.quantities import Course
from simulation.scenario import Scenario
from simulation.setting import setting
from waves import Plan, did_you_mean


@dataclass(frozen=True, eq=False)
class Exact:
    """The closed forms that hold for a plan and a scenario, and why the others do not.

    Ask for one figure by its name: `exact(plan, scenario)["share_exposed_mean"]`. A name that `Outcomes.summary` has
    too is the same quantity, so both can stand side by side.

    Attributes
    ----------
    plan, scenario
        What the figures are about.
    setup
        The set-up to which the scenario's faults come nearest: `common_defect` (one defect that is in every region),
        `blind_defect` (one that no alarm can see), `regional_defects` (each region bad or not for itself) or
        `no_faults`.
    """

    plan: Plan
    scenario: Scenario
    setup: str
    _course: Course = field(repr=False)

    @cached_property
    def _forms(self) -> dict[str, Form]:
        return forms(self._course, self.setup)

    @cached_property
    def _checked(self) -> dict[str, Assumption]:
        return {
            each.name: each
            for each in assumptions_held(self._course, (n for f in self._forms.values() for n in f.needs))
        }

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs: the forms, which are functions, are found again."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def holds(self) -> bool:
        """Whether every assumption of the set-up holds, so that every one of its figures does."""
        return all(each.holds for each in self._checked.values())

    @property
    def assumptions(self) -> pd.DataFrame:
        """The set-up's assumptions: columns `name`, `holds`, and `why` (found, and wanted where it fails)."""
        rows = [(each.name, each.holds, each.why) for each in self._checked.values()]
        return pd.DataFrame(rows, columns=["name", "holds", "why"])

    @cached_property
    def refused(self) -> dict[str, tuple[str, ...]]:
        """From each figure of the set-up that does not hold to the names of the assumptions that fail."""
        wrong = {name: tuple(a.name for a in self._failing(form)) for name, form in self._forms.items()}
        return {name: failing for name, failing in wrong.items() if failing}

    @cached_property
    def table(self) -> pd.DataFrame:
        """The figures that hold, by name: columns `value`, `unit`, `formula`, `holds_because` (its assumptions)."""
        rows = {
            name: (float(form.value()), form.unit, form.formula, self._because(form))
            for name, form in self._forms.items()
            if name not in self.refused
        }
        columns = ["value", "unit", "formula", "holds_because"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("figure")

    def __getitem__(self, figure: str) -> float:
        """Return a figure.

        Raises
        ------
        ValueError
            Where it does not hold, naming each assumption that fails, the value found and what it would have to be;
            also for a name that is no figure of the plan.
        """
        if not isinstance(figure, str):
            raise ValueError(f"figure is {figure!r}; give a name, such as 'share_exposed_mean'")
        if figure not in self._forms:
            raise ValueError(self._absent(figure))
        if failing := self._failing(self._forms[figure]):
            raise ValueError(f"{figure} has no closed form here\n" + "\n".join(f"{a.name}: {a.why}" for a in failing))
        return float(self._forms[figure].value())

    def no_alarm_by(self, minutes: float) -> float:
        """Return the probability that no alarm has come by an instant.

        A common defect: 1 − p + p S(t). Independent regional defects:
        Π_r [1 − p_r + p_r exp(−λ w_r (t − δ − L_r)⁺)]. Without faults: exp(−Σ φ_r (t − served_r)⁺), false alarms end
        with the pipeline. After the horizon no alarm comes.

        Parameters
        ----------
        minutes
            Minutes since the push, not below 0.

        Raises
        ------
        ValueError
            Where an assumption fails, as for the figure `probability_shipped`; for a negative or missing instant.
        """
        if not isinstance(minutes, Real) or not minutes >= 0:
            raise ValueError(f"minutes is {minutes!r}; give minutes since the push, 0 or more")
        self["probability_shipped"]
        course, t = self._course, min(minutes, self._course.horizon)
        if self.setup == "regional_defects":
            return course.quiet(t)
        if self.setup == "no_faults":
            return course.false_alarms.at(min(t, course.end))
        return 1 - course.chance * (course.alarms.lost(t) if self.setup == "common_defect" else 0.0)

    def _failing(self, form: Form) -> list[Assumption]:
        return [each for name, each in self._checked.items() if name in form.needs and not each.holds]

    def _because(self, form: Form) -> str:
        return ", ".join(name for name in self._checked if name in form.needs) or "always"

    def _absent(self, figure: str) -> str:
        """Word why a figure is none of this set-up's: another's, or nobody's."""
        others = [name for name in SETUPS if name != self.setup and figure in forms(self._course, name)]
        if others:
            whys = (f"{each.name}: {each.why}" for each in assumptions_held(self._course, others))
            return f"{figure} has no closed form here\n" + "\n".join(whys)
        return f"{figure!r} is not a figure{did_you_mean(figure, self._forms) or '; see `table` and `refused`'}"

    def _repr_html_(self) -> str:
        head = f"<p>Closed forms for <i>{escape(self.plan.name)}</i>, set-up <code>{self.setup}</code></p>"
        shown = self.table[["value", "unit", "formula"]].to_html(float_format=_short)
        wrong = [each for each in self._checked.values() if not each.holds]
        rows = "".join(f"<li><code>{each.name}</code>: {escape(each.why)}</li>" for each in wrong)
        tail = f"<p>{len(self.refused)} figures do not hold, because:</p><ul>{rows}</ul>" if wrong else ""
        return head + shown + tail


def _short(value: float) -> str:
    return "∞" if value == math.inf else f"{value:.5g}"


def exact(plan: Plan, scenario: Scenario) -> Exact:
    """Return the closed forms that hold for a plan and a scenario; for the others, which assumption fails.

    The set-up (docs/model.md, rule 24): blue/green, every region deploys in a constant d, no build, handover, gates or
    failures; defects of severity 1 that hurt at once; evidence exponential with mean (fleet traffic / λ) requests in
    every region; a constant lag δ; recovery a constant ρ after the alarm. Waves j = 1 … k add shares ω_j, in all V_j,
    go live at L_j and bake b_j. Each figure asks only for what it needs: the time of a clean rollout nothing of faults,
    false alarms nothing of evidence, exposure nothing of recovery.

    With S(t) = exp(−λ Σ ω_j (t − δ − L_j)⁺), the chance that a common defect has raised no alarm by t, S_0 = 1,
    S_j = S(L_{j+1}), S_k = S(T) and q_j = S_j / S_{j−1}:

    ========================================  ==========================================================================
    P(alarm while wave j is the newest)       S_{j−1} − S_j
    P(all exposed), P(escaped)                S_{k−1}, S_k
    P(a failover pair is hit)                 S of the wave before the later one of the two
    E[exposed share], E[peak]                 Σ ω_j S_{j−1} = Σ V_j (S_{j−1} − S_j) + V_k S_k
    E[impact], endless                        1/λ + ρ (Σ V_j (S_{j−1} − S_j) + V_k S_k)
    E[impact], book closed at H               Σ ω_j [min(ρ, H − L_j) S_{j−1} + ∫ S dt from L_j to H − ρ]
    E[impact until alarm or end]              (1 − S_k)/λ
    roll-back adds                            ρ Σ V_j (S_{j−1} − S_j)
    lag adds                                  δ Σ V_j (S_{j−1} − S_j) + Σ_{j<k} ω_{j+1} S_j (e^{a_j δ} − 1 − a_j δ)/a_j
    a clean rollout                           T = k d + Σ b_j
    E[duration | defect]                      ∫ S dt from 0 to T + (1 − S_k) ρ
    mean time to detect, caught               [∫ S dt from 0 to T − T S_k]/(1 − S_k) − d
    a blind defect, rolling                   Σ ω_j (H − L_j) + Σ ω_j d/2
    independent regional defects              N(t) = Π_r [1 − p_r + p_r exp(−λ w_r (t − δ − L_r)⁺)]
    P(n regions exposed), regional            coefficients of Σ_{j<k} [G_j(L_j) − G_j(L_{j+1})] + G_k(L_k)
    false alarms, P(clean completes)          exp(−φ Σ n_j τ_j)
    ========================================  ==========================================================================

    In the row of the lag, S stands for the evidence and not for the alarm: take it at t + δ. All are derived in
    docs/exact.md, from two facts: the least of independent exponential times is exponential with the rates added up,
    and E[X] = ∫ P(X > t) dt.

    Parameters
    ----------
    plan, scenario
        As for `run`. Regions that the plan leaves out count in shares alone.

    Returns
    -------
    Exact
        With `holds`, `assumptions`, `table`, `refused`, and figures by name.

    Raises
    ------
    InputError
        Where the plan has regions that the scenario's fleet does not have.
    """
    course = Course(setting(plan, scenario))
    return Exact(plan, scenario, setup_of(course), course)
