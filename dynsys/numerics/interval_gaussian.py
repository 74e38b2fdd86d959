r"""Gaussian expectations over boxes of mean and variance, enclosed (see `dynsys.numerics.gaussian`).

    Phi_k(mu, Delta) = sum_j 2 w_j (-1)^(k-1) s_j^-k q_(k-1)(mu / s_j) + remainder,     s_j^2 = v_j + Delta
    q_n(r) = He_n(r) exp(-r^2 / 2) / sqrt(2 pi),        q_n' = -q_(n+1)

so the extrema of q_n lie at the roots of He_(n+1) and its range over an interval of r is exact. Phi_0 grows
with mu, and shrinks towards 0 as Delta grows, so two evaluations enclose it.

For tanh the mixture has 27 nodes, 35 where orders above 6 are wanted, and `REMAINDERS` bounds what it errs at
Delta = 0, for every mu; averaging over xi cannot make that larger, so it holds for every Delta (a test proves
these bounds in ball arithmetic).
Rounding errors of the sums are bounded by `SLACK` times the sum of the terms' sizes. A variance is never
negative: of an interval of Delta the part below 0 is left out; where all of it is below, nothing is known.
"""

import math

import numpy as np
from numba import types

from dynsys.numerics.gaussian import FINE_VARIANCES, FINE_WEIGHTS, TANH_VARIANCES, TANH_WEIGHTS, owens_t
from dynsys.numerics.interval_functions import lower, upper
from dynsys.numerics.intervals import add, bounds, down, mul, scale, shift, up
from dynsys.numerics.signatures import VECTOR
from rnn.jit import jit

