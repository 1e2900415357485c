"""Write a plan as a CodeCatalyst workflow: build once, render, then an action group a wave, a test after each.

Whether `aws/ecs-deploy` waits for a steady state is not documented, so the test after each wave first waits until the
services are stable, and then watches for as long as the wave bakes. `read` makes the same plan of it.
"""

from typing import TYPE_CHECKING, Any

from waves.pipelines.codecatalyst.schema import (
    BAKE_HINT,
    MAX_ACTIONS,
    MAX_NAME,
    MAX_TIMEOUT_BUILD,
    MAX_TIMEOUT_OTHER,
    NAME,
)
from waves.pipelines.saying import Abilities, Said, header, number, parts, said
from waves.pipelines.shell import copied, slug, stable, watch
from waves.pipelines.target import Target
from waves.pipelines.written import Written, text_of_tree

if TYPE_CHECKING:
    from waves.plan import Plan, Wave

MOST_BAKE_ACTION = MAX_TIMEOUT_BUILD - 30  # minutes; what is left is for the waiting before
ABILITIES = Abilities(
    "CodeCatalyst",
    name=lambda name: bool(NAME.fullmatch(name)) and len(name) <= MAX_NAME,
    wave_name=lambda name: bool(NAME.fullmatch(name)),
    most_bake=float(MAX_ACTIONS * MOST_BAKE_ACTION),
    timeouts=(5, MAX_TIMEOUT_OTHER),
)


def write(plan: "Plan", target: Target, as_json: bool = False) -> Written:
    """Return the workflow of a plan."""
    found = said(plan, ABILITIES)
    notes = [
        f"Roles to set up: {target.service}-build and {target.service}-deploy, in the environment production.",
        f"Alarms: {target.alarm_name} in every region. Nothing here rolls back: ECS's own alarms do.",
    ]
    tree = _Writer(found.plan, target).tree()
    _check_size(found, tree["Actions"])
    return Written(header(plan, found.remarks, notes) + text_of_tree(tree, "Actions"), found)


def _check_size(found: Said, actions: dict[str, Any]) -> None:
    count = sum(len(body["Actions"]) if "Actions" in body else 1 for body in actions.values())
    if count > MAX_ACTIONS:
        what = f"the workflow would have {count} actions; CodeCatalyst allows {MAX_ACTIONS}"
        found.refusals.append((("waves",), f"{what}: fewer regions, shorter bakes, or another system", "too-many"))


