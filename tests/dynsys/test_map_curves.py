"""Curves in two parameters on which a map's fixed points fold, flip or turn, against closed forms."""

import signal
from dataclasses import replace

import numpy as np
import problems
import pytest
import sympy

from dynsys.analysis import (
    SpecialPoint,
    as_map,
    continue_branch,
    continue_curve,
    reduced_field,
    two_parameter_diagram,
)
from dynsys.analysis.map_conditions import minors
from dynsys.analysis.map_curve import System
from dynsys.plotting import plot_two_parameters
from dynsys.plotting.style import new_figure
from rnn import LowRankRNN
from tasks.errors import InputError, Status


def henon(a, b):
    x, y, p, q = sympy.symbols("x y a b")
    return as_map(problems.field([1 - p * x**2 + y - x, q * x - y], "x y", a=a, b=b), 1.0)


def delayed(r, c):
    """x' = r x (1 - c x - (1 - c) y), y' = x."""
    x, y, p, w = sympy.symbols("x y r c")
    return as_map(problems.field([p * x * (1 - w * x - (1 - w) * y) - x, x - y], "x y", r=r, c=c), 1.0)


def only(field, start, parameter, span, kind):
    found = continue_branch(field, start, parameter, span).special_points
    return next(point for point in found if point.kind == kind)


def events(curve):
    return {(point.kind, *point.values.round(8)) for point in curve.special_points}


def test_folds_and_flips_of_the_henon_map():
    """Folds at a = -(1 - b)^2 / 4, flips at a = 3 (1 - b)^2 / 4; det M = -b."""
    field = henon(0.2, 0.3)
    flip = only(field, [0.9, 0.27], "a", (0.1, 1.0), "flip")
    curve = continue_curve(field, flip, "b", (-1.5, 0.9), (-1, 5))
    a, b = curve.values.T
    np.testing.assert_allclose(a, 0.75 * (1 - b) ** 2, atol=1e-10)
    assert curve.kind == "flip" and curve.valid.all() and curve.status is Status.REACHED_SPAN
    assert (b.min(), b.max()) == pytest.approx((-1.5, 0.9))
    np.testing.assert_allclose(np.abs(curve.eigenvalues + 1).min(axis=1), 0, atol=1e-9)
    assert ("1:2 resonance", 3.0, -1.0) in events(curve)  # det M = 1 there
    fold = only(field, [0.9, 0.27], "a", (-0.5, 0.3), "fold")
    curve = continue_curve(field, fold, "b", (-1.5, 0.9), (-3, 2))
    a, b = curve.values.T
    np.testing.assert_allclose(a, -0.25 * (1 - b) ** 2, atol=1e-10)
    assert events(curve) == {("1:1 resonance", -1.0, -1.0)}


def test_strong_resonances_on_the_area_preserving_line_of_the_henon_map():
    """At b = -1 all pairs have product 1, with trace 2 - 2 sqrt(1 + a)."""
    a, b = 0.7, -0.8
    field = henon(a, b)
    x = (b - 1 + np.sqrt((1 - b) ** 2 + 4 * a)) / (2 * a)
    point = only(field, [x, b * x], "b", (-1.2, -0.7), "Neimark-Sacker")
    assert point.value == pytest.approx(-1.0)
    curve = continue_curve(field, point, "a", (-0.95, 3.5), (-2, 2))
    np.testing.assert_allclose(curve.values[:, 0], -1.0, atol=1e-10)
    found = {kind: a for kind, _, a in events(curve)}
    assert found == {"1:4 resonance": 0.0, "1:3 resonance": 1.25, "1:2 resonance": 3.0}
    assert not curve.valid[curve.values[:, 1] > 3.01].any() and curve.valid[curve.values[:, 1] < 2.99].all()


def test_a_delayed_map_where_its_curves_meet():
    """Neimark-Sacker at r = 1 + 1 / (1 - c), flip at r = 1 + 2 / (2 c - 1); both at c = 3/4, r = 5."""
    field = delayed(1.5, 0.2)
    circle = only(field, [1 / 3, 1 / 3], "r", (1.2, 4.0), "Neimark-Sacker")
    curve = continue_curve(field, circle, "c", (0.0, 0.7), (1.1, 6))
    r, c = curve.values.T
    np.testing.assert_allclose(r, 1 + 1 / (1 - c), atol=1e-9)
    # trace 1 - c / (1 - c): -1 at c = 2/3, 0 at c = 1/2
    assert {("1:3 resonance", 4.0, round(2 / 3, 8)), ("1:4 resonance", 3.0, 0.5)} <= events(curve)
    assert curve.special_points[0].coefficients["theta"] > 0
    field = delayed(2.0, 0.9)
    flip = only(field, [0.5, 0.5], "r", (1.5, 5.0), "flip")
    curve = continue_curve(field, flip, "c", (0.7, 1.0), (1.1, 8))
    r, c = curve.values.T
    np.testing.assert_allclose(r, 1 + 2 / (2 * c - 1), atol=1e-9)
    assert ("1:2 resonance", 5.0, 0.75) in events(curve)
    turned = curve.turned()
    assert turned.parameters == ("c", "r") and turned.special_points[0].values[0] == pytest.approx(0.75)


