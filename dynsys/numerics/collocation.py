"""Periodic orbits by orthogonal collocation: Newton's method on one point of a branch of cycles.

Time is scaled to [0, 1]. On each of N intervals the orbit is a polynomial of degree 4, known by its values at
five equidistant points, of which neighbours share the ends; with z_c the Gauss points of the interval,

    u'(z_c) = T F(u(z_c), p),     u(0) = u(1),     int (u - u_0) . u_0' dt = 0,     <t_0, y - y_0> = h

in the unknowns y = (u, T, p): collocation, periodicity, phase, pseudo-arclength (Doedel, Keller and Kernevez
1991). Each interval's unknowns are eliminated first, x_{j+1} = M_j x_j + a_j dT + b_j dp + r_j; the chain of
the x_j is then eliminated with row pivoting, which stays stable where M_N ... M_1 would not. The M_j are the
derivative of the flow over the interval, from which come the Floquet multipliers (`dynsys.numerics.floquet`).
"""

import numpy as np
from numba import types

from dynsys.numerics.collocation_basis import DEGREE, SLOPES, VALUES, metric, phase_row
from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

MAX_NEWTON = 8
# A Newton step below the first, in the units of the branch's arclength, is followed by one last, which must
# be below the second.
CLOSE, CONVERGED = 1e-5, 1e-9
# A step longer than this leads elsewhere.
LONGEST = 2.0

BLOCK = types.Array(types.float64, 3, "C")
INTEGERS = types.Array(types.int64, 1, "C")
# What every kernel takes of a field: rhs, jacobian, parameter_jacobian, inputs, params, columns.
SYSTEM = (FIELD_TYPE, FIELD_TYPE, FIELD_TYPE, VECTOR, VECTOR, INTEGERS)
CORRECT = types.int64(
    *SYSTEM, VECTOR, VECTOR, VECTOR, VECTOR, types.float64, types.int64, VECTOR, VECTOR, BLOCK, VECTOR
)
CORRECT_TYPE = types.FunctionType(CORRECT)


@jit()
def _eliminate(a, b, columns, last):
    """Eliminate the first columns of rows [0, last) of ``a`` beside ``b``, all rows below too; sign, log."""
    sign, log = 1.0, 0.0
    for k in range(columns):
        pivot = k
        for i in range(k + 1, last):
            if abs(a[i, k]) > abs(a[pivot, k]):
                pivot = i
        if pivot != k:
            sign = -sign
            for c in range(a.shape[1]):
                a[k, c], a[pivot, c] = a[pivot, c], a[k, c]
            for c in range(b.shape[1]):
                b[k, c], b[pivot, c] = b[pivot, c], b[k, c]
        if a[k, k] < 0.0:
            sign = -sign
        log += np.log(abs(a[k, k]))
        for i in range(k + 1, a.shape[0]):
            factor = a[i, k] / a[k, k]
            if factor != 0.0:
                for c in range(k + 1, a.shape[1]):
                    a[i, c] -= factor * a[k, c]
                for c in range(b.shape[1]):
                    b[i, c] -= factor * b[k, c]
    return sign, log


@jit()
def _substitute(a, b, columns):
    """Back substitution of every column of ``b`` through the upper triangle of ``a``."""
    for k in range(columns - 1, -1, -1):
        for c in range(b.shape[1]):
            total = b[k, c]
            for j in range(k + 1, columns):
                total -= a[k, j] * b[j, c]
            b[k, c] = total / a[k, k]


@jit()
def _interval(
    rhs, jacobian, parameter_jacobian, inputs, params, columns, width, y, first, work, matrix, solution
):
    """Solve one interval's equations for its points 1..4: solution (4 n, n + 3) in (x_j, dT, dp, 1)."""
    state, value, flat, slopes = work
    n = state.size
    total, column = columns[0], columns[1]
    period = y[y.size - 2]
    for c in range(DEGREE):
        for a in range(n):
            state[a] = 0.0
            for i in range(DEGREE + 1):
                state[a] += VALUES[c, i] * y[first + i * n + a]
        rhs(state, inputs, params, value)
        jacobian(state, inputs, params, flat)
        parameter_jacobian(state, inputs, params, slopes)
        for a in range(n):
            row = c * n + a
            rate = 0.0
            for i in range(DEGREE + 1):
                rate += SLOPES[c, i] * y[first + i * n + a]
                for b in range(n):
                    entry = -width * period * VALUES[c, i] * flat[a * n + b]
                    if a == b:
                        entry += SLOPES[c, i]
                    if i == 0:
                        solution[row, b] = -entry
                    else:
                        matrix[row, (i - 1) * n + b] = entry
            solution[row, n] = width * value[a]
            solution[row, n + 1] = width * period * slopes[a * total + column]
            solution[row, n + 2] = width * period * value[a] - rate
    sign, log = _eliminate(matrix, solution, DEGREE * n, DEGREE * n)
    _substitute(matrix, solution, DEGREE * n)
    return sign, log


