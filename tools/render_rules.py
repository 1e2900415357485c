"""Writes docs/rules.md: the rules by which `wavecast check` reads a pipeline, from the tables of the systems.

It prints the page.
"""

from collections.abc import Mapping

from waves import SYSTEMS
from waves.pipelines.rules import RULES

HEAD = """\
# The rules of a pipeline

<!-- Made by tools/render_rules.py from the rules.py files of waves/pipelines/: change those, then `make docs`. -->

What `wavecast check` asks of a pipeline's file, by the name that stands in brackets at the end of a finding. *Guide* is
the user guide of the system, with the name of its page, *api* its reference, *docs* GitHub Docs, *action* an action's
own `action.yml`; *seen* is what public pipelines show; *ours* is this project's own reading of a pipeline as waves.
[How a pipeline becomes a plan](pipelines.md) says when a finding is an error and when a warning.
"""
TITLES = {
    "codecatalyst": "A CodeCatalyst workflow",
    "codepipeline": "A CodePipeline pipeline",
    "github-actions": "A GitHub Actions workflow",
}
COMMON = "CodePipeline and GitHub Actions in common"


def table(title: str, rules: Mapping[str, tuple[str, str]]) -> str:
    """Return a section with the rules of one system."""
    rows = "".join(f"| `{rule}` | {asks} | {source} |\n" for rule, (asks, source) in sorted(rules.items()))
    return f"\n## {title}\n\n| Rule | What it asks | From |\n| --- | --- | --- |\n{rows}"


def render() -> str:
    """Return the page."""
    own = [table(TITLES[name], system.rules) for name, system in SYSTEMS.items()]
    return HEAD + own[0] + table(COMMON, RULES) + "".join(own[1:])


if __name__ == "__main__":
    print(render(), end="")
