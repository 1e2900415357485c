"""The plan of collection: which accounts, regions, services, alarms, pipelines and workflows to ask, and how gently.

Not here: the asking (`history.collecting.fetch`) and the credentials, which are no business of a file: profiles and
roles are named here, secrets never.
"""

import dataclasses
import datetime as dt
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    Strict,
    WithJsonSchema,
    create_model,
    model_validator,
)

from history.aws.clients import Limits, Login
from history.instants import micros
from history.sources import SOURCES, CodeCatalystProject, Source
from waves.files.documents import ModelFaults, Where, read_yaml, shown, validate
from waves.nouns import Part, Text, quantity

_ADDRESS = re.compile(r"https?://[\w.\-\[\]:]+(/[\w./~%\-]*)?")


def _account_id(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{12}", value):
        return value
    raise ValueError(f"account id {shown(value)} must be 12 digits in quotes, such as '012345670123'")


def _address(value: str) -> str:
    # Where a secret may stand in it, the value itself is not shown.
    if re.search(r"//[^/]*@", value):
        raise ValueError("this address carries a user name or a password; take them out and use a profile or role")
    if "?" in value or "#" in value:
        raise ValueError("this address carries a query; take out what follows ? or #, a token has no place in a config")
    if not re.match("https?://", value):
        raise ValueError(f"address {shown(value)} must begin with http:// or https://")
    try:
        whole = bool(_ADDRESS.fullmatch(value) and urlsplit(value).hostname) and urlsplit(value).port != 0
    except ValueError:  # a port above 65535, or brackets that do not close
        whole = False
    if not whole:
        raise ValueError(f"address {shown(value)} must be a host and a port, such as http://localhost:4566")
    return value


def _region(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-\d+", value):
        raise ValueError(f"region {shown(value)} must be written as AWS has it, such as eu-west-1")
    return value


def _path(value: str) -> str:
    if not value.isprintable():
        raise ValueError(f"store {shown(value)} has a character that no file name should have; take it out")
    if value.startswith(("~", "$")):
        raise ValueError(f"store {shown(value)}: ~ and $NAME are not filled in here; write the path out")
    return value


def _role(value: str) -> str:
    if not re.fullmatch(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+", value):
        raise ValueError(f"role {shown(value)} is no ARN of a role, such as arn:aws:iam::123456789012:role/reader")
    return value


def _instant(value: Any) -> Any:
    if isinstance(value, int | float):
        raise ValueError(f"date {shown(value)} must be ISO 8601, such as 2026-01-31 or 2026-01-31T08:00:00Z")
    if not isinstance(value, str):
        return value
    try:
        when = dt.datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"date {shown(value)} must be ISO 8601, such as 2026-01-31 or 2026-01-31T08:00:00Z") from None
    return when.replace(tzinfo=dt.UTC) if when.tzinfo is None and len(value) == 10 else when


def _zoned(value: dt.datetime) -> dt.datetime:
    micros(value)
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError(f"date {value.isoformat()} is out of range; give one of this century") from None


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
FilePath = Annotated[Text, AfterValidator(_path)]
# Bounds that nobody means to pass: two months, a day, an hour; and a request in a quarter of an hour, at least.
Overlap = Annotated[float, Strict(), Field(gt=0, le=86_400)]
Deadline = Annotated[float, Strict(), Field(gt=0, le=1440)]
Patience = Annotated[float, Strict(), Field(gt=0, le=3600)]
Rate = Annotated[float, Strict(), Field(ge=0.001, le=1000)]
RegionName = Annotated[
    str,
    Strict(),
    AfterValidator(_region),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z]{2,}(-[a-z]+)+-\d+$"}),
]


class AnyAccount(Part):
    """What every account has, whatever is collected in it; each source adds a key of its own."""

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
        if not self.sources:
            *keys, last = (kind.key for kind in SOURCES)
            text = f"nothing to collect in this account; add {', '.join(keys)} or {last}"
            faults.append((("id",), text, "nothing"))
        if self.external_id and not self.role:
            faults.append((("external_id",), "external_id without role; name the role it belongs to", "no-role"))
        if faults:
            raise ModelFaults(faults)
        return self

    def login(self, home: str | None) -> Login:
        """Say whose credentials the account's are; STS is asked at home, in its first region if left out."""
        return Login(self.id, home or self.regions[0], self.profile, self.role, self.external_id)

    @property
    def sources(self) -> tuple[type[Source], ...]:
        """The sources to collect from in each region."""
        return tuple(kind for kind in SOURCES if getattr(self, kind.key) is not None)


if TYPE_CHECKING:
    Account: TypeAlias = AnyAccount
else:
    Account = create_model(
        "Account",
        __base__=AnyAccount,
        __module__=__name__,
        __doc__="One AWS account, where its credentials come from, and what to collect in it.",
        **{kind.key: (kind.wanted | None, quantity(None, kind.about)) for kind in SOURCES},
    )


class Config(Part):
    """The whole plan of collection, read from YAML by `Config.read`."""

    store: FilePath = quantity("history.sqlite", "The store's file, relative to the config file.")
    since: When | None = quantity(None, "Nothing older is asked for; left out: as far back as AWS keeps.", unit="UTC")
    accounts: tuple[Account, ...] = quantity((), "The accounts.")
    codecatalyst: tuple[CodeCatalystProject, ...] = quantity((), "The CodeCatalyst projects.")
    overlap_minutes: Overlap = quantity(
        120.0, "Every run asks again for so much before the last run's start.", unit="minutes", source="assumed"
    )
    deadline_minutes: Deadline = quantity(
        15.0, "A unit that takes longer is left until the next run.", unit="minutes", source="assumed"
    )
    requests_per_second: Rate | None = quantity(
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
    read_timeout_seconds: Patience = quantity(
        20.0, "How long to wait for the next bytes of an answer.", unit="seconds", source="assumed"
    )
    home_region: RegionName | None = quantity(
        None, "Where to ask STS who we are; an account's first region if left out."
    )
    places: dict[Text, Text] = quantity(
        {}, "Places that a fleet does not name (region, account/region or account/region/cluster) and its regions."
    )
    renamed: dict[Text, Text] = quantity({}, "New names of services, and the names they are joined under.")
    endpoint_url: Address | None = quantity(None, "Another address for all of AWS, such as a local stand-in.")
    codecatalyst_endpoint_url: Address | None = quantity(None, "Another address for CodeCatalyst.")

    _folder: Path = PrivateAttr(Path("."))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults: list[tuple[Where, str, str]] = []
        if self.since and self.since > dt.datetime.now(dt.UTC):
            text = f"since is {self.since:%Y-%m-%d %H:%M} UTC, which lies in the future: nothing would be asked for"
            faults.append((("since",), f"{text}; give a date that has been", "since-future"))
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

    def replace(self, **changes: Any) -> Self:
        """Return the same with some fields changed; the store stays beside the file that the config was read from."""
        config = super().replace(**changes)
        config._folder = self._folder
        return config

    @property
    def limits(self) -> Limits:
        """What every client keeps to."""
        return Limits(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Limits)})

    @property
    def store_path(self) -> Path:
        """The store's file."""
        return self._folder / self.store
