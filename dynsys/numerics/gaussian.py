r"""Gaussian expectations of an activation function and its derivatives (THEORY 4), jitted.

    Phi_k(mu, Delta) = E phi^(k)(mu + sqrt(Delta) xi),      xi ~ N(0, 1),      k = 0..11

The slope of tanh and of erf is a scale mixture of Gaussians, phi'(x) = sum_j 2 w_j N(x; 0, v_j): one node for
erf(sqrt(pi) x / 2), v = 2 / pi; for tanh a trapezoid rule in log t over Stefanski's mixture, where t is
distributed as Kolmogorov and Smirnov's statistic and v = t^2. Averaging over xi adds Delta to each variance:

    Phi_0 = sum_j w_j erf(mu / sqrt(2 (v_j + Delta))),   Phi_1 = sum_j 2 w_j N(mu; 0, v_j + Delta),

and the higher orders follow by the recursion of Hermite polynomials. Measured against mpmath, the error is
below 1e-10 max|phi^(k)| for every k <= 11 and every Delta >= 0 (about 1e-15 for k <= 1).

Each jitted function fills ``out[first .. last]`` with the orders first to last at one (mu, Delta). A Delta
that is negative by rounding counts as 0; below minus `ROUNDING` the result is NaN. relu at Delta = 0 is
singular at mu = 0: there order 1 is 1/2 (the limit Delta -> 0), order 2 is inf and higher orders are NaN.
"""

import math

import numpy as np
from numba import types

from dynsys.numerics.signatures import VECTOR
from rnn.jit import jit
from tasks.checks import as_array, check_count, choose
from tasks.errors import InputError

MAX_ORDER = 11
ROUNDING = 1e-8
PHI_CODES = {"tanh": 0, "erf": 1, "relu": 2, "linear": 3}
# Functions whose expectations compiled equations may hold: the activations, and the square of erf.
FUNCTION_CODES = {**PHI_CODES, "erf_squared": 4}

_ORDER, _REAL = types.int64, types.float64


def gaussian_expectation(phi, order, mu, Delta):
    """Expectation of the ``order``-th derivative of ``phi`` under Gaussian input.

    Parameters
    ----------
    phi : {"tanh", "erf", "relu", "linear"}
        The activation; erf stands for erf(sqrt(pi) x / 2), whose slope at 0 is 1.
    order : int
        k, 0 to 11.
    mu, Delta : array_like
        Mean and variance, broadcast against each other; a variance that is negative by rounding (not below
        -1e-8) counts as 0.

    Returns
    -------
    float or ndarray
        Phi_k(mu, Delta), in the broadcast shape. For relu at mu = Delta = 0 order 1 is 1/2, order 2 is inf,
        higher orders are NaN.

    Raises
    ------
    InputError
        Unknown phi, order out of range, non-finite entries, a negative variance.

    Examples
    --------
    >>> round(gaussian_expectation("erf", 1, 0.0, 2.0), 12)
    0.491378679844
    >>> gaussian_expectation("tanh", 0, [0.0, 1.0], 0.0).round(6)
    array([0.      , 0.761594])
    """
    choose("phi", phi, tuple(PHI_CODES))
    order = check_count("order", order, 0)
    if order > MAX_ORDER:
        raise InputError(f"order: expectations are provided up to order {MAX_ORDER}, got {order}")
    mu, Delta = as_array("mu", mu), as_array("Delta", Delta)
    if Delta.size and Delta.min() < -ROUNDING:
        raise InputError(
            f"Delta: a variance must be >= 0, got {Delta.min():.6g}; is the covariance a covariance?"
        )
    try:
        mu, Delta = np.broadcast_arrays(mu, Delta)
    except ValueError as error:
        raise InputError(f"mu, Delta: shapes {mu.shape} and {Delta.shape} do not broadcast") from error
    out = np.empty(mu.size)
    _fill(PHI_CODES[phi], order, np.array(mu).ravel(), np.array(Delta).ravel(), out)
    return out.reshape(mu.shape) if mu.ndim else float(out[0])


