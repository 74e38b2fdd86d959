"""Interval arithmetic with its outward rounding taken away: what a proof must not be made of."""

from dynsys.numerics.intervals import (  # noqa: F401
    bounds,
    dirac,
    heaviside,
    inverse,
    magnitude,
    maximum,
    minimum,
    neg,
    point,
    power,
    root,
    sign,
    square,
)  # fmt: skip
from rnn.jit import jit


@jit()
def add(a, b):
    """a + b, not rounded outward."""
    return a[0] + b[0], a[1] + b[1]


@jit()
def sub(a, b):
    """a - b, not rounded outward."""
    return a[0] - b[1], a[1] - b[0]


@jit()
def shift(c, a):
    """c + a, not rounded outward."""
    return c + a[0], c + a[1]


@jit()
def scale(c, a):
    """c a, not rounded outward."""
    one, two = c * a[0], c * a[1]
    return min(one, two), max(one, two)


@jit()
def mul(a, b):
    """a b, not rounded outward."""
    ends = a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]
    return min(ends), max(ends)


@jit()
def div(a, b):
    """a / b, not rounded outward."""
    ends = a[0] / b[0], a[0] / b[1], a[1] / b[0], a[1] / b[1]
    return min(ends), max(ends)