# Highest orders; functions that are not listed have all.
MAX_ORDER = 13
LIMITED = ("tanh", "erf", "relu", "erf_squared")
_COARSE_ORDER = 6
# |Phi_k - sum over the nodes| for tanh, k = 0..6 for 27 nodes, k = 0..13 for 35.
REMAINDERS = (
    np.array([3e-15, 2e-15, 2e-14, 2e-13, 4e-12, 6e-11, 1e-9]),
    np.array([3e-15, 2e-15, 2e-15, 3e-15, 6e-15, 5e-14, 1e-12, 2e-11, 4e-10, 8e-9, 2e-7, 4e-6, 8e-5, 2e-3]),
)
_COARSE_REMAINDER, _FINE_REMAINDER = REMAINDERS
# How rounding can move q_n: at most (1 + r^2) exp(-r^2 / 2) sum_i |c_i| r^i over r, He_n = sum_i c_i r^i
# (from n = 6 on twice as much).
_SIZES = np.array([2.0, 2.0, 4.0, 10.0, 30.0, 100.0, 8e2, 3e3, 1.3e4, 6e4, 3e5, 1.3e6, 6.5e6])
SLACK = 2.0**-46
_ONE_VARIANCE, _ONE_WEIGHT = np.array([2.0 / math.pi]), np.ones(1)
_NO_VARIANCE = np.zeros(1)
_PI = np.array([math.pi, math.nextafter(math.pi, 4.0)])
# Positive roots of He_(n+1), n = 0..12, 0 where there are fewer (0 is another root of He_1, He_3, ...).
_EXTREMA = np.zeros((MAX_ORDER, MAX_ORDER // 2))
for _n in range(1, MAX_ORDER):
    _EXTREMA[_n, : (_n + 1) // 2] = np.polynomial.hermite_e.hermegauss(_n + 1)[0][_n // 2 + 1 :]
# Beyond this many standard deviations a density is 0 in floats.
_FAR = 60.0
_PAIR = types.UniTuple(types.float64, 2)
_INVERSE_ROOT = 1.0 / math.sqrt(2.0 * math.pi)


@jit()
def tanh_bounds(first, last, mu, Delta, out):
    """Intervals of Phi_first .. Phi_last for tanh, orders up to `MAX_ORDER`.

    ``mu`` and ``Delta`` are intervals; Phi_k comes to ``out[2 k]`` (below) and ``out[2 k + 1]`` (above).
    """
    if not _start(first, last, mu, Delta, 1.0, out):
        return
    fine = last > _COARSE_ORDER
    variances, weights = (FINE_VARIANCES, FINE_WEIGHTS) if fine else (TANH_VARIANCES, TANH_WEIGHTS)
    remainder = _FINE_REMAINDER if fine else _COARSE_REMAINDER
    for j in range(variances.size):
        if first == 0:
            _add_erf(variances[j], weights[j], mu, Delta, out)
        _add_gaussian(variances[j], weights[j], mu, Delta, 1, max(first, 1), last, out)
    for k in range(first, last + 1):
        out[2 * k] -= remainder[k]
        out[2 * k + 1] += remainder[k]
    _finish(first, last, out)


@jit()
def erf_bounds(first, last, mu, Delta, out):
    """The same for erf(sqrt(pi) x / 2): one Gaussian, no remainder."""
    if not _start(first, last, mu, Delta, 1.0, out):
        return
    if first == 0:
        _add_erf(_ONE_VARIANCE[0], 1.0, mu, Delta, out)
    _add_gaussian(_ONE_VARIANCE[0], 1.0, mu, Delta, 1, max(first, 1), last, out)
    _finish(first, last, out)


@jit()
def relu_bounds(first, last, mu, Delta, out):
    """The same for relu; the whole line where Delta may be 0 and mu as well, from order 2 on."""
    if not _start(first, last, mu, Delta, math.inf, out):
        return
    low, high = max(Delta[0], 0.0), max(Delta[1], 0.0)
    if first == 0:
        out[0] = max(0.0, _relu_mean(mu[0], low, -1.0))
        out[1] = _relu_mean(mu[1], high, 1.0)
    if first <= 1 <= last:
        out[2], out[3] = _relu_slope(mu[0], low, high, False), _relu_slope(mu[1], low, high, True)
    if last >= 2:
        if low > 0.0:
            _add_gaussian(_NO_VARIANCE[0], 0.5, mu, Delta, 2, max(first, 2), last, out)
        else:
            for k in range(max(first, 2), last + 1):
                nowhere = high == 0.0 and (mu[0] > 0.0 or mu[1] < 0.0)
                out[2 * k] = 0.0 if nowhere else -math.inf
                out[2 * k + 1] = 0.0 if nowhere else math.inf


@jit(types.void(types.int64, types.int64, _PAIR, _PAIR, VECTOR))
def erf_squared_bounds(first, last, mu, Delta, out):
    """The same for the square of erf(sqrt(pi) x / 2), f' = 2 phi phi'.

    For k > 0 Phi_k = 2 sum_j C(k - 1, j) a_(k-1-j) b_j, where a_0 = 2 N(mu; 0, Delta + 2 / pi), b_0 is an
    error function of mu and both are derived in mu. Phi_0 grows with abs(mu), and with Delta by Phi_2 / 2.
    """
    if not _start(first, last, mu, Delta, math.inf, out):
        if first == 0 and not Delta[1] < 0.0:
            out[0], out[1] = 0.0, 1.0
        return
    highest = max(last, 2) if first == 0 else last
    a, b, every = np.zeros(2 * highest), np.zeros(2 * highest), np.zeros(2 * highest + 2)
    known = max(Delta[0], 0.0), Delta[1]
    above = shift(_ONE_VARIANCE[0], known)
    above = down(above[0]), up(above[1])  # the float is not 2 / pi
    both = mul(above, shift(1.0, mul((_PI[0], _PI[1]), known)))
    _add_gaussian(_ONE_VARIANCE[0], 1.0, mu, known, 0, 0, highest - 1, a)
    _add_erf(0.0, 1.0, mu, both, b)
    _add_gaussian(0.0, 1.0, mu, both, 1, 1, highest - 1, b)
    for k in range(max(first, 1), highest + 1):
        total, binomial = (0.0, 0.0), 1.0
        for j in range(k):
            total = add(total, scale(binomial, mul(bounds(a, k - 1 - j), bounds(b, j))))
            binomial = binomial * (k - 1.0 - j) / (j + 1.0)
        every[2 * k], every[2 * k + 1] = scale(2.0, total)
    if first == 0:
        near = 0.0 if mu[0] <= 0.0 <= mu[1] else min(abs(mu[0]), abs(mu[1]))
        far = max(abs(mu[0]), abs(mu[1]))
        low, high = _erf_squared_mean(near, known[0]) - SLACK, _erf_squared_mean(far, known[0]) + SLACK
        rise = scale(0.5, mul(bounds(every, 2), (0.0, up(known[1] - known[0]))))
        every[0], every[1] = max(0.0, down(low + min(rise[0], 0.0))), min(1.0, up(high + max(rise[1], 0.0)))
    for i in range(2 * first, 2 * last + 2):
        out[i] = every[i]


@jit()
def _erf_squared_mean(mu, Delta):
    """Phi_0 within `SLACK`: the rule that Owen's T is taken by errs by less than 1e-17."""
    return 1.0 - 8.0 * owens_t(mu / math.sqrt(Delta + 2.0 / math.pi), 1.0 / math.sqrt(1.0 + math.pi * Delta))


@jit()
def linear_bounds(first, last, mu, Delta, out):
    """The same for phi(x) = x: mu, 1, 0, 0, ..."""
    for k in range(first, last + 1):
        out[2 * k] = mu[0] if k == 0 else 1.0 if k == 1 else 0.0
        out[2 * k + 1] = mu[1] if k == 0 else 1.0 if k == 1 else 0.0


@jit()
def allow_cut(first, last, Delta, out):
    """Let slopes hold for the variance cut at 0, too, where it may be negative: they may be 0 there."""
    if not Delta[0] >= 0.0:
        for k in range(first, last + 1):
            out[2 * k], out[2 * k + 1] = min(out[2 * k], 0.0), max(out[2 * k + 1], 0.0)


@jit()
def _start(first, last, mu, Delta, largest, out):
    """Clear the sums; where an argument is unknown, fill in what always holds and return False."""
    known = mu[0] <= mu[1] and Delta[0] <= Delta[1] and Delta[1] >= 0.0
    known = known and abs(mu[0]) < math.inf and abs(mu[1]) < math.inf and Delta[1] < math.inf
    for k in range(first, last + 1):
        out[2 * k] = 0.0 if known else -math.inf
        out[2 * k + 1] = 0.0 if known else math.inf
    if not known and largest == 1.0 and not Delta[1] < 0.0:  # |phi| <= 1, 0 <= phi' <= 1
        if first == 0:
            out[0], out[1] = -1.0, 1.0
        if first <= 1 <= last:
            out[2], out[3] = 0.0, 1.0
    return known


@jit()
def _finish(first, last, out):
    if first == 0:
        out[0], out[1] = max(-1.0, out[0]), min(1.0, out[1])
    if first <= 1 <= last:
        out[2], out[3] = max(0.0, out[2]), min(1.0, out[3])


@jit()
def _add_erf(variance, weight, mu, Delta, out):
    """Add weight erf(mu / sqrt(2 s^2))."""
    small, large = variance + max(Delta[0], 0.0), variance + Delta[1]
    low = math.erf(mu[0] / math.sqrt(2.0 * (large if mu[0] > 0.0 else small)))
    same = mu[0] == mu[1] and small == large
    high = low if same else math.erf(mu[1] / math.sqrt(2.0 * (small if mu[1] > 0.0 else large)))
    out[0] += weight * (low - SLACK)
    out[1] += weight * (high + SLACK)


@jit()
def _add_gaussian(variance, weight, mu, Delta, lowest, first, last, out):
    """Add 2 weight N(mu; 0, s^2) to order ``lowest`` and its derivatives in mu to the orders above."""
    if last < first:
        return
    small, large = math.sqrt(variance + max(Delta[0], 0.0)), math.sqrt(variance + Delta[1])
    r_low = mu[0] / (large if mu[0] > 0.0 else small)
    r_high = mu[1] / (small if mu[1] > 0.0 else large)
    r_low, r_high = max(-_FAR, min(_FAR, r_low)), max(-_FAR, min(_FAR, r_high))
    thin = r_low == r_high
    density_low = 2.0 * weight * _INVERSE_ROOT * math.exp(-0.5 * r_low * r_low)
    density_high = density_low if thin else 2.0 * weight * _INVERSE_ROOT * math.exp(-0.5 * r_high * r_high)
    before_low = before_high = 0.0
    he_low = he_high = 1.0
    most, least = 1.0 / small, 1.0 / large
    shrink_most, shrink_least = most, least
    for k in range(lowest, last + 1):
        n = k - lowest
        if k >= first:
            one, two = he_low * density_low, he_high * density_high
            low, high = min(one, two), max(one, two)
            if not thin:
                if n % 2 == 0 and r_low < 0.0 < r_high:
                    value = 2.0 * weight * _extremum(n, 0.0)
                    low, high = min(low, value), max(high, value)
                for i in range((n + 1) // 2):
                    place = _EXTREMA[n, i]
                    if r_low < place * (1.0 + 1e-15) and r_high > place * (1.0 - 1e-15):
                        value = 2.0 * weight * _extremum(n, place)
                        low, high = min(low, value), max(high, value)
                    if r_low < -place * (1.0 - 1e-15) and r_high > -place * (1.0 + 1e-15):
                        value = 2.0 * weight * _extremum(n, -place)
                        low, high = min(low, value), max(high, value)
            if n % 2 == 1:
                low, high = -high, -low
            error = SLACK * 2.0 * weight * _SIZES[n] * shrink_most
            out[2 * k] += low * (shrink_least if low > 0.0 else shrink_most) - error
            out[2 * k + 1] += high * (shrink_most if high > 0.0 else shrink_least) + error
        he_low, before_low = r_low * he_low - n * before_low, he_low
        he_high, before_high = r_high * he_high - n * before_high, he_high
        shrink_most *= most
        shrink_least *= least


@jit()
def _extremum(n, r):
    """q_n at one of its extrema."""
    before, he = 0.0, 1.0
    for i in range(n):
        he, before = r * he - i * before, he
    return he * _INVERSE_ROOT * math.exp(-0.5 * r * r)


@jit()
def _relu_mean(mu, Delta, side):
    """A bound on mu Cdf(mu / s) + s pdf(mu / s), below (side -1) or above (+1)."""
    if Delta == 0.0:
        return max(mu, 0.0)
    s = math.sqrt(Delta)
    r = mu / s
    value = 0.5 * mu * math.erfc(-r / math.sqrt(2.0)) + s * _INVERSE_ROOT * math.exp(-0.5 * r * r)
    return value + side * SLACK * (abs(mu) + s)


@jit()
def _relu_slope(mu, low, high, above):
    """A bound on Cdf(mu / s) for s^2 in [low, high]: it falls with s where mu > 0, and rises where mu < 0."""
    variance = low if (mu > 0.0) == above else high
    if variance == 0.0:
        at_kink = 1.0 if above else 0.0
        return 1.0 if mu > 0.0 else 0.0 if mu < 0.0 else at_kink
    value = 0.5 * math.erfc(-mu / math.sqrt(2.0 * variance))
    return min(1.0, upper(value) + SLACK) if above else max(0.0, lower(value) - SLACK)
