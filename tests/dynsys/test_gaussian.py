"""Gaussian expectations against mpmath quadrature, a fine trapezoid rule and closed forms."""

import mpmath
import numpy as np
import pytest
from numpy.polynomial import Polynomial

from dynsys.numerics import gaussian
from dynsys.numerics.gaussian import gaussian_expectation, sech2_mixture
from tasks.errors import InputError

VARIANCES = (0.0, 1e-8, 1e-3, 0.1, 1.0, 25.0, 100.0)
MEANS = np.array([0.0, 0.3, -1.0, 2.5, 7.0])


def tanh_derivatives(count):
    """phi^(k) of tanh as polynomials in tanh, and their largest values."""
    T = [Polynomial([0.0, 1.0])]
    while len(T) < count:
        T.append(T[-1].deriv() * Polynomial([1.0, 0.0, -1.0]))
    grid = np.tanh(np.linspace(0, 6, 2001))
    return T, [np.abs(p(grid)).max() for p in T]


def by_trapezoid(function, mu, Delta):
    """E function(mu + sqrt(Delta) xi) on [-12, 12] with a step that resolves the function."""
    sd = np.sqrt(Delta)
    step = min(0.05, 0.02 / max(sd, 1e-300))
    xi = np.arange(-12, 12 + step, step)
    return np.sum(function(mu + sd * xi) * np.exp(-(xi**2) / 2)) * step / np.sqrt(2 * np.pi)


@pytest.mark.parametrize("order", range(12))
def test_tanh_at_moderate_variances(order):
    polynomials, largest = tanh_derivatives(12)

    def derivative(x):
        return polynomials[order](np.tanh(x))

    for Delta in VARIANCES:
        expected = [by_trapezoid(derivative, mu, Delta) for mu in MEANS]
        error = np.abs(gaussian_expectation("tanh", order, MEANS, Delta) - expected).max()
        assert error <= 1e-10 * largest[order], (Delta, error)


@pytest.mark.parametrize("order", range(12))
def test_tanh_at_large_variances(order):
    polynomials, largest = tanh_derivatives(12)
    for Delta in (1e4, 1e6):
        expected = [by_trapezoid(lambda x: polynomials[order](np.tanh(x)), mu, Delta) for mu in MEANS[::2]]
        error = np.abs(gaussian_expectation("tanh", order, MEANS[::2], Delta) - expected).max()
        assert error <= 1e-8 * largest[order]


@pytest.mark.parametrize("order", range(8))
def test_tanh_against_mpmath(order):
    polynomials, largest = tanh_derivatives(8)
    coefficients = [int(c) for c in polynomials[order].coef]
    with mpmath.workdps(25):
        for mu, Delta in ((0.0, 1.7), (0.8, 0.05), (-2.0, 100.0)):
            sd = mpmath.sqrt(Delta)
            ends = sorted({mu + j * sd for j in (-12, -4, -1, 1, 4, 12)} | {-3, 0, 3})
            expected = mpmath.quad(
                lambda x, m=mu, s=sd: (
                    mpmath.polyval(coefficients[::-1], mpmath.tanh(x)) * mpmath.npdf(x, m, s)
                ),
                ends,
            )
            assert abs(gaussian_expectation("tanh", order, mu, Delta) - expected) <= 1e-10 * largest[order]


@pytest.mark.parametrize("order", range(12))
def test_erf_and_relu_against_trapezoid_of_the_slope(order):
    # Integration by parts moves all derivatives but one: E phi^(k) = E phi' He_(k-1) / sd^(k-1).
    for Delta in (0.5, 3.0):
        sd = np.sqrt(Delta)
        step = 1e-3
        xi = np.arange(-14, 14, step)
        hermite = np.polynomial.hermite_e.hermeval(xi, [0] * max(order - 1, 0) + [1]) / sd ** max(
            order - 1, 0
        )
        weight = hermite * np.exp(-(xi**2) / 2) * step / np.sqrt(2 * np.pi)
        for mu in (0.0, 0.7, -1.9):
            slope = np.exp(-np.pi * (mu + sd * xi) ** 2 / 4)
            if order > 0:
                found = gaussian_expectation("erf", order, mu, Delta)
                assert found == pytest.approx(np.sum(weight * slope), rel=1e-10, abs=1e-10)
            if order > 1:  # phi'' of relu is a point mass at 0
                t = -mu / sd
                mass = np.polynomial.hermite_e.hermeval(t, [0] * (order - 2) + [1]) * np.exp(-(t**2) / 2)
                expected = mass / sd ** (order - 1) / np.sqrt(2 * np.pi)
                assert gaussian_expectation("relu", order, mu, Delta) == pytest.approx(
                    expected, rel=1e-11, abs=1e-14
                )


