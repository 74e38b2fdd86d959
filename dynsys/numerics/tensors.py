"""All derivatives of one order at a point, as a symmetric tensor, by polarisation of directional derivatives.

T(e_1, .., e_k) = 1 / (2^(k-1) k!) sum over signs of s_2 .. s_k D^k F[e_1 + s_2 e_2 + .. + s_k e_k]
"""

import functools
import itertools

import numpy as np
from numba import types

from dynsys.numerics.extended import COLUMNS
from dynsys.numerics.signatures import FIELD_TYPE, MATRIX, TAYLOR, TAYLOR_TYPE, VECTOR, address
from rnn.jit import jit

_INDICES = types.Array(types.int64, 2, "C")


@jit(types.void(TAYLOR_TYPE, VECTOR, VECTOR, VECTOR, MATRIX, MATRIX, _INDICES, MATRIX))
def _entries(taylor, state, inputs, params, program, basis, combinations, out):
    """out (K, R): the entries of the tensor for each row of indices into the basis."""
    order, size = combinations.shape[1], state.size
    direction, values = np.empty(basis.shape[1]), np.empty(order * size)
    weight = 1.0
    for k in range(2, order + 1):
        weight /= 2.0 * k
    for row in range(combinations.shape[0]):
        for r in range(size):
            out[row, r] = 0.0
        for signs in range(2 ** (order - 1)):
            parity = 1.0
            for j in range(direction.size):
                direction[j] = basis[combinations[row, 0], j]
            for k in range(1, order):
                sign = 1.0 if (signs >> (k - 1)) & 1 == 0 else -1.0
                parity *= sign
                for j in range(direction.size):
                    direction[j] += sign * basis[combinations[row, k], j]
            taylor(state, inputs, params, direction, program, values)
            for r in range(size):
                out[row, r] += parity * weight * values[(order - 1) * size + r]


_BLOCK = types.Array(types.float64, 3, "C")


@jit(types.void(
    TAYLOR_TYPE, MATRIX, VECTOR, VECTOR, MATRIX, COLUMNS, MATRIX, _INDICES, _INDICES, _BLOCK, _BLOCK
))  # fmt: skip
def _expand(taylor, points, inputs, params, program, columns, basis, pairs, triples, second, third):
    n = points.shape[1] - columns.size + 1
    for e in range(points.shape[0]):
        for k in range(1, columns.size):
            if columns[k] >= inputs.size:
                params[columns[k] - inputs.size] = points[e, n + k - 1]
            else:
                inputs[columns[k]] = points[e, n + k - 1]
        _entries(taylor, points[e, :n], inputs, params, program, basis, pairs, second[e])
        _entries(taylor, points[e, :n], inputs, params, program, basis, triples, third[e])


@jit(types.void(FIELD_TYPE, MATRIX, VECTOR, VECTOR, COLUMNS, MATRIX))
def evaluate(function, points, inputs, params, columns, out):
    """One of a field's functions at points (M, n + k) of a curve: a row of ``out`` each."""
    n = points.shape[1] - columns.size + 1
    state = np.empty(n)
    for i in range(points.shape[0]):
        for j in range(n):
            state[j] = points[i, j]
        for k in range(1, columns.size):
            if columns[k] >= inputs.size:
                params[columns[k] - inputs.size] = points[i, n + k - 1]
            else:
                inputs[columns[k]] = points[i, n + k - 1]
        function(state, inputs, params, out[i])


def symmetric_tensor(taylor, state, inputs, params, program, basis, order):
    """All derivatives of one order along the vectors of a basis.

    Parameters
    ----------
    taylor : function
        Of a field.
    state, inputs, params : ndarray
        Where.
    program : ndarray (Q, 4)
        Of the field.
    basis : ndarray (d, R + S + P)
        Directions.
    order : int
        2 to 5.

    Returns
    -------
    ndarray (R, d, .., d)

    Examples
    --------
    >>> from dynsys.numerics.lowrank_field import pack, taylor
    >>> params = pack(np.ones((2, 4)), np.ones((2, 4)) / 4, 0)
    >>> symmetric_tensor(taylor, np.zeros(1), np.zeros(1), params, np.zeros((0, 4)), np.eye(3)[:1], 3)
    array([[[[-2.]]]])
    """
    combinations, places = _layout(len(basis), order)
    out = np.empty((len(combinations), state.size))
    _entries(address(taylor, TAYLOR), state, inputs, params, program, basis, combinations, out)
    return out.T[:, places]


def expansions(taylor, points, inputs, params, program, columns, scale):
    """Second derivatives in state and first parameter, third ones in the state, at many points.

    Parameters
    ----------
    taylor, inputs, params, program
        Of a field.
    points : ndarray (E, n + k)
        States and parameters.
    columns : ndarray of int (1 + k,)
        As in `dynsys.numerics.extended`.
    scale : ndarray (n + k,)
        Units of state and parameters.

    Returns
    -------
    list of (ndarray (n, n + 1, n + 1), ndarray (n, n, n, n))

    Examples
    --------
    >>> from dynsys.numerics.lowrank_field import pack, taylor
    >>> params, columns = pack(np.ones((2, 4)), np.ones((2, 4)) / 4, 0), np.array([2, 1])  # the gain
    >>> nothing = np.zeros((0, 4))
    >>> expansions(taylor, np.array([[0.0, 1.0]]), np.zeros(1), params, nothing, columns, np.ones(2))
    [(array([[[0., 1.],
            [1., 0.]]]), array([[[[-2.]]]]))]
    """
    n = points.shape[1] - columns.size + 1
    (pairs, at_pairs), (triples, at_triples) = _layout(n + 1, 2), _layout(n, 3)
    basis = np.zeros((n + 1, n + columns[0]))
    basis[np.arange(n), np.arange(n)], basis[n, n + columns[1]] = scale[:n], scale[n]
    second, third = np.empty((len(points), len(pairs), n)), np.empty((len(points), len(triples), n))
    function = address(taylor, TAYLOR)
    _expand(function, points, inputs, params, program, columns, basis, pairs, triples, second, third)
    size = scale[: n + 1]
    square, cube = np.multiply.outer(size, size), np.multiply.outer(np.multiply.outer(size, size), size)
    return [
        (two.T[:, at_pairs] / square, three.T[:, at_triples] / cube[:n, :n, :n])
        for two, three in zip(second, third)
    ]


@functools.cache
def _layout(size, order):
    """Sorted index rows, and for every entry of the tensor the row that holds it."""
    rows = list(itertools.combinations_with_replacement(range(size), order))
    number = {row: k for k, row in enumerate(rows)}
    places = [number[tuple(sorted(index))] for index in itertools.product(range(size), repeat=order)]
    return np.array(rows), np.array(places).reshape((size,) * order)
