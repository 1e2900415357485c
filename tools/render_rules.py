"""Writes docs/rules.md: the rules by which `wavecast check` reads a workflow, from their table.

It prints the page.
"""

from waves.pipelines.codecatalyst import RULES

HEAD = """\
# The rules of a workflow

<!-- Made by tools/render_rules.py from waves/pipelines/codecatalyst/rules.py: change that, then `make docs`. -->

What `wavecast check` asks of a CodeCatalyst workflow, by the name that stands in brackets at the end of a finding.
*Guide* is the CodeCatalyst user guide, with the name of its page; *seen* is what public pipelines show; *ours* is this
project's own reading of a workflow as waves. [How a workflow becomes a plan](codecatalyst.md) says when a finding is an
error and when a warning.

| Rule | What it asks | From |
| --- | --- | --- |
"""


def render() -> str:
    """Return the page."""
    return HEAD + "".join(f"| `{rule}` | {asks} | {source} |\n" for rule, (asks, source) in sorted(RULES.items()))


if __name__ == "__main__":
    print(render(), end="")
