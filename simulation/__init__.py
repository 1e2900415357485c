"""What would happen: scenarios, draws, the rollout model, outcomes and analyses.

Everything public is here; the files behind it may move.
"""

from simulation._exact import Exact, exact
from simulation._rare import Rare, rare
from simulation._run import run, run_all
from simulation._setting import Setting, Site, setting
from simulation._sweep import Sweep, sweep
from simulation._trace import RegionStory, Trace, trace
from simulation._verdict import gate, read_verdict, verdict, write_verdict
from simulation.analysis.compare import Comparison, compare
from simulation.analysis.duel import Duel, duel, manner, typical_defect
from simulation.distributions import Constant, Distribution, Empirical, Exponential, Gamma, Lognormal, Weibull
from simulation.draws import Defect, Draws, World
from simulation.figures import FIGURES
from simulation.limits import Judgement, Limit, judge, parse_limits
from simulation.measure import OUTCOMES, SHIPPED, Row
from simulation.model import Rollout
from simulation.outcomes import Outcomes
from simulation.scenario import Fault, Label, RegionValues, Scenario, sample
from simulation.statistics import Estimate
from simulation.tally import Tally

__all__ = [
    "FIGURES",
    "OUTCOMES",
    "SHIPPED",
    "Comparison",
    "Constant",
    "Defect",
    "Distribution",
    "Draws",
    "Duel",
    "Empirical",
    "Estimate",
    "Exact",
    "Exponential",
    "Fault",
    "Gamma",
    "Judgement",
    "Label",
    "Limit",
    "Lognormal",
    "Outcomes",
    "Rare",
    "RegionStory",
    "RegionValues",
    "Rollout",
    "Row",
    "Scenario",
    "Setting",
    "Site",
    "Sweep",
    "Tally",
    "Trace",
    "Weibull",
    "World",
    "compare",
    "duel",
    "exact",
    "gate",
    "judge",
    "manner",
    "parse_limits",
    "rare",
    "read_verdict",
    "run",
    "run_all",
    "sample",
    "setting",
    "sweep",
    "trace",
    "typical_defect",
    "verdict",
    "write_verdict",
]
