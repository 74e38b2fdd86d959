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


_BLOCK = types.Array(types.float64, 3, "C")


@jit(types.void(
    FUNCTIONS, MATRIX, VECTOR, VECTOR, MATRIX, COLUMNS, VECTOR, _INDICES, _INDICES,
    MATRIX, MATRIX, _BLOCK, _BLOCK,
))  # fmt: skip
def _expand(
    functions, points, inputs, params, program, columns, steps, pairs, triples,
    jacobians, slopes, second, third,
):  # fmt: skip
    """Rows of all derivatives at each point: of tensors those entries that ``pairs`` and ``triples`` list."""
    n = points.shape[1] - columns.size + 1
    jacobian, parameter_jacobian = field_at(functions[JACOBIAN]), field_at(functions[PARAMETER_JACOBIAN])
    state, places = np.empty(n), np.empty(n + 2, dtype=np.int64)
    for j in range(n):
        places[1 + j] = j
    places[0], places[n + 1] = columns[0], n + columns[1]
    for e in range(points.shape[0]):
        _put(points, e, inputs, params, columns, state)
        jacobian(state, inputs, params, jacobians[e])
        parameter_jacobian(state, inputs, params, slopes[e])
        _entries(functions, state, inputs, params, program, places, steps, pairs, second[e])
        _entries(functions, state, inputs, params, program, places, steps, triples, third[e])


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
    (pairs, at_pairs), (triples, at_triples) = _layout(n + 1, 2), _layout(n, 3)
    jacobians, slopes = np.empty((count, n * n)), np.empty((count, n * columns[0]))
    second, third = np.empty((count, len(pairs), n)), np.empty((count, len(triples), n))
    _expand(
        functions, points, inputs, params, program, columns, scale, pairs, triples,
        jacobians, slopes, second, third,
    )  # fmt: skip
    return (
        jacobians.reshape(count, n, n), slopes.reshape(count, n, -1)[:, :, columns[1]].copy(),
        second.transpose(0, 2, 1).take(at_pairs, axis=2), third.transpose(0, 2, 1).take(at_triples, axis=2),
    )  # fmt: skip


@functools.cache
def _layout(size, order):
    """Sorted index rows, and for every entry of the tensor the row that holds it."""
    rows = list(itertools.combinations_with_replacement(range(size), order))
    number = {row: k for k, row in enumerate(rows)}
    places = [number[tuple(sorted(index))] for index in itertools.product(range(size), repeat=order)]
    return np.array(rows), np.array(places).reshape((size,) * order)
