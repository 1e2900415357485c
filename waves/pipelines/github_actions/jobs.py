"""The jobs of a workflow as they stand in the file. Tolerant: what has another shape is taken for empty."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from waves.files.documents import Where
from waves.pipelines.github_actions.schema import ACTIONS, Used, base_of
from waves.pipelines.trees import map_of, names_at, text_of

_TIME = re.compile(r"([0-9]{1,9})\s*(ms|s|m|h|d)?")
_NEVER = {"false", "0", "''", "null", "!true"}
_GOES_ON = re.compile(r"always\(\)|!cancelled\(\)|!failure\(\)|failure\(\)")
_SCALE = {"ms": 1 / 60_000, "s": 1 / 60, "m": 1.0, "h": 60.0, "d": 1440.0, None: 1 / 60}


@dataclass(frozen=True)
class JobStep:
    """One step of a job."""

    where: Where
    body: Mapping[str, Any]

    @property
    def uses(self) -> str:
        """The action it uses, as written; an empty text for a shell step."""
        return text_of(self.body.get("uses"))

    @property
    def used(self) -> Used | None:
        """The action, where it is known here."""
        return ACTIONS.get(base_of(self.uses))

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Its ``with``."""
        return map_of(self.body.get("with"))

    @property
    def condition(self) -> str:
        """Its ``if``, in small letters without spaces and without ``${{ }}``."""
        return condition_of(self.body)

    @property
    def lines(self) -> list[str]:
        """The lines of its shell script; long lines that go on with a backslash are one."""
        return text_of(self.body.get("run")).replace("\\\n", " ").splitlines()

    @property
    def script(self) -> list[str]:
        """The lines of its shell script, or of the script that an action runs."""
        return self.lines or text_of(self.inputs.get("script") or self.inputs.get("inlineScript")).splitlines()

    @property
    def label(self) -> str:
        """Its name, its id, or what it does."""
        return text_of(self.body.get("name")) or text_of(self.body.get("id")) or self.uses or "a shell step"


@dataclass(frozen=True)
class Job:
    """One job."""

    id: str
    where: Where
    body: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What people call it: its name, unless that is different for each of its matrix, else its id."""
        name = text_of(self.body.get("name"))
        return name if name and "${{" not in name else self.id

    @cached_property
    def needs(self) -> list[tuple[Where, str]]:
        """The jobs it waits for, with the places of their names."""
        return names_at((*self.where, "needs"), self.body.get("needs"))

    @cached_property
    def steps(self) -> list[JobStep]:
        """Its steps, in order; those of a `parallel` block too."""
        return list(_steps((*self.where, "steps"), self.body.get("steps"), 0))

    @property
    def strategy(self) -> Mapping[str, Any]:
        """Its ``strategy``."""
        return map_of(self.body.get("strategy"))

    @property
    def environment(self) -> str:
        """The name of its environment, as written."""
        value = self.body.get("environment")
        return text_of(map_of(value).get("name")) if isinstance(value, dict) else text_of(value)

    @property
    def condition(self) -> str:
        """Its ``if``, in small letters without spaces and without ``${{ }}``."""
        return condition_of(self.body)

    @property
    def after_failure(self) -> bool:
        """Whether it runs only where something went wrong."""
        condition = self.condition.replace("!failure()", "").replace("!cancelled()", "")
        return any(f"{word}()" in condition for word in ("failure", "cancelled")) and not any(
            f"{word}()" in condition for word in ("success", "always")
        )


def _steps(where: Where, rows: Any, depth: int) -> Iterator[JobStep]:
    for i, body in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(body, dict):
            yield JobStep((*where, i), body)
            if "parallel" in body and depth < 3:
                yield from _steps((*where, i, "parallel"), body["parallel"], depth + 1)


def jobs_of(value: Any) -> dict[str, Job]:
    """Return the jobs of a workflow, in the order of the file."""
    found = map_of(map_of(value).get("jobs"))
    return {name: Job(name, ("jobs", name), map_of(body)) for name, body in found.items()}


def duration(text: str) -> float | None:
    """Return the minutes of a text such as ``90s`` or ``10m``; a bare number is seconds."""
    match = _TIME.fullmatch(text.strip())
    return int(match[1]) * _SCALE[match[2]] if match else None


def condition_of(body: Mapping[str, Any]) -> str:
    """Return the ``if`` of a job or a step, in small letters without spaces and without ``${{ }}``."""
    text = "".join(text_of(body.get("if")).lower().split())
    return text[3:-2] if text.startswith("${{") and text.endswith("}}") and "${{" not in text[3:] else text


def never(condition: str) -> bool:
    """Say whether a condition is false whatever happens: false, or false and something else."""
    return "||" not in condition and not _NEVER.isdisjoint(condition.strip("()").split("&&"))


def always(condition: str) -> bool:
    """Say whether a condition asks for nothing but what holds anyway."""
    return condition in ("", "true", "success()", "always()", "!cancelled()", "!failure()", "!failure()&&!cancelled()")


def never_run(jobs: Mapping[str, Job]) -> frozenset[str]:
    """Return the jobs that never run: by their own condition, or because what they need is skipped.

    Notes
    -----
    GitHub Docs, "Using jobs in a workflow": where a job is skipped, all that need it are skipped, unless they have a
    condition that lets them go on, such as `always()`.
    """
    found = {name for name, job in jobs.items() if never(job.condition)}
    while more := {
        name
        for name, job in jobs.items()
        if name not in found and found & {n for _, n in job.needs} and not _GOES_ON.search(job.condition)
    }:
        found |= more
    return frozenset(found)


def recognises(value: Any) -> bool:
    """Say whether values are a workflow: jobs, and what starts them, or a runner for one of them."""
    jobs = map_of(map_of(value).get("jobs"))
    return "jobs" in map_of(value) and ("on" in value or any("runs-on" in map_of(job) for job in jobs.values()))
