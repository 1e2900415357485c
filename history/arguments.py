"""What a fit, a back test and a replay are given: rollouts, a scenario, and the plans that rollouts went by.

Not here: numbers (`simulation.arguments`), what is made of them.
"""

from collections.abc import Mapping
from typing import Any

from history.joining import Rollouts
from simulation import Scenario
from waves import Plan


def plans_given(used: Any) -> dict[str, Plan]:
    """Return the plans that rollouts went by, by service, `*` for all others.

    Parameters
    ----------
    used
        A plan, or that of each service; nothing, where nobody says.

    Raises
    ------
    ValueError
        For anything else.
    """
    found = {"*": used} if isinstance(used, Plan) else used or {}
    if not isinstance(found, Mapping):
        raise ValueError(f"used is {found!r}; give a Plan, or a mapping of services to plans")
    for service, plan in found.items():
        if not isinstance(plan, Plan):
            raise ValueError(f"used: of {service!r} it is {plan!r}; give a Plan, such as waves.Plan.read(…)")
    return dict(found)


def check_given(rollouts: Any, scenario: Any) -> None:
    """Refuse what is not joined rollouts, and no scenario.

    Raises
    ------
    ValueError
        For a store's path, or a scenario's name, too.
    """
    if not isinstance(rollouts, Rollouts):
        raise ValueError(f"rollouts is {_shown(rollouts)}; give what history.rollouts(store, fleet=…) joined")
    check_scenario(scenario)


def check_scenario(scenario: Any) -> None:
    """Refuse what is no scenario.

    Raises
    ------
    ValueError
        For a scenario's name, too.
    """
    if not isinstance(scenario, Scenario):
        raise ValueError(f"scenario is {_shown(scenario)}; give a Scenario, such as simulation.Scenario.read(…)")


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) else f"a {type(value).__name__}"
