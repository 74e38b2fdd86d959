"""Numbers of fixed points over a grid of two parameters, each of them proved.

A block of cells is tried at once, the two parameters being intervals that hold all of its values: what
`dynsys.numerics.branch_and_prune` proves of them holds in each cell. A block about which something stays open
is cut in four, down to cells, where the parameters are numbers. Sizes of blocks that hardly ever succeed are
not tried any more. The kernel lets go of Python's lock, so that several threads share a grid.
"""

import numpy as np
from numba import types

from dynsys.numerics.branch_and_prune import ROOTS, UNDECIDED, prove
from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

# What stands in a cell where the number is not proved.
UNKNOWN = -1
MAX_ROOTS, MAX_WAITING = 1024, 4096
# Boxes examined for a block of cells before it is cut, and blocks that may wait.
BLOCK_BUDGET, MAX_BLOCKS = 160, 256
# Tries before a size of blocks is judged, and cells that a try costs as much as.
TRIES, WORTH = 12, 2.5

_MATRIX, _CUBE = (types.Array(types.float64, d, "C") for d in (2, 3))
_GRID, _LONG = types.Array(types.int64, 2, "C"), types.int64
_FIELD = (FIELD_TYPE, FIELD_TYPE, VECTOR, VECTOR)


@jit()
def _put(inputs, params, place, value):
    if place < inputs.size:
        inputs[place] = value
    else:
        params[place - inputs.size] = value


@jit()
def _widened(vector):
    """Intervals that hold one number each."""
    wide = np.empty(2 * vector.size)
    for i in range(vector.size):
        wide[2 * i] = wide[2 * i + 1] = vector[i]
    return wide


@jit()
def _spread(inputs, params, place, values, start, stop):
    """Let one entry hold some values of a parameter."""
    low, high = values[start], values[start]
    for i in range(start, stop):
        low, high = min(low, values[i]), max(high, values[i])
    _put(inputs, params, 2 * place, low)
    _put(inputs, params, 2 * place + 1, high)


