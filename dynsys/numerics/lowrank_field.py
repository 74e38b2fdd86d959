"""The exact field of a finite low-rank network, for every network without compiling again.

    F_r(kappa, v) = -kappa_r + gain (1/N) sum_j n_j^r phi(x_j),     x = sum_r m^r kappa_r + sum_s I^s v_s

The network travels in the parameter vector, ``[gain, phi, N, left (R + S, N), right (R + O, N)]`` with the
factors of `rnn.connectivity.factors`; R, S and O are read from the lengths of the other arguments.
"""

import math

import numpy as np
from numba import types

from dynsys.numerics.signatures import DIRECTIONAL, FIELD, TAYLOR, VECTOR
from rnn.activations import ERF, RELU, TANH, phi_derivatives_at, tanh64
from rnn.jit import FASTMATH, jit

# Where the factors start in the parameter vector, and how many of its entries are named parameters.
OFFSET = 3
NAMED = 1


def pack(left, right, phi_index, gain=1.0):
    """Return the parameter vector of a network.

    Parameters
    ----------
    left : ndarray (R + S, N)
        Rows m_r, then I_s.
    right : ndarray (R + O, N)
        Rows n_r / N, then w_o / N.
    phi_index : int
        Number of phi, `rnn.activations.phi_number`.
    gain : float, default 1
        Factor of J.

    Returns
    -------
    ndarray (3 + (2R + S + O) N,)

    Examples
    --------
    >>> pack(np.ones((2, 4)), np.ones((2, 4)), 0).size
    19
    """
    return np.concatenate([[gain, phi_index, left.shape[1]], left.ravel(), right.ravel()])


@jit(types.void(VECTOR, VECTOR, VECTOR, VECTOR), fastmath=FASTMATH)
def drive(c, d, params, x):
    """x = left^T (c, d): one row of the factor at a time, so that the loop over units vectorises."""
    units = x.size
    for i in range(units):
        x[i] = 0.0
    for k in range(c.size + d.size):
        factor = c[k] if k < c.size else d[k - c.size]
        row = OFFSET + k * units
        for i in range(units):
            x[i] += factor * params[row + i]


@jit(types.float64(types.float64, types.int64))
def _high(x, order):
    """phi^(order)(x) of phi = erf(sqrt(pi) x / 2) by the recursion of Hermite's polynomials."""
    before, now = 0.0, math.exp(-0.25 * math.pi * x * x)
    for k in range(order - 1):
        before, now = now, -0.5 * math.pi * (x * now + k * before)
    return now


@jit(types.void(VECTOR, types.int64, VECTOR), fastmath=FASTMATH)
def apply_phi(params, order, x):
    """Replace every x by phi^(order)(x), order 0 to 5; NaN at the kink of relu, where there is no slope."""
    number = int(params[1])
    if number == RELU and order > 0:
        for i in range(x.size):
            x[i] = np.nan if x[i] == 0.0 else phi_derivatives_at(number, x[i])[min(order, 3)]
        return
    if number != TANH and order > 3:
        for i in range(x.size):
            x[i] = _high(x[i], order) if number == ERF else 0.0
        return
    if number != TANH:
        for i in range(x.size):
            x[i] = phi_derivatives_at(number, x[i])[order]
        return
    for i in range(x.size):  # the loops below vectorise
        x[i] = tanh64(x[i])
    if order > 0:
        for i in range(x.size):
            p = x[i]
            square = p * p
            slope = 1.0 - square
            if order == 1:
                x[i] = slope
            elif order == 2:
                x[i] = -2.0 * p * slope
            elif order == 3:
                x[i] = slope * (6.0 * square - 2.0)
            elif order == 4:
                x[i] = slope * p * (16.0 - 24.0 * square)
            else:
                x[i] = slope * (16.0 + 120.0 * square * (square - 1.0))


@jit(types.float64(VECTOR, types.int64, VECTOR), fastmath=FASTMATH)
def project(params, row, values):
    """Dot product of one row of all factors with a vector over units."""
    start = OFFSET + row * values.size
    total = 0.0
    for i in range(values.size):
        total += params[start + i] * values[i]
    return total


