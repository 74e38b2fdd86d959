"""Find zeros of the test functions of a curve, and solve for special points to rounding.

See `dynsys.numerics.pseudo_arclength` for the tests and `dynsys.numerics.extended` for the equations.
"""

import numpy as np
from numba import types

from dynsys.numerics.extended import BRANCH_CURVE, COLUMNS, HOPF_CURVE, PAIR, TESTS, advance_at, place
from dynsys.numerics.pseudo_arclength import START, between, renew
from dynsys.numerics.signatures import MATRIX, RHS, STEPPER, VECTOR, field_at
from rnn.jit import jit

# Width of the bracket around a zero; what is found in it is polished afterwards.
BRACKET, NEAR = 1e-10, 1e-7
MAX_ROUNDS = 60
GOLDEN = 0.6180339887498949
GOLDEN_STEPS = 30
# Attempts at the borders of a singular matrix: each starts from the null vectors that the last one found.
ATTEMPTS = 4


@jit(types.void(MATRIX, MATRIX, MATRIX, VECTOR, MATRIX, COLUMNS))
def scan(points, tangents, tests, arcs, rows, counts):
    """Find the steps of a walk in which a test changes sign, or in which it may touch zero.

    It may touch zero around a point with the smallest absolute value among its neighbours, if the parabola
    through the three comes close to zero.

    Parameters
    ----------
    points, tangents, tests, arcs : ndarray (M, m), (M, m), (M, 7), (M,)
        The walk.
    rows : ndarray (6 M, 6)
        Become rows of test, 0, its value, length along the tangent and value after it, and the point from
        which on: first all changes of sign over one step, then all near zeros over two.
    counts : ndarray of int (2,)
        Become the number of each.
    """
    counts[0] = counts[1] = 0
    for steps in range(1, 3):
        for which in range(PAIR + 1):
            for k in range(arcs.size - steps):
                first, middle, last = tests[k, which], tests[k + 1, which], tests[k + steps, which]
                wanted = (first > 0.0) != (middle > 0.0)
                if steps == 2:
                    before, low, after = abs(first), abs(middle), abs(last)
                    if wanted or (middle > 0.0) != (last > 0.0) or not (0.0 < low < before and low < after):
                        continue
                    up, down = after - low, before - low
                    one, two = arcs[k + 1] - arcs[k], arcs[k + 2] - arcs[k + 1]
                    curvature = (up / two + down / one) / (one + two)
                    slope = up / two - curvature * two
                    wanted = slope**2 > 1.2 * curvature * low or low < 0.05 * max(up, down)
                if wanted:
                    row = rows[counts[0] + counts[1]]
                    row[0], row[1], row[2], row[3], row[4], row[5] = which, 0.0, first, 0.0, last, k
                    for j in range(points.shape[1]):
                        row[3] += tangents[k, j] * (points[k + steps, j] - points[k, j])
                    counts[steps - 1] += 1


