"""Small pipelines for tests, as `get-pipeline` gives them."""

import json
from pathlib import Path
from typing import Any

Tree = dict[str, Any]


def action(name: str, kind: str, region: str = "", order: int = 1, **configuration: str) -> Tree:
    category, provider = kind.split("/")
    found: Tree = {
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "runOrder": order,
    }
    if configuration:
        found["configuration"] = configuration
    return found | ({"region": region} if region else {})


def ecs(region: str, order: int = 1, **more: str) -> Tree:
    return action(f"Deploy-{region}", "Deploy/ECS", region, order, ClusterName="shop", ServiceName="web", **more)


def approve(order: int = 1) -> Tree:
    return action("Approve", "Approval/Manual", order=order)


def rules(result: str, *rows: Tree) -> Tree:
    return {"conditions": [{"result": result, "rules": list(rows)}]}


def rule(provider: str, **configuration: str) -> Tree:
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": provider, "ruleTypeId": kind, "configuration": configuration}


def alarm(minutes: str = "30", result: str = "ROLLBACK") -> Tree:
    return rules(result, rule("CloudWatchAlarm", AlarmName="errors", WaitTime=minutes))


def stage(name: str, *actions: Tree, **conditions: Tree) -> Tree:
    return {"name": name, "actions": list(actions), **conditions}


SOURCE = stage("Source", action("Source", "Source/CodeCommit", RepositoryName="shop", BranchName="main"))


def pipeline(folder: Path, *stages: Tree, arn: str = "", **more: Any) -> Path:
    body = {
        "name": "shop",
        "roleArn": "arn:aws:iam::111122223333:role/pipeline",
        "artifactStores": {"us-east-1": {"type": "S3", "location": "artifacts"}},
        "stages": [SOURCE, *stages],
        **more,
    }
    path = folder / "pipeline.json"
    path.write_text(json.dumps({"pipeline": body, "metadata": {"pipelineArn": arn}}, indent=1), encoding="utf-8")
    return path
