"""Follow trajectories until something happens: capture by an attractor, the edge of a box, a return.

A region of capture is an ellipsoid, (x - centre)^T shape (x - centre) <= 1; an attractor may own several (a
cycle is a chain of balls). Each kernel steps with `dynsys.numerics.dormand_prince`; the regions are arrays
``centers`` (C, R), ``shapes`` (C, R, R), ``owners`` (C,), which may be empty.
"""

import numpy as np
from numba import types

from dynsys.numerics.dormand_prince import (
    BLOCK,
    INTEGERS,
    MATRIX,
    SYSTEM,
    accept,
    between,
    first_step,
    slope,
    step,
)
from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

# How a trajectory ended, where it was not captured (then it is the owner's number, 0 or more).
UNDECIDED, LEFT_BOX, DIVERGED, ESCAPED = -1, -2, -3, -4
BISECTIONS = 50
# Beyond the box a trajectory gets so many steps to come back, unless it rests there: F below so little of the
# scale.
PATIENCE, AT_REST = 1000, 1e-9

_REAL, _INTEGER = types.float64, types.int64


@jit()
def owner_at(y, centers, shapes, owners):
    """Number of the attractor whose region holds y, or UNDECIDED."""
    for b in range(centers.shape[0]):
        total = 0.0
        for i in range(y.size):
            for j in range(y.size):
                total += (y[i] - centers[b, i]) * shapes[b, i, j] * (y[j] - centers[b, j])
            if total > 1e300:
                break
        if total <= 1.0:
            return owners[b]
    return UNDECIDED


@jit()
def outside(y, box):
    """Whether y lies beyond a box (R, 2)."""
    for c in range(y.size):
        if not box[c, 0] <= y[c] <= box[c, 1]:
            return True
    return False


@jit()
def _store(points, times, count, y, t):
    for c in range(y.size):
        points[count, c] = y[c]
    times[count] = t
    return count + 1


@jit(types.void(
    *SYSTEM, MATRIX, _REAL, _REAL, VECTOR, _INTEGER, MATRIX, MATRIX, MATRIX, BLOCK, INTEGERS, INTEGERS, VECTOR
))  # fmt: skip
def capture_many(
    rhs, jacobian, inputs, params, states, duration, rtol, scale, max_steps, box, horizon, centers, shapes,
    owners, labels, times,
):  # fmt: skip
    """Run each start until an attractor captures it, it is gone for good, or time or steps run out.

    Parameters
    ----------
    rhs, jacobian, inputs, params
        The field; what it is driven by.
    states : ndarray (K, R)
        The starts; become the last states.
    duration : float
        Most time; negative runs backwards.
    rtol, scale, max_steps
        As in `dormand_prince.run_at`.
    box, horizon : ndarray (R, 2)
        What leaves the box and neither comes back nor goes on to the horizon has LEFT_BOX; what reaches the
        horizon, or an infinite F on the way there, has ESCAPED.
    centers, shapes, owners : ndarray (C, R), (C, R, R), (C,)
        Regions of capture.
    labels, times : ndarray (K,)
        Become the owner or UNDECIDED, LEFT_BOX, ESCAPED, DIVERGED; and the time taken.
    """
    system = rhs, jacobian, inputs, params
    size = states.shape[1]
    trial, flat = np.empty(size), np.empty(size * size)
    k = np.empty((7, size))
    for b in range(states.shape[0]):
        y = states[b]
        slope(system, size, y, flat, k[0])
        t, h = 0.0, first_step(y, size, scale, k) * (1.0 if duration >= 0.0 else -1.0)
        label = owner_at(y, centers, shapes, owners)
        gone, away = outside(y, box), 0
        for _ in range(max_steps):
            if label != UNDECIDED or t == duration:
                break
            left = duration - t
            h = h if abs(h) < abs(left) else left
            taken, after = step(system, size, y, h, rtol, scale, k, flat, trial)
            if taken == 0.0:
                label = ESCAPED if gone else DIVERGED
                break
            t = duration if taken == left else t + taken
            accept(y, k, trial)
            h = after
            gone = outside(y, box)
            if not gone:
                away = 0
                label = owner_at(y, centers, shapes, owners)
            elif outside(y, horizon):
                label = ESCAPED
            else:
                away += 1
                rests = True
                for c in range(size):
                    rests = rests and abs(k[0, c]) <= AT_REST * scale[c]
                if rests or away == PATIENCE:
                    label = LEFT_BOX
        labels[b], times[b] = label, t