@jit(types.void(*START, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX))
def search(
    functions, inputs, params, program, scale, columns, span,
    borders, mode, bases, directions, wanted, points, tangents, tests,
):  # fmt: skip
    """Find zeros of tests, or their minima, each between two points of a walk.

    Parameters
    ----------
    functions, ..., mode
        As in `walk`.
    bases, directions : ndarray (E, m)
        Where the distances below are measured from, and along what.
    wanted : ndarray (E, 5)
        Rows of test, distance and value of the test at the one end, the same at the other end. A change of
        sign is narrowed by secants; without one, the smallest absolute value is searched by golden sections,
        and the search ends early where the sign changes. Distance and value at the first end become those
        that were found (distance -1 if Newton failed at once).
    points, tangents, tests : ndarray (E, m), (E, m), (E, 7)
        Become the points found, the tangents and the tests there.
    """
    advance = advance_at(functions[STEPPER])
    m = points.shape[1]
    golden, point, tangent, at = np.empty(4), np.empty(m), np.empty(m), np.empty(TESTS)
    first, second = np.empty(m), np.empty(m)
    for k in range(bases.shape[0]):
        base, direction = bases[k], directions[k]
        which = int(wanted[k, 0])
        low, at_low, high, at_high = wanted[k, 1], wanted[k, 2], wanted[k, 3], wanted[k, 4]
        sign = 1.0 if at_low > 0.0 else -1.0
        crossing = (at_low > 0.0) != (at_high > 0.0)
        least = 0.5 * min(abs(at_low), abs(at_high))
        golden[0], golden[1] = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        golden[2] = golden[3] = np.inf
        side, same, before = 0, 0, np.inf
        place, value, nudge = -1.0, 0.0, 0.0
        bad = False
        for end in range(2):  # the curve between the ends is guessed from their chord
            guess, s = second if end == 1 else first, high if end == 1 else low
            for j in range(m):
                guess[j] = base[j] + s * direction[j]
            if s != 0.0 and advance(  # the base is on the curve
                functions, inputs, params, program, scale, columns, span,
                borders, mode, base, direction, s, guess, tangent, at,
            ) < 0:  # fmt: skip
                bad = end == 0  # an end next to a branch point may be hard to reach again: any guess will do
                for j in range(m):
                    guess[j] = base[j] + s * direction[j]
        from_low, from_high = low, high
        for rounds in range(MAX_ROUNDS):
            if bad:
                break
            s = golden[side]
            if crossing:
                s = high - at_high * (high - low) / (at_high - at_low) if at_high != at_low else high
                if abs(s - before) <= BRACKET and abs(value) <= least:  # steps are short on flat parts too
                    break
                if not low < s < high or rounds % 8 == 7:
                    s = 0.5 * (low + high)
                s += nudge * (high - s if nudge > 0.0 else s - low)
            between(first, second, (s - from_low) / (from_high - from_low), point)
            if advance(
                functions, inputs, params, program, scale, columns, span,
                borders, mode, base, direction, s, point, tangent, at,
            ) < 0:  # fmt: skip
                # At a branch point Newton's matrix is singular: go beside it, until what is reached is close.
                nudge = -8.0 * nudge if nudge != 0.0 else 1e-3
                if not crossing or abs(nudge) > 0.5 or high - low < NEAR:
                    break
                continue
            nudge = 0.0
            place, value = s, at[which]
            for j in range(m):
                points[k, j], tangents[k, j] = point[j], tangent[j]
            for j in range(TESTS):
                tests[k, j] = at[j]
            if crossing:
                # Anderson and Bjorck: the end that stays counts for less, as the other one's value shrinks.
                end = 0 if (value > 0.0) == (sign > 0.0) else 1
                last = at_low if end == 0 else at_high
                less = 1.0 - value / last if last != 0.0 else 0.5
                less = less if less > 0.0 else 0.5
                if end == 0:
                    low, at_low, from_low = s, value, s
                    between(point, point, 0.0, first)
                    at_high *= less if same < 0 else 1.0
                else:
                    high, at_high, from_high = s, value, s
                    between(point, point, 0.0, second)
                    at_low *= less if same > 0 else 1.0
                same = -1 if end == 0 else 1
                if high - low <= BRACKET:
                    break
                before = s
                continue
            golden[2 + side] = sign * value
            if sign * value <= 0.0 or rounds == GOLDEN_STEPS:
                break
            if rounds == 0:
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


@jit(types.void(*START, MATRIX, COLUMNS, MATRIX, VECTOR))
def polish(
    functions, inputs, params, program, scale, columns, span,
    borders, mode, points, modes, tangents, residuals,
):  # fmt: skip
    """Solve the equations of special points from near them, with p2 held.

    Parameters
    ----------
    functions, ..., mode
        As in `walk`; ``mode`` is not used.
    points : ndarray (E, n + 3)
        Starts (x, p1, p2, 0); become the solutions, NaN where the method fails.
    modes : ndarray of int (E,)
        What each of them is.
    tangents : ndarray (E, n + 3)
        Become the direction in which each goes with p2.
    residuals : ndarray (E,)
        Become the largest entry of F at each.
    """
    advance, rhs = advance_at(functions[STEPPER]), field_at(functions[RHS])
    n = points.shape[1] - 3
    tests, state, value = np.empty(TESTS), np.empty(n), np.empty(n)
    for e in range(points.shape[0]):
        m = n + 3 if modes[e] == BRANCH_CURVE else n + 2
        size = n * (n - 1) // 2 if modes[e] == HOPF_CURVE else n
        own = borders[:, :size].copy()
        for k in range(2):
            for i in range(size):  # anything that is not orthogonal to the null vectors
                own[k, i] = 1.0 / (1.7 + i + 0.3 * k)
        base, direction, start = np.empty(m), np.zeros(m), np.empty(m)
        direction[n + 1] = 1.0
        for j in range(m):
            start[j] = base[j] = points[e, j]
        done = -1
        for _ in range(ATTEMPTS):
            if done >= 0:
                break
            for j in range(m):
                points[e, j] = start[j]
            done = advance(
                functions, inputs, params, program, scale, columns, span,
                own, modes[e], base, direction, 0.0, points[e, :m], tangents[e, :m], tests,
            )  # fmt: skip
            renew(own)
        for j in range(m):
            if done < 0:
                points[e, j] = np.nan
        place(inputs, params, scale, columns, points[e], state)
        rhs(state, inputs, params, value)
        residuals[e] = 0.0
        for j in range(n):
            if not abs(value[j]) <= residuals[e]:  # NaN counts as larger
                residuals[e] = abs(value[j])