def sech2_mixture(step, first, last):
    """Nodes and weights with sech^2(x) = sum_j 2 w_j N(x; 0, v_j) (Stefanski 1991).

    Parameters
    ----------
    step : float
        Step h of the trapezoid rule in log t; the error falls like exp(-pi^2 / (2 h)).
    first, last : int
        Nodes t_j = exp(-0.22 + h j), j = first..last.

    Returns
    -------
    variances, weights : ndarray (last - first + 1,)
        v_j = t_j^2 and w_j = h t_j k(t_j), k the Kolmogorov-Smirnov density.

    Examples
    --------
    >>> v, w = sech2_mixture(0.12, -13, 13)
    >>> round(float(w.sum()), 12), round(float((2 * w / np.sqrt(2 * np.pi * v)).sum()), 12)
    (1.0, 1.0)
    """
    t = np.exp(-0.22 + step * np.arange(first, last + 1))[:, None]
    n = np.arange(1.0, 12.0)
    # The density as a series that converges for large t, and its theta-transform, which does for small t.
    large = 8 * t * ((-1) ** (n - 1) * n**2 * np.exp(-2 * (n * t) ** 2))
    a = ((2 * n - 1) * np.pi / (2 * t)) ** 2
    small = np.sqrt(2 * np.pi) / t**2 * ((a - 1) * np.exp(-a / 2))
    density = np.where(t[:, 0] < 1, small.sum(axis=1), large.sum(axis=1))
    return np.ascontiguousarray(t[:, 0] ** 2), step * t[:, 0] * density


# 27 nodes serve the orders 0 to 7 (error 3e-11 at order 7, 1e-15 at order 1), 35 finer ones all orders.
TANH_VARIANCES, TANH_WEIGHTS = sech2_mixture(0.12, -13, 13)
FINE_VARIANCES, FINE_WEIGHTS = sech2_mixture(0.10, -18, 16)
_COARSE_ORDER = 7
_ERF_VARIANCES, _ERF_WEIGHTS = np.array([2 / np.pi]), np.array([1.0])
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(16)


# Inlined: numba compiles anew for every pair of orders that is written out, and each of these as often.
@jit(inline="always")
def _variance(Delta):
    if Delta < -ROUNDING:
        return np.nan
    return max(Delta, 0.0) if Delta == Delta else Delta


@jit(inline="always")
def _add_gaussian(weight, variance, mu, lowest, first, last, out):
    """Add 2 weight N(mu; 0, variance) to order ``lowest`` and its derivatives in mu to the orders above.

    d^n N / d mu^n = (-1)^n He_n(mu / s) / s^n N, by the recursion g_(n+1) = -(mu g_n + n g_(n-1)) / s^2.
    """
    if last >= lowest:
        inverse = 1.0 / variance
        before = 0.0
        now = 2.0 * weight * math.sqrt(inverse / (2.0 * math.pi)) * math.exp(-0.5 * mu * mu * inverse)
        for k in range(lowest, last + 1):
            if k >= first:
                out[k] += now
            before, now = now, -inverse * (mu * now + (k - lowest) * before)


@jit(inline="always")
def _mixture(variances, weights, first, last, mu, Delta, out):
    for k in range(first, last + 1):
        out[k] = 0.0
    Delta = _variance(Delta)
    for j in range(len(variances)):
        variance = variances[j] + Delta
        if first == 0:
            out[0] += weights[j] * math.erf(mu / math.sqrt(2.0 * variance))
        _add_gaussian(weights[j], variance, mu, 1, first, last, out)


@jit()
def tanh_expectations(first, last, mu, Delta, out):
    """Orders first..last of Phi_k for tanh, into ``out[first .. last]`` (float64 vector)."""
    variances, weights = TANH_VARIANCES, TANH_WEIGHTS
    if last > _COARSE_ORDER:
        variances, weights = FINE_VARIANCES, FINE_WEIGHTS
    _mixture(variances, weights, first, last, mu, Delta, out)


@jit()
def erf_expectations(first, last, mu, Delta, out):
    """Orders first..last of Phi_k for erf(sqrt(pi) x / 2), into ``out[first .. last]``."""
    _mixture(_ERF_VARIANCES, _ERF_WEIGHTS, first, last, mu, Delta, out)


