"""All derivatives of one order at a point, as a symmetric tensor, by polarisation of directional derivatives.

T(e_1, .., e_k) = 1 / (2^(k-1) k!) sum over signs of s_2 .. s_k D^k F[e_1 + s_2 e_2 + .. + s_k e_k]
"""

import functools
import itertools

import numpy as np
from numba import types

from dynsys.numerics.extended import COLUMNS
from dynsys.numerics.signatures import (
    FUNCTIONS,
    JACOBIAN,
    MATRIX,
    PARAMETER_JACOBIAN,
    TAYLOR_AT,
    VECTOR,
    field_at,
    taylor_at,
)
from rnn.jit import jit

_INDICES = types.Array(types.int64, 2, "C")


@jit(types.void(FUNCTIONS, VECTOR, VECTOR, VECTOR, MATRIX, COLUMNS, VECTOR, _INDICES, MATRIX))
def _entries(functions, state, inputs, params, program, places, steps, combinations, out):
    """out (K, R): the entries of the tensor for each row of indices into the variables.

    ``places`` holds the number of inputs and parameters, then each variable's place among all; ``steps`` how
    far to go along each.
    """
    taylor = taylor_at(functions[TAYLOR_AT])
    order, size = combinations.shape[1], state.size
    direction, values = np.empty(size + places[0]), np.empty(order * size)
    for row in range(combinations.shape[0]):
        # Along one variable alone a single derivative says it all.
        alone = combinations[row, 0] == combinations[row, order - 1]  # they are sorted
        weight = 1.0 / steps[combinations[row, 0]]
        for k in range(1, order):
            weight /= (1.0 if alone else 2.0 * (k + 1)) * steps[combinations[row, k]]
        for r in range(size):
            out[row, r] = 0.0
        for signs in range(1 if alone else 2 ** (order - 1)):
            parity = 1.0
            for j in range(direction.size):
                direction[j] = 0.0
            for k in range(1 if alone else order):
                sign = -1.0 if k > 0 and (signs >> (k - 1)) & 1 == 1 else 1.0
                parity *= sign
                direction[places[1 + combinations[row, k]]] += sign * steps[combinations[row, k]]
            taylor(state, inputs, params, direction, program, values)
            for r in range(size):
                out[row, r] += parity * weight * values[(order - 1) * size + r]


@jit()
def _put(points, e, inputs, params, columns, state):
    """Hand a point (x, p1, ..) in natural units over to the state, the inputs and the parameters."""
    n = state.size
    for j in range(n):
        state[j] = points[e, j]
    for k in range(1, columns.size):
        if columns[k] >= inputs.size:
            params[columns[k] - inputs.size] = points[e, n + k - 1]
        else:
            inputs[columns[k]] = points[e, n + k - 1]


@jit(types.void(FUNCTIONS, types.int64, MATRIX, VECTOR, VECTOR, COLUMNS, MATRIX))
def evaluate(functions, which, points, inputs, params, columns, out):
    """One of a field's functions at points (M, n + k) of a curve: a row of ``out`` each."""
    function, state = field_at(functions[which]), np.empty(points.shape[1] - columns.size + 1)
    for e in range(points.shape[0]):
        _put(points, e, inputs, params, columns, state)
        function(state, inputs, params, out[e])


@jit()
def _fill(tensor, i, j, k, value):
    """Set an entry of a symmetric tensor, and those that equal it."""
    tensor[i, j, k] = tensor[i, k, j] = tensor[j, i, k] = value
    tensor[j, k, i] = tensor[k, i, j] = tensor[k, j, i] = value


_SECOND, _THIRD = types.Array(types.float64, 4, "C"), types.Array(types.float64, 5, "C")


