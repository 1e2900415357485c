"""The scenario: everything about a rollout that we don't know, as probabilities and distributions, over one fleet.

Every number has a unit and a default; where nobody measured it, its source says `assumed`. Not here: the distributions
themselves (``distributions``), what the fields do (``model``).
"""

import math
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Strict,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from simulation.describing import describe, fault_in_words
from simulation.distributions import Constant, Distribution
from waves import DATA, Fleet, InputError, ModelFaults, Noun, Part, Probability, Text, did_you_mean, quantity, read_yaml
from waves.calendar import PushTimes, Window
from waves.files.documents import shown
from waves.showing import Html, glimpse

Threshold = Annotated[float, Strict(), Field(ge=0, lt=1)]
RAREST = 1e-11  # alarms a day: the mean of fewer is more minutes than a distribution may have


def _seldom(rate: float, info: ValidationInfo) -> float:
    if 0 < rate < RAREST:
        raise ValueError(
            f"{info.field_name} is {rate:g} alarms/day: that is as good as never; give 0, or at least {RAREST:g}"
        )
    return rate


Rate = Annotated[float, Strict(), Field(ge=0, le=1e6, allow_inf_nan=False), AfterValidator(_seldom)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Horizon = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=True)]
PUSHES_LINE = (
    'pushes: {from: 2026-11-02, to: 2026-11-30, days: [mon, tue], hours: ["09:00", "17:00"], zone: Europe/Berlin}'
)
PER_REGION = (
    "deploy", "deploy_failure_probability", "alarm_threshold", "evidence", "lag", "false_alarms_per_region_day",
    "rollback", "rollback_failure_probability", "manual_recovery", "failed_deploy",
)  # fmt: skip


class Label(Part):
    """All regions that carry a label: one draw for the whole of them."""

    label: Text = quantity(..., "The label, as regions of the fleet carry it.")


def _where(value: Any) -> Any:
    if value in ("everywhere", "each_region") or isinstance(value, Label):
        return value
    if isinstance(value, Mapping) and set(value) == {"label"}:
        return Label.model_validate(value)
    raise ValueError(f"{shown(value)} is no place for a fault; use everywhere, each_region or {{label: X}}")


Where = Annotated[
    Literal["everywhere", "each_region"] | Label,
    BeforeValidator(_where),
    PlainSerializer(lambda where: {"label": where.label} if isinstance(where, Label) else where),
    WithJsonSchema({"anyOf": [{"enum": ["everywhere", "each_region"]}, Label.model_json_schema()]}),
]


class Fault(Part):
    """One way in which a change can be bad."""

    name: Text = quantity(..., "What people call the fault.")
    probability: Probability = quantity(..., "How likely one draw of it hits.", unit="probability a draw")
    where: Where = quantity(
        "everywhere",
        "One draw for the change (`everywhere`), one for each region (`each_region`), or one for all with a label.",
    )
    effect: Literal["defect", "deploy_fails"] = quantity(
        "defect", "`defect`: the new version hurts. `deploy_fails`: every deployment there fails."
    )
    severity: Distribution = quantity(
        1.0, "The part of the requests on the new version that fail.", unit="share of requests", source="assumed",
        validate_default=True,
    )  # fmt: skip
    onset: Distribution = quantity(
        0.0, "From the first traffic on the new version to the first harm.", unit="minutes", source="assumed",
        validate_default=True,
    )  # fmt: skip
    detection_probability: Probability = quantity(
        1.0, "How likely alarms can see it at all; else it is blind.", unit="probability", source="assumed"
    )
    validation_probability: Probability = quantity(
        0.0, "How likely the check after a deployment can see it.", unit="probability", source="assumed"
    )
    review_probability: Probability = quantity(
        0.0, "How likely whoever approves a later wave can see it.", unit="probability", source="assumed"
    )

    @field_validator("severity")
    @classmethod
    def _share(cls, value: Any) -> Any:
        low, high = value.support
        if not (low > 0 and high <= 1):
            text = f"a severity is a share in (0, 1] of the requests; this one reaches from {low:g} to {high:g}"
            raise ValueError(f"{text}; use a distribution within it")
        return value


