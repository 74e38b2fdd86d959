"""From many states and parameter values at once onto the curves F(x, p) = 0, by steps of least length.

Every start moves in x and in p, so that a closed curve is met although it lies between two values of p at
which all fixed points were looked for.
"""

import numpy as np
from numba import types

from dynsys.numerics.linear import eliminate
from dynsys.numerics.signatures import FIELD_TYPE, MATRIX, VECTOR
from rnn.jit import jit

MAX_ITERATIONS = 40
# Longest step, the last one, and how far p may leave its span, in units of the scale.
LONGEST, CONVERGED, ASIDE = 0.25, 1e-10, 0.5


@jit(types.void(FIELD_TYPE, FIELD_TYPE, FIELD_TYPE, VECTOR, VECTOR, VECTOR, types.Array(types.int64, 1, "C"),
                VECTOR, MATRIX, VECTOR))  # fmt: skip
def onto_curve(rhs, jacobian, parameter_jacobian, inputs, params, span, columns, scale, points, steps):
    """Gauss and Newton's method from many starts.

    Parameters
    ----------
    rhs, jacobian, parameter_jacobian : function
        Of a field.
    inputs, params : ndarray
        Passed on to them; not changed.
    span : ndarray (2,)
        Ends of p, scaled.
    columns : ndarray of int (2,)
        Number of inputs and named parameters, and which of them is p.
    scale : ndarray (n + 1,)
        Units of x and p.
    points : ndarray (K, n + 1)
        The starts, in these units; become the last iterates.
    steps : ndarray (K,)
        Become the lengths of the last steps; inf where there is no limit.
    """
    n = scale.size - 1
    u, values = inputs.copy(), params.copy()
    state, value, flat = np.empty(n), np.empty(n), np.empty(n * n)
    slopes = np.empty(n * columns[0])
    matrix, square, step = np.empty((n, n + 1)), np.empty((n, n)), np.empty(n + 1)
    for k in range(points.shape[0]):
        steps[k] = np.inf
        for _ in range(MAX_ITERATIONS):
            for i in range(n):
                state[i] = points[k, i] * scale[i]
            if columns[1] < u.size:
                u[columns[1]] = points[k, n] * scale[n]
            else:
                values[columns[1] - u.size] = points[k, n] * scale[n]
            rhs(state, u, values, value)
            jacobian(state, u, values, flat)
            parameter_jacobian(state, u, values, slopes)
            for i in range(n):
                value[i] = -value[i]
                for j in range(n):
                    matrix[i, j] = flat[i * n + j] * scale[j]
                matrix[i, n] = slopes[i * columns[0] + columns[1]] * scale[n]
            for i in range(n):
                for j in range(n):
                    square[i, j] = 0.0
                    for m in range(n + 1):
                        square[i, j] += matrix[i, m] * matrix[j, m]
            if not abs(eliminate(square, value)) > 0.0:
                break
            length = 0.0
            for m in range(n + 1):
                step[m] = 0.0
                for i in range(n):
                    step[m] += matrix[i, m] * value[i]
                length += step[m] * step[m]
            length = np.sqrt(length)
            if not length < np.inf:
                break
            share = min(1.0, LONGEST / length) if length > 0.0 else 1.0
            for m in range(n + 1):
                points[k, m] += share * step[m]
            if not span[0] - ASIDE <= points[k, n] <= span[1] + ASIDE:
                break
            if length < CONVERGED:
                steps[k] = length
                break
