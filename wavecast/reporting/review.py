"""What a change of waves does to risk and time, as Markdown for a pull request.

Not here: reading the two files (``wavecast.verbs.review``), what may stand in Markdown (``markdown``).
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from simulation import Comparison, Estimate, verdict, waves_or_minutes
from simulation.analysis.variants import of_comparison
from simulation.analysis.verdict import number_of, warnings_of
from simulation.analysis.verdict import plain as plain_number
from simulation.results.figures import called, estimated, held_against
from simulation.results.numerals import minutes_of, number
from simulation.results.statistics import without_rounding
from wavecast.reporting.markdown import bullets, code, plain, table
from wavecast.rules import read_limits
from waves import Change, Finding, Fleet, Plan, Rules, changes, clash_findings, rule_findings

BEFORE, AFTER = "before", "after"
SHOWN = (
    "minutes_to_ship", "impact_minutes_mean", "share_exposed_mean", "peak_share_mean", "probability_shipped",
    "probability_failover_hit",
)  # fmt: skip
MOST = 40  # lines of a list
LIMIT = 60_000  # characters; GitHub takes 65,536 in a comment


@dataclass(frozen=True, eq=False)
class Review:
    """A plan before and after a change, rolled out in the same worlds; one of them may not be there.

    Attributes
    ----------
    plans
        Under `before` and `after`; what is not there is left out.
    comparison
        Of the plans that are there, under the same names.
    rules
        What the later plan must keep, and what it may come to.
    notes
        What people should know before they believe the figures.
    """

    plans: Mapping[str, Plan]
    comparison: Comparison
    rules: Rules = field(default_factory=Rules)
    notes: tuple[Finding, ...] = ()

    @property
    def fleet(self) -> Fleet:
        """Whose regions are deployed to."""
        return self.comparison.scenario.fleet

    @cached_property
    def changes(self) -> list[Change]:
        """What differs between the two; nothing where one of them is not there."""
        return changes(self.plans[BEFORE], self.plans[AFTER]) if len(self.plans) == 2 else []

    @property
    def equal(self) -> bool:
        """Whether both are there and do the same."""
        return len(self.plans) == 2 and not self.changes

    @cached_property
    def broken(self) -> dict[str, list[Finding]]:
        """By `before` and `after`, the rules that the plan breaks; `after` also those that no plan could keep."""
        found = {name: list(rule_findings(plan, self.rules, self.fleet)) for name, plan in self.plans.items()}
        if AFTER in found:
            found[AFTER] += [each for each in clash_findings(self.rules, self.fleet) if each.severity == "error"]
        return found

    @cached_property
    def limits(self) -> list[dict[str, Any]]:
        """The later plan's limits, judged as a report does."""
        wanted = read_limits(self.rules, self.comparison.service)
        if AFTER not in self.plans or not wanted:
            return []
        alone = dataclasses.replace(self.comparison, outcomes={AFTER: self.comparison.outcomes[AFTER]})
        found: list[dict[str, Any]] = verdict(alone, wanted)["limits"]
        return found

    @property
    def code(self) -> int:
        """1 where the later plan breaks a rule, or a limit is not kept; else 0."""
        kept = all(entry["verdict"] == "holds" for entry in self.limits)
        return 0 if kept and not self.broken.get(AFTER) else 1

    def difference(self, figure: str) -> Estimate:
        """Return the later plan minus the earlier one."""
        found = self.comparison.differences
        ends = (float(found[column][(AFTER, figure)]) for column in ("difference", "low", "high"))
        return without_rounding(Estimate(*ends))

    @cached_property
    def worth(self) -> Estimate:
        """The price of a fleet-minute, in minutes of waiting, at which both cost the same."""
        return of_comparison(self.comparison).worth(1, 0)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, as `--json` writes them."""
        two = len(self.plans) == 2
        return {
            "plans": {
                name: {"name": each.name, "digest": each.digest, "file": each.origin}
                for name, each in self.plans.items()
            },
            "scenario": {"name": self.comparison.scenario.name, "digest": self.comparison.scenario.digest},
            "trials": len(self.comparison.trials),
            "seed": self.comparison.seed,
            "confidence": self.comparison.confidence,
            "changes": [dataclasses.asdict(each) for each in self.changes],
            "figures": {name: self._figures(name) for name in self.plans},
            "differences": {each: _numbers(self.difference(each)) for each in SHOWN} if two else {},
            "worth": _numbers(self.worth) if two else None,
            "rules": {name: [str(each) for each in found] for name, found in self.broken.items()},
            "limits": self.limits,
            "notes": [str(each) for each in self.notes],
            "passed": self.code == 0,
        }

    def _figures(self, name: str) -> dict[str, Any]:
        return {each: _numbers(self.estimate(name, each)[0]) for each in SHOWN}

    def estimate(self, name: str, figure: str) -> tuple[Estimate, str]:
        """Return a figure of one plan, and its unit."""
        found = self.comparison.summaries[name]
        value, low, high = (float(found[column][figure]) for column in ("estimate", "low", "high"))
        return Estimate(value, low, high), str(found["unit"][figure])

    def markdown(self) -> str:
        """Write it as Markdown, short enough for a comment."""
        text = "\n\n".join(part for part in self._parts() if part)
        cut = "\n\n(cut: it would be too long for a comment)"
        return text if len(text) <= LIMIT else text[: LIMIT - len(cut)].rsplit("\n", 1)[0] + cut

    def _parts(self) -> Iterator[str]:
        yield f"## Waves: {code([*self.plans.values()][-1].name)}"
        yield self._headline()
        yield self._figures_table()
        if self.changes:
            yield "### What changed\n\n" + bullets(map(_changed, self.changes), MOST)
        yield self._made_of()
        yield self._rules_said()
        yield self._limits_said()
        said = [*(str(each.message) for each in self.notes), *warnings_of(self.comparison.outcomes)]
        yield "### To know\n\n" + bullets(map(plain, dict.fromkeys(said)), MOST) if said else ""
        yield self._footer()

    def _headline(self) -> str:
        if len(self.plans) == 1:
            only = "The plan is new: there is nothing to hold it against."
            gone = "The plan is gone: the figures are those that it had."
            return only if AFTER in self.plans else gone
        if self.equal:
            return "**Nothing changes**: both files deploy the same regions in the same waves, with the same bakes."
        time, harm = self.difference("minutes_to_ship"), self.difference("impact_minutes_mean")
        return f"**{_time(time)}; {_harm(harm)}.** {self._price(time, harm)}".rstrip()

    def _price(self, time: Estimate, harm: Estimate) -> str:
        if math.isnan(self.worth.value):
            return ""
        less = "less" if harm.value > 0 else "more"
        price, ends = estimated(*self.worth, "minutes")
        return f"Worth it while a minute of the whole fleet down costs {less} than {price} of waiting ({ends})."

    def _figures_table(self) -> str:
        names = [AFTER] if self.equal else list(self.plans)
        two = len(names) == 2
        rows = []
        for figure in SHOWN:
            cells = [_cell(*self.estimate(name, figure)) for name in names]
            more = [_apart(self.difference(figure), self.estimate(AFTER, figure)[1])] if two else []
            rows.append((called(figure), *cells, *more))
        return table(("", *names, *(["difference"] if two else [])), rows)

    def _made_of(self) -> str:
        """Say how much of the difference is grouping, order and bake, where both have the same regions."""
        if len(self.plans) < 2 or self.equal or set(self.plans[BEFORE].regions) != set(self.plans[AFTER].regions):
            return ""
        one, other = (self.plans[name].replace(name=f"the plan {name}") for name in (BEFORE, AFTER))
        found = waves_or_minutes(
            one, other, self.comparison.scenario, trials=len(self.comparison.trials), seed=self.comparison.seed
        )
        return f"{plain(found.sentence)}." if found.parts else ""

    def _rules_said(self) -> str:
        if not self.rules.rules.asked or AFTER not in self.plans:
            return ""
        now, then = (self.broken.get(name, []) for name in (AFTER, BEFORE))
        old, new = {each.rule for each in then}, {each.rule for each in now}
        lines = [f"**broken{' already before' * (each.rule in old)}**: {plain(each.message)}" for each in now]
        lines += [f"mended: {plain(rule)}" for rule in sorted(old - new)]
        kept = len(self.rules.rules.asked)
        return "### Rules\n\n" + (bullets(lines, MOST) if lines else f"All kept ({kept}).")

    def _limits_said(self) -> str:
        if not self.limits:
            return ""
        rows = []
        for each in self.limits:
            numbers = Estimate(*(number_of(each[key]) for key in ("estimate", "low", "high")))
            word = each["verdict"] if each["verdict"] == "holds" else f"**{each['verdict']}**"
            limit, *said = held_against(each["value"], each["figure"], numbers, each["unit"])
            takes = f", about {each['trials_it_takes']:,} trials decide it" if each["trials_it_takes"] else ""
            takes += f"; {plain(each['cut_off'])}" if each["cut_off"] else ""
            limit = _written(f"{each['side'].replace('_', ' ')} {limit}")
            rows.append((called(each["figure"]), limit, _with_ends(numbers, *said), word + takes))
        return "### Limits\n\n" + table(("", "limit", "after", ""), rows)

    def _footer(self) -> str:
        found = self.comparison
        digests = ", ".join(f"{name} {each.digest}" for name, each in self.plans.items())
        basis = f"{len(found.trials):,} rollouts of each plan in the same worlds, seed {found.seed}"
        intervals = f"{100 * found.confidence:g} % intervals"
        return f"{basis}, {intervals}; {digests}; scenario {code(found.scenario.name)} {found.scenario.digest}"


def _numbers(found: Estimate) -> dict[str, Any]:
    return {key: plain_number(value) for key, value in zip(("estimate", "low", "high"), found, strict=True)}


def _cell(found: Estimate, unit: str) -> str:
    return _with_ends(found, *estimated(*found, unit))


def _with_ends(found: Estimate, value: str, ends: str) -> str:
    if math.isnan(found.value):
        return "unknown"
    return _written(f"{value} ({'too few to tell' if math.isnan(found.low) else ends})")


def _apart(found: Estimate, unit: str) -> str:
    """Write a difference with its signs; of shares in points."""
    if not math.isfinite(found.value) or found == (0.0, 0.0, 0.0):
        return "the same" if found.value == 0.0 else "unknown"
    points = unit in ("probability", "share of traffic")
    scale, after = (100.0, " points") if points else (1.0, "" if unit == "minutes" else f" {unit}")
    write = minutes_of if unit == "minutes" else number
    value, low, high = (_signed(scale * each, write) for each in found)
    ends = "too few differ to tell" if math.isnan(found.low) else f"{low} to {high}{after}"
    return _written(f"{value}{after} ({ends})")


def _signed(value: float, write: Callable[[float], str]) -> str:
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{write(abs(value))}"


def _written(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _time(found: Estimate) -> str:
    if not math.isfinite(found.value):
        return "It never ships" if found.value > 0 else "How much sooner or later it ships is unknown"
    return _worded(found, "It ships as soon", "It ships {} sooner ({})", "It ships {} later ({})", "minutes")


def _harm(found: Estimate) -> str:
    words = "a change does {} less harm ({})", "a change does {} more harm ({})"
    return _worded(found, "a change does as much harm", *words, "fleet-minutes")


def _worded(found: Estimate, same: str, less: str, more: str, unit: str) -> str:
    """Word a difference; one of which the sign is not known is said to be so."""
    if found.value == 0.0 and not found.high > 0:
        return same
    low, high = sorted((abs(found.low), abs(found.high)))
    if math.isnan(found.low) or found.low <= 0 <= found.high:
        ends = "too few differ to tell" if math.isnan(found.low) else estimated(*found, unit)[1]
        return f"{same}, as far as can be told ({ends})"
    size, ends = estimated(abs(found.value), low, high, unit)
    return (less if found.value < 0 else more).format(size, ends)


def _changed(each: Change) -> str:
    what = code(each.what) if each.kind == "region" else plain(each.what)
    if not each.before or not each.after:
        if each.kind in ("region", "wave"):
            return f"{what}: {'new, in ' + plain(each.after) if each.after else 'gone, was in ' + plain(each.before)}"
        bake = {"bake": "bake of ", "approval": ""}.get(each.kind, "")
        return (
            f"{what}: {'new, ' + bake + plain(each.after) if each.after else 'gone, had ' + bake + plain(each.before)}"
        )
    kind = "bake of " if each.kind == "bake" else ""
    return f"{what}: {kind}{plain(each.before)} → {plain(each.after)}"
