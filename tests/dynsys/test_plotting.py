"""Figures are checked by what they hold: lines, markers, labels; never by their pixels."""

import io
import warnings
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Ellipse

from dynsys.analysis import (
    BifurcationDiagram,
    Branch,
    FixedPoint,
    FixedPoints,
    PhasePortrait,
    SpecialPoint,
)  # fmt: skip
from dynsys.plotting.activity import (
    plot_accuracies,
    plot_inputs,
    plot_learning_curve,
    plot_outputs,
    plot_psychometric,
)
from dynsys.plotting.bifurcation import plot_bifurcation
from dynsys.plotting.connectivity import plot_histogram, plot_loadings
from dynsys.plotting.moments import plot_covariance
from dynsys.plotting.phase import plot_flow, plot_trajectories
from dynsys.plotting.style import BLUE, colors_of, new_figure, plain, symbol
from dynsys.populations import Populations, fit_populations
from rnn.connectivity import loadings
from rnn.networks import LowRankRNN
from tasks import Status, Trials, get_task, psychometric_curve


@pytest.fixture
def ax():
    return new_figure()[1]


@pytest.fixture(scope="module")
def spread():
    return loadings(LowRankRNN(*np.random.default_rng(1).standard_normal((4, 60, 1))))


def legend_texts(ax):
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def labelled(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def straight_branch(parameter, values, kappa, stable, points=()):
    eigenvalues = np.where(stable, -1.0, 1.0)[:, None]
    ends = (Status.REACHED_SPAN, Status.REACHED_SPAN)
    return Branch(parameter, values, kappa[:, None], eigenvalues, stable, points, ends)


def test_loadings_are_drawn_as_they_are_with_the_fitted_ellipse(ax, spread):
    fit = fit_populations(spread)
    plot_loadings(spread, "n", "w", fit, ax)
    dots = labelled(ax, "units")
    assert np.array_equal(dots.get_xdata(), spread.n[:, 0]) and np.array_equal(
        dots.get_ydata(), spread.w[:, 0]
    )
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$n$", "$w$")
    ellipses = [patch for patch in ax.patches if isinstance(patch, Ellipse)]
    covariance = fit.covariances[0][np.ix_([1, 3], [1, 3])]
    for ellipse, deviations in zip(ellipses, (1, 2), strict=True):
        # The outline of a Gaussian's d-sigma ellipse: (p - a)^T Sigma^-1 (p - a) = d^2.
        points = ellipse.get_transform().transform(ellipse.get_path().vertices[:-1])
        points = ax.transData.inverted().transform(points) - fit.means[0][[1, 3]]
        on_curve = points[::3]  # every third vertex of a cubic spline lies on it
        form = np.einsum("ki,ij,kj->k", on_curve, np.linalg.inv(covariance), on_curve)
        assert np.allclose(form, deviations**2, rtol=1e-3)


def test_unknown_loading_is_refused_with_the_names(ax, spread):
    with pytest.raises(ValueError, match=r"'q'.*'m', 'n', 'I', 'w'"):
        plot_loadings(spread, "q", "m", ax=ax)


def test_a_line_has_an_ellipse_too(ax):
    """w = 2 m: the covariance is singular and the ellipse is a segment."""
    m = np.arange(5.0)
    line = loadings(LowRankRNN(m, m, m, 2 * m))
    plot_loadings(line, "m", "w", fit_populations(line), ax)
    assert any(isinstance(patch, Ellipse) for patch in ax.patches)


def test_covariance_table_holds_values_and_errors(ax, spread):
    fit = fit_populations(spread)
    plot_covariance(fit, ax=ax)
    texts = [text.get_text().replace("\u2212", "-") for text in ax.texts]
    assert len(texts) == 16
    value, error = texts[1].split("\n±")
    assert float(value) == pytest.approx(fit.covariance("m", "n"), rel=0.01)
    assert float(error) == pytest.approx(fit.covariance_errors[0, 0, 1], rel=0.06)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["$m$", "$n$", "$I$", "$w$"]


def test_covariance_without_errors_or_variance(ax):
    nothing = Populations([1.0], np.zeros((1, 4)), np.zeros((1, 4, 4)), rank=1, inputs=1, outputs=1)
    assert plot_covariance(nothing, ax=ax).texts[0].get_text() == "0"


def test_histograms_compare_trained_and_redrawn(ax, spread):
    plot_histogram(spread, "n", spread, ax)
    assert legend_texts(ax) == ["trained", "redrawn"]
    heights = np.array([bar.get_height() for bar in ax.patches[:30]])
    widths = np.array([bar.get_width() for bar in ax.patches[:30]])
    assert (heights * widths).sum() == pytest.approx(1.0)


def test_learning_curve(ax):
    run = SimpleNamespace(losses=np.array([1.0, 0.1, 0.01]), accuracies=np.array([0.5, 0.8, 1.0]))
    plot_learning_curve(run, ax)
    assert labelled(ax, "loss").get_xdata().tolist() == [1, 2, 3] and ax.get_yscale() == "log"
    right = next(other for other in ax.figure.axes if other is not ax)
    assert labelled(right, "accuracy").get_ydata().tolist() == [0.5, 0.8, 1.0]
    assert right.get_ylabel() == "accuracy" and ax.get_xlabel() == "epoch"


def test_a_learning_curve_shows_where_stages_begin(ax):
    history = [SimpleNamespace(stage=stage) for stage in (1, 1, 2)]
    run = SimpleNamespace(losses=np.array([1.0, 0.1, 0.01]), accuracies=np.empty(0), history=history)
    plot_learning_curve(run, ax)
    assert [list(line.get_xdata()) for line in ax.lines[1:]] == [[2.5, 2.5]]
    assert "stage" in ax.get_xlabel()


def test_psychometric_curves_with_binomial_errors(ax):
    trials = get_task("rdm").trials(200, rng=0)
    noisy = trials.targets + 2 * np.random.default_rng(0).standard_normal(trials.targets.shape)
    curves = {
        "network": psychometric_curve(noisy, trials),
        "circuit": psychometric_curve(trials.targets, trials),
    }
    plot_psychometric(curves, ax)
    assert legend_texts(ax) == ["network", "circuit"] and ax.get_xlabel() == "coherence"
    container = ax.containers[0]
    curve = curves["network"]
    assert np.array_equal(container.lines[0].get_ydata(), curve.probability)
    bars = np.array([np.ptp(segment[:, 1]) for segment in container.lines[2][0].get_segments()])
    assert np.allclose(bars, 2 * np.sqrt(curve.probability * (1 - curve.probability) / curve.counts))


def test_inputs_and_outputs_have_units_epochs_and_conditions(ax):
    trials = get_task("rdm").trials(8, rng=0)
    plot_inputs(trials, ax=ax)
    assert ax.get_xlabel() == "time (ms)" and ax.get_ylabel() == "input (motion)"
    assert np.array_equal(ax.lines[0].get_ydata(), trials.inputs[0, :, 0])
    other = new_figure()[1]
    plot_outputs(trials, {"network": trials.targets, "circuit": 0.5 * trials.targets}, ax=other)
    assert {text.get_text() for text in other.texts} >= {"stimulus", "delay"}
    levels = [f"{level:g}".replace("-", "\u2212") for level in np.unique(trials.conditions["coherence"])]
    assert legend_texts(other) == levels
    traces = [line for line in other.lines if len(line.get_xdata()) == trials.steps]
    assert len(traces) == 16
    assert np.array_equal(traces[8].get_ydata(), 0.5 * trials.targets[0, :, 0])
    assert traces[0].get_linestyle() != traces[8].get_linestyle()


def test_trials_without_conditions_are_drawn(ax):
    trials = Trials(np.zeros((2, 5, 1)), np.ones((2, 5, 1)), np.ones((2, 5, 1)))
    plot_outputs(trials, trials.targets, ax=ax)
    assert ax.get_legend() is None and ax.get_ylabel() == "output (z1)"


def test_accuracies_are_counted(ax):
    plot_accuracies([0.8, 0.81, 1.0], 1.0, ax)
    assert sum(bar.get_height() for bar in ax.patches) == 3
    assert legend_texts(ax) == ["redrawn", "trained network"]


def line_portrait(roots, kinds):
    points = tuple(
        FixedPoint([root], [-1.0], [[1.0]], kind, 1, 0.0) for root, kind in zip(roots, kinds, strict=True)
    )
    found = FixedPoints(points, {"v": 0.0}, Status.CONVERGED, {}, 1, [[-2, 2]])
    kappa = np.linspace(-2, 2, 101)
    return PhasePortrait(kappa, kappa - kappa**3, found)


def test_flow_has_arrows_that_follow_its_sign_and_points_by_kind(ax):
    plot_flow(line_portrait([-1.0, 0.0, 1.0], ["stable node", "unstable node", "stable node"]), ax)
    assert ax.get_xlabel() == r"$\kappa$" and r"\tau" in ax.get_ylabel()
    assert labelled(ax, "stable node").get_xdata().tolist() == [-1.0, 1.0]
    assert labelled(ax, "unstable node").get_markerfacecolor() == "white"
    arrows = {
        float(np.ravel(line.get_xdata())[0]): line.get_marker()
        for line in ax.lines
        if line.get_marker() in "<>"
    }
    assert arrows == {-1.5: ">", -0.5: "<", 0.5: ">", 1.5: "<"}


@pytest.mark.parametrize(
    "kind", ["stable node", "stable focus", "saddle", "unstable node", "unstable focus", "non-hyperbolic"]
)
def test_every_kind_of_fixed_point_has_a_marker(ax, kind):
    plot_flow(line_portrait([0.0], [kind]), ax)
    assert labelled(ax, kind).get_xdata().tolist() == [0.0]


def test_trajectories_show_v_and_kappa(ax):
    trials = get_task("rdm").trials(3, rng=0)
    run = SimpleNamespace(v=np.cumsum(trials.inputs, axis=1), kappa=np.sin(trials.inputs))
    plot_trajectories(trials, run, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$v$", r"$\kappa$")
    assert np.array_equal(ax.lines[0].get_xdata(), run.v[0, :, 0])
    assert np.array_equal(ax.lines[0].get_ydata(), run.kappa[0, :, 0])


def test_diagram_is_solid_where_stable_dashed_where_not_and_names_its_points(ax):
    values = np.linspace(0, 2, 41)
    fork = SpecialPoint("pitchfork", "gain", 1.0, [0.0])
    branch = straight_branch("gain", values, np.zeros(41), values < 1, (fork,))
    diagram = BifurcationDiagram("gain", (0.0, 2.0), (branch,), (fork,), Status.COMPLETED)
    plot_bifurcation(diagram, ax=ax, label="network")
    solid, dashed = labelled(ax, "network, stable"), labelled(ax, "unstable")
    assert solid.get_linestyle() == "-" and dashed.get_linestyle() == "--"
    assert (solid.get_xdata() < 1).all() and dashed.get_xdata()[1:].min() >= 1
    assert solid.get_xdata()[-1] == dashed.get_xdata()[0]  # no gap between them
    assert labelled(ax, "pitchfork").get_xdata() == [1.0]
    plot_bifurcation(diagram, ax=ax, color=BLUE, label="mean field")
    assert legend_texts(ax) == ["network, stable", "mean field, stable", "unstable", "pitchfork"]


@pytest.mark.parametrize("kind", ["fold", "transcritical", "branch point", "cusp", "Hopf"])
def test_every_special_point_has_a_marker(ax, kind):
    point = SpecialPoint(kind, "v", 0.1, [0.2])
    branch = straight_branch("v", np.linspace(0, 1, 5), np.linspace(0, 1, 5), np.ones(5, bool), (point,))
    plot_bifurcation(branch, ax=ax)
    assert labelled(ax, kind).get_ydata() == [0.2] and ax.get_xlabel() == "input $v$"


def test_empty_results_say_so(ax):
    nobody = BifurcationDiagram("gain", (0.0, 2.0), (), (), Status.COMPLETED)
    assert "no branch" in plot_bifurcation(nobody, ax=ax).texts[-1].get_text()
    untrained = SimpleNamespace(losses=np.zeros(0), accuracies=np.zeros(0))
    assert "no epoch" in plot_learning_curve(untrained, new_figure()[1]).texts[0].get_text()
    assert "no network" in plot_accuracies([], ax=new_figure()[1]).texts[0].get_text()
    assert "no psychometric" in plot_psychometric({}, new_figure()[1]).texts[0].get_text()
    assert plot_flow(line_portrait([], []), new_figure()[1]).get_xlabel() == r"$\kappa$"


def test_symbols_are_mathtext_and_everything_else_is_text():
    assert symbol("kappa") == r"$\kappa$" and symbol("kappa12") == r"$\kappa_{12}$"
    assert symbol("sigma_n1I") == r"$\sigma_{n_{1}I}$" and symbol("sigma_mn_p2") == r"$\sigma_{mn}^{(2)}$"
    assert symbol("a_m") == "$a_{m}$" and symbol("lambda") == r"$\lambda$" and symbol("E_1") == "$E_{1}$"
    assert (
        symbol("g_syn") == r"$g_{\mathrm{syn}}$" and symbol("rate_1") == "rate_1" and symbol("x y") == "x y"
    )


@pytest.mark.parametrize("name", ["50%", "x_y^z", r"\input{secrets}", "$a$", "<script>", "{", r"\frac"])
def test_any_name_can_stand_in_a_figure(ax, name):
    ax.set_title(plain(name))
    ax.set_xlabel(symbol(name))
    ax.figure.savefig(io.BytesIO(), format="png")


def test_colours_of_conditions_are_distinct_and_tell_the_sign():
    colors = colors_of([-0.4, -0.2, 0.1, 0.2, 0.4])
    assert len({tuple(np.round(color, 3)) for color in colors}) == 5
    assert all(color[2] > color[0] for color in colors[:2]) and all(
        color[0] > color[2] for color in colors[2:]
    )
    assert len(colors_of(["AA", "AB"])) == 2 and len(colors_of([0.0])) == 1


def test_own_figures_leave_pyplot_and_its_settings_alone(spread):
    before, open_before = dict(matplotlib.rcParams), pyplot.get_fignums()
    figure, ax = new_figure()
    plot_loadings(spread, ax=ax)
    assert isinstance(figure.canvas, FigureCanvasAgg)
    assert dict(matplotlib.rcParams) == before and pyplot.get_fignums() == open_before


def test_without_ax_a_pyplot_figure_is_made(spread):
    ax = plot_loadings(spread)
    try:
        assert ax.figure.number in pyplot.get_fignums()
    finally:
        pyplot.close(ax.figure)


def test_nothing_is_cut_off(spread):
    figure, panels = new_figure(1, 2, (7.0, 2.8))
    trials = get_task("rdm").trials(8, rng=0)
    plot_outputs(trials, trials.targets, ax=panels[0])
    plot_covariance(fit_populations(spread), ax=panels[1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(io.BytesIO(), format="png")
    edge = figure.bbox
    for ax in figure.axes:
        box = ax.get_tightbbox()
        assert (
            box.x0 >= edge.x0 - 1
            and box.y0 >= edge.y0 - 1
            and box.x1 <= edge.x1 + 1
            and box.y1 <= edge.y1 + 1
        )
