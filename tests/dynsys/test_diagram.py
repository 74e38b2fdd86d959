"""Diagrams: complete against counts on a grid, both sides of every branch point, nothing twice."""

import json
from itertools import pairwise

import numpy as np
import problems
import pytest

import rnn
from dynsys.analysis import bifurcation_diagram, compile_field, find_fixed_points, load_result, reduced_field
from dynsys.cli import main
from dynsys.plotting import plot_bifurcation
from dynsys.plotting.style import new_figure
from dynsys.report.bifurcations import diagram_figure
from dynsys.symbolic import System, mean_field
from rnn import LowRankRNN
from tasks import InputError, Status


def check_complete(field, diagram, inputs=None, box=None):
    """At places between, the diagram has exactly the fixed points that a search finds."""
    low, high = diagram.span
    for value in low + (high - low) * np.array([0.137, 0.391, 0.618, 0.873]):
        if diagram.parameter in field.parameters:
            found = find_fixed_points(field.with_values(**{diagram.parameter: value}), inputs, box=box)
        else:
            found = find_fixed_points(field, {**dict(inputs or {}), diagram.parameter: value}, box=box)
        states = diagram.at(value)
        assert len(states) == len(found)
        for point in found:
            assert np.abs(states - point.kappa).max(axis=1).min() < 1e-5


def test_isolated_branch_is_found():
    """x' = 0.01 + lam x - x^3: one stable branch, and a pair that following it never meets."""
    field = problems.cusp(0.01)
    diagram = bifurcation_diagram(field, "lam", (-1, 1))
    check_complete(field, diagram)
    assert len(diagram.branches) == 2 and diagram.status is Status.COMPLETED
    (fold,) = diagram.special_points
    np.testing.assert_allclose(fold.value, 3 * (0.01 / 2) ** (2 / 3), atol=1e-12)


def test_both_sides_of_a_pitchfork():
    field = problems.cusp()
    diagram = bifurcation_diagram(field, "lam", (-1, 1))
    check_complete(field, diagram)
    assert len(diagram.branches) == 2 and [p.kind for p in diagram.special_points] == ["pitchfork"]
    np.testing.assert_allclose(np.sort(diagram.at(0.49)[:, 0]), [-0.7, 0, 0.7], atol=1e-6)


def test_s_shape_is_one_branch():
    diagram = bifurcation_diagram(problems.cusp(), "mu", (-1, 1))
    assert len(diagram.branches) == 1
    assert [point.kind for point in diagram.special_points] == ["fold", "fold"]
    assert "1 branch;" in repr(diagram) and diagram._repr_html_().count("<tr>") == 3


def test_transcritical_branches_cross():
    field = problems.transcritical()
    diagram = bifurcation_diagram(field, "mu", (-1, 1))
    check_complete(field, diagram, box=[[-8, 8], [-8, 8]])
    kinds = [point.kind for point in diagram.special_points]
    assert len(diagram.branches) == 2 and kinds.count("transcritical") == kinds.count("fold") == 1


def test_three_branches_meet():
    """D6: extinction, prey alone, coexistence."""
    diagram = bifurcation_diagram(problems.predator_prey(), "p1", (0, 1))
    values = {p.kind: p.value for p in diagram.special_points}
    assert len(diagram.branches) == 3
    assert sum(p.kind == "transcritical" for p in diagram.special_points) == 2
    np.testing.assert_allclose([values["fold"], values["Hopf"]], [0.8329293222, 0.6715938475], atol=6e-11)


def test_along_the_gain_in_rank_two():
    """D11: diag(2, 1.5): pitchforks at 1/2 and 1/1.5, five points beyond."""
    field = compile_field(mean_field(problems.rank_two_populations(np.diag([2.0, 1.5]))))
    diagram = bifurcation_diagram(field, "gain", (0, 2))
    check_complete(field, diagram)
    pitchforks = [point.value for point in diagram.special_points if point.kind == "pitchfork"]
    np.testing.assert_allclose(pitchforks, [1 / 2, 1 / 1.5], atol=1e-11)
    assert len(diagram.branches) == 3 and len(diagram.at(1.5)) == 5


