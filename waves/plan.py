"""The plan: which regions change in which wave, how long each wave bakes, how one region's traffic moves.

Not here: ready-made groupings (``groupings``), what a pipeline's file means (``pipelines``), what may happen
(``simulation``).
"""

import os
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, Strict, ValidationInfo, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from waves.calendar import Calendar
from waves.files.documents import Document, ModelFaults, Place, Where, shown
from waves.fleet import Fleet, unknown_region
from waves.nouns import DATA, Count, Minutes, Noun, Part, Switch, Text, quantity
from waves.pipelines.files import read_pipeline
from waves.pipelines.reading import Reading
from waves.pipelines.steps import BakeMinutes, Hints
from waves.showing import Html, counted, glimpse

Timeout = Annotated[float, Strict(), Field(gt=0, le=1e9, allow_inf_nan=False)]
Percent = Annotated[float, Strict(), Field(gt=0, lt=100)]


class Steps(Part):
    """A deployment strategy that moves a region's traffic in steps, such as a canary."""

    steps: tuple[tuple[Percent, Minutes], ...] = quantity(
        ..., "Pairs of percent and minutes held; the rest follows at the end.", unit="percent, minutes", min_length=1
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        percents = [percent for percent, _ in self.steps]
        if any(b <= a for a, b in zip(percents, percents[1:], strict=False)):
            raise ValueError(f"the percentages of `steps` must rise strictly, got {percents}; put them in order")
        return self


def _strategy(value: Any) -> Any:
    if isinstance(value, Steps) or value in ("rolling", "blue_green"):
        return value
    if isinstance(value, Mapping) and "steps" in value:
        return Steps.model_validate(value)
    raise ValueError(
        f"{shown(value)} is not a deployment strategy; use rolling, blue_green or {{steps: [[percent, minutes], …]}}"
    )


Strategy = Annotated[
    Literal["rolling", "blue_green"] | Steps,
    BeforeValidator(_strategy),
    PlainSerializer(lambda s: s if isinstance(s, str) else {"steps": [list(step) for step in s.steps]}),
    WithJsonSchema({"anyOf": [{"enum": ["rolling", "blue_green"]}, Steps.model_json_schema()]}),
]


def _share_of(most: int, least: int) -> BeforeValidator:
    def check(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            found = re.fullmatch(r"(\d{1,3})%", value)
            if found and least <= int(found[1]) <= 100:
                return value
            kind, what = "invalid_value", "no whole percentage"
        elif isinstance(value, bool) or not isinstance(value, int):
            kind, what = "wrong_type", "not a number of regions"
        elif not least <= value <= most:
            kind, what = "out_of_range", "out of range"
        else:
            return value
        remedy = f'give a whole number from {least} to {most}, or a whole percentage such as "25%"'
        raise PydanticCustomError(
            kind,
            "{field} is {value}: {what}; {remedy}",
            {"field": info.field_name, "value": shown(value), "what": what, "remedy": remedy},
        )

    return BeforeValidator(check)


def part_of(number: int | str, regions: int) -> int:
    """Return a number of regions that may be given as a whole percentage of them, rounded down."""
    return regions * int(number[:-1]) // 100 if isinstance(number, str) else number


_PART = {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": 10_000}, {"type": "string", "pattern": "^[0-9]{1,3}%$"}]
}
_PART_OR_NONE = {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 10_000}, _PART["anyOf"][1]]}
AtOnce = Annotated[int | str, _share_of(10_000, 1), WithJsonSchema(_PART)]
Tolerated = Annotated[int | str, _share_of(10_000, 0), WithJsonSchema(_PART_OR_NONE)]


def _own_calendar(value: Any) -> Any:
    if value == "none" or isinstance(value, Calendar):
        return value
    if isinstance(value, Mapping):
        return Calendar.model_validate(value)
    raise ValueError(f"{shown(value)} is no calendar; give a mapping with days, hours and zone, or the word none")


OwnCalendar = Annotated[Literal["none"] | Calendar, BeforeValidator(_own_calendar)]


class Wave(Part):
    """One wave: regions that deploy together, then bake together."""

    name: Text | None = quantity(None, "What people call the wave.")
    regions: tuple[Text, ...] = quantity(..., "The regions, in the order in which they start.", min_length=1)
    bake_minutes: Minutes = quantity(
        0.0, "How long the wave is watched after its last deployment has ended.", unit="minutes", source="assumed"
    )
    bake_requests: Annotated[float, Strict(), Field(ge=0, le=1e15, allow_inf_nan=False)] = quantity(
        0.0,
        "The bake goes on until every region of the wave has served so many requests on the new version.",
        unit="requests",
        source="assumed",
    )
    max_parallel: AtOnce | None = quantity(
        None,
        'At most so many regions of the wave deploy at once, or such a part of them, "25%"; all of them if left out.',
        unit="regions",
    )
    approval: Switch = quantity(False, "Whether somebody must approve before the wave starts.")
    calendar: OwnCalendar | None = quantity(
        None, "When deployments of this wave may start, in place of the plan's calendar; `none`: at any time."
    )

    @property
    def at_once(self) -> int:
        """How many regions of the wave deploy at once."""
        most = len(self.regions)
        return most if self.max_parallel is None else min(max(part_of(self.max_parallel, most), 1), most)


