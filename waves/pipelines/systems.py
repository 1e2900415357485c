"""The systems there are. A further one is a folder, and a line here."""

from waves.pipelines import codecatalyst, codepipeline, github_actions
from waves.pipelines.system import System

SYSTEMS: dict[str, System] = {
    system.name: system for system in (codecatalyst.SYSTEM, codepipeline.SYSTEM, github_actions.SYSTEM)
}
