"""Functions of an interval, enclosed (see `dynsys.numerics.intervals`).

What the maths library returns is moved outward by `SLACK`, 8 units in the last place, about twice what any of
its functions is known to err; `tanh` uses `rnn.activations.tanh64`, whose error is below 3. The tests compare
all of them with ball arithmetic.
"""

import math

from dynsys.numerics.intervals import magnitude, mul
from rnn.activations import tanh64
from rnn.jit import jit

SLACK = 2.0**-49
_TINY = 5e-324
_INF, _LARGEST = math.inf, 1.7976931348623157e308
# Beyond this the place of an argument between two extrema of a sine is not trusted.
_FAR = 1e6


@jit()
def lower(x):
    """A bound below the true value of a library function that gave x."""
    return x - (abs(x) * SLACK + _TINY)


@jit()
def upper(x):
    """A bound above the true value of a library function that gave x."""
    return x + (abs(x) * SLACK + _TINY)


@jit()
def real_power(a, b):
    """a^b = exp(b log a), a > 0."""
    return exp(mul(b, log(a)))


@jit()
def exp(a):
    """The exponential."""
    if not a[0] <= a[1]:
        return 0.0, _INF
    value = math.exp(a[0])
    low = _LARGEST if value == _INF else lower(value)  # beyond the largest float, but a number
    return (low if low > 0.0 else 0.0), upper(math.exp(a[1]))


@jit()
def log(a):
    """The natural logarithm; the whole line where a reaches 0."""
    if not 0.0 < a[0] <= a[1]:
        return -_INF, _INF
    return lower(math.log(a[0])), upper(math.log(a[1]))


@jit()
def tanh(a):
    """The hyperbolic tangent."""
    if not a[0] <= a[1]:
        return -1.0, 1.0
    return max(-1.0, lower(tanh64(a[0]))), min(1.0, upper(tanh64(a[1])))


@jit()
def erf(a):
    """The error function."""
    if not a[0] <= a[1]:
        return -1.0, 1.0
    return max(-1.0, lower(math.erf(a[0]))), min(1.0, upper(math.erf(a[1])))


@jit()
def erfc(a):
    """1 - erf(a)."""
    if not a[0] <= a[1]:
        return 0.0, 2.0
    return max(0.0, lower(math.erfc(a[1]))), min(2.0, upper(math.erfc(a[0])))


@jit()
def sinh(a):
    """The hyperbolic sine."""
    if not a[0] <= a[1]:
        return -_INF, _INF
    return lower(math.sinh(a[0])), upper(math.sinh(a[1]))


@jit()
def cosh(a):
    """The hyperbolic cosine."""
    low, high = magnitude(a)
    return max(1.0, lower(math.cosh(low))), upper(math.cosh(high))


@jit()
def asinh(a):
    """The inverse of sinh."""
    if not a[0] <= a[1]:
        return -_INF, _INF
    return lower(math.asinh(a[0])), upper(math.asinh(a[1]))


@jit()
def acosh(a):
    """The inverse of cosh on a >= 1."""
    if not 1.0 <= a[0] <= a[1]:
        return -_INF, _INF
    return max(0.0, lower(math.acosh(a[0]))), upper(math.acosh(a[1]))


@jit()
def atanh(a):
    """The inverse of tanh on -1 < a < 1."""
    if not -1.0 < a[0] <= a[1] < 1.0:
        return -_INF, _INF
    return lower(math.atanh(a[0])), upper(math.atanh(a[1]))


@jit()
def atan(a):
    """The inverse of tan."""
    if not a[0] <= a[1]:
        return -_INF, _INF
    return lower(math.atan(a[0])), upper(math.atan(a[1]))


@jit()
def asin(a):
    """The inverse of sin on -1 <= a <= 1."""
    if not -1.0 <= a[0] <= a[1] <= 1.0:
        return -_INF, _INF
    return lower(math.asin(a[0])), upper(math.asin(a[1]))


@jit()
def acos(a):
    """The inverse of cos on -1 <= a <= 1."""
    if not -1.0 <= a[0] <= a[1] <= 1.0:
        return -_INF, _INF
    return lower(math.acos(a[1])), upper(math.acos(a[0]))


@jit()
def _meets(a, phase, period):
    """Whether a point phase + k period may lie in a."""
    first, last = (a[0] - phase) / period, (a[1] - phase) / period
    doubt = 1e-12 * (1.0 + abs(first) + abs(last))
    return math.floor(last + doubt) >= math.ceil(first - doubt)


@jit()
def sin(a):
    """The sine."""
    if not (-_FAR < a[0] <= a[1] < _FAR):
        return -1.0, 1.0
    one, two = math.sin(a[0]), math.sin(a[1])
    low = -1.0 if _meets(a, -0.5 * math.pi, 2.0 * math.pi) else max(-1.0, lower(min(one, two)))
    high = 1.0 if _meets(a, 0.5 * math.pi, 2.0 * math.pi) else min(1.0, upper(max(one, two)))
    return low, high


@jit()
def cos(a):
    """The cosine."""
    if not (-_FAR < a[0] <= a[1] < _FAR):
        return -1.0, 1.0
    one, two = math.cos(a[0]), math.cos(a[1])
    low = -1.0 if _meets(a, math.pi, 2.0 * math.pi) else max(-1.0, lower(min(one, two)))
    high = 1.0 if _meets(a, 0.0, 2.0 * math.pi) else min(1.0, upper(max(one, two)))
    return low, high


@jit()
def tan(a):
    """The tangent; the whole line across a pole."""
    if not (-_FAR < a[0] <= a[1] < _FAR) or _meets(a, 0.5 * math.pi, math.pi):
        return -_INF, _INF
    return lower(math.tan(a[0])), upper(math.tan(a[1]))
