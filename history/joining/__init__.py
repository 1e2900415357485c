"""From regional deployments to rollouts: which were one, in which waves, with what outcome, and how sure that is.

Not here: collecting them (`history.sources`), worlds that fit them, scenarios fitted to them.
"""

from history.joining.join import rollouts
from history.joining.places import UnmappedPlaces
from history.joining.result import Rollouts
from history.joining.seen import seen_fleet, seen_services

__all__ = ["Rollouts", "UnmappedPlaces", "rollouts", "seen_fleet", "seen_services"]