@jit()
def _hull(searches, block, out):
    """Hull of the boxes of a block's cells."""
    for b in range(block[0], block[1]):
        for a in range(block[2], block[3]):
            row, column = min(b, searches.shape[0] - 1), min(a, searches.shape[1] - 1)
            first = b == block[0] and a == block[2]
            for i in range(out.size // 2):
                low, high = searches[row, column, 2 * i], searches[row, column, 2 * i + 1]
                out[2 * i] = low if first else min(low, out[2 * i])
                out[2 * i + 1] = high if first else max(high, out[2 * i + 1])
            if searches.shape[0] == 1 and searches.shape[1] == 1:
                return


@jit()
def _number(search, tight, seeds, counts):
    """Proved roots inside a box, `UNKNOWN` if anything is open; leaves their middles as seeds."""
    n = search.size // 2
    found, unsure = 0, counts[UNDECIDED] > 0
    for k in range(counts[ROOTS]):
        inside = outside = 0
        for i in range(n):
            seeds[k, i] = 0.5 * (tight[k, 2 * i] + tight[k, 2 * i + 1])
            low, high = search[2 * i], search[2 * i + 1]
            inside += low <= tight[k, 2 * i] and tight[k, 2 * i + 1] <= high
            outside += tight[k, 2 * i + 1] < low or tight[k, 2 * i] > high
        found += inside == n
        unsure = unsure or (inside < n and outside == 0)
    return UNKNOWN if unsure else found


@jit()
def _level(cells):
    level = 0
    while cells > 1:
        cells //= 2
        level += 1
    return level


@jit()
def _pays(cells, tried, proved):
    """Whether blocks of this size are worth a try, which costs about as much as a few cells do."""
    level = _level(cells)
    return tried[level] < TRIES or proved[level] * cells >= WORTH * tried[level]


@jit()
def _move(source, i, target, j):
    for k in range(4):
        target[j, k] = source[i, k]


@jit(types.void(*_FIELD[:2], *_FIELD, _CUBE, _LONG, VECTOR, _LONG, VECTOR, _GRID, _LONG, _GRID), nogil=True)
def count_blocks(
    wide_values, wide_slopes, values, slopes, inputs, params, searches, column, across, row, along, blocks,
    budget, out,
):  # fmt: skip
    """Fill some blocks of a grid.

    Parameters
    ----------
    wide_values, wide_slopes : function
        The field over boxes and intervals of inputs and parameters; not called for blocks of one cell.
    values, slopes : function
        The field over boxes.
    inputs, params : ndarray
        The other values; not changed.
    searches : ndarray (B, A, 2 R), (B, 1, 2 R), (1, A, 2 R) or (1, 1, 2 R)
        The box of each cell, or of all.
    column, row : int
        Which entry of (inputs, params) changes along a row, and which from row to row.
    across, along : ndarray (A,), (B,)
        Their values.
    blocks : ndarray (K, 4)
        First and last row, first and last column of each block, the last ones not included.
    budget : int
        Most boxes to examine in a cell.
    out : ndarray (B, A)
        Becomes the numbers, `UNKNOWN` where one is not proved.
    """
    u, p = inputs.copy(), params.copy()
    width = searches.shape[2]
    search = np.empty(width)
    alone, tight = np.empty((MAX_ROOTS, width)), np.empty((MAX_ROOTS, width))
    queue, undecided = np.empty((MAX_WAITING, width)), np.empty((MAX_WAITING + 1, width))
    seeds, counts = np.empty((MAX_ROOTS, width // 2)), np.empty(5, dtype=np.int64)
    waiting, block = np.empty((MAX_BLOCKS, 4), dtype=np.int64), np.empty(4, dtype=np.int64)
    tried, proved = np.zeros(64), np.zeros(64)
    for start in range(blocks.shape[0]):
        _move(blocks, start, waiting, 0)
        left = 1
        seed_count = 0
        while left > 0:
            left -= 1
            for i in range(4):
                block[i] = waiting[left, i]
            rows, columns = block[1] - block[0], block[3] - block[2]
            _hull(searches, block, search)
            if rows == 1 and columns == 1:
                _put(u, p, row, along[block[0]])
                _put(u, p, column, across[block[2]])
                prove(
                    values, slopes, u, p, search, seeds, seed_count, budget, alone, tight, queue, undecided,
                    counts,
                )  # fmt: skip
            elif not _pays(rows * columns, tried, proved):
                counts[UNDECIDED] = 1
            else:
                wide_u, wide_p = _widened(inputs), _widened(params)
                _spread(wide_u, wide_p, row, along, block[0], block[1])
                _spread(wide_u, wide_p, column, across, block[2], block[3])
                prove(
                    wide_values, wide_slopes, wide_u, wide_p, search, seeds, seed_count, BLOCK_BUDGET, alone,
                    tight, queue, undecided, counts,
                )  # fmt: skip
                tried[_level(rows * columns)] += 1
                proved[_level(rows * columns)] += counts[UNDECIDED] == 0
            number = _number(search, tight, seeds, counts)
            seed_count = counts[ROOTS]
            if number != UNKNOWN or (rows == 1 and columns == 1):
                for b in range(block[0], block[1]):
                    for a in range(block[2], block[3]):
                        out[b, a] = number
                continue
            middle_b, middle_a = block[0] + (rows + 1) // 2, block[2] + (columns + 1) // 2
            for part in range(4):
                b0, b1 = (block[0], middle_b) if part < 2 else (middle_b, block[1])
                a0, a1 = (block[2], middle_a) if part % 2 == 0 else (middle_a, block[3])
                if b0 < b1 and a0 < a1:
                    waiting[left, 0], waiting[left, 1], waiting[left, 2], waiting[left, 3] = b0, b1, a0, a1
                    left += 1
