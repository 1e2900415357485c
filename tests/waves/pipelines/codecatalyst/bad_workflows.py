"""Workflows that break one rule each, with the findings they must give, places counted by hand."""

import re

# Lines 1 to 3, then 4 to 8.
TOP = 'Name: shop\nSchemaVersion: "1.0"\nActions:\n'
BUILD = """\
  Build:
    Identifier: aws/build@v1
    Configuration:
      Steps:
        - Run: make
"""
# From line 4 on, 12 lines.
DEPLOY = """\
  Deploy:
    Identifier: aws/ecs-deploy@v1
    Environment:
      Name: production
      Connections:
        - Name: "111122223333"
          Role: deploy
    Configuration:
      region: us-east-1
      cluster: shop
      service: web
      task-definition: task.json
"""
GATE = "  Gate:\n    Identifier: aws/approval@v1\n"


def action(name: str, *depends_on: str) -> str:
    """Five lines, and one more for each dependency and their key."""
    extra = "    DependsOn:\n" + "".join(f"      - {d}\n" for d in depends_on) if depends_on else ""
    return BUILD.replace("Build", name) + extra


def group(name: str, body: str, *depends_on: str) -> str:
    """One line, the dependencies, one line, then the body, moved to the right by four."""
    extra = "    DependsOn:\n" + "".join(f"      - {d}\n" for d in depends_on) if depends_on else ""
    return f"  {name}:\n{extra}    Actions:\n" + re.sub("(?m)^", "    ", body).rstrip(" ")


