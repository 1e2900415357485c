"""GitHub Actions workflows that deploy to AWS."""

from waves.pipelines.github_actions.system import SYSTEM

__all__ = ["SYSTEM"]
