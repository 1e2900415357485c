"""Minutes that a file states in words of its own: the BAKE_MINUTES hint, and what a shell script plainly waits.

A sleep counts where it is sure to happen once: not in a loop, behind a condition, or in the background. Whatever else
looks as if it waited is named, so that nobody takes it for nothing.
"""

import ast
import math
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_UNITS = {"": 1 / 60, "s": 1 / 60, "m": 1.0, "h": 60.0, "d": 1440.0}
_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})([smhd]?)")
_START_SLEEP = re.compile(r"start-sleep\s+(?:-(s(?:econds)?|m(?:illiseconds)?)[\s:]+)?([0-9.]{1,12})", re.IGNORECASE)
_CMD_TIMEOUT = re.compile(r"timeout(?:\.exe)?\s+(?:/nobreak\s+)?/t\s+([0-9]{1,9})(?:\s+/nobreak)?", re.IGNORECASE)
# What waits in a way that has no number here: other languages, scripts and targets that are called so.
_WAITS = re.compile(
    r"^(?:sleep|start-sleep)\b|\btime\.sleep\s*\(|\bsetTimeout\s*\(|\bThread\.sleep\s*\("
    r"|(?:^|[\s/])[\w.-]*(?:wait|sleep|soak|bake|pause)[\w.-]*\.(?:sh|bash|py|ps1|js|ts|rb|pl)\b"
    r"|^(?:make|npm run|yarn|pnpm|just|task)\s+[\w:-]*(?:wait|sleep|soak|bake)[\w:-]*",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)")
_ASSIGNED = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)=([\"']?)([^\s\"';]*)\2")
_SUM = re.compile(r"\$\(\(([\w+*/()\s-]{1,60})\)\)")
_OPENS, _CLOSES = re.compile(r"(?:while|until|for|if|case|select)\b"), re.compile(r"(?:done|fi|esac)\b")
_LEADS = re.compile(r"(?:(?:(?:then|do|else|sudo|time|command)\b|\(|\{|!)\s*)+")
_QUICK = ("echo", "printf", "cat", "set ", "export ", "date", "aws ecs wait", "true", "exit", "Write-Host")
_SIGNS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv}


def minutes_of(text: str) -> float | None:
    """Read minutes from a text: a number, finite and not negative; else None."""
    try:
        minutes = float(text)
    except ValueError:
        return None
    return minutes if math.isfinite(minutes) and minutes >= 0 else None


@dataclass(frozen=True)
class Waited:
    """How long a script waits.

    Attributes
    ----------
    minutes : float or None
        Of all that it says in numbers; None where it says none.
    unsaid : str
        The first command that waits for nobody knows how long; empty where there is none.
    """

    minutes: float | None = None
    unsaid: str = ""

    def __bool__(self) -> bool:
        return self.minutes is not None or bool(self.unsaid)

    @property
    def nothing(self) -> bool:
        """Whether it is said to be no wait at all."""
        return self.minutes == 0 and not self.unsaid

    def __add__(self, other: "Waited") -> "Waited":
        numbers = [n for n in (self.minutes, other.minutes) if n is not None]
        return Waited(sum(numbers) if numbers else None, self.unsaid or other.unsaid)


def slept(lines: Iterable[str], variables: Mapping[str, str] | None = None) -> Waited:
    """Add up what the commands of a shell script wait.

    Parameters
    ----------
    lines
        The script.
    variables
        What the shell finds in its environment.
    """
    known, found, depth = dict(variables or {}), Waited(), 0
    for command, sure in _commands(lines):
        depth += len(_OPENS.findall(command)[:1])
        text = _LEADS.sub("", command, count=1) if _LEADS.match(command) else command
        if match := _ASSIGNED.fullmatch(text):
            known[match[1]] = _filled(match[3], known) if sure and not depth else f"${match[1]}"
        minutes = _minutes(_filled(text, known))
        if minutes is not None and sure and not depth:
            found += Waited(minutes)
        elif (minutes is not None or _WAITS.search(text)) and not text.startswith(("echo", "printf", "#")):
            found += Waited(None, " ".join(text.split())[:80])
        depth = max(0, depth - len(_CLOSES.findall(command)[:1]))
    return found


def idle(lines: Iterable[str]) -> bool:
    """Say whether a script only says something, or sets something."""
    return all(command.startswith(_QUICK) for command, _ in _commands(lines))


def only_sleeps(lines: Iterable[str]) -> bool:
    """Say whether a script does nothing but wait, and perhaps say so."""
    return all(_minutes(command) is not None or command.startswith(("echo", "date")) for command, _ in _commands(lines))


def _commands(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield the commands of a script, and whether each is sure to run, before the next one."""
    for line in lines:
        parts = re.split(r"(&&|\|\||[;|]|(?<![>&])&(?![>&])|\s#.*$)", _unquoted(line))
        for i in range(0, len(parts), 2):
            command, behind = parts[i].strip(), parts[i + 1] if i + 1 < len(parts) else ""
            before = parts[i - 1] if i else ""
            if command and not command.startswith("#"):
                yield command, before not in ("||", "|") and behind not in ("&", "|")


def _unquoted(line: str) -> str:
    """Return a line whose quoted texts hold nothing that looks like the end of a command."""
    return re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: re.sub(r"[;&|#]", " ", m[0]), line)


def _filled(text: str, known: Mapping[str, str]) -> str:
    for _ in range(3):
        text = _VARIABLE.sub(lambda m: known.get(m[1] or m[2], m[0]), text)[:1000]
    return _SUM.sub(lambda m: _counted(re.sub(r"[A-Za-z_]\w*", lambda n: known.get(n[0], n[0]), m[1])), text)


def _counted(text: str) -> str:
    """Work a sum of whole numbers out; what is none stays something that is no number."""
    try:
        return str(_value(ast.parse(text.replace("/", "//").strip(), mode="eval").body))
    except (SyntaxError, ValueError, KeyError, ZeroDivisionError, MemoryError, RecursionError):
        return "$(())"


def _value(node: ast.AST) -> int:
    if isinstance(node, ast.BinOp):
        found: int = _SIGNS[type(node.op)](_value(node.left), _value(node.right))
        return found if abs(found) < 10**9 else 10**9
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    raise ValueError("no number")


def _minutes(command: str) -> float | None:
    """Return the minutes of a command that does nothing but wait, or None."""
    words = command.replace('"', "").replace("'", "").split()
    if words[:1] == ["sleep"] and len(words) > 1:
        times = [_TIME.fullmatch(word) for word in words[1:]]
        if all(times):
            return sum(float(match[1]) * _UNITS[match[2]] for match in times if match)
    if match := _START_SLEEP.fullmatch(command):
        number = minutes_of(match[2])
        scale = 60_000 if (match[1] or "s").lower().startswith("m") else 60
        return None if number is None else number / scale
    match = _CMD_TIMEOUT.fullmatch(command)
    return int(match[1]) / 60 if match else None
