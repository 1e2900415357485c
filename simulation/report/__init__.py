"""What the report says: a sentence to every figure, the tables, the caveats; all of it as HTML, with names escaped.

Everything public is here; the files behind it may move. Not here: pictures (``simulation.plots``), the verdict's file
(``simulation.verdict``).
"""

from simulation.report.asked import budget, exposure, strata, worst
from simulation.report.caveats import horizon, left_out
from simulation.report.choosing import answers, begin_turns, flips, picture_of_parts, picture_of_turns
from simulation.report.html import Html, spot
from simulation.report.lived import as_lived, see_time
from simulation.report.playing import begin_board, board
from simulation.report.regrets import regrets
from simulation.report.sentences import (
    picture_of_change,
    see_change,
    see_comparison,
    see_differences,
    see_distributions,
    see_outcomes,
    see_plans,
    see_regions,
    typical_change,
)
from simulation.report.tables import assumptions, faults, limits, opening, rules, side_by_side

__all__ = [
    "Html",
    "answers",
    "as_lived",
    "assumptions",
    "begin_board",
    "begin_turns",
    "board",
    "budget",
    "exposure",
    "faults",
    "flips",
    "horizon",
    "left_out",
    "limits",
    "opening",
    "picture_of_change",
    "picture_of_parts",
    "picture_of_turns",
    "regrets",
    "rules",
    "see_change",
    "see_comparison",
    "see_differences",
    "see_distributions",
    "see_outcomes",
    "see_plans",
    "see_regions",
    "see_time",
    "side_by_side",
    "spot",
    "strata",
    "typical_change",
    "worst",
]
