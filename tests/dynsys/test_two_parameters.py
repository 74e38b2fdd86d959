"""Regions between curves of bifurcations, against areas and numbers that are known."""

import numpy as np
import problems
import pytest
import sympy

from dynsys.analysis import compile_field, find_cycles, two_parameter_diagram
from dynsys.analysis.field import reduced_field
from dynsys.analysis.parameter_regions import connected_pixels, describe_regions
from dynsys.plotting import plot_two_parameters
from dynsys.plotting.style import new_figure
from dynsys.symbolic import System, mean_field
from rnn import LowRankRNN
from tasks import InputError, Status

MORRIS_LECAR = """
    C dV/dt = I - g_L (V - V_L) - g_Ca m(V) (V - V_Ca) - g_K w (V - V_K)
    dw/dt = phi (W(V) - w) cosh((V - v3)/(2 v4))
    m(V) = (1 + tanh((V - v1)/v2))/2
    W(V) = (1 + tanh((V - v3)/v4))/2
    C = 20, g_L = 2, V_L = -60, g_Ca = 4.4, V_Ca = 120, g_K = 8, V_K = -84
    v1 = -1.2, v2 = 18, v3 = 2, v4 = 30, phi = 0.04, I = 90
"""


def test_regions_of_the_cusp():
    """D1: three fixed points where mu^2 < 4 lam^3 / 27, one elsewhere."""
    diagram = two_parameter_diagram(problems.cusp(), ("mu", "lam"), ((-1, 1), (-1, 1.3)), lines=3)
    outer, inner = diagram.regions
    assert (outer.label, inner.label) == ("1 stable point", "2 stable points, 1 unstable point")
    # Twice the integral of 2 (lam / 3)^(3/2) from 0 to 1.3, over the area.
    area = 2 * 2 * 0.4 * 1.3**2.5 / 3**1.5 / (2 * 2.3)
    assert inner.area == pytest.approx(area, abs=0.01) and outer.checked and inner.checked
    assert [curve.kind for curve in diagram.curves] == ["fold"]
    assert [point.kind for point in diagram.special_points] == ["cusp"]
    ax = plot_two_parameters(diagram, new_figure()[1])
    assert set(ax.get_legend_handles_labels()[1]) == {"fold", "cusp"}  # the regions have room for words
    assert [text.get_text() for text in ax.texts] == ["1 stable point", "2 stable points\n1 unstable point"]


@pytest.mark.slow
def test_regions_around_a_bogdanov_takens_point():
    """D4: none for b1 < 0; saddle and sink, or saddle and source, on both sides of b1 = b2^2 (b2 < 0)."""
    field = problems.bogdanov_takens(0.1, 0.1)
    diagram = two_parameter_diagram(field, ("b1", "b2"), ((-0.5, 1), (-1, 1)), lines=3)
    areas = {region.label: region.area for region in diagram.regions}
    assert len(areas) == len(diagram.regions) == 4 and all(region.checked for region in diagram.regions)
    assert areas["1 stable point, 1 saddle"] == pytest.approx(1 / 3 / 3, abs=0.01)
    # Stable cycles up to the homoclinic orbit, near b1 = 49/25 b2^2.
    assert 0.02 < areas["1 stable cycle, 1 saddle, 1 unstable point"] < (1 - 25 / 49 / 3) / 3
    assert {"no fixed point", "1 saddle, 1 unstable point; no stable one"} < set(areas)
    assert sorted(curve.kind for curve in diagram.curves) == ["Hopf", "fold", "homoclinic"]
    ax = plot_two_parameters(diagram, new_figure()[1])
    numbers = {text.get_text(): text.get_position() for text in ax.texts}
    handles, labels = ax.get_legend_handles_labels()
    for region in diagram.regions:  # too many for words
        key = handles[[" ".join(label.split()) for label in labels].index(region.label)].get_marker()
        assert numbers[key.strip("$")] == tuple(region.place)


def test_cycles_beyond_a_hopf_curve_are_counted():
    """D4 near b1 = b2^2, b2 < 0: beyond it a stable cycle, up to the homoclinic orbit at b1 = 49/25 b2^2."""
    field = problems.bogdanov_takens(0.1, 0.1)
    window = ("b1", "b2"), ((0.2, 0.3), (-0.52, -0.48))
    diagram = two_parameter_diagram(field, *window, lines=2)
    labels = {region.label for region in diagram.regions}
    assert labels == {"1 stable point, 1 saddle", "1 stable cycle, 1 saddle, 1 unstable point"}
    for region in diagram.regions:
        b1, b2 = region.place
        assert region.checked and region.counts.get("stable cycle", 0) == (b1 > b2**2)
    assert "not looked for" not in diagram.message and "curves of cycles are drawn" in diagram.message
    without = two_parameter_diagram(field, *window, lines=2, cycle_curves=False)
    assert "inside one region cycles may" in without.message
    blind = two_parameter_diagram(field, *window, lines=2, cycles=False)
    assert "cycles were not looked for" in blind.message
    assert {r.label for r in blind.regions} == {
        "1 stable point, 1 saddle",
        "1 saddle, 1 unstable point; no stable one",
    }


