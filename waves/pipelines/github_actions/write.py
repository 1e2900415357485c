"""Write a plan as a GitHub Actions workflow: build once, then a job a wave, each region one of its matrix.

A wave's job waits until every service is stable; a bake is a job of its own that watches an alarm; an approval a job in
an environment whose reviewers somebody sets up. `read` makes the same plan of it.
"""

import math
from typing import TYPE_CHECKING, Any

from waves.pipelines.saying import Abilities, header, number, parts, said
from waves.pipelines.shell import copied, slug, watch
from waves.pipelines.steps import APPROVAL_HINT, BAKE_HINT
from waves.pipelines.target import Target
from waves.pipelines.written import Written, text_of_tree

if TYPE_CHECKING:
    from waves.plan import Plan, Wave

MOST_BAKE_JOB = 300  # minutes; a job on GitHub's own runners ends after 360
ABILITIES = Abilities(
    "GitHub Actions",
    most_bake=35 * 1440.0,  # GitHub Docs, "Actions limits": a run ends after 35 days
    max_parallel=1,
    timeouts=(1, 360),
)
_RUNNER = "ubuntu-latest"
_CREDENTIALS = "aws-actions/configure-aws-credentials@v4"
_REGION = "${{ matrix.region }}"


def write(plan: "Plan", target: Target, as_json: bool = False) -> Written:
    """Return the workflow of a plan."""
    found = said(plan, ABILITIES)
    notes = [
        f"Roles that GitHub may assume: {target.service}-build, {target.service}-deploy, {target.service}-watch.",
        f"Alarms: {target.alarm_name} in every region. Nothing here rolls back: ECS's own alarms do.",
    ]
    if any(wave.approval for wave in found.plan.waves):
        notes.append("Environments to set up with required reviewers: " + ", ".join(_gates(found.plan)) + ".")
    tree = _Writer(found.plan, target).tree()
    text = header(plan, found.remarks, notes) + text_of_tree(tree, "jobs").replace("\n'on':", "\non:", 1)
    return Written(text, found)


def _gates(plan: "Plan") -> list[str]:
    return [f"approve-wave-{w + 1}" for w, wave in enumerate(plan.waves) if wave.approval]


