"""Exact higher derivatives of any field: arithmetic on truncated Taylor series, run from a table.

A program has one row (operation, a, b, value) for each quantity; row i makes the series t_i of

    t_i(s) = sum_k t_ik s^k,    along  x + s dx,  u + s du,  p + s dp,

from rows before it, and the rows of `OUT` hand F over. The rules are those of differentiating a quantity f(a)
by f' = g(a) a', order by order, so the derivatives are exact, yet no formula is differentiated: the fifth
derivative of a large mean field would have thousands of terms. Nothing is compiled for a new field.
`dynsys.symbolic.programs` writes the tables.
"""

import math

import numpy as np

from dynsys.numerics.gaussian import FUNCTION_CODES, MAX_ORDER, expectations
from dynsys.numerics.signatures import TAYLOR
from rnn.jit import jit

# What a row does. a and b are rows before it (of STATE, INPUT and PARAMETER: a place in the vector).
STATE, INPUT, PARAMETER, CONSTANT, OUT = range(5)
ADD, MULTIPLY, SHIFT, SCALE, POWER = range(5, 10)
EXP, LOG, SIN, COS, TAN, TANH, SINH, COSH = range(10, 18)
# f with f' = t_b: f_0 = f(a_0) is the row's `value`, one of these.
INTEGRAL = 18
ASIN, ACOS, ATAN, ASINH, ACOSH, ATANH, ERF, ERFC = range(8)
ABS, SIGN, HEAVISIDE, MAXIMUM, MINIMUM = range(19, 24)
# value = phi's code + FUNCTIONS k: the expectation Phi_k(a, b).
EXPECTATION = 24
FUNCTIONS = len(FUNCTION_CODES)


@jit()
def _inverse(which, at):
    if which == ATAN:
        return math.atan(at)
    if which == ERF:
        return math.erf(at)
    if which == ERFC:
        return math.erfc(at)
    if which == ASINH:
        return math.asinh(at)
    if which == ACOSH:
        return math.acosh(at) if at >= 1.0 else np.nan
    if not abs(at) <= 1.0:
        return np.nan
    if which == ATANH:
        return 0.5 * np.log((1.0 + at) / (1.0 - at))
    return math.asin(at) if which == ASIN else math.acos(at)


@jit()
def _expectation(phi, order, mu, Delta, out):
    """Phi_k(mu(s), Delta(s)) from d Phi_k = Phi_(k+1) dmu + Phi_(k+2) dDelta / 2."""
    top = out.size - 1
    work = np.empty((2 * top + 1, top + 1))
    orders = np.empty(order + 2 * top + MAX_ORDER + 1)
    last = min(order + 2 * top, MAX_ORDER)
    for m in range(order, order + 2 * top + 1):
        orders[m] = np.nan
    expectations(phi, order, last, mu[0], Delta[0], orders)
    for m in range(2 * top + 1):
        work[m, 0] = orders[order + m]
    for k in range(1, top + 1):
        for m in range(2 * (top - k) + 1):
            total = 0.0
            for j in range(1, k + 1):
                if mu[j] != 0.0:
                    total += j * mu[j] * work[m + 1, k - j]
                if Delta[j] != 0.0:
                    total += 0.5 * j * Delta[j] * work[m + 2, k - j]
            work[m, k] = total / k
    for k in range(top + 1):
        out[k] = work[0, k]