@jit(_INTEGER(
    *SYSTEM, VECTOR, _REAL, _REAL, VECTOR, _INTEGER, _REAL, MATRIX, MATRIX, BLOCK, INTEGERS, MATRIX, VECTOR,
    INTEGERS,
))  # fmt: skip
def run_path(
    rhs, jacobian, inputs, params, start, duration, rtol, scale, max_steps, spacing, box, centers, shapes,
    owners, points, times, end,
):  # fmt: skip
    """One trajectory as a smooth line: points no further apart than ``spacing`` in units of ``scale``.

    Parameters
    ----------
    start : ndarray (R,)
        Where it starts.
    spacing : float
        Largest distance between neighbouring points.
    points, times : ndarray (M, R), (M,)
        Become the line; it ends on the edge of the box when it leaves it.
    end : ndarray of int (1,)
        Becomes the owner of the region it ends in, UNDECIDED, LEFT_BOX or DIVERGED.
    rhs, jacobian, inputs, params, duration, rtol, scale, max_steps, box, centers, shapes, owners
        As in `capture_many`.

    Returns
    -------
    int
        Number of points.
    """
    system = rhs, jacobian, inputs, params
    size = start.size
    y, trial, place, flat = start.copy(), np.empty(size), np.empty(size), np.empty(size * size)
    k = np.empty((7, size))
    slope(system, size, y, flat, k[0])
    t, h = 0.0, first_step(y, size, scale, k) * (1.0 if duration >= 0.0 else -1.0)
    count = _store(points, times, 0, y, t)
    end[0] = owner_at(y, centers, shapes, owners)
    for _ in range(max_steps):
        if end[0] != UNDECIDED or t == duration:
            break
        left = duration - t
        h = h if abs(h) < abs(left) else left
        taken, after = step(system, size, y, h, rtol, scale, k, flat, trial)
        if taken == 0.0:
            end[0] = DIVERGED
            break
        length = 0.0
        for c in range(size):
            length = max(length, abs(trial[c] - y[c]) / scale[c])
        pieces = int(min(length / spacing, 1000.0)) + 1
        gone = outside(trial, box)
        inside, beyond = 0.0, 1.0
        if gone:
            for _ in range(BISECTIONS):
                middle = 0.5 * (inside + beyond)
                between(y, taken, k, middle, place)
                if outside(place, box):
                    beyond = middle
                else:
                    inside = middle
        for piece in range(1, pieces + 1):
            share = piece / pieces
            if gone and share >= inside:
                share = inside
            if count == times.size:
                return count
            if share == 1.0:
                count = _store(points, times, count, trial, t + taken)
            else:
                between(y, taken, k, share, place)
                count = _store(points, times, count, place, t + share * taken)
            if gone and share == inside:
                break
        if gone:
            end[0] = LEFT_BOX
            break
        t = duration if taken == left else t + taken
        accept(y, k, trial)
        h = after
        end[0] = owner_at(y, centers, shapes, owners)
    return count


