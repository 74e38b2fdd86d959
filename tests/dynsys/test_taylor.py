"""Exact derivatives up to the fifth order, in state, inputs and parameters at once, against sympy."""

import numpy as np
import problems
import pytest
import sympy

from dynsys.analysis import reduced_field
from dynsys.numerics.taylor import run
from dynsys.symbolic import System, mean_field, taylor_program
from dynsys.symbolic.expectations import closed_form
from rnn import LowRankRNN

X, Y, A = sympy.symbols("x y a", real=True)
PLACE, DIRECTION = {X: 0.7, Y: 1.1, A: 0.6}, {X: 0.5, Y: -0.3, A: 0.8}

FUNCTIONS = [
    sympy.exp(X * Y), sympy.log(X + A), sympy.sin(X * A), sympy.cos(X * Y), sympy.tan(X * Y / 3),
    sympy.asin(X * Y / 3), sympy.acos(X * Y / 3), sympy.atan(X * Y), sympy.sinh(X * Y),
    sympy.cosh(X + A), sympy.tanh(X * Y * A), sympy.asinh(X * Y), sympy.acosh(2 + X * Y),
    sympy.atanh(X * Y / 3), sympy.erf(X * A), sympy.erfc(X * Y), X**3 / Y**2 + sympy.sqrt(X), X**A,
    1 / (X + Y) ** 3, X**7 - sympy.pi * Y, 2 * X + 3,
]  # fmt: skip


def taylor(system, state, direction, order=5, inputs=(), values=()):
    """Derivatives 1..order along a direction, (order, R), of a system or a network's field."""
    out = np.empty(order * len(state))
    function, program = run, np.zeros((0, 4))
    if isinstance(system, System):
        program = taylor_program(system)
        values = [*values, *system.values.values()]
    else:
        function, values = system.functions.taylor, system.values
    arrays = [np.array(v, dtype=float) for v in (state, inputs, values, direction, program)]
    function(*arrays, out)
    return out.reshape(order, -1)


def along(expression, place, direction, order=5):
    """The same from values on a circle in the complex plane: Cauchy's formula for f(place + s direction)."""
    f = sympy.lambdify(list(place), expression, modules=["scipy", "numpy"])
    radius, angles = 0.3, 2 * np.pi * np.arange(64) / 64
    turn = radius * np.exp(1j * angles)
    values = np.array([f(*(place[v] + s * direction[v] for v in place)) for s in turn])
    orders = np.arange(1, order + 1)
    factorials = np.cumprod(orders)
    return (values * np.exp(-1j * orders[:, None] * angles)).mean(axis=1).real * factorials / radius**orders


@pytest.mark.parametrize("f", FUNCTIONS, ids=str)
def test_every_function(f):
    system = System([f, Y], [X, Y], parameters={"a": PLACE[A]})
    found = taylor(system, [PLACE[X], PLACE[Y]], list(DIRECTION.values()))[:, 0]
    exact = along(f, PLACE, DIRECTION)
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-9 * np.abs(exact).max())


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_functions_with_corners(sign):
    """Away from their corners they are the smooth functions that they are made of."""
    pieces = [sympy.Abs(X), sympy.Max(X, -X, 0) ** 2, sympy.Min(X, 0), sympy.sign(X), sympy.Heaviside(X)]
    system = System([X * f for f in pieces], sympy.symbols("x y z w v"))
    found = taylor(system, [sign * 0.5, 1, 1, 1, 1], [1, 0, 0, 0, 0], 3)
    x, up = 0.5 * sign, sign > 0
    smooth = [[2 * sign * x, 2 * sign, 0], [3 * x**2, 6 * x, 6], [0, 0, 0] if up else [2 * x, 2, 0]]
    smooth += [[sign, 0, 0], [float(up), 0, 0]]
    np.testing.assert_allclose(found.T, smooth, atol=1e-14)


@pytest.mark.parametrize("phi", ["erf", "relu"])
def test_mean_field(phi):
    """Through the Gaussian expectations, against their closed forms."""
    system = mean_field(problems.rank_one_populations(1.4, phi, sigma_nI=0.3, sigma_mI=0.2))
    symbols = (*system.state, *system.inputs, *system.parameters)
    place = dict(zip(symbols, [0.4, 0.3, *system.values.values()]))
    direction = dict(zip(symbols, np.linspace(0.5, -0.4, len(symbols)).round(3)))
    found = taylor(system, [0.4], list(direction.values()), inputs=[0.3])[:, 0]
    exact = along(closed_form(system.equations[0]), place, direction)
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-9 * np.abs(exact).max())


@pytest.mark.parametrize("phi", ["tanh", "erf", "linear"])
def test_network(phi, rng):
    """Finite N in closed form, against the same equations written in sympy."""
    m, n, I, w = rng.standard_normal((4, 3))
    field = reduced_field(LowRankRNN(m, n, I, w, phi=phi)).with_values(gain=1.3)
    k, v, g = sympy.symbols("k v g", real=True)
    f = {"tanh": sympy.tanh, "erf": lambda z: sympy.erf(sympy.sqrt(sympy.pi) * z / 2), "linear": sympy.Id}
    right = -k + g * sum(nj * f[phi](mj * k + Ij * v) for mj, nj, Ij in zip(m, n, I)) / 3
    found = taylor(field, [0.4], [0.7, -0.2, 0.5], inputs=[0.3])[:, 0]
    exact = along(right, {k: 0.4, v: 0.3, g: 1.3}, {k: 0.7, v: -0.2, g: 0.5})
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-9)


def test_relu_network_has_no_derivatives_at_a_kink():
    field = reduced_field(LowRankRNN(np.ones(2), np.ones(2), np.zeros(2), np.ones(2), phi="relu"))
    assert np.isnan(taylor(field, [0.0], [1.0, 0.0, 0.0], 2, [0.0])).all()
    np.testing.assert_allclose(taylor(field, [0.5], [1.0, 0.0, 0.0], 2, [0.0])[:, 0], [0, 0], atol=1e-15)
