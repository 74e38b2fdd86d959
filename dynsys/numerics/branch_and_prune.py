"""All roots of a field in a box, with proof: branch and prune (DYNAMICS, algorithm 1).

Roots that are known or come up are proved first, each with a box in which it is alone (`verify`; that box is
grown around the root, so a root on a face between two boxes is no trouble). Then every box is shrunk, dropped
when it holds no root or only one that is proved, else split, at a face of a proved box that it overlaps or
across its most influential side. What cannot be decided is returned, never dropped.
"""

import math

import numpy as np
from numba import types

from dynsys.numerics.interval_newton import EXCLUDED, PROVED, REGULAR, contract, verify
from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

# Sides below this share of the search box are not split further.
FINEST = 2.0**-32
# A box that overlaps at least this share of itself with a proved box is cut at that box's face.
OVERLAP = 0.25
# Places in ``counts``.
ROOTS, UNDECIDED, EXAMINED, DROPPED, SPLIT = range(5)
DECIDED, OUT_OF_BUDGET, OUT_OF_ROOM = 0, 1, 2

_MATRIX = types.Array(types.float64, 2, "C")
_COUNTS, _LONG, _REAL, _FLAG = types.Array(types.int64, 1, "C"), types.int64, types.float64, types.boolean
_FIELD = (FIELD_TYPE, FIELD_TYPE, VECTOR, VECTOR)


@jit()
def _copy(source, target):
    for i in range(source.size):  # compiles faster than an assignment to a slice
        target[i] = source[i]


