"""The rules and limits that a team writes down in one file, and plans held against the rules.

Not here: whether any plan can keep the rules (``clashes``), what good practice says of every plan (``practice``), how
limits are judged (``simulation.analysis.limits``).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, Strict, model_validator

from waves.files.documents import Finding, Where
from waves.fleet import Fleet, unknown_region
from waves.nouns import Minutes, Noun, Part, Switch, Text, quantity
from waves.plan import Plan

CHANCE = re.compile(r"(?P<a>\d+(?:\.\d+)?) *(?:(?P<percent>%)|(?: in |/ *)(?P<b>\d[\d,]*))", re.ASCII)


def _number(value: Any) -> Any:
    """Refuse a chance as people say it with the number that it is."""
    if isinstance(value, str) and (found := CHANCE.fullmatch(value.strip())):
        out_of = 100.0 if found["percent"] else float(found["b"].replace(",", ""))
        if out_of > 0:
            raise ValueError(f"{value!r} is no number; write {float(found['a']) / out_of:.6g}")
    return value


Share = Annotated[float, Strict(), Field(gt=0, le=1)]
Whole = Annotated[int, Strict(), Field(ge=1, le=10_000)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False), BeforeValidator(_number)]
ROUNDING = 1e-9  # shares are sums; what is above its bound by less is on it
OF_THE_FLEET = ("max_share_per_wave", "max_first_wave_share", "partners_apart")

Broken = tuple[Where, str, str]  # where in the plan, what is wrong, and the rule


class PlanRules(Part):
    """What every plan must keep to; a rule that is left out asks for nothing."""

    max_share_per_wave: Share | None = quantity(
        None, "The most that one wave may carry of the fleet's traffic.", unit="share of traffic"
    )
    max_first_wave_share: Share | None = quantity(
        None, "The most that the first wave may carry of the fleet's traffic.", unit="share of traffic"
    )
    max_regions_per_wave: Whole | None = quantity(None, "The most regions in one wave.", unit="regions")
    partners_apart: Switch = quantity(False, "Whether failover partners must be in different waves.")
    first: tuple[Text, ...] = quantity((), "Regions that must be in the first wave.")
    last: tuple[Text, ...] = quantity((), "Regions that must be in the last wave.")
    min_bake_minutes: Minutes = quantity(0.0, "Every wave bakes at least so long.", unit="minutes")
    max_waves: Whole | None = quantity(None, "The most waves.", unit="waves")
    approval_before: tuple[Whole, ...] = quantity(
        (), "The numbers of waves, from 1, that must wait for an approval; a plan that has no such wave breaks it."
    )

    @property
    def asked(self) -> tuple[str, ...]:
        """The rules that ask for something, by name."""
        return tuple(name for name, info in type(self).model_fields.items() if getattr(self, name) != info.default)


class Bounds(Part):
    """What a figure of the summary may come to."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    at_most: Number | None = quantity(None, "The most, in the unit of the figure; one in 1,200 is 0.000833.")
    at_least: Number | None = quantity(None, "The least, in the unit of the figure.")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.at_most is None and self.at_least is None:
            raise ValueError("a limit without a bound; write {at_most: 0.5} or {at_least: 0.9}")
        return self

    @property
    def given(self) -> dict[str, float]:
        """The bounds that there are, by side."""
        sides = {"at_most": self.at_most, "at_least": self.at_least}
        return {side: value for side, value in sides.items() if value is not None}


class Rules(Noun):
    """What a team asks of every plan: rules for what it is, and limits for what it may cost and risk."""

    name: Text = quantity("rules", "What people call them.")
    rules: PlanRules = quantity(PlanRules(), "What a plan must keep to: see `wavecast check --rules`.")
    limits: dict[Text, Bounds] = quantity(
        {}, "By figure of the summary, what a plan may cost and risk; a report judges by it, and the gate."
    )

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """The limits as plain mappings, as `simulation.parse_limits` takes them."""
        return {figure: bounds.given for figure, bounds in self.limits.items()}

    def require(self, fleet: Fleet) -> None:
        """Refuse rules that name regions that a fleet does not have.

        Raises
        ------
        InputError
            Naming each such region, its line where the rules were read from a file, and the nearest name.
        """
        if found := self.strangers(fleet):
            raise self.input_error(found)

    def strangers(self, fleet: Fleet) -> list[tuple[Where, str, str]]:
        """Return (where, message, rule) of each region of the rules that the fleet does not have."""
        return [
            (("rules", key, n), unknown_region(region, fleet.names), "unknown-region")
            for key in ("first", "last")
            for n, region in enumerate(getattr(self.rules, key))
            if region not in fleet.positions
        ]


