"""CodePipeline as one of the systems."""

from waves.pipelines.codepipeline.check import check
from waves.pipelines.codepipeline.pipeline import recognises
from waves.pipelines.codepipeline.read import read
from waves.pipelines.codepipeline.regroup import arrange
from waves.pipelines.codepipeline.rules import RULES
from waves.pipelines.codepipeline.write import ABILITIES, write
from waves.pipelines.system import System

SYSTEM = System(
    "codepipeline", "a CodePipeline pipeline", "template", recognises, check, read, write, arrange, ABILITIES, RULES
)
