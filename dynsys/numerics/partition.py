"""Optimal partitioning of series into stretches of constant mean, in a time that grows with their length.

Of all ways to cut a series into stretches, the one with the least sum of squared distances from their
means plus a penalty for each (Jackson et al. 2005). A cut that can be no part of the best way any more is
dropped (Killick, Fearnhead & Eckley 2012): the result is the same, and where cuts are frequent only few wait.
"""

import numpy as np
from numba import types

from rnn.jit import jit

_CUBE, _SQUARE = types.Array(types.float64, 3, "C"), types.Array(types.int64, 2, "C")


@jit(_SQUARE(_CUBE, _SQUARE, types.float64, types.int64))
def best_cuts(values, begin, penalty, longest):
    """Where the last stretch begins of the best partition of everything before each step.

    Parameters
    ----------
    values : ndarray (B, T, S)
        Series, of S channels each, in units of their noise.
    begin : ndarray of int (B, T)
        No stretch that holds a step begins before this one.
    penalty : float
        Cost of a stretch.
    longest : int
        Most steps of a stretch.

    Returns
    -------
    ndarray of int (B, T + 1)
        First step of the stretch that ends before each; that of step 0 is 0.

    Examples
    --------
    >>> series = np.array([[[0.0], [0.0], [9.0], [9.0]]])
    >>> best_cuts(series, np.zeros((1, 4), int), 1.0, 9)
    array([[0, 0, 0, 2, 2]])
    """
    batch, steps, channels = values.shape
    origin = np.zeros((batch, steps + 1), dtype=np.int64)
    best, squares = np.zeros(steps + 1), np.zeros(steps + 1)
    sums, costs = np.zeros((steps + 1, channels)), np.empty(steps + 1)
    waiting = np.empty(steps + 1, dtype=np.int64)
    for b in range(batch):
        for t in range(steps):
            squares[t + 1] = squares[t]
            for c in range(channels):
                sums[t + 1, c] = sums[t, c] + values[b, t, c]
                squares[t + 1] += values[b, t, c] ** 2
        count = 0
        for t in range(1, steps + 1):
            waiting[count] = t - 1
            count += 1
            first, kept, least = max(begin[b, t - 1], t - longest), 0, np.inf
            for k in range(count):
                s = waiting[k]
                if s < first:
                    continue
                moved = 0.0
                for c in range(channels):
                    moved += (sums[t, c] - sums[s, c]) ** 2
                costs[kept] = best[s] + squares[t] - squares[s] - moved / (t - s)
                waiting[kept] = s
                if costs[kept] < least:
                    least, origin[b, t] = costs[kept], s
                kept += 1
            best[t] = least + penalty
            count = 0
            for k in range(kept):  # what costs more than a cut here does so for good
                if costs[k] <= best[t]:
                    waiting[count] = waiting[k]
                    count += 1
    return origin
