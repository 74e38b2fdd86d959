"""Roots of a field: all of them on a line, and Newton's method from many starts in more dimensions.

Both kernels take the field's functions with explicit types (`dynsys.numerics.signatures`), so they are
compiled once and serve every field. They are compiled where they stand, so their helpers come first.
"""

import numpy as np
from numba import types

from dynsys.numerics.linear import eliminate
from dynsys.numerics.signatures import DIRECTIONAL_TYPE, FIELD_TYPE, VECTOR
from rnn.jit import jit

MAX_ITERATIONS = 60
MAX_HALVINGS = 12
# A step below this share of the state's size ends Newton's iteration.
STEP_TOLERANCE = 1e-14
# What counts as zero on a line, in units of rounding errors of F.
ROUNDING = 16 * 2.220446049250313e-16

_MATRIX = types.Array(types.float64, 2, "C")
_SCALAR_FIELD = (FIELD_TYPE, FIELD_TYPE, DIRECTIONAL_TYPE, VECTOR, VECTOR)
_ORDER, _REAL = types.int64, types.float64


@jit()
def _largest(vector):
    largest = 0.0
    for i in range(vector.size):
        if not abs(vector[i]) <= largest:  # NaN counts as larger
            largest = abs(vector[i])
            if np.isnan(largest):
                return np.nan
    return largest


@jit(_REAL(*_SCALAR_FIELD, _ORDER, _REAL, VECTOR))
def _derivative(rhs, jacobian, directional, inputs, params, order, x, work):
    """F and its derivatives at x, order 0 to 3, of a scalar field."""
    state, out = work[:1], work[2:4]
    state[0] = x
    if order == 0:
        rhs(state, inputs, params, out[:1])
        return out[0]
    if order == 1:
        jacobian(state, inputs, params, out[:1])
        return out[0]
    direction = work[1:2]
    direction[0] = 1.0
    directional(state, inputs, params, direction, out)
    return out[order - 2]


@jit(_REAL(*_SCALAR_FIELD, _ORDER, _REAL, _REAL, _REAL, VECTOR))
def _bracketed(rhs, jacobian, directional, inputs, params, order, low, high, value_low, work):
    """Root of one derivative between two points of opposite sign: Newton, with bisection as its guard."""
    x = 0.5 * (low + high)
    for _ in range(100):
        value = _derivative(rhs, jacobian, directional, inputs, params, order, x, work)
        if value == 0.0:
            return x
        if (value > 0.0) == (value_low > 0.0):
            low = x
        else:
            high = x
        slope = _derivative(rhs, jacobian, directional, inputs, params, order + 1, x, work)
        after = x - value / slope if slope != 0.0 else low
        if not low < after < high:
            after = 0.5 * (low + high)
        if abs(after - x) <= STEP_TOLERANCE * 0.01 * (1.0 + abs(x)) or not low < after < high:
            return after
        x = after
    return x


@jit(types.int64(*_SCALAR_FIELD, _ORDER, VECTOR, types.int64, VECTOR, VECTOR))
def _refine(rhs, jacobian, directional, inputs, params, order, grid, size, out, work):
    """Copy the grid to ``out`` with the roots of one derivative between its points; return the new size."""
    count = 0
    before = 0.0
    for i in range(size):
        value = _derivative(rhs, jacobian, directional, inputs, params, order, grid[i], work)
        if i > 0 and before * value < 0.0:
            low, high = grid[i - 1], grid[i]
            between = _bracketed(rhs, jacobian, directional, inputs, params, order, low, high, before, work)
            if low < between < high:
                out[count] = between
                count += 1
        out[count] = grid[i]
        count += 1
        before = value
    return count


@jit(types.void(FIELD_TYPE, FIELD_TYPE, VECTOR, VECTOR, _MATRIX, VECTOR, VECTOR))
def newton_many(rhs, jacobian, inputs, params, states, residuals, steps):
    """Damped Newton iteration from many starts.

    Parameters
    ----------
    rhs, jacobian : function
        Of a field.
    inputs, params : ndarray
        Passed on to them.
    states : ndarray (K, R)
        The starts; become the last iterates.
    residuals : ndarray (K,)
        Becomes the largest entry of F at each, NaN where F is not finite.
    steps : ndarray (K,)
        Becomes the length of each last full Newton step, the distance to the root to first order.
    """
    rank = states.shape[1]
    trial, step = np.empty(rank), np.empty(rank)
    value, value_trial = np.empty(rank), np.empty(rank)
    matrix, flat = np.empty((rank, rank)), np.empty(rank * rank)
    for k in range(states.shape[0]):
        state = states[k]
        rhs(state, inputs, params, value)
        size = _largest(value)
        for _ in range(MAX_ITERATIONS):
            if not size < np.inf:
                break
            jacobian(state, inputs, params, flat)
            for i in range(rank):
                step[i] = -value[i]
                for j in range(rank):
                    matrix[i, j] = flat[i * rank + j]
            eliminate(matrix, step)
            length = _largest(step)
            steps[k] = length
            damping = 1.0
            improved = False
            for _ in range(MAX_HALVINGS):
                for i in range(rank):
                    trial[i] = state[i] + damping * step[i]
                rhs(trial, inputs, params, value_trial)
                size_trial = _largest(value_trial)
                if size_trial < size:
                    improved = True
                    break
                damping *= 0.5
            if not improved:
                break
            for i in range(rank):
                state[i] = trial[i]
                value[i] = value_trial[i]
            size = size_trial
            if length <= STEP_TOLERANCE * (1.0 + _largest(state)):
                break
        residuals[k] = size


@jit(types.int64(*_SCALAR_FIELD, VECTOR, VECTOR, VECTOR))
def roots_on_line(rhs, jacobian, directional, inputs, params, grid, roots, residuals):
    """All roots of a scalar field on an interval, double ones included.

    The grid is refined at the inflection points (roots of F''), then at the extrema (roots of F'). Between
    those F is monotone, so that a change of sign means exactly one root; an extremum at which F is zero to
    rounding is a double root.

    Parameters
    ----------
    rhs, jacobian, directional : function
        Of a field with one state variable.
    inputs, params : ndarray
        Passed on to them.
    grid : ndarray (G,)
        Ascending points that bound the interval; F'' may change sign once between two of them.
    roots, residuals : ndarray (K,)
        Become the roots in ascending order, and abs(F) there.

    Returns
    -------
    int
        Number of roots; -1 if F is not finite somewhere, -2 if there are more than K.
    """
    work = np.empty(4)
    knots = np.empty(4 * grid.size)
    count = _refine(rhs, jacobian, directional, inputs, params, 2, grid, grid.size, knots, work)
    fine = np.empty(2 * count + 1)
    count = _refine(rhs, jacobian, directional, inputs, params, 1, knots, count, fine, work)
    found = 0
    before_x = before = 0.0
    before_zero = False
    for i in range(count):
        x = fine[i]
        value = _derivative(rhs, jacobian, directional, inputs, params, 0, x, work)
        if not abs(value) < np.inf:
            return -1
        zero = abs(value) <= ROUNDING * (1.0 + abs(x))
        root = x
        hit = zero
        if i > 0 and not zero and not before_zero and (value > 0.0) != (before > 0.0):
            root = _bracketed(rhs, jacobian, directional, inputs, params, 0, before_x, x, before, work)
            hit = True
        if hit and not (zero and before_zero):
            if found == roots.size:
                return -2
            roots[found] = root
            residuals[found] = abs(_derivative(rhs, jacobian, directional, inputs, params, 0, root, work))
            found += 1
        before_x, before, before_zero = x, value, zero
    return found
