"""How an ECS deployment was configured: canary, linear steps, breaker and alarm switches, hooks.

Not here: what became of it (`history.sources.ecs`).
"""

from typing import Any

from history.sources._answers import maybe, raw


def configured(settings: dict[str, Any], what: str) -> dict[str, Any]:
    """Return the columns of a deployment that its `deploymentConfiguration` fills.

    Parameters
    ----------
    settings : dict
        The `deploymentConfiguration` of an answer; empty where there is none.
    what : str
        The call, for messages.

    Raises
    ------
    Malformed
        Where something is of another type than AWS documents.
    """
    canary = maybe(settings, "canaryConfiguration", dict, what) or {}
    linear = maybe(settings, "linearConfiguration", dict, what) or {}
    breaker = maybe(settings, "deploymentCircuitBreaker", dict, what) or {}
    alarms = maybe(settings, "alarms", dict, what) or {}
    hooks = maybe(settings, "lifecycleHooks", list, what) or []
    return {
        "canary_percent": _number(canary, "canaryPercent", what),
        "canary_bake_minutes": maybe(canary, "canaryBakeTimeInMinutes", int, what),
        "linear_step_percent": _number(linear, "stepPercent", what),
        "linear_step_bake_minutes": maybe(linear, "stepBakeTimeInMinutes", int, what),
        "breaker_enabled": maybe(breaker, "enable", bool, what),
        "breaker_rollback": maybe(breaker, "rollback", bool, what),
        "alarms_enabled": maybe(alarms, "enable", bool, what),
        "alarms_rollback": maybe(alarms, "rollback", bool, what),
        "hooks": raw([_hook(each) for each in hooks if isinstance(each, dict)]),
    }


def _number(item: dict[str, Any], key: str, what: str) -> float | None:
    value = item.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return maybe(item, key, float, what)


def _hook(hook: dict[str, Any]) -> dict[str, Any]:
    """Keep what a hook does and when; its details may hold anything, secrets too."""
    kept = ("targetType", "hookTargetArn", "lifecycleStages", "timeoutConfiguration")
    return {key: hook[key] for key in kept if hook.get(key) is not None}
