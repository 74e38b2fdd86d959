"""Equations of curves: fixed points along one parameter, and their bifurcations along two.

A point is y = (x, p), or (x, p1, p2), in units of ``scale``. With A = F_x and a matrix P that is singular at
the bifurcation, bordered by two vectors b and c that are close to its null vectors,

    [ P    b ] [ v ]   [ 0 ]          [ P^T  c ] [ w ]   [ 0 ]
    [ c^T  0 ] [ s ] = [ 1 ],         [ b^T  0 ] [ s ] = [ 1 ],         ds/dy = -w . P_y v,

s vanishes where P is singular and is as smooth as P. The modes of a curve are

    EQUILIBRIUM    F = 0
    FOLD_CURVE     F = 0,  s = 0 with P = A
    HOPF_CURVE     F = 0,  s = 0 with P = 2 A (.) I, whose eigenvalues are the sums of two eigenvalues of A
    BRANCH_CURVE   F + beta b = 0,  s = 0 with P = A,  w . F_p1 = 0       unknowns (x, p1, p2, beta)

(minimally augmented systems: Kuznetsov 2004, chapter 10; Allgower and Schwetlick 1997 for branch points).
With p2 held, each is a square system for a special point on a curve of fixed points. Second derivatives are
exact where the field has a ``taylor``, else differences of its Jacobians.
"""

import numpy as np
from numba import types

from dynsys.numerics.linear import eliminate, eliminate_both, pair_sums
from dynsys.numerics.signatures import (
    FUNCTIONS,
    JACOBIAN,
    MATRIX,
    PARAMETER_JACOBIAN,
    RHS,
    TAYLOR_AT,
    VECTOR,
    field_at,
    from_address,
    taylor_at,
)
from rnn.jit import jit

EQUILIBRIUM, FOLD_CURVE, HOPF_CURVE, BRANCH_CURVE = range(4)
FOLD, BRANCH, PAIR, LOW, HIGH, LOW2, HIGH2 = range(7)
TESTS = 7

MAX_NEWTON = 8
NEWTON_TOLERANCE = 1e-11
# What is left of F, next to its slopes, that tells a singular matrix from a solution.
UNSOLVED = 1e-9
# Steps of differences, in units of the scale, where a field has no exact second derivatives.
DIFFERENCE = 1e-5

COLUMNS = types.Array(types.int64, 1, "C")
# What a curve is made of, in the order in which its functions take it.
CURVE = (FUNCTIONS, VECTOR, VECTOR, MATRIX, VECTOR, COLUMNS, VECTOR, MATRIX)


@jit()
def place(inputs, params, scale, columns, point, state):
    """Put a scaled point into the state, the inputs and the parameters.

    Parameters
    ----------
    inputs, params, scale, columns, point
        As in `advance`; the free ones of inputs and params are overwritten.
    state : ndarray (n,)
        Becomes x.

    Examples
    --------
    >>> inputs, params, state = np.zeros(2), np.zeros(1), np.zeros(1)
    >>> place(inputs, params, np.array([2.0, 10.0]), np.array([3, 1]), np.array([0.5, 0.25]), state)
    >>> inputs, state
    (array([0. , 2.5]), array([1.]))
    """
    n = state.size
    for i in range(n):
        state[i] = point[i] * scale[i]
    for k in range(1, columns.size):
        column = columns[k]
        if column >= inputs.size:
            params[column - inputs.size] = point[n + k - 1] * scale[n + k - 1]
        elif column >= 0:
            inputs[column] = point[n + k - 1] * scale[n + k - 1]


@jit()
def _second(functions, inputs, params, program, scale, columns, point, state, hess):
    """Second derivatives of F in (x, p1, p2), scaled: hess (n, n + 2, n + 2)."""
    n, total, size = state.size, columns[0], hess.shape[1]
    taylor = taylor_at(functions[TAYLOR_AT])
    jacobian, parameter_jacobian = field_at(functions[JACOBIAN]), field_at(functions[PARAMETER_JACOBIAN])
    if program.shape[1] == 4:
        direction, out = np.zeros(n + total), np.empty(2 * n)
        for once in range(2):  # the squares first
            for i in range(size):
                for j in range(i + 1):
                    if (i == j) != (once == 0):
                        continue
                    if columns[max(i - n, -1) + 1] < 0 or columns[max(j - n, -1) + 1] < 0:  # it does nothing
                        for r in range(n):
                            hess[r, i, j] = hess[r, j, i] = 0.0
                        continue
                    for k in range(direction.size):
                        direction[k] = 0.0
                    for k in (i, j):
                        if k < n:
                            direction[k] += scale[k]
                        elif columns[k - n + 1] >= 0:
                            direction[n + columns[k - n + 1]] += scale[k]
                    taylor(state, inputs, params, direction, program, out)
                    for r in range(n):
                        value = 0.25 * out[n + r]
                        if i != j:
                            value = 0.5 * (out[n + r] - hess[r, i, i] - hess[r, j, j])
                        hess[r, i, j] = hess[r, j, i] = value
        return
    moved, flat, slopes = np.empty(point.size), np.empty(n * n), np.empty(n * total)
    for r in range(n):
        for i in range(size):
            for j in range(size):
                hess[r, i, j] = 0.0
    for j in range(size):
        for side in (-1.0, 1.0):
            for k in range(point.size):
                moved[k] = point[k] + side * DIFFERENCE * (1.0 if k == j else 0.0)
            place(inputs, params, scale, columns, moved, state)
            jacobian(state, inputs, params, flat)
            parameter_jacobian(state, inputs, params, slopes)
            for r in range(n):
                for i in range(size):
                    slope = 0.0
                    if i < n:
                        slope = flat[r * n + i]
                    elif columns[i - n + 1] >= 0:
                        slope = slopes[r * total + columns[i - n + 1]]
                    hess[r, i, j] += side * slope * scale[i] / (2.0 * DIFFERENCE)
    place(inputs, params, scale, columns, point, state)