@jit()
def _spread(ends, saved, parts, step):
    """From x_0, dT and dp back to all unknowns, for both right-hand sides."""
    n, N, size = saved.shape[1], saved.shape[0], step.shape[0]
    for s in range(2):
        step[size - 2, s], step[size - 1, s] = ends[n, s], ends[n + 1, s]
        for a in range(n):
            step[a, s] = step[size - 2 - n + a, s] = ends[a, s]
        for j in range(N - 1, 0, -1):
            here, after = j * DEGREE * n, (j + 1) * DEGREE * n
            for a in range(n - 1, -1, -1):
                total = saved[j, a, 3 * n + 2 + s] - saved[j, a, 3 * n] * ends[n, s]
                total -= saved[j, a, 3 * n + 1] * ends[n + 1, s]
                for b in range(n):
                    total -= saved[j, a, n + b] * ends[b, s] + saved[j, a, 2 * n + b] * step[after + b, s]
                    if b > a:
                        total -= saved[j, a, b] * step[here + b, s]
                step[here + a, s] = total / saved[j, a, a]
        for j in range(N):
            here = j * DEGREE * n
            for k in range((DEGREE - 1) * n):
                total = parts[j, k, n] * ends[n, s] + parts[j, k, n + 1] * ends[n + 1, s]
                if s == 0:
                    total += parts[j, k, n + 2]
                for b in range(n):
                    total += parts[j, k, b] * step[here + b, s]
                step[here + n + k, s] = total


@jit()
def _open_borders(rows, y, base, length, border, tail):
    """Rows of phase and arclength in x_0, x_1, .. (border) and dT, dp, two right-hand sides (tail)."""
    n, size = border.shape[2], y.size
    for q in range(2):
        tail[q, 0], tail[q, 1] = rows[q, size - 2], rows[q, size - 1]
        tail[q, 2], tail[q, 3] = q * length, float(q)
        for k in range(size):
            tail[q, 2] -= rows[q, k] * (y[k] - base[k])
        for j in range(border.shape[0]):
            for b in range(n):
                border[j, q, b] = rows[q, b] if j == 0 else 0.0


@jit()
def _close_borders(rows, parts, border, tail, matrices):
    """What those rows are once each interval's points are replaced by its first; the M_j."""
    N, n = matrices.shape[0], matrices.shape[1]
    for j in range(N):
        first = j * DEGREE * n
        for q in range(2):
            for k in range(DEGREE * n):
                entry = rows[q, first + n + k]
                for b in range(n):
                    border[j, q, b] += entry * parts[j, k, b]
                tail[q, 0] += entry * parts[j, k, n]
                tail[q, 1] += entry * parts[j, k, n + 1]
                tail[q, 2] -= entry * parts[j, k, n + 2]
        for a in range(n):
            for b in range(n):
                matrices[j, a, b] = parts[j, (DEGREE - 1) * n + a, b]


@jit()
def _chain(parts, border, tail, stack, saved, last, last_right):
    """Eliminate x_1 .. x_N; ``last_right`` becomes x_0, dT and dp. Sign and logarithm of the determinant."""
    N, n, width = saved.shape[0], saved.shape[1], saved.shape[2]
    sign, log = 1.0, 0.0
    nothing = np.empty((2 * n + 2, 0))
    # Columns: x_j, x_0, x_{j+1}, dT, dp, two right-hand sides.
    for j in range(N):
        for a in range(n):
            row = a if j == 0 else n + a
            end = (DEGREE - 1) * n + a
            for c in range(width):
                stack[row, c] = 0.0
            for b in range(n):
                stack[row, n + b if j == 0 else b] = -parts[j, end, b]
            stack[row, a if j == 0 else 2 * n + a] = 1.0
            stack[row, 3 * n], stack[row, 3 * n + 1] = -parts[j, end, n], -parts[j, end, n + 1]
            stack[row, 3 * n + 2] = parts[j, end, n + 2]
        if j == 0:
            for q in range(2):
                for b in range(n):
                    stack[2 * n + q, b] = border[1, q, b]
                    stack[2 * n + q, n + b] = border[0, q, b]
                for c in range(4):
                    stack[2 * n + q, 3 * n + c] = tail[q, c]
            continue
        for q in range(2):
            for b in range(n):
                stack[2 * n + q, 2 * n + b] = border[j + 1, q, b]
        its_sign, its_log = _eliminate(stack, nothing, n, 2 * n)
        sign *= its_sign
        log += its_log
        for a in range(n):
            for c in range(width):
                saved[j, a, c] = stack[a, c]
        for a in range(n + 2):  # what is left becomes the next pair's upper half
            to = a if a < n else n + a
            for c in range(width):
                stack[to, c] = stack[n + a, c]
            for b in range(n):
                stack[to, b] = stack[to, 2 * n + b]
                stack[to, 2 * n + b] = 0.0
    for a in range(n + 2):  # x_N = x_0
        row = a if a < n else n + a
        for b in range(n):
            last[a, b] = stack[row, b] + stack[row, n + b]
        last[a, n], last[a, n + 1] = stack[row, 3 * n], stack[row, 3 * n + 1]
        last_right[a, 0], last_right[a, 1] = stack[row, 3 * n + 2], stack[row, 3 * n + 3]
    its_sign, its_log = _eliminate(last, last_right, n + 2, n + 2)
    _substitute(last, last_right, n + 2)
    return sign * its_sign, log + its_log