class _Writer:
    def __init__(self, plan: "Plan", target: Target) -> None:
        self.plan, self.target = plan, target
        self.primary = target.primary or plan.regions[0]
        self.actions: dict[str, Any] = {}
        self.words = {word: self._free(word) for word in ("Build", "Render", "Deploy", "Validate", "Approve")}
        # Where every region pulls its own copy, or has its own task definition, each is rendered by itself.
        self.rendered_apart = target.per_region or target.replicated

    def _free(self, word: str) -> str:
        """Return a word that begins no wave's name: names are unique in the whole workflow."""
        names = [str(wave.name) for wave in self.plan.waves]
        while any(name == word or name.startswith(f"{word}-") for name in names):
            word = f"The-{word}"
        return word

    def _name(self, word: str, region: str = "") -> str:
        return f"{self.words[word]}-{slug(region)}" if region else self.words[word]

    def tree(self) -> dict[str, Any]:
        """Return the workflow as plain values."""
        build, render = self._name("Build"), self._name("Render")
        self.actions[build] = self._build()
        if not self.rendered_apart:
            self.actions[render] = self._render(build, self.primary, "TaskDefinition")
        # All of it before the first wave: an approval must not run beside anything else.
        before = [build if self.rendered_apart else render, *self._own()]
        for w, wave in enumerate(self.plan.waves):
            before = self._add_wave(w, wave, before)
        return {
            "Name": self.plan.name,
            "SchemaVersion": "1.0",
            "RunMode": "QUEUED",
            "Triggers": [{"Type": "PUSH", "Branches": [self.target.branch]}],
            "Actions": self.actions,
        }

    def _add_wave(self, w: int, wave: "Wave", before: list[str]) -> list[str]:
        if wave.approval:
            name = f"{self.words['Approve']}-{w + 1}"
            gate = {"ApprovalsRequired": 1}
            self.actions[name] = {"Identifier": "aws/approval@v1", "DependsOn": before, "Configuration": gate}
            before = [name]
        name = str(wave.name)
        self.actions[name] = {"DependsOn": before, "Actions": {k: v for r in wave.regions for k, v in self._deploy(r)}}
        pieces = parts(wave.bake_minutes, MOST_BAKE_ACTION)
        for n, minutes in enumerate(pieces):
            test = f"{self.words['Validate']}-{w + 1}" + (f"-{n + 1}" if len(pieces) > 1 else "")
            self.actions[test] = self._validate(wave, minutes, name, first=n == 0)
            name = test
        return [name]

    def _own(self) -> list[str]:
        """Add what regions build and render for themselves; return the actions."""
        found = []
        for region in self.plan.regions:
            if region in self.target.builds:
                name = self._name("Build", region)
                self.actions[name] = self._own_build(region)
                found.append(name)
            if self.rendered_apart:
                name = self._name("Render", region)
                self.actions[name] = self._render(
                    self._name("Build"), region, f"TaskDefinition_{slug(region).replace('-', '_')}"
                )
                found.append(name)
        return found

    def _environment(self, role: str) -> dict[str, Any]:
        connection = {"Name": self.target.account, "Role": f"{self.target.service}-{role}"}
        return {"Name": "production", "Connections": [connection]}

    def _build(self) -> dict[str, Any]:
        registry = self.target.registry(self.primary)
        login = f"aws ecr get-login-password --region {self.primary}"
        steps = [
            f"{login} | docker login --username AWS --password-stdin {registry}",
            f"docker build --tag {registry}/{self.target.repository}:$TAG .",
            f"docker push {registry}/{self.target.repository}:$TAG",
            f"export IMAGE={registry}/{self.target.repository}:$TAG",
        ]
        outputs = ["IMAGE"]
        if self.target.replicated:
            steps += [*(copied(self.target, region, "$TAG") for region in self.plan.regions), "export TAG_OUT=$TAG"]
            outputs.append("TAG_OUT")
        return {
            "Identifier": "aws/build@v1",
            "Environment": self._environment("build"),
            "Inputs": {
                "Sources": ["WorkflowSource"],
                "Variables": [{"Name": "TAG", "Value": "${WorkflowSource.CommitId}"}],
            },
            "Configuration": {"Steps": [{"Run": step} for step in steps]},
            "Outputs": {"Variables": outputs},
        }

    def _own_build(self, region: str) -> dict[str, Any]:
        return {
            "Identifier": "aws/build@v1",
            "DependsOn": [self._name("Build")],
            "Environment": self._environment("build"),
            "Inputs": {"Sources": ["WorkflowSource"], "Variables": [{"Name": "REGION", "Value": region}]},
            "Configuration": {"Steps": [{"Run": self.target.builds[region]}]},
        }

    def _render(self, build: str, region: str, artifact: str) -> dict[str, Any]:
        image = f"${{{build}.IMAGE}}"
        if self.target.replicated:
            image = f"{self.target.registry(region)}/{self.target.repository}:${{{build}.TAG_OUT}}"
        return {
            "Identifier": "aws/ecs-render-task-definition@v1",
            "DependsOn": [build],
            "Inputs": {"Sources": ["WorkflowSource"]},
            "Configuration": {
                "task-definition": self.target.definition(region),
                "container-definition-name": self.target.container,
                "image": image,
            },
            "Outputs": {"Artifacts": [{"Name": artifact, "Files": ["task-definition*"]}]},
        }

    def _deploy(self, region: str) -> list[tuple[str, dict[str, Any]]]:
        name = self._name("Deploy", region)
        apart = self.rendered_apart
        render = self._name("Render", region if apart else "")
        artifact = f"TaskDefinition_{slug(region).replace('-', '_')}" if apart else "TaskDefinition"
        configuration = {
            "region": region,
            "cluster": self.target.cluster,
            "service": self.target.service,
            "task-definition": f"/artifacts/{name}/{artifact}/${{{render}.task-definition}}",
        }
        if self.plan.strategy_of(region) == "blue_green":
            configuration |= {
                "codedeploy-appspec": "deploy/appspec.yaml",
                "codedeploy-application": self.target.service,
                "codedeploy-deployment-group": self.target.service,
            }
        body: dict[str, Any] = {"Identifier": "aws/ecs-deploy@v1", "Environment": self._environment("deploy")}
        timeout = self.plan.deploy_timeout_minutes
        if timeout is not None:
            body["Timeout"] = int(timeout)
        body |= {"Inputs": {"Artifacts": [artifact]}, "Configuration": configuration}
        return [(name, body)]

    def _validate(self, wave: "Wave", minutes: float, before: str, *, first: bool) -> dict[str, Any]:
        steps = stable(self.target, wave.regions) if first else []
        if minutes:
            steps.append(watch(self.target))
        variables = {BAKE_HINT: number(minutes), "REGIONS": " ".join(wave.regions)}
        return {
            "Identifier": "aws/managed-test@v1",
            "DependsOn": [before],
            "Environment": self._environment("deploy"),
            "Timeout": max(30, min(MAX_TIMEOUT_BUILD, int(minutes) + 30)),
            "Inputs": {
                "Sources": ["WorkflowSource"],
                "Variables": [{"Name": name, "Value": value} for name, value in variables.items()],
            },
            "Configuration": {"Steps": [{"Run": step} for step in steps]},
        }
