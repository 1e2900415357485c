"""A file of limits: read, and held against the figures there are.

Not here: judging by them (``simulation.analysis.limits``).
"""

from collections.abc import Iterator
from typing import Any

from waves import Finding, InputError, read_yaml
from waves.files.documents import closest


def read_limits(path: str) -> dict[str, Any]:
    """Read a file of limits.

    Raises
    ------
    InputError
        Where it cannot be read, or with every limit that is none.
    """
    document = read_yaml(path)
    if not isinstance(document.value, dict) or not document.value:
        example = "share_exposed_p95: {at_most: 0.25}"
        raise InputError([document.finding((), f"no limits; write one a line, such as {example}", "no-limits")])
    from simulation import FIGURES

    if not any(name in FIGURES or closest(name, FIGURES) for name in document.value):
        # Perhaps no file of ours, and then its content is nobody's business.
        raise InputError([document.finding((), "none of its keys is a figure of a summary", "limit")])
    raise_faults([document.finding((name,), text, "limit") for name, text in limit_faults(document.value)])
    return document.value


def limit_faults(limits: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the name of each limit that is none, and why."""
    from simulation import FIGURES, parse_limits

    for name, bounds in limits.items():
        try:
            parse_limits({name: bounds}, FIGURES)
        except ValueError as error:
            for line in str(error).splitlines():
                yield name, line.removeprefix("limits: ")


def raise_faults(findings: list[Finding]) -> None:
    """Raise InputError, if there is something to say."""
    if findings:
        raise InputError(findings)