@jit()
def _function(op, t, i, a, b, value, top, other):
    """t_i = f(t_a) by f' = g a'; ``other`` holds g, or the partner of sin and cos."""
    at = t[a, 0]
    sign = 1.0
    if op == EXP:
        t[i, 0] = math.exp(at)
    elif op == LOG:
        t[i, 0] = math.log(at) if at > 0.0 else np.nan
    elif op == POWER:
        t[i, 0] = at**value
    elif op == SIN:
        t[i, 0], other[0], sign = math.sin(at), math.cos(at), -1.0
    elif op == COS:
        t[i, 0], other[0], sign = math.cos(at), -math.sin(at), -1.0
    elif op == SINH:
        t[i, 0], other[0] = np.sinh(at), np.cosh(at)
    elif op == COSH:
        t[i, 0], other[0] = np.cosh(at), np.sinh(at)
    elif op == TAN:
        t[i, 0] = math.tan(at)
        other[0], sign = 1.0 + t[i, 0] ** 2, 1.0
    elif op == TANH:
        t[i, 0] = math.tanh(at)
        other[0], sign = 1.0 - t[i, 0] ** 2, -1.0
    else:
        t[i, 0] = _inverse(int(value), at)
    for k in range(1, top + 1):
        total = partner = 0.0
        for j in range(1, k + 1):
            slope = j * t[a, j]
            if op == EXP:
                total += slope * t[i, k - j]
            elif op == LOG:
                total += slope * (1.0 if j == k else 0.0) - (k - j) * t[i, k - j] * t[a, j]
            elif op == POWER:
                total += (value * j - (k - j)) * t[a, j] * t[i, k - j]
            elif op == INTEGRAL:
                total += slope * t[b, k - j]
            else:
                total += slope * other[k - j]
                partner += slope * t[i, k - j]
        t[i, k] = total / (k * at) if op == LOG or op == POWER else total / k
        if op == TAN or op == TANH:
            square = 0.0
            for j in range(k + 1):
                square += t[i, j] * t[i, k - j]
            other[k] = sign * square
        else:
            other[k] = sign * partner / k


@jit(TAYLOR)
def run(x, u, p, direction, program, out):
    """Derivatives of F along a direction in state, inputs and parameters.

    Parameters
    ----------
    x, u, p : ndarray (R,), (S,), (L,)
        State, inputs, parameters.
    direction : ndarray (R + S + P,)
        (dx, du, dp) of the named parameters.
    program : ndarray (Q, 4)
        The table.
    out : ndarray (n R,)
        Becomes d^k/ds^k F for k = 1..n, one after another.
    """
    size, top = x.size, out.size // x.size
    t, other = np.empty((program.shape[0], top + 1)), np.empty(top + 1)
    for i in range(program.shape[0]):
        op, a, b = int(program[i, 0]), int(program[i, 1]), int(program[i, 2])
        value = program[i, 3]
        if op <= CONSTANT:
            for k in range(top + 1):
                t[i, k] = 0.0
            if op == STATE:
                t[i, 0], t[i, 1] = x[a], direction[a]
            elif op == INPUT:
                t[i, 0], t[i, 1] = u[a], direction[size + a]
            elif op == PARAMETER:
                t[i, 0], t[i, 1] = p[a], direction[size + u.size + a]
            else:
                t[i, 0] = value
        elif op == OUT:
            factorial = 1.0
            for k in range(1, top + 1):
                factorial *= k
                out[(k - 1) * size + b] = factorial * t[a, k]
        elif op == ADD or op == SHIFT or op == SCALE:
            for k in range(top + 1):
                t[i, k] = t[a, k] + t[b, k] if op == ADD else value * t[a, k] if op == SCALE else t[a, k]
            if op == SHIFT:
                t[i, 0] += value
        elif op == MULTIPLY:
            for k in range(top + 1):
                total = 0.0
                for j in range(k + 1):
                    total += t[a, j] * t[b, k - j]
                t[i, k] = total
        elif op == EXPECTATION:
            _expectation(int(value) % FUNCTIONS, int(value) // FUNCTIONS, t[a], t[b], t[i])
        elif op >= ABS:
            source = a
            sign = 1.0 if t[a, 0] > 0.0 else -1.0 if t[a, 0] < 0.0 else t[a, 0]
            if op == MAXIMUM or op == MINIMUM:
                source = a if (t[a, 0] > t[b, 0]) == (op == MAXIMUM) else b
                sign = 1.0 if t[a, 0] == t[a, 0] and t[b, 0] == t[b, 0] else np.nan
            smooth = 0.0 if op == SIGN or op == HEAVISIDE else sign
            for k in range(top + 1):
                t[i, k] = smooth * t[source, k]
            if op == SIGN:
                t[i, 0] = sign
            elif op == HEAVISIDE:
                t[i, 0] = 0.5 * (1.0 + sign)
        else:
            _function(op, t, i, a, b, value, top, other)