@jit(CORRECT)
def correct(
    rhs, jacobian, parameter_jacobian, inputs, params, columns, scale, mesh, base, direction, length, seed,
    y, tangent, matrices, determinant,
):  # fmt: skip
    """Find the cycle at an arclength from another.

    Parameters
    ----------
    rhs, jacobian, parameter_jacobian : function
        Of a field.
    inputs, params : ndarray
        Passed on to them; the one that varies is overwritten.
    columns : ndarray of int (2,)
        Number of inputs and named parameters, and which of them is p.
    scale : ndarray (n + 1,)
        Units of state and parameter.
    mesh : ndarray (N + 1,)
        Ends of the intervals, from 0 to 1.
    base, direction : ndarray ((4 N + 1) n + 2,)
        y_0 and t_0; the latter is a unit vector of `metric`.
    length : float
        h.
    seed : int
        1 where ``base`` is a fixed point: then the phase is that of ``direction``.
    y : ndarray ((4 N + 1) n + 2,)
        A guess; becomes the cycle.
    tangent : ndarray ((4 N + 1) n + 2,)
        Becomes the unit tangent of the branch there.
    matrices : ndarray (N, n, n)
        Become the M_j.
    determinant : ndarray (2,)
        Becomes the sign of the determinant of the whole system, and the logarithm of its size.

    Returns
    -------
    int
        Newton iterations; -1 where they do not converge.
    """
    n, N = scale.size - 1, mesh.size - 1
    size, width = y.size, 3 * n + 4
    weights, rows, step = np.empty(size), np.zeros((2, size)), np.empty((size, 2))
    metric(mesh, scale, base[size - 2], weights)
    phase_row(direction if seed == 1 else base, scale, N, rows[0, : size - 2])
    for k in range(size):
        rows[1, k] = weights[k] * direction[k]
    work = np.empty(n), np.empty(n), np.empty(n * n), np.empty(n * columns[0])
    matrix, parts = np.empty((DEGREE * n, DEGREE * n)), np.empty((N, DEGREE * n, n + 3))
    border, saved = np.empty((N + 1, 2, n)), np.empty((N, n, width))
    stack, tail = np.empty((2 * n + 2, width)), np.empty((2, 4))
    last, last_right = np.empty((n + 2, n + 2)), np.empty((n + 2, 2))
    column, final = columns[1], False
    for iteration in range(MAX_NEWTON):
        if column < inputs.size:
            inputs[column] = y[size - 1]
        else:
            params[column - inputs.size] = y[size - 1]
        sign, log = 1.0, 0.0
        _open_borders(rows, y, base, length, border, tail)
        for j in range(N):
            its_sign, its_log = _interval(
                rhs, jacobian, parameter_jacobian, inputs, params, columns, mesh[j + 1] - mesh[j], y,
                j * DEGREE * n, work, matrix, parts[j],
            )  # fmt: skip
            sign *= its_sign
            log += its_log
        _close_borders(rows, parts, border, tail, matrices)
        its_sign, its_log = _chain(parts, border, tail, stack, saved, last, last_right)
        determinant[0], determinant[1] = sign * its_sign, log + its_log
        _spread(last_right, saved, parts, step)
        moved = norm = 0.0
        for k in range(size):
            moved += weights[k] * step[k, 0] ** 2
            norm += weights[k] * step[k, 1] ** 2
        moved, norm = np.sqrt(moved), np.sqrt(norm)
        if not (moved < LONGEST and 0.0 < norm < np.inf):
            return -1
        for k in range(size):
            y[k] += step[k, 0]
            tangent[k] = step[k, 1] / norm
        if not y[size - 2] > 0.0:
            return -1
        if final and moved < CONVERGED:
            return iteration + 1
        final = moved < CLOSE
    return -1
