"""Follow a curve through its folds and branch points.

A point is y = (x, p) or (x, p1, p2) in units of ``scale``; t is the curve's unit tangent, oriented along the
walk. A step of length h from y_0 goes to the curve's point in the plane t . (y - y_0) = h by Newton's method,
which stays regular at folds (`dynsys.numerics.extended`). The tests change sign where

    0  the parameter component of t                                fold
    1  det of Newton's matrix                                      another branch crosses
    2  det of the sums of pairs of eigenvalues (bialternate)       Hopf point or neutral saddle
    3, 4 (5, 6)  the distances from both ends of p1 (p2)           vanish.

`dynsys.numerics.locate` finds their zeros. Each kernel takes Newton's method as a function, so that it is
compiled once and not into each of them.
"""

import numpy as np
from numba import types

from dynsys.numerics.extended import BRANCH, COLUMNS, CURVE, FOLD, LOW, TESTS, advance_at, place
from dynsys.numerics.linear import null_direction
from dynsys.numerics.signatures import (
    FUNCTIONS,
    JACOBIAN,
    MATRIX,
    PARAMETER_JACOBIAN,
    STEPPER,
    VECTOR,
    field_at,
)
from rnn.jit import jit

# How a walk ended.
LEFT_SPAN, CLOSED_LOOP, MAX_STEPS, MIN_STEP, LEFT_BOX, FAILED = range(6)

# A step is shortened when the curve turns by more than acos(MIN_COSINE) or Newton moves it too far sideways.
MIN_COSINE = 0.985
MAX_SIDEWAYS = 0.3
# Halvings of a step in which the branch test changes sign; the least cosine of a chord that is a tangent.
JUMP_BISECTIONS = 12
CHORD_COSINE = 0.9
# A longer step is shortened as well where there is no point of the curve in between.
SHORT = 1e-4

_BLOCK = types.Array(types.float64, 3, "C")
_COUNTS = types.Array(types.int64, 1, "C")
START = (*CURVE, types.int64)


@jit()
def between(first, second, share, point):
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
def renew(borders):
    """Take the null vectors that were found as the borders of the next point."""
    for k in range(2):
        norm = 0.0
        for i in range(borders.shape[1]):
            norm += borders[2 + k, i] ** 2
        if 0.0 < norm < np.inf:
            for i in range(borders.shape[1]):
                borders[k, i] = borders[2 + k, i] / np.sqrt(norm)


@jit(types.boolean(FUNCTIONS, VECTOR, VECTOR, VECTOR, COLUMNS, VECTOR, MATRIX, VECTOR))
def null_vector(functions, inputs, params, scale, columns, point, matrix, out):
    """Fill the scaled (F_x, F_p) at a scaled point (n + 1,), and its null vector as of `null_direction`."""
    n, total = point.size - 1, columns[0]
    state, flat, slopes = np.empty(n), np.empty(n * n), np.empty(n * total)
    place(inputs, params, scale, columns, point, state)
    field_at(functions[JACOBIAN])(state, inputs, params, flat)
    field_at(functions[PARAMETER_JACOBIAN])(state, inputs, params, slopes)
    for i in range(n):
        for j in range(n):
            matrix[i, j] = flat[i * n + j] * scale[j]
        matrix[i, n] = slopes[i * total + columns[1]] * scale[n]
    return null_direction(matrix, out)