@jit(types.void(FUNCTIONS, MATRIX, VECTOR, VECTOR, MATRIX, COLUMNS, VECTOR, MATRIX, MATRIX, _SECOND, _THIRD))
def _expand(
    functions, points, inputs, params, program, columns, steps, jacobians, slopes, second, third
):  # fmt: skip
    """Fill a row of all derivatives for each point; steps are the units of the variables.

    One direction tells of the second and the third order at once. With T the tensors and e_i one step,

        T(i, j)    = (D2[e_i + e_j] - D2[e_i - e_j]) / 4         T(i, p) = (D2[e_i + e_p] - T(i, i) - T(p, p)) / 2
        T(i, i, j) = (D3[e_i + e_j] - D3[e_i - e_j] - 2 T(j, j, j)) / 6,     T(i, j, j) likewise with the sum
        T(i, j, k) = (D3[e_i + e_j + e_k] - D3[e_i + e_j - e_k] - 2 T(k, k, k)) / 12 - (T(i, i, k) + T(j, j, k)) / 2.
    """  # noqa: E501
    n = points.shape[1] - columns.size + 1
    jacobian, parameter_jacobian = field_at(functions[JACOBIAN]), field_at(functions[PARAMETER_JACOBIAN])
    taylor = taylor_at(functions[TAYLOR_AT])
    state, direction, flat = np.empty(n), np.zeros(n + columns[0]), np.empty(n * columns[0])
    plus, minus, p = np.empty(3 * n), np.empty(3 * n), n + columns[1]
    for e in range(points.shape[0]):
        _put(points, e, inputs, params, columns, state)
        jacobian(state, inputs, params, jacobians[e])
        parameter_jacobian(state, inputs, params, flat)
        two, three = second[e], third[e]
        direction[p] = steps[n]
        taylor(state, inputs, params, direction, program, plus[: 2 * n])
        direction[p] = 0.0
        for r in range(n):
            slopes[e, r], two[r, n, n] = flat[r * columns[0] + columns[1]], plus[n + r]
        for i in range(n):
            direction[i] = steps[i]
            taylor(state, inputs, params, direction, program, plus)
            for r in range(n):
                two[r, i, i], three[r, i, i, i] = plus[n + r], plus[2 * n + r]
            direction[p] = steps[n]
            taylor(state, inputs, params, direction, program, plus[: 2 * n])
            direction[p] = direction[i] = 0.0
            for r in range(n):
                two[r, i, n] = two[r, n, i] = 0.5 * (plus[n + r] - two[r, i, i] - two[r, n, n])
        for i in range(n):
            for j in range(i):
                direction[i], direction[j] = steps[i], steps[j]
                taylor(state, inputs, params, direction, program, plus)
                direction[j] = -steps[j]
                taylor(state, inputs, params, direction, program, minus)
                direction[i] = direction[j] = 0.0
                for r in range(n):
                    two[r, i, j] = two[r, j, i] = 0.25 * (plus[n + r] - minus[n + r])
                    one, other = plus[2 * n + r], minus[2 * n + r]
                    _fill(three[r], i, i, j, (one - other - 2.0 * three[r, j, j, j]) / 6.0)
                    _fill(three[r], i, j, j, (one + other - 2.0 * three[r, i, i, i]) / 6.0)
        for i in range(n):
            for j in range(i):
                for k in range(j):
                    direction[i], direction[j], direction[k] = steps[i], steps[j], steps[k]
                    taylor(state, inputs, params, direction, program, plus)
                    direction[k] = -steps[k]
                    taylor(state, inputs, params, direction, program, minus)
                    direction[i] = direction[j] = direction[k] = 0.0
                    for r in range(n):
                        value = (plus[2 * n + r] - minus[2 * n + r] - 2.0 * three[r, k, k, k]) / 12.0
                        _fill(three[r], i, j, k, value - 0.5 * (three[r, i, i, k] + three[r, j, j, k]))
        for r in range(n):  # so far along steps
            for i in range(n + 1):
                for j in range(n + 1):
                    two[r, i, j] /= steps[i] * steps[j]
                    for k in range(n if max(i, j) < n else 0):
                        three[r, i, j, k] /= steps[i] * steps[j] * steps[k]


def symmetric_tensor(functions, state, inputs, params, program, total, places, size, order):
    """All derivatives of one order in some of the variables (state, inputs, named parameters).

    Parameters
    ----------
    functions : ndarray of int
        As in `dynsys.numerics.extended.advance`.
    state, inputs, params : ndarray
        Where.
    program : ndarray (Q, 4)
        Of the field.
    total : int
        Number of inputs and named parameters.
    places : sequence of int (d,)
        The variables.
    size : ndarray (d,)
        Unit of each: how far steps go.
    order : int
        2 to 5.

    Returns
    -------
    ndarray (R, d, .., d)

    Examples
    --------
    >>> from dynsys.numerics import lowrank_field
    >>> from dynsys.numerics.signatures import field_table
    >>> params = lowrank_field.pack(np.ones((2, 4)), np.ones((2, 4)) / 4, 0)
    >>> functions = field_table(lowrank_field, lowrank_field.taylor)
    >>> symmetric_tensor(functions, np.zeros(1), np.zeros(1), params, np.zeros((0, 4)), 2, [0], np.ones(1), 3)
    array([[[[-2.]]]])
    """
    combinations, entries = _layout(len(places), order)
    out = np.empty((len(combinations), state.size))
    places = np.array([total, *places])
    _entries(functions, state, inputs, params, program, places, size, combinations, out)
    return out.T[:, entries]


def expansions(functions, points, inputs, params, program, columns, scale):
    """Derivatives in the state up to the third, in the first free parameter up to the second, at points.

    Parameters
    ----------
    functions : ndarray of int
        As in `dynsys.numerics.extended.advance`.
    inputs, params, program
        Of the field.
    points : ndarray (E, n + k)
        States and parameters.
    columns : ndarray of int (1 + k,)
        As in `dynsys.numerics.extended`.
    scale : ndarray (n + k,)
        Units of state and parameters.

    Returns
    -------
    jacobians, slopes : ndarray (E, n, n), (E, n)
        F_x and F_p.
    second, third : ndarray (E, n, n + 1, n + 1), (E, n, n, n, n)
        In state and parameter; in the state.

    Examples
    --------
    >>> from dynsys.numerics import lowrank_field
    >>> from dynsys.numerics.signatures import field_table
    >>> params, columns = lowrank_field.pack(np.ones((2, 4)), np.ones((2, 4)) / 4, 0), np.array([2, 1])
    >>> functions = field_table(lowrank_field, lowrank_field.taylor)
    >>> point, nothing = np.array([[0.0, 1.0]]), np.zeros((0, 4))  # kappa, gain
    >>> expansions(functions, point, np.zeros(1), params, nothing, columns, np.ones(2))[2:]
    (array([[[[0., 1.],
             [1., 0.]]]]), array([[[[[-2.]]]]]))
    """
    count, n = len(points), points.shape[1] - columns.size + 1
    jacobians, slopes = np.empty((count, n * n)), np.empty((count, n))
    second, third = np.empty((count, n, n + 1, n + 1)), np.empty((count, n, n, n, n))
    _expand(
        functions, points, inputs, params, program, columns, scale, jacobians, slopes, second, third
    )  # fmt: skip
    return jacobians.reshape(count, n, n), slopes, second, third


@functools.cache
def _layout(size, order):
    """Sorted index rows, and for every entry of the tensor the row that holds it."""
    rows = list(itertools.combinations_with_replacement(range(size), order))
    number = {row: k for k, row in enumerate(rows)}
    places = [number[tuple(sorted(index))] for index in itertools.product(range(size), repeat=order)]
    return np.array(rows), np.array(places).reshape((size,) * order)
