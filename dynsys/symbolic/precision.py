"""The Gaussian expectation of tanh and its derivatives to any number of digits.

The mixture of `dynsys.numerics.gaussian` with as many nodes as the digits need; sympy's ``evalf`` ends here.
"""

import functools

import mpmath


def tanh_expectation(order, mu, Delta, prec):
    """Phi_k(mu, Delta) of tanh: finer and finer mixtures until two of them agree.

    Parameters
    ----------
    order : int
        k >= 0.
    mu, Delta : mpmath.mpf
        Mean and variance (>= 0).
    prec : int
        Bits asked for, relative to the value.

    Returns
    -------
    mpmath.mpf

    Examples
    --------
    >>> with mpmath.workdps(30):
    ...     print(tanh_expectation(1, mpmath.mpf(0), mpmath.mpf(1), 100))
    0.605705509602158825583540227556
    """
    bits, before = prec + 20 + 6 * order, None
    while True:
        with mpmath.workprec(bits + 20):
            value = mpmath.fsum(_tanh_terms(order, mu, Delta, bits))
            if before is not None and abs(value - before) <= mpmath.ldexp(abs(value), -prec):
                return value
        if bits > 64 * prec:  # a tail below 2^-(64 prec): as good as 0
            return mpmath.mpf(0)
        before, bits = value, 3 * bits // 2


def _tanh_terms(order, mu, Delta, bits):
    for v, w in _fine_mixture(bits):
        s2 = v + Delta
        if order == 0:
            yield w * mpmath.erf(mu / mpmath.sqrt(2 * s2))
            continue
        before, now = mpmath.mpf(0), 2 * w * mpmath.exp(-(mu**2) / (2 * s2)) / mpmath.sqrt(2 * mpmath.pi * s2)
        for k in range(order - 1):
            before, now = now, -(mu * now + k * before) / s2
        yield now


@functools.lru_cache(maxsize=32)
def _fine_mixture(bits):
    """Pairs (v_j, w_j) as in `sech2_mixture`, for an error of about 2^-bits at order 1."""
    accuracy = bits * mpmath.log(2)
    step = mpmath.pi**2 / (2 * accuracy)
    low, high = mpmath.log(mpmath.pi**2 / (8 * accuracy)) / 2, mpmath.log(accuracy / 2) / 2
    nodes = (mpmath.exp(step * j) for j in range(int(low / step) - 2, int(high / step) + 3))
    return [(t**2, step * t * _kolmogorov_density(t, accuracy)) for t in nodes]


def _kolmogorov_density(t, accuracy):
    if t < 1:
        count = int(mpmath.sqrt(2 * accuracy) * t / mpmath.pi) + 3
        squares = (((2 * n - 1) * mpmath.pi / (2 * t)) ** 2 for n in range(1, count))
        return mpmath.sqrt(2 * mpmath.pi) / t**2 * mpmath.fsum((a - 1) * mpmath.exp(-a / 2) for a in squares)
    count = int(mpmath.sqrt(accuracy / 2) / t) + 3
    return (
        8 * t * mpmath.fsum((-1) ** (n - 1) * n**2 * mpmath.exp(-2 * (n * t) ** 2) for n in range(1, count))
    )
