"""Follow a curve of fixed points F(x, p) = 0 through its folds, and find zeros of test functions on it.

A point is y = (x, p) in units of ``scale``; t is the curve's unit tangent, oriented along the walk. A step of
length h from y_0 goes to the curve's point in the plane t . (y - y_0) = h by Newton's method on n + 1
equations, which stays regular at folds. The tests change sign where

    0  the parameter component of t                                fold
    1  det [[F_x, F_p], [t]]                                       another branch crosses
    2  det of the sums of pairs of eigenvalues (bialternate)       Hopf point or neutral saddle
    3, 4  the distances from both ends of the parameter span       vanish.

Each kernel is compiled where it stands, with the functions of a field as typed arguments, once for all.
"""

import numpy as np
from numba import types

from dynsys.numerics.linear import eliminate, pair_sums
from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

FOLD, BRANCH, PAIR, LOW, HIGH = range(5)
TESTS = 5
# How a walk ended.
LEFT_SPAN, CLOSED_LOOP, MAX_STEPS, MIN_STEP, LEFT_BOX = range(5)

MAX_NEWTON = 8
NEWTON_TOLERANCE = 1e-11
# A step is shortened when the curve turns by more than acos(MIN_COSINE) or Newton moves it too far sideways.
MIN_COSINE = 0.985
MAX_SIDEWAYS = 0.3
# Halvings of a step in which the branch test changes sign; the least cosine of a chord that is a tangent.
JUMP_BISECTIONS = 12
CHORD_COSINE = 0.9
# Width of the bracket around a zero; what is found in it is polished afterwards.
BRACKET = 1e-10
GOLDEN = 0.6180339887498949
GOLDEN_STEPS = 30

_MATRIX = types.Array(types.float64, 2, "C")
_COMMON = (FIELD_TYPE, FIELD_TYPE, FIELD_TYPE, VECTOR, VECTOR, VECTOR, types.int64, types.int64, VECTOR)


@jit()
def _advance(field, system, work, base, direction, length, point, tangent, tests):
    """Newton from near the curve's point in the plane at this distance; return the iterations, or -1."""
    rhs, jacobian, parameter_jacobian = field
    inputs, params, scale, column, columns, span = system
    matrix, value, state, flat, slopes, pairs, side = work
    n = state.size
    iterations = 0
    size = np.inf
    while True:
        for i in range(n):
            state[i] = point[i] * scale[i]
        if column < inputs.size:
            inputs[column] = point[n] * scale[n]
        else:
            params[column - inputs.size] = point[n] * scale[n]
        rhs(state, inputs, params, value)
        jacobian(state, inputs, params, flat)
        parameter_jacobian(state, inputs, params, slopes)
        value[n] = -length
        for i in range(n):
            for j in range(n):
                matrix[i, j] = flat[i * n + j] * scale[j]
            matrix[i, n] = slopes[i * columns + column] * scale[n]
        for j in range(n + 1):
            matrix[n, j] = direction[j]
            value[n] += direction[j] * (point[j] - base[j])
        if size <= NEWTON_TOLERANCE:
            for j in range(n + 1):
                value[j] = 1.0 if j == n else 0.0
        determinant = eliminate(matrix, value)
        if size <= NEWTON_TOLERANCE:
            break
        iterations += 1
        size = 0.0
        for j in range(n + 1):
            point[j] -= value[j]
            size = max(size, abs(value[j]) / (1.0 + abs(point[j])))
        if iterations == MAX_NEWTON or not size < 1e6:
            return -1
    norm = 0.0
    for j in range(n + 1):
        norm += value[j] * value[j]
    if not 0.0 < norm < np.inf:
        return -1
    cosine = 0.0
    for j in range(n + 1):
        tangent[j] = value[j] / np.sqrt(norm)
        cosine += tangent[j] * direction[j]
    tests[FOLD] = tangent[n]
    tests[BRANCH] = determinant / cosine
    tests[PAIR] = 1.0
    if n > 1:
        pair_sums(flat, pairs)
        tests[PAIR] = eliminate(pairs, side)
    tests[LOW], tests[HIGH] = point[n] - span[0], span[1] - point[n]
    return iterations


@jit()
def _between(first, second, share, point):
    """point = first + share (second - first)."""
    for j in range(point.size):
        point[j] = first[j] + share * (second[j] - first[j])


@jit()
def _chord_cosine(first, second, tangent):
    """Cosine of the angle between a chord and a tangent."""
    dot = norm = 0.0
    for j in range(first.size):
        dot += tangent[j] * (second[j] - first[j])
        norm += (second[j] - first[j]) ** 2
    return dot / np.sqrt(norm)


