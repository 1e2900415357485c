"""CodeCatalyst workflows: read as waves, and checked in the place of the console's *Validate* button.

Nothing outside this package depends on CodeCatalyst: a plan is a plan, wherever it came from.
"""

from waves.pipelines.codecatalyst.check import check
from waves.pipelines.codecatalyst.read import Action, Deployment, Workflow
from waves.pipelines.codecatalyst.rules import RULES
from waves.pipelines.codecatalyst.stages import Stage
from waves.pipelines.codecatalyst.system import SYSTEM

__all__ = ["RULES", "SYSTEM", "Action", "Deployment", "Stage", "Workflow", "check"]