@jit()
def _holds(outer, inner):
    for i in range(outer.size // 2):
        if not (outer[2 * i] <= inner[2 * i] and inner[2 * i + 1] <= outer[2 * i + 1]):
            return False
    return True


@jit()
def _meet(one, two):
    for i in range(one.size // 2):
        if one[2 * i + 1] < two[2 * i] or two[2 * i + 1] < one[2 * i]:
            return False
    return True


@jit()
def _add_root(alone, tight, alones, tights, counts):
    """Keep a proved root unless it is known; False where the two cannot be told apart, or no room."""
    count = counts[ROOTS]
    for k in range(count):
        if _meet(tight, tights[k]):
            return _holds(alones[k], tight)
    if count == alones.shape[0]:
        return False
    _copy(alone, alones[count])
    _copy(tight, tights[count])
    counts[ROOTS] = count + 1
    return True


@jit()
def _proved_around(box, alones, count):
    """Number of a proved box that holds this one, -1 if none does."""
    for k in range(count):
        if _holds(alones[k], box):
            return k
    return -1


@jit()
def _cut(box, search, slope, alones, count):
    """Axis and place of the cut of a box; axis -1 if the box is too small."""
    n = box.size // 2
    for k in range(count):
        alone = alones[k]
        axis, place, most, least = -1, 0.0, 0.0, 1.0
        for i in range(n):
            low, high = box[2 * i], box[2 * i + 1]
            width = high - low
            left, right = alone[2 * i] - low, high - alone[2 * i + 1]
            least = min(least, 1.0 - (max(left, 0.0) + max(right, 0.0)) / width if width > 0.0 else 1.0)
            if left > most * width:
                axis, place, most = i, alone[2 * i], left / width
            if right > most * width:
                axis, place, most = i, alone[2 * i + 1], right / width
        if least >= OVERLAP and axis >= 0 and box[2 * axis] < place < box[2 * axis + 1]:
            return float(axis), place
    axis, most = -1, 0.0
    for i in range(n):
        width = box[2 * i + 1] - box[2 * i]
        whole = search[2 * i + 1] - search[2 * i]
        middle = 0.5 * (box[2 * i] + box[2 * i + 1])
        if width <= FINEST * whole or not box[2 * i] < middle < box[2 * i + 1]:
            continue
        influence = 0.0
        for r in range(n):
            at = 2 * (r * n + i)
            influence = max(influence, abs(slope[at]), abs(slope[at + 1]))
        # Where slopes are unknown, and between equals, the side that was split least.
        weight = width * influence if influence < math.inf else width / whole * 1e300
        weight += 1e-3 * weight * width / whole
        if weight > most or axis < 0:
            axis, most = i, weight
    if axis < 0:
        return -1.0, 0.0
    return float(axis), 0.5 * (box[2 * axis] + box[2 * axis + 1])


@jit()
def _leave_open(status, queue, first, waiting, undecided, counts):
    """Hand over what still waits; where there is no room for it the last box becomes the hull of the rest."""
    for k in range(waiting):
        box = queue[(first + k) % queue.shape[0]]
        if counts[UNDECIDED] < undecided.shape[0]:
            _copy(box, undecided[counts[UNDECIDED]])
            counts[UNDECIDED] += 1
        else:
            last = undecided[undecided.shape[0] - 1]
            for i in range(box.size // 2):
                last[2 * i] = min(last[2 * i], box[2 * i])
                last[2 * i + 1] = max(last[2 * i + 1], box[2 * i + 1])
    return status


@jit()
def _parameters_outweigh(box, slope, at_centre, share):
    """Whether F varies over the parameters so much that a smaller box would hardly be easier to decide."""
    n = box.size // 2
    for i in range(n):
        over_states = 0.0
        for j in range(n):
            at = 2 * (i * n + j)
            over_states += max(abs(slope[at]), abs(slope[at + 1])) * (box[2 * j + 1] - box[2 * j])
        if not at_centre[2 * i + 1] - at_centre[2 * i] > share * over_states:
            return False
    return True


@jit(types.int64(*_FIELD, VECTOR, _MATRIX, _LONG, _LONG, _LONG, _REAL, _FLAG, *[_MATRIX] * 4, _COUNTS))
def prove(
    values, slopes, inputs, params, search, seeds, seed_count, waiting, budget, share, rough, alones, tights,
    queue, undecided, counts,
):  # fmt: skip
    """Enclose all roots in some boxes.

    Parameters
    ----------
    values, slopes : function
        The field over boxes.
    inputs, params : ndarray
        Passed on to them; intervals for the wide version.
    search : ndarray (2 R,)
        A box that holds all of them: the scale of each coordinate.
    seeds : ndarray (K, R)
        States near roots that are known already; the first ``seed_count`` rows count.
    seed_count : int
        How many.
    waiting : int
        How many boxes of ``queue`` are to be decided.
    budget : int
        Most boxes to examine.
    share : float
        A box is left undecided where F varies with the parameters more than this share of how it varies with
        the state over the box; inf where they are numbers.
    rough : bool
        Whether any box in which a root is alone, and any enclosure of it, will do, or they should be large
        and tight.
    alones, tights : ndarray (M, 2 R)
        Boxes in which a root is alone, and small boxes that hold it, of the first ``counts[ROOTS]`` roots;
        more are added, and some may lie outside ``search``.
    queue : ndarray (Q, 2 R)
        Work: boxes that wait.
    undecided : ndarray (Q + 1, 2 R)
        Become boxes about which nothing is proved.
    counts : ndarray (5,)
        The numbers of roots, undecided, examined, dropped and split boxes; are added to.

    Returns
    -------
    int
        `DECIDED`, `OUT_OF_BUDGET` or `OUT_OF_ROOM`; outside the boxes of ``alones`` and ``undecided`` there
        is no root in the boxes that waited.
    """
    n = search.size // 2
    matrix, inverse = np.empty((n, n)), np.empty((n, n))
    slope, product, at_centre = np.empty(2 * n * n), np.empty(2 * n * n), np.empty(2 * n)
    work, state, widths = np.empty(4 * n * n + 8 * n), np.empty(n), np.empty(n)
    box, alone, tight = np.empty(2 * n), np.empty(2 * n), np.empty(2 * n)
    for i in range(n):
        widths[i] = search[2 * i + 1] - search[2 * i]
    for k in range(seed_count):
        _copy(seeds[k], state)
        if verify(values, slopes, inputs, params, state, widths, matrix, inverse, alone, tight, work):
            _add_root(alone, tight, alones, tights, counts)
    first = 0
    status = DECIDED
    while waiting > 0:
        if counts[EXAMINED] >= budget or counts[UNDECIDED] >= queue.shape[0]:
            status = OUT_OF_BUDGET
            break
        _copy(queue[first], box)
        first, waiting = (first + 1) % queue.shape[0], waiting - 1
        counts[EXAMINED] += 1
        if _proved_around(box, alones, counts[ROOTS]) >= 0:
            counts[DROPPED] += 1
            continue
        outcome = contract(
            values, slopes, inputs, params, box, matrix, inverse, slope, product, at_centre, work, rough,
            alone, tight,
        )  # fmt: skip
        if outcome == PROVED and _add_root(alone, tight, alones, tights, counts):
            counts[DROPPED] += 1
            continue
        if outcome == EXCLUDED or _proved_around(box, alones, counts[ROOTS]) >= 0:
            counts[DROPPED] += 1
            continue
        if outcome == REGULAR:
            for i in range(n):
                state[i] = 0.5 * (box[2 * i] + box[2 * i + 1])
                tight[2 * i] = tight[2 * i + 1] = state[i]
            near = _proved_around(tight, alones, counts[ROOTS])
            if near >= 0:
                if _holds(box, tights[near]):
                    counts[DROPPED] += 1
                    continue
            elif verify(values, slopes, inputs, params, state, widths, matrix, inverse, alone, tight, work):
                known = _add_root(alone, tight, alones, tights, counts)
                # Regular slopes leave room for one root at most, and there it is.
                alone_here = known and _holds(box, tight)
                if alone_here or _proved_around(box, alones, counts[ROOTS]) >= 0:
                    counts[DROPPED] += 1
                    continue
        if share < math.inf and _parameters_outweigh(box, slope, at_centre, share):
            _copy(box, undecided[counts[UNDECIDED]])
            counts[UNDECIDED] += 1
            continue
        axis, place = _cut(box, search, slope, alones, counts[ROOTS])
        if axis < 0.0:
            _copy(box, undecided[counts[UNDECIDED]])
            counts[UNDECIDED] += 1
            continue
        if waiting + 2 > queue.shape[0]:
            _copy(box, undecided[counts[UNDECIDED]])
            counts[UNDECIDED] += 1
            status = OUT_OF_ROOM
            break
        counts[SPLIT] += 1
        for half in range(2):
            at = (first + waiting) % queue.shape[0]
            _copy(box, queue[at])
            queue[at, 2 * int(axis) + (1 - half)] = place
            waiting += 1
    return status if waiting == 0 else _leave_open(status, queue, first, waiting, undecided, counts)