class _Writer:
    def __init__(self, plan: "Plan", target: Target) -> None:
        self.plan, self.target = plan, target
        self.primary = target.primary or plan.regions[0]
        self.jobs: dict[str, Any] = {}

    def tree(self) -> dict[str, Any]:
        """Return the workflow as plain values."""
        self.jobs["build"] = self._build()
        for region in self.plan.regions:
            if region in self.target.builds:
                self.jobs[f"build-{slug(region)}"] = self._own_build(region)
        before = ["build"]
        for w, wave in enumerate(self.plan.waves):
            before = self._add_wave(w, wave, before)
        return {
            "name": self.plan.name,
            "on": {"push": {"branches": [self.target.branch]}},
            "concurrency": {"group": "rollout", "cancel-in-progress": False},
            "permissions": {"contents": "read", "id-token": "write"},
            "jobs": self.jobs,
        }

    def _add_wave(self, w: int, wave: "Wave", before: list[str]) -> list[str]:
        if wave.approval:
            name = f"approve-{w + 1}"
            self.jobs[name] = {
                "name": f"Approve {wave.name}",
                "needs": before,
                "runs-on": _RUNNER,
                "environment": f"approve-wave-{w + 1}",
                "env": {APPROVAL_HINT: "required"},
                "steps": [{"run": "echo approved"}],
            }
            before = [name]
        name = f"wave-{w + 1}"
        own = [f"build-{slug(region)}" for region in wave.regions if region in self.target.builds]
        self.jobs[name] = self._wave(wave, [*before, *own])
        last = name
        pieces = parts(wave.bake_minutes, MOST_BAKE_JOB) if wave.bake_minutes else []
        for n, minutes in enumerate(pieces):
            bake = f"bake-{w + 1}" + (f"-{n + 1}" if len(pieces) > 1 else "")
            self.jobs[bake] = self._bake(wave, minutes, [last])
            last = bake
        return [last]

    def _credentials(self, role: str, region: str, **more: Any) -> dict[str, Any]:
        arn = f"arn:aws:iam::{self.target.account}:role/{self.target.service}-{role}"
        return {"uses": _CREDENTIALS, "with": {"role-to-assume": arn, "aws-region": region, **more}}

    def _image(self, region: str) -> str:
        home = region if self.target.replicated else self.primary
        return f"{self.target.registry(home)}/{self.target.repository}:${{{{ github.sha }}}}"

    def _build(self) -> dict[str, Any]:
        return {
            "runs-on": _RUNNER,
            "env": {"IMAGE": self._image(self.primary)},
            "steps": [
                {"uses": "actions/checkout@v4"},
                self._credentials("build", self.primary),
                {"uses": "aws-actions/amazon-ecr-login@v2"},
                {"run": 'docker build --tag "$IMAGE" .'},
                {"run": 'docker push "$IMAGE"'},
            ],
        }

    def _own_build(self, region: str) -> dict[str, Any]:
        return {
            "needs": ["build"],
            "runs-on": _RUNNER,
            "env": {"IMAGE": self._image(region)},
            "steps": [
                {"uses": "actions/checkout@v4"},
                self._credentials("build", region),
                {"run": self.target.builds[region]},
            ],
        }

    def _wave(self, wave: "Wave", needs: list[str]) -> dict[str, Any]:
        body: dict[str, Any] = {"name": wave.name, "needs": needs, "runs-on": _RUNNER}
        limited = wave.max_parallel is not None
        # With a limit the others shall not start after a failure; without one, those that run are watched to the end.
        body["strategy"] = {"fail-fast": limited}
        if limited:
            body["strategy"]["max-parallel"] = wave.max_parallel
        body["strategy"]["matrix"] = self._matrix(wave)
        body["steps"] = [
            {"uses": "actions/checkout@v4"},
            self._credentials("deploy", _REGION),
            *([self._copied()] if self.target.replicated else []),
            {
                "id": "render",
                "uses": "aws-actions/amazon-ecs-render-task-definition@v1",
                "with": {
                    "task-definition": self.target.definition(_REGION),
                    "container-name": self.target.container,
                    "image": self._image(_REGION),
                },
            },
            {"uses": "aws-actions/amazon-ecs-deploy-task-definition@v2", "with": self._deploy(wave)},
        ]
        return body

    def _copied(self) -> dict[str, Any]:
        # Its sleep is no bake: it ends as soon as the image is there.
        run = copied(self.target, _REGION, "${{ github.sha }}")
        return {"timeout-minutes": 30, "env": {BAKE_HINT: "0"}, "run": run}

    def _matrix(self, wave: "Wave") -> dict[str, Any]:
        flags = [self.plan.strategy_of(region) == "blue_green" for region in wave.regions]
        if any(flags) and not all(flags):
            rows: list[dict[str, str]] = [{"region": region} for region in wave.regions]
            for row, flag in zip(rows, flags, strict=True):
                row |= {"appspec": "deploy/appspec.yaml"} if flag else {}
            return {"include": rows}
        return {"region": list(wave.regions)}

    def _deploy(self, wave: "Wave") -> dict[str, Any]:
        flags = [self.plan.strategy_of(region) == "blue_green" for region in wave.regions]
        found: dict[str, Any] = {
            "task-definition": "${{ steps.render.outputs.task-definition }}",
            "cluster": self.target.cluster,
            "service": self.target.service,
            "wait-for-service-stability": True,
        }
        timeout = self.plan.deploy_timeout_minutes
        if timeout is not None:
            found["wait-for-minutes"] = int(timeout)
        if any(flags):
            found |= {
                "codedeploy-appspec": "deploy/appspec.yaml" if all(flags) else "${{ matrix.appspec }}",
                "codedeploy-application": self.target.service,
                "codedeploy-deployment-group": self.target.service,
            }
        return found

    def _bake(self, wave: "Wave", minutes: float, needs: list[str]) -> dict[str, Any]:
        seconds = max(3600, math.ceil(minutes + 10) * 60)
        more = {"role-duration-seconds": seconds} if seconds > 3600 else {}
        return {
            "needs": needs,
            "runs-on": _RUNNER,
            "timeout-minutes": math.ceil(minutes) + 15,
            "env": {BAKE_HINT: number(minutes), "REGIONS": " ".join(wave.regions)},
            "steps": [self._credentials("watch", wave.regions[0], **more), {"run": watch(self.target)}],
        }
