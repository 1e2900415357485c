"""GitHub Actions as one of the systems."""

from waves.pipelines.github_actions.check import check
from waves.pipelines.github_actions.jobs import recognises
from waves.pipelines.github_actions.read import read
from waves.pipelines.github_actions.regroup import arrange
from waves.pipelines.github_actions.rules import RULES
from waves.pipelines.github_actions.write import ABILITIES, write
from waves.pipelines.system import System

SYSTEM = System(
    "github-actions", "a GitHub Actions workflow", "github", recognises, check, read, write, arrange, ABILITIES, RULES
)
