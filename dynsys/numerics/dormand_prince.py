"""Dormand and Prince's adaptive method of order 5(4), with dense output: the one clock of every flow.

    y' = F(y, v; p),        and with a matrix M beside the state        M' = DF(y) M   (variational equation)

(Dormand & Prince 1980; the interpolant of order 4 is Shampine's of 1986.) The helpers here are compiled into
the kernels that call them; those take a field's functions with the types of `dynsys.numerics.signatures`, so
they are compiled once and serve every field. A negative step runs backwards in time.

Errors are held below ``rtol (|y| + scale)`` component by component, ``scale`` (R,) being the size of what one
looks at; a step that cannot be made small enough means that F is not finite there.
"""

import numpy as np
from numba import types

from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

STAGES = np.zeros((7, 7))
STAGES[1, :1] = (1 / 5,)
STAGES[2, :2] = 3 / 40, 9 / 40
STAGES[3, :3] = 44 / 45, -56 / 15, 32 / 9
STAGES[4, :4] = 19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729
STAGES[5, :5] = 9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656
STAGES[6, :6] = 35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84
ERRORS = np.array([-71 / 57600, 0, 71 / 16695, -71 / 1920, 17253 / 339200, -22 / 525, 1 / 40])
DENSE = np.zeros((7, 4))
DENSE[0] = 1, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432
DENSE[2, 1:] = 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799
DENSE[3, 1:] = -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072
DENSE[4, 1:] = 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632
DENSE[5, 1:] = -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844
DENSE[6, 1:] = 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423

# A step is refused at most so often in a row; each refusal shortens it to a tenth or more of itself.
MAX_REFUSALS = 40
SAFETY, SHRINK, GROW = 0.9, 0.2, 5.0
# How an integration ended.
COMPLETED, DIVERGED, BUDGET = 0, 1, 2

MATRIX, BLOCK = types.Array(types.float64, 2, "C"), types.Array(types.float64, 3, "C")
INTEGERS = types.Array(types.int64, 1, "C")
SYSTEM = (FIELD_TYPE, FIELD_TYPE, VECTOR, VECTOR)


@jit()
def slope(system, size, y, flat, out):
    """F at the state ``y[:size]``, followed by DF M where a matrix M follows the state in y."""
    rhs, jacobian, inputs, params = system
    rhs(y[:size], inputs, params, out[:size])
    if y.size > size:
        jacobian(y[:size], inputs, params, flat)
        for i in range(size):
            for j in range(size):
                total = 0.0
                for k in range(size):
                    total += flat[i * size + k] * y[size + k * size + j]
                out[size + i * size + j] = total


@jit()
def first_step(y, size, scale, k):
    """Length of the first step: a small share of the time in which the state moves by its own size."""
    fastest = 0.0
    for c in range(size):
        fastest = max(fastest, abs(k[0, c]) / (abs(y[c]) + scale[c]))
    return 0.01 / fastest if fastest > 0.01 else 1.0


@jit()
def stages(system, size, y, h, table, k, flat, trial):
    """Slopes k[1], k[2], .. of a step's stages from k[0]; ``trial`` becomes the state at the last."""
    for i in range(1, table.shape[0]):
        for c in range(y.size):
            total = 0.0
            for j in range(i):
                total += table[i, j] * k[j, c]
            trial[c] = y[c] + h * total
        slope(system, size, trial, flat, k[i])


@jit()
def next_length(h, error, power):
    """Length of the step after one with this error, which is refused above 1; ``power`` is 1 / order."""
    if error <= 1.0:
        return h * (min(GROW, SAFETY * error**-power) if error > 0.0 else GROW)
    return h * (max(SHRINK, SAFETY * error**-power) if error < np.inf else 0.1)


