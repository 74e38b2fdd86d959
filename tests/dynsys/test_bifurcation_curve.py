"""Curves of bifurcations in two parameters, and the points on them, against answers known by construction."""

import numpy as np
import problems
import pytest
import sympy

from dynsys.analysis import compile_field, continue_branch, continue_curve, find_fixed_points
from dynsys.symbolic import System, mean_field
from tasks import InputError, Status


def first(branch, kind):
    return next(point for point in branch.special_points if point.kind == kind)


def bent(equations, state, bends):
    """The same flow in coordinates X_i = x_i + bends_i(later x): nothing but the formulas changes."""
    old, new = sympy.symbols(f"{state}1:{len(equations) + 1}"), {}
    for i in reversed(range(len(old))):
        new[old[i]] = old[i] - bends[i].xreplace(new)
    right = [f + sum(b.diff(x) * g for x, g in zip(old, equations)) for f, b in zip(equations, bends)]
    return [sympy.expand(f.subs(new, simultaneous=True)) for f in right]


def oscillator(x, y, growth, turn):
    """(growth + i turn) z in real coordinates."""
    return [growth * x - turn * y, growth * y + turn * x]


def test_cusp():
    """D1: folds mu^2 = 4 lam^3 / 27, cusp at 0 with c = -1."""
    field = problems.cusp(-1.0)
    fold = first(continue_branch(field, [-1.3], "mu", (-1, 1)), "fold")
    curve = continue_curve(field, fold, "lam", (-0.5, 1.2), (-1, 1))
    mu, lam = curve.values.T
    np.testing.assert_allclose(mu**2, 4 * lam**3 / 27, atol=1e-12)
    (cusp,) = curve.special_points
    assert cusp.kind == "cusp" and curve.status is Status.REACHED_SPAN
    np.testing.assert_allclose([*cusp.values, *cusp.kappa], 0, atol=1e-9)
    assert cusp.coefficients["c"] == pytest.approx(-1, abs=1e-8)
    assert curve.values[:, 1].max() == 1.2


def test_bogdanov_takens_lies_on_both_curves():
    """D4: folds b1 = 0, Hopf b1 = b2^2; a = -1, b = 1; past the point the Hopf curve is one of saddles."""
    field = problems.bogdanov_takens(0.25, -0.5)
    branch = continue_branch(field, [0.5, 0], "b1", (-0.5, 1))
    for kind, expected in (("fold", lambda b2: 0 * b2), ("Hopf", lambda b2: b2**2)):
        curve = continue_curve(field, first(branch, kind), "b2", (-0.9, 0.9), (-0.5, 1))
        np.testing.assert_allclose(curve.values[:, 0], expected(curve.values[:, 1]), atol=1e-10)
        (point,) = curve.special_points
        assert point.kind == "Bogdanov-Takens" and "stable cycles" in point.sentence
        np.testing.assert_allclose([*point.values, *point.kappa], 0, atol=1e-8)
        np.testing.assert_allclose([point.coefficients["a"], point.coefficients["b"]], [-1, 1], atol=1e-7)
        if kind == "Hopf":
            np.testing.assert_array_equal(curve.valid, curve.values[:, 1] < point.values[1])


def test_bautin():
    """z' = (b1 + i) z + b2 z |z|^2 + l z |z|^4, bent: c1 = 2 b2, l2 = 4 Re l, whatever the coordinates."""
    x, y, b1, b2 = sympy.symbols("x1 x2 b1 b2")
    square = x**2 + y**2
    growth = b1 + b2 * square - sympy.Rational(7, 10) * square**2
    equations = oscillator(x, y, growth, 1 + square / 3 + square**2 / 5)
    right = bent(equations, "x", [y**2 / 2 + y**3 / 5, sympy.S.Zero])
    field = compile_field(System(right, [x, y], parameters={"b1": -0.2, "b2": -0.5}))
    hopf = first(continue_branch(field, [0, 0], "b1", (-0.5, 0.5)), "Hopf")
    assert hopf.coefficients["c1"].real == pytest.approx(-1.0, abs=1e-9)
    curve = continue_curve(field, hopf, "b2", (-1, 1), (-0.5, 0.5))
    (bautin,) = curve.special_points
    assert bautin.kind == "Bautin" and "outer ones stable" in bautin.sentence
    np.testing.assert_allclose([*bautin.values, *bautin.kappa], 0, atol=1e-9)
    assert bautin.coefficients["l2"] == pytest.approx(-2.8, abs=1e-8)
    for side in (-1, 1):  # Re c1 changes its sign there
        near = field.with_values(b2=side * 0.1)
        point = first(continue_branch(near, [0, 0], "b1", (-0.5, 0.5), strict=False), "Hopf")
        assert point.coefficients["c1"].real == pytest.approx(side * 0.2, abs=1e-8)


def test_zero_hopf():
    """x' = b1 + x^2 + |z|^2, z' = (b2 + 2 i + 3 x) z, bent: s = 1, theta = 3/2."""
    u, x, y, b1, b2 = sympy.symbols("x1 x2 x3 b1 b2")
    equations = [b1 + u**2 + x**2 + y**2, *oscillator(x, y, b2 + 3 * u, 2)]
    right = bent(equations, "x", [x * y / 2, y**2 / 3, sympy.S.Zero])
    field = compile_field(System(right, [u, x, y], parameters={"b1": -0.25, "b2": -0.4}))
    branch = continue_branch(field, [-0.5, 0, 0], "b1", (-1, 1))
    found = {}
    for kind in ("fold", "Hopf"):
        curve = continue_curve(field, first(branch, kind), "b2", (-1, 1), (-1, 1))
        found[kind] = next(p for p in curve.special_points if p.kind == "zero-Hopf")
        np.testing.assert_allclose([*found[kind].values, *found[kind].kappa], 0, atol=1e-8)
        c = found[kind].coefficients
        np.testing.assert_allclose([c["s"], c["theta"], c["omega"]], [1, 1.5, 2], atol=1e-7)


