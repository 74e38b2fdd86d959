"""Generated code against sympy's own evaluation of the same expressions, finite differences, and damage."""

import logging

import numpy as np
import pytest
import sympy

from dynsys.populations.fit import Populations
from dynsys.symbolic.codegen import generate, load
from dynsys.symbolic.expectations import GaussianExpectation
from dynsys.symbolic.meanfield import mean_field
from dynsys.symbolic.system import System
from tasks.errors import FileError, InputError


def populations(rng, count=1, rank=1, inputs=1, outputs=1, means="free", phi="tanh"):
    width = 2 * rank + inputs + outputs
    factor = rng.standard_normal((count, width, width)) / np.sqrt(width)
    centres = rng.standard_normal((count, width)) if means == "free" else np.zeros((count, width))
    return Populations(
        rng.dirichlet(5 * np.ones(count)), centres, factor @ factor.transpose(0, 2, 1), rank, inputs, outputs,
        phi=phi, means_kind=means,
    )  # fmt: skip


def zoo_system():
    """Every supported function, parameters with awkward names, a constant equation."""
    x, y, v, a, b = sympy.symbols("lambda I input_ N S")
    f = sympy.exp(-(x**2)) * sympy.sin(a * y) + sympy.cosh(x / 3) - sympy.tanh(b * y) ** 3 + sympy.sqrt(2 + x**2)
    g = sympy.log(3 + sympy.cos(x)) + sympy.erf(y) - sympy.atan(x * y) + v**2 / (1 + x**2) + sympy.Max(x, 0) * b
    g += sympy.Abs(y) + sympy.Heaviside(x - 10) + x ** sympy.Rational(2) * sympy.Float("0.1") + sympy.Min(y, a, 2)
    return System([f, g, 1], [x, y, "E"], [v], {"N": 1.3, "S": -0.4}, outputs=[x * y + v, 3])


def point(system, rng):
    given = np.array([system.values[name] for name in system.parameter_names])
    values = given * (1 + 0.1 * rng.standard_normal(len(given)))
    return rng.standard_normal(len(system.state)), rng.standard_normal(len(system.inputs)), values


def by_sympy(expressions, system, x, u, p):
    """Evaluate by sympy, each expectation once."""
    numbers = {s: sympy.Float(v, 17) for s, v in zip((*system.state, *system.inputs, *system.parameters), (*x, *u, *p))}
    known = {f: f.xreplace(numbers).evalf(20) for e in expressions for f in e.atoms(GaussianExpectation)}
    return np.array([float(e.xreplace(known).xreplace(numbers).evalf(20)) for e in expressions])


def call(function, size, *arguments):
    out = np.full(size, np.nan)
    function(*arguments, out)
    return out


SYSTEMS = {
    "rank one, zero means": lambda rng: mean_field(populations(rng, means="zero"), noise=0.1),
    "two populations, erf": lambda rng: mean_field(populations(rng, 2, 1, 1, 2, phi="erf"), noise=0.2),
    "two populations": lambda rng: mean_field(populations(rng, 2, 2, 1), noise=0.3),
    "relu": lambda rng: mean_field(populations(rng, 1, 1, 1, phi="relu"), noise=0.3),
    "linear": lambda rng: mean_field(populations(rng, 2, 1, 1, means="zero", phi="linear")),
    "no input, no output": lambda rng: mean_field(populations(rng, 1, 1, 0, 0)),
    "own equations": lambda rng: zoo_system(),
}


@pytest.mark.parametrize("make", SYSTEMS.values(), ids=SYSTEMS.keys())
def test_functions_equal_sympy(make, rng):
    system = make(rng)
    module = load(generate(system))
    R, S, K, O = len(system.state), len(system.inputs), len(system.parameters), len(system.outputs)
    x, u, p = point(system, rng)
    q = rng.standard_normal(R)
    s = sympy.Dummy("s", real=True)
    moved = [f.subs([(a, a + s * sympy.Float(b, 17)) for a, b in zip(system.state, q)]) for f in system.equations]
    cases = {
        "rhs": (system.equations, R),
        "outputs": (system.outputs, O),
        "jacobian": ([f.diff(a) for f in system.equations for a in system.state], R * R),
        "parameter_jacobian": (
            [f.diff(a) for f in system.equations for a in (*system.inputs, *system.parameters)], R * (S + K),
        ),
    }  # fmt: skip
    for name, (expressions, size) in cases.items():
        expected = by_sympy(expressions, system, x, u, p)
        found = call(getattr(module, name), size, x, u, p)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * np.abs(expected).max(initial=1), err_msg=name)
    expected = [by_sympy([f.diff(s, n).subs(s, 0) for f in moved], system, x, u, p) for n in (2, 3)]
    found = call(module.directional, 2 * R, x, u, p, q).reshape(2, R)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["two populations", "own equations"])
def test_derivatives_equal_finite_differences(name, rng):
    system = SYSTEMS[name](rng)
    module = load(generate(system))
    R, S, K = len(system.state), len(system.inputs), len(system.parameters)
    x, u, p = point(system, rng)
    q, h = rng.standard_normal(R), 1e-5

    def slope(function, size, which, i):
        sides = []
        for sign in (1, -1):
            arguments = [x.copy(), u.copy(), p.copy()]
            arguments[which][i] += sign * h
            sides.append(call(function, size, *arguments))
        return (sides[0] - sides[1]) / (2 * h)

    jacobian = call(module.jacobian, R * R, x, u, p).reshape(R, R)
    np.testing.assert_allclose(jacobian.T, [slope(module.rhs, R, 0, i) for i in range(R)], rtol=1e-7, atol=1e-8)
    table = call(module.parameter_jacobian, R * (S + K), x, u, p).reshape(R, S + K)
    slopes = [slope(module.rhs, R, 1, i) for i in range(S)] + [slope(module.rhs, R, 2, i) for i in range(K)]
    np.testing.assert_allclose(table.T, slopes, rtol=1e-7, atol=1e-8)
    h = 1e-3

    def along(t):
        return call(module.jacobian, R * R, x + t * q, u, p).reshape(R, R) @ q

    second, third = call(module.directional, 2 * R, x, u, p, q).reshape(2, R)
    np.testing.assert_allclose((along(h) - along(-h)) / (2 * h), second, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose((along(h) - 2 * along(0) + along(-h)) / h**2, third, rtol=1e-4, atol=1e-4)
