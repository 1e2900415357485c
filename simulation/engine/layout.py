"""Everything that the compiled engine reads and writes, by name: arrays, their columns, and codes.

Letters mean one thing each: trial i of a block, region r of the fleet, fault f, wave or gate g, plan n, position `pos`
in its order, instant t.

Not here: how plans and scenarios become these arrays (``packing``), the code that works on them (``kernel`` and what
it calls).
"""

from typing import Any, NamedTuple

import numpy as np

# Codes.
ROLLING, BLUE_GREEN, STEPS = range(3)  # strategies; from STEPS on, one for each list of steps
COMPLETED, ESCAPED, CAUGHT, FALSE_ALARM, DEPLOY_FAILED, REJECTED, BUILD_FAILED = range(7)  # outcomes, as `OUTCOMES`
UNDECIDED = -1  # no outcome yet
HEALTHY, WRONG, BUILD_FAILS = range(3)  # `Block.state`: bits, so that from BUILD_FAILS on the build fails
DEPLOYS, FAILS, ALWAYS_FAILS = range(3)  # `Block.fails`: a fault makes retries fail, too
HAS_FAILED = 1e300  # `D_START` of a region whose failure counts: no instant
SOUND = -1  # `Block.fault`, where there is no defect
ROLLBACK_ALL, ROLLBACK_WAVE, ROLLBACK_REGION, HALT_ONLY = range(4)  # `Plans.on_alarm`
ANYTIME = -1  # `Plans.calendar`, where there is none
AT_ALARMS, AFTER_ALL = 1, 5  # ranks of a true alarm: that of ``agenda``, and below all that happens at the same instant

# Columns of what is packed.
FAMILY = 0  # of `rules`; then its parameters
BUILD, REACTION, REPORT, HANDOVER, APPROVAL_WAIT, COMPLAINT, NIGHT = range(7)  # of `change_rules`
BUILD_FAILURE, REJECTION = range(2)  # of `change_chances`
DEPLOY, EVIDENCE, LAG, ROLLBACK, MANUAL, FALSE, FAILED_DEPLOY = range(7)  # of `region_rules`
DEPLOY_FAILURE, ROLLBACK_FAILURE = range(2)  # of `region_chances`
SEVERITY, ONSET = range(2)  # of `fault_rules`
HIT, BY_ALARMS, BY_CHECK, BY_REVIEWER = range(4)  # of `fault_chances`
SHARE, HELD = range(2)  # of each of `steps`
OPENS, CLOSES = range(2)  # of `spans` and `staffed`

# Slots of what a trial remembers: of the change in `memo`, of each region in `region_memo`. These, and the addresses
# below, are of NumPy's type: of Python's, Numba would compile what they are handed to anew for each of them.
M_REACTION, M_REPORT, M_COMPLAINT, M_NIGHT = np.arange(4)
CHANGE_SLOTS = 4
(
    M_EVIDENCE, M_LAG, M_ROLLBACK, M_FAILS, M_MANUAL, M_SEVERITY, M_ONSET, M_BY_ALARMS, M_BY_CHECK, M_BY_REVIEWER,
) = np.arange(10)  # fmt: skip
REGION_SLOTS = 10
TRY_MINUTES, TRY_FAILS, TRY_FAILED_MINUTES, TRY_SLOTS = range(4)  # of an attempt in `Block.tries`

# Columns of a rollout's row: the public ones in their order, whether the change was bad in any region of the plan, and
# when it first hurt one (0 where it never did).
(
    C_OUTCOME, C_DEPLOYED, C_END, C_DETECTED, C_RECOVERED, C_REGIONS, C_SHARE, C_PEAK, C_IMPACT, C_FAILOVER, C_MIXED,
    C_FAILED, C_DEFECTIVE, C_HARMED, COLUMNS,
) = range(15)  # fmt: skip
R_EXPOSED, R_MINUTES, R_IMPACT, REGION_SUMS = range(4)  # what is added up by plan and region
P_BUILD, P_HANDOVER, P_APPROVAL, P_CLOSED, P_DEPLOY, P_BAKE, PARTS = range(7)  # of `Scratch.spent`