@jit(types.void(VECTOR, types.int64, VECTOR, VECTOR), fastmath=FASTMATH)
def _weight(params, row, values, out):
    """out = values times one row of the factors, unit by unit; without weight a unit has no say, even NaN."""
    start = OFFSET + row * values.size
    for i in range(values.size):
        weight = params[start + i]
        out[i] = weight * values[i] if weight != 0.0 else 0.0


@jit(FIELD)
def rhs(kappa, inputs, params, out):
    """F of the module's equation."""
    x = np.empty(int(params[2]))
    drive(kappa, inputs, params, x)
    apply_phi(params, 0, x)
    left = kappa.size + inputs.size
    for r in range(kappa.size):
        out[r] = params[0] * project(params, left + r, x) - kappa[r]


@jit(FIELD)
def jacobian(kappa, inputs, params, out):
    """dF_r/dkappa_s = -delta_rs + gain (1/N) sum_j n_j^r phi'(x_j) m_j^s."""
    x = np.empty(int(params[2]))
    weighted = np.empty(x.size)
    drive(kappa, inputs, params, x)
    apply_phi(params, 1, x)
    rank = kappa.size
    for s in range(rank):
        _weight(params, s, x, weighted)
        for r in range(rank):
            slope = params[0] * project(params, rank + inputs.size + r, weighted)
            out[r * rank + s] = slope - 1.0 if r == s else slope


@jit(FIELD)
def parameter_jacobian(kappa, inputs, params, out):
    """dF in the inputs, then in the gain."""
    x = np.empty(int(params[2]))
    weighted = np.empty(x.size)
    rank, columns = kappa.size, inputs.size + NAMED
    drive(kappa, inputs, params, x)
    apply_phi(params, 0, x)
    for r in range(rank):
        out[r * columns + inputs.size] = project(params, rank + inputs.size + r, x)
    drive(kappa, inputs, params, x)
    apply_phi(params, 1, x)
    for s in range(inputs.size):
        _weight(params, rank + s, x, weighted)
        for r in range(rank):
            out[r * columns + s] = params[0] * project(params, rank + inputs.size + r, weighted)


@jit(DIRECTIONAL)
def directional(kappa, inputs, params, direction, out):
    """B(q, q), then C(q, q, q): gain (1/N) sum_j n_j^r phi''(x_j) (m_j . q)^2 and so on."""
    units, rank = int(params[2]), kappa.size
    x, along, shape = np.empty(units), np.empty(units), np.empty(units)
    drive(direction, direction[:0], params, along)
    for order in range(2, 4):
        drive(kappa, inputs, params, x)
        apply_phi(params, order, x)
        for i in range(units):
            shape[i] = x[i] * along[i] ** order if along[i] != 0.0 else 0.0
        for r in range(rank):
            value = params[0] * project(params, rank + inputs.size + r, shape)
            out[(order - 2) * rank + r] = value


@jit(FIELD)
def outputs(kappa, inputs, params, out):
    """z_o = (1/N) sum_j w_j^o phi(x_j)."""
    x = np.empty(int(params[2]))
    drive(kappa, inputs, params, x)
    apply_phi(params, 0, x)
    for o in range(out.size):
        out[o] = project(params, 2 * kappa.size + inputs.size + o, x)


@jit(TAYLOR)
def taylor(kappa, inputs, params, direction, program, out):
    """Derivatives of F along (dkappa, dv, dgain), any order up to 5; ``program`` is not used.

    x is linear along the direction, so that with S_k = (1/N) sum_j n_j phi^(k)(x_j) dx_j^k the k-th one is
    gain S_k + k dgain S_(k-1), without the k-th derivative of kappa.
    """
    units, rank = int(params[2]), kappa.size
    x, along, shape = np.empty(units), np.empty(units), np.empty(units)
    steps = rank + inputs.size
    drive(direction[:rank], direction[rank:steps], params, along)
    for order in range(out.size // rank + 1):
        drive(kappa, inputs, params, x)
        apply_phi(params, order, x)
        for i in range(units):
            shape[i] = x[i] * along[i] ** order if order == 0 or along[i] != 0.0 else 0.0
        for r in range(rank):
            value = project(params, steps + r, shape)
            if order > 0:
                out[(order - 1) * rank + r] += params[0] * value
            if (order + 1) * rank <= out.size:
                out[order * rank + r] = (order + 1) * direction[steps] * value
    for r in range(rank):
        out[r] -= direction[r]
