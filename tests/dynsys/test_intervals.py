"""Interval arithmetic against ball arithmetic (python-flint); the remainder of the tanh mixture, proved."""

import math

import flint
import numpy as np
import pytest

from dynsys.numerics import interval_functions as functions
from dynsys.numerics import interval_gaussian, intervals
from dynsys.numerics.gaussian import (
    FINE_VARIANCES,
    FINE_WEIGHTS,
    TANH_VARIANCES,
    TANH_WEIGHTS,
    gaussian_expectation,
)

EXTREMES = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e-310, 1e-160, 1e150, -1e150, 0.1, 1 / 3, 40.0, -40.0]


def numbers(rng, count):
    return [*EXTREMES, *(rng.standard_normal(count) * 10.0 ** rng.uniform(-8, 3, count)).tolist()]


def encloses(interval, exact):
    low, high = interval
    return math.isnan(low) or math.isnan(high) or (flint.arb(low) <= exact and exact <= flint.arb(high))


@pytest.fixture(autouse=True)
def precise():
    before, flint.ctx.prec = flint.ctx.prec, 200
    yield
    flint.ctx.prec = before


def test_rounding_moves_outward():
    rng = np.random.default_rng(0)
    for x in [*numbers(rng, 300), 2.0**-1022, 2.0**-1074, 1e308, -1e308]:
        assert intervals.down(x) <= math.nextafter(x, -math.inf)
        assert intervals.up(x) >= math.nextafter(x, math.inf)


def test_sums_products_and_quotients_enclose_the_exact_value():
    rng = np.random.default_rng(1)
    values = numbers(rng, 26)
    for x in values:
        for y in values:
            a, b, exact_a, exact_b = (x, x), (y, y), flint.arb(x), flint.arb(y)
            assert encloses(intervals.add(a, b), exact_a + exact_b)
            assert encloses(intervals.sub(a, b), exact_a - exact_b)
            assert encloses(intervals.mul(a, b), exact_a * exact_b)
            assert encloses(intervals.scale(x, b), exact_a * exact_b)
            assert encloses(intervals.shift(x, b), exact_a + exact_b)
            if y != 0.0:
                assert encloses(intervals.div(a, b), exact_a / exact_b)
        for n in (2, 3, 4, 7):
            assert encloses(intervals.power((x, x), n), flint.arb(x) ** n)
        assert encloses(intervals.square((x, x)), flint.arb(x) ** 2)


def test_what_is_unknown_stays_unknown():
    whole = (-math.inf, math.inf)
    assert intervals.div((1.0, 2.0), (-1.0, 1.0)) == whole and intervals.root((-1.0, 4.0)) == whole
    assert functions.log((0.0, 1.0)) == whole and functions.tan((1.0, 2.0)) == whole
    assert intervals.mul((0.0, 1.0), (0.0, math.inf)) == whole
    assert intervals.sign((-1.0, 2.0)) == (-1.0, 1.0) and intervals.heaviside((0.0, 1.0)) == (0.0, 1.0)
    assert intervals.power((-2.0, 1.0), 2)[0] == 0.0 and intervals.power((-2.0, 1.0), 3)[0] <= -8.0
    assert functions.exp((800.0, 900.0)) == (1.7976931348623157e308, math.inf)
    low, high = intervals.add((math.nan, 1.0), (0.0, 1.0))
    assert not low > 0.0 and not low < 0.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, low, high",
    [
        ("exp", -750, 709), ("log", 1e-300, 1e300), ("tanh", -30, 30), ("erf", -8, 8), ("erfc", -6, 26),
        ("sinh", -700, 700), ("cosh", -700, 700), ("asinh", -1e8, 1e8), ("acosh", 1, 1e8),
        ("atanh", -0.999999, 0.999999), ("atan", -1e6, 1e6), ("asin", -1, 1), ("acos", -1, 1),
        ("sin", -1e5, 1e5), ("cos", -1e5, 1e5), ("tan", -1e3, 1e3),
    ],
)  # fmt: skip
def test_functions_enclose_the_exact_value(name, low, high):
    rng = np.random.default_rng(2)
    function = getattr(functions, name)
    places = np.concatenate(
        [
            rng.uniform(low, high, 700),
            np.clip(rng.standard_normal(700), low, high),
            np.clip(10.0 ** rng.uniform(-12, 0, 300), low, high),
            [low, high, min(max(0.0, low), high)],
        ]
    )
    for x in places.tolist():
        assert encloses(function((x, x)), getattr(flint.arb(x), name)())
        width = abs(rng.standard_normal()) * (1 + abs(x)) * 1e-3
        a = (x, min(x + width, high))
        for t in np.linspace(*a, 4).tolist():
            assert encloses(function(a), getattr(flint.arb(min(max(t, a[0]), a[1])), name)())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_extrema_inside_an_interval_are_found(name):
    rng = np.random.default_rng(3)
    for _ in range(300):
        middle, half = rng.uniform(-50, 50), 10.0 ** rng.uniform(-9, 1)
        a = (middle - half, middle + half)
        values = getattr(np, name)(np.linspace(*a, 400))
        low, high = getattr(functions, name)(a)
        assert low <= values.min() and values.max() <= high
        assert low >= values.min() - 1e-3 * half - 1e-12 and high <= values.max() + 1e-3 * half + 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("fine", [False, True])