# What one rollout knows of each deployment: the starts of its first attempt and of the one that counts, whose first
# traffic is infinity where it failed; when it has all its traffic, or has failed; its harm and its own first true
# alarm; when its harm ends; where its way down begins (infinity where x stays to the end) and ends; from when its harm
# counts; x as it was frozen; when a slot is free; when its region's window first opens, NaN once it deploys.
(
    D_BEGUN, D_START, D_SERVED, D_FULL, D_HARM, D_ALARM, D_UNTIL, D_DOWN, D_OFF, D_BEGIN, D_X, D_SLOT, D_OPENS,
    DEPLOYMENT,
) = range(14)  # fmt: skip
# What a plan comes to in each trial: `end_minutes`; when the last wave worked on has all its traffic, the first some.
E_END, E_LAST, E_FIRST, E_MIXED, ENDS = range(5)
# Trials that need the whole model, first those that do so under any plan; those not shipped; and among the rows of the
# first: in which some region is exposed, and which have this date.
L_ODD, L_LOST, L_HIT, L_DETECTED, L_RECOVERED, LISTS = range(6)

# Sums of a plan, products with a baseline's, and histograms.
S_SHIPPED, S_END, S_END2, S_ENDS, S_ENDS2, S_MIXED, S_MIXED2, S_OUTCOME = range(8)
S_DEFECTIVE = S_OUTCOME + 7
S_SPARSE = S_DEFECTIVE + 1  # of each of `SPARSE`, as many as `POWERS`
SPARSE = (C_FAILOVER, C_SHARE, C_PEAK, C_IMPACT, C_REGIONS)
P_OFTEN, P_SUM, P_SQUARES, P_CUBES, POWERS = range(5)  # how often it is not zero; sums
S_DETECTED = S_SPARSE + POWERS * len(SPARSE)  # the same of detected and recovered minutes
S_RECOVERED = S_DETECTED + POWERS
S_ENDS3 = S_RECOVERED + POWERS
S_MIXED3, S_END3, SUMS = S_ENDS3 + 1, S_ENDS3 + 2, S_ENDS3 + 3
X_SHIPPED, X_END, X_END_SHIPPED, X_SHIPPED_END, X_ENDS, X_ENDS_SHIPPED, X_SHIPPED_ENDS, X_MIXED = range(8)
X_END_DIFFER, X_ENDS_DIFFER, X_MIXED_DIFFER, X_SPARSE = range(8, 12)  # in how many trials; then of each of `SPARSE`
# Product with the baseline, in how many more trials than it has the two differ, and how much more the cubes of their
# difference come to than those of its negative.
Q_PRODUCT, Q_DIFFER, Q_CUBES, PAIRED = range(4)
X_MIXED_CUBES = X_SPARSE + PAIRED * len(SPARSE)  # of the difference
CROSS = X_MIXED_CUBES + 1
H_MIXED, H_END, H_REGIONS, H_SHARE, H_PEAK, H_IMPACT, H_DETECTED, H_RECOVERED = range(8)
SHAPES = (C_MIXED, C_END, C_REGIONS, C_SHARE, C_PEAK, C_IMPACT, C_DETECTED, C_RECOVERED)

# Where a tape's values go: first what is drawn for every trial, from `T_FALSE` on what a trial's rows remember.
(
    T_BUILD, T_BUILD_FAILURE, T_PUSH, T_HANDOVER, T_WAIT, T_REJECTION, T_DEPLOY, T_FAILURE, T_HIT, T_OWN_HIT,
    T_FALSE, T_CHANGE, T_REGION, T_FAULT, T_OWN_FAULT, T_ATTEMPT,
) = range(16)  # fmt: skip

# Addresses of draws: kinds of things, and the numbers of purposes (``draws``).
CHANGE, FAULT, REGION, GATE = np.arange(4)
N_BUILD, N_BUILD_FAILURE, N_REACTION, N_REPORT = np.arange(4)
N_COMPLAINT, N_PUSH = np.array([6, 7])
N_HANDOVER, N_APPROVAL_WAIT, N_REJECTION = np.array([0, 2, 3])
N_DEPLOY, N_DEPLOY_FAILURE, N_EVIDENCE, N_LAG, N_ROLLBACK, N_ROLLBACK_FAILURE, N_MANUAL, N_FALSE_ALARM = np.arange(8)
N_HIT, N_SEEN_BY_ALARMS, N_SEVERITY, N_SEEN_BY_CHECK, N_ONSET, N_SEEN_BY_REVIEWER, N_FAILED_DEPLOY = np.arange(8, 15)
NOTHING = np.int64(0)  # the index where there is one thing only, and the occurrence of what happens once