def test_a_loop_through_two_pitchforks():
    """Erf network, sigma_nI = 0: kappa = 0 and the circle kappa^2 + v^2 = (2 / pi)(sigma_mn^2 - 1)."""
    field = compile_field(mean_field(problems.rank_one_populations(1.5)))
    diagram = bifurcation_diagram(field, "v", (-1, 1))
    check_complete(field, diagram)
    radius = np.sqrt(2 / np.pi * (1.5**2 - 1))
    np.testing.assert_allclose([p.value for p in diagram.special_points], [-radius, radius], atol=1e-11)
    assert len(diagram.branches) == 2


@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_random_networks(seed):
    field = reduced_field(problems.random_network(seed, 1 + seed % 3))
    diagram = bifurcation_diagram(field, "gain", (0.2, 1.6), {"v1": 0.15})
    check_complete(field, diagram, {"v1": 0.15})
    assert diagram.inputs == {"v1": 0.15, "v2": 0.0} and diagram.status is Status.COMPLETED


def test_symmetric_networks_have_symmetric_diagrams():
    diagram = bifurcation_diagram(reduced_field(problems.random_network(0, 1)), "v1", (-1, 1))
    states, mirrored = np.sort(diagram.at(0.21)[:, 0]), np.sort(-diagram.at(-0.21)[:, 0])
    np.testing.assert_allclose(states, mirrored, atol=1e-6)
    values = np.array([point.value for point in diagram.special_points])
    np.testing.assert_allclose(np.sort(values), np.sort(-values), atol=1e-10)


def test_a_continuum_is_said():
    """A ring of fixed points beyond gain 2/3: what cannot be followed is not passed over in silence."""
    field = compile_field(mean_field(problems.rank_two_populations(1.5 * np.eye(2))))
    diagram = bifurcation_diagram(field, "gain", (0, 2))
    assert "not all fixed points are isolated" in diagram.message
    (point,) = [p for p in diagram.special_points if p.kind == "branch point"]
    np.testing.assert_allclose(point.value, 1 / 1.5, atol=1e-9)


@pytest.mark.parametrize("size", [1e-6, 1e-4, 1e4, 1e6])
@pytest.mark.parametrize("phi", ["tanh", "erf"])
def test_the_gauge_changes_no_kind(size, phi):
    """(c m, n / c) is the same network: same events at the same places, kappa / c, rank one and rank two."""
    rng = np.random.default_rng(4)
    m, z, I = rng.standard_normal((3, 60, 1))
    turn = rng.standard_normal((60, 2)) @ np.array([[0.3, 0.0], [0.0, 0.2]])
    pair = rng.standard_normal((60, 2))
    spun = 1.6 * pair @ np.array([[1.0, 0.7], [-0.7, 1.0]]) + turn
    for left, right, parameter in ((m, 1.5 * m + z, "gain"), (m, 1.5 * m + z, "v"), (pair, spun, "gain")):
        plain, other = (
            bifurcation_diagram(
                reduced_field(LowRankRNN(c * left, right / c, I, m, phi=phi)), parameter, (-0.5, 2)
            )
            for c in (1.0, size)
        )
        assert [p.kind for p in plain.special_points] == [p.kind for p in other.special_points] != []
        for ours, theirs in zip(plain.special_points, other.special_points):
            np.testing.assert_allclose(theirs.value, ours.value, atol=1e-8)
            np.testing.assert_allclose(theirs.kappa * size, ours.kappa, atol=1e-6)


def test_nothing_at_all():
    x, a = problems.sympy.symbols("x a")
    diagram = bifurcation_diagram(compile_field(System([a + x**2], [x], parameters={"a": 1.0})), "a", (1, 2))
    assert diagram.branches == () and diagram.at(1.5).shape == (0, 1) and "0 branches" in repr(diagram)


