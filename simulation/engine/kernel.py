"""The compiled twin of the SimPy model: the same draws, the same outcomes, trial by trial, many plans at a time.

Everything compiled lives in this one file, because Numba's cache on disk does not notice changes in another. Nothing
is validated here, and nothing is allocated per trial. How plans and scenarios become arrays is in ``packing``, how
blocks of trials are merged in ``sweep``; the model to read is ``model``. Rules are those of docs/model.md.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from simulation import arithmetic
from simulation.engine.jit import jit, leaf, part

# Families of distributions, as `Worlds.rules` numbers them.
CONSTANT, EXPONENTIAL, LOGNORMAL, WEIBULL, GAMMA, EMPIRICAL, NEVER = range(7)
ROLLING, BLUE_GREEN, STEPS = range(3)
COMPLETED, ESCAPED, CAUGHT, FALSE_ALARM, DEPLOY_FAILED, REJECTED, BUILD_FAILED = range(7)
(
    C_OUTCOME, C_DEPLOYED, C_END, C_DETECTED, C_RECOVERED, C_REGIONS, C_SHARE, C_PEAK, C_IMPACT, C_FAILOVER, C_MIXED,
    C_DEFECTIVE,
) = range(12)  # fmt: skip
COLUMNS = 12  # the public ones in their order, and whether the change was bad in any region of the plan
BUILD, REACTION, REPORT, HANDOVER, APPROVAL_WAIT = range(5)  # columns of `change_rules`
DEPLOY, EVIDENCE, LAG, ROLLBACK, MANUAL, FALSE = range(6)  # columns of `region_rules`
GAMMA_NODES, GAMMA_REACH = 4097, 37.5
SLOTS = 2  # columns of `Block.memo` before the regions' own eight each: reaction, report
SLACK = 1e-12
S_SHIPPED, S_END, S_END2, S_ENDS, S_ENDS2, S_MIXED, S_MIXED2, S_OUTCOME = range(8)
S_DEFECTIVE = S_OUTCOME + 7
S_SPARSE = S_DEFECTIVE + 1  # how often, sum and sum of squares of each of `SPARSE`
SPARSE = (C_FAILOVER, C_SHARE, C_PEAK, C_IMPACT, C_REGIONS)
S_DATES = S_SPARSE + 3 * len(SPARSE)  # the same of detected and recovered minutes
SUMS = S_DATES + 6
X_SHIPPED, X_END, X_END_SHIPPED, X_SHIPPED_END, X_ENDS, X_ENDS_SHIPPED, X_SHIPPED_ENDS, X_MIXED = range(8)
X_END_DIFFER, X_ENDS_DIFFER, X_MIXED_DIFFER, X_SPARSE = range(8, 12)  # in how many trials; then as `SPARSE`
CROSS = X_SPARSE + 2 * len(SPARSE)  # product with the baseline, and in how many more trials than it has the two differ
SHAPES = (C_MIXED, C_END, C_REGIONS, C_SHARE, C_PEAK, C_IMPACT, C_DETECTED, C_RECOVERED)
CHANGE, FAULT, REGION, GATE = 0, 1, 2, 3
N_BUILD, N_BUILD_FAILURE, N_REACTION, N_REPORT = 0, 1, 2, 3
N_HANDOVER, N_APPROVAL_WAIT, N_REJECTION = 0, 2, 3
N_DEPLOY, N_DEPLOY_FAILURE, N_EVIDENCE, N_LAG, N_ROLLBACK, N_ROLLBACK_FAILURE, N_MANUAL, N_FALSE_ALARM = range(8)
N_HIT, N_SEEN_BY_ALARMS, N_SEVERITY, N_SEEN_BY_CHECK, N_ONSET = range(8, 13)


class Worlds(NamedTuple):
    """A scenario as arrays: R regions in fleet order, F faults."""

    seed: Any  # uint64 (2,): the key
    rules: Any  # float64 (n, 4): family and its parameters
    table: Any  # float64: observed values and inverse gamma tables, end to end
    change_rules: Any  # int64 (5,): rows of `rules`
    change_chances: Any  # float64 (2,): build failure, rejection
    region_rules: Any  # int64 (R, 6)
    region_chances: Any  # float64 (R, 2): deployment failure, roll-back failure
    fault_rules: Any  # int64 (F, 2): severity, onset
    fault_chances: Any  # float64 (F, 3): hit, seen by alarms, seen by the check
    fault_breaks: Any  # bool (F,): whether deployments fail, rather than a defect
    fault_own: Any  # bool (F,): whether each region has a draw of its own
    fault_where: Any  # bool (F, R): which regions it can hit
    traffic: Any  # float64 (R,): requests a minute
    share: Any  # float64 (R,)
    threshold: Any  # float64 (R,): of alarms, as a share of requests
    pairs: Any  # int64 (Q, 2): failover partners
    horizon: float
    alike: bool  # whether false alarms have one rate everywhere


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
    steps: Any  # float64 (S, K, 2): share and minutes held
    step_counts: Any  # int64 (S,)
    retries: Any  # int64 (P,)
    rollback_all: Any  # bool (P,)
    plain: Any  # bool (P,): no slots to wait for and no requests to count
    approved: Any  # bool (P,): some wave asks for an approval
    stepped: Any  # bool (P,): some region moves its traffic in steps
    turn: Any  # int64 (P,): which comes when: plans that begin alike follow each other
    shared: Any  # int64 (P,): 1 + how many of its first waves are those of the plan before it; 0 where more differs


class Block(NamedTuple):
    """What the trials of a block have drawn so far, shared by all plans: B trials. NaN: not drawn yet."""

    build: Any  # float64 (B,)
    deploy: Any  # float64 (R, B): of the first attempt
    handover: Any  # float64 (W, B)
    wait: Any  # float64 (W, B)
    rejected: Any  # bool (W, B)
    calm: Any  # float64 (B,): the least of the regions' false-alarm clocks
    clocks: Any  # float64 (R, B): the uniforms of the false-alarm clocks
    hits: Any  # bool (F, B): of the faults with one draw for all
    own_hits: Any  # bool (F, R, B): of those with one draw for each region
    failing: Any  # bool (R, B): whether the first attempt fails for reasons of its own
    state: Any  # int8 (B,): 0 healthy, 1 something is wrong, 2 the build fails
    ready: Any  # bool (B,): whether what follows is filled in: a row for each trial, as only few ask for it
    sick: Any  # bool (B,): whether any region has a defect
    fault: Any  # int64 (B, R): the defect that counts, or -1
    fails: Any  # int64 (B, R): the deployment's first attempt 0 does not fail, 1 fails, 2 fails like any other
    minutes: Any  # float64 (B, R): `deploy`
    false: Any  # float64 (B, R): from the first traffic to the false alarm
    memo: Any  # float64 (B, 2 + 8 R)


class Given(NamedTuple):
    """What goes wrong in the trials of a block, where that is given and not drawn: a stratum's pattern."""

    build: Any  # bool (B,): whether the build fails
    hits: Any  # bool (F, B), as in `Block`
    own_hits: Any  # bool (F, R, B)
    failing: Any  # bool (R, B)
    rejected: Any  # bool (W, B)
    seen: Any  # int8 (F, B): whether alarms can see the fault, or -1: as drawn
    low: Any  # float64 (R, B): the uniforms of the false-alarm clocks come from between these
    high: Any  # float64 (R, B)


