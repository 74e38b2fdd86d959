"""Numbers of fixed points over a grid of two parameters, each of them proved.

One cell after another, each by `dynsys.numerics.branch_and_prune` started from its neighbour's roots. The
kernel lets go of Python's lock, so several threads share a grid row by row.
"""

import numpy as np
from numba import types

from dynsys.numerics.branch_and_prune import ROOTS, UNDECIDED, prove
from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

# What stands in a cell where the number is not proved.
UNKNOWN = -1
MAX_ROOTS, MAX_WAITING = 1024, 4096

_MATRIX, _CUBE = (types.Array(types.float64, d, "C") for d in (2, 3))
_GRID, _LONG = types.Array(types.int64, 2, "C"), types.int64
_FIELD = (FIELD_TYPE, FIELD_TYPE, VECTOR, VECTOR)


@jit()
def _put(inputs, params, place, value):
    if place < inputs.size:
        inputs[place] = value
    else:
        params[place - inputs.size] = value


@jit(types.void(*_FIELD, _CUBE, _LONG, VECTOR, _LONG, VECTOR, _LONG, _LONG, _LONG, _GRID), nogil=True)
def count_rows(
    values, slopes, inputs, params, searches, column, across, row, along, start, stop, budget, out
):
    """Fill some rows of a grid.

    Parameters
    ----------
    values, slopes : function
        The field over boxes.
    inputs, params : ndarray
        The other values; not changed.
    searches : ndarray (B, A, 2 R) or (1, 1, 2 R)
        The box of each cell, or of all.
    column, row : int
        Which entry of (inputs, params) changes along a row, and which from row to row.
    across, along : ndarray (A,), (B,)
        Their values.
    start, stop : int
        Rows to fill.
    budget : int
        Most boxes to examine in a cell.
    out : ndarray (B, A)
        Becomes the numbers, `UNKNOWN` where one is not proved.
    """
    u, p = inputs.copy(), params.copy()
    width = searches.shape[2]
    n = width // 2
    alone, tight = np.empty((MAX_ROOTS, width)), np.empty((MAX_ROOTS, width))
    queue, undecided = np.empty((MAX_WAITING, width)), np.empty((MAX_WAITING + 1, width))
    seeds, counts = np.empty((MAX_ROOTS, n)), np.empty(5, dtype=np.int64)
    for b in range(start, stop):
        _put(u, p, row, along[b])
        seed_count = 0
        for a in range(across.size):
            _put(u, p, column, across[a])
            search = searches[min(b, searches.shape[0] - 1), min(a, searches.shape[1] - 1)]
            prove(
                values,
                slopes,
                u,
                p,
                search,
                seeds,
                seed_count,
                budget,
                alone,
                tight,
                queue,
                undecided,
                counts,
            )
            seed_count = counts[ROOTS]
            found = 0
            for k in range(seed_count):
                inside = outside = 0
                for i in range(n):
                    seeds[k, i] = 0.5 * (tight[k, 2 * i] + tight[k, 2 * i + 1])
                    low, high = search[2 * i], search[2 * i + 1]
                    inside += low <= tight[k, 2 * i] and tight[k, 2 * i + 1] <= high
                    outside += tight[k, 2 * i + 1] < low or tight[k, 2 * i] > high
                found += inside == n
                if inside < n and outside == 0:
                    counts[UNDECIDED] += 1
            out[b, a] = UNKNOWN if counts[UNDECIDED] > 0 else found