@jit(types.void(_ORDER, _ORDER, _REAL, _REAL, VECTOR))
def erf_squared_expectations(first, last, mu, Delta, out):
    """Orders first..last of E f^(k) for f = phi^2, phi(x) = erf(sqrt(pi) x / 2), into ``out[first .. last]``.

    f is phi twice, averaged over two independent thresholds, so E f is a probability of two correlated
    Gaussians: 1 - 8 T(h, c) with Owen's T, h = mu / sqrt(Delta + 2/pi), c = 1 / sqrt(1 + pi Delta). Its
    derivative in mu, 2 E phi phi', is a Gaussian times an error function.
    """
    Delta = _variance(Delta)
    scale, both = 1.0 + 0.5 * math.pi * Delta, 1.0 + math.pi * Delta
    if first == 0:
        out[0] = 1.0 - 8.0 * owens_t(mu / math.sqrt(Delta + 2.0 / math.pi), 1.0 / math.sqrt(both))
    if last == 0:
        return
    # Derivatives of exp(-mu^2 / 2 s) / sqrt(scale), s = 2 scale / pi, and of erf(mu / sqrt(2 s both)).
    left, right = np.zeros(last), np.zeros(last)
    s = 2.0 * scale / math.pi
    _add_gaussian(0.5 * math.sqrt(2.0 * math.pi * s / scale), s, mu, 0, 0, last - 1, left)
    right[0] = math.erf(mu / math.sqrt(2.0 * s * both))
    _add_gaussian(1.0, s * both, mu, 1, 1, last - 1, right)
    for k in range(max(first, 1), last + 1):
        total, binomial = 0.0, 1.0
        for j in range(k):
            total += binomial * left[k - 1 - j] * right[j]
            binomial *= (k - 1.0 - j) / (j + 1.0)
        out[k] = 2.0 * total


@jit()
def relu_expectations(first, last, mu, Delta, out):
    """Orders first..last of Phi_k for relu, into ``out[first .. last]``."""
    for k in range(first, last + 1):
        out[k] = 0.0
    Delta = _variance(Delta)
    if Delta == 0.0:
        _relu_without_noise(first, last, mu, out)
        return
    sd = math.sqrt(Delta)
    below = 0.5 * math.erfc(-mu / (sd * math.sqrt(2.0)))
    if first == 0:
        out[0] = mu * below + sd * math.exp(-0.5 * mu * mu / Delta) / math.sqrt(2 * math.pi)
    if first <= 1 <= last:
        out[1] = below
    _add_gaussian(0.5, Delta, mu, 2, first, last, out)


@jit()
def linear_expectations(first, last, mu, Delta, out):
    """Orders first..last of Phi_k for phi(x) = x, into ``out[first .. last]``: mu, 1, 0, 0, ..."""
    for k in range(first, last + 1):
        out[k] = mu if k == 0 else 1.0 if k == 1 else 0.0


@jit()
def owens_t(h, a):
    """Owen's T(h, a) for 0 <= a <= 1, to rounding: Gauss-Legendre on [0, a], whose error is 4.6^-2n."""
    total = 0.0
    for i in range(len(_NODES)):
        x = 0.5 * a * (1.0 + _NODES[i])
        total += _NODE_WEIGHTS[i] * math.exp(-0.5 * h * h * (1.0 + x * x)) / (1.0 + x * x)
    return 0.25 * a * total / math.pi


@jit(types.void(_ORDER, _ORDER, _REAL, VECTOR))
def _relu_without_noise(first, last, mu, out):
    for k in range(first, last + 1):
        if k == 0:
            out[k] = max(mu, 0.0)
        elif k == 1:
            out[k] = 0.5 if mu == 0.0 else 1.0 if mu > 0.0 else 0.0
        elif mu == 0.0:
            out[k] = np.inf if k == 2 else np.nan
        else:
            out[k] = 0.0


@jit(types.void(_ORDER, _ORDER, _ORDER, _REAL, _REAL, VECTOR))
def expectations(code, first, last, mu, Delta, out):
    """Orders first..last of the function with a code of `FUNCTION_CODES`, into ``out[first .. last]``."""
    if code <= 1:  # mixtures both: compiled once for all orders
        variances, weights = _ERF_VARIANCES, _ERF_WEIGHTS
        if code == 0:
            variances, weights = TANH_VARIANCES, TANH_WEIGHTS
            if last > _COARSE_ORDER:
                variances, weights = FINE_VARIANCES, FINE_WEIGHTS
        _mixture(variances, weights, first, last, mu, Delta, out)
    elif code == 2:
        relu_expectations(first, last, mu, Delta, out)
    elif code == 4:
        erf_squared_expectations(first, last, mu, Delta, out)
    else:
        linear_expectations(first, last, mu, Delta, out)


@jit(types.void(_ORDER, _ORDER, VECTOR, VECTOR, VECTOR))
def _fill(code, order, mu, Delta, out):
    orders = np.empty(order + 1)
    for i in range(len(mu)):
        expectations(code, order, order, mu[i], Delta[i], orders)
        out[i] = orders[order]
