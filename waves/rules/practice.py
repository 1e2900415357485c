"""What a plan and its fleet show together: regions that are not there, partners in one wave, waves out of proportion.

Nobody has to write these down; what a plan says to no effect is here, too. Not here: the rules of a team (``written``),
what is wrong with a file by itself (``plan``, ``fleet``, ``pipelines``), what may happen (``simulation``).
"""

from collections.abc import Iterator

from waves.files.documents import Finding, Where
from waves.fleet import Fleet
from waves.plan import Plan

# AWS's own rule for pipelines that fan out over regions: 1 in the first stage, then at most 3 × all before.
FIRST_STAGE = 1
GROWTH = 3

Row = tuple[Where, str, str]


def plan_findings(plan: Plan, fleet: Fleet) -> list[Finding]:
    """Hold a plan against the fleet that it is for.

    Parameters
    ----------
    plan
        Read from a plan file or a workflow, its findings have the lines of that file.
    fleet
        Whose regions, traffic and failover partners count.

    Returns
    -------
    list of Finding
        In the order of the file. Errors: regions that the fleet does not have (``unknown-region``). Warnings: failover
        partners in one wave (``failover-together``), a first wave with more traffic than all the rest
        (``first-wave-heavy``), more regions in a wave than AWS's rule for fanning out allows (``fan-out``: 1 in the
        first wave, in each later one at most 3 × all before), regions that no wave has (``region-left-out``).
    """
    found = plan.input_error(plan.strangers(fleet)).findings
    found += tuple(plan.remark(*row, severity="warning") for row in doubtful(plan, fleet))
    return sorted(found)


def doubtful(plan: Plan, fleet: Fleet) -> list[Row]:
    """Return what good practice says against a plan, each with its place in the plan; see `plan_findings`."""
    return [*_together(plan, fleet), *_heavy(plan, fleet), *_fan_out(plan), *_left_out(plan, fleet)]


def idle_findings(plan: Plan) -> list[Finding]:
    """Return what a plan says to no effect, whatever its fleet: warnings.

    Parameters
    ----------
    plan
        Its findings have the lines of its file.

    Returns
    -------
    list of Finding
        So many failures tolerated that no deployment can end the pipeline (``failures-unlimited``).
    """
    if plan.failures_tolerated < len(plan.regions):
        return []
    message = (
        f"max_failed_regions is {plan.max_failed_regions}, and the plan has {len(plan.regions)} regions: however many "
        "deployments fail, the pipeline goes on, and on_deploy_failure has no effect; give fewer"
    )
    return [plan.remark(("max_failed_regions",), message, "failures-unlimited", "warning")]


def _together(plan: Plan, fleet: Fleet) -> Iterator[Row]:
    for w, wave in enumerate(plan.waves):
        for pair in fleet.pairs:
            if set(pair) <= set(wave.regions):
                first, second = sorted(pair, key=wave.regions.index)
                message = (
                    f"{first} and {second} are failover partners, and both are in wave {w + 1}: a bad change can take "
                    "the one and its substitute at once; put them into different waves"
                )
                yield ("waves", w, "regions", wave.regions.index(second)), message, "failover-together"


def _heavy(plan: Plan, fleet: Fleet) -> Iterator[Row]:
    shares = [sum(100 * fleet.shares.get(region, 0.0) for region in wave.regions) for wave in plan.waves]
    first, rest = shares[0], sum(shares[1:])
    if first > rest:
        others = f"the waves after it {rest:.3g} %" if len(plan.waves) > 1 else "and no wave comes after it"
        met = "most of the requests" if first > 50 else "most of the requests that the plan can spoil"
        message = (
            f"the first wave carries {first:.3g} % of the fleet's traffic, {others}: a bad change meets {met} at once; "
            "begin with less traffic"
        )
        yield ("waves", 0), message, "first-wave-heavy"


def _fan_out(plan: Plan) -> Iterator[Row]:
    before = 0
    for w, count in enumerate(plan.shape):
        most = GROWTH * before if w else FIRST_STAGE
        if count > most:
            why = f"{GROWTH} × the {before} before it" if w else "for the first wave"
            message = f"wave {w + 1} has {count} regions; AWS's rule for fanning out allows {most} ({why}); split it"
            yield ("waves", w), message, "fan-out"
        before += count


def _left_out(plan: Plan, fleet: Fleet) -> Iterator[Row]:
    missing = [name for name in fleet.names if name not in plan.regions]
    if missing:
        share = 100 * sum(fleet.shares[name] for name in missing)
        it = "it" if len(missing) == 1 else "them"
        listed = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
        message = (
            f"{listed} ({share:.3g} % of the fleet's traffic) would keep the old version, as no wave has {it}; "
            f"give {it} a wave, unless that is meant"
        )
        yield ("waves",), message, "region-left-out"