@jit(types.void(MATRIX, VECTOR, VECTOR, types.boolean, VECTOR, VECTOR))
def _bordered(singular, first, second, transposed, right, out):
    """Solve the bordered system (or its transpose) into ``out`` of one more entry."""
    size = singular.shape[0]
    matrix = np.zeros((size + 1, size + 1))
    for i in range(size):
        for j in range(size):
            matrix[i, j] = singular[j, i] if transposed else singular[i, j]
        matrix[i, size] = second[i] if transposed else first[i]
        matrix[size, i] = first[i] if transposed else second[i]
    for i in range(size + 1):
        out[i] = right[i]
    eliminate(matrix, out)


@jit()
def _augment(
    functions,
    inputs,
    params,
    program,
    scale,
    columns,
    borders,
    mode,
    point,
    state,
    flat,
    slopes,
    value,
    matrix,
):
    """Fill the rows after those of F; rows 2 and 3 of ``borders`` become w and v."""
    n, total = state.size, columns[0]
    size = n * (n - 1) // 2 if mode == HOPF_CURVE else n
    hess = np.empty((n, n + 2, n + 2))
    _second(functions, inputs, params, program, scale, columns, point, state, hess)
    singular, change = np.empty((size, size)), np.empty(n * n)
    if mode == HOPF_CURVE:
        pair_sums(flat, singular)
    else:
        for i in range(n):
            for j in range(n):
                singular[i, j] = flat[i * n + j] * scale[j]
    right, v, w = np.zeros(size + 1), np.empty(size + 1), np.empty(size + 1)
    right[size] = 1.0
    _bordered(singular, borders[0], borders[1], False, right, v)
    _bordered(singular, borders[0], borders[1], True, right, w)
    for i in range(size):
        borders[2, i], borders[3, i] = w[i], v[i]
    value[n] = v[size]
    moved, w_y = np.empty((size, size)), np.empty(size + 1)
    if mode == BRANCH_CURVE:
        value[n + 1] = 0.0
        for i in range(n):
            value[n + 1] += w[i] * slopes[i * total + columns[1]] * scale[n]
            matrix[i, n + 2] = borders[0, i]
            value[i] += point[n + 2] * borders[0, i]
        matrix[n, n + 2] = matrix[n + 1, n + 2] = 0.0
    for j in range(n + 2):
        if mode == HOPF_CURVE:
            for r in range(n):
                for i in range(n):
                    change[r * n + i] = hess[r, i, j] / scale[i]
            pair_sums(change, moved)
        else:
            for r in range(n):
                for i in range(n):
                    moved[r, i] = hess[r, i, j]
        total_change = 0.0
        for r in range(size):
            for i in range(size):
                total_change -= w[r] * moved[r, i] * v[i]
        matrix[n, j] = total_change
        if mode == BRANCH_CURVE:
            for i in range(size):
                right[i] = 0.0
                for r in range(size):
                    right[i] -= moved[r, i] * w[r]
            right[size] = 0.0
            _bordered(singular, borders[0], borders[1], True, right, w_y)
            matrix[n + 1, j] = 0.0
            for r in range(n):
                slope = slopes[r * total + columns[1]] * scale[n]
                matrix[n + 1, j] += w_y[r] * slope + w[r] * hess[r, n, j]


ADVANCE = types.int64(*CURVE, types.int64, VECTOR, VECTOR, types.float64, VECTOR, VECTOR, VECTOR)
ADVANCE_TYPE = types.FunctionType(ADVANCE)
advance_at = from_address(ADVANCE_TYPE)


