"""Every picture of Wavecast: single rollouts, plans, and the outcomes of many rollouts.

Each function returns a figure whose title says what to see; importing this draws nothing and changes no global state.
Everything public is here; the files behind it may move.
"""

from simulation.plots._calendar import calendar
from simulation.plots._cloud import cloud
from simulation.plots._compare import compare
from simulation.plots._curves import curves
from simulation.plots._differences import differences
from simulation.plots._distributions import distributions
from simulation.plots._duel import duel
from simulation.plots._figures import figures
from simulation.plots._front import front
from simulation.plots._outcome_shares import outcome_shares
from simulation.plots._plans import plans
from simulation.plots._regions import regions
from simulation.plots._sensitivity import parts, tornado
from simulation.plots._time_spent import time_spent
from simulation.plots._timeline import timeline
from simulation.plots.showing import offered
from simulation.plots.style import Picture, alt

__all__ = [
    "Picture",
    "alt",
    "calendar",
    "cloud",
    "compare",
    "curves",
    "differences",
    "distributions",
    "duel",
    "figures",
    "front",
    "offered",
    "outcome_shares",
    "parts",
    "plans",
    "regions",
    "time_spent",
    "timeline",
    "tornado",
]
