"""The shell lines that written pipelines share: waiting until services are stable, watching an alarm for a bake."""

import shlex
from collections.abc import Sequence

from waves.pipelines.target import Target

WATCH = """\
end=$(( $(date +%s) + $(awk "BEGIN { print int(60 * $BAKE_MINUTES) }") ))
while [ "$(date +%s)" -lt "$end" ]; do
  for region in $REGIONS; do
    state=$(aws cloudwatch describe-alarms --region "$region" --alarm-names {alarm} \\
      --query 'MetricAlarms[0].StateValue' --output text)
    case "$state" in
      OK|INSUFFICIENT_DATA) ;;
      ALARM) echo "{alarm} rings in $region"; exit 1 ;;
      *) echo "there is no alarm {alarm} in $region"; exit 1 ;;
    esac
  done
  sleep 30
done
"""


def watch(target: Target) -> str:
    """Return a script that fails as soon as the alarm rings in one of $REGIONS within $BAKE_MINUTES."""
    return WATCH.replace("{alarm}", shlex.quote(target.alarm_name))


def stable(target: Target, regions: Sequence[str]) -> list[str]:
    """Return commands that wait until the service is stable in each region; each fails after ten minutes."""
    where = f"--cluster {shlex.quote(target.cluster)} --services {shlex.quote(target.service)}"
    return [f"aws ecs wait services-stable --region {shlex.quote(region)} {where}" for region in regions]


def copied(target: Target, region: str, tag: str) -> str:
    """Return a command that waits until ECR has copied the image into a region."""
    image = f"--repository-name {shlex.quote(target.repository)} --image-ids imageTag={tag}"
    return f"until aws ecr describe-images --region {region} {image}; do sleep 10; done"


def slug(region: str) -> str:
    """Return a region's name as a part of an identifier."""
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in region)