@jit()
def _workspace(n, columns):
    pairs = n * (n - 1) // 2
    return (
        np.empty((n + 1, n + 1)), np.zeros(n + 1), np.empty(n), np.empty(n * n), np.empty(n * columns),
        np.empty((pairs, pairs)), np.zeros(pairs),
    )  # fmt: skip


@jit(types.UniTuple(types.int64, 2)(*_COMMON, VECTOR, _MATRIX, _MATRIX, _MATRIX))
def walk(
    rhs, jacobian, parameter_jacobian, inputs, params, scale, column, columns, span,
    settings, points, tangents, tests,
):  # fmt: skip
    """Follow the curve from ``points[0]`` along ``tangents[0]`` until something ends it.

    Parameters
    ----------
    rhs, jacobian, parameter_jacobian : function
        Of a field.
    inputs, params : ndarray
        Its inputs and values; overwritten.
    scale : ndarray (n + 1,)
        Units of state and parameter; everything below is in these units.
    column, columns : int
        Which of the inputs and named parameters varies, and how many there are.
    span : ndarray (2,)
        Both ends of the parameter.
    settings : ndarray (3 + n,)
        First, longest and shortest step; bounds on the absolute state.
    points, tangents : ndarray (M, n + 1)
        Become the walk; row 0 is the start. The last point may lie outside the span.
    tests : ndarray (M, 5)
        Become the test functions.

    Returns
    -------
    tuple of int
        How it ended (-1 if Newton fails at the start), and the number of points.
    """
    n = points.shape[1] - 1
    field, system = (rhs, jacobian, parameter_jacobian), (inputs, params, scale, column, columns, span)
    work = _workspace(n, columns)
    length, longest, shortest = settings[0], settings[1], settings[2]
    trial, trial_tangent, trial_tests = np.empty(n + 1), np.empty(n + 1), np.empty(TESTS)
    ends, end_tangents = np.empty((2, n + 1)), np.empty((2, n + 1))
    count = 0
    while count < points.shape[0]:
        row = max(count - 1, 0)
        base, direction = points[row], tangents[row]
        point, tangent = points[count], tangents[count]
        if count == 0:  # a step of length 0 puts the start on the curve
            base, direction = base.copy(), direction.copy()
        step = length if count > 0 else 0.0
        for j in range(n + 1):
            point[j] = base[j] + step * direction[j]
        iterations = _advance(field, system, work, base, direction, step, point, tangent, tests[count])
        if count == 0:
            if iterations < 0:
                return -1, 0
            count = 1
            continue
        turn = sideways = before = after = distance = 0.0
        for j in range(n + 1):
            turn += tangent[j] * direction[j]
            sideways = max(sideways, abs(point[j] - base[j] - length * direction[j]))
            before += tangents[0, j] * (base[j] - points[0, j])
            after += tangents[0, j] * (point[j] - points[0, j])
            distance = max(distance, abs(point[j] - points[0, j]))
        bad = iterations < 0 or turn < MIN_COSINE or sideways > MAX_SIDEWAYS * length
        if not bad and (tests[count, BRANCH] > 0.0) != (tests[count - 1, BRANCH] > 0.0):
            # Another branch crosses, or Newton has changed over to one: then a short chord is no tangent.
            low, high = 0.0, length
            _between(base, base, 0.0, ends[0])
            _between(direction, direction, 0.0, end_tangents[0])
            _between(point, point, 0.0, ends[1])
            _between(tangent, tangent, 0.0, end_tangents[1])
            for _ in range(JUMP_BISECTIONS):
                s = 0.5 * (low + high)
                _between(ends[0], ends[1], 0.5, trial)
                if _advance(field, system, work, base, direction, s, trial, trial_tangent, trial_tests) < 0:
                    break
                end = 0 if (trial_tests[BRANCH] > 0.0) == (tests[count - 1, BRANCH] > 0.0) else 1
                low, high = (s, high) if end == 0 else (low, s)
                _between(trial, trial, 0.0, ends[end])
                _between(trial_tangent, trial_tangent, 0.0, end_tangents[end])
            for end in range(2):
                bad = bad or _chord_cosine(ends[0], ends[1], end_tangents[end]) < CHORD_COSINE
        if bad:
            length *= 0.5
            if length < shortest:
                return MIN_STEP, count
            continue
        count += 1
        if tests[count - 1, LOW] < 0.0 or tests[count - 1, HIGH] < 0.0:
            return LEFT_SPAN, count
        if count > 4 and before < 0.0 <= after and distance < 2.0 * length:
            return CLOSED_LOOP, count
        for i in range(n):
            if abs(point[i]) > settings[3 + i]:
                return LEFT_BOX, count
        if iterations <= 3 and turn > 0.5 * (1.0 + MIN_COSINE):
            length = min(1.6 * length, longest)
        elif iterations > 5:
            length *= 0.7
    return MAX_STEPS, count


