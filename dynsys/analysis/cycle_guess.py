"""From a near return of a trajectory to the cycle beside it, with its period and multipliers."""

import numpy as np

from dynsys.analysis.cycles import Cycle, cycle_kind
from dynsys.analysis.flow import MAX_STEPS, system_of
from dynsys.analysis.shooting import RTOL, close_orbit, finer, floquet
from dynsys.numerics.dormand_prince import run_at

# Points of a cycle; how closely, as a share of its size, it repeats itself where it was several turns.
POINTS, REPEATS = 240, 1e-4
# A cycle smaller than this share of the box, or of its distance from a fixed point, is that fixed point.
SMALLEST = 1e-5
# How well the multipliers must keep the volume, in its logarithm.
LIOUVILLE = 1e-2


def refine_cycle(field, u, start, period, widths):
    """Polish a near return to a `Cycle` by multiple shooting; None where there is no cycle.

    Parameters
    ----------
    field : Field
        The field.
    u : ndarray (S,)
        Inputs.
    start : ndarray (R,)
        State near the cycle.
    period : float
        Guess of the period, negative where the state was found backwards in time.
    widths : ndarray (R,)
        Sizes in each coordinate, next to which a smaller orbit is a fixed point.

    Returns
    -------
    Cycle or None

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(*np.ones((2, 4, 2)), np.zeros(4), np.ones(4)))
    >>> refine_cycle(field, np.zeros(1), np.ones(2), 1.0, np.ones(2)) is None  # it only has fixed points
    True
    """
    closed = close_orbit(field, u, np.ascontiguousarray(start, dtype=float), period)
    if closed is None:
        return None
    nodes, period, matrices, residual = closed
    if (np.ptp(nodes, axis=0) / widths).max() < SMALLEST:
        return None
    points = _dense(field, u, nodes[0], period)
    if points is None or (np.abs(points[-1] - points[0]) / np.ptp(points, axis=0).clip(1e-300)).min() > 0.1:
        return None
    size = np.ptp(points, axis=0)
    for parts in (5, 3, 2):  # a guess of several turns
        while (np.abs(points[POINTS // parts] - points[0]) <= REPEATS * size).all():
            again = close_orbit(field, u, nodes[0], period / parts)
            if again is None or again[1] > 0.9 * period:
                break
            nodes, period, matrices, residual = again
            points = _dense(field, u, nodes[0], period)
    matrices = finer(field, u, nodes, period, matrices)
    multipliers = floquet(matrices)
    kind = cycle_kind(multipliers)
    # Liouville: the product of the multipliers is that of the determinants; far off, rounding has eaten them.
    volume = np.linalg.slogdet(matrices)[1].sum()
    if not abs(np.log(np.abs(multipliers).clip(1e-320)).sum() - volume) < LIOUVILLE * (1 + abs(volume)):
        kind = "non-hyperbolic cycle"
    return Cycle(points, np.linspace(0.0, period, POINTS + 1), float(period), multipliers, kind, residual)


def _dense(field, u, start, period):
    out, filled, ended = np.empty((1, POINTS + 1, start.size)), np.empty(1, dtype=np.int64), np.empty(1)
    times = np.linspace(0.0, period, POINTS + 1)
    scale = np.maximum(np.abs(start), 1e-3)
    begin = np.array(start)[None]
    run_at(*system_of(field, u), begin, times, RTOL * 10, scale, MAX_STEPS, out, filled, ended)
    return out[0] if filled[0] == POINTS + 1 else None
