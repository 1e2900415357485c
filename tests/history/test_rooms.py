"""The rooms of history import each other one way: no circle, not even of imports that only type checkers follow."""

import ast
from graphlib import TopologicalSorter

ALONE = "alone"  # a file that is in no room is a room of its own


def room(module):
    return module.split(".")[1] if module.count(".") else ALONE


def test_rooms_of_history_import_one_way(root):
    """The order is found, not written down: a new room needs no line here."""
    graph: dict[str, set[str]] = {}
    for path in (root / "history").rglob("*.py"):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        if module == "history.__init__":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("history."):
                graph.setdefault(room(module), set()).add(room(node.module))
    order = list(TopologicalSorter({each: others - {each} for each, others in graph.items()}).static_order())
    assert {"aws", "sources", "keeping", "collecting", "records"} <= set(order)
