"""Numbers of fixed points over a grid of two parameters, each of them proved.

A block of cells is tried at once, the two parameters being intervals that hold all of its values: what
`dynsys.numerics.branch_and_prune` proves of them holds in each cell. A block about which something stays open
is cut in four, down to cells, where the parameters are numbers; its parts take over the roots that are proved
of it and examine nothing but the boxes that it leaves open, so that no work is done twice. The kernel lets go
of Python's lock, so that several threads share a grid.
"""

import math

import numpy as np
from numba import types

from dynsys.numerics.branch_and_prune import EXAMINED, ROOTS, UNDECIDED, prove
from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

# What stands in a cell where the number is not proved.
UNKNOWN = -1
# Roots of a block, and boxes that may wait or stay open.
MAX_ROOTS, MAX_WAITING = 1024, 4096
# Blocks that may wait, and how often a block may be cut.
MAX_BLOCKS, MAX_DEPTH = 256, 16
# Boxes examined in a block before it is cut: this share of what the cell in its middle takes, within limits.
EFFORT, LEAST, MOST = 0.5, 24, 400
# A box is left to a block's parts where F varies with the parameters more than this share of how it varies
# with the state.
SHARE = 0.1

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
def _put_cut(box, search, queue, waiting):
    """Let the part of a box that lies in another wait; how many do. Without room the last one grows."""
    n = search.size // 2
    for i in range(n):
        if max(box[2 * i], search[2 * i]) > min(box[2 * i + 1], search[2 * i + 1]):
            return waiting
    full = waiting == queue.shape[0]
    place = queue[waiting - 1 if full else waiting]
    for i in range(n):
        low, high = max(box[2 * i], search[2 * i]), min(box[2 * i + 1], search[2 * i + 1])
        place[2 * i] = min(low, place[2 * i]) if full else low
        place[2 * i + 1] = max(high, place[2 * i + 1]) if full else high
    return waiting if full else waiting + 1


@jit()
def _inherit(search, left_over, alones, tights, opened, alone, tight, queue):
    """Take over proved roots, and boxes to decide: open ones, and those of roots on the edge of the box."""
    roots = waiting = 0
    for k in range(left_over[1]):
        waiting = _put_cut(opened[k], search, queue, waiting)
    for k in range(left_over[0]):
        if _side(search, tights[k]) == 0:
            waiting = _put_cut(alones[k], search, queue, waiting)
            continue
        for i in range(search.size):
            alone[roots, i], tight[roots, i] = alones[k, i], tights[k, i]
        roots += 1
    return roots, waiting


@jit()
def _side(search, tight):
    """1 if an enclosure lies in a box, -1 if outside it, 0 if neither is sure."""
    inside, outside = True, False
    for i in range(search.size // 2):
        low, high = search[2 * i], search[2 * i + 1]
        inside = inside and low <= tight[2 * i] and tight[2 * i + 1] <= high
        outside = outside or tight[2 * i + 1] < low or tight[2 * i] > high
    return 1 if inside else -1 if outside else 0


@jit()
def _number(search, tights, counts):
    """Proved roots inside a box, `UNKNOWN` if anything is open."""
    found, unsure = 0, counts[UNDECIDED] > 0
    for k in range(counts[ROOTS]):
        side = _side(search, tights[k])
        found += side == 1
        unsure = unsure or side == 0
    return UNKNOWN if unsure else found


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
        First and last row, first and last column of each block, the last ones not included; at most 2^14
        cells along.
    budget : int
        Most boxes to examine in a cell.
    out : ndarray (B, A)
        Becomes the numbers, `UNKNOWN` where one is not proved.
    """
    u, p, wide_u, wide_p = inputs.copy(), params.copy(), _widened(inputs), _widened(params)
    width = searches.shape[2]
    search, counts = np.empty(width), np.empty(5, dtype=np.int64)
    # What a block of some depth leaves to its parts, one depth further: proved roots and open boxes.
    alones, tights = np.empty((MAX_DEPTH, MAX_ROOTS, width)), np.empty((MAX_DEPTH, MAX_ROOTS, width))
    opened = np.empty((MAX_DEPTH, MAX_WAITING + 1, width))
    left_over = np.zeros((MAX_DEPTH, 2), dtype=np.int64)
    queue, seeds = np.empty((MAX_WAITING, width)), np.empty((0, width // 2))
    waiting, block = np.empty((MAX_BLOCKS, 5), dtype=np.int64), np.empty(5, dtype=np.int64)
    for start in range(blocks.shape[0]):
        for i in range(4):
            waiting[0, i] = blocks[start, i]
        waiting[0, 4] = 1
        _hull(searches, waiting[0], opened[0, 0])
        left_over[0, 0], left_over[0, 1] = 0, 1
        effort = 0  # boxes to examine in each block; at first the cell in the middle is tried, to find out
        left = 1
        while left > 0:
            left -= 1
            for i in range(5):
                block[i] = waiting[left, i]
            rows, columns, depth = block[1] - block[0], block[3] - block[2], block[4]
            is_cell = (rows == 1 and columns == 1) or effort == 0
            _hull(searches, block, search)
            for i in range(counts.size):
                counts[i] = 0
            counts[ROOTS], boxes = _inherit(
                search, left_over[depth - 1], alones[depth - 1], tights[depth - 1], opened[depth - 1],
                alones[depth], tights[depth], queue,
            )  # fmt: skip
            if is_cell:
                _put(u, p, row, along[block[0] + rows // 2])
                _put(u, p, column, across[block[2] + columns // 2])
                f, slope, share, most = values, slopes, math.inf, budget
            else:
                _spread(wide_u, wide_p, row, along, block[0], block[1])
                _spread(wide_u, wide_p, column, across, block[2], block[3])
                f, slope, share, most = wide_values, wide_slopes, SHARE, effort
            prove(
                f, slope, u if is_cell else wide_u, p if is_cell else wide_p, search, seeds, 0, boxes, most,
                share, True, alones[depth], tights[depth], queue, opened[depth], counts,
            )  # fmt: skip
            if effort == 0:
                effort = min(max(int(EFFORT * counts[EXAMINED]), LEAST), MOST)
                if rows > 1 or columns > 1:
                    left += 1  # the block itself
                    continue
            number = _number(search, tights[depth], counts)
            if number != UNKNOWN or is_cell:
                for b in range(block[0], block[1]):
                    for a in range(block[2], block[3]):
                        out[b, a] = number
                continue
            left_over[depth, 0], left_over[depth, 1] = counts[ROOTS], counts[UNDECIDED]
            middle_b, middle_a = block[0] + (rows + 1) // 2, block[2] + (columns + 1) // 2
            for part in range(4):
                b0, b1 = (block[0], middle_b) if part < 2 else (middle_b, block[1])
                a0, a1 = (block[2], middle_a) if part % 2 == 0 else (middle_a, block[3])
                if b0 < b1 and a0 < a1:
                    waiting[left, 0], waiting[left, 1], waiting[left, 2], waiting[left, 3] = b0, b1, a0, a1
                    waiting[left, 4] = depth + 1
                    left += 1
