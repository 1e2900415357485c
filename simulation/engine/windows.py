"""Windows and staffed hours in minutes since the epoch (rule 25): as ``simulation.windows``, with a table to look in.

Not here: which calendar a region has (``packing``), what waits for it (``rollout``, ``healthy``).
"""

from simulation.engine.jit import leaf, part
from simulation.engine.layout import CLOSES, LOOK, OPENS


@leaf
def place(spans, look, low, push, t):
    """Return the row in `spans` of the first that closes after an instant; a calendar's last never does.

    `look` has, for each stretch of `LOOK` minutes, the first span from row `low` on that closes behind its beginning.
    Only the comparison of bound − push with t decides; the table may be a row off where rounding is.
    """
    k = low + look[min(max(int((t + push) / LOOK), 0), len(look) - 1)]
    while k > low and spans[k - 1, CLOSES] - push > t:
        k -= 1
    while spans[k, CLOSES] - push <= t:
        k += 1
    return k


@part
def opening(plans, calendar, push, t):
    """Return the first instant from t on at which a calendar's window is open; without a calendar, t."""
    if calendar < 0:
        return t
    low = plans.span_first[calendar]
    opens = plans.spans[place(plans.spans, plans.look[calendar], low, push, t), OPENS] - push
    return opens if opens > t else t


@part
def by_night(worlds, push, t):
    """Return whether an instant is outside staffed hours."""
    if len(worlds.staffed) == 0:
        return False
    return worlds.staffed[place(worlds.staffed, worlds.staffed_look, 0, push, t), OPENS] - push > t


@part
def decided(worlds, push, t, wait, extras):
    """Return when an approval is decided that is asked for at t and takes so many staffed minutes."""
    if extras is None or len(worlds.staffed) == 0 or wait == 0.0:
        return t + wait
    return worked(worlds, push, t, wait)


@leaf
def worked(worlds, push, t, wait):
    """Return when so many staffed minutes have gone after an instant."""
    k = place(worlds.staffed, worlds.staffed_look, 0, push, t)
    while True:
        begin, end = max(worlds.staffed[k, OPENS] - push, t), worlds.staffed[k, CLOSES] - push
        if begin + wait <= end:
            return begin + wait
        wait = wait - (end - begin)
        k += 1
