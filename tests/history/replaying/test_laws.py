"""How likely values are: of every distribution that there is, against its own quantiles.

Not here: the quantiles (`tests/simulation/test_distributions.py`).
"""

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter
from scipy import integrate

from history.replaying.laws import density, discrete, tail, value
from simulation.distributions import FAMILIES, Distribution, Family

U = np.linspace(0.01, 0.99, 99)
RULES = [TypeAdapter(Distribution).validate_python(yaml.safe_load(each.shown.written)) for each in FAMILIES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.family)
def test_tails_and_densities_are_those_of_the_quantiles(rule):
    """P(X > x) at the quantile of u is 1 − u, or, where values are single, is what is left just beyond."""
    x = rule.quantile(U)
    np.testing.assert_allclose(value(rule, U), x, rtol=1e-4)
    assert tail(rule, np.array([-1.0]))[0] == 1.0
    if discrete(rule):
        assert (tail(rule, x) <= 1 - U + 1e-12).all() and (tail(rule, x - 1e-9) >= 1 - U - 1e-12).all()
        return
    np.testing.assert_allclose(tail(rule, x), 1 - U, atol=1e-4)
    for low, high in ((x[9], x[49]), (x[49], x[89])):
        inside, _ = integrate.quad(lambda t: float(density(rule, np.array([t]))[0]), low, high)
        assert inside == pytest.approx(0.4, abs=1e-3)


def test_a_distribution_that_nobody_entered_is_refused():
    class Strange(Family):
        family: str = "strange"

    for known in (tail, density):
        with pytest.raises(TypeError, match="is known of strange; add it in history/replaying/laws.py"):
            known(Strange(), np.array([1.0]))
