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
    f = (
        sympy.exp(-(x**2)) * sympy.sin(a * y)
        + sympy.cosh(x / 3)
        - sympy.tanh(b * y) ** 3
        + sympy.sqrt(2 + x**2)
    )
    g = (
        sympy.log(3 + sympy.cos(x))
        + sympy.erf(y)
        - sympy.atan(x * y)
        + v**2 / (1 + x**2)
        + sympy.Max(x, 0) * b
    )
    g += (
        sympy.Abs(y)
        + sympy.Heaviside(x - 10)
        + x ** sympy.Rational(2) * sympy.Float("0.1")
        + sympy.Min(y, a, 2)
    )
    return System([f, g, 1], [x, y, "E"], [v], {"N": 1.3, "S": -0.4}, outputs=[x * y + v, 3])


def point(system, rng):
    given = np.array([system.values[name] for name in system.parameter_names])
    values = given * (1 + 0.1 * rng.standard_normal(len(given)))
    return rng.standard_normal(len(system.state)), rng.standard_normal(len(system.inputs)), values


def by_sympy(expressions, system, x, u, p):
    """Evaluate by sympy, each expectation once."""
    numbers = {
        s: sympy.Float(v, 17)
        for s, v in zip((*system.state, *system.inputs, *system.parameters), (*x, *u, *p))
    }
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
    moved = [
        f.subs([(a, a + s * sympy.Float(b, 17)) for a, b in zip(system.state, q)]) for f in system.equations
    ]
    variables = (*system.inputs, *system.parameters)
    cases = {
        "rhs": (system.equations, R),
        "outputs": (system.outputs, O),
        "jacobian": ([f.diff(a) for f in system.equations for a in system.state], R * R),
    }
    for name, (expressions, size) in cases.items():
        expected = by_sympy(expressions, system, x, u, p)
        found = call(getattr(module, name), size, x, u, p)
        scale = np.abs(expected).max(initial=1)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * scale, err_msg=name)
    table = call(module.parameter_jacobian, R * (S + K), x, u, p).reshape(R, S + K)
    for i in rng.permutation(S + K)[:12]:  # the others: by finite differences below
        expected = by_sympy([f.diff(variables[i]) for f in system.equations], system, x, u, p)
        np.testing.assert_allclose(table[:, i], expected, rtol=1e-12, atol=1e-13, err_msg=str(variables[i]))
    if K > 40:
        return  # sympy takes too long; finite differences below
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
    np.testing.assert_allclose(
        jacobian.T, [slope(module.rhs, R, 0, i) for i in range(R)], rtol=1e-7, atol=1e-8
    )
    table = call(module.parameter_jacobian, R * (S + K), x, u, p).reshape(R, S + K)
    slopes = [slope(module.rhs, R, 1, i) for i in range(S)] + [slope(module.rhs, R, 2, i) for i in range(K)]
    np.testing.assert_allclose(table.T, slopes, rtol=1e-7, atol=1e-8)
    h = 1e-3

    def along(t):
        return call(module.jacobian, R * R, x + t * q, u, p).reshape(R, R) @ q

    second, third = call(module.directional, 2 * R, x, u, p, q).reshape(2, R)
    np.testing.assert_allclose((along(h) - along(-h)) / (2 * h), second, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose((along(h) - 2 * along(0) + along(-h)) / h**2, third, rtol=1e-4, atol=1e-4)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNSYS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def small(name="a", factor=2):
    x, a = sympy.symbols(f"x {name}")
    return System([factor * a - x], [x], parameters=[a])


def test_file_is_readable_and_reused(cache):
    path = generate(small())
    assert path.parent == cache and path.name.startswith("field_")
    text = path.read_text()
    assert "p0 = a" in text and "out[0] = 2*p0 - x0  # x'" in text
    before = path.stat().st_mtime_ns
    assert generate(small()) == path and path.stat().st_mtime_ns == before
    assert not list(cache.glob("*.part"))


def test_every_change_of_the_equations_is_another_file(cache):
    systems = [small(), small(factor=3), small("b"), small(factor=sympy.Float("2.0000000000000004", 17))]
    assert len({generate(system) for system in systems}) == 4


@pytest.mark.parametrize("damage", ["", "raise SystemExit\n", "cut", "one letter"])
def test_damaged_file_is_written_again_and_never_imported(cache, damage):
    path = generate(small())
    text = path.read_text()
    damaged = {"cut": text[: len(text) // 2], "one letter": text.replace("2*p0", "3*p0")}.get(damage, damage)
    path.write_text(damaged)
    with pytest.raises(FileError, match="missing or damaged"):
        load(path)
    assert generate(small()) == path and path.read_text() == text
    assert call(load(path).rhs, 1, np.array([1.0]), np.empty(0), np.array([2.0])) == 3.0


def test_unwritable_folder_costs_the_cache_only(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DYNSYS_CACHE", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.WARNING, logger="dynsys"):
        path = generate(small())
    assert "cannot keep generated code" in caplog.text
    assert call(load(path).rhs, 1, np.array([1.0]), np.empty(0), np.array([2.0])) == 3.0


def test_names_never_become_code(cache):
    names = ["lambda", "import", "__import__", "exit", "np", "x0", "out", "E", "I", "S", "N", "None"]
    total = sum(sympy.Symbol(n) * (i + 1) for i, n in enumerate(names))
    system = System([total], names[:1], names[1:2], names[2:])
    module = load(generate(system))
    p = np.arange(10.0)
    expected = 1 * 5.0 + 2 * 7.0 + (p * np.arange(3, 13)).sum()
    assert call(module.rhs, 1, np.array([5.0]), np.array([7.0]), p) == expected


def test_nan_stays_visible(cache):
    x = sympy.Symbol("x")
    system = System([sympy.Max(x, 0) + sympy.sign(x) + sympy.Heaviside(x) + sympy.log(x)], [x])
    rhs = load(generate(system)).rhs
    assert np.isnan(call(rhs, 1, np.array([np.nan]), np.empty(0), np.empty(0)))
    assert np.isnan(call(rhs, 1, np.array([-1.0]), np.empty(0), np.empty(0)))


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="expected a System"):
        generate("x' = x")
    with pytest.raises(FileError, match="missing"):
        load(tmp_path / "nothing.py")
