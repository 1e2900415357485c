"""The rules of `DependsOn`: unknown names and what hangs behind them, cycles, levels, gates beside actions."""

from waves.files.documents import did_you_mean, shown
from waves.pipelines.codecatalyst.graph import Dependency, Graph
from waves.pipelines.keys import Report


def check_dependencies(report: Report, graph: Graph) -> None:
    """Check every `DependsOn` of a workflow, and what they make together."""
    seen: set[tuple[str, str]] = set()
    for dependency in graph.dependencies:
        key = (dependency.owner, dependency.name)
        if key in seen:
            what = f"{dependency.owner} names {dependency.name!r} twice in DependsOn"
            report.warn(dependency.where, what, "dependency-twice")
        else:
            _check_dependency(report, graph, dependency)
        seen.add(key)
    _check_cycles(report, graph)
    _check_gates(report, graph)


def _check_dependency(report: Report, graph: Graph, dependency: Dependency) -> None:
    owner, name, where = dependency.owner, dependency.name, dependency.where
    if not dependency.known:
        names = [*graph.groups, *(action.name for action in graph.actions)]
        hint = did_you_mean(name, names)
        what = f"{owner} depends on {shown(name)}, which the workflow does not have{hint}"
        report.error(where, what + _hanging(graph, dependency), "unknown-dependency")
    elif dependency.itself:
        report.error(where, f"{owner} depends on itself through {name!r}; remove it", "self-dependency")
    elif dependency.crosses:
        targets = graph.entries(dependency.targets)
        inside = next((t.group for t in targets if t.group is not None and name not in graph.groups), None)
        place = f"in {inside!r}" if inside is not None else "at the top level"
        what = f"{owner} depends on {name!r} {place}; DependsOn names entries of its own level"
        report.warn(where, what, "dependency-level")


def _hanging(graph: Graph, dependency: Dependency) -> str:
    """Say which actions will never run because of a dependency that does not exist."""
    names = [action.label for action in graph.behind(dependency.owners)]
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"; behind it hang {', '.join(names[:3])}{more}"


def _check_cycles(report: Report, graph: Graph) -> None:
    for cycle in graph.cycles():
        labels = [d.owner for i, d in enumerate(cycle) if d.owner != cycle[i - 1].owner]
        first = min(cycle, key=lambda d: report.document.places[d.where])
        start = labels.index(first.owner)
        way = " → ".join([*labels[start:], *labels[:start], labels[start]])
        report.error(first.where, f"these wait for each other for ever: {way}", "dependency-cycle")


def _check_gates(report: Report, graph: Graph) -> None:
    for i, gate in enumerate(graph.actions):
        if gate.kind != "approval" or graph.ancestors[i] >> i & 1:
            continue
        beside = [
            action.label
            for j, action in enumerate(graph.actions)
            if j != i and not graph.ancestors[i] >> j & 1 and not graph.ancestors[j] >> i & 1
        ]
        if beside:
            more = f" and {len(beside) - 3} more" if len(beside) > 3 else ""
            what = f"the approval {gate.label} runs beside {', '.join(beside[:3])}{more}; order them with DependsOn"
            report.warn(gate.where, what, "approval-beside")
