"""The symbolic Gaussian expectation: rules, closed forms, numbers, parity, LaTeX."""

import mpmath
import numpy as np
import pytest
import sympy

from dynsys.numerics.gaussian import gaussian_expectation
from dynsys.symbolic.expectations import (
    ErfExpectation,
    ReluExpectation,
    TanhExpectation,
    closed_form,
    expectation,
)
from tasks.errors import InputError

mu, x = sympy.symbols("mu x", real=True)
Delta = sympy.Symbol("Delta", positive=True)
PHIS = ("tanh", "erf", "relu", "linear")


@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_derivative_rules(phi, order):
    f = expectation(phi, order, mu, Delta)
    assert f.diff(mu) == expectation(phi, order + 1, mu, Delta)
    assert f.diff(Delta) == expectation(phi, order + 2, mu, Delta) / 2


def test_chain_rule():
    f = expectation("tanh", 0, 3 * x, x**2)
    assert f.diff(x) == 3 * TanhExpectation(1, 3 * x, x**2) + x * TanhExpectation(2, 3 * x, x**2)


@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("order", [0, 1, 2, 3, 6])
def test_numbers(phi, order):
    for m, d in ((0, 0.9), (0.7, 0.04), (-1.9, 30)):
        value = expectation(phi, order, sympy.Rational(str(m)), sympy.Rational(str(d))).evalf()
        assert float(value) == pytest.approx(gaussian_expectation(phi, order, m, d), rel=1e-11, abs=1e-13)


def test_many_digits():
    f = expectation("tanh", 1, sympy.Rational(1, 3), sympy.Rational(3, 2))
    with mpmath.workdps(40):
        expected = mpmath.quad(
            lambda y: mpmath.sech(y) ** 2 * mpmath.npdf(y, mpmath.mpf(1) / 3, mpmath.sqrt(1.5)),
            np.linspace(-20, 20, 41).tolist(),
        )
        assert abs(f.evalf(35)._to_mpmath(120) - expected) < mpmath.mpf(10) ** -34
    # Far in the tail: E 4 exp(-2 x) = 4 exp(-2 mu + 2 Delta), to all digits and not to 1e-16 absolute.
    tail = expectation("tanh", 1, 40, sympy.Rational(1, 100)).evalf()
    assert float(tail) == pytest.approx(4 * np.exp(-80 + 0.02), rel=1e-12)


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("phi", PHIS)
def test_closed_forms(phi, order):
    point = {mu: sympy.Float(-0.6, 17), Delta: sympy.Float(1.1, 17)}
    f = expectation(phi, order, mu, Delta)
    written = closed_form(f)
    assert not written.atoms(type(f)) or phi == "linear"
    assert float(written.subs(point)) == pytest.approx(gaussian_expectation(phi, order, -0.6, 1.1), rel=1e-12)
    if phi != "tanh":
        exact = float(sympy.S(f).doit().subs(point))
        assert exact == pytest.approx(float(written.subs(point)), rel=1e-14)


def test_printed_formula_is_within_its_stated_error():
    written = closed_form(expectation("tanh", 1, mu, Delta), terms=5)
    errors = [
        float(written.subs({mu: m, Delta: d})) - gaussian_expectation("tanh", 1, m, d)
        for m in np.linspace(0, 4, 21)
        for d in (1e-12, 0.3)
    ]
    assert 1e-6 < np.abs(errors).max() <= 4.3e-6


def test_without_variance_it_is_the_derivative():
    assert TanhExpectation(3, 0, 0).doit() == -2
    assert ErfExpectation(3, 0, 0).doit() == -sympy.pi / 2
    assert TanhExpectation(1, x, 0).doit() == 1 - sympy.tanh(x) ** 2
    assert ReluExpectation(0, x, 0).doit() == sympy.Max(0, x)


def test_parity_at_zero_mean():
    for phi in ("tanh", "erf", "linear"):
        assert [expectation(phi, k, 0, Delta) for k in (0, 2, 4)] == [0, 0, 0]
    assert expectation("relu", 0, 0, Delta) != 0
    assert expectation("tanh", 0, mu, Delta).subs(mu, 0) == 0


def test_integral_form():
    integral = expectation("tanh", 1, 0, sympy.Rational(1, 2)).rewrite(sympy.Integral)
    xi, low, high = integral.limits[0]
    assert (low, high) == (-sympy.oo, sympy.oo)
    nodes = np.arange(-10, 10, 0.125)
    total = sum(float(integral.function.subs(xi, float(node))) for node in nodes) * 0.125
    assert total == pytest.approx(gaussian_expectation("tanh", 1, 0, 0.5), rel=1e-10)


def test_latex():
    assert sympy.latex(expectation("tanh", 1, mu, Delta)) == r"\langle\phi'\rangle_{\mu, \Delta}"
    squared = sympy.latex(expectation("erf", 5, mu, Delta) ** 2)
    assert squared == r"{\langle\phi^{(5)}\rangle_{\mu, \Delta}}^{2}"


def test_refusals():
    with pytest.raises(InputError, match="choose one of"):
        expectation("sigmoid", 0, mu, Delta)
    with pytest.raises(InputError, match="whole number"):
        expectation("tanh", -1, mu, Delta)
    with pytest.raises(InputError, match="27 or 5"):
        closed_form(expectation("tanh", 0, mu, Delta), terms=6)
