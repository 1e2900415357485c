"""What waves buy and what they don't, told from measured numbers: the claims of the notebook `1-why-waves`.

Each function takes what an experiment gave and returns a lesson: a sentence made from the numbers, whether they bear
the claim out, and a picture. Everything public is here; the files behind it may move. Not here: the experiments, which
the notebook makes with `simulation` itself.
"""

from simulation.lessons.claims import (
    after_the_alarm,
    before_the_alarm,
    blind,
    common_cause,
    dilute_canary,
    less_baking,
    office_hours,
    partners_apart,
    too_small,
)
from simulation.lessons.lesson import Lesson
from simulation.lessons.varied import Curves, varied

__all__ = [
    "Curves",
    "Lesson",
    "after_the_alarm",
    "before_the_alarm",
    "blind",
    "common_cause",
    "dilute_canary",
    "less_baking",
    "office_hours",
    "partners_apart",
    "too_small",
    "varied",
]