@jit(types.void(*START, VECTOR, _BLOCK, _BLOCK, _BLOCK, _BLOCK, _COUNTS, _COUNTS))
def walk(
    functions, inputs, params, program, scale, columns, span,
    borders, mode, settings, points, tangents, tests, vectors, outcomes, counts,
):  # fmt: skip
    """Follow the curve both ways from ``points[0, 0]`` along and against ``tangents[0, 0]``.

    Parameters
    ----------
    functions, ..., mode
        As in `dynsys.numerics.extended.advance`, which is the last of the functions.
    settings : ndarray (3 + n,)
        First, longest and shortest step; bounds on the absolute state.
    points, tangents : ndarray (2, M, m)
        Become the walks; row 0 is the start. The last point of one that leaves the span lies at its end.
    tests : ndarray (2, M, 7)
        Become the test functions.
    vectors : ndarray (2, M, 2 size)
        Become the null vectors w and v, where the mode has them (M = 1 where it has none).
    outcomes, counts : ndarray of int (2,)
        Become how each ended, and the number of its points; a closed loop is followed one way.
    """
    advance = advance_at(functions[STEPPER])
    m = points.shape[2]
    n = settings.size - 3
    longest, shortest = settings[1], settings[2]
    first, second = np.empty(m), np.empty(m)
    at_first, at_second = np.empty(m), np.empty(m)
    trial, trial_tangent, trial_tests = np.empty(m), np.empty(m), np.empty(TESTS)
    for k in range(2):
        counts[k], outcomes[k] = 0, FAILED
    between(points[0, 0], points[0, 0], 0.0, first)
    between(tangents[0, 0], tangents[0, 0], 0.0, at_first)
    if advance(
        functions, inputs, params, program, scale, columns, span, borders,
        mode, first, at_first, 0.0, points[0, 0], tangents[0, 0], tests[0, 0],
    ) < 0:  # fmt: skip
        return
    renew(borders)
    kept = borders.copy()
    for way in range(2):
        length = last = settings[0]
        if way == 1:
            for j in range(m):
                points[1, 0, j], tangents[1, 0, j] = points[0, 0, j], -tangents[0, 0, j]
            for k in range(TESTS):
                tests[1, 0, k] = -tests[0, 0, k] if k == FOLD or k == BRANCH else tests[0, 0, k]
            for k in range(kept.shape[0]):
                between(kept[k], kept[k], 0.0, borders[k])
        if vectors.shape[1] > 1:
            for i in range(vectors.shape[2]):
                vectors[way, 0, i] = borders[2 + i // borders.shape[1], i % borders.shape[1]]
        count = 1
        outcome = MAX_STEPS
        while count < points.shape[1]:
            base, direction = points[way, count - 1], tangents[way, count - 1]
            point, tangent, test = points[way, count], tangents[way, count], tests[way, count]
            for j in range(m):
                bend = (direction[j] - tangents[way, count - 2, j]) / last if count > 1 else 0.0
                point[j] = base[j] + length * (direction[j] + 0.5 * length * bend)
            iterations = advance(
                functions, inputs, params, program, scale, columns, span,
                borders, mode, base, direction, length, point, tangent, test,
            )  # fmt: skip
            turn = sideways = before = after = distance = 0.0
            for j in range(m):
                turn += tangent[j] * direction[j]
                sideways = max(sideways, abs(point[j] - base[j] - length * direction[j]))
                before += tangents[way, 0, j] * (base[j] - points[way, 0, j])
                after += tangents[way, 0, j] * (point[j] - points[way, 0, j])
                distance = max(distance, abs(point[j] - points[way, 0, j]))
            bad = iterations < 0 or turn < MIN_COSINE or sideways > MAX_SIDEWAYS * length
            if not bad and (test[BRANCH] > 0.0) != (tests[way, count - 1, BRANCH] > 0.0):
                # Another branch crosses, or Newton has changed over to one: then a short chord is no tangent.
                low, high = 0.0, length
                between(base, base, 0.0, first)
                between(direction, direction, 0.0, at_first)
                between(point, point, 0.0, second)
                between(tangent, tangent, 0.0, at_second)
                for _ in range(JUMP_BISECTIONS):
                    s = 0.5 * (low + high)
                    between(first, second, 0.5, trial)
                    if advance(
                        functions, inputs, params, program, scale, columns,
                        span, borders, mode, base, direction, s, trial, trial_tangent, trial_tests,
                    ) < 0:  # fmt: skip
                        bad = length > SHORT  # nothing there: a gap between two branches
                        break
                    if (trial_tests[BRANCH] > 0.0) == (tests[way, count - 1, BRANCH] > 0.0):
                        low = s
                        between(trial, trial, 0.0, first)
                        between(trial_tangent, trial_tangent, 0.0, at_first)
                    else:
                        high = s
                        between(trial, trial, 0.0, second)
                        between(trial_tangent, trial_tangent, 0.0, at_second)
                bad = bad or _chord_cosine(first, second, at_first) < CHORD_COSINE
                bad = bad or _chord_cosine(first, second, at_second) < CHORD_COSINE
            if bad:
                length *= 0.5
                if length < shortest:
                    outcome = MIN_STEP
                    break
                continue
            count += 1
            last = length
            left = -1
            for k in range(LOW, TESTS):
                if test[k] < 0.0 and left < 0:
                    left = k
            if left >= 0:
                # End at the span exactly: the same curve with that parameter held.
                outcome = LEFT_SPAN
                held = n + (left - LOW) // 2
                inside = tests[way, count - 2, left]
                between(base, point, inside / (inside - test[left]) if inside > test[left] else 0.0, trial)
                trial[held] = span[left - LOW]
                for j in range(m):
                    first[j], at_first[j] = trial[j], 1.0 if j == held else 0.0
                done = advance(
                    functions, inputs, params, program, scale, columns, span,
                    borders, mode, first, at_first, 0.0, trial, trial_tangent, trial_tests,
                )  # fmt: skip
                apart = cosine = 0.0
                for j in range(m):
                    apart = max(apart, abs(trial[j] - base[j]))
                    cosine += trial_tangent[j] * direction[j]
                if inside <= 1e-10 or done < 0 or apart > 2.0 * length:
                    count -= 1
                    break
                sign = -1.0 if cosine < 0.0 else 1.0
                for j in range(m):
                    point[j], tangent[j] = trial[j], sign * trial_tangent[j]
                for k in range(TESTS):
                    test[k] = sign * trial_tests[k] if k == FOLD or k == BRANCH else trial_tests[k]
                point[held], test[left] = span[left - LOW], 0.0
            renew(borders)
            if vectors.shape[1] > 1:
                for i in range(vectors.shape[2]):
                    vectors[way, count - 1, i] = borders[2 + i // borders.shape[1], i % borders.shape[1]]
            if left >= 0:
                break
            if count > 4 and before < 0.0 <= after and distance < 2.0 * length:
                outcome = CLOSED_LOOP
                break
            outside = False
            for i in range(n):
                outside = outside or abs(point[i]) > settings[3 + i]
            if outside:
                outcome = LEFT_BOX
                break
            if iterations <= 3 and turn > 0.5 * (1.0 + MIN_COSINE):
                length = min(1.6 * length, longest)
            elif iterations > 5:
                length *= 0.7
        counts[way], outcomes[way] = count, outcome
        if outcome == CLOSED_LOOP:
            counts[1], outcomes[1] = 0, CLOSED_LOOP
            return


@jit(types.void(_BLOCK, _BLOCK, _BLOCK, _BLOCK, _COUNTS, MATRIX, MATRIX, MATRIX, MATRIX, VECTOR))
def join(points, tangents, tests, vectors, counts, all_points, all_tangents, all_tests, all_vectors, arcs):
    """Put the two walks of `walk` together: the second backwards, then the first; the start counts once.

    Parameters
    ----------
    points, tangents, tests, vectors, counts
        As `walk` has filled them.
    all_points, all_tangents, all_tests, all_vectors : ndarray (M, m), (M, m), (M, 7), (M, 2 size)
        Become the whole; no vectors where there are none.
    arcs : ndarray (M,)
        Become the distances from the first point, along the chords.
    """
    behind = max(counts[1] - 1, 0)
    for k in range(arcs.size):
        way, own, sign = (1, behind - k, -1.0) if k < behind else (0, k - behind, 1.0)
        for j in range(points.shape[2]):
            all_points[k, j], all_tangents[k, j] = points[way, own, j], sign * tangents[way, own, j]
        for j in range(TESTS):
            odd = j == FOLD or j == BRANCH  # in the tangent
            all_tests[k, j] = sign * tests[way, own, j] if odd else tests[way, own, j]
        if all_vectors.shape[0] > 0:
            for j in range(vectors.shape[2]):
                all_vectors[k, j] = vectors[way, own, j]
        arcs[k], square = 0.0, 0.0
        if k > 0:
            for j in range(points.shape[2]):
                square += (all_points[k, j] - all_points[k - 1, j]) ** 2
            arcs[k] = arcs[k - 1] + np.sqrt(square)


@jit(types.void(MATRIX, MATRIX, VECTOR, VECTOR, MATRIX, MATRIX, VECTOR, _COUNTS, MATRIX, MATRIX))
def insert(points, tangents, arcs, scale, more_points, more_tangents, more_arcs, places, natural, directions):
    """Put further points among those of a walk, by their distance along it, and all into natural units.

    Parameters
    ----------
    points, tangents, arcs, scale : ndarray (M, m), (M, m), (M,), (m,)
        A walk, and the units that it is in.
    more_points, more_tangents, more_arcs : ndarray (E, m), (E, m), (E,)
        Points in natural units, tangents in those of the walk, and distances in increasing order; where they
        are equal to one of the walk, the further point comes first.
    places : ndarray of int (M + E,)
        Becomes which of all points each row is: those of the walk, then the further ones.
    natural, directions : ndarray (M + E, m)
        Become the points and the unit tangents.
    """
    i = e = 0
    for row in range(places.size):
        further = e < more_arcs.size and (i == arcs.size or more_arcs[e] <= arcs[i])
        square = 0.0
        for j in range(scale.size):
            natural[row, j] = more_points[e, j] if further else points[i, j] * scale[j]
            directions[row, j] = (more_tangents[e, j] if further else tangents[i, j]) * scale[j]
            square += directions[row, j] ** 2
        for j in range(scale.size):
            directions[row, j] /= np.sqrt(square)
        places[row] = arcs.size + e if further else i
        e, i = (e + 1, i) if further else (e, i + 1)