class Source(Part):
    """Where a value comes from, and how well it is known."""

    source: Text = quantity(..., "Where the value comes from, such as `214 deployments, 2026-01 to 2026-05`.")
    estimate: Number | None = quantity(None, "The estimate, in the unit of the field.")
    low: Number | None = quantity(None, "The lower end of its 95 % interval.")
    high: Number | None = quantity(None, "The upper end of its 95 % interval.")
    n: Annotated[int, Strict(), Field(ge=0)] | None = quantity(None, "How many observations it is made from.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        ends = [end for end in (self.low, self.estimate, self.high) if end is not None]
        if ends != sorted(ends):
            raise ValueError(f"low, estimate and high must not fall, got {', '.join(f'{end:g}' for end in ends)}")
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has two ends; give both low and high, or neither")
        return self

    def __str__(self) -> str:
        interval = f", {self.low:.4g} to {self.high:.4g}" if self.low is not None and self.high is not None else ""
        told = "" if self.estimate is None else f"estimate {self.estimate:.4g}"
        known = [each for each in (told + interval if told else interval[2:], self.n and f"n = {self.n:,}") if each]
        return self.source + (f" ({'; '.join(known)})" if known else "")


Sourced = Annotated[
    Annotated[Text, Tag("text")] | Annotated[Source, Tag("data")],
    Discriminator(lambda value: "data" if isinstance(value, Mapping | Source) else "text"),
]


def _positive(value: Any, info: ValidationInfo) -> Any:
    if value is None or value.support[1] > 0 and (value.support[0] > 0 or math.isinf(value.support[1])):
        return value
    low = f"{value.support[0]:g}"
    raise ValueError(
        f"{info.field_name} must be above 0 throughout, and it reaches down to {low}; give it a positive value"
    )


class RegionValues(Part):
    """What differs in one region from the scenario's defaults."""

    deploy: Distribution | None = quantity(None, "See the scenario.", unit="minutes")
    deploy_failure_probability: Probability | None = quantity(None, "See the scenario.", unit="probability")
    alarm_threshold: Threshold | None = quantity(None, "See the scenario.", unit="share of requests")
    evidence: Distribution | None = quantity(None, "See the scenario.", unit="failed requests")
    lag: Distribution | None = quantity(None, "See the scenario.", unit="minutes")
    false_alarms_per_region_day: Rate | None = quantity(None, "See the scenario.", unit="alarms/day")
    rollback: Distribution | None = quantity(None, "See the scenario.", unit="minutes")
    rollback_failure_probability: Probability | None = quantity(None, "See the scenario.", unit="probability")
    manual_recovery: Distribution | None = quantity(None, "See the scenario.", unit="minutes")
    failed_deploy: Distribution | None = quantity(None, "See the scenario.", unit="minutes")

    _positive = field_validator("deploy", "evidence", "failed_deploy")(_positive)


class Scenario(Noun):
    """What we don't know: every probability and distribution of a rollout over one fleet."""

    name: Text = quantity("scenario", "What people call the scenario.")
    fleet: Fleet = quantity(..., "The fleet: a path relative to this file, or the fleet itself.")
    build: Distribution = quantity(
        0.0, "From the push to the built image.", unit="minutes", source="assumed", validate_default=True
    )
    build_failure_probability: Probability = quantity(
        0.0, "How likely the build fails.", unit="probability", source="assumed"
    )
    handover: Distribution = quantity(
        0.0, "From the end of one wave to the start of the next: runner start-up, queueing, people.",
        unit="minutes", source="assumed", validate_default=True,
    )  # fmt: skip
    approval_wait: Distribution = quantity(
        0.0, "How long an approval takes; with `staffed`, in staffed minutes.",
        unit="minutes", source="assumed", validate_default=True,
    )  # fmt: skip
    rejection_probability: Probability = quantity(
        0.0, "How likely an approval is refused.", unit="probability", source="assumed"
    )
    deploy: Distribution = quantity(
        ..., "How long one attempt to deploy one region takes.", unit="minutes", source="assumed"
    )
    deploy_failure_probability: Probability = quantity(
        0.0, "How likely an attempt fails for reasons of its own.", unit="probability", source="assumed"
    )
    failed_deploy: Distribution | None = quantity(
        None, "How long an attempt takes that fails; as long as a good one if left out.", unit="minutes",
        source="assumed",
    )  # fmt: skip
    faults: tuple[Fault, ...] = quantity((), "The ways in which a change can be bad; among defects the first counts.")
    alarm_threshold: Threshold = quantity(
        0.0, "Alarms count failed requests only while they are at least this share of the region's requests.",
        unit="share of requests", source="assumed",
    )  # fmt: skip
    evidence: Distribution = quantity(
        1.0, "How many failed requests a region's alarms need to see.", unit="failed requests", source="assumed",
        validate_default=True,
    )  # fmt: skip
    lag: Distribution = quantity(
        0.0, "From enough evidence to the alarm: evaluation periods.", unit="minutes", source="assumed",
        validate_default=True,
    )  # fmt: skip
    complaint: Distribution = quantity(
        0.0, "How many failed requests, of the whole fleet, customers bear before they notice.",
        unit="failed requests", source="assumed", validate_default=True,
    )  # fmt: skip
    report: Distribution | None = quantity(
        None,
        "From the `complaint` to the customers' report that somebody acts on; never if left out.",
        unit="minutes",
        source="assumed",
    )
    false_alarms_per_region_day: Rate = quantity(
        0.0, "Alarms a day in one region that mean nothing.", unit="alarms/day", source="assumed"
    )
    reaction: Distribution = quantity(
        0.0, "From the halt to the start of the roll-back.", unit="minutes", source="assumed", validate_default=True
    )
    reaction_off_hours: Distribution | None = quantity(
        None, "`reaction` of people where the halt is outside staffed hours; the same if left out.", unit="minutes",
        source="assumed",
    )  # fmt: skip
    rollback: Distribution = quantity(
        0.0, "How long a region's roll-back takes.", unit="minutes", source="assumed", validate_default=True
    )
    rollback_failure_probability: Probability = quantity(
        0.0, "How likely a roll-back fails and people must recover the region.", unit="probability", source="assumed"
    )
    manual_recovery: Distribution = quantity(
        0.0, "How long people take to recover a region: where a roll-back fails, or no machine rolls back.",
        unit="minutes", source="assumed", validate_default=True,
    )  # fmt: skip
    fix: Distribution = quantity(
        0.0, "From the end of a rollout that did not ship to the next try: `minutes_to_ship` counts its mean.",
        unit="minutes", source="assumed", validate_default=True,
    )  # fmt: skip
    pushes: PushTimes | None = quantity(
        None, "When people push: an instant with a zone, or {from, to, days, hours, zone}. Calendars need it."
    )
    staffed: Window | None = quantity(
        None, "When people are there to approve and to react: {days, hours, zone}; always if left out."
    )
    horizon_minutes: Horizon = quantity(
        20160.0, "When the book closes, counted from the push; the same for every plan compared.",
        unit="minutes", source="assumed",
    )  # fmt: skip
    regions: dict[Text, RegionValues] = quantity({}, "Values of single regions that override the defaults.")
    sources: dict[Text, Sourced] = quantity(
        {},
        "Where the value of a field, or of a fault by its name, comes from, with its estimate and interval where there "
        "is one; `assumed` for those not listed.",
    )

    _positive = field_validator("deploy", "evidence", "failed_deploy")(_positive)

    @field_validator("fleet", mode="before")
    @classmethod
    def _fleet(cls, value: Any, info: ValidationInfo) -> Any:
        return info.context["fleet"] if info.context and "fleet" in info.context else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = {label for region in self.fleet.regions for label in region.labels}
        faults: list[tuple[tuple[str | int, ...], str, str]] = []
        names: set[str] = set()
        for i, fault in enumerate(self.faults):
            if isinstance(fault.where, Label) and fault.where.label not in known:
                message = f"no region of the fleet has the label {fault.where.label!r}"
                remedy = did_you_mean(fault.where.label, known) or f"; there are {', '.join(sorted(known)) or 'none'}"
                faults.append((("faults", i, "where", "label"), message + remedy, "unknown-label"))
            if fault.name in names:
                message = f"the fault {fault.name!r} is listed twice; give each its own name"
                faults.append((("faults", i, "name"), message, "fault-twice"))
            names.add(fault.name)
        for region in self.regions:
            if region not in self.fleet.positions:
                remedy = did_you_mean(region, self.fleet.names)
                message = f"region {region!r} is not in the fleet{remedy or '; remove it'}"
                faults.append((("regions", region), message, "unknown-region"))
        fields = type(self).model_fields
        for key in self.sources:
            if key in names and key in fields:
                message = f"{key!r} is a field of the scenario and the name of a fault; give the fault another name"
                faults.append((("sources", key), message, "ambiguous-source"))
            elif key not in fields and key not in names:
                message = f"{key!r} is neither a field of the scenario nor the name of a fault"
                faults.append((("sources", key), message + did_you_mean(key, [*fields, *names]), "unknown-field"))
        if self.staffed is not None and self.pushes is None:
            message = f"staffed hours need to know when people push; add such as `{PUSHES_LINE}`"
            faults.append((("staffed",), message, "pushes-missing"))
        if faults:
            raise ModelFaults(faults)
        return self

    @property
    def of_local_times(self) -> bool:
        """Whether the time zone database has a say in it."""
        return self.pushes is not None or self.staffed is not None or self.fleet.of_local_times

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a scenario; a `fleet` that is a path is read from there, relative to the file.

        Raises
        ------
        InputError
            With every fault of the file, or of the fleet's file.
        """
        document = read_yaml(path)
        fleet = document.value.get("fleet") if isinstance(document.value, dict) else None
        if isinstance(fleet, str):
            if not (Path(path).parent / fleet).is_file():
                message = f"fleet is {shown(fleet)}: no such file; give a path from this one, or the fleet itself"
                raise InputError([document.finding(("fleet",), message, "cannot-read")])
            return cls._from_document(document, {"fleet": Fleet.read(Path(path).parent / fleet)})
        return cls._from_document(document)

    def _glance(self) -> str:
        faults = f"{len(self.faults)} fault{'s' * (len(self.faults) != 1)}"
        return f"{self.name}, fleet {self.fleet.name} of {len(self.fleet.regions)}, {faults}, digest {self.digest}"

    def _repr_html_(self) -> Html:
        return glimpse(self._glance(), ("assumption", "value", "unit", "source"), self.assumptions)

    def of(self, region: int, field: str) -> Any:
        """Return the value that a field has in a region, given by its place in the fleet."""
        own = self.regions.get(self.fleet.names[region])
        value = getattr(own, field) if own is not None else None
        return getattr(self, field) if value is None else value

    def hits(self, fault: Fault, region: int) -> bool:
        """Return whether a fault can hit a region, given by its place in the fleet."""
        return not isinstance(fault.where, Label) or fault.where.label in self.fleet.regions[region].labels

    @cached_property
    def assumptions(self) -> list[tuple[str, str, str, str]]:
        """Field, value, unit and source of everything that is not at its default."""
        return [row for row, at_default in self._rows() if not at_default]

    @cached_property
    def defaults(self) -> list[tuple[str, str, str, str]]:
        """Field, value, unit and source of everything that is at its default: mostly, what is switched off."""
        return [row for row, at_default in self._rows() if at_default]

    def _rows(self) -> Iterator[tuple[tuple[str, str, str, str], bool]]:
        for field, info in type(self).model_fields.items():
            if field in ("name", "fleet", "faults", "regions", "sources"):
                continue
            value = getattr(self, field)
            extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
            row = (field, describe(value), str(extra.get("unit", "")), self.source_of(field))
            yield row, value in (info.default, Constant.model_construct(value=info.default))
        for fault in self.faults:
            yield (fault.name, fault_in_words(fault), "", self.source_of(fault.name)), False

    def source_of(self, name: str) -> str:
        """Return in words where the value of a field, or of a fault by its name, comes from."""
        names = {fault.name for fault in self.faults}
        fallback = self.sources.get("faults", "assumed") if name in names else "assumed"
        return str(self.sources.get(name, fallback))


def sample(name: str) -> Scenario:
    """Return a scenario that comes with the kit.

    Parameters
    ----------
    name
        The name of a file in `data/scenarios`, without its ending, such as `storefront`.

    Raises
    ------
    ValueError
        Where there is none of that name; it lists those there are.
    """
    path = DATA / "scenarios" / f"{name}.yaml"
    names = sorted(p.stem for p in path.parent.glob("*.yaml"))
    if name not in names:
        raise ValueError(f"there is no sample scenario {name!r}; there are {', '.join(names)}")
    return Scenario.read(path)