@jit()
def step(system, size, y, h, rtol, scale, k, flat, trial):
    """One accepted step: ``trial`` becomes the state after it, k[6] the slope there; k[0] is the slope at y.

    Returns the step taken, 0 if there is none however small, and a proposal for the next.
    """
    for _ in range(MAX_REFUSALS):
        stages(system, size, y, h, STAGES, k, flat, trial)
        error = 0.0
        for c in range(y.size):
            total = 0.0
            for j in range(7):
                total += ERRORS[j] * k[j, c]
            unit = scale[c] if c < size else 1.0
            ratio = abs(h * total) / (rtol * (unit + max(abs(y[c]), abs(trial[c]))))
            if not ratio <= error:  # NaN counts as larger
                error = ratio
                if np.isnan(error):
                    break
        if error <= 1.0:
            return h, next_length(h, error, 0.2)
        h = next_length(h, error, 0.2)
    return 0.0, h


@jit()
def between(y, h, k, share, out):
    """Dense output: the state at a share (0 to 1) of the step of length h that starts at y."""
    for c in range(out.size):
        total = 0.0
        for j in range(7):
            d = DENSE[j]
            total += k[j, c] * (d[0] + share * (d[1] + share * (d[2] + share * d[3])))
        out[c] = y[c] + h * share * total


@jit()
def accept(y, k, trial):
    """Move on: the state and the slope at the end of a step become those of its start."""
    for c in range(y.size):
        y[c] = trial[c]
        k[0, c] = k[6, c]


@jit(types.void(*SYSTEM, MATRIX, VECTOR, types.float64, VECTOR, types.int64, BLOCK, INTEGERS, VECTOR))
def run_at(rhs, jacobian, inputs, params, starts, times, rtol, scale, max_steps, out, filled, ended):
    """Integrate each start over the given times.

    Parameters
    ----------
    rhs, jacobian : function
        Of a field.
    inputs, params : ndarray
        Passed on to them.
    starts : ndarray (K, R)
        States at times[0].
    times : ndarray (M,)
        Where the state is wanted, ascending or descending.
    rtol, scale : float, ndarray (R,)
        Tolerance, as in the module's text.
    max_steps : int
        Budget of steps of each start.
    out : ndarray (K, M, R)
        Becomes the states; NaN from where the integration ended.
    filled, ended : ndarray (K,)
        Become the number of states that are there, and the time at which it ended.
    """
    system = rhs, jacobian, inputs, params
    size, last = starts.shape[1], times.size - 1
    y, trial, flat = np.empty(size), np.empty(size), np.empty(size * size)
    k = np.empty((7, size))
    sign = 1.0 if times[last] >= times[0] else -1.0
    for b in range(starts.shape[0]):
        for c in range(size):
            y[c] = starts[b, c]
            out[b, 0, c] = y[c]
        slope(system, size, y, flat, k[0])
        t, h, m = times[0], sign * first_step(y, size, scale, k), 1
        for _ in range(max_steps):
            if m > last:
                break
            left = times[last] - t
            h = h if abs(h) < abs(left) else left
            taken, after = step(system, size, y, h, rtol, scale, k, flat, trial)
            if taken == 0.0:
                break
            end = times[last] if taken == left else t + taken
            while m <= last and sign * (end - times[m]) >= 0.0:
                between(y, taken, k, (times[m] - t) / taken, out[b, m])
                if m == last:  # the end of the last step itself, more exact than its interpolant
                    for c in range(size):
                        out[b, m, c] = trial[c]
                m += 1
            accept(y, k, trial)
            t, h = end, after
        filled[b], ended[b] = m, t
        for rest in range(m, last + 1):
            for c in range(size):
                out[b, rest, c] = np.nan


@jit(types.void(FIELD_TYPE, MATRIX, VECTOR, VECTOR, MATRIX))
def evaluate_many(function, states, inputs, params, out):
    """rhs, jacobian or outputs of a field at many states (K, R), one row of ``out`` each."""
    for b in range(states.shape[0]):
        function(states[b], inputs, params, out[b])
