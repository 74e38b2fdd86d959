"""Curves of cycle events in two parameters, against flows whose curves are known by construction."""

import signal

import numpy as np
import problems
import pytest
import sympy
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from dynsys.analysis import (
    Cycle,
    compile_field,
    continue_branch,
    continue_curve,
    continue_cycles,
    find_cycles,
    find_fixed_points,
)
from dynsys.analysis.cycle_event_curve import EventSystem
from dynsys.symbolic import System
from tasks import InputError, Status


def bautin(b1=-0.3, b2=0.8):
    """r' = r (b1 + b2 r^2 - r^4), theta' = 1: cycles fold on b1 = -b2^2 / 4, from the Bautin point (0, 0)."""
    x, y, p, q = sympy.symbols("x y b1 b2")
    grow = p + q * (x**2 + y**2) - (x**2 + y**2) ** 2
    return problems.field([x * grow - y, y * grow + x], "x y", b1=b1, b2=b2)


def twisted(matrix, cubic, **values):
    """Around the circle r = 1, theta' = 1, a frame that makes half a turn a turn: s' = A s + cubic s |s|^2.

    With q = (r - 1, z) = R(theta / 2) s the flow is smooth: the symmetric traceless part of A turns with
    theta. The multipliers of the circle are those of -exp(2 pi A).
    """
    x, y, z = sympy.symbols("x y z")
    r = sympy.sqrt(x**2 + y**2)
    u, cos, sin = r - 1, x / r, y / r
    (a, b), (c, d) = matrix
    mean, turn, s1, s2 = (a + d) / 2, (b - c) / 2, (a - d) / 2, (b + c) / 2
    t1, t2 = s1 * cos - s2 * sin, s1 * sin + s2 * cos
    damp = cubic * (u**2 + z**2)
    du = (mean + t1 + damp) * u + (t2 + turn - sympy.Rational(1, 2)) * z
    dz = (t2 - turn + sympy.Rational(1, 2)) * u + (mean - t1 + damp) * z
    return problems.field([du * cos - y, du * sin + x, dz], "x y z", **values)


def plain(mu, omega, cubic, **values):
    """Around the same circle w = r - 1 + i z turns by itself: w' = (mu + i omega) w + cubic w |w|^2."""
    x, y, z = sympy.symbols("x y z")
    r = sympy.sqrt(x**2 + y**2)
    u = r - 1
    grow = mu + cubic * (u**2 + z**2)
    du, dz = grow * u - omega * z, grow * z + omega * u
    return problems.field([du * x / r - y, du * y / r + x, dz], "x y z", **values)


def morris_lecar():
    """D8, with v3 as a second parameter."""
    return compile_field(System.from_text("""
        C dV/dt = I - 2 (V + 60) - 4.4 m(V) (V - 120) - 8 w (V + 84)
        dw/dt = 0.04 (W(V) - w) cosh((V - v3)/60)
        m(V) = (1 + tanh((V + 1.2)/18))/2
        W(V) = (1 + tanh((V - v3)/30))/2
        C = 20, v3 = 2, I = 0
    """))  # fmt: skip


def circle():
    time = np.linspace(0, 2 * np.pi, 161)
    points = np.column_stack([np.cos(time), np.sin(time), 0 * time])
    return Cycle(points, time, 2 * np.pi, [1, 0.5, 0.5], "stable cycle")


def first(branch, kind):
    return next(point for point in branch.special_points if point.kind == kind)