def rule_findings(plan: Plan, rules: Rules, fleet: Fleet | None = None) -> list[Finding]:
    """Hold a plan against the rules of a team.

    Parameters
    ----------
    plan
        Read from a file, its findings have the lines of that file.
    rules
        As `Rules.read` gives them; their limits are not judged here.
    fleet
        Whose traffic and failover partners count. Without it a rule about those is an error, as it cannot be judged.

    Returns
    -------
    list of Finding
        An error for each place at which the plan breaks a rule; it names the rule and what would keep it.
    """
    asked = rules.rules
    rows = breaches(plan, rules, fleet)
    if fleet is None:
        needed = ", ".join(key for key in OF_THE_FLEET if key in asked.asked)
        message = f"{needed} cannot be judged without the fleet's traffic and partners; name the fleet (--fleet)"
        rows += [((), message, "rule-not-judged")] if needed else []
    return sorted({plan.remark(*row) for row in rows})


def breaches(plan: Plan, rules: Rules, fleet: Fleet | None) -> list[Broken]:
    """Return what a plan breaks of a team's rules, each with its place in the plan; see `rule_findings`."""
    asked = rules.rules
    rows = list(broken([wave.regions for wave in plan.waves], asked, fleet))
    return [*rows, *_bakes(plan, asked), *_approvals(plan, asked)]


def broken(waves: Sequence[Sequence[str]], rules: PlanRules, fleet: Fleet | None) -> Iterator[Broken]:
    """Yield what a grouping breaks of the rules on who is in which wave: all but bakes and approvals."""
    yield from _counts(waves, rules)
    yield from _pins(waves, rules)
    if fleet is not None:
        yield from _shares(waves, rules, fleet)
        yield from _partners(waves, rules, fleet)


def _counts(waves: Sequence[Sequence[str]], rules: PlanRules) -> Iterator[Broken]:
    if rules.max_waves is not None and len(waves) > rules.max_waves:
        message = f"the plan has {len(waves)} waves, and max_waves allows {rules.max_waves}; merge some"
        yield ("waves",), message, "max-waves"
    most = rules.max_regions_per_wave
    for w, wave in enumerate(waves):
        if most is not None and len(wave) > most:
            message = f"wave {w + 1} has {len(wave)} regions, and max_regions_per_wave allows {most}; split it"
            yield ("waves", w, "regions"), message, "max-regions-per-wave"


def _pins(waves: Sequence[Sequence[str]], rules: PlanRules) -> Iterator[Broken]:
    home = {region: w for w, wave in enumerate(waves) for region in wave}
    for key, pinned, there in (("first", rules.first, 0), ("last", rules.last, len(waves) - 1)):
        for region in pinned:
            w = home.get(region)
            if w is None:
                yield ("waves",), f"{region} must be in the {key} wave, and no wave has it; add it there", f"pin-{key}"
            elif w != there:
                where = ("waves", w, "regions", list(waves[w]).index(region))
                yield where, f"{region} is in wave {w + 1}, and must be in the {key} one; move it there", f"pin-{key}"


def _shares(waves: Sequence[Sequence[str]], rules: PlanRules, fleet: Fleet) -> Iterator[Broken]:
    for w, wave in enumerate(waves):
        share = sum(fleet.shares.get(region, 0.0) for region in wave)
        for key, most in (("max_share_per_wave", rules.max_share_per_wave),
                          ("max_first_wave_share", None if w else rules.max_first_wave_share)):  # fmt: skip
            if most is not None and share > most + ROUNDING:
                message = (
                    f"wave {w + 1} carries {100 * share:.3g} % of the fleet's traffic, and {key} allows "
                    f"{100 * most:.3g} %; move some of it to {'a later' if w == 0 else 'another'} wave"
                )
                yield ("waves", w), message, key.replace("_", "-")


def _partners(waves: Sequence[Sequence[str]], rules: PlanRules, fleet: Fleet) -> Iterator[Broken]:
    for w, wave in enumerate(waves) if rules.partners_apart else ():
        for pair in fleet.pairs:
            if set(pair) <= set(wave):
                one, other = sorted(pair, key=list(wave).index)
                message = (
                    f"{one} and {other} are failover partners, both in wave {w + 1}, and partners_apart asks for "
                    "different waves; move one of them"
                )
                yield ("waves", w, "regions", list(wave).index(other)), message, "partners-apart"


def _bakes(plan: Plan, rules: PlanRules) -> Iterator[Broken]:
    for w, wave in enumerate(plan.waves):
        if wave.bake_minutes < rules.min_bake_minutes:
            message = (
                f"wave {w + 1} bakes {wave.bake_minutes:g} minutes, and min_bake_minutes asks for "
                f"{rules.min_bake_minutes:g}; let it bake longer"
            )
            yield ("waves", w, "bake_minutes"), message, "min-bake-minutes"


def _approvals(plan: Plan, rules: PlanRules) -> Iterator[Broken]:
    for number in sorted(set(rules.approval_before)):
        if number > len(plan.waves):
            message = f"approval_before asks for an approval before wave {number}, and the plan has {len(plan.waves)}"
            yield ("waves",), f"{message}; split it into more waves", "approval-before"
        elif not plan.waves[number - 1].approval:
            message = f"wave {number} starts without an approval, and approval_before asks for one"
            yield ("waves", number - 1), f"{message}; give it `approval: true`", "approval-before"