@jit(ADVANCE)
def advance(
    functions, inputs, params, program, scale, columns, span, borders, mode, base, direction, length, point,
    tangent, tests,
):  # fmt: skip
    """Newton's method from near the curve's point in the plane direction . (y - base) = length.

    Parameters
    ----------
    functions : ndarray of int (5,)
        rhs, jacobian, parameter_jacobian, outputs and taylor of a field (`dynsys.numerics.signatures.table`).
    inputs, params, program
        Of the field; inputs and params are overwritten. A program without columns means no ``taylor``.
    scale : ndarray (m,)
        Units of y.
    columns : ndarray of int (1 + k,)
        How many inputs and named parameters there are; which of them are free, -1 for none.
    span : ndarray (2 k,)
        Both ends of each free parameter, scaled.
    borders : ndarray (4, size)
        b and c; becomes w and v.
    mode : int
        What the curve consists of.
    base, direction : ndarray (m,)
        The plane.
    length : float
        Its distance from the base.
    point : ndarray (m,)
        Start; becomes the solution.
    tangent, tests : ndarray (m,), (7,)
        Become the unit tangent and the tests there, from the matrix of the last step, which is shorter than
        the tolerance.

    Returns
    -------
    int
        Iterations, or -1 where the method fails.
    """
    m, n = point.size, point.size - columns.size + 1 - (1 if mode == BRANCH_CURVE else 0)
    total = columns[0]
    rhs, jacobian = field_at(functions[RHS]), field_at(functions[JACOBIAN])
    parameter_jacobian = field_at(functions[PARAMETER_JACOBIAN])
    # One block for the vectors: to make an array, or to reshape one, takes as long as a small elimination.
    matrix, work = np.empty((m, m)), np.empty(m + n + n * n + n * total)
    value, end = work[:m], m
    state, end = work[end : end + n], end + n
    flat, slopes = work[end : end + n * n], work[end + n * n :]
    iterations, determinant = 0, 0.0
    while True:
        place(inputs, params, scale, columns, point, state)
        rhs(state, inputs, params, value)
        jacobian(state, inputs, params, flat)
        parameter_jacobian(state, inputs, params, slopes)
        for i in range(n):
            for j in range(n):
                matrix[i, j] = flat[i * n + j] * scale[j]
            for k in range(1, columns.size):
                slope = slopes[i * total + columns[k]] if columns[k] >= 0 else 0.0
                matrix[i, n + k - 1] = slope * scale[n + k - 1]
        if mode != EQUILIBRIUM:
            _augment(
                functions, inputs, params, program, scale, columns, borders, mode, point, state, flat, slopes,
                value, matrix,
            )  # fmt: skip
        value[m - 1] = -length
        for j in range(m):
            matrix[m - 1, j] = direction[j]
            value[m - 1] += direction[j] * (point[j] - base[j])
            tangent[j] = 1.0 if j == m - 1 else 0.0
        determinant = eliminate_both(matrix, value, tangent)
        iterations += 1
        size = 0.0
        for j in range(m):
            point[j] -= value[j]
            size = max(size, abs(value[j]) / (1.0 + abs(point[j])))
        if size <= NEWTON_TOLERANCE:
            break
        if iterations == MAX_NEWTON or not size < 1e6:
            return -1
    place(inputs, params, scale, columns, point, state)
    rhs(state, inputs, params, value)  # the last step may have left where F is defined
    norm = cosine = 0.0
    for i in range(n):
        norm += 0.0 * value[i]
        if determinant == 0.0:  # no step was taken along what is singular
            largest = 0.0
            for j in range(n):
                largest = max(largest, abs(flat[i * n + j]) * scale[j])
            for k in range(1, columns.size):
                slope = slopes[i * total + columns[k]] if columns[k] >= 0 else 0.0
                largest = max(largest, abs(slope) * scale[n + k - 1])
            if abs(value[i]) > UNSOLVED * largest:
                return -1
    for j in range(m):
        norm += tangent[j] * tangent[j]
    if not 0.0 < norm < np.inf:
        return -1
    for j in range(m):
        tangent[j] /= np.sqrt(norm)
        cosine += tangent[j] * direction[j]
    tests[FOLD], tests[BRANCH], tests[PAIR] = tangent[n], determinant / cosine, 1.0
    pairs = n * (n - 1) // 2 if mode == EQUILIBRIUM else 0
    if pairs:
        sums = np.empty((pairs, pairs))
        pair_sums(flat, sums)
        tests[PAIR] = eliminate(sums, np.zeros(pairs))
    tests[LOW2] = tests[HIGH2] = 1.0
    for k in range(columns.size - 1):
        tests[LOW + 2 * k], tests[HIGH + 2 * k] = point[n + k] - span[2 * k], span[2 * k + 1] - point[n + k]
    return iterations
