"""The plan of collection: which accounts, regions, services, alarms, pipelines and workflows to ask, and how gently.

Not here: the asking (`history._fetch`) and the credentials, which are no business of a file: profiles and roles are
named here, secrets never.
"""

import datetime as dt
import fnmatch
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, Strict, WithJsonSchema, model_validator

from history._times import micros
from waves.documents import ModelFaults, Where, read_yaml, shown, validate
from waves.nouns import Part, Text, quantity

_URL_CREDENTIALS = re.compile(r"//[^/@\s]*@")
_WILD = re.compile(r"[*?\[]")


def _account_id(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{12}", value):
        return value
    raise ValueError(f"account id {shown(value)} must be 12 digits in quotes, such as '012345670123'")


def _address(value: str) -> str:
    if _URL_CREDENTIALS.search(value):
        # The value itself is not shown: it holds what should not be seen.
        raise ValueError("this address carries a user name or a password; take them out and use a profile or role")
    if urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).netloc:
        raise ValueError(f"address {shown(value)} must begin with http:// or https://")
    return value


def _role(value: str) -> str:
    if not re.fullmatch(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+", value):
        raise ValueError(f"role {shown(value)} is no ARN of a role, such as arn:aws:iam::123456789012:role/reader")
    return value


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        when = dt.datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"date {shown(value)} must be ISO 8601, such as 2026-01-31 or 2026-01-31T08:00:00Z") from None
    return when.replace(tzinfo=dt.UTC) if when.tzinfo is None and len(value) == 10 else when


def _zoned(value: dt.datetime) -> dt.datetime:
    micros(value)
    return value.astimezone(dt.UTC)


AccountId = Annotated[str, BeforeValidator(_account_id), WithJsonSchema({"type": "string", "pattern": "^[0-9]{12}$"})]
Address = Annotated[str, Strict(), AfterValidator(_address)]
RoleArn = Annotated[
    str,
    Strict(),
    AfterValidator(_role),
    WithJsonSchema({"type": "string", "pattern": "^arn:[A-Za-z0-9_-]+:iam::[0-9]{12}:role/.+$"}),
]
When = Annotated[
    dt.datetime,
    BeforeValidator(_instant),
    AfterValidator(_zoned),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}"}),  # a date alone, too
]
Positive = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
RegionName = Annotated[str, Strict(), Field(pattern=r"^[a-z]{2,}(-[a-z]+)+-\d+$")]
ProjectName = Annotated[str, Strict(), Field(min_length=3, max_length=63)]
Patterns = tuple[Text, ...]


class Ecs(Part):
    """Which ECS services to collect, by patterns with ``*``, ``?`` and ``[…]``; one that begins with ``!`` excludes."""

    clusters: Patterns = quantity(("*",), "Patterns of cluster names.")
    services: Patterns = quantity(("*",), "Patterns of service names.")