def test_lowest_orders_of_erf_relu_and_linear():
    mu, Delta = np.array([-1.2, 0.0, 0.4]), 0.9
    sd = mpmath.sqrt(Delta)
    cases = (("erf", 0), ("relu", 0), ("relu", 1))
    for m, *found in zip(mu, *(gaussian_expectation(*case, mu, Delta) for case in cases)):

        def by_erf(x, m=m):
            return mpmath.erf(mpmath.sqrt(mpmath.pi) * x / 2) * mpmath.npdf(x, m, sd)

        def by_relu(x, m=m):
            return x * mpmath.npdf(x, m, sd)

        expected = [mpmath.quad(by_erf, [-12, 0, 12]), mpmath.quad(by_relu, [0, 1, 12]), mpmath.ncdf(m / sd)]
        np.testing.assert_allclose(found, [float(e) for e in expected], atol=1e-13)
    assert gaussian_expectation("linear", 0, mu, Delta).tolist() == mu.tolist()
    assert gaussian_expectation("linear", 1, mu, Delta).tolist() == [1.0] * 3
    assert gaussian_expectation("linear", 2, mu, Delta).tolist() == [0.0] * 3


@pytest.mark.parametrize("phi", ["tanh", "erf", "relu", "linear"])
def test_derivative_rules(phi):
    h = 1e-5
    for order in (0, 1, 4):

        def f(mu, Delta, order=order):
            return gaussian_expectation(phi, order, mu, Delta)

        in_mean = (f(0.6 + h, 1.3) - f(0.6 - h, 1.3)) / (2 * h)
        in_variance = (f(0.6, 1.3 + h) - f(0.6, 1.3 - h)) / (2 * h)
        assert in_mean == pytest.approx(gaussian_expectation(phi, order + 1, 0.6, 1.3), abs=1e-8)
        assert in_variance == pytest.approx(gaussian_expectation(phi, order + 2, 0.6, 1.3) / 2, abs=1e-8)


@pytest.mark.parametrize("phi", ["tanh", "erf", "relu", "linear"])
def test_variance_negative_by_rounding_counts_as_zero(phi):
    for order in range(12):
        exact = gaussian_expectation(phi, order, [0.0, 0.4], 0.0)
        np.testing.assert_array_equal(gaussian_expectation(phi, order, [0.0, 0.4], -1e-12), exact)


def test_relu_without_variance_is_singular_only_at_zero():
    assert gaussian_expectation("relu", 1, [-1.0, 0.0, 1.0], 0.0).tolist() == [0.0, 0.5, 1.0]
    assert gaussian_expectation("relu", 2, [-1.0, 0.0, 1.0], 0.0).tolist() == [0.0, np.inf, 0.0]
    assert np.isnan(gaussian_expectation("relu", 5, 0.0, 0.0))


@pytest.mark.parametrize("fill", ["tanh", "erf", "relu", "linear"])
def test_kernels_fill_only_what_was_asked_and_keep_nan(fill):
    kernel = getattr(gaussian, f"{fill}_expectations")
    out = np.full(12, -7.0)
    kernel(2, 5, 0.3, 0.8, out)
    assert (out[:2] == -7).all() and (out[6:] == -7).all()
    np.testing.assert_allclose(
        out[2:6], [gaussian_expectation(fill, k, 0.3, 0.8) for k in range(2, 6)], rtol=1e-9
    )
    if fill != "linear":
        kernel(0, 3, 0.3, np.nan, out)
        assert np.isnan(out[:4]).all()
        kernel(0, 3, 0.3, -0.5, out)  # no variance at all: never a silent number
        assert np.isnan(out[:4]).all()


def test_mixture_is_the_stated_one():
    v, w = sech2_mixture(0.12, -13, 13)
    assert len(v) == 27 and v[13] == pytest.approx(np.exp(-0.44), rel=1e-15)
    x = np.linspace(-8, 8, 201)[:, None]
    mixed = (2 * w * np.exp(-(x**2) / (2 * v)) / np.sqrt(2 * np.pi * v)).sum(axis=1)
    np.testing.assert_allclose(mixed, 1 / np.cosh(x[:, 0]) ** 2, atol=1.6e-15)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("sigmoid", 0, 0.0, 1.0), "choose one of"),
        (("tanh", 12, 0.0, 1.0), "up to order 11"),
        (("tanh", -1, 0.0, 1.0), "whole number"),
        (("tanh", 0, np.nan, 1.0), "not finite"),
        (("tanh", 0, 0.0, -1.0), "variance must be >= 0"),
        (("tanh", 0, [1.0, 2.0], [1.0, 2.0, 3.0]), "do not broadcast"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(InputError, match=words):
        gaussian_expectation(*arguments)


def test_shapes():
    assert gaussian_expectation("tanh", 1, np.zeros((3, 1)), np.ones(4)).shape == (3, 4)
    assert gaussian_expectation("tanh", 1, [], 1.0).shape == (0,)
    assert isinstance(gaussian_expectation("tanh", 1, 0, 1), float)