@jit(types.void(*_COMMON, _MATRIX, _MATRIX, _MATRIX, _MATRIX, _MATRIX, _MATRIX))
def search(
    rhs, jacobian, parameter_jacobian, inputs, params, scale, column, columns, span,
    bases, directions, wanted, points, tangents, tests,
):  # fmt: skip
    """Find zeros of tests, or their minima, each between two points of a walk.

    Parameters
    ----------
    rhs, jacobian, parameter_jacobian, inputs, params, scale, column, columns, span
        As in `walk`.
    bases, directions : ndarray (E, n + 1)
        Where the distances below are measured from, and along what.
    wanted : ndarray (E, 5)
        Rows of test, distance and value of the test at the one end, the same at the other end. A change of
        sign is bisected; without one, the smallest absolute value is searched by golden sections, and the
        search ends early where the sign changes. Distance and value at the first end become those that were
        found (distance -1 if Newton failed at once).
    points, tangents, tests : ndarray (E, n + 1), (E, n + 1), (E, 5)
        Become the points found, the tangents and the tests there. An end of the span is met exactly.
    """
    n = points.shape[1] - 1
    field, system = (rhs, jacobian, parameter_jacobian), (inputs, params, scale, column, columns, span)
    work = _workspace(n, columns)
    golden, point, tangent, at = np.empty(4), np.empty(n + 1), np.empty(n + 1), np.empty(TESTS)
    ends, reached = np.empty((2, n + 1)), np.empty(2)
    for k in range(bases.shape[0]):
        base, direction = bases[k].copy(), directions[k].copy()
        which = int(wanted[k, 0])
        low, at_low, high, at_high = wanted[k, 1], wanted[k, 2], wanted[k, 3], wanted[k, 4]
        sign = 1.0 if at_low > 0.0 else -1.0
        bisect = (at_low > 0.0) != (at_high > 0.0)
        golden[0], golden[1] = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        golden[2] = golden[3] = np.inf
        side, rounds = 0, 0
        place, value = -1.0, 0.0
        bad = False
        for end in range(2):  # the curve between the ends is guessed from their chord
            reached[end] = high if end == 1 else low
            for j in range(n + 1):
                ends[end, j] = base[j] + reached[end] * direction[j]
            s = reached[end]
            bad = bad or _advance(field, system, work, base, direction, s, ends[end], tangent, at) < 0
        while not bad:
            s = 0.5 * (low + high) if bisect else golden[side]
            _between(ends[0], ends[1], (s - reached[0]) / (reached[1] - reached[0]), point)
            if _advance(field, system, work, base, direction, s, point, tangent, at) < 0:
                break  # at a branch point Newton's matrix is singular: what was reached is close enough
            place, value = s, at[which]
            for j in range(n + 1):
                points[k, j], tangents[k, j] = point[j], tangent[j]
            for j in range(TESTS):
                tests[k, j] = at[j]
            if bisect:
                if high - low <= BRACKET:
                    break
                end = 0 if sign * value > 0.0 else 1
                low, high = (s, high) if end == 0 else (low, s)
                reached[end] = s
                _between(point, point, 0.0, ends[end])
                continue
            golden[2 + side] = sign * value
            rounds += 1
            if sign * value <= 0.0 or rounds == GOLDEN_STEPS:
                break
            if rounds == 1:
                side = 1
            elif golden[2] < golden[3]:
                high, golden[1], golden[3] = golden[1], golden[0], golden[2]
                golden[0] = high - GOLDEN * (high - low)
                side = 0
            else:
                low, golden[0], golden[2] = golden[0], golden[1], golden[3]
                golden[1] = low + GOLDEN * (high - low)
                side = 1
        wanted[k, 1], wanted[k, 2] = place, value
        if place >= 0.0 and which >= LOW:
            points[k, n] = span[which - LOW]
            for j in range(n + 1):
                base[j], direction[j] = points[k, j], 1.0 if j == n else 0.0
            _advance(field, system, work, base, direction, 0.0, points[k], tangents[k], tests[k])
