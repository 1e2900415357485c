"""What would happen: scenarios, draws, the rollout model, outcomes and analyses.

Everything public is here; the files behind it may move.
"""

from simulation.analysis.canary import least_traffic
from simulation.analysis.compare import Comparison, compare
from simulation.analysis.dora import from_dora
from simulation.analysis.duel import Choice, Duel, duel, manner, typical_change, typical_defect
from simulation.analysis.gate import gate
from simulation.analysis.limits import Judgement, Limit, judge, parse_limits
from simulation.analysis.parts import Parts, waves_or_minutes
from simulation.analysis.sensitivity import Sensitivity, sensitivity
from simulation.analysis.time_spent import time_spent
from simulation.analysis.trace import RegionStory, Trace, trace
from simulation.analysis.turning import BreakEven
from simulation.analysis.verdict import read_verdict, verdict, write_verdict
from simulation.boards.making import board, still_board
from simulation.boards.state import Board
from simulation.closed_forms.exact import Exact, exact
from simulation.columns import OUTCOMES, SHIPPED, Row
from simulation.distributions import Constant, Distribution, Empirical, Exponential, Gamma, Lognormal, Weibull
from simulation.draws import Defect, Draws, World
from simulation.model import Rollout
from simulation.rare_events.rare import Rare, rare
from simulation.results.figures import FIGURES
from simulation.results.outcomes import Outcomes
from simulation.results.service import Service
from simulation.results.statistics import Estimate
from simulation.results.tally import Tally
from simulation.running.run import run, run_all
from simulation.running.sweep import Sweep, sweep
from simulation.scenario import Fault, Label, RegionValues, Scenario, sample
from simulation.searching.found import PlanFront
from simulation.searching.provable import ExactFront, exact_front
from simulation.searching.search import NoPlan, search
from simulation.setting import Setting, Site, setting
from simulation.tape import Address, Tape

__all__ = [
    "FIGURES",
    "OUTCOMES",
    "SHIPPED",
    "Address",
    "Board",
    "BreakEven",
    "Choice",
    "Comparison",
    "Constant",
    "Defect",
    "Distribution",
    "Draws",
    "Duel",
    "Empirical",
    "Estimate",
    "Exact",
    "ExactFront",
    "Exponential",
    "Fault",
    "Gamma",
    "Judgement",
    "Label",
    "Limit",
    "Lognormal",
    "NoPlan",
    "Outcomes",
    "Parts",
    "PlanFront",
    "Rare",
    "RegionStory",
    "RegionValues",
    "Rollout",
    "Row",
    "Scenario",
    "Sensitivity",
    "Service",
    "Setting",
    "Site",
    "Sweep",
    "Tally",
    "Tape",
    "Trace",
    "Weibull",
    "World",
    "board",
    "compare",
    "duel",
    "exact",
    "exact_front",
    "from_dora",
    "gate",
    "judge",
    "least_traffic",
    "manner",
    "parse_limits",
    "rare",
    "read_verdict",
    "run",
    "run_all",
    "sample",
    "search",
    "sensitivity",
    "setting",
    "still_board",
    "sweep",
    "time_spent",
    "trace",
    "typical_change",
    "typical_defect",
    "verdict",
    "waves_or_minutes",
    "write_verdict",
]


def __dir__() -> list[str]:
    """Return the public names: completion offers no files."""
    return __all__
