"""`wavecast write`: a plan as a complete pipeline of another system.

Not here: what a system can say and how it is written (``waves.pipelines``).
"""

import os
from typing import Any

import click

from wavecast.plans import Reading, read_plan
from wavecast.terminal import fault, warn
from wavecast.verbs.options import Named, workflow_options
from waves import SYSTEMS, InputError, Target, write_pipeline
from waves.files.documents import write_text

HELP = """Write a plan as a complete pipeline: build once, render, deploy, bakes, approvals, in the plan's order.

PLAN is a plan file, a sample, or a pipeline of another system. The pipeline waits until every service is stable, passes
`wavecast check`, and reads back as the same plan. What a system cannot say stands in a comment at its top and on
standard error, or is refused where the pipeline would deploy more or sooner than the plan allows.

\b
Examples:
  wavecast write plan.yaml --to github-actions --service web > deploy.yml
  wavecast write plan.yaml --to codecatalyst --task-definition {region}.json --replicated
  wavecast write plan.yaml --to codepipeline --out pipeline.json --connection ARN

\b
Exit codes:
  0  written
  2  a plan that cannot be read, or that the system cannot run
"""

_DEFAULTS = Target()


@click.command(help=HELP)
@click.argument("plan", metavar="PLAN")
@click.option("--to", required=True, type=click.Choice(list(SYSTEMS)), help="The system.")
@click.option("--out", metavar="FILE", help="A file in the place of standard output; .json for CodePipeline's JSON.")
@click.option("--service", default=_DEFAULTS.service, show_default=True, metavar="NAME", help="The ECS service.")
@click.option("--cluster", default=_DEFAULTS.cluster, show_default=True, metavar="NAME", help="Its cluster.")
@click.option(
    "--container", default=_DEFAULTS.container, show_default=True, metavar="NAME", help="The container of the image."
)
@click.option(
    "--repository", default=_DEFAULTS.repository, show_default=True, metavar="NAME", help="The image's ECR repository."
)
@click.option("--account", default=_DEFAULTS.account, show_default=True, metavar="ID", help="The AWS account.")
@click.option("--primary", default="", metavar="REGION", help="Where the image is built; the first region if left out.")
@click.option(
    "--task-definition",
    default=_DEFAULTS.task_definition,
    show_default=True,
    metavar="PATH",
    help="In the source; with {region} in it, one for each region.",
)
@click.option("--replicated", is_flag=True, help="ECR replicates the image, and each region pulls its own copy.")
@click.option(
    "--build",
    "builds",
    multiple=True,
    type=Named("REGION=COMMAND, such as us-east-1='make assets'"),
    metavar="REGION=COMMAND",
    help="What only this region builds; kept apart from the common build.",
)
@click.option("--branch", default=_DEFAULTS.branch, show_default=True, metavar="NAME", help="Its pushes start it.")
@click.option(
    "--alarm", default="", metavar="NAME", help="What is watched in every region; SERVICE-errors if left out."
)
@click.option("--source", default=_DEFAULTS.source, show_default=True, metavar="OWNER/NAME", help="For CodePipeline.")
@click.option("--connection", default="", metavar="ARN", help="For CodePipeline: the connection to the source.")
@workflow_options
def write(
    plan: str, to: str, out: str | None, builds: tuple[tuple[str, str], ...], reading: Reading, **options: Any
) -> int:
    """See HELP."""
    found = read_plan(plan, **reading)
    warn(found.notes)
    try:
        as_json = out is not None and os.path.splitext(out)[1].lower() == ".json"
        written = write_pipeline(found, to, Target(builds=dict(builds), **options), as_json=as_json)
    except InputError:
        raise  # it has a line for each fault already
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if out is None:
        click.echo(written.text, nl=False)
    else:
        write_text(written.text, out)
    for remark in written.said.remarks:
        fault(f"{found.origin}: warning: {remark}; a comment says so [cannot-say]")
    return 0