SLACK = 1e-12
LOOK = 360.0  # minutes: a row of a calendar's table


class Worlds(NamedTuple):
    """A scenario as arrays: R regions in fleet order, F faults."""

    seed: Any  # uint64 (2,): the key
    rules: Any  # float64 (n, 4): family and its parameters
    table: Any  # float64: observed values and inverse gamma tables, end to end
    change_rules: Any  # int64 (7,): rows of `rules`; columns from BUILD on
    change_chances: Any  # float64 (2,): from BUILD_FAILURE on
    region_rules: Any  # int64 (R, 7): from DEPLOY on
    region_chances: Any  # float64 (R, 2): from DEPLOY_FAILURE on
    fault_rules: Any  # int64 (F, 2): SEVERITY, ONSET
    fault_chances: Any  # float64 (F, 4): from HIT on
    fault_breaks: Any  # bool (F,): whether deployments fail, rather than a defect
    fault_own: Any  # bool (F,): whether each region has a draw of its own
    fault_where: Any  # bool (F, R): which regions it can hit
    traffic: Any  # float64 (R,): requests a minute
    share: Any  # float64 (R,)
    threshold: Any  # float64 (R,): of alarms, as a share of requests
    pairs: Any  # int64 (Q, 2): failover partners
    horizon: float
    alike: bool  # whether false alarms have one rate everywhere
    reviewed: bool  # whether a reviewer can see any fault
    fix: float  # minutes that a rollout which did not ship costs beside itself, on average
    push_begin: Any  # float64 (n,): allowed spans of pushes, minutes since the epoch
    push_before: Any  # float64 (n,): allowed minutes before each
    push_total: float  # allowed minutes; 0 where the push is at one instant
    staffed: Any  # float64 (S, 2): OPENS, CLOSES; none: always
    staffed_look: Any  # int32 (J,): as `Plans.look`


class Plans(NamedTuple):
    """Plans as arrays: P plans, at most W waves and N regions each."""

    order: Any  # uint32 (P, N): regions by position; unsigned, as an index that may be negative costs a check
    bounds: Any  # uint32 (P, W + 1): first position of each wave
    waves: Any  # int64 (P,)
    bake_minutes: Any  # float64 (P, W)
    bake_requests: Any  # float64 (P, W)
    parallel: Any  # int64 (P, W)
    approval: Any  # bool (P, W)
    strategy: Any  # int64 (P, N): ROLLING, BLUE_GREEN, or STEPS + the number of a list of steps
    steps: Any  # float64 (S, K, 2): SHARE and minutes HELD
    step_counts: Any  # int64 (S,)
    retries: Any  # int64 (P,)
    rollback_all: Any  # bool (P,)
    plain: Any  # bool (P,): no slots to wait for and no requests to count
    approved: Any  # bool (P,): some wave asks for an approval
    stepped: Any  # bool (P,): some region moves its traffic in steps
    timeout: Any  # float64 (P,): minutes of an attempt, at most; infinity without
    tolerated: Any  # int64 (P,): how many regions may fail
    on_alarm: Any  # int64 (P,): from ROLLBACK_ALL on
    calendar: Any  # int64 (P, N): the region's calendar, by number, or ANYTIME
    windowed: Any  # bool (P, W): some region of the wave has a calendar
    spans: Any  # float64 (K, 2): OPENS, CLOSES in minutes since the epoch, calendar by calendar
    span_first: Any  # int64 (C,): the first row of each
    look: Any  # int32 (C, J): by stretch of `LOOK` minutes, the first span that closes behind its beginning
    turn: Any  # int64 (P,): which comes when: plans that begin alike follow each other
    shared: Any  # int64 (P,): 1 + how many of its first waves are those of the plan before it; 0 where more differs


