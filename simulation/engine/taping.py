"""A tape laid out as the arrays that the compiled engine reads.

Not here: what a tape is (``simulation.tape``), the compiled code that takes it (``tape``).
"""

import numpy as np
from numpy.typing import NDArray

from simulation.draws import REGION
from simulation.engine import layout
from simulation.tape import Tape

_ALL = {
    "build": layout.T_BUILD,
    "build_failure": layout.T_BUILD_FAILURE,
    "push": layout.T_PUSH,
    "handover": layout.T_HANDOVER,
    "approval_wait": layout.T_WAIT,
    "rejection": layout.T_REJECTION,
    "deploy": layout.T_DEPLOY,
    "deploy_failure": layout.T_FAILURE,
    "hit": layout.T_HIT,
    "false_alarm": layout.T_FALSE,
}
_CHANGE = {
    "reaction": layout.M_REACTION,
    "report": layout.M_REPORT,
    "complaint": layout.M_COMPLAINT,
    "reaction_off_hours": layout.M_NIGHT,
}
_REGION = {
    "evidence": layout.M_EVIDENCE,
    "lag": layout.M_LAG,
    "rollback": layout.M_ROLLBACK,
    "rollback_failure": layout.M_FAILS,
    "manual_recovery": layout.M_MANUAL,
}
_FAULT = {
    "severity": layout.M_SEVERITY,
    "seen_by_alarms": layout.M_BY_ALARMS,
    "seen_by_check": layout.M_BY_CHECK,
    "seen_by_reviewer": layout.M_BY_REVIEWER,
    "onset": layout.M_ONSET,
}
_ATTEMPT = {
    "deploy": layout.TRY_MINUTES,
    "deploy_failure": layout.TRY_FAILS,
    "failed_deploy": layout.TRY_FAILED_MINUTES,
}


def pack_tape(tape: Tape) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lay a tape out as arrays: places, int64 (A, 4): target, index, occurrence, slot; and values, (A, trials)."""
    places = [_place(*address) for address in tape.columns]
    values = [*tape.columns.values()] or [np.zeros(len(tape.trials))]
    return np.array(places, dtype=np.int64).reshape(-1, 4), np.ascontiguousarray(np.stack(values))


def _place(purpose: str, kind: int, index: int, occurrence: int) -> tuple[int, int, int, int]:
    if purpose in _ATTEMPT and (occurrence > 0 or purpose == "failed_deploy"):
        return layout.T_ATTEMPT, index, occurrence, int(_ATTEMPT[purpose])
    if purpose == "hit" and kind == REGION:
        return layout.T_OWN_HIT, index, occurrence, 0
    for target, slots in ((layout.T_CHANGE, _CHANGE), (layout.T_REGION, _REGION)):
        if purpose in slots:
            return target, index, occurrence, int(slots[purpose])
    if purpose in _FAULT:
        return (layout.T_OWN_FAULT if kind == REGION else layout.T_FAULT), index, occurrence, int(_FAULT[purpose])
    return _ALL[purpose], index, occurrence, 0