@jit(types.void(
    *SYSTEM, MATRIX, _REAL, _REAL, VECTOR, _INTEGER, _INTEGER, _REAL, MATRIX, MATRIX, BLOCK, INTEGERS, VECTOR,
    VECTOR, INTEGERS,
))  # fmt: skip
def find_returns(
    rhs, jacobian, inputs, params, states, direction, rtol, scale, settle, watch, close, box, centers, shapes,
    owners, periods, gaps, labels,
):  # fmt: skip
    """Let each start settle, then watch when it comes back to where it is: the first guess of a cycle.

    The plane through the settled state across its flow is crossed from behind once a turn; of the crossings
    the first within ``close`` counts, or else the nearest.

    Parameters
    ----------
    states : ndarray (K, R)
        The starts; become the settled states, or the last where that is not reached.
    direction : float
        1 forward in time, -1 backward.
    settle, watch : int
        Steps to settle and to watch.
    close : float
        Distance that counts as a return, in units of ``scale``.
    periods, gaps : ndarray (K,)
        Become the time until the return, 0 if there was none (captured, gone, never back), and its distance.
    labels : ndarray of int (K,)
        Become UNDECIDED, or how the trajectory ended, as in `capture_many`.
    rhs, jacobian, inputs, params, rtol, scale, box, centers, shapes, owners
        As in `capture_many`.
    """
    system = rhs, jacobian, inputs, params
    size = states.shape[1]
    y, trial, place, flat = np.empty(size), np.empty(size), np.empty(size), np.empty(size * size)
    normal, k = np.empty(size), np.empty((7, size))
    for b in range(states.shape[0]):
        origin = states[b]
        for c in range(size):
            y[c] = origin[c]
        periods[b], gaps[b], labels[b] = 0.0, np.inf, owner_at(y, centers, shapes, owners)
        slope(system, size, y, flat, k[0])
        h, t, height = direction * first_step(y, size, scale, k), 0.0, 0.0
        for n in range(settle + watch):
            taken, after = step(system, size, y, h, rtol, scale, k, flat, trial)
            if taken == 0.0:
                labels[b] = DIVERGED
            if labels[b] != UNDECIDED:
                break
            if n >= settle:
                above = 0.0
                for c in range(size):
                    above += normal[c] * (trial[c] - origin[c])
                if height < 0.0 and above >= 0.0:
                    low, high = 0.0, 1.0
                    for _ in range(BISECTIONS):
                        share = 0.5 * (low + high)
                        between(y, taken, k, share, place)
                        total = 0.0
                        for c in range(size):
                            total += normal[c] * (place[c] - origin[c])
                        low, high = (share, high) if total < 0.0 else (low, share)
                    gap = 0.0
                    for c in range(size):
                        gap = max(gap, abs(place[c] - origin[c]) / scale[c])
                    if gap < gaps[b]:
                        gaps[b], periods[b] = gap, t + high * taken
                    if gap <= close:
                        break
                height = above
            accept(y, k, trial)
            t += taken
            h = after
            labels[b] = LEFT_BOX if outside(y, box) else owner_at(y, centers, shapes, owners)
            if labels[b] == UNDECIDED and n == settle - 1:
                t = height = 0.0
                for c in range(size):
                    origin[c] = y[c]
                    normal[c] = direction * k[0, c] / scale[c] ** 2


@jit(types.void(
    FIELD_TYPE, VECTOR, VECTOR, MATRIX, _REAL, BLOCK, MATRIX, MATRIX, BLOCK, INTEGERS, INTEGERS, VECTOR
))  # fmt: skip
def noisy_steps(rhs, inputs, params, states, length, kicks, box, centers, shapes, owners, labels, spent):
    """Euler and Maruyama's steps of many copies, each until a region captures it or it leaves the box.

    Parameters
    ----------
    rhs : function
        Of a field.
    inputs, params : ndarray
        Passed on to it.
    states : ndarray (K, R)
        The states; become the last.
    length : float
        Step.
    kicks : ndarray (K, T, R)
        What noise adds at each step.
    box, centers, shapes, owners
        As in `capture_many`.
    labels, spent : ndarray (K,)
        Copies with the label UNDECIDED go on and get their label when they end; their time is added up.
    """
    flow = np.empty(states.shape[1])
    for b in range(states.shape[0]):
        y = states[b]
        for t in range(kicks.shape[1]):
            if labels[b] != UNDECIDED:
                break
            rhs(y, inputs, params, flow)
            for c in range(y.size):
                y[c] += length * flow[c] + kicks[b, t, c]
            spent[b] += length
            labels[b] = LEFT_BOX if outside(y, box) else owner_at(y, centers, shapes, owners)
