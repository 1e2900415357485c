"""Names as they are written into a YAML file."""

import re

from waves.files.yaml_reader import scalar

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def plainly(name: str) -> str:
    """Return a name as a YAML scalar: without quotes where it is read back as the same text."""
    if (
        _PLAIN.fullmatch(name)
        and isinstance(scalar(name), str)
        and name.lower() not in ("yes", "no", "on", "off", "y", "n")
    ):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
