"""Interval arithmetic with outward rounding, compiled: an interval is a pair (low, high) of floats.

Every result encloses every value that its arguments allow: it is rounded to nearest, then moved outward by at
least one unit in the last place (Rump, Zimmermann, Boldo & Melquiond 2009). The tests check it against ball
arithmetic. Functions such as exp are in `dynsys.numerics.interval_functions`.

Where nothing is known (overflow, a pole, an argument outside a function's domain) the result is the whole
line (-inf, inf), or holds a NaN, which means the same: whoever concludes something from a bound asks for a
comparison that NaN fails.
"""

import math

from rnn.jit import jit

_HALF_ULP = 2.0**-53 * (1.0 + 2.0**-52)
_TINY = 5e-324
_INF = math.inf


@jit()
def down(x):
    """A float below x: at most its predecessor."""
    return x - (abs(x) * _HALF_ULP + _TINY)


@jit()
def up(x):
    """A float above x: at least its successor."""
    return x + (abs(x) * _HALF_ULP + _TINY)


@jit()
def point(x):
    """The interval that holds one float."""
    return x, x


@jit()
def neg(a):
    """-a."""
    return -a[1], -a[0]


@jit()
def add(a, b):
    """a + b."""
    return down(a[0] + b[0]), up(a[1] + b[1])


@jit()
def sub(a, b):
    """a - b."""
    return down(a[0] - b[1]), up(a[1] - b[0])


@jit()
def shift(c, a):
    """c + a for a float c."""
    return down(c + a[0]), up(c + a[1])


@jit()
def scale(c, a):
    """c a for a float c."""
    one, two = c * a[0], c * a[1]
    if not abs(one + two) < _INF:
        return -_INF, _INF
    return (down(one), up(two)) if c >= 0.0 else (down(two), up(one))


@jit()
def mul(a, b):
    """a b."""
    one, two, three, four = a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]
    if not abs(one + two + three + four) < _INF:
        return -_INF, _INF
    return down(min(min(one, two), min(three, four))), up(max(max(one, two), max(three, four)))


@jit()
def div(a, b):
    """a / b; the whole line where b holds 0."""
    if not (b[0] > 0.0 or b[1] < 0.0) or not b[0] <= b[1]:
        return -_INF, _INF
    one, two, three, four = a[0] / b[0], a[0] / b[1], a[1] / b[0], a[1] / b[1]
    if not abs(one + two + three + four) < _INF:
        return -_INF, _INF
    return down(min(min(one, two), min(three, four))), up(max(max(one, two), max(three, four)))


@jit()
def inverse(a):
    """1 / a; the whole line where a holds 0."""
    return div((1.0, 1.0), a)


@jit()
def magnitude(a):
    """The interval of abs(a)."""
    if not a[0] <= a[1]:
        return 0.0, _INF
    if a[0] >= 0.0:
        return a
    return (-a[1], -a[0]) if a[1] <= 0.0 else (0.0, max(-a[0], a[1]))


@jit()
def square(a):
    """a^2."""
    low, high = magnitude(a)
    return max(0.0, down(low * low)), up(high * high)


@jit()
def power(a, n):
    """a^n for a whole number n >= 1."""
    if not a[0] <= a[1]:
        return -_INF, _INF
    if n % 2 == 0:
        low, high = magnitude(a)
        return _power_down(low, n), _power_up(high, n)
    low = _power_down(a[0], n) if a[0] >= 0.0 else -_power_up(-a[0], n)
    high = _power_up(a[1], n) if a[1] >= 0.0 else -_power_down(-a[1], n)
    return low, high


@jit()
def _power_down(x, n):
    """Below x^n, x >= 0."""
    p = x
    for _ in range(n - 1):
        p = max(0.0, down(p * x))
    return p


@jit()
def _power_up(x, n):
    """Above x^n, x >= 0."""
    p = x
    for _ in range(n - 1):
        p = up(p * x)
    return p


@jit()
def root(a):
    """The square root; the whole line where a reaches below 0."""
    if not 0.0 <= a[0] <= a[1]:
        return -_INF, _INF
    return max(0.0, down(math.sqrt(a[0]))), up(math.sqrt(a[1]))


@jit()
def sign(a):
    """The sign of a; every value between -1 and 1 where a holds 0, as for the slope of abs."""
    if not (a[0] > 0.0 or a[1] < 0.0):
        return -1.0, 1.0
    return (1.0, 1.0) if a[0] > 0.0 else (-1.0, -1.0)


@jit()
def heaviside(a):
    """The step; every value between 0 and 1 where a holds 0, as for the slope of max(a, 0)."""
    if not (a[0] > 0.0 or a[1] < 0.0):
        return 0.0, 1.0
    return (1.0, 1.0) if a[0] > 0.0 else (0.0, 0.0)


@jit()
def dirac(a):
    """The slope of a step: 0, the whole line where a holds 0."""
    if not (a[0] > 0.0 or a[1] < 0.0):
        return -_INF, _INF
    return 0.0, 0.0


@jit()
def maximum(a, b):
    """max(a, b)."""
    if not (a[0] <= a[1] and b[0] <= b[1]):
        return -_INF, _INF
    return max(a[0], b[0]), max(a[1], b[1])


@jit()
def minimum(a, b):
    """min(a, b)."""
    if not (a[0] <= a[1] and b[0] <= b[1]):
        return -_INF, _INF
    return min(a[0], b[0]), min(a[1], b[1])


@jit()
def bounds(vector, i):
    """Entry i of a flat vector of intervals (low_0, high_0, low_1, high_1, ...)."""
    return vector[2 * i], vector[2 * i + 1]