class Scratch(NamedTuple):
    """Room for one rollout, by position in the plan, and for the dates of one plan over a block."""

    start: Any  # of the attempt that counts
    served: Any  # infinity where it failed
    full: Any  # when it has all its traffic, or has failed
    harm: Any
    alarm: Any  # the region's own first true alarm
    until: Any
    begin: Any
    x: Any  # frozen share of its traffic
    slots: Any
    clock: Any  # float64 (W, B): when each wave has baked, if nothing is wrong
    end: Any  # float64 (B,): `end_minutes`
    last: Any  # when the wave last worked on has all its traffic
    first: Any
    mixed: Any
    odd: Any  # uint32 (B,): trials that need the whole model; first those that do so under any plan
    rows: Any  # float64 (B, COLUMNS): what those came to, in the order of `odd`
    depth: Any  # int64 (B,): how much of the plan decided that, as `shared` counts
    harmed: Any  # float64 (W + 3, 3, N): sums by position of rows of each depth
    lost: Any  # uint32 (B,): trials not shipped
    gone: Any  # bool (B,): whether a trial is among them
    hit: Any  # uint32 (B,): rows in which some region is exposed
    detected: Any  # uint32 (B,): rows that have this date
    recovered: Any


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
    order: Any
    strategy: Any
    retries: Any
    until: Any  # how many regions the plan has


# Numbers: words, uniforms, quantiles. The arithmetic is that of ``arithmetic``, operation by operation.


@part
def block_words(k0, k1, c0, c1, c2, c3):
    """Return the two 64-bit words of a Philox4x32-10 block."""
    a, b, c, d = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    k, j, low = np.uint64(k0), np.uint64(k1), np.uint64(0xFFFFFFFF)
    for _ in range(10):
        left, right = (a & low) * np.uint64(0xD2511F53), (c & low) * np.uint64(0xCD9E8D57)
        a, b, c, d = (right >> np.uint64(32)) ^ b ^ k, right, (left >> np.uint64(32)) ^ d ^ j, left
        k, j = (k + np.uint64(0x9E3779B9)) & low, (j + np.uint64(0xBB67AE85)) & low
    return b << np.uint64(32) | (a & low), d << np.uint64(32) | (c & low)


@part
def unit(word):
    """Return the uniform number of a word, strictly between 0 and 1."""
    return (np.float64(np.int64(word >> np.uint64(12))) + 0.5) * 2.0**-52


_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_LOG_TERMS = tuple(1.0 / (2 * k + 1) for k in range(11, 0, -1))
_EXP_TERMS = tuple(1.0 / n for n in range(14, 0, -1))
(_M, _MB), (_N, _NB), (_F, _FB) = arithmetic._MIDDLE, arithmetic._NEAR, arithmetic._FAR


@part
def log(x):
    """Return the natural logarithm of a positive, normal number."""
    bits = np.float64(x).view(np.int64)
    e = np.float64((bits >> np.int64(52)) - np.int64(1022))
    mantissa = np.int64((bits & np.int64(0x000FFFFFFFFFFFFF)) | np.int64(0x3FE0000000000000)).view(np.float64)
    small = mantissa < 0.7071067811865476
    mantissa = 2.0 * mantissa if small else mantissa
    e = e - 1.0 if small else e
    f = (mantissa - 1.0) / (mantissa + 1.0)
    square = f * f
    tail = 0.0
    for term in _LOG_TERMS:
        tail = (tail + term) * square
    return e * _LN2_HIGH + (e * _LN2_LOW + 2.0 * (f + f * tail))


@part
def exp(x):
    """Return e to the power of x."""
    bounded = min(max(x, -746.0), 710.0)
    k = np.rint(bounded * 1.4426950408889634)
    r = (bounded - k * _LN2_HIGH) - k * _LN2_LOW
    total = 1.0
    for term in _EXP_TERMS:
        total = 1.0 + total * r * term
    # Two exact powers of two, so that only the last product rounds, as ldexp does.
    n = np.int64(k)
    half = n >> np.int64(1)
    one = np.int64((half + np.int64(1023)) << np.int64(52)).view(np.float64)
    two = np.int64((n - half + np.int64(1023)) << np.int64(52)).view(np.float64)
    return total * one * two


@part
def horner(c, x):
    """Return the polynomial of degree 7 with eight rising coefficients, as a loop over them would."""
    return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0]


@leaf
def tail_quantile(u):
    """Return the standard normal quantile more than 0.425 away from one half."""
    s = math.sqrt(-log(u if u < 0.5 else 1.0 - u))
    z = horner(_F, s - 5.0) / horner(_FB, s - 5.0) if s > 5.0 else horner(_N, s - 1.6) / horner(_NB, s - 1.6)
    return -z if u < 0.5 else z


@leaf
def normal_quantile(u):
    """Return the standard normal quantile (Wichura 1988, Algorithm AS 241)."""
    q = u - 0.5
    if abs(q) > 0.425:
        return tail_quantile(u)
    r = 0.180625 - q * q
    return q * (horner(_M, r) / horner(_MB, r))


@leaf
def quantile(rules, table, rule, u):
    """Return the quantile of a distribution, given by its row in `rules`."""
    family, a, b, at = np.int64(rules[rule, 0]), rules[rule, 1], rules[rule, 2], np.int64(rules[rule, 3])
    if family == CONSTANT:
        return a
    if family == EXPONENTIAL:
        return a * -log(1.0 - u)
    if family == LOGNORMAL:
        return a * exp(b * normal_quantile(u))
    if family == WEIBULL:
        return a * exp(log(-log(1.0 - u)) / b)
    if family == GAMMA:
        return a * exp(gamma_log(table, at, u))
    if family == EMPIRICAL:
        n = np.int64(b)
        return table[at + min(np.int64(u * b), n - 1)]
    return np.inf


@leaf
def gamma_log(table, at, u):
    """Return the logarithm of a gamma quantile from its table, by cubic Hermite interpolation."""
    step = 2 * GAMMA_REACH / (GAMMA_NODES - 1)
    position = (log(u) - log(1.0 - u) + GAMMA_REACH) / step
    i = min(np.int64(position), GAMMA_NODES - 2)
    f = position - i
    p, q = at + i, at + GAMMA_NODES + i
    a, b, da, db = table[p], table[p + 1], table[q] * step, table[q + 1] * step
    rise = b - a
    return a + f * (da + f * (3 * rise - 2 * da - db + f * (da + db - 2 * rise)))