class Block(NamedTuple):
    """What the trials of a block have drawn so far, shared by all plans: B trials. NaN: not drawn yet."""

    build: Any  # float64 (B,)
    deploy: Any  # float64 (R, B): of the first attempt
    handover: Any  # float64 (W, B)
    wait: Any  # float64 (W, B)
    rejected: Any  # bool (W, B)
    push: Any  # float64 (B,): minutes from the epoch to the push
    calm: Any  # float64 (B,): the least of the regions' false-alarm clocks
    clocks: Any  # float64 (R, B): the uniforms of the false-alarm clocks
    hits: Any  # bool (F, B): of the faults with one draw for all
    own_hits: Any  # bool (F, R, B): of those with one draw for each region
    failing: Any  # bool (R, B): whether the first attempt fails for reasons of its own
    state: Any  # int8 (B,): HEALTHY, or WRONG and BUILD_FAILS as bits
    ready: Any  # bool (B,): whether what follows is filled in: a row for each trial, as only few ask for it
    sick: Any  # bool (B,): whether any region has a defect
    fault: Any  # int64 (B, R): the defect that counts, or SOUND
    fails: Any  # int64 (B, R): the first attempt DEPLOYS, FAILS, or ALWAYS_FAILS as all others do
    minutes: Any  # float64 (B, R): `deploy`
    false: Any  # float64 (B, R): from the first traffic to the false alarm
    memo: Any  # float64 (B, CHANGE_SLOTS)
    region_memo: Any  # float64 (B, R, REGION_SLOTS)
    tries: Any  # float64 (B, R, K, 3): what a tape knows of attempts (``tape``), K of them; without a tape none


# Severities are told apart by thirds of their distribution, the worst of them halved (`Given.severe`).
SEVERITIES = (0.0, 1 / 3, 2 / 3, 5 / 6, 1.0)


class Given(NamedTuple):
    """What goes wrong in some trials, where that is given and not drawn; the last three may be given, too."""

    build: Any  # bool (B,): whether the build fails
    hits: Any  # bool (F, B), as in `Block`
    own_hits: Any  # bool (F, R, B)
    failing: Any  # bool (R, B)
    seen: Any  # int8 (F, B): whether alarms can see the fault, or -1: as drawn
    severe: Any  # int8 (F, B): the part of `SEVERITIES` that its severity comes from, or -1: as drawn
    stuck: Any  # int8 (R, B): whether a roll-back fails, or -1: as drawn
    rejected: Any  # bool (W, B)
    low: Any  # float64 (R, B): the uniforms of the false-alarm clocks come from between these
    high: Any  # float64 (R, B)


class Scratch(NamedTuple):
    """Room for one rollout, by position in the plan, and for the dates of one plan over a block."""

    at: Any  # float64 (DEPLOYMENT, N): from D_BEGUN on
    clock: Any  # float64 (W, B): when each wave has baked, if nothing is wrong
    whole: Any  # float64 (4, B): from E_END on
    lists: Any  # uint32 (5, B): from L_ODD on
    rows: Any  # float64 (B, COLUMNS): what those in L_ODD came to, in their order
    depth: Any  # int64 (B,): how much of the plan decided that, as O_SHARED counts
    harmed: Any  # float64 (W + 3, 3, N): sums by position of rows of each depth
    gone: Any  # bool (B,): whether a trial is among those not shipped
    spent: Any  # float64 (B, PARTS): where a trial's minutes go; no row, where nobody asks


class Base(NamedTuple):
    """The baseline's rollouts of a run of trials, to compare other plans' with."""

    end: Any  # float64 (B,)
    mixed: Any
    rows: Any  # float64 (B, COLUMNS): by trial, zero where nothing went wrong
    lost: Any  # uint32 (B,)
    count: Any  # int64 (1,): how many of them


class Case(NamedTuple):
    """One rollout: rows of what its trial has drawn and of its plan."""

    trial: Any
    sick: Any
    fault: Any
    fails: Any
    minutes: Any
    false: Any
    memo: Any
    region_memo: Any
    order: Any
    strategy: Any
    retries: Any
    timeout: Any
    calendar: Any
    push: Any
    tries: Any
    until: Any  # how many regions the plan has