@pytest.mark.slow
def test_hopf_hopf():
    """Two oscillators coupled through their amplitudes, bent: c_ij are twice those in z."""
    x, y, u, v, m1, m2 = sympy.symbols("x1:5 m1 m2")
    first_, second = x**2 + y**2, u**2 + v**2
    equations = [
        *oscillator(x, y, m1 - first_ - sympy.Rational(3, 2) * second, 3),
        *oscillator(u, v, m2 + sympy.Rational(1, 2) * first_ - 2 * second, 1 + sympy.sqrt(2) / 4),
    ]
    right = bent(equations, "x", [u**2 / 4, sympy.S.Zero, v**2 / 2, sympy.S.Zero])
    field = compile_field(System(right, [x, y, u, v], parameters={"m1": -0.3, "m2": -0.2}))
    hopf = first(continue_branch(field, np.zeros(4), "m1", (-0.6, 0.6)), "Hopf")
    curve = continue_curve(field, hopf, "m2", (-0.5, 0.5), (-0.6, 0.6))
    (point,) = [p for p in curve.special_points if p.kind == "Hopf-Hopf"]
    np.testing.assert_allclose([*point.values, *point.kappa], 0, atol=1e-8)
    c = point.coefficients
    np.testing.assert_allclose([c["omega1"], c["omega2"]], [3, 1 + np.sqrt(2) / 4], atol=1e-8)
    real = [c[name].real for name in ("c11", "c12", "c21", "c22")]
    np.testing.assert_allclose(real, [-2, -3, 1, -4], atol=1e-7)
    np.testing.assert_allclose([c["theta"], c["delta"]], [0.75, -0.5], atol=1e-7)


@pytest.mark.slow
def test_morris_lecar():
    """D8: four Bogdanov-Takens points and two cusps in (I, v3)."""
    V, w, current, v3 = sympy.symbols("V w I v3")
    m_inf, w_inf = (1 + sympy.tanh((V + sympy.Float("1.2")) / 18)) / 2, (1 + sympy.tanh((V - v3) / 30)) / 2
    ionic = current - 2 * (V + 60) - sympy.Float("4.4") * m_inf * (V - 120) - 8 * w * (V + 84)
    right = [ionic / 20, (w_inf - w) * sympy.cosh((V - v3) / 60) / 25]
    taken, cusps = set(), set()
    for at in (2.0, 12.0, -45.0):
        field = compile_field(System(right, [V, w], parameters={"I": 0.0, "v3": at}))
        low = find_fixed_points(field.with_values(I=-300.0), box=[[-300, 60], [0, 1]])[0]
        branch = continue_branch(field.with_values(I=-300.0), low, "I", (-300, 800))
        for special in branch.special_points:
            if special.kind in ("fold", "Hopf"):
                curve = continue_curve(field, special, "v3", (-80, 80), (-300, 800))
                for p in curve.special_points:
                    place = tuple(np.round(p.values, 5))
                    taken |= {place} if p.kind == "Bogdanov-Takens" else set()
                    cusps |= {place} if p.kind == "cusp" else set()
    expected = [(-227.131888, 69.7557371), (48.2259389, 21.7341433), (487.997703, -51.7774285),
                (519.6253648, -63.4019015)]  # fmt: skip
    np.testing.assert_allclose(sorted(taken), expected, atol=2e-5)
    np.testing.assert_allclose(sorted(cusps), [(92.1052301, 6.418208), (457.907768, -37.1086306)], atol=2e-5)


@pytest.mark.parametrize("phi", ["erf", "tanh"])
def test_pitchforks_of_a_network_in_two_covariances(phi):
    """D11: gain sigma_mn = 1, whatever sigma_mm: a curve of pitchforks that stays one."""
    field = compile_field(mean_field(problems.rank_one_populations(0.5, phi)))
    pitchfork = first(continue_branch(field, [0.0], "sigma_mn", (0.2, 3)), "pitchfork")
    curve = continue_curve(field, pitchfork, "gain", (0.5, 2), (0.2, 3))
    assert curve.kind == "branch point" and curve.special_points == () and curve.valid.all()
    np.testing.assert_allclose(curve.values.prod(axis=1), 1, atol=1e-11)
    assert curve.values[:, 1].min() == 0.5 and curve.values[:, 1].max() == 2


def test_what_unfolds_a_pitchfork_is_refused():
    """x' = mu + lam x - x^3: mu parts the branches."""
    field = problems.cusp(0.0, 0.5)
    pitchfork = first(continue_branch(field, [0.0], "lam", (-1, 1)), "pitchfork")
    with pytest.raises(InputError, match="unfolds the branch point"):
        continue_curve(field, pitchfork, "mu", (-1, 1))


def test_refusals():
    field = problems.cusp(-1.0)
    fold = first(continue_branch(field, [-1.3], "mu", (-1, 1)), "fold")
    for arguments, words in (
        ((fold, "mu", (-1, 1)), "point's own"), ((fold, "nu", (-1, 1)), "'nu'; it has mu, lam"),
        ((fold, "lam", (2, 3)), "outside"), ((3, "lam", (0, 1)), "can be followed"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            continue_curve(field, *arguments)
    with pytest.raises(InputError, match="values and inputs"):
        continue_curve(field.with_values(lam=0.7), fold, "lam", (-1, 1))