def test_refusals():
    field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    with pytest.raises(InputError, match="'g'; it has v, gain"):
        bifurcation_diagram(field, "g", (0, 1))
    with pytest.raises(InputError, match="samples"):
        bifurcation_diagram(field, "gain", (0, 1), samples=1)
    with pytest.raises(InputError, match="certify: got 'yes'; choose one of False, True"):
        bifurcation_diagram(field, "gain", (0, 1), certify="yes")
    with pytest.raises(InputError, match="certify: got 'yes'"):
        find_fixed_points(field, certify="yes")
    with pytest.raises(InputError, match="v is what the diagram goes along, from 0 to 1; it cannot be held"):
        bifurcation_diagram(field, "v", (0, 1), {"v": 0.5})


def test_published_network(published):
    """Pitchfork along the gain and both folds along the input of the published rdm network."""
    for name, fold in (("finite", 0.0704197646), ("K1_mean", 0.0578585809)):
        field = problems.published_fields(published, "rdm_lr_fig2")[name]
        (pitchfork,) = bifurcation_diagram(field, "gain", (0, 2)).special_points
        np.testing.assert_allclose(pitchfork.value, 0.755701486, atol=1e-9)
        folds = bifurcation_diagram(field, "v", (-1, 1)).special_points
        np.testing.assert_allclose([point.value for point in folds], [-fold, fold], atol=1e-9)


def test_attractors_keep_their_names():
    """S-shape: two attractors, of which either has one name along the whole parameter."""
    diagram = bifurcation_diagram(problems.cusp(), "mu", (-1, 1))
    first, second = diagram.attractors
    fold = 2 / 3**1.5
    np.testing.assert_allclose([first.low, first.high], [-1, fold], atol=1e-2)
    np.testing.assert_allclose([second.low, second.high], [-fold, 1], atol=1e-2)
    assert (first.name, second.name) == ("A1", "A2")
    assert diagram.branches[first.branch].kappa[first.points].max() < 0


def test_a_diagram_says_whether_it_is_complete():
    diagram = bifurcation_diagram(problems.cusp(), "lam", (-1, 1))
    assert diagram.complete and len(diagram.counts) == 7
    assert {count for _, count, _ in diagram.counts} == {1, 3}