@jit
def fill_words(seed, trial, c1, number, occurrence, even, odd):
    """Write the uniforms of both purposes of a block, for a run of trials."""
    # Read once: the compiler cannot know that writing `even` leaves the seed alone, and would make no vectors.
    k0, k1, c2, c3 = seed[0], seed[1], np.uint64(number // 2), np.uint64(occurrence)
    for i in range(len(even)):
        a, b = block_words(k0, k1, np.uint64(trial + i), c1, c2, c3)
        even[i], odd[i] = unit(a), unit(b)


@jit
def fill_quantiles(rules, table, rule, u, out):
    """Write the quantiles of a run of uniforms, in loops that the compiler can put into vectors."""
    family, a, b = np.int64(rules[rule, 0]), rules[rule, 1], rules[rule, 2]
    if family == LOGNORMAL:
        for i in range(len(u)):
            q = u[i] - 0.5
            m = q if abs(q) <= 0.425 else 0.0
            r = 0.180625 - m * m
            out[i] = q * (horner(_M, r) / horner(_MB, r))
        for i in range(len(u)):
            if abs(u[i] - 0.5) > 0.425:
                out[i] = tail_quantile(u[i])
        for i in range(len(u)):
            out[i] = a * exp(b * out[i])
    elif family == EXPONENTIAL:
        for i in range(len(u)):
            out[i] = a * -log(1.0 - u[i])
    else:
        for i in range(len(u)):
            out[i] = quantile(rules, table, rule, u[i])


@leaf
def uniform(seed, trial, kind, index, number, occurrence):
    """Return the uniform number at an address."""
    c1 = np.uint64(kind << 24 | index)
    even, odd = block_words(seed[0], seed[1], np.uint64(trial), c1, np.uint64(number // 2), np.uint64(occurrence))
    return unit(even) if number % 2 == 0 else unit(odd)


@leaf
def value(seed, rules, table, trial, rule, kind, index, number, occurrence):
    """Return the minutes or requests at an address; a constant needs no words."""
    family = np.int64(rules[rule, 0])
    if family == CONSTANT:
        return rules[rule, 1]
    if family == NEVER:
        return np.inf
    return quantile(rules, table, rule, uniform(seed, trial, kind, index, number, occurrence))


# What a trial draws. The numbers of purposes are `draws.PURPOSES`'s.


@part
def prepare(w, s, i):
    """Find out what is wrong with a trial's change in each region (rules 3 and 4), and lay it out in rows."""
    s.ready[i], s.sick[i] = True, False
    s.memo[i, :] = np.nan
    for r in range(len(w.traffic)):
        s.minutes[i, r], s.false[i, r] = s.deploy[r, i], false_clock(w, s, i, r)
        s.fault[i, r], s.fails[i, r] = -1, 1 if s.failing[r, i] else 0
    for f in range(len(w.fault_breaks) - 1, -1, -1):
        if not w.fault_own[f] and not s.hits[f, i]:
            continue
        for r in range(len(w.traffic)):
            if w.fault_where[f, r] and (not w.fault_own[f] or s.own_hits[f, r, i]):
                if w.fault_breaks[f]:
                    s.fails[i, r] = 2
                else:
                    s.fault[i, r], s.sick[i] = f, True


@leaf
def fault_uniform(seed, own, trial, f, r, number):
    """Return what a fault draws for a region: its own number, or the one it shares with others."""
    if own[f]:
        return uniform(seed, trial, REGION, r, number, f)
    return uniform(seed, trial, FAULT, f, number, 0)


@part
def recall(w, v, slot, rule, kind, index, number):
    """Return a draw that all plans share, made when the first of them asks."""
    if np.isnan(v.memo[slot]):
        v.memo[slot] = value(w.seed, w.rules, w.table, v.trial, rule, kind, index, number, 0)
    return v.memo[slot]


@part
def false_clock(w, s, i, r):
    """Return the minutes from a region's first traffic to its false alarm."""
    rule = w.region_rules[r, FALSE]
    return np.inf if w.rules[rule, 0] == NEVER else w.rules[rule, 1] * -log(1.0 - s.clocks[r, i])


@part
def evidence_of(w, v, r):
    """Return the failed requests a region's alarms need."""
    return recall(w, v, SLOTS + 8 * r + 1, w.region_rules[r, EVIDENCE], REGION, r, N_EVIDENCE)


@part
def lag_of(w, v, r):
    """Return the minutes from enough evidence to the alarm."""
    return recall(w, v, SLOTS + 8 * r + 2, w.region_rules[r, LAG], REGION, r, N_LAG)


@part
def recovery_of(w, v, r):
    """Return the minutes of a region's roll-back, or of its recovery by hand (rule 18)."""
    slot = SLOTS + 8 * r + 3
    if np.isnan(v.memo[slot]):
        chance = w.region_chances[r, 1]
        failed = chance > 0.0 and uniform(w.seed, v.trial, REGION, r, N_ROLLBACK_FAILURE, 0) < chance
        rule = w.region_rules[r, MANUAL if failed else ROLLBACK]
        number = N_MANUAL if failed else N_ROLLBACK
        v.memo[slot] = value(w.seed, w.rules, w.table, v.trial, rule, REGION, r, number, 0)
    return v.memo[slot]


@part
def severity_of(w, v, r, f):
    """Return the part of a hurting region's requests that fail."""
    slot, rule = SLOTS + 8 * r + 4, w.fault_rules[f, 0]
    if np.isnan(v.memo[slot]):
        constant = w.rules[rule, 0] == CONSTANT
        u = 0.5 if constant else fault_uniform(w.seed, w.fault_own, v.trial, f, r, N_SEVERITY)
        v.memo[slot] = quantile(w.rules, w.table, rule, u)
    return v.memo[slot]


@part
def onset_of(w, v, r, f):
    """Return the minutes from a region's first traffic to its first harm."""
    slot = SLOTS + 8 * r + 5
    if np.isnan(v.memo[slot]):
        v.memo[slot] = value(w.seed, w.rules, w.table, v.trial, w.fault_rules[f, 1], REGION, r, N_ONSET, f)
    return v.memo[slot]


@part
def seen(w, v, r, f, check):
    """Whether alarms, or the check after a deployment, can see the defect."""
    slot = SLOTS + 8 * r + 6 + check
    if np.isnan(v.memo[slot]):
        chance = w.fault_chances[f, 1 + check]
        number = N_SEEN_BY_CHECK if check else N_SEEN_BY_ALARMS
        hit = chance >= 1.0 or (chance > 0.0 and fault_uniform(w.seed, w.fault_own, v.trial, f, r, number) < chance)
        v.memo[slot] = 1.0 if hit else 0.0
    return v.memo[slot] == 1.0


# Traffic on the new version (rule 10). Steps are walked in order, each instant its parent's plus the minutes held.


@part
def served_from(strategy, start, minutes):
    """Return when a deployment first has traffic."""
    return start if strategy == ROLLING else start + minutes


@part
def full_from(p, strategy, start, minutes):
    """Return when a deployment has all the region's traffic."""
    t = start + minutes
    if strategy >= STEPS:
        for k in range(p.step_counts[strategy - STEPS]):
            t = t + p.steps[strategy - STEPS, k, 1]
    return t


@part
def x_at(p, strategy, served, full, t):
    """Return the share of a region's traffic on the new version at an instant, never halted."""
    if t < served:
        return 0.0
    if t >= full:
        return 1.0
    if strategy == ROLLING:
        return (t - served) / (full - served)
    x, end = 0.0, served
    for k in range(p.step_counts[strategy - STEPS]):
        if t < end:
            break
        x = p.steps[strategy - STEPS, k, 0]
        end = end + p.steps[strategy - STEPS, k, 1]
    return x


@part
def area_of(p, strategy, served, full, low, high):
    """Return ∫ x dt between two instants, never halted."""
    low = max(low, served)
    if high <= low:
        return 0.0
    total = high - max(low, full) if high > full else 0.0
    top = min(high, full)
    if low >= top:
        return total
    if strategy == ROLLING:
        a, b = (low - served) / (full - served), (top - served) / (full - served)
        return total + (a + b) / 2 * (top - low)
    end = served
    for k in range(p.step_counts[strategy - STEPS]):
        begin, end = end, end + p.steps[strategy - STEPS, k, 1]
        overlap = min(end, top) - max(begin, low)
        if overlap > 0.0:
            total += p.steps[strategy - STEPS, k, 0] * overlap
    return total


@part
def gathered(p, strategy, served, full, harm, rate, threshold, evidence):
    """Return when a region has gathered the failed requests its alarms need (rule 13)."""
    if threshold - SLACK > 1.0:
        return np.inf
    left = evidence
    if strategy == ROLLING and harm < full:
        length = full - served
        start = max(harm, served + length * max(threshold - SLACK, 0.0))
        if start < full:
            t = served + math.sqrt((start - served) ** 2 + 2 * length * left / rate)
            if t <= full:
                return t
            left -= rate * (1.0 - ((start - served) / length) ** 2) * length / 2
    elif strategy >= STEPS:
        end = served
        for k in range(p.step_counts[strategy - STEPS]):
            begin, end = end, end + p.steps[strategy - STEPS, k, 1]
            x = p.steps[strategy - STEPS, k, 0]
            if end <= harm or x < threshold - SLACK:
                continue
            start = max(begin, harm)
            need = left / (rate * x)
            if start + need <= end:
                return start + need
            left -= rate * x * (end - start)
    return max(full, harm) + left / rate


# One rollout. A wave is worked out as if nothing stopped it; then the first thing that does is found, by time and rank.


@part
def attempt(w, p, v, c, pos, t):
    """Deploy a region from t on, with retries (rule 9); return when it ends, and whether it failed."""
    r = v.order[pos]
    minutes, failed, k = v.minutes[r], v.fails[r] > 0, 0
    while failed and k < v.retries:
        k += 1
        t = t + minutes
        minutes = value(w.seed, w.rules, w.table, v.trial, w.region_rules[r, DEPLOY], REGION, r, N_DEPLOY, k)
        if v.fails[r] < 2:
            chance = w.region_chances[r, 0]
            failed = chance > 0.0 and uniform(w.seed, v.trial, REGION, r, N_DEPLOY_FAILURE, k) < chance
    strategy = v.strategy[pos]
    c.start[pos] = t
    c.served[pos] = np.inf if failed else served_from(strategy, t, minutes)
    c.full[pos] = t + minutes if failed else full_from(p, strategy, t, minutes)
    return c.full[pos], failed


@part
def watch(w, p, v, c, pos):
    """Find a region's harm and its own first true alarm (rules 11, 13, 14)."""
    c.harm[pos] = c.alarm[pos] = np.inf
    r = v.order[pos]
    f = v.fault[r]
    if f < 0:
        return
    served, full = c.served[pos], c.full[pos]
    harm = served + onset_of(w, v, r, f)
    c.harm[pos] = harm
    if harm <= full and full <= w.horizon and seen(w, v, r, f, 1):
        c.alarm[pos] = full
    if harm <= w.horizon and seen(w, v, r, f, 0):
        severity = severity_of(w, v, r, f)
        rate, threshold = w.traffic[r] * severity, w.threshold[r] / severity
        enough = gathered(p, v.strategy[pos], served, full, harm, rate, threshold, evidence_of(w, v, r))
        if enough < c.alarm[pos]:
            alarm = enough + lag_of(w, v, r)
            if alarm <= w.horizon and alarm < c.alarm[pos]:
                c.alarm[pos] = alarm


@part
def earliest(c, low, high, stop, alarm, harm, late):
    """Go on with the first alarm of regions' own and the first harm, over regions that started before a stop.

    `late` says whether the first harm begins with its own start, and no other harm at the same instant does otherwise.
    """
    for pos in range(low, high):
        if c.start[pos] < stop and c.served[pos] < np.inf:
            alarm = min(alarm, c.alarm[pos])
            own = c.harm[pos] == c.start[pos]
            if c.harm[pos] < harm or (c.harm[pos] == harm and late and not own):
                harm, late = c.harm[pos], own
    return alarm, harm, late


@part
def true_alarm(w, v, alarm, harm, late):
    """Return the first true alarm, customers included, and its rank.

    The rank is that of true alarms, or, where a start and its own report fall on one instant, that after all others.
    """
    if harm <= w.horizon and np.int64(w.rules[w.change_rules[REPORT], 0]) != NEVER:
        report = harm + recall(w, v, 1, w.change_rules[REPORT], CHANGE, 0, N_REPORT)
        if report <= w.horizon and report < alarm:
            return report, 5 if late and report == harm else 1
    return alarm, 1


@part
def deploy_wave(w, p, v, c, low, high, most, t):
    """Deploy a wave's regions from t on, at most so many at once (rule 8).

    Returns the last end, the first failure and the first false alarm; infinity for none.
    """
    parallel = min(most, high - low)
    crowded = parallel < high - low
    last, failure, false = t, np.inf, np.inf
    for pos in range(low, high):
        slot, start = pos - low, t
        if slot >= parallel:
            slot = 0
            for k in range(1, parallel):
                slot = k if c.slots[k] < c.slots[slot] else slot
            start = c.slots[slot]
        end, failed = attempt(w, p, v, c, pos, start)
        if crowded:
            c.slots[slot] = end
        last = max(last, end)
        if failed:
            failure = min(failure, end)
            continue
        if v.sick:
            watch(w, p, v, c, pos)
        alarm = c.served[pos] + v.false[v.order[pos]]
        if alarm <= w.horizon and alarm < false:
            false = alarm
    return last, failure, false


@part
def bake_of(w, p, v, c, low, high, bake, wanted, last):
    """Return how long a wave bakes (rule 12)."""
    if wanted > 0.0:
        for pos in range(low, high):
            traffic = w.traffic[v.order[pos]]
            served = traffic * area_of(p, v.strategy[pos], c.served[pos], c.full[pos], c.served[pos], last)
            bake = max(bake, (wanted - served) / traffic)
    return bake


@part
def fill(row, number):
    """Write a number all over a row."""
    for i in range(len(row)):
        row[i] = number


@part
def begin_row(v, row):
    """Write that nothing has happened yet, and whether the change is bad in any region of the plan."""
    fill(row, 0.0)
    row[C_DEPLOYED] = row[C_DETECTED] = row[C_RECOVERED] = np.nan
    if v.sick:
        for pos in range(v.until):
            if v.fault[v.order[pos]] >= 0:
                row[C_DEFECTIVE] = 1.0


@part
def rollout(w, p, s, i, trial, n, c, row):
    """Roll a plan out in one world (rules 6 to 23); write its columns, and add to those of its regions.

    Returns how much of the plan decided what happened: 1 + g where its first g waves and none after them did.
    Regions' sums are kept by that depth.
    """
    t = s.build[i]
    if not s.ready[i]:
        prepare(w, s, i)
    v = Case(
        trial, s.sick[i], s.fault[i], s.fails[i], s.minutes[i], s.false[i], s.memo[i],
        p.order[n], p.strategy[n], p.retries[n], np.int64(p.bounds[n, p.waves[n]]),
    )  # fmt: skip
    begin_row(v, row)
    if s.state[i] >= 2:
        row[C_OUTCOME], row[C_END] = BUILD_FAILED, t
        return 1
    outcome, halt, upto, depth = -1, np.inf, 0, 0
    true, true_rank, false, failure = np.inf, 1, np.inf, np.inf
    alarm, harm, late = np.inf, np.inf, False
    stop = np.inf
    for wave in range(p.waves[n]):
        depth = 2 + wave
        if wave > 0:
            t = t + s.handover[wave, i]
        if p.approval[n, wave]:
            t = t + s.wait[wave, i]
        if min(true, false) <= t:
            break
        if p.approval[n, wave] and s.rejected[wave, i]:
            outcome = REJECTED
            break
        low, upto = upto, np.int64(p.bounds[n, wave + 1])
        last, failed, false_here = deploy_wave(w, p, v, c, low, upto, p.parallel[n, wave], t)
        failure, false = min(failure, failed), min(false, false_here)
        if v.sick:
            alarm, harm, late = earliest(c, low, upto, np.inf, alarm, harm, late)
            true, true_rank = true_alarm(w, v, alarm, harm, late)
        if min(true, false, failure) <= last:
            break
        t = last + bake_of(w, p, v, c, low, upto, p.bake_minutes[n, wave], p.bake_requests[n, wave], last)
        if min(true, false) <= t:
            break
    else:
        outcome, depth = ESCAPED if row[C_DEFECTIVE] > 0.0 else COMPLETED, 2 + p.waves[n]
    end, detected = t, np.nan
    if outcome >= 0:
        halt = detected = true
    else:
        end = stop = min(true, false, failure)
        if true == stop and (true_rank == 1 or (false > stop and failure > stop)):
            outcome, halt, detected = CAUGHT, stop, stop
        elif false == stop:
            outcome, halt = FALSE_ALARM, stop
        else:
            outcome = DEPLOY_FAILED
            if p.rollback_all[n]:
                halt = stop
            elif v.sick:
                alarm, harm, late = earliest(c, 0, upto, stop, np.inf, np.inf, False)
                halt, true_rank = true_alarm(w, v, alarm, harm, late)
                detected = halt
    row[C_OUTCOME], row[C_END] = outcome, end
    if detected < np.inf:
        row[C_DETECTED] = detected
    measure(w, p, v, c, stop, end, halt, upto, row, c.harmed[depth])
    return depth


# What is read off (rules 17, 18, 22, 23).


@part
def measure(w, p, v, c, stop, end, halt, upto, row, regional):
    """Roll back what a halt finds, and write the columns that follow."""
    halted = halt < np.inf
    back = np.inf
    if halted:
        back = halt + recall(w, v, 0, w.change_rules[REACTION], CHANGE, 0, N_REACTION)
    first_on, last_off, first_off, all_full = np.inf, 0.0, np.inf, 0.0
    hit, share = 0, 0.0
    for pos in range(upto):
        r, strategy = v.order[pos], v.strategy[pos]
        served, full = c.served[pos], c.full[pos]
        c.begin[pos] = np.inf
        x = 1.0
        started = c.start[pos] < stop and served < np.inf
        if halted and started:
            x = x_at(p, strategy, served, full, halt)
        if not started or x <= 0.0:
            all_full = np.inf
            continue
        off = np.inf
        if halted:
            off = back + recovery_of(w, v, r)
            last_off = max(last_off, off)
            first_off = min(first_off, off)
        first_on = min(first_on, served)
        all_full = max(all_full, full if full <= halt else np.inf)
        if v.fault[r] >= 0:
            hit += 1
            c.x[pos] = x
            c.until[pos] = min(off, w.horizon)
            c.begin[pos] = min(c.harm[pos], c.until[pos])
            share += w.share[r]
            regional[0, pos] += 1.0
    if upto == v.until and all_full < np.inf:
        row[C_DEPLOYED] = all_full
    else:
        all_full = np.inf
    if last_off > 0.0:
        row[C_RECOVERED] = last_off
    book = max(end, last_off)
    if first_on < book:
        row[C_MIXED] = book - first_on - max(min(first_off, book) - all_full, 0.0)
    row[C_REGIONS], row[C_SHARE] = hit, share
    if hit > 0:
        harm_done(w, p, v, c, halt, upto, row, regional)


@part
def harm_done(w, p, v, c, halt, upto, row, regional):
    """Add up the harm of the regions that were hit: those whose `begin` is finite or at the end of the book."""
    impact, begun, settled = 0.0, halt, np.inf
    for pos in range(upto):
        if c.begin[pos] < c.until[pos]:
            r = v.order[pos]
            own = w.share[r] * severity_of(w, v, r, v.fault[r]) * hurt_area(p, v, c, pos, halt)
            impact += own
            regional[1, pos] += c.until[pos] - c.begin[pos]
            regional[2, pos] += own
            begun = max(begun, c.begin[pos])
    for pos in range(upto):
        if c.begin[pos] < c.until[pos] and c.until[pos] > begun:
            settled = min(settled, c.until[pos])
    row[C_IMPACT] = impact
    # While regions hurt, x only rises: the supremum is just before the end of some harm. Once all that will hurt does,
    # and x is frozen, the sum only falls: no later end than the next can have the supremum.
    peak, done = 0.0, np.nan
    for pos in range(upto):
        until = c.until[pos]
        if c.begin[pos] < until and until <= settled and until != done:
            peak, done = max(peak, hurting_before(w, p, v, c, halt, upto, until)), until
    row[C_PEAK] = peak
    for q in range(len(w.pairs)):
        a, b = -1, -1
        for pos in range(upto):
            if c.begin[pos] < c.until[pos]:
                a = pos if v.order[pos] == w.pairs[q, 0] else a
                b = pos if v.order[pos] == w.pairs[q, 1] else b
        if a >= 0 and b >= 0 and max(c.begin[a], c.begin[b]) < min(c.until[a], c.until[b]):
            row[C_FAILOVER] = 1.0


@part
def hurt_area(p, v, c, pos, halt):
    """Return ∫ x dt while a region hurts: as deployed up to the halt, frozen after it."""
    begin, until = c.begin[pos], c.until[pos]
    area = 0.0
    if begin < halt:
        area = area_of(p, v.strategy[pos], c.served[pos], c.full[pos], begin, min(until, halt))
    if until > halt:
        area += c.x[pos] * (until - max(begin, halt))
    return area


@part
def x_left(p, v, c, pos, halt, t):
    """Return x just before an instant, the freeze included."""
    if t > halt:
        return c.x[pos]
    strategy, served, full = v.strategy[pos], c.served[pos], c.full[pos]
    if strategy == ROLLING:
        return x_at(p, strategy, served, full, t)
    if t > full:
        return 1.0
    x, instant = 0.0, served
    if strategy >= STEPS:
        for k in range(p.step_counts[strategy - STEPS]):
            if t <= instant:
                break
            x = p.steps[strategy - STEPS, k, 0]
            instant = instant + p.steps[strategy - STEPS, k, 1]
    return x


@part
def hurting_before(w, p, v, c, halt, upto, t):
    """Return Σ share × x over the regions that hurt just before an instant."""
    total = 0.0
    for pos in range(upto):
        if c.begin[pos] < t and t <= c.until[pos]:
            total += w.share[v.order[pos]] * x_left(p, v, c, pos, halt, t)
    return total


# Blocks of trials.


@jit
def open_block(w, s, trial, u, v, gates, approvals):
    """Draw, for a run of trials, what even a healthy one needs; forget what the last block drew.

    `gates` is how many waves the longest plan has; `approvals` says at which of them any plan asks for an approval.
    """
    s.ready[:] = False
    fill_change(w, s, trial, u, v)
    fill_regions(w, s, trial, u, v)
    for f in range(len(w.fault_breaks)):
        if w.fault_own[f]:
            for r in range(len(w.traffic)):
                if w.fault_where[f, r]:
                    fill_words(w.seed, trial, np.uint64(REGION << 24 | r), N_HIT, f, u, v)
                    mark(s.state, u, w.fault_chances[f, 0], s.own_hits[f, r])
        else:
            fill_words(w.seed, trial, np.uint64(FAULT << 24 | f), N_HIT, 0, u, v)
            mark(s.state, u, w.fault_chances[f, 0], s.hits[f])
    for g in range(gates):
        if g > 0:
            fill_handover(w, s.handover[g], trial, g, u, v)
        if approvals[g]:
            fill_gate(w, s, trial, g, u, v)


@jit
def mark(state, u, chance, hits):
    """Note which trials something hits, and that something is wrong with them."""
    for i in range(len(u)):
        hits[i] = u[i] < chance
        state[i] = state[i] | np.int8(hits[i])


@jit
def fill_handover(w, out, trial, gate, u, v):
    """Draw the minutes between a wave's end and the next one's beginning; nothing, where they are constant."""
    rule = w.change_rules[HANDOVER]
    if w.rules[rule, 0] == CONSTANT:
        out[:] = w.rules[rule, 1]
    else:
        fill_words(w.seed, trial, np.uint64(GATE << 24 | gate), N_HANDOVER, 0, u, v)
        fill_quantiles(w.rules, w.table, rule, u, out)


@jit
def fill_change(w, s, trial, u, v):
    """Draw the build and its failure, which share a block."""
    fill_words(w.seed, trial, np.uint64(CHANGE << 24), N_BUILD, 0, u, v)
    fill_quantiles(w.rules, w.table, w.change_rules[BUILD], u, s.build)
    for i in range(len(u)):
        s.state[i] = np.int8(2) if v[i] < w.change_chances[0] else np.int8(0)


@jit
def fill_regions(w, s, trial, u, v):
    """Draw each region's first deployment and its failure, which share a block, and the least false-alarm clock."""
    s.calm[:] = np.inf
    for r in range(len(w.traffic)):
        c1 = np.uint64(REGION << 24 | r)
        fill_words(w.seed, trial, c1, N_DEPLOY, 0, u, v)
        fill_quantiles(w.rules, w.table, w.region_rules[r, DEPLOY], u, s.deploy[r])
        mark(s.state, v, w.region_chances[r, 0], s.failing[r])
        rule = w.region_rules[r, FALSE]
        if w.rules[rule, 0] != NEVER:
            fill_words(w.seed, trial, c1, N_FALSE_ALARM, 0, u, s.clocks[r])
            v[:] = s.clocks[r]
            if not w.alike:
                fill_quantiles(w.rules, w.table, rule, s.clocks[r], v)
            for i in range(len(v)):
                s.calm[i] = v[i] if v[i] < s.calm[i] else s.calm[i]
    if w.alike and w.rules[w.region_rules[0, FALSE], 0] != NEVER:
        fill_quantiles(w.rules, w.table, w.region_rules[0, FALSE], s.calm, s.calm)


@jit
def fill_gate(w, s, trial, g, u, v):
    """Draw a gate's wait and its decision, which share a block."""
    fill_words(w.seed, trial, np.uint64(GATE << 24 | g), N_APPROVAL_WAIT, 0, u, v)
    fill_quantiles(w.rules, w.table, w.change_rules[APPROVAL_WAIT], u, s.wait[g])
    for i in range(len(v)):
        s.rejected[g, i] = v[i] < w.change_chances[1]


@leaf
def list_wrong(s, c):
    """List the trials in which something is wrong whatever the plan; return how many."""
    wrong = 0
    for i in range(len(s.state)):
        if s.state[i] != 0:
            c.odd[wrong], c.depth[wrong] = i, 1
            wrong += 1
    return wrong


@leaf
def run_plan(w, p, s, c, trial, n, wrong, regional):
    """Roll one plan out in a block's worlds; return how many needed the whole model.

    Where nothing is wrong, a rollout is a sum of maxima, worked out for the whole run at once into `c.last`, `c.end`
    and `c.mixed`; the rest, listed in `c.odd`, goes through `rollout` into `c.rows`. Of those listed for all plans,
    that have `wrong` trials, what the first waves decided holds for the next plan that begins with them, too.
    """
    size, odd = len(s.build), wrong
    if p.plain[n]:
        healthy(p, s, c, n)
    for i in range(size):
        if s.state[i] == 0 and not (p.plain[n] and untouched(p, s, c, n, i)):
            c.odd[odd] = i
            odd += 1
    c.harmed[p.shared[n] + 1 :] = 0.0
    for k in range(odd):
        if k >= wrong or c.depth[k] > p.shared[n]:
            i = np.int64(c.odd[k])
            c.depth[k] = rollout(w, p, s, i, trial + i, n, c, c.rows[k])
    for depth in range(len(c.harmed)):
        for j in range(3):
            for pos in range(regional.shape[1]):
                regional[j, pos] += c.harmed[depth, j, pos]
    return odd


@part
def untouched(p, s, c, n, i):
    """Whether no false alarm and no refusal comes before the end of a rollout in which nothing else is wrong."""
    return s.build[i] + s.calm[i] > c.end[i] and not (p.approved[n] and refused(p, s, n, i))


@part
def refused(p, s, n, i):
    """Whether an approval that the plan asks for is refused."""
    found = False
    for g in range(p.waves[n]):
        found = found or (p.approval[n, g] and s.rejected[g, i])
    return found


@leaf
def healthy(p, s, c, n):
    """Work rollouts out in which nothing goes wrong, for the whole run.

    Rounding keeps order, so the latest end is the wave's start plus the longest deployment, to the last bit; steps are
    added to the longest deployment of each strategy, in the model's order.
    """
    last = c.last
    for g in range(max(p.shared[n] - 1, 0), p.waves[n]):
        clock = c.clock[g]
        if g == 0:
            copy(clock, s.build)
        else:
            copy(clock, c.clock[g - 1])
            add(clock, s.handover[g])
        if p.approval[n, g]:
            add(clock, s.wait[g])
        low, high = np.int64(p.bounds[n, g]), np.int64(p.bounds[n, g + 1])
        if p.stepped[n]:
            step_ends(p, s, c, n, clock, low, high)
        else:
            copy(last, s.deploy[p.order[n, low]])
            for pos in range(low + 1, high):
                raise_to(last, s.deploy[p.order[n, pos]])
            add(last, clock)
        if g == 0:
            first_traffic(p, s, c, n, clock, high)
        add_number(clock, last, p.bake_minutes[n, g])
    copy(c.end, c.clock[p.waves[n] - 1])
    subtract(c.mixed, last, c.first)


@leaf
def first_traffic(p, s, c, n, clock, high):
    """Write when the first wave first has traffic anywhere."""
    for pos in range(high):
        if p.strategy[n, pos] == ROLLING:
            copy(c.first, clock)
            return
    for i in range(len(c.first)):
        least = np.inf
        for pos in range(high):
            minutes = s.deploy[p.order[n, pos], i]
            least = minutes if minutes < least else least
        c.first[i] = clock[i] + least


@leaf
def step_ends(p, s, c, n, clock, low, high):
    """Write the last end of a wave in which some region moves its traffic in steps."""
    for i in range(len(c.last)):
        latest = 0.0
        for pos in range(low, high):
            end = full_from(p, p.strategy[n, pos], clock[i], s.deploy[p.order[n, pos], i])
            latest = end if end > latest else latest
        c.last[i] = latest


@part
def copy(row, other):
    """Write a row over another."""
    for i in range(len(row)):
        row[i] = other[i]


@part
def add(row, other):
    """Add a row to another."""
    for i in range(len(row)):
        row[i] = row[i] + other[i]


@part
def add_number(row, other, number):
    """Write a row plus a number."""
    for i in range(len(row)):
        row[i] = other[i] + number


@part
def subtract(row, left, right):
    """Write the difference of two rows."""
    for i in range(len(row)):
        row[i] = left[i] - right[i]


@part
def raise_to(row, other):
    """Keep the greater of two rows."""
    for i in range(len(row)):
        row[i] = other[i] if other[i] > row[i] else row[i]


@jit
def run_frames(w, p, s, c, u, v, trial, approvals, out, at, regional):
    """Roll every plan out in a run of trials and keep each row.

    `out` is (plans, columns, trials), written from `at` on; `regional` is (plans, 3, positions).
    """
    open_block(w, s, trial, u, v, len(approvals), approvals)
    keep_rows(w, p, s, c, trial, out, at, regional)


@leaf
def keep_rows(w, p, s, c, trial, out, at, regional):
    """Roll every plan out in a block's worlds and keep each row."""
    wrong = list_wrong(s, c)
    for n in p.turn:
        odd = run_plan(w, p, s, c, trial, n, wrong, regional[n])
        for column in range(COLUMNS):
            row = out[n, column, at : at + len(c.end)]
            if column == C_DEPLOYED:
                copy(row, c.last)
            elif column == C_END:
                copy(row, c.end)
            elif column == C_MIXED:
                copy(row, c.mixed)
            else:
                fill(row, np.nan if column in (C_DETECTED, C_RECOVERED) else 0.0)
            for k in range(odd):
                row[c.odd[k]] = c.rows[k, column]


# Strata: what goes wrong is given, all else is drawn at its own address.


@jit
def impose(w, s, given):
    """Put what is given in place of what was drawn."""
    s.hits[:] = given.hits
    s.own_hits[:] = given.own_hits
    s.failing[:] = given.failing
    s.rejected[:] = given.rejected
    s.calm[:] = np.inf
    for i in range(len(s.build)):
        wrong = False
        for f in range(len(w.fault_breaks)):
            wrong = wrong or s.hits[f, i]
            for r in range(len(w.traffic)):
                wrong = wrong or s.own_hits[f, r, i]
        for r in range(len(w.traffic)):
            wrong = wrong or s.failing[r, i]
            low, high = given.low[r, i], given.high[r, i]
            # Rounding must not make 1 of it, whose clock is infinite.
            s.clocks[r, i] = min(low + (high - low) * s.clocks[r, i], 1.0 - 2.0**-53)
            s.calm[i] = min(s.calm[i], false_clock(w, s, i, r))
        s.state[i] = np.int8(2) if given.build[i] else np.int8(1 if wrong else 0)
        prepare(w, s, i)
        for r in range(len(w.traffic)):
            f = s.fault[i, r]
            if f >= 0 and given.seen[f, i] >= 0:
                s.memo[i, SLOTS + 8 * r + 6] = np.float64(given.seen[f, i])


@jit
def run_stratum(w, p, s, c, u, v, trial, approvals, given, out, at, regional):
    """Roll every plan out in a run of trials in which what goes wrong is given; otherwise as `run_frames`."""
    open_block(w, s, trial, u, v, len(approvals), approvals)
    impose(w, s, given)
    keep_rows(w, p, s, c, trial, out, at, regional)


# Streaming: sums, products with a baseline, histograms.


@jit
def run_tallies(w, p, s, c, u, v, trial, approvals, base, sums, cross, regional, bins, counts):
    """Roll every plan out in a run of trials and keep only what adds up, by plan; the first plan is the baseline."""
    open_block(w, s, trial, u, v, len(approvals), approvals)
    wrong = list_wrong(s, c)
    for n in p.turn:
        odd = run_plan(w, p, s, c, trial, n, wrong, regional[n])
        lost, hit, detected, recovered = sort_out(c, odd, sums[n])
        if n == 0:
            take_base(c, base, odd, lost)
        add_dense(c, base, sums[n], cross[n], bins, counts[n])
        take_out_lost(c, lost, base, sums[n], cross[n], bins, counts[n])
        add_hits(c, hit, base, sums[n], cross[n], bins, counts[n])
        add_dates(c.rows, c.detected[:detected], C_DETECTED, sums[n, S_DATES:], bins, counts[n, 6])
        add_dates(c.rows, c.recovered[:recovered], C_RECOVERED, sums[n, S_DATES + 3 :], bins, counts[n, 7])


@leaf
def sort_out(c, odd, sums):
    """Put the dates of odd rollouts among the others', count outcomes, and list what there is to add up.

    Lists grow without branches, which nobody could predict.
    """
    sums[S_OUTCOME + COMPLETED] += len(c.end) - odd
    lost = hit = detected = recovered = 0
    for k in range(odd):
        i, row = np.int64(c.odd[k]), c.rows[k]
        c.end[i], c.mixed[i] = row[C_END], row[C_MIXED]
        sums[S_OUTCOME + np.int64(row[C_OUTCOME])] += 1.0
        sums[S_DEFECTIVE] += row[C_DEFECTIVE]
        c.gone[i] = row[C_OUTCOME] > ESCAPED
        c.lost[lost], c.hit[hit], c.detected[detected], c.recovered[recovered] = i, k, k, k
        lost += c.gone[i]
        hit += row[C_REGIONS] > 0.0
        detected += row[C_DETECTED] == row[C_DETECTED]
        recovered += row[C_RECOVERED] == row[C_RECOVERED]
    return lost, hit, detected, recovered


@leaf
def take_base(c, base, odd, lost):
    """Keep the rollouts of the baseline; `base` comes as zeros."""
    for k in range(odd):
        copy(base.rows[c.odd[k]], c.rows[k])
    for k in range(lost):
        base.lost[k] = c.lost[k]
    base.count[0] = lost
    copy(base.end, c.end)
    copy(base.mixed, c.mixed)


@leaf
def add_dense(c, base, sums, cross, bins, counts):
    """Add up what every rollout has, as if all had shipped: end and mixed minutes, and products with the baseline's."""
    end, mixed, end0, mixed0 = c.end, c.mixed, base.end, base.mixed
    shift, floor, most = bins[0], bins[1], counts.shape[1] - 1
    t1 = t2 = m1 = m2 = tt = mm = t01 = 0.0
    ends = mixtures = 0
    for i in range(len(end)):
        t, m, t0, m0 = end[i], mixed[i], end0[i], mixed0[i]
        ends, mixtures = ends + (t != t0), mixtures + (m != m0)
        t1, t2, m1, m2, t01 = t1 + t, t2 + t * t, m1 + m, m2 + m * m, t01 + t0
        tt, mm = tt + t * t0, mm + m * m0
        counts[0, bin_of(m, shift, floor, most)] += 1
        counts[1, bin_of(t, shift, floor, most)] += 1
    for j, x in enumerate((np.float64(len(end)), t1, t2, t1, t2, m1, m2)):
        sums[j] += x
    for j, x in enumerate((np.float64(len(end)), tt, t1, t01, tt, t1, t01, mm)):
        cross[j] += x
    cross[X_END_DIFFER] += ends
    cross[X_ENDS_DIFFER] += ends
    cross[X_MIXED_DIFFER] += mixtures


@leaf
def take_out_lost(c, lost, base, sums, cross, bins, counts):
    """Take out again what rollouts that have not shipped, or whose baseline has not, do not count in."""
    shift, floor, most = bins[0], bins[1], counts.shape[1] - 1
    for k in range(lost):
        i = np.int64(c.lost[k])
        t, t0 = c.end[i], base.end[i]
        counts[1, bin_of(t, shift, floor, most)] -= 1
        sums[S_SHIPPED] -= 1.0
        sums[S_ENDS] -= t
        sums[S_ENDS2] -= t * t
        cross[X_SHIPPED_END] -= t0
        take_out(cross, t, t0)
        if t == t0:  # for now as if the baseline had shipped: then the two differ
            cross[X_END_DIFFER] += 1.0
            cross[X_ENDS_DIFFER] += 1.0
    for k in range(base.count[0]):
        i = np.int64(base.lost[k])
        t, t0 = c.end[i], base.end[i]
        cross[X_END_SHIPPED] -= t
        same = 1.0 if t == t0 else 0.0
        if not c.gone[i]:
            take_out(cross, t, t0)
            cross[X_END_DIFFER] += same
            cross[X_ENDS_DIFFER] += same
        else:
            cross[X_END_DIFFER] -= same
            cross[X_ENDS_DIFFER] -= 1.0
    for k in range(lost):
        c.gone[c.lost[k]] = False


@part
def take_out(cross, t, t0):
    """Take a trial out of what only those have in which plan and baseline ship."""
    cross[X_SHIPPED] -= 1.0
    cross[X_ENDS] -= t * t0
    cross[X_ENDS_SHIPPED] -= t
    cross[X_SHIPPED_ENDS] -= t0


@leaf
def add_hits(c, hit, base, sums, cross, bins, counts):
    """Add up what only rollouts have in which some region is exposed; what is not counted is zero."""
    shift, floor, most = bins[0], bins[1], counts.shape[1] - 1
    for j in range(len(SPARSE)):
        column = SPARSE[j]
        often = total = squares = product = differing = 0.0
        for h in range(hit):
            k = c.hit[h]
            x, x0 = c.rows[k, column], base.rows[c.odd[k], column]
            often, total, squares, product = often + (x != 0.0), total + x, squares + x * x, product + x * x0
            differing += np.float64(x != x0) - np.float64(x0 != 0.0)
        sums[S_SPARSE + 3 * j] += often
        sums[S_SPARSE + 3 * j + 1] += total
        sums[S_SPARSE + 3 * j + 2] += squares
        cross[X_SPARSE + 2 * j] += product
        cross[X_SPARSE + 2 * j + 1] += differing
    for h in range(hit):
        row = c.rows[c.hit[h]]
        counts[2, min(np.int64(row[C_REGIONS]), most)] += 1
        counts[3, bin_of(row[C_SHARE], shift, floor, most)] += 1
        counts[4, bin_of(row[C_PEAK], shift, floor, most)] += 1
        counts[5, bin_of(row[C_IMPACT], shift, floor, most)] += 1


@leaf
def add_dates(rows, listed, column, sums, bins, counts):
    """Add up a date that some rollouts have."""
    shift, floor, most = bins[0], bins[1], len(counts) - 1
    total = squares = 0.0
    for k in listed:
        x = rows[k, column]
        total, squares = total + x, squares + x * x
        counts[bin_of(x, shift, floor, most)] += 1
    sums[0] += len(listed)
    sums[1] += total
    sums[2] += squares


@part
def bin_of(x, shift, floor, most):
    """Return the bin of a number: 0 for zero and below the least bin, else by its leading bits."""
    return min(max((np.float64(x).view(np.int64) >> shift) - floor, 0), most)