class Account(Part):
    """One AWS account, where its credentials come from, and what to collect in it."""

    id: AccountId = quantity(
        ..., "The account's 12 digits, in quotes; checked against the credentials before all else."
    )
    profile: Text | None = quantity(
        None, "A profile of the AWS configuration; the environment's credentials if left out."
    )
    role: RoleArn | None = quantity(None, "A role to assume with those credentials.")
    external_id: Text | None = quantity(None, "The external id that the role asks for.")
    regions: tuple[RegionName, ...] = quantity(..., "The regions to collect from.", min_length=1)
    disabled_regions: tuple[RegionName, ...] = quantity(
        (),
        "Regions known to be switched off in this account: listed in every report, never asked, not counted partial.",
    )
    ecs: Ecs | None = quantity(None, "ECS services; left out: none.")
    alarms: Patterns | None = quantity(None, "Patterns of CloudWatch alarm names; left out: none.", min_length=1)
    pipelines: Patterns | None = quantity(None, "Patterns of CodePipeline pipelines; left out: none.", min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults: list[tuple[Where, str, str]] = []
        for index, region in enumerate(self.regions):
            if region in self.regions[:index]:
                faults.append((("regions", index), f"region {region!r} stands here twice; remove one", "region-twice"))
        for index, region in enumerate(self.disabled_regions):
            if region in self.regions:
                text = f"region {region!r} is under regions, too; leave it in one of the two"
                faults.append((("disabled_regions", index), text, "region-twice"))
        if self.ecs is None and self.alarms is None and self.pipelines is None:
            faults.append((("id",), "nothing to collect in this account; add ecs, alarms or pipelines", "nothing"))
        if self.external_id and not self.role:
            faults.append((("external_id",), "external_id without role; name the role it belongs to", "no-role"))
        if faults:
            raise ModelFaults(faults)
        return self

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams to collect in each region."""
        wanted = (("ecs", self.ecs), ("alarms", self.alarms), ("codepipeline", self.pipelines))
        return tuple(stream for stream, patterns in wanted if patterns is not None)


class CodeCatalystProject(Part):
    """One CodeCatalyst project."""

    space: ProjectName = quantity(..., "The space.")
    project: ProjectName = quantity(..., "The project.")
    workflows: Patterns = quantity(("*",), "Patterns of workflow names.", min_length=1)
    profile: Text | None = quantity(None, "A profile with an `sso_session`; else AWS_BEARER_TOKEN_CODECATALYST counts.")


class Config(Part):
    """The whole plan of collection, read from YAML by `Config.read`."""

    store: Text = quantity("history.sqlite", "The store's file, relative to the config file.")
    since: When | None = quantity(None, "Nothing older is asked for; left out: as far back as AWS keeps.", unit="UTC")
    accounts: tuple[Account, ...] = quantity((), "The accounts.")
    codecatalyst: tuple[CodeCatalystProject, ...] = quantity((), "The CodeCatalyst projects.")
    overlap_minutes: Positive = quantity(
        120.0, "Every run asks again for so much before the last run's start.", unit="minutes", source="assumed"
    )
    deadline_minutes: Positive = quantity(
        15.0, "A unit that takes longer is left until the next run.", unit="minutes", source="assumed"
    )
    requests_per_second: Positive | None = quantity(
        None, "At most so many requests a second to one service of one region; left out: as AWS allows.", unit="1/s"
    )
    threads: Annotated[int, Strict(), Field(ge=1, le=4)] = quantity(
        4, "At most so many requests at once to one service of one region.", unit="requests", source="assumed"
    )
    units_at_once: Annotated[int, Strict(), Field(ge=1, le=64)] = quantity(
        8, "At most so many units at once.", unit="units", source="assumed"
    )
    attempts: Annotated[int, Strict(), Field(ge=1, le=20)] = quantity(
        6, "How often one request is sent before it counts as failed.", unit="attempts", source="assumed"
    )
    read_timeout_seconds: Positive = quantity(
        20.0, "How long to wait for the next bytes of an answer.", unit="seconds", source="assumed"
    )
    home_region: RegionName | None = quantity(
        None, "Where to ask STS who we are; an account's first region if left out."
    )
    endpoint_url: Address | None = quantity(None, "Another address for all of AWS, such as a local stand-in.")
    codecatalyst_endpoint_url: Address | None = quantity(None, "Another address for CodeCatalyst.")

    _folder: Path = PrivateAttr(Path("."))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults: list[tuple[Where, str, str]] = []
        if not self.accounts and not self.codecatalyst:
            faults.append((("accounts",), "nothing to collect; add accounts or codecatalyst", "nothing"))
        ids = [account.id for account in self.accounts]
        for index, each in enumerate(ids):
            if each in ids[:index]:
                faults.append((("accounts", index, "id"), f"account {each} stands here twice; join them", "twice"))
        projects = [(each.space, each.project) for each in self.codecatalyst]
        for index, project in enumerate(projects):
            if project in projects[:index]:
                text = f"project {project[1]!r} of space {project[0]!r} stands here twice; join them"
                faults.append((("codecatalyst", index, "project"), text, "twice"))
        if faults:
            raise ModelFaults(faults)
        return self

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a plan of collection.

        Raises
        ------
        InputError
            With every fault of the file, each with its line and remedy.
        """
        config = validate(read_yaml(path), cls)
        config._folder = Path(path).parent
        return config

    @property
    def store_path(self) -> Path:
        """The store's file."""
        return self._folder / self.store


class Patterned:
    """Names filtered by patterns, remembering which patterns matched nothing.

    Parameters
    ----------
    patterns : sequence of str
        As in the config; a name is taken if a pattern without ``!`` matches it and none with ``!`` does.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        self._taken = [pattern for pattern in patterns if not pattern.startswith("!")] or ["*"]
        self._refused = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
        self._idle = set(self._taken)

    def __call__(self, name: str) -> bool:
        """Say whether a name is taken."""
        matching = [pattern for pattern in self._taken if fnmatch.fnmatchcase(name, pattern)]
        self._idle.difference_update(matching)
        return bool(matching) and not any(fnmatch.fnmatchcase(name, pattern) for pattern in self._refused)

    @property
    def exact(self) -> tuple[str, ...] | None:
        """The names themselves, where no pattern has a wildcard or excludes."""
        if self._refused or any(_WILD.search(pattern) for pattern in self._taken):
            return None
        return tuple(self._taken)

    @property
    def idle(self) -> list[str]:
        """The patterns that have matched nothing so far."""
        return sorted(self._idle)

    @staticmethod
    def text(patterns: Iterable[str]) -> str:
        """Write patterns as one short text, the same whatever their order."""
        return " ".join(sorted(set(patterns)))
