"""The operations that the stand-in serves: what AWS says about a history at this instant.

Each takes a `Question` and returns a page or a whole answer. Not here: protocols, faults, the server.
"""

from collections.abc import Callable
from typing import Any

from tests.aws_stand_in.operations import codecatalyst, codepipeline, ecs, ecs_describe, metrics, monitoring, tokens
from tests.aws_stand_in.operations.question import Question
from tests.aws_stand_in.paging import Page

Operation = Callable[[Question], dict[str, Any] | Page]

SERVED: dict[tuple[str, str], Operation] = {
    ("ecs", "ListClusters"): ecs.list_clusters,
    ("ecs", "ListServices"): ecs.list_services,
    ("ecs", "DescribeServices"): ecs_describe.describe_services,
    ("ecs", "ListServiceDeployments"): ecs.list_service_deployments,
    ("ecs", "DescribeServiceDeployments"): ecs_describe.describe_service_deployments,
    ("ecs", "DescribeServiceRevisions"): ecs_describe.describe_service_revisions,
    ("cloudwatch", "DescribeAlarmHistory"): monitoring.describe_alarm_history,
    ("cloudwatch", "DescribeAlarms"): monitoring.describe_alarms,
    ("cloudwatch", "ListMetrics"): metrics.list_metrics,
    ("cloudwatch", "GetMetricData"): metrics.get_metric_data,
    ("codepipeline", "ListPipelines"): codepipeline.list_pipelines,
    ("codepipeline", "GetPipeline"): codepipeline.get_pipeline,
    ("codepipeline", "ListPipelineExecutions"): codepipeline.list_pipeline_executions,
    ("codepipeline", "ListActionExecutions"): codepipeline.list_action_executions,
    ("codecatalyst", "VerifySession"): codecatalyst.verify_session,
    ("codecatalyst", "ListSpaces"): codecatalyst.list_spaces,
    ("codecatalyst", "ListProjects"): codecatalyst.list_projects,
    ("codecatalyst", "ListWorkflows"): codecatalyst.list_workflows,
    ("codecatalyst", "GetWorkflow"): codecatalyst.get_workflow,
    ("codecatalyst", "ListWorkflowRuns"): codecatalyst.list_workflow_runs,
    ("codecatalyst", "GetWorkflowRun"): codecatalyst.get_workflow_run,
    ("sts", "GetCallerIdentity"): tokens.get_caller_identity,
    ("sts", "AssumeRole"): tokens.assume_role,
}

__all__ = ["SERVED", "Operation", "Question"]