Found = tuple[int, int, str, str]
CASES: dict[str, tuple[str, list[Found]]] = {
    # --- the file and its top level
    "missing Name and SchemaVersion": (
        "Actions:\n" + BUILD,
        [(1, 1, "error", "missing-key"), (1, 1, "error", "missing-key")],
    ),
    "misspelt key at the top": (
        TOP + BUILD + "Trigers: []\n",
        [(9, 1, "error", "unknown-key")],
    ),
    "wholly unknown key at the top": (TOP + BUILD + "Xyzzy: 1\n", [(9, 1, "warning", "unknown-key")]),
    "misspelt required key is reported once": (
        TOP.replace("SchemaVersion", "SchemaVersoin") + BUILD,
        [(2, 1, "error", "unknown-key")],
    ),
    "a list at the top": ("- Name: shop\n", [(1, 1, "error", "wrong-type")]),
    "a number at the top": ("5\n", [(1, 1, "error", "wrong-type")]),
    "no actions": (TOP, [(3, 1, "error", "missing-key")]),
    "empty actions": (TOP.replace("Actions:", "Actions: {}"), [(3, 1, "error", "missing-key")]),
    "actions as a list": (TOP.replace("Actions:", "Actions: []"), [(3, 1, "error", "wrong-type")]),
    "name with a space": (TOP.replace("shop", "my shop") + BUILD, [(1, 1, "error", "name-characters")]),
    "name of 101 characters": (TOP.replace("shop", "s" * 101) + BUILD, [(1, 1, "error", "name-too-long")]),
    "schema version 2": (TOP.replace('"1.0"', "2") + BUILD, [(2, 1, "error", "schema-version")]),
    "what follows a separator": (TOP + BUILD + "---\nName: x\n", [(9, 1, "warning", "second-document")]),
    "an anchor": (TOP.replace("shop", "&n shop") + BUILD, [(1, 7, "warning", "alias")]),
    "a tag": (TOP.replace("shop", "!x shop") + BUILD, [(1, 7, "error", "tag")]),
    "a key twice": (TOP + BUILD + "Name: again\n", [(9, 1, "error", "duplicate-key")]),
    "not YAML": (TOP + "  Build: 'x\n", [(4, 10, "error", "yaml-syntax")]),
    "empty": ("", [(1, 1, "error", "empty-file")]),
    "over 256 KB": (TOP + BUILD + "#" * 262_144 + "\n", [(1, 1, "error", "too-large")]),
    # --- values
    "run mode in small letters": (TOP + BUILD + "RunMode: queued\n", [(9, 1, "warning", "letter-case")]),
    "run mode misspelt": (TOP + BUILD + "RunMode: QUEUE\n", [(9, 1, "error", "unknown-value")]),
    "trigger in mixed case": (
        TOP + BUILD + "Triggers:\n  - Type: Push\n    Branches:\n      - main\n",
        [(10, 5, "warning", "letter-case")],
    ),
    "trigger of an unknown type": (
        TOP + BUILD + "Triggers:\n  - Type: POLL\n",
        [(10, 5, "error", "unknown-value")],
    ),
    "manual trigger, as AWS's own tools write it": (
        TOP + BUILD + "Triggers:\n  - Type: MANUAL\n",
        [(10, 5, "warning", "unknown-value")],
    ),
    "event in small letters": (
        TOP + BUILD + "Triggers:\n  - Type: PULLREQUEST\n    Events:\n      - open\n",
        [(12, 9, "warning", "letter-case")],
    ),
    "pull request without events": (
        TOP + BUILD + "Triggers:\n  - Type: PULLREQUEST\n",
        [(10, 5, "error", "missing-key")],
    ),
    "events of a push": (
        TOP + BUILD + "Triggers:\n  - Type: PUSH\n    Events: [OPEN]\n",
        [(11, 5, "warning", "trigger-key")],
    ),
    "schedule of five fields": (
        TOP + BUILD + "Triggers:\n  - Type: SCHEDULE\n    Expression: 0 8 * * 1\n",
        [(11, 5, "error", "schedule-expression")],
    ),
    "schedule without expression": (
        TOP + BUILD + "Triggers:\n  - Type: SCHEDULE\n",
        [(10, 5, "error", "missing-key")],
    ),
    "trigger as a text": (TOP + BUILD + "Triggers:\n  - PUSH\n", [(10, 5, "error", "wrong-type")]),
    "a text where a list stands": (
        TOP + BUILD + action("Test", "Build").replace("\n      - Build", " Build"),
        [(14, 5, "warning", "scalar-for-list")],
    ),
    "compute at both": (
        "Compute:\n  Type: EC2\n" + TOP + BUILD + "    Compute:\n      Type: Lambda\n",
        [(11, 5, "warning", "compute-twice")],
    ),
    "compute as a list, as the guide's pages of actions write it": (
        TOP + BUILD + "    Compute:\n      - Type: EC2\n      - Fleet: Linux.x86-64.Large\n",
        [],
    ),
    "compute as a list, misspelt and without its type": (
        TOP + BUILD + "    Compute:\n      - Flet: Linux.x86-64.Large\n",
        [(9, 5, "error", "missing-key"), (10, 9, "error", "unknown-key")],
    ),
    "a separator at the top": ("---\n" + TOP + BUILD, []),
    "a separator at the top and an end": ("# ours\n---\n" + TOP + BUILD + "...\n", []),
    # --- actions
    "misspelt key on line 17": (
        TOP + BUILD + DEPLOY.replace("service:", "servise:"),
        [(17 + 2, 7, "error", "unknown-key")],
    ),
    "misspelt key of an action": (
        TOP + BUILD + "    Dependson: []\n",
        [(9, 5, "error", "unknown-key")],
    ),
    "unknown key of an action": (TOP + BUILD + "    Retries: 3\n", [(9, 5, "warning", "unknown-key")]),
    "action without identifier": (
        TOP + "  Build:\n    Configuration: {}\n",
        [(4, 3, "error", "missing-key")],
    ),
    "action as a text": (TOP + "  Build: make\n", [(4, 3, "error", "wrong-type")]),
    "empty action": (TOP + "  Build:\n" + BUILD.replace("Build", "Test"), [(4, 3, "error", "wrong-type")]),
    "identifier misspelt": (
        TOP + BUILD.replace("aws/build", "aws/biuld"),
        [(5, 5, "warning", "unknown-identifier")],
    ),
    "identifier of AWS's that the guide does not have": (
        TOP + BUILD.replace("aws/build@v1", "aws/s3-deploy@v1"),
        [(5, 5, "warning", "unknown-identifier")],
    ),
    "identifier of a runner's beta": (
        TOP + BUILD.replace("aws/build@v1", "aws/github-actions-runner-beta@v1"),
        [(5, 5, "warning", "unknown-identifier")],
    ),
    "identifier of a beta, checked as what it is": (
        TOP + BUILD.replace("aws/build@v1", "aws/build-beta@v1").replace("Steps", "Step"),
        [(5, 5, "warning", "unknown-identifier"), (7, 7, "error", "unknown-key")],
    ),
    "identifier unknown": (
        TOP + BUILD.replace("aws/build", "acme/scan"),
        [(5, 5, "warning", "unknown-identifier")],
    ),
    "identifier without version": (
        TOP + BUILD.replace("@v1", ""),
        [(5, 5, "warning", "unknown-identifier")],
    ),
    "identifier of an unknown version": (
        TOP + BUILD.replace("@v1", "@v9"),
        [(5, 5, "warning", "unknown-identifier")],
    ),
    "name with a dot": (TOP + BUILD.replace("Build", "my.build"), [(4, 3, "error", "name-characters")]),
    "build without steps": (
        TOP + "  Build:\n    Identifier: aws/build@v1\n    Configuration: {}\n",
        [(6, 5, "error", "missing-key")],
    ),
    "build without configuration": (
        TOP + "  Build:\n    Identifier: aws/build@v1\n",
        [(4, 3, "error", "missing-key")],
    ),
    "step without run": (
        TOP + BUILD.replace("Run:", "Runn:"),
        [(8, 11, "error", "unknown-key")],
    ),
    "257 steps": (TOP + BUILD + "        - Run: make\n" * 256, [(7, 7, "error", "too-many")]),
    "deploy without region and cluster": (
        TOP + DEPLOY.replace("      region: us-east-1\n      cluster: shop\n", ""),
        [(11, 5, "error", "missing-key"), (11, 5, "error", "missing-key")],
    ),
    "deploy without environment": (
        TOP + re.sub("(?s)    Environment.*deploy\n    C", "    C", DEPLOY),
        [(4, 3, "error", "missing-environment")],
    ),
    "environment without name": (
        TOP + DEPLOY.replace("      Name: production\n", ""),
        [(6, 5, "error", "missing-key")],
    ),
    "two connections": (
        TOP + DEPLOY.replace("          Role: deploy\n", '          Role: deploy\n        - {Name: "1", Role: r}\n'),
        [(8, 7, "error", "too-many")],
    ),
    "a region that is none": (
        TOP + DEPLOY.replace("us-east-1", "us-east1"),
        [(12, 7, "warning", "region-name")],
    ),
    "blue/green without a group": (
        TOP + DEPLOY + "      codedeploy-appspec: appspec.yaml\n      codedeploy-application: shop\n",
        [(16, 7, "error", "codedeploy-trio")],
    ),
    "account id unquoted": (
        TOP + DEPLOY.replace('"111122223333"', "111122223333"),
        [(9, 11, "warning", "account-id")],
    ),
    "account id unquoted with a leading zero": (
        TOP + DEPLOY.replace('"111122223333"', "012345670123"),
        [(9, 11, "error", "account-id")],
    ),
    "account id unquoted in a variable": (
        TOP + BUILD + "    Inputs:\n      Variables:\n        - Name: ACCOUNT\n          Value: 111122223333\n",
        [(12, 11, "warning", "account-id")],
    ),
    "render with the sample's key": (
        TOP
        + "  Render:\n    Identifier: aws/ecs-render-task-definition@v1\n    Configuration:\n"
        + "      task-definition: t.json\n      container-name: web\n      image: i\n",
        [(8, 7, "warning", "unknown-key")],
    ),
    "deploy with a source and an artifact": (
        TOP
        + BUILD
        + "    Outputs:\n      Artifacts:\n        - Name: Task\n          Files: [t.json]\n"
        + DEPLOY
        + "    DependsOn: [Build]\n    Inputs:\n      Sources: [WorkflowSource]\n      Artifacts: [Task]\n",
        [(26, 5, "warning", "one-input")],
    ),
    "timeout in words": (TOP + BUILD + "    Timeout: long\n", [(9, 5, "error", "wrong-type")]),
    "timeout of half a minute": (TOP + BUILD + "    Timeout: 0.5\n", [(9, 5, "error", "wrong-type")]),
    "timeout of 61 minutes for a deployment": (
        TOP + DEPLOY + "    Timeout: 61\n",
        [(16, 5, "error", "timeout")],
    ),
    "timeout of 481 minutes for a build": (TOP + BUILD + "    Timeout: 481\n", [(9, 5, "error", "timeout")]),
    "timeout of 4 minutes": (TOP + BUILD + "    Timeout: 4\n", [(9, 5, "warning", "timeout")]),
    "51 actions": (
        TOP + "".join(action(f"Build-{i}") for i in range(51)),
        [(3, 1, "error", "too-many")],
    ),
    "two sources": (
        TOP + BUILD + "    Inputs:\n      Sources:\n        - A\n        - B\n",
        [(10, 7, "error", "too-many")],
    ),
    # --- artifacts and hints
    "artifact named by a region": (
        TOP + BUILD + "    Outputs:\n      Artifacts:\n        - Name: us-east-1\n          Files: ['*']\n",
        [(11, 11, "error", "artifact-name")],
    ),
    "artifact of two actions": (
        TOP
        + BUILD
        + "    Outputs:\n      Artifacts:\n        - Name: Out\n          Files: ['*']\n"
        + BUILD.replace("Build", "Again")
        + "    Outputs:\n      Artifacts:\n        - Name: Out\n          Files: ['*']\n",
        [(20, 11, "warning", "artifact-twice")],
    ),
    "artifacts as a map by their names: one fault, not two": (
        TOP
        + BUILD
        + "    Outputs:\n      Artifacts:\n        Out:\n          Files: ['*']\n"
        + BUILD.replace("Build", "Use")
        + "    Inputs:\n      Artifacts: [Out]\n",
        [(10, 7, "error", "wrong-type")],
    ),
    "artifact that nobody makes": (
        TOP + BUILD + "    Inputs:\n      Artifacts:\n        - Out\n",
        [(11, 11, "error", "unknown-artifact")],
    ),
    "artifact of an action not named in DependsOn, as in the guide": (
        TOP
        + BUILD
        + "    Outputs:\n      Artifacts:\n        - Name: Out\n          Files: ['*']\n"
        + BUILD.replace("Build", "Use")
        + "    Inputs:\n      Artifacts:\n        - Out\n",
        [],
    ),
    "variable without value, as in AWS's own solutions": (
        TOP + BUILD + "    Inputs:\n      Variables:\n        - Name: REGION\n",
        [(11, 11, "warning", "missing-key")],
    ),
    "parameters one level down, as in AWS's own blueprints": (
        TOP
        + "  Deploy:\n    Identifier: aws/cfn-deploy@v1\n    Environment: {Name: production}\n    Configuration:\n"
        + "      Parameters:\n        name: shop\n        regoin: us-east-1\n        template: t.yaml\n",
        [(8, 7, "warning", "unknown-key"), (10, 9, "error", "unknown-key")],
    ),
    "cycle through an artifact": (
        TOP
        + action("Make", "Use")
        + "    Outputs:\n      Artifacts:\n        - Name: Out\n          Files: ['*']\n"
        + BUILD.replace("Build", "Use")
        + "    Inputs:\n      Artifacts:\n        - Out\n",
        [(10, 9, "error", "dependency-cycle")],
    ),
    "a hint that is no number": (
        TOP + BUILD + "    Inputs:\n      Variables:\n        - Name: BAKE_MINUTES\n          Value: an hour\n",
        [(11, 11, "error", "bake-hint")],
    ),
    "a negative hint": (
        TOP + BUILD + "    Inputs:\n      Variables:\n        - Name: BAKE_MINUTES\n          Value: -1\n",
        [(11, 11, "error", "bake-hint")],
    ),
    "a hint that names no region": (
        TOP
        + BUILD
        + "    Inputs:\n      Variables:\n        - Name: DEPLOYS_REGION\n          Value: us-east-1, us-west-2\n",
        [(11, 11, "error", "region-hint")],
    ),
    "a hint that contradicts the configuration": (
        TOP + DEPLOY + "    Inputs:\n      Variables:\n        - Name: DEPLOYS_REGION\n          Value: us-west-2\n",
        [(18, 11, "error", "region-hint")],
    ),
    # --- approvals
    "three approvals": (
        TOP + GATE + "    Configuration:\n      ApprovalsRequired: 3\n",
        [(7, 7, "error", "approvals-required")],
    ),
    "approvals in words": (
        TOP + GATE + "    Configuration:\n      ApprovalsRequired: one\n",
        [(7, 7, "error", "wrong-type")],
    ),
    "approval with inputs": (TOP + GATE + "    Inputs: {}\n", [(6, 5, "warning", "gate-key")]),
    "approval beside a build": (TOP + GATE + BUILD, [(4, 3, "warning", "approval-beside")]),
    # --- groups
    "group without actions": (
        TOP + BUILD + "  Wave:\n    Actions: {}\n",
        [(9, 3, "error", "empty-group")],
    ),
    "group in a group": (
        TOP + group("Outer", group("Inner", BUILD)),
        [(6, 7, "error", "nested-group")],
    ),
    "entry with identifier and actions": (
        TOP + BUILD + "    Actions: {}\n",
        [(4, 3, "error", "group-or-action")],
    ),
    "unknown key of a group": (
        TOP + group("Wave", BUILD) + "    Compute: {}\n",
        [(11, 5, "warning", "unknown-key")],
    ),
    "misspelt key of a group": (
        TOP + group("Wave", BUILD) + "    Dependson: []\n",
        [(11, 5, "error", "unknown-key")],
    ),
    "the same name in two groups": (
        TOP + group("One", BUILD) + group("Two", BUILD),
        [(13, 7, "warning", "action-name-twice")],
    ),
    # --- dependencies
    "unknown dependency": (TOP + action("Test", "Biuld") + BUILD, [(10, 9, "error", "unknown-dependency")]),
    "51 dependencies": (
        TOP + BUILD + action("Test", *["Build"] * 51),
        [(14, 5, "error", "too-many")] + [(i, 9, "warning", "dependency-twice") for i in range(16, 66)],
    ),
    "dependency on itself": (TOP + action("Test", "Test"), [(10, 9, "error", "self-dependency")]),
    "dependency on its own group": (
        TOP + group("Wave", action("Test", "Wave")),
        [(12, 13, "error", "self-dependency")],
    ),
    "dependency named twice": (
        TOP + BUILD + action("Test", "Build", "Build"),
        [(16, 9, "warning", "dependency-twice")],
    ),
    "cycle of three": (
        TOP + action("A", "C") + action("B", "A") + action("C", "B"),
        [(10, 9, "error", "dependency-cycle")],
    ),
    "cycle of groups": (
        TOP + group("One", BUILD, "Two") + group("Two", action("Test"), "One"),
        [(6, 9, "error", "dependency-cycle")],
    ),
    "action in a group that names a top-level entry": (
        TOP + BUILD + group("Wave", action("Test", "Build")),
        [(17, 13, "warning", "dependency-level")],
    ),
    "action in a group that names an empty group": (
        TOP + "  Empty:\n    Actions: {}\n" + group("Wave", action("Test", "Empty")),
        [(4, 3, "error", "empty-group"), (14, 13, "warning", "dependency-level")],
    ),
    "top-level action that names a group's action": (
        TOP + group("Wave", BUILD) + action("Test", "Build"),
        [(17, 9, "warning", "dependency-level")],
    ),
}
