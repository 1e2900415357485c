"""CodePipeline: pipelines as the JSON of `get-pipeline`, or as a resource of a CloudFormation template."""

from waves.pipelines.codepipeline.system import SYSTEM

__all__ = ["SYSTEM"]