class Plan(Noun):
    """What we decide: an ordered list of waves of region names, with bakes, approvals and deployment strategies."""

    name: Text = quantity("plan", "What people call the plan.")
    waves: tuple[Wave, ...] = quantity(..., "The waves, in order.", min_length=1)
    strategy: Strategy = quantity("rolling", "How one region's traffic moves: rolling, blue_green, or steps.")
    strategies: dict[Text, Strategy] = quantity({}, "The deployment strategy of single regions, by name.")
    retries: Count = quantity(
        0, "How often a failed deployment is tried again at once.", unit="attempts", source="assumed"
    )
    on_deploy_failure: Literal["stop", "rollback_all"] = quantity(
        "stop",
        "After a failed deployment, `stop` starts nothing more, as ECS and CodeCatalyst do; `rollback_all` halts all.",
    )

    deploy_timeout_minutes: Timeout | None = quantity(
        None, "An attempt to deploy that takes longer fails at this time; never if left out.", unit="minutes"
    )
    max_failed_regions: Tolerated = quantity(
        0,
        'How many regions, or which part of the plan\'s, "5%", may fail to deploy before the pipeline ends.',
        unit="regions",
        source="assumed",
    )
    on_alarm: Literal["rollback_all", "rollback_wave", "rollback_region", "halt"] = quantity(
        "rollback_all",
        "What a machine rolls back after an alarm: everything, the wave that deployed last, the region that raised it, "
        "or nothing; people recover the rest.",
    )
    calendar: Calendar | None = quantity(None, "When deployments may start; at any time if left out.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults: list[tuple[Where, str, str]] = []
        first: dict[str, int] = {}
        for w, wave in enumerate(self.waves):
            for r, region in enumerate(wave.regions):
                if region in first:
                    where = f"wave {first[region] + 1}" if first[region] != w else "the same wave"
                    message = f"region {region!r} of wave {w + 1} is in {where} already; a region deploys once"
                    faults.append((("waves", w, "regions", r), message, "region-twice"))
                first.setdefault(region, w)
        for region in self.strategies:
            if region not in first:
                message = f"region {region!r} is in no wave of the plan; remove it, or give it a wave"
                faults.append((("strategies", region), message, "unknown-region"))
        if faults:
            raise ModelFaults(faults)
        return self

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a plan from a YAML file; see `read_pipeline` for those of other systems.

        Raises
        ------
        InputError
            With every fault of the file, each with its line and remedy.
        """
        return super().read(path)

    @classmethod
    def read_pipeline(
        cls,
        path: str | os.PathLike[str],
        system: str | None = None,
        environments: Sequence[str] | None = None,
        *,
        bake_minutes: BakeMinutes = None,
        regions_of: Mapping[str, str] | None = None,
        wait_timers: Mapping[str, float] | None = None,
        approvals: Sequence[str] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> Self:
        """Turn a pipeline file of another system into a plan: CodeCatalyst, CodePipeline or GitHub Actions.

        Parameters
        ----------
        path
            The file: a workflow, the JSON of `get-pipeline`, or a CloudFormation template with a pipeline.
        system
            ``codecatalyst``, ``codepipeline`` or ``github-actions``; found out from what the file holds if left out.
        environments
            The environments that the plan is about, such as ``["prod"]``; in CodePipeline the stages. ``*`` in a name
            stands for anything. Left out, what comes before the last of them comes before the first wave.
        bake_minutes
            Minutes that each wave bakes: one number, one a wave, or by the name of the wave. Where it is left out, what
            the file says counts, and its `BAKE_MINUTES` hints; a bake whose length nobody states is refused, never
            guessed.
        regions_of
            From deployments to the region of each, where the file does not say it.
        wait_timers
            For GitHub Actions: from an environment to the minutes of its wait timer, which no file says.
        approvals
            For GitHub Actions: the environments with required reviewers, which no file says.
        name
            The plan's name; the pipeline's own if left out.
        **options
            Other fields of `Plan`, in the place of what the file says.

        Returns
        -------
        Plan
            Its `notes` say what it takes otherwise than it stands in the file.

        Raises
        ------
        InputError
            Where the file cannot be read as waves.
        """
        chosen = environments if environments is None or isinstance(environments, str) else tuple(environments)
        hints = Hints(bake_minutes, chosen, regions_of or {}, wait_timers or {}, tuple(approvals or ()))
        reading = read_pipeline(path, system, hints)
        waves = tuple(Wave(**_wave_fields(reading, w)) for w in range(len(reading.layers)))
        fields = {key: value for key, value in reading.fields.items() if isinstance(key, str)}
        plan = cls(name=name or _printable(reading.name), waves=waves, **{**fields, **options})
        plan._document = Document(str(path), plan.as_dict(), _spots(reading), tuple(reading.findings))
        return plan

    def _glance(self) -> str:
        waves, regions = counted(len(self.waves), "wave"), counted(len(self.regions), "region")
        bakes = f"{sum(wave.bake_minutes for wave in self.waves):,.6g} minutes of bake"
        return f"{self.name}, {waves} of {'-'.join(map(str, self.shape))}, {regions}, {bakes}"

    def _repr_html_(self) -> Html:
        rows = [
            (wave.name or f"wave {w}", ", ".join(wave.regions), f"{wave.bake_minutes:,.6g}", "yes" * wave.approval)
            for w, wave in enumerate(self.waves, 1)
        ]
        return glimpse(self._glance(), ("wave", "regions", "bake (minutes)", "approval"), rows)

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The plan's regions in plan order."""
        return tuple(region for wave in self.waves for region in wave.regions)

    @cached_property
    def calendars(self) -> tuple[Calendar | None, ...]:
        """When deployments of each wave may start: None at any time."""
        own = (wave.calendar or self.calendar for wave in self.waves)
        return tuple(None if isinstance(calendar, str) else calendar for calendar in own)

    @property
    def of_local_times(self) -> bool:
        """Whether the time zone database has a say in it."""
        return any(self.calendars)

    @property
    def failures_tolerated(self) -> int:
        """How many regions may fail to deploy before the pipeline ends."""
        return part_of(self.max_failed_regions, len(self.regions))

    @property
    def shape(self) -> tuple[int, ...]:
        """How many regions each wave has."""
        return tuple(len(wave.regions) for wave in self.waves)

    def strategy_of(self, region: str) -> str | Steps:
        """Return the deployment strategy of a region."""
        return self.strategies.get(region, self.strategy)

    def require(self, fleet: Fleet) -> None:
        """Refuse a plan with regions that the fleet does not have.

        Raises
        ------
        InputError
            Naming each such region, its line where the plan was read from a file, and the nearest name.
        """
        if found := self.strangers(fleet):
            raise self.input_error(found)

    def strangers(self, fleet: Fleet) -> list[tuple[Where, str, str]]:
        """Return (where, message, rule) of each region that the fleet does not have."""
        return [
            (("waves", w, "regions", r), unknown_region(region, fleet.names), "unknown-region")
            for w, wave in enumerate(self.waves)
            for r, region in enumerate(wave.regions)
            if region not in fleet.positions
        ]


def _printable(text: str) -> str:
    """Make one line of a name in a pipeline's file, which may hold whatever YAML can."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable()) or "pipeline"


def _wave_fields(reading: Reading, w: int) -> dict[str, Any]:
    layer = reading.layers[w]
    own = {key[1]: value for key, value in reading.fields.items() if isinstance(key, tuple) and key[0] == w}
    return {
        "name": layer.name and _printable(layer.name),
        "regions": layer.regions,
        "bake_minutes": layer.bake_minutes,
        "approval": layer.approval,
        "max_parallel": layer.max_parallel,
        **own,
    }


def _spots(reading: Reading) -> dict[Where, Place]:
    """Say where in the pipeline's file each wave and each region of its plan stands."""
    places: dict[Where, Place] = {}
    for w, layer in enumerate(reading.layers):
        for r, region in enumerate(layer.regions):
            place = reading.document.places.get(reading.document.nearest(layer.spots[region]), (1, 1))
            places["waves", w, "regions", r] = place
            for where in (("waves",), ("waves", w), ("waves", w, "regions")):
                places.setdefault(where, place)
    return places


def sample(name: str) -> Plan:
    """Return a plan that comes with the kit.

    Parameters
    ----------
    name
        The name of a file in `data/plans`, without its ending, such as `six-region-three-wave`.

    Raises
    ------
    ValueError
        Where there is none of that name; it lists those there are.
    """
    path = DATA / "plans" / f"{name}.yaml"
    names = sorted(p.stem for p in path.parent.glob("*.yaml"))
    if name not in names:
        raise ValueError(f"there is no sample plan {name!r}; there are {', '.join(names)}")
    return Plan.read(path)
