"""False alarms: how many are counted, and for how long regions are taken to have been watched for them.

Not here: how far draws of their rate are from the truth over many fits (``test_calibration``).
"""

import math

import numpy as np

from history.fitting.judged import exposure, judged
from history.fitting.past import Past
from tests.history.fitting.calibration import MINUTES, PLAN, base, scenario
from tests.history.fitting.test_late import SHARES
from tests.history.fitting.twins import twin

RATE = 3.0  # a day and region


def test_they_come_as_often_as_regions_were_watched_for_them():
    """Two of three ring while an approval is waited for, hours after the last deployment; of a bad change none counts.

    So counts and exposure belong together: their difference is a martingale, of variance the exposure times the rate.
    """
    known = scenario({name: (median, 0.5) for name, median in MINUTES.items()}, SHARES | {"false": RATE}, 500.0)
    past = Past(twin(PLAN, known.replace(approval_wait=400.0), 7, 300), base(), {"*": PLAN})
    own = judged(past, True)
    took, row = exposure(past, own)
    wanted = RATE * took.sum() / 1440.0
    waited = own.false & (past.at("alarm_at") > past.at("ended_at") + 60.0)
    assert own.false.sum() > waited.sum() > 50 and (own.bad & np.isfinite(own.harm)).sum() > 30
    assert abs(own.false.sum() - wanted) < 4.9 * math.sqrt(wanted)
    assert not took[np.isfinite(own.harm)[row]].any()  # harm began with the traffic
