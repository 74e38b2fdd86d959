"""Diagrams in two parameters of systems with mirror images, and of cycles that no Hopf point bears."""

import numpy as np
import pytest

from dynsys.analysis import (
    bifurcation_diagram,
    compile_field,
    continue_curve,
    find_cycles,
    two_parameter_diagram,
)
from dynsys.plotting import plot_two_parameters
from dynsys.plotting.style import new_figure
from dynsys.symbolic import System
from tasks import InputError, Status


def rings(radial, turn="1", **values):
    """r' = r radial(r^2), theta' = turn."""
    radial = radial.replace("s", "(x^2 + y^2)")
    text = f"x' = x ({radial}) - y ({turn}); y' = y ({radial}) + x ({turn})"
    return compile_field(System.from_text(text + "".join(f"; {k} = {v}" for k, v in values.items())))


def takens_bogdanov(**values):
    """x' = y, y' = a x + b y - x^3 - x^2 y (Guckenheimer & Holmes 1983, section 7.3)."""
    given = {"a": 0.1, "b": 0.1} | values
    text = "; ".join(f"{k} = {v}" for k, v in given.items())
    return compile_field(System.from_text(f"x' = y; y' = a x + b y - x^3 - x^2 y; {text}"))


@pytest.mark.slow
def test_one_of_two_homoclinic_orbits_that_are_mirror_images_is_listed():
    """Near the Bogdanov-Takens point b = 4/5 a, and the cycles around both fold at b = 0.752 a."""
    diagram = two_parameter_diagram(takens_bogdanov(), ("a", "b"), ((-0.2, 0.4), (-0.2, 0.4)), lines=3)
    kinds = ["Hopf", "Hopf", "branch point", "fold of cycles", "homoclinic"]
    assert sorted(curve.kind for curve in diagram.curves) == kinds
    (loop,) = (curve for curve in diagram.curves if curve.kind == "homoclinic")
    (fold,) = (curve for curve in diagram.curves if curve.kind == "fold of cycles")
    np.testing.assert_array_equal(loop.images, [-np.eye(2)])
    assert "homoclinic in a, b" in repr(loop) and "one of 2 that are mirror images" in repr(loop)
    assert len(fold.images) == 0 and "mirror" not in repr(fold)
    for curve, slope in ((loop, 0.8), (fold, 0.7523)):
        near = curve.values[(0.001 < curve.values[:, 0]) & (curve.values[:, 0] < 0.01)]
        np.testing.assert_allclose(near[:, 1] / near[:, 0], slope, atol=1e-3)
    assert {region.label for region in diagram.regions if region.area > 0.01} == {
        "1 stable point",
        "1 stable cycle, 1 unstable point",
        "1 stable cycle, 1 saddle, 2 unstable points",
        "2 stable points, 1 saddle",
        "2 stable points, 1 stable cycle, 1 saddle, 2 unstable cycles",
    }
    assert all(region.checked for region in diagram.regions)
    labels = plot_two_parameters(diagram, new_figure()[1]).get_legend_handles_labels()[1]
    assert "homoclinic (mirror images)" in labels and "fold of cycles" in labels


def test_one_loop_of_a_figure_of_eight_is_followed():
    """The cycle around both ends on both loops at once."""
    field = takens_bogdanov()
    families = bifurcation_diagram(field, "a", (-0.2, 0.2)).cycles
    both = max(families, key=lambda family: np.ptp(family.high[-1] - family.low[-1]))
    (point,) = (point for point in both.special_points if point.kind == "homoclinic")
    assert (point.low < -0.05).all() and (point.high > 0.05).all()
    curve = continue_curve(field, point, "b", (0.05, 0.15), (-0.2, 0.2))
    assert (curve.orbits[..., 0].max() < 1e-3) != (curve.orbits[..., 0].min() > -1e-3)
    at = np.interp(0.1, *curve.values[np.argsort(curve.values[:, 1]), ::-1].T)
    assert at == pytest.approx(0.12473, abs=1e-4)


def test_cycles_that_no_hopf_point_bears():
    """r^2 = 1 -+ sqrt(a + b): from a + b = 0 on two cycles, up to a + b = 1 where one shrinks to a point."""
    field = rings("a + b - (s - 1)^2", a=0, b=0)
    diagram = two_parameter_diagram(field, ("a", "b"), ((-0.6, 0.4), (-0.3, 0.3)), lines=3)
    (fold,) = diagram.curves
    assert fold.kind == "fold of cycles" and fold.ends == (Status.REACHED_SPAN,) * 2
    np.testing.assert_allclose(fold.values.sum(axis=1), 0, atol=1e-9)
    one, two = diagram.regions
    assert (one.label, two.label) == ("1 stable point", "1 stable point, 1 stable cycle, 1 unstable cycle")
    assert one.area == pytest.approx(0.6, abs=0.01) and two.area == pytest.approx(0.4, abs=0.01)
    assert one.checked and two.checked and "that starts there settle on" in diagram.message