def test_remainder_of_the_tanh_mixture_is_proved(monkeypatch, fine):
    """|phi^(k) - mixture| <= REMAINDERS for every real x: Taylor series in balls to 44; tails."""
    monkeypatch.setattr(flint.ctx, "cap", 60)
    monkeypatch.setattr(flint.ctx, "prec", 80)
    step, terms, reach = 0.03125, 40, 0.25
    remainder = interval_gaussian.REMAINDERS[fine]
    largest = np.zeros(len(remainder))
    variances, weights = (FINE_VARIANCES, FINE_WEIGHTS) if fine else (TANH_VARIANCES, TANH_WEIGHTS)
    nodes = list(zip(variances.tolist(), weights.tolist()))

    def difference(x):
        """phi - mixture as a power series, from its slope sech^2 - sum_j 2 w_j N(x; 0, v_j)."""
        sech = 2 / (x.exp() + (-x).exp())
        total = sech * sech
        for v, w in nodes:
            total -= (
                2
                * flint.arb(w)
                / (2 * flint.arb.pi() * flint.arb(v)).sqrt()
                * (-x * x / (2 * flint.arb(v))).exp()
            )
        return total

    for i in range(int(44 / step)):
        centre = (i + 0.5) * step
        series = difference(flint.arb_series([flint.arb(centre), 1], prec=terms))
        # |difference| on the circle around the centre bounds the terms left out (Cauchy)
        disc = flint.acb(flint.arb(centre, reach), flint.arb(0, reach))
        sech = 1 / disc.cosh()
        bound = abs(sech * sech)
        for v, w in nodes:
            scale = 2 * flint.arb(w) / (2 * flint.arb.pi() * flint.arb(v)).sqrt()
            bound += abs(scale * (-disc * disc / (2 * flint.arb(v))).exp())
        rest = float(abs(bound).upper())
        half = flint.arb(0, step / 2)
        for k in range(1, len(remainder)):
            value = flint.arb(0)
            for n in range(terms - 1, k - 2, -1):  # Horner: a ball around 0 has no powers
                value = value * half + math.perm(n, k - 1) * series[n]
            # sum over n >= terms of n! / (n - k + 1)! |c_n| (step / 2)^(n - k + 1), |c_n| <= rest / reach^n
            left = sum(
                math.perm(n, k - 1) * rest / reach**n * (step / 2) ** (n - k + 1)
                for n in range(terms, terms + 60)
            )
            error = float(abs(value).upper()) + 1.01 * left
            assert math.isfinite(error)
            largest[k] = max(largest[k], error)
            largest[0] += step * error if k == 1 else 0.0  # phi's error is the integral of its slope's
    assert np.isfinite(largest).all() and (largest <= remainder).all(), largest
    # beyond 44 both sides are small: sech^2 with its derivatives (poles are pi / 2 away), and every Gaussian
    highest = len(remainder) - 1
    assert 4 * math.exp(-2 * 43.0) * math.factorial(highest) < 1e-20
    for v, w in nodes:
        r, s = 44.0 / math.sqrt(v), math.sqrt(v)
        sizes = np.abs(np.polynomial.hermite_e.herme2poly([0] * (highest - 1) + [1]))
        tail = 2 * w * math.exp(-r * r / 2) * np.polyval(sizes[::-1], r) / s**highest
        assert tail < 1e-17


