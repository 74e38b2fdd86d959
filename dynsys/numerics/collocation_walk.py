"""Follow a branch of cycles by pseudo-arclength steps, with a mesh that moves along.

`dynsys.numerics.collocation` finds the cycle at the end of each step; it is handed over as a function, so
that it is compiled once.
"""

import numpy as np
from numba import types

from dynsys.numerics.collocation import BLOCK, CORRECT_TYPE, INTEGERS, SYSTEM
from dynsys.numerics.collocation_basis import carry_over, metric, spread_evenly
from dynsys.numerics.floquet import monodromy_blocks
from dynsys.numerics.signatures import MATRIX, VECTOR
from rnn.jit import jit

# How a walk ended: it still goes on, left the span, cannot step, left its box.
GOING, LEFT_SPAN, MIN_STEP, LEFT_BOX = range(4)
# Steps between moves of the mesh; least cosine between the tangents of two neighbours.
ADAPT, MIN_COSINE = 3, 0.93


@jit()
def _copy(source, target):
    for k in range(source.size):
        target[k] = source[k]


@jit()
def _dot(weights, first, second):
    total = 0.0
    for k in range(weights.size):
        total += weights[k] * first[k] * second[k]
    return total


@jit(
    types.int64(
        CORRECT_TYPE, *SYSTEM, VECTOR, VECTOR, VECTOR, types.int64, types.int64, types.int64,
        MATRIX, MATRIX, MATRIX, BLOCK, MATRIX, VECTOR, MATRIX, INTEGERS,
    )
)  # fmt: skip
def walk(
    correct, rhs, jacobian, parameter_jacobian, inputs, params, columns, scale, span, settings, seed, start,
    stop, meshes, points, tangents, blocks, determinants, lengths, basis, state,
):  # fmt: skip
    """Go on along a branch of cycles from row ``start - 1``.

    Parameters
    ----------
    correct : function
        `dynsys.numerics.collocation.correct`, and its arguments up to ``scale``.
    span : ndarray (2,)
        Ends of the parameter.
    settings : ndarray (4 + n,)
        Next step (overwritten), longest and shortest step, cosine, bounds on the absolute state.
    seed : int
        1 where row 0 is a fixed point.
    start, stop : int
        Rows to fill.
    meshes : ndarray (M, N + 1)
        Become the mesh of each row.
    points, tangents : ndarray (M, (4 N + 1) n + 2)
        Become the cycles and the unit tangents.
    blocks : ndarray (M, n, n)
        Become the blocks that bear the multipliers.
    determinants : ndarray (M, 2)
        Become sign and logarithm of the determinant.
    lengths : ndarray (M,)
        Become the step that led to each row.
    basis : ndarray (n, n)
        Where the search for multipliers begins.
    state : ndarray of int (1,)
        Becomes the number of rows that are filled.

    Returns
    -------
    int
        How it ended.
    """
    n, size = scale.size - 1, points.shape[1]
    N = meshes.shape[1] - 1
    mesh, base, direction = meshes[start - 1].copy(), points[start - 1].copy(), tangents[start - 1].copy()
    fresh, other, weights = np.empty(N + 1), np.empty(size), np.empty(size)
    matrices = np.empty((N, n, n))
    row = start
    outcome = GOING
    while row < stop:
        first = seed if row == 1 else 0
        if row > 1 and row % ADAPT == 0:
            spread_evenly(mesh, base, scale, fresh)
            carry_over(mesh, base, fresh, other)
            _copy(other, base)
            carry_over(mesh, direction, fresh, other)
            _copy(other, direction)
            _copy(fresh, mesh)
        metric(mesh, scale, base[size - 2], weights)
        norm = np.sqrt(_dot(weights, direction, direction))
        for k in range(size):
            direction[k] /= norm
        point, tangent = points[row], tangents[row]
        iterations = -1
        while True:
            length = settings[0]
            for k in range(size):
                point[k] = base[k] + length * direction[k]
            iterations = correct(
                rhs, jacobian, parameter_jacobian, inputs, params, columns, scale, mesh, base, direction,
                length, first, point, tangent, matrices, determinants[row],
            )  # fmt: skip
            if iterations > 0 and _dot(weights, tangent, direction) >= settings[3]:
                break
            settings[0] = 0.5 * length
            if settings[0] < settings[2]:
                state[0] = row
                return MIN_STEP
        past = point[size - 1] < span[0] or point[size - 1] > span[1]
        if past:
            # End at the span exactly: the same branch with the parameter held.
            end = span[0] if point[size - 1] < span[0] else span[1]
            share = (end - base[size - 1]) / (point[size - 1] - base[size - 1])
            for k in range(size):
                other[k] = 0.0
                point[k] = base[k] + share * (point[k] - base[k])
            other[size - 1] = scale[n]
            point[size - 1] = end
            length *= share
            trial = point.copy()
            iterations = -1
            if first == 0 and share > 1e-9:
                iterations = correct(
                    rhs, jacobian, parameter_jacobian, inputs, params, columns, scale, mesh, trial, other,
                    0.0, 0, point, tangent, matrices, determinants[row],
                )  # fmt: skip
            if iterations < 0:
                state[0] = row
                return LEFT_SPAN
            point[size - 1] = end
            if _dot(weights, tangent, direction) < 0.0:
                determinants[row, 0] = -determinants[row, 0]
                for k in range(size):
                    tangent[k] = -tangent[k]
            outcome = LEFT_SPAN
        _copy(mesh, meshes[row])
        monodromy_blocks(matrices, basis, blocks[row])
        lengths[row] = length
        _copy(point, base)
        cosine = _dot(weights, tangent, direction)
        _copy(tangent, direction)
        row += 1
        if past:
            break
        for k in range(size - 2):
            if abs(point[k]) > settings[4 + k % n]:
                outcome = LEFT_BOX
        if outcome == LEFT_BOX:
            break
        if iterations <= 3 and cosine > 0.5 * (1.0 + settings[3]):
            settings[0] = min(1.5 * length, settings[1])
        elif iterations > 5:
            settings[0] = max(0.7 * length, settings[2])
    state[0] = row
    return outcome
