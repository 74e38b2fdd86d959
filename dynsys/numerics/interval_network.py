"""The exact field of a finite low-rank network and its Jacobian over a box, enclosed.

    F_r = -kappa_r + gain sum_j (n_j^r / N) phi(x_j)
    dF_r/dkappa_s = -delta_rs + gain sum_j (n_j^r / N) m_j^s phi'(x_j)

Each unit's current x_j = sum_r m_j^r kappa_r + sum_s I_j^s v_s has an interval over the box; phi is monotone,
and phi' falls on both sides of 0 (relu's is any value between 0 and 1 at its kink). Sums over units are plain
sums that vectorise, whose rounding errors are bounded by the sum of their terms' sizes, whatever their order.
The network travels in the parameters as in `dynsys.numerics.lowrank_field`.
"""

import math

import numpy as np
from numba import types

from dynsys.numerics.lowrank_field import OFFSET
from dynsys.numerics.signatures import FIELD, VECTOR
from rnn.activations import ERF, LINEAR, RELU, tanh64
from rnn.jit import jit

# Sums may be taken in any order and products fused; nothing else is left to the compiler.
_SUMS = frozenset({"contract", "reassoc", "nsz"})
_UNIT = 2.0**-53
_SLACK = 2.0**-48
_HALF_ROOT_PI = 0.5 * math.sqrt(math.pi)
_REAL, _PAIR = types.float64, types.UniTuple(types.float64, 2)


@jit(types.void(VECTOR, VECTOR, VECTOR, VECTOR, VECTOR), fastmath=_SUMS)
def _currents(box, inputs, params, low, high):
    """Intervals of every x_j."""
    units = low.size
    size = np.zeros(units)
    for i in range(units):
        low[i] = high[i] = 0.0
    rank = box.size // 2
    for k in range(rank + inputs.size):
        one = box[2 * k] if k < rank else inputs[k - rank]
        two = box[2 * k + 1] if k < rank else one
        most = max(abs(one), abs(two))
        row = OFFSET + k * units
        for i in range(units):
            m = params[row + i]
            a, b = m * one, m * two
            low[i] += min(a, b)
            high[i] += max(a, b)
            size[i] += abs(m) * most
    error = 2.0 * (rank + inputs.size + 2) * _UNIT
    for i in range(units):
        low[i] -= error * size[i] + 5e-324
        high[i] += error * size[i] + 5e-324


@jit(types.void(types.int64, VECTOR, VECTOR), fastmath=_SUMS)
def _activate(number, low, high):
    """Intervals of every phi(x_j), in place."""
    if number == LINEAR:
        return
    if number == RELU:
        for i in range(low.size):
            low[i], high[i] = max(low[i], 0.0), max(high[i], 0.0)
    elif number == ERF:
        for i in range(low.size):
            low[i] = math.erf(_HALF_ROOT_PI * low[i]) - _SLACK
            high[i] = math.erf(_HALF_ROOT_PI * high[i]) + _SLACK
    else:
        for i in range(low.size):  # these loops vectorise
            low[i] = tanh64(low[i]) - _SLACK
        for i in range(high.size):
            high[i] = tanh64(high[i]) + _SLACK


@jit(types.void(types.int64, VECTOR, VECTOR), fastmath=_SUMS)
def _slopes(number, low, high):
    """Intervals of every phi'(x_j), in place."""
    if number == LINEAR:
        for i in range(low.size):
            low[i] = high[i] = 1.0
    elif number == RELU:
        for i in range(low.size):
            low[i], high[i] = (1.0 if low[i] > 0.0 else 0.0), (1.0 if high[i] >= 0.0 else 0.0)
    elif number == ERF:
        for i in range(low.size):
            a, b = _HALF_ROOT_PI * low[i], _HALF_ROOT_PI * high[i]
            one, two = math.exp(-a * a), math.exp(-b * b)
            most = 1.0 if a <= 0.0 <= b else max(one, two)
            low[i], high[i] = min(one, two) - _SLACK, most + _SLACK
    else:
        for i in range(low.size):
            inside = low[i] <= 0.0 <= high[i]
            a, b = tanh64(low[i]), tanh64(high[i])
            one, two = 1.0 - a * a, 1.0 - b * b
            most = 1.0 if inside else max(one, two)
            low[i], high[i] = min(one, two) - _SLACK, most + _SLACK


@jit(_PAIR(VECTOR, types.int64, types.int64, VECTOR, VECTOR), fastmath=_SUMS)
def _sum(params, first, second, low, high):
    """Interval of sum_j weight_j y_j; the weights are a row of the factors, or the product of two."""
    units = low.size
    one, two = OFFSET + first * units, OFFSET + second * units
    below = above = size = 0.0
    for i in range(units):
        weight = params[one + i] * (params[two + i] if second >= 0 else 1.0)
        a, b = weight * low[i], weight * high[i]
        below += min(a, b)
        above += max(a, b)
        size += max(abs(a), abs(b))
    error = 2.0 * (units + 4) * _UNIT * size + 5e-324
    return below - error, above + error


@jit(
    types.UniTuple(types.float64, 2)(
        types.float64, types.UniTuple(types.float64, 2), types.float64, types.float64
    )
)
def _scaled(gain, a, low, high):
    """gain a - [low, high], rounded outward."""
    one, two = gain * a[0], gain * a[1]
    error = 8.0 * _UNIT * (max(abs(one), abs(two)) + max(abs(low), abs(high))) + 5e-324
    return min(one, two) - high - error, max(one, two) - low + error


@jit(FIELD)
def values(box, inputs, params, out):
    """F over a box (low_1, high_1, ...), as intervals in the same order."""
    low, high = np.empty(int(params[2])), np.empty(int(params[2]))
    _currents(box, inputs, params, low, high)
    _activate(int(params[1]), low, high)
    rank = box.size // 2
    for r in range(rank):
        total = _sum(params, rank + inputs.size + r, -1, low, high)
        out[2 * r], out[2 * r + 1] = _scaled(params[0], total, box[2 * r], box[2 * r + 1])


@jit(FIELD)
def slopes(box, inputs, params, out):
    """The Jacobian over a box, row by row, as intervals."""
    low, high = np.empty(int(params[2])), np.empty(int(params[2]))
    _currents(box, inputs, params, low, high)
    _slopes(int(params[1]), low, high)
    rank = box.size // 2
    for r in range(rank):
        for s in range(rank):
            total = _sum(params, rank + inputs.size + r, s, low, high)
            diagonal = 1.0 if r == s else 0.0
            at = 2 * (r * rank + s)
            out[at], out[at + 1] = _scaled(params[0], total, diagonal, diagonal)
