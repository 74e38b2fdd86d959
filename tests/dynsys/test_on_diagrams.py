"""Error bars and paths over bifurcation diagrams."""

import numpy as np
import pytest

from dynsys.analysis import bifurcation_diagram, bifurcation_sensitivity, reduced_field
from dynsys.plotting import plot_bifurcation, plot_error_bars, plot_paths
from dynsys.plotting.style import new_figure
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