def test_folds_of_cycles_end_at_the_bautin_point():
    """The curve b1 = -b2^2 / 4 exactly, and the Bautin point with the l2 that it has in Cartesian form."""
    field = bautin()
    (hopf,) = continue_branch(field, [0, 0], "b1", (-0.5, 0.5)).special_points
    fold = first(continue_cycles(field, hopf, "b1", (-0.5, 0.5)), "fold of cycles")
    curve = continue_curve(field, fold, "b2", (-1, 2), (-0.5, 0.5))
    assert curve.kind == "fold of cycles" and curve.parameters == ("b1", "b2")
    np.testing.assert_allclose(curve.values[:, 0], -(curve.values[:, 1] ** 2) / 4, atol=1e-12)
    assert curve.values[-1, 0] == pytest.approx(-0.5, abs=1e-12)  # the end of the span
    assert set(curve.ends) == {Status.HOPF_POINT, Status.REACHED_SPAN} and curve.status.ok
    (point,) = curve.special_points
    assert point.kind == "Bautin" and np.abs(point.values).max() < 1e-10
    assert point.coefficients["l2"] < 0
    np.testing.assert_allclose(curve.periods, 2 * np.pi, rtol=1e-9)
    cycle = curve.cycle(len(curve) // 2)
    radius = np.sqrt(curve.values[len(curve) // 2, 1] / 2)
    np.testing.assert_allclose(np.linalg.norm(cycle.points, axis=1), radius, rtol=1e-6)
    np.testing.assert_allclose(curve.eigenvalues[5:-5], 1.0, atol=1e-5)


def test_cusp_of_cycles():
    """r' = r f(s), f = b1 + b2 (s - 1) - (s - 1)^3 in s = r^2: folds at 27 b1^2 = 4 b2^3, cusp at (0, 0)."""
    x, y, p, q = sympy.symbols("x y b1 b2")
    s = x**2 + y**2 - 1
    grow = p + q * s - s**3
    field = problems.field([x * grow - y, y * grow + x], "x y", b1=-0.05, b2=0.3)
    time = np.linspace(0, 2 * np.pi, 161)
    (s,) = (root for root in np.roots([-1, 0, 0.3, -0.05]).real if root < -0.4)
    points = np.sqrt(1 + s) * np.column_stack([np.cos(time), np.sin(time)])
    branch = continue_cycles(
        field, Cycle(points, time, 2 * np.pi, [1, 0.5], "stable cycle"), "b1", (-0.2, 0.2)
    )
    folds = [point for point in branch.special_points if point.kind == "fold of cycles"]
    assert len(folds) == 2
    curve = continue_curve(field, folds[0], "b2", (-0.1, 0.5), (-0.2, 0.2))
    np.testing.assert_allclose(27 * curve.values[:, 0] ** 2, 4 * curve.values[:, 1] ** 3, atol=1e-9)
    (cusp,) = curve.special_points
    assert cusp.kind == "cusp of cycles" and np.abs(cusp.values).max() < 1e-7
    assert curve.ends == (Status.REACHED_SPAN,) * 2 and curve.values[0, 0] * curve.values[-1, 0] < 0


def test_period_doublings_and_where_they_change_side():
    """A = diag(p - q^2, -1): multiplier -exp(2 pi (p - q^2)); the cubic coefficient of a is q - 0.3."""
    p, q = sympy.symbols("p q")
    field = twisted([[p - q**2, 0], [0, -1]], q - sympy.Rational(3, 10), p=-0.2, q=0.1)
    branch = continue_cycles(field, circle(), "p", (-0.5, 0.5))
    doubling = first(branch, "period doubling")
    assert doubling.value == pytest.approx(0.01, abs=1e-9)
    curve = continue_curve(field, doubling, "q", (-0.6, 0.6), (-0.5, 0.5))
    np.testing.assert_allclose(curve.values[:, 0], curve.values[:, 1] ** 2, atol=1e-9)
    assert curve.ends == (Status.REACHED_SPAN,) * 2
    (point,) = curve.special_points
    assert point.kind == "generalized period doubling"
    np.testing.assert_allclose(point.values, [0.09, 0.3], atol=1e-7)


@pytest.mark.slow
def test_torus_points_and_their_resonances():
    """mu = p - q^2, omega = 0.2 + 0.1 q: 1:4 resonance at q = 0.5, Chenciner at -0.3."""
    p, q = sympy.symbols("p q")
    tenth = sympy.Rational(1, 10)
    field = plain(p - q**2, 2 * tenth + q * tenth, -q - 3 * tenth, p=-0.2, q=0.1)
    torus = first(continue_cycles(field, circle(), "p", (-0.5, 0.5)), "torus")
    curve = continue_curve(field, torus, "q", (-0.6, 0.6), (-0.5, 0.5))
    assert curve.kind == "torus"
    np.testing.assert_allclose(curve.values[:, 0], curve.values[:, 1] ** 2, atol=1e-9)
    found = {point.kind: point for point in curve.special_points}
    assert set(found) == {"1:4 resonance", "Chenciner"}
    np.testing.assert_allclose(found["1:4 resonance"].values, [0.25, 0.5], atol=1e-7)
    np.testing.assert_allclose(found["Chenciner"].values, [0.09, -0.3], atol=1e-6)


@pytest.mark.slow
def test_torus_curve_ends_where_it_meets_the_period_doubling():
    """A = [[0, 1], [b1, b2]]: torus points at b2 = 0 > b1, period doublings at b1 = 0."""
    b1, b2 = sympy.symbols("b1 b2")
    field = twisted([[0, 1], [b1, b2]], 0 * b1 - 1, b1=-0.05, b2=-0.1)
    torus = first(continue_cycles(field, circle(), "b2", (-0.2, 0.2)), "torus")
    curve = continue_curve(field, torus, "b1", (-0.1, 0.1), (-0.2, 0.2))
    np.testing.assert_allclose(curve.values[:, 0], 0, atol=1e-9)
    assert Status.RESONANCE in curve.ends
    resonance = next(point for point in curve.special_points if point.kind == "1:2 resonance")
    np.testing.assert_allclose(resonance.values, 0, atol=1e-5)
    doubling = first(continue_cycles(field, circle(), "b1", (-0.2, 0.2)), "period doubling")
    other = continue_curve(field, doubling, "b2", (-0.3, 0.3), (-0.2, 0.2))
    np.testing.assert_allclose(other.values[:, 0], 0, atol=1e-9)
    (meets,) = (point for point in other.special_points if point.kind == "1:2 resonance")
    np.testing.assert_allclose(meets.values, 0, atol=1e-7)


@pytest.mark.slow
def test_lorenz_period_doublings_agree_with_branches_of_cycles():
    """D7: doubling at rho = 229.4067; at the ends of the curve in (rho, sigma) branches have it too."""
    x, y, z, rho, sigma = sympy.symbols("x y z rho sigma")
    right = [sigma * (y - x), x * (rho - z) - y, x * y - sympy.Rational(8, 3) * z]
    field = problems.field(right, "x y z", rho=280.0, sigma=10.0)
    cycle = next(each for each in find_cycles(field, rng=0) if each.stable)
    doubling = first(continue_cycles(field, cycle, "rho", (220, 290)), "period doubling")
    assert doubling.value == pytest.approx(229.4067, abs=1e-4)
    curve = continue_curve(field, doubling, "sigma", (8, 12), (100, 500))
    assert curve.ends == (Status.REACHED_SPAN,) * 2
    for k in (0, -1):
        at, sigma = curve.values[k]
        there = field.with_values(rho=at, sigma=sigma)
        found = first(continue_cycles(there, curve.cycle(k), "rho", (at - 3, at + 3)), "period doubling")
        assert found.value == pytest.approx(at, abs=1e-5)


@pytest.mark.slow
def test_morris_lecar_folds_agree_with_branches_of_cycles():
    """D8: folds of cycles at I = 88.2933 and 216.900; at other v3 branches have them where the curve is."""
    field = morris_lecar()
    start = find_fixed_points(field)[0].kappa
    hopf = continue_branch(field, start, "I", (0, 300)).special_points[0]
    branch = continue_cycles(field, hopf, "I", (0, 300))
    folds = sorted(point.value for point in branch.special_points if point.kind == "fold of cycles")
    assert folds == pytest.approx([88.2933, 216.900], abs=1e-3)
    point = first(branch, "fold of cycles")
    for target in (-3.0, 6.0):
        there = field.with_values(v3=target)
        hopf = continue_branch(there, find_fixed_points(there)[0].kappa, "I", (0, 400)).special_points[0]
        family = continue_cycles(there, hopf, "I", (0, 400))
        found = [each.value for each in family.special_points if each.kind == "fold of cycles"]
        curve = continue_curve(field, point, "v3", (min(2, target), max(2, target)), (50, 350))
        at = np.abs(curve.values[:, 1] - target).argmin()
        assert curve.values[at, 1] == pytest.approx(target, abs=1e-9) and curve.status.ok
        assert min(abs(value - curve.values[at, 0]) for value in found) < 1e-5


@pytest.mark.parametrize("call", [1, 4, 8, 14, 20])
def test_ctrl_c_keeps_what_was_followed(monkeypatch, call):
    field = bautin()
    (hopf,) = continue_branch(field, [0, 0], "b1", (-0.5, 0.5)).special_points
    fold = first(continue_cycles(field, hopf, "b1", (-0.5, 0.5)), "fold of cycles")
    whole = continue_curve(field, fold, "b2", (-1, 2), (-0.5, 0.5))
    solve, calls = EventSystem.solve, []

    def pressing(self, *arguments):
        found = solve(self, *arguments)
        calls.append(call)
        if len(calls) == 2 + call:  # the first two find the start
            signal.raise_signal(signal.SIGINT)
        return found

    monkeypatch.setattr(EventSystem, "solve", pressing)
    curve = continue_curve(field, fold, "b2", (-1, 2), (-0.5, 0.5))
    assert curve.status is Status.INTERRUPTED and 1 <= len(curve) <= len(whole)
    np.testing.assert_allclose(curve.values[:, 0], -(curve.values[:, 1] ** 2) / 4, atol=1e-12)
    assert "interrupted" in curve.message


def test_limits_are_kept():
    field = bautin()
    (hopf,) = continue_branch(field, [0, 0], "b1", (-0.5, 0.5)).special_points
    fold = first(continue_cycles(field, hopf, "b1", (-0.5, 0.5)), "fold of cycles")
    short = continue_curve(field, fold, "b2", (-1, 2), (-0.5, 0.5), max_points=3)
    assert len(short) == 5 and short.status is Status.MAX_STEPS


def test_wrong_points_are_refused():
    field = bautin()
    (hopf,) = continue_branch(field, [0, 0], "b1", (-0.5, 0.5)).special_points
    branch = continue_cycles(field, hopf, "b1", (-0.5, 0.5), marks=[0.2])
    with pytest.raises(InputError, match="got mark"):
        continue_curve(field, first(branch, "mark"), "b2", (-1, 2))
    fold = first(branch, "fold of cycles")
    with pytest.raises(InputError, match="the point's own"):
        continue_curve(field, fold, "b1", (-1, 2))
    with pytest.raises(InputError, match="outside"):
        continue_curve(field, fold, "b2", (1, 2))
    with pytest.raises(InputError, match="at which it was found"):
        continue_curve(field.with_values(b2=1.5), fold, "b2", (-1, 2))


def leaf(a=-0.3, m=0.05, z=None):
    """Sandstede (1997): x^2 (1 - x) = y^2 is a homoclinic orbit of 0 at m = 0, whatever a is.

    With z its third coordinate is z' = z (c - x), which leaves z = 0 alone.
    """
    x, y, w, p, q = sympy.symbols("x y w a m")
    fx = p * x + y - p * x**2 + q * x * (2 - 3 * x)
    fy = x + p * y - sympy.Rational(3, 2) * x**2 - sympy.Rational(3, 2) * p * x * y - 2 * q * y
    if z is None:
        return problems.field([fx, fy], "x y", a=a, m=m)
    return problems.field([fx, fy, w * (z - x)], "x y w", a=a, m=m)


def homoclinic(field, start, parameter, span):
    """The last cycle of the branch from the first Hopf point."""
    hopf = first(continue_branch(field, start, parameter, span), "Hopf")
    return first(continue_cycles(field, hopf, parameter, span), "homoclinic")


def test_homoclinic_curve_of_a_leaf_is_exact():
    field = leaf()
    point = homoclinic(field, [0.66, 0.07], "m", (-0.1, 0.1))
    curve = continue_curve(field, point, "a", (-0.7, 0.7), (-0.1, 0.1))
    assert curve.kind == "homoclinic" and curve.ends == (Status.REACHED_SPAN,) * 2
    assert np.abs(curve.values[:, 0]).max() < 1e-8 and np.ptp(curve.values[:, 1]) > 1.3999
    np.testing.assert_allclose(curve.kappa, 0, atol=1e-9)
    x, y = np.moveaxis(curve.orbits[:, ::4], 2, 0)
    assert np.abs(x**2 * (1 - x) - y**2).max() < 1e-5
    (neutral,) = curve.special_points  # eigenvalues a +- 1
    assert neutral.kind == "neutral saddle" and np.abs(neutral.values).max() < 1e-8
    with pytest.raises(InputError, match="no cycles"):
        curve.cycle(0)


@pytest.mark.slow
def test_homoclinic_curve_in_three_dimensions():
    """Stable directions besides (c = -1.5) and unstable ones (the flow backwards) do not move the curve."""
    field = leaf(z=-1.5)
    point = homoclinic(field, [0.66, 0.07, 0.0], "m", (-0.1, 0.1))
    curve = continue_curve(field, point, "a", (-0.6, 0.4), (-0.1, 0.1))
    assert curve.status.ok and np.abs(curve.values[:, 0]).max() < 1e-8
    assert np.ptp(curve.values[:, 1]) > 0.9999
    assert (np.sort(curve.eigenvalues.real, axis=1)[:, 1] < 0).all()


def separatrix_gap(b1, b2):
    """D4: where the saddle's separatrices cross y = 0 again, by shooting (x of one less x of the other)."""
    saddle = -np.sqrt(b1)
    flow = lambda t, u: [u[1], b1 + b2 * u[1] - u[0] ** 2 + u[0] * u[1]]  # noqa: E731
    values, vectors = np.linalg.eig([[0, 1], [-2 * saddle, b2 + saddle]])
    crossing = lambda t, u: u[1]  # noqa: E731
    crossing.terminal = True
    found = []
    for k, sign in ((values.argmax(), 1), (values.argmin(), -1)):
        vector = vectors[:, k] * np.sign(vectors[0, k])
        start = [saddle + 1e-6 * vector[0], 1e-6 * vector[1]]
        crossing.direction = -np.sign(vector[1])
        path = solve_ivp(flow, (0, sign * 200), start, events=crossing, rtol=1e-11, atol=1e-13)
        found.append(path.y_events[0][0][0])
    return found[0] - found[1]


def test_homoclinic_curve_from_a_bogdanov_takens_point():
    """D4: it begins at (0, 0) with b1 = 49/25 b2^2 + O(b2^3); elsewhere where the separatrices close."""
    field = problems.bogdanov_takens(0.1, -0.5)
    point = homoclinic(field, [0.316, 0.0], "b1", (0.05, 1))
    curve = continue_curve(field, point, "b2", (-1, 0.5), (-0.2, 5))
    takens = curve.special_points[-1] if curve.ends[1] is Status.BOGDANOV_TAKENS else curve.special_points[0]
    assert takens.kind == "Bogdanov-Takens" and np.abs(takens.values).max() < 1e-9
    b1, b2 = curve.values[np.abs(curve.values[:, 1]) > 1e-6].T
    near = np.abs(b2) < 0.3
    fit = np.polyfit(np.abs(b2[near]), (b1 / b2**2)[near], 3)
    # b1 = 4 e^4, b2 = -(10/7 + 288/2401 e^2 + ..) e^2 (Al-Hdaibat, Govaerts, Kuznetsov & Meijer 2016).
    assert fit[-1] == pytest.approx(49 / 25, abs=1e-4)
    assert fit[-2] == pytest.approx(-2 * 49 / 25 * (288 / 2401) * (7 / 10) ** 2, rel=0.03)
    for k in (np.abs(b2).argmax(), np.abs(b2 + 0.2).argmin()):
        exact = brentq(separatrix_gap, 0.98 * b1[k], 1.02 * b1[k], args=(b2[k],), xtol=1e-12)
        assert b1[k] == pytest.approx(exact, rel=1e-7)