def test_cycles_beside_a_bautin_point_are_counted():
    """r' = r (b1 + b2 r^2 - r^4), theta' = 1: cycles at r^2 = b2/2 +- sqrt(b2^2/4 + b1)."""
    x, y, b1, b2 = sympy.symbols("x y b1 b2")
    s = x**2 + y**2
    grow = b1 + b2 * s - s**2
    field = problems.field([x * grow - y, y * grow + x], "x y", b1=0.1, b2=0.5)
    diagram = two_parameter_diagram(field, ("b1", "b2"), ((-0.05, 0.05), (0.5, 1)), lines=2)
    labels = {bool(region.place[0] > 0): region.label for region in diagram.regions}
    assert labels[True] == "1 stable cycle, 1 unstable point"
    assert labels[False] == "1 stable point, 1 stable cycle, 1 unstable cycle"
    # A region of capture that holds both cycles would hide the stable one.
    near = field.with_values(b1=-0.01, b2=0.6)
    assert sorted(c.kind for c in find_cycles(near)) == ["stable cycle", "unstable cycle"]
    # Cycles fold at b1 = -b2^2 / 4; without that curve its two sides are one region.
    wide = ("b1", "b2"), ((-0.5, 0.1), (0.5, 1))
    diagram = two_parameter_diagram(field, *wide, lines=2)
    assert sorted(curve.kind for curve in diagram.curves) == ["Hopf", "fold of cycles"]
    areas = {region.label: region.area for region in diagram.regions}
    assert areas["1 stable point, 1 stable cycle, 1 unstable cycle"] == pytest.approx(
        (1 - 0.5**3) / 12 / 0.3, abs=0.01
    )
    assert len(areas) == 3 and all(region.checked for region in diagram.regions)
    ax = plot_two_parameters(diagram, new_figure()[1])
    assert {"Hopf", "fold of cycles"} <= set(ax.get_legend_handles_labels()[1])
    without = two_parameter_diagram(field, *wide, lines=2, cycle_curves=False)
    (left,) = (region for region in without.regions if region.place[0] < 0)
    assert left.counts == {"stable point": 1}


def test_two_places_of_a_region_that_differ_are_said():
    """Where a curve is missing, one label would hide what is beyond it: three points off the middle."""
    labels, count = connected_pixels((), np.array([[0, 1], [0, 1]]))
    field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))

    def make(place):
        return field.with_values(gain=0.5 if np.abs(place - 0.5).max() < 0.1 else 2.0), None

    ((_, region),) = describe_regions(labels, count, np.array([[0, 1], [0, 1]]), make, False)
    assert not region.checked and region.counts == {"stable point": 1}
    assert region.label == "1 stable point; elsewhere 2 stable points, 1 unstable point"


@pytest.mark.slow
def test_regions_of_fitzhugh_and_nagumo():
    """D9 in the current and the strength of recovery: between the Hopf points it spikes."""
    v, w, current, b = sympy.symbols("v w I b")
    tau, a = sympy.Float(0.08), sympy.Float(0.7)
    field = problems.field([v - v**3 / 3 - w + current, tau * (v + a - b * w)], "v w", I=0.5, b=0.8)
    diagram = two_parameter_diagram(field, ("I", "b"), ((0.0, 1.75), (0.75, 0.85)), lines=3)
    assert sorted(curve.kind for curve in diagram.curves) == ["Hopf"] * 2 + ["fold of cycles"] * 2
    middle = max(diagram.regions, key=lambda region: region.area)
    assert middle.label == "1 stable cycle, 1 unstable point" and middle.checked
    others = [region for region in diagram.regions if region is not middle]
    assert len(others) == 2 and all(region.counts["stable point"] == 1 for region in others)
    # Folds of cycles, canards all of them, so close to the Hopf points that no pixel lies between.
    for curve in diagram.curves:
        if curve.kind == "fold of cycles":
            assert curve.ends == (Status.REACHED_SPAN,) * 2
            at = np.interp(0.8, *curve.values[np.argsort(curve.values[:, 1]), ::-1].T)
            assert min(abs(at - 0.324179), abs(at - 1.425821)) < 1e-3


