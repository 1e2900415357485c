"""Distributions of minutes, failed requests and severities: their fields, and their quantiles.

To add one: a class under `Family`, entered in `FAMILIES`, and its branch in the compiled twin (``engine.numbers``). All
else reads that list: files, schemas, the page of fields, tests. Not here: which random number reaches which quantile
(``draws``).
"""

import math
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Self, Union

import numpy as np
from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Strict,
    Tag,
    WithJsonSchema,
    model_validator,
)
from scipy import special

from simulation.arithmetic import Array, exp, log, normal_quantile
from waves import Amount, Minutes, Part, quantity
from waves.files.documents import shown

Z95 = 1.6448536269514722  # the standard normal's 95th percentile


class Shown(NamedTuple):
    """A distribution's row in docs/fields.md."""

    written: str  # an example, as in a file; tests read it
    at_u: str  # its value at the uniform number u; z is the standard normal quantile
    mean: str


class Family(Part):
    """A distribution: its name, quantile, mean and support, and what the compiled engine is told of it."""

    shown: ClassVar[Shown]
    single: ClassVar[str] = ""  # the field that stands for all, where there is only one: `{constant: 5}`
    sized: ClassVar[tuple[str, ...]] = ()  # the fields that grow with it: twice those is twice every value
    family: str

    def __eq__(self, other: object) -> bool:
        """Return whether it is the same law, whatever tables were made of either."""
        return type(self) is type(other) and self._fields == other._fields

    def __hash__(self) -> int:
        """Return a hash of its fields."""
        return hash((type(self), *self._fields))

    @property
    def _fields(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in type(self).model_fields)

    if TYPE_CHECKING:  # a field of some, which must not shadow a property

        @property
        def mean(self) -> float:
            """Its mean."""
            raise NotImplementedError

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value: from 0 to infinity, where nothing else is said."""
        return 0.0, math.inf

    def quantile(self, u: Array) -> Array:
        """Return the value at uniform numbers strictly between 0 and 1, in their shape."""
        raise NotImplementedError

    def times(self, factor: float, most: float = math.inf) -> Self:
        """Return the distribution of values that are so many times as large, those beyond the most cut to it."""

        def larger(value: Any) -> Any:
            return tuple(map(larger, value)) if isinstance(value, tuple) else min(value * factor, most)

        return self.replace(**{name: larger(getattr(self, name)) for name in self.sized})

    def packed(self) -> tuple[float, float, Array | None]:
        """Return what ``engine.numbers.quantile`` works with: two parameters, and a table where it needs one."""
        raise NotImplementedError


class Constant(Family):
    """Always the same value."""

    shown = Shown("{constant: 5}", "value", "value")
    single = "value"
    sized = ("value",)
    family: Literal["constant"] = "constant"
    value: Minutes = quantity(..., "The value.")

    @property
    def mean(self) -> float:
        """The value."""
        return self.value

    @property
    def support(self) -> tuple[float, float]:
        """The value, twice."""
        return self.value, self.value

    def quantile(self, u: Array) -> Array:
        """Return the value, in the shape of `u`."""
        return np.full_like(u, self.value)

    def packed(self) -> tuple[float, float, Array | None]:
        """Return the value."""
        return self.value, 0.0, None


class Exponential(Family):
    """No memory: the chance to end in the next minute is always the same."""

    shown = Shown("{exponential: {mean: 20}}", "−mean · ln(1 − u)", "mean")
    sized = ("mean",)
    family: Literal["exponential"] = "exponential"
    mean: Amount = quantity(..., "Its mean.")

    def quantile(self, u: Array) -> Array:
        """Return −mean · ln(1 − u)."""
        return self.mean * -log(1.0 - u)

    def packed(self) -> tuple[float, float, Array | None]:
        """Return the mean."""
        return self.mean, 0.0, None


class Lognormal(Family):
    """Products of many factors: what most durations of work look like."""

    shown = Shown(
        "{lognormal: {median: 6, p95: 12}}",
        "median · exp(σ · z(u)), σ = ln(p95 / median) / 1.6448536269514722",
        "median · exp(σ² / 2)",
    )
    sized = ("median", "p95")
    family: Literal["lognormal"] = "lognormal"
    median: Amount = quantity(..., "Half are below it.")
    p95: Amount = quantity(..., "19 of 20 are below it.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.p95 < self.median:
            raise ValueError(f"p95 {self.p95:g} is below the median {self.median:g}; exchange them")
        return self

    @property
    def sigma(self) -> float:
        """The standard deviation of the logarithm."""
        return math.log(self.p95 / self.median) / Z95

    @property
    def mean(self) -> float:
        """The mean, median · exp(sigma² / 2)."""
        return self.median * math.exp(self.sigma**2 / 2)

    def quantile(self, u: Array) -> Array:
        """Return median · exp(sigma · z(u))."""
        return self.median * exp(self.sigma * normal_quantile(u))

    def packed(self) -> tuple[float, float, Array | None]:
        """Return the median and sigma."""
        return self.median, self.sigma, None


class Weibull(Family):
    """Waiting with a memory: shape < 1 ends early or late, shape > 1 ends near its scale."""

    shown = Shown("{weibull: {shape: 2, scale: 7}}", "scale · (−ln(1 − u))^(1 / shape)", "scale · Γ(1 + 1 / shape)")
    sized = ("scale",)
    family: Literal["weibull"] = "weibull"
    shape: Annotated[float, Strict(), Field(ge=0.05, le=1000)] = quantity(..., "Its shape.")
    scale: Amount = quantity(..., "63.2 % are below it.")

    @property
    def mean(self) -> float:
        """The mean, scale · Γ(1 + 1 / shape)."""
        return self.scale * math.gamma(1 + 1 / self.shape)

    def quantile(self, u: Array) -> Array:
        """Return scale · (−ln(1 − u))^(1 / shape)."""
        return self.scale * exp(log(-log(1.0 - u)) / self.shape)

    def packed(self) -> tuple[float, float, Array | None]:
        """Return the scale and the shape."""
        return self.scale, self.shape, None


class Gamma(Family):
    """A sum of `shape` exponential steps; its quantile is read from a table made once."""

    shown = Shown(
        "{gamma: {shape: 4, scale: 1.5}}",
        "scale · P⁻¹(shape, u), P the regularised incomplete gamma function; from a table, within 1e-8 of its value",
        "shape · scale",
    )
    sized = ("scale",)
    family: Literal["gamma"] = "gamma"
    shape: Annotated[float, Strict(), Field(ge=0.05, le=1000)] = quantity(..., "Its shape.")
    scale: Amount = quantity(..., "Its mean divided by its shape.")

    NODES: ClassVar[int] = 4097
    REACH: ClassVar[float] = 37.5  # the logit of the smallest and the largest uniform number is ±36.7
    STATED_ERROR: ClassVar[float] = 1e-8

    @property
    def mean(self) -> float:
        """The mean, shape · scale."""
        return self.shape * self.scale

    @cached_property
    def table(self) -> tuple[Array, Array]:
        """The logarithm of the quantile (scale 1) and its slope, at even steps of the logit; each (4097,)."""
        t = np.linspace(-self.REACH, self.REACH, self.NODES)
        u, rest = special.expit(t), special.expit(-t)
        lower, upper = special.gammaincinv(self.shape, u), special.gammainccinv(self.shape, rest)
        q = np.where(t < 0, lower, upper)
        # Far down the left tail the inverse underflows; there P(a, x) = x^a / Γ(a + 1) to the last place.
        tiny = (np.log(u) + special.gammaln(self.shape + 1)) / self.shape
        with np.errstate(divide="ignore"):
            logs = np.where(tiny < -40.0, tiny, np.log(q))
        density = (self.shape - 1) * logs - np.exp(logs) - special.gammaln(self.shape)
        slopes = np.exp(np.log(u) + np.log(rest) - density - logs)
        return logs, slopes

    def quantile(self, u: Array) -> Array:
        """Return the quantile by cubic Hermite interpolation, within 1e-8 of its value (tested over all shapes)."""
        logs, slopes = self.table
        step = 2 * self.REACH / (self.NODES - 1)
        position = (log(u) - log(1.0 - u) + self.REACH) / step
        i = np.minimum(position.astype(np.int64), self.NODES - 2)
        f = position - i
        a, b, da, db = logs[i], logs[i + 1], slopes[i] * step, slopes[i + 1] * step
        rise = b - a
        value = a + f * (da + f * (3 * rise - 2 * da - db + f * (da + db - 2 * rise)))
        return self.scale * exp(value)

    def packed(self) -> tuple[float, float, Array | None]:
        """Return the scale, and the table."""
        return self.scale, 0.0, np.concatenate(self.table)


class Empirical(Family):
    """Values that were observed, each as likely as the others."""

    shown = Shown(
        "{empirical: [4, 5.5, 9]}",
        "the value at rank ⌊u · n⌋ of the n values in rising order, ranks from 0",
        "mean of the values",
    )
    single = "values"
    sized = ("values",)
    family: Literal["empirical"] = "empirical"
    values: tuple[Minutes, ...] = quantity(..., "The observed values.", min_length=1)

    @cached_property
    def ordered(self) -> Array:
        """The values, rising."""
        return np.sort(np.array(self.values, dtype=np.float64))

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return float(np.mean(self.ordered))

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return float(self.ordered[0]), float(self.ordered[-1])

    def quantile(self, u: Array) -> Array:
        """Return the value at rank ⌊u · n⌋, counted from 0."""
        n = len(self.ordered)
        return self.ordered[np.minimum((u * n).astype(np.int64), n - 1)]

    def packed(self) -> tuple[float, float, Array | None]:
        """Return how many values there are, and the values, rising."""
        return 0.0, len(self.values), self.ordered


FAMILIES: tuple[type[Family], ...] = (Constant, Exponential, Lognormal, Gamma, Weibull, Empirical)
_BY_NAME = {each.model_fields["family"].default: each for each in FAMILIES}


def _unfold(value: Any) -> Any:
    """Turn the way a distribution is written, `{lognormal: {…}}`, into the fields of its class."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"family": "constant", "value": value}
    if not isinstance(value, Mapping):
        return value
    if len(value) != 1:
        raise ValueError(
            f"a distribution has one name, such as {{constant: 5}}; got {', '.join(map(str, value)) or 'none'}"
        )
    ((family, fields),) = value.items()
    if family not in _BY_NAME:
        near = get_close_matches(str(family), _BY_NAME, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else "use one of " + ", ".join(_BY_NAME)
        raise ValueError(f"{shown(family)} is not a distribution; {remedy}")
    if single := _BY_NAME[family].single:
        return {"family": family, single: fields}
    if not isinstance(fields, Mapping):
        wanted = ", ".join(f"{key}: …" for key in _BY_NAME[family].model_fields if key != "family")
        raise ValueError(f"{family} takes {{{wanted}}}; got {shown(fields)}")
    return {"family": family, **fields}


def _fold(value: Any) -> dict[str, Any]:
    family = value.family
    if value.single:
        single = getattr(value, value.single)
        return {family: list(single) if isinstance(single, tuple) else single}
    return {family: value.model_dump(exclude={"family"})}


def _family_of(value: Any) -> str | None:
    return value.get("family") if isinstance(value, Mapping) else getattr(value, "family", None)


def _json_schema() -> dict[str, Any]:
    options: list[dict[str, Any]] = [{"type": "number", "minimum": 0}]
    for family, cls in _BY_NAME.items():
        schema = cls.model_json_schema()
        schema["properties"].pop("family")
        inner = schema["properties"][cls.single] if cls.single else schema
        options.append(
            {"type": "object", "properties": {family: inner}, "required": [family], "additionalProperties": False}
        )
    return {"anyOf": options}


if TYPE_CHECKING:
    Distribution = Family
else:
    Distribution = Annotated[
        Union[tuple(Annotated[each, Tag(name)] for name, each in _BY_NAME.items())],  # noqa: UP007 (made from a list)
        Discriminator(
            _family_of,
            custom_error_type="distribution",
            custom_error_message="not a distribution; write a number, or such as {lognormal: {median: 6, p95: 12}}",
        ),
        BeforeValidator(_unfold),
        PlainSerializer(_fold),
        WithJsonSchema(_json_schema()),
    ]