@pytest.mark.slow
@pytest.mark.parametrize("phi", ["tanh", "erf", "relu", "linear"])
def test_expectations_over_boxes_hold_their_values(phi):
    rng = np.random.default_rng(4)
    function = getattr(interval_gaussian, f"{phi}_bounds")
    for trial in range(300):
        mu, Delta = 2 * rng.standard_normal(), rng.exponential() * 10.0 ** rng.uniform(-3, 1)
        half, spread = 10.0 ** rng.uniform(-6, 0.5), 1 + 10.0 ** rng.uniform(-6, 0.5)
        a, b = (mu - half, mu + half), (Delta / spread, Delta * spread)
        last = 4 if trial % 2 else 11
        out = np.full(24, np.nan)
        function(0, last, a, b, out)
        means, variances = np.linspace(*a, 60)[:, None], rng.uniform(*b, 3)
        for k in range(last + 1):
            values = gaussian_expectation(phi, k, means, variances)
            room = 1e-11 if k < 5 else 1e-9 * math.factorial(k)  # the function's own error
            room = room * (1 + np.abs(values))
            assert (out[2 * k] - room <= values).all() and (values <= out[2 * k + 1] + room).all()


def exact_expectation(phi, k, mu, Delta):
    """E phi^(k) = Delta^(-k/2) E phi He_k, as a ball (Stein's lemma)."""
    sd, he = flint.arb(Delta).sqrt(), np.polynomial.hermite_e.herme2poly([0] * k + [1])

    def integrand(x, _):
        z = mu + sd * x
        value = z.tanh() if phi == "tanh" else (z * flint.acb.pi().sqrt() / 2).erf()
        value = value * value if phi == "erf_squared" else value
        power = sum((int(c) * x**i for i, c in enumerate(he)), flint.acb(0))
        return value * power * (-x * x / 2).exp()

    whole = flint.acb.integral(integrand, -18, 18) / (2 * flint.arb.pi()).sqrt()
    return (whole / sd**k).real  # beyond 18: exp(-162) 18^13 < 1e-50


@pytest.mark.slow
@pytest.mark.parametrize("phi", ["tanh", "erf", "erf_squared"])
def test_every_order_of_an_expectation_is_enclosed(phi, monkeypatch):
    """Thin boxes tightly, wide ones at both ends, orders 0 to 13, variances from 0.01 to 1000."""
    monkeypatch.setattr(flint.ctx, "prec", 200)
    rng = np.random.default_rng(7)
    function, top = getattr(interval_gaussian, f"{phi}_bounds"), interval_gaussian.MAX_ORDER
    for trial in range(14):
        mu, Delta = 2 * rng.standard_normal(), 10.0 ** rng.uniform(-2, 3)
        last = (top, 7, 9)[trial % 3]
        reach, share = 10.0 ** rng.uniform(-6, 0), 1 + 10.0 ** rng.uniform(-6, 0)
        thin, wide = np.full(2 * top + 2, np.nan), np.full(2 * top + 2, np.nan)
        function(0, last, (mu, mu), (Delta, Delta), thin)
        corner = ((mu - reach, mu), (Delta, share * Delta))
        function(0, last, *(corner if trial % 2 else ((mu, mu + reach), (Delta / share, Delta))), wide)
        for k in {0, 1, 2, int(rng.integers(3, last)), last}:
            exact = exact_expectation(phi, k, mu, Delta)
            value = float(exact.mid())
            assert float(exact.rad()) < 1e-20 * (1 + abs(value))
            for bounds in (thin, wide):
                assert flint.arb(bounds[2 * k]) <= exact <= flint.arb(bounds[2 * k + 1])
            # as tight as remainder and rounding let it be, relative to the largest value for any mu, Delta
            assert thin[2 * k + 1] - thin[2 * k] < 1e-7 * math.factorial(max(k - 1, 1))