@pytest.mark.slow
def test_cycles_between_a_fold_of_cycles_and_a_saddle_node_on_a_circle():
    """r = 1 +- sqrt(b) (b < 1/4), theta' = a - sin theta: cycles where a > 1 and b > 0."""
    field = rings("b - (s - 1)^2", "a - y", a=1.5, b=0.1)
    diagram = two_parameter_diagram(field, ("a", "b"), ((1.3, 2), (-0.2, 0.2)), lines=2)
    (fold,) = (curve for curve in diagram.curves if curve.kind == "fold of cycles")
    np.testing.assert_allclose(fold.values[:, 1], 0, atol=1e-9)
    for region in diagram.regions:
        assert region.checked
        assert region.counts.get("stable cycle", 0) == (region.place[1] > 0)


@pytest.mark.slow
def test_an_island_of_cycles():
    """(r^2 - 1)^2 = 0.1 - a^2 - b^2: cycles in a disc, whose edge is a closed curve of folds."""
    field = rings("0.1 - a^2 - b^2 - (s - 1)^2", a=0, b=0)
    diagram = two_parameter_diagram(field, ("a", "b"), ((-0.5, 0.7), (-0.6, 0.5)), lines=3)
    (fold,) = diagram.curves
    assert fold.status is Status.CLOSED_LOOP
    np.testing.assert_allclose((fold.values**2).sum(axis=1), 0.1, atol=1e-8)
    outside, inside = diagram.regions
    assert inside.area == pytest.approx(np.pi * 0.1 / (1.2 * 1.1), abs=0.015)
    assert inside.label == "1 stable point, 1 stable cycle, 1 unstable cycle"
    assert outside.label == "1 stable point"


@pytest.mark.slow
def test_curves_are_looked_for_again_where_a_region_has_two_faces():
    """One line each way misses the disc; its places do not."""
    field = rings("0.1 - (a - 0.6)^2 - (b - 0.6)^2 - (s - 1)^2", a=0, b=0)
    window = ("a", "b"), ((-0.8, 1.0), (-0.8, 1.0))
    diagram = two_parameter_diagram(field, *window, lines=1)
    assert [curve.kind for curve in diagram.curves] == ["fold of cycles"]
    assert "2 of 2 regions" in diagram.message and len(diagram.regions) == 2
    without = two_parameter_diagram(field, *window, lines=1, cycle_curves=False)
    (region,) = without.regions
    assert not region.checked and "; elsewhere 1 stable point, 1 stable cycle" in region.label
    ((a, b),) = region.elsewhere
    assert (a - 0.6) ** 2 + (b - 0.6) ** 2 < 0.1


def test_cycles_close_to_each_other_and_small_ones_are_seen():
    """A region of capture must not hold both; and a return is close next to the cycle, not to the box."""
    close = rings("a - (s - 1)^2", a=0.0423)
    assert sorted(c.kind for c in find_cycles(close)) == ["stable cycle", "unstable cycle"]
    small = rings("a + 0.766 s - s^2", a=-0.00314)
    radii = sorted(np.ptp(cycle.points[:, 0]) / 2 for cycle in find_cycles(small))
    np.testing.assert_allclose(np.square(radii), [0.0041222, 0.7618778], rtol=2e-3)


def test_a_hopf_curve_is_drawn_up_to_the_point_where_it_ends():
    field = takens_bogdanov()
    diagram = two_parameter_diagram(field, ("a", "b"), ((-1, 1), (-1, 1)), lines=1, cycles=False)
    (curve,) = (curve for curve in diagram.curves if curve.kind == "Hopf" and not curve.valid.all())
    drawn = curve.drawn[np.isfinite(curve.drawn).all(axis=1)]
    np.testing.assert_allclose(drawn[:, 0].max(), 0, atol=1e-9)
    assert np.isnan(curve.drawn).any()


@pytest.mark.parametrize(
    ("spans", "more", "said"),
    [
        (((0, np.nan), (0, 1)), {}, "of 'a': span: 1 of 2 entries is not finite"),
        (((0, 1), (1, 0)), {}, "of 'b': span: needs low < high"),
        (((0, 1), (0, 1)), {"cycles": "yes"}, "cycles: got 'yes'"),
        (((0, 1), (0, 1)), {"cycle_curves": 2.5}, "cycle_curves: got 2.5"),
        (((0, 1), (0, 1)), {"lines": 0}, "lines: expected a whole number"),
    ],
)
def test_what_is_wrong_is_said_of_which(spans, more, said):
    with pytest.raises(InputError, match=said):
        two_parameter_diagram(takens_bogdanov(), ("a", "b"), spans, **more)


@pytest.mark.slow
def test_double_zeros_and_continua_of_the_symmetries_of_a_square():
    """x' = x (a - x^2 - b y^2) and x <-> y: both eigenvalues vanish at a = 0, a circle of points at b = 1."""
    text = "x' = x (a - x^2 - b y^2); y' = y (a - y^2 - b x^2); a = 1; b = 0.5"
    field = compile_field(System.from_text(text))
    diagram = two_parameter_diagram(field, ("a", "b"), ((-1, 1), (0.2, 2)), lines=2, cycles=False)
    for region in diagram.regions:
        counts = {"stable point": 1}
        if region.place[0] > 0:
            counts = {"stable point": 4, "saddle": 4, "unstable point": 1}
        assert region.counts == counts and region.checked
    assert len(diagram.regions) == 3 and {curve.kind for curve in diagram.curves} == {"branch point"}