def test_the_command_writes_a_diagram(tmp_path, capsys):
    """Figure, numbers, branches and LaTeX of a network's diagram along its gain."""
    m = np.ones(4)
    path = rnn.save_network(LowRankRNN(m, m, np.zeros(4), m), tmp_path / "net.npz")
    assert main(["bifurcate", str(path), "--along", "gain", "--certify", "-o", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "Supercritical pitchfork at gain = 1" in printed
    assert "proved: no other fixed points at 64 of 65 values of gain" in printed
    numbers = json.loads((tmp_path / "out" / "diagram.json").read_text())
    assert numbers["complete"] and numbers["special_points"][0]["kind"] == "pitchfork"
    assert numbers["branches"] == 2 and numbers["result"] == "diagram.npz"
    stored = tmp_path / "out" / numbers["result"]
    assert f"dynsys.load_result({str(stored)!r})" in printed
    again = load_result(stored)
    assert again.message in printed and again.special_points[0].kind == "pitchfork" and again.proof
    assert "pitchfork & $1.000000$" in (tmp_path / "out" / "special_points.tex").read_text()
    assert (tmp_path / "out" / "diagram.png").stat().st_size > 5000
    assert main(["bifurcate", str(path), "--along", "nothing", "-o", str(tmp_path / "no")]) == 2
    assert main(["bifurcate", str(path), "--input", "v", "-o", str(tmp_path / "no")]) == 2
    assert main(["bifurcate", str(path), "--along", "v", "--input", "v=1", "-o", str(tmp_path / "no")]) == 2
    assert "v is what the diagram goes along, from -1 to 1" in capsys.readouterr().err
    assert main(["bifurcate", str(path), "--input", "v=1", "--input", "v=2", "-o", str(tmp_path / "no")]) == 2
    assert "v is given twice" in capsys.readouterr().err and not (tmp_path / "no").exists()
    span = ["--along", "v", "--span", "-1e-2", "1e-2"]  # which is no option, whatever argparse thinks
    assert main(["bifurcate", str(path), *span, "-o", str(tmp_path / "in")]) != 2
    assert json.loads((tmp_path / "in" / "diagram.json").read_text())["span"] == [-0.01, 0.01]


def test_the_command_takes_a_shipped_network_and_says_everything_once(tmp_path, capsys):
    """The match-to-sample network: two mirror-image folds in one line, no list of neutral saddles."""
    folder = tmp_path / "dms"
    assert main(["bifurcate", "dms-r2-n512", "-o", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(set(lines)) == len(lines) and sum("Fold at gain" in line for line in lines) == 1
    assert any("meet; they exist for gain above it. (2 such points)" in line for line in lines)
    assert sum("eutral saddle" in line for line in lines) == 1
    assert any("From the Hopf point" in line for line in lines)
    listed = json.loads((folder / "diagram.json").read_text())["special_points"]
    assert sum(point["kind"] == "neutral saddle" for point in listed) == 2
    assert main(["bifurcate", "dms-r2", "-o", str(folder)]) == 2  # a whole name, or a file


def test_a_panel_for_every_coordinate_and_output_in_rows_of_three():
    net = rnn.load_example("flipflop")
    diagram = bifurcation_diagram(reduced_field(net), "gain", (-1, 0.5), samples=2, cycles=False)
    figure = diagram_figure(diagram)
    assert len(figure.axes) == 6 and figure.axes[0].get_subplotspec().get_gridspec().ncols == 3
    figure.canvas.draw()
    for ax in figure.axes:
        boxes = [text.get_window_extent() for text in ax.get_xticklabels() if text.get_text()]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_a_folder_that_cannot_be_written_is_refused_before_the_long_work(tmp_path, monkeypatch, capsys):
    m = np.ones(4)
    path = rnn.save_network(LowRankRNN(m, m, np.zeros(4), m), tmp_path / "net.npz")
    monkeypatch.setattr("dynsys.report.network_diagram", lambda *rest: pytest.fail("it was done"))
    assert main(["bifurcate", str(path), "-o", str(path)]) == 2
    assert "is a file, not a folder" in capsys.readouterr().err


def test_outputs_as_the_vertical_axis():
    """z = tanh(kappa) at the network's special points and along its branches."""
    m = np.ones(4)
    diagram = bifurcation_diagram(reduced_field(LowRankRNN(m, m, m, m)), "gain", (0, 2))
    ax = plot_bifurcation(diagram, "z", new_figure()[1])
    heights = np.concatenate([line.get_ydata() for line in ax.lines])
    assert ax.get_ylabel() == "$z$" and np.abs(heights).max() < 1
    with pytest.raises(InputError, match="neither a coordinate nor an output"):
        plot_bifurcation(diagram, "y", new_figure()[1])


def test_an_attractor_reaches_to_the_points_where_it_is_born_and_ends():
    field = compile_field(System.from_text("x' = mu + x - x^3; mu = 0"))
    first, second = bifurcation_diagram(field, "mu", (-1, 1)).attractors
    np.testing.assert_allclose([first.high, second.low], [2 / 27**0.5, -2 / 27**0.5], rtol=1e-12)


def test_a_point_where_several_eigenvalues_vanish_is_one_point_on_all_branches():
    text = "x' = p x - x^3 - 0.5 x y^2; y' = p y - y^3 - 0.5 y x^2; p = -1"
    diagram = bifurcation_diagram(compile_field(System.from_text(text)), "p", (-1, 1))
    (point,) = diagram.special_points
    assert len(diagram.branches) == 5 and point.value == 0 and not point.kappa.any()


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_sizes_are_measured_where_all_fixed_points_known_are_zero(size):
    """x' = p x - y - x r^2, y' = x + p y - y r^2 with r in units of ``size``; and a pitchfork."""
    square = f"{size**-2} (x^2 + y^2)"
    text = f"x' = p x - y - {square} x; y' = x + p y - {square} y; p = 0.5"
    diagram = bifurcation_diagram(compile_field(System.from_text(text)), "p", (-1, 1))
    assert [point.sentence.split(" at")[0] for point in diagram.special_points] == [
        "Supercritical Hopf point"
    ]
    (family,) = diagram.cycles
    np.testing.assert_allclose(family.high[-1], size, rtol=1e-6)
    fork = compile_field(System.from_text(f"x' = p x - {size**-2} x^3; p = 0.5"))
    diagram = bifurcation_diagram(fork, "p", (-1, 1))
    assert [point.kind for point in diagram.special_points] == ["pitchfork"]
    assert diagram.complete and np.sort(diagram.at(0.25).ravel()) == pytest.approx(
        np.array([-1, 0, 1]) * size / 2
    )


def test_what_is_finite_at_infinity_is_searched_too():
    """p = 1 / (1 + exp(-x)): Newton's method runs off where p is not between 0 and 1."""
    diagram = bifurcation_diagram(
        compile_field(System.from_text("x' = p - 1 / (1 + exp(-x)); p = 0.5")), "p", (0.1, 0.9)
    )
    np.testing.assert_allclose(diagram.at(0.75), [[np.log(3)]], atol=1e-4)
    outside = bifurcation_diagram(
        compile_field(System.from_text("x' = p - 1 / (1 + exp(-x)); p = 2")), "p", (1.5, 2)
    )
    assert not outside.branches and outside.message.startswith(
        "no fixed point was found at 9 values of p in boxes"
    )


@pytest.mark.parametrize("span", [(-1, 0), (0, 1)])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x' = p x - x^3", "pitchfork"),
        ("x' = p x - x^2", "transcritical"),
        ("x' = p + x^2", "fold"),
        ("x' = p x - y - x (x^2 + y^2); y' = x + p y - y (x^2 + y^2)", "Hopf"),
    ],
)
def test_what_happens_at_the_end_of_the_span_is_named(span, text, kind):
    """At p = 0, whichever side of it is looked at."""
    diagram = bifurcation_diagram(compile_field(System.from_text(f"{text}; p = 0.5")), "p", span)
    assert [(point.kind, point.value) for point in diagram.special_points] == [(kind, 0.0)]
    assert diagram.complete


def test_branches_that_end_early_and_hopf_points_without_cycles_are_said():
    """x' = p - |x| has a kink at p = 0; slow manifolds so steep that no mesh follows their first cycles."""
    kink = bifurcation_diagram(compile_field(System.from_text("x' = p - abs(x); p = 1")), "p", (-1, 1))
    assert "2 of 2 branches end before the span does" in kink.message and not kink.status.ok
    steep = compile_field(System.from_text("x' = 1e6 (y - x^3 + x); y' = p - x - y; p = 0"))
    diagram = bifurcation_diagram(steep, "p", (-2, 2))
    assert (
        diagram.cycles or "no cycles could be followed from the Hopf points at p = -0.1924" in diagram.message
    )


def test_cycles_are_searched_in_tiny_units_without_a_warning():
    """AUTO's reactor with u = 1e6 (X, Y): sinks whose slowest mode is lost beside the largest slope of F."""
    text = "X' = (-X a + P (1 - X a) exp(Y a)) / a; Y' = (-Y a + 17 P (1 - X a) exp(Y a) - 3 Y a) / a"
    field = compile_field(System.from_text(f"{text}; P = 0.01, a = 1e6"))
    diagram = bifurcation_diagram(field, "P", (0, 0.5))
    assert [point.kind for point in diagram.special_points] == ["fold", "Hopf", "fold", "Hopf"]
    assert len(diagram.cycles) == 2