def test_a_flip_changes_its_kind_where_its_coefficient_vanishes():
    """x -> -(1 + a) x + b x^3 - x^5: a flip at a = 0, with the coefficient b."""
    x, a, b = sympy.symbols("x a b")
    field = as_map(problems.field([-(1 + a) * x + b * x**3 - x**5 - x], "x", a=-0.3, b=0.5), 1.0)
    flip = only(field, [0.0], "a", (-0.5, 0.5), "flip")
    curve = continue_curve(field, flip, "b", (-1, 1), (-1, 1))
    np.testing.assert_allclose(curve.values[:, 0], 0.0, atol=1e-12)
    assert events(curve) == {("generalized flip", 0.0, 0.0)}


@pytest.mark.slow
def test_a_neimark_sacker_point_changes_its_kind_at_a_chenciner_point():
    """z -> e^i z (1 + a + b |z|^2 - |z|^4)."""
    x, y, a, b = sympy.symbols("x y a b")
    s = x**2 + y**2
    grow, cosine, sine = 1 + a + b * s - s**2, sympy.Float(np.cos(1.0)), sympy.Float(np.sin(1.0))
    right = [grow * (cosine * x - sine * y) - x, grow * (sine * x + cosine * y) - y]
    field = as_map(problems.field(right, "x y", a=-0.2, b=0.5), 1.0)
    point = only(field, [0.0, 0.0], "a", (-0.5, 0.5), "Neimark-Sacker")
    curve = continue_curve(field, point, "b", (-1, 1), (-1, 1))
    (chenciner,) = curve.special_points
    assert chenciner.kind == "Chenciner"
    np.testing.assert_allclose(chenciner.values, 0.0, atol=1e-10)
    assert chenciner.coefficients["theta"] == pytest.approx(1.0)


def test_curves_of_a_network_in_steps_of_one():
    """Pitchforks where gain and overlap multiply to 1, as the flow's; flips where they multiply to -1."""
    m = np.array([1.0, -1.0, 0.5, -0.5])
    net = LowRankRNN(m, -2 * m, np.array([1.0, 1.0, -1.0, 0.5]), m)  # kappa -> -1.25 gain kappa + ...
    field = as_map(reduced_field(net), 1.0)
    flip = only(field.with_values(gain=0.3), [0.0], "gain", (0.1, 2.0), "flip")
    assert flip.value == pytest.approx(0.8)
    with pytest.raises(InputError, match="no flip"):
        continue_curve(field.with_values(gain=0.3), flip, "v", (-1, 1), inputs=0.9)
    curve = continue_curve(field, flip, "v", (-1, 1), (0.1, 3.0))
    assert curve.values[:, 0].min() == pytest.approx(0.8) and len(curve) > 10


@pytest.mark.slow
def test_regions_of_the_henon_map():
    """No fixed point below the folds, a stable one and a saddle up to the flips, then none that is stable."""
    diagram = two_parameter_diagram(henon(0.2, 0.3), ("a", "b"), ((-0.6, 1.0), (0.0, 0.5)), lines=2)
    assert sorted(curve.kind for curve in diagram.curves) == ["flip", "fold"]
    assert "fixed points are counted, no longer orbits" in diagram.message
    for region in diagram.regions:
        a, b = region.place
        stable = [count for kind, count in region.counts.items() if kind.startswith("stable")]
        assert region.checked and bool(region.counts) == (a > -0.25 * (1 - b) ** 2)
        if a != 0:
            assert sum(stable) == (-0.25 < a / (1 - b) ** 2 < 0.75)
    ax = plot_two_parameters(diagram, new_figure()[1])
    assert {"fold", "flip"} <= set(ax.get_legend_handles_labels()[1])


def test_ctrl_c_keeps_the_curve(monkeypatch):
    flip = only(henon(0.2, 0.3), [0.9, 0.27], "a", (0.1, 1.0), "flip")
    tangent, calls = System.tangent, []

    def pressing(self, y, along):
        calls.append(0)
        if len(calls) == 8:
            signal.raise_signal(signal.SIGINT)
        return tangent(self, y, along)

    monkeypatch.setattr(System, "tangent", pressing)
    curve = continue_curve(henon(0.2, 0.3), flip, "b", (-1.5, 0.9), (-1, 5))
    assert curve.status is Status.INTERRUPTED and 4 < len(curve) < 12
    np.testing.assert_allclose(curve.values[:, 0], 0.75 * (1 - curve.values[:, 1]) ** 2, atol=1e-10)


def test_what_cannot_be_followed_is_refused():
    field = henon(0.2, 0.3)
    flip = only(field, [0.9, 0.27], "a", (0.1, 1.0), "flip")
    with pytest.raises(InputError, match="of a flow can be followed, got flip"):
        continue_curve(replace(field, step=None), flip, "b", (-1, 0.9))
    with pytest.raises(InputError, match="got Hopf"):
        continue_curve(field, replace(flip, kind="Hopf"), "b", (-1, 0.9))
    line = as_map(problems.cusp(-1.0), 1.0)
    turning = SpecialPoint("Neimark-Sacker", "mu", -1.0, [0.0])
    with pytest.raises(InputError, match="one state"):
        continue_curve(line, turning, "lam", (0, 2))


def test_minors_are_bilinear():
    rng = np.random.default_rng(0)
    M, K = rng.normal(size=(2, 4, 4))
    products = np.linalg.eigvals(minors(M, M))
    values = np.linalg.eigvals(M)
    expected = [values[i] * values[j] for i in range(4) for j in range(i + 1, 4)]
    assert np.sort_complex(products) == pytest.approx(np.sort_complex(expected))
    h = 1e-6
    change = (minors(M + h * K, M + h * K) - minors(M - h * K, M - h * K)) / (2 * h)
    np.testing.assert_allclose(minors(M, K) + minors(K, M), change, atol=1e-8)
