"""Cycles in bifurcation diagrams: every family once, and what is drawn of it."""

import json

import matplotlib
import numpy as np
import problems
import pytest
import sympy

from dynsys.analysis import bifurcation_diagram, compile_field, continue_cycles, load_result
from dynsys.plotting import new_figure, plot_bifurcation
from dynsys.report.bifurcations import diagram_figure, write_diagram
from dynsys.symbolic import mean_field
from tasks.errors import Status


def kinds(family):
    return [point.kind for point in family.special_points]


def test_a_family_between_two_hopf_points_is_attached_once():
    diagram = bifurcation_diagram(problems.fitzhugh_nagumo(), "I", (0.0, 2.0))
    (family,) = diagram.cycles
    assert kinds(family) == ["fold of cycles", "fold of cycles", "Hopf"]
    left, right, hopf = family.special_points
    # I -> 1.75 - I with (v, w) -> (-v, 1.75 / 0.8 - w) is a symmetry; the canards make the folds steep.
    assert left.value + right.value == pytest.approx(1.75, abs=1e-5)
    assert hopf.value == pytest.approx(1.4187186625, abs=1e-8)
    middle = family.at(0.5)
    assert any(cycle.period == pytest.approx(39.47441498, rel=1e-2) for cycle in middle)
    assert "CycleBranch" in repr(diagram) and diagram.status is Status.COMPLETED
    assert bifurcation_diagram(problems.fitzhugh_nagumo(), "I", (0.0, 2.0), cycles=False).cycles == ()


def test_families_are_written_with_their_diagram(tmp_path):
    diagram = bifurcation_diagram(problems.stuart_landau(-0.5), "r", (-0.5, 1.0))
    figure = diagram_figure(diagram)
    assert len(figure.axes) == 2 and not any(ax.get_legend() for ax in figure.axes)
    (legend,) = figure.legends  # one for both coordinates
    assert [text.get_text() for text in legend.get_texts()] == ["stable", "unstable", "stable cycles", "Hopf"]
    write_diagram(diagram, tmp_path)
    assert json.loads((tmp_path / "diagram.json").read_text())["cycles"] == 1
    again = load_result(tmp_path / "diagram.npz")
    np.testing.assert_array_equal(again.cycles[0].orbits, diagram.cycles[0].orbits)


@pytest.mark.slow
def test_mirror_images_of_a_family_and_those_that_cross_are_told_apart():
    # Two copies of a Hopf normal form about z = +-1, born at r = 0 each; none is missed or doubled.
    x, y, z, r = sympy.symbols("x y z r")
    ring = r - x**2 - y**2
    field = problems.field([x * ring - y, y * ring + x, z - z**3], "x y z", r=-0.5)
    diagram = bifurcation_diagram(field, "r", (-0.5, 0.5))
    heights = sorted(round(float(family.high[-1, 2]), 6) + 0.0 for family in diagram.cycles)
    assert heights == [-1, 0, 1]
    for family in diagram.cycles:
        np.testing.assert_allclose(family.high[:, 0] ** 2, np.abs(family.values), atol=1e-8)
        assert family.stable[1:].all() == (abs(family.high[-1, 2]) > 0.5)


@pytest.mark.slow
def test_cycles_that_cross_and_double_are_followed_from_those_of_the_hopf_point():
    x, y, z, r = sympy.symbols("x y z r")
    ring = r - x**2 - y**2
    field = problems.field([x * ring - y, y * ring + x, (x**2 + y**2 - 0.25) * z - z**3], "x y z", r=-0.5)
    families = bifurcation_diagram(field, "r", (-0.5, 1.0)).cycles
    assert len(families) == 2 and kinds(families[0]) == ["branch point of cycles"]
    assert families[0].special_points[0].value == pytest.approx(0.25, abs=1e-7)
    side = families[1]
    np.testing.assert_allclose(side.high[:, 2] ** 2, side.values - 0.25, atol=1e-7)


def test_bands_are_drawn_with_dashed_edges_where_cycles_are_unstable_and_with_markers():
    field = problems.morris_lecar()
    diagram = bifurcation_diagram(field, "I", (50.0, 250.0))
    ax = plot_bifurcation(diagram, "V", ax=new_figure()[1])
    labels = ax.get_legend_handles_labels()[1]
    assert {"stable cycles", "unstable cycles", "fold of cycles", "Hopf", "stable", "unstable"} <= set(labels)
    assert sum(isinstance(c, matplotlib.collections.PolyCollection) for c in ax.collections) == 3
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert lines["stable cycles"].get_linestyle() == "-" and lines["unstable cycles"].get_linestyle() == "--"
    folds = lines["fold of cycles"]
    assert folds.get_xdata() == pytest.approx([88.29325, 216.89980] * 2, abs=1e-4)
    assert folds.get_ydata()[:2] == pytest.approx(
        [diagram.cycles[0].special_points[i].low[0] for i in (0, 1)], abs=1e-3
    )
    alone = plot_bifurcation(diagram.cycles[0], "w", ax=new_figure()[1])
    assert alone.get_ylabel() == "$w$" and alone.get_xlabel() == "$I$"


@pytest.mark.slow
def test_the_read_out_can_be_the_vertical_axis_of_cycles():
    field = compile_field(mean_field(problems.rank_two_populations([[0.9, -1.0], [1.0, 0.9]])))
    diagram = bifurcation_diagram(field, "gain", (0.5, 2.0))
    (family,) = diagram.cycles
    assert family.output_low.shape == (len(family), len(field.output_names))
    again = continue_cycles(field, diagram.special_points[0], "gain", (0.5, 2.0))
    assert again.high[-1] == pytest.approx(family.high[-1], rel=1e-7)
