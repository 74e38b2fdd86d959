"""Error bars and paths over bifurcation diagrams."""

import numpy as np
import pytest
from matplotlib.legend import Legend

from dynsys.analysis import (
    bifurcation_diagram,
    bifurcation_sensitivity,
    compile_field,
    reduced_field,
    two_parameter_diagram,
)
from dynsys.plotting import plot_bifurcation, plot_error_bars, plot_paths, plot_two_parameters
from dynsys.plotting.style import new_figure
from dynsys.symbolic import System
from rnn import LowRankRNN, simulate
from tasks import InputError, get_task


@pytest.fixture(scope="module")
def net():
    rng = np.random.default_rng(0)
    m = rng.normal(size=50)
    return LowRankRNN(m, 2 * m, rng.normal(size=50), m)


def test_error_bars_lie_on_their_points(net):
    """A bar of the stated length, centred on the fold, at the height of the drawn axis."""
    field = reduced_field(net)
    diagram = bifurcation_diagram(field, "v", (-1, 1))
    bars = [bifurcation_sensitivity(field, p, errors={"gain": 0.1}) for p in diagram.special_points]
    assert len(bars) == 2
    ax = plot_error_bars(diagram, bars, "z", plot_bifurcation(diagram, "z", new_figure()[1]))
    drawn = [lines.get_segments()[0] for lines in ax.collections]
    for bar, point, segment in zip(bars, diagram.special_points, drawn, strict=True):
        np.testing.assert_allclose(segment[:, 0], [bar.value - bar.error, bar.value + bar.error])
        z = field.outputs(point.kappa, point.value)[0]
        np.testing.assert_allclose(segment[:, 1], z, atol=1e-9)
    assert sum(label == "standard error" for label in ax.get_legend_handles_labels()[1]) == 1
    without = [bifurcation_sensitivity(field, p) for p in diagram.special_points]
    assert len(plot_error_bars(diagram, without, ax=new_figure()[1]).collections) == 0


def test_paths_show_the_trials_on_the_diagrams_axes(net):
    """The filtered input against state or output; refused along what no trial changes."""
    trials = get_task("rdm").trials(4, rng=0)
    run = simulate(net, trials)
    field = reduced_field(net)
    diagram = bifurcation_diagram(field, "v", (-1, 1))
    for coordinate, heights in ((0, run.kappa), ("z", run.z)):
        ax = plot_paths(diagram, trials, run, coordinate, new_figure()[1], limit=2)
        lines = [line for line in ax.lines if len(line.get_xdata()) > 1]
        assert len(lines) == 2
        np.testing.assert_array_equal(
            lines[1].get_xydata(), np.column_stack([run.v[1, :, 0], heights[1, :, 0]])
        )
    with pytest.raises(InputError, match="along gain"):
        plot_paths(bifurcation_diagram(field, "gain", (0, 2)), trials, run, ax=new_figure()[1])


def test_the_legend_of_the_diagram_stays_under_paths(net):
    """Dashes and markers are still explained when the colours of the trials are."""
    trials, ax = get_task("rdm").trials(4, rng=0), new_figure()[1]
    diagram = bifurcation_diagram(reduced_field(net), "v", (-1, 1))
    plot_paths(diagram, trials, simulate(net, trials), ax=plot_bifurcation(diagram, ax=ax))
    texts = [[text.get_text() for text in legend.get_texts()] for legend in ax.findobj(Legend)]
    assert ["stable", "unstable", "fold"] in texts and len(texts) == 2
    alphas = [legend.get_frame().get_alpha() for legend in ax.findobj(Legend)]
    assert sorted(alphas) == [0.0, 0.8]  # beside the Axes nothing is behind it but their frame


def test_conditions_of_several_numbers_colour_paths_too():
    """A flip-flop's trials are told apart by the signs that they end with."""
    task = get_task("flipflop")
    net, trials = LowRankRNN.random(20, 1, task, rng=0), task.trials(6, rng=0)
    diagram = bifurcation_diagram(reduced_field(net), "v1", (-1, 1))
    ax = plot_paths(diagram, trials, simulate(net, trials), ax=new_figure()[1])
    named = {text.get_text() for text in ax.get_legend().get_texts()}
    assert named == {" ".join(f"{sign:+g}" for sign in row) for row in trials.conditions["state"]}


def test_typed_equations_keep_their_names():
    """A parameter v3 of typed equations is no input, and its gain is not said to be recurrent."""
    field = compile_field(System.from_text("x' = v3 - x^3 + gain x; v3 = 0, gain = 1"))
    assert plot_bifurcation(bifurcation_diagram(field, "v3", (-1, 1))).get_xlabel() == "$v_{3}$"
    ax = plot_two_parameters(two_parameter_diagram(field, ("v3", "gain"), ((-1, 1), (-1, 1)), lines=2))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$v_{3}$", "$g$")