@pytest.mark.slow
def test_chaos_is_told_from_rest():
    """D7: beyond the Hopf curve rho = sigma (sigma + beta + 3) / (sigma - beta - 1) nothing settles."""
    x, y, z, rho, beta = sympy.symbols("x y z rho beta")
    right = [10 * (y - x), x * (rho - z) - y, x * y - beta * z]
    field = problems.field(right, "x y z", rho=20.0, beta=8 / 3)
    diagram = two_parameter_diagram(field, ("rho", "beta"), ((0.5, 32), (2.5, 3)), lines=1)
    assert len(diagram.regions) == 4
    # The cycles that the Hopf points bear are born of a pair of homoclinic orbits.
    ends = [curve.values for curve in diagram.curves if curve.kind == "homoclinic"]
    for values in ends:
        rho = np.interp(8 / 3, *values[np.argsort(values[:, 1]), ::-1].T)
        assert rho == pytest.approx(13.9266, abs=2e-3)
    assert ends
    for region in diagram.regions:
        r, b = region.place
        expected = "1 stable point" if r < 1 else "2 stable points, 1 saddle"
        if r > 10 * (10 + b + 3) / (10 - b - 1):
            expected = "motion that does not settle, 3 saddles"
        label, _, elsewhere = region.label.partition("; elsewhere ")
        assert label == expected
        # Beside the Hopf curve, from rho = 24.06 on at beta = 8/3, chaos is stable too; it lasts long before.
        assert elsewhere in ("", "2 stable points, motion that does not settle, 1 saddle")
        assert all(place[0] > 20 for place in region.elsewhere)


def test_a_network_in_covariance_and_gain():
    """D11: two attractors where gain sigma_mn > 1."""
    field = compile_field(mean_field(problems.rank_one_populations(0.5)))
    diagram = two_parameter_diagram(field, ("sigma_mn", "gain"), ((0.3, 2), (0.3, 2)), lines=2)
    for region in diagram.regions:
        two = region.place.prod() > 1
        assert region.counts.get("stable point") == (2 if two else 1) and region.checked
    (curve,) = diagram.curves
    assert curve.kind == "branch point" and curve.parameters == ("sigma_mn", "gain")
    np.testing.assert_allclose(curve.values.prod(axis=1), 1, atol=1e-11)


def test_refusals():
    with pytest.raises(InputError, match="named twice"):
        two_parameter_diagram(problems.cusp(), ("mu", "mu"), ((-1, 1), (-1, 1)))
    with pytest.raises(InputError, match="'nu'; it has mu, lam"):
        two_parameter_diagram(problems.cusp(), ("mu", "nu"), ((-1, 1), (-1, 1)))


@pytest.mark.slow
def test_two_parameters_of_morris_and_lecar():
    """D8: curves that end at Bogdanov-Takens points, where their Jacobians are singular."""
    field = compile_field(System.from_text(MORRIS_LECAR))
    diagram = two_parameter_diagram(field, ("I", "v3"), ((-50, 120), (0, 30)))
    found = {(point.kind, *point.values.round(6)) for point in diagram.special_points}
    assert {("Bogdanov-Takens", 48.225939, 21.734143), ("cusp", 92.10523, 6.418208)} < found
    # Homoclinic orbits of a saddle end where it is a saddle-node, on a curve of folds.
    ends = [point for point in diagram.special_points if point.kind == "saddle-node homoclinic"]
    fold = next(curve for curve in diagram.curves if curve.kind == "fold")
    for point in ends:
        assert np.abs((fold.values - point.values) / [170, 30]).max(axis=1).min() < 0.02
        assert all(value == round(value, 5) for value in point.values.tolist())  # no digits that do not hold
    assert len(ends) >= 2 and {"fold of cycles", "homoclinic"} < {curve.kind for curve in diagram.curves}
    assert all(region.checked for region in diagram.regions)
    # Nothing escapes, so where no fixed point is stable there is a stable cycle (Poincare and Bendixson).
    resting = ["stable point" in region.counts for region in diagram.regions]
    firing = ["stable cycle" in region.counts for region in diagram.regions]
    assert all(rests or fires for rests, fires in zip(resting, firing)) and any(firing) and any(resting)


@pytest.mark.parametrize(
    ("names", "spans"),
    [(("r",), ((0, 1),)), ("r", ((0, 1), (0, 1))), (("r", "x", "y"), ((0, 1),) * 3), (("r", "b"), (5, 5))],
)
def test_other_than_two_parameters_with_a_span_each_is_refused(names, spans):
    field = compile_field(System.from_text("x' = r + b x - x^3; r = 0; b = 1"))
    with pytest.raises(InputError, match="expected two names and a"):
        two_parameter_diagram(field, names, spans)
