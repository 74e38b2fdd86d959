"""Figures of loadings, moments, densities, averages and angles hold the numbers of their results."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Ellipse

from dynsys.plotting import (
    new_figure,
    plot_angles,
    plot_averages,
    plot_correlation,
    plot_covariance,
    plot_densities,
    plot_density,
    plot_histogram,
    plot_kappa,
    plot_loadings,
    plot_pairs,
)
from dynsys.plotting.connectivity import population_color
from dynsys.plotting.style import ROLES, colors_of, condition_legend
from dynsys.populations import (
    ActivityComponents,
    fit_populations,
    loading_density,
    moment_table,
    projected_kappa,
)
from rnn import LowRankRNN, loadings, simulate
from tasks import InputError, condition_averages, get_task


@pytest.fixture
def ax():
    return new_figure()[1]


@pytest.fixture(scope="module")
def two_groups():
    """300 wide units with n = m, 300 narrow ones with n = -m."""
    rng = np.random.default_rng(0)
    wide, narrow = 3 * rng.standard_normal((300, 4)), 0.3 * rng.standard_normal((300, 4))
    wide[:, 1], narrow[:, 1] = wide[:, 0] + wide[:, 1], -narrow[:, 0]
    rows = loadings(LowRankRNN(*np.vstack([wide, narrow]).T))
    return rows, fit_populations(rows, 2, rng=0, restarts=5)


def number(text):
    return float(text.replace("\N{MINUS SIGN}", "-"))


def test_dots_have_the_colour_of_their_population(ax, two_groups):
    rows, fit = two_groups
    plot_loadings(rows, "m", "n", fit, ax)
    labels = fit.responsibilities.argmax(axis=1)
    for p in range(2):
        dots = next(line for line in ax.lines if line.get_label() == f"population {p + 1}")
        assert np.array_equal(dots.get_xdata(), rows.m[labels == p, 0])
        assert dots.get_color() == population_color(fit, p)
    ellipses = [patch for patch in ax.patches if isinstance(patch, Ellipse)]
    assert [to_rgba(e.get_edgecolor()) for e in ellipses] == [
        to_rgba(population_color(fit, p)) for p in (0, 0, 1, 1)
    ]


def test_redrawn_units_belong_to_no_population_of_another_network(ax, two_groups):
    rows, fit = two_groups
    other = loadings(LowRankRNN(*np.random.default_rng(1).standard_normal((4, 50, 1))))
    plot_loadings(other, "m", "n", fit, ax)
    assert [line.get_label() for line in ax.lines][-1] == "units"


def test_fitted_density_over_the_histogram_is_the_mixtures(ax, two_groups):
    rows, fit = two_groups
    plot_histogram(rows, "I", None, ax, fit)
    curve = next(line for line in ax.lines if line.get_label() == "fit")
    x, total = curve.get_data()
    variances = fit.covariances[:, 2, 2]
    normal = np.exp(-((x[:, None] - fit.means[:, 2]) ** 2) / (2 * variances)) / np.sqrt(2 * np.pi * variances)
    np.testing.assert_allclose(total, normal @ fit.weights, rtol=1e-12)
    assert len(ax.lines) == 3


def test_pairs_of_all_loadings(ax, two_groups):
    rows, fit = two_groups
    plot_pairs(rows, fit, ax=ax)
    assert len(ax.child_axes) == 10
    bottom = ax.child_axes[-4:]
    assert [panel.get_xlabel() for panel in bottom] == ["$m$", "$n$", "$I$", "$w$"]
    dots = bottom[0].lines[2:4]
    assert sum(len(line.get_xdata()) for line in dots) == rows.units
    other = new_figure()[1]
    plot_pairs(rows, names=("m", "n"), redrawn=rows, ax=other)
    upper = other.child_axes[1].lines[-1]
    assert np.array_equal(upper.get_xdata(), rows.n[:, 0]) and np.array_equal(upper.get_ydata(), rows.m[:, 0])
    with pytest.raises(InputError, match="'q'"):
        plot_pairs(rows, names=("m", "q"), ax=other)
    with pytest.raises(InputError, match="nothing to draw"):
        plot_pairs(rows, names=(), ax=other)


def test_correlations_are_written_with_errors_and_marked(ax, two_groups):
    rows, fit = two_groups
    table = moment_table(rows, fit, 0)
    plot_correlation(table, ax=ax)
    for i in range(4):
        for j in range(4):
            text = ax.texts[4 * i + j]
            value, *error = text.get_text().split("\n±")
            assert number(value) == pytest.approx(table.correlation[i, j], abs=0.0051)
            if i != j:
                assert float(error[0]) == pytest.approx(table.correlation_errors[i, j], rel=0.06, abs=1e-12)
                assert (text.get_fontweight() == "bold") == table.significant[i, j]
            else:
                assert not error
    np.testing.assert_allclose(ax.images[0].get_array(), table.correlation)


def test_covariances_of_a_table_are_its_own(ax, two_groups):
    rows, fit = two_groups
    table = moment_table(rows, fit, 1)
    plot_covariance(table, ax=ax)
    other = plot_covariance(fit, 1, new_figure()[1])
    assert [text.get_text() for text in ax.texts] == [text.get_text() for text in other.texts]


def test_density_is_drawn_beside_its_units(ax, two_groups):
    rows, _ = two_groups
    density = loading_density(rows, "m", "w", points=20)
    plot_densities({"trained": density, "redrawn": density}, ax)
    scatter, smooth, redrawn, _ = ax.child_axes
    assert np.array_equal(scatter.lines[0].get_ydata(), rows.w[:, 0])
    assert redrawn.lines[0].get_color() == ROLES["redrawn"]["color"]
    assert smooth.get_xlim() == scatter.get_xlim() == (density.x[0], density.x[-1])
    single = plot_density(density, new_figure()[1])
    assert single.collections[0].levels[-1] == pytest.approx(density.density.max(), rel=0.01)
    assert plot_densities({}, new_figure()[1]).texts[0].get_text() == "no networks"


def test_averages_by_condition(ax):
    trials = get_task("rdm").trials(60, rng=0)
    values = np.stack([trials.inputs[..., 0], -trials.inputs[..., 0]], axis=-1)
    made = condition_averages(trials, values)
    plot_averages({"network": made, "circuit": made}, 1, ax=ax)
    levels = np.unique(trials.conditions["coherence"])
    for level, line, color in zip(levels, ax.lines, colors_of(levels)):
        chosen = trials.conditions["coherence"] == level
        np.testing.assert_allclose(line.get_ydata(), -trials.inputs[chosen, :, 0].mean(axis=0))
        assert line.get_color() == color
    assert len(ax.collections) == len(levels)
    legends = [text.get_text() for text in ax.artists[0].get_texts()] if ax.artists else []
    assert legends == ["network", "circuit"]


def test_averages_of_other_trials_or_without_conditions_are_refused():
    trials = get_task("rdm").trials(6, rng=0)
    with pytest.raises(InputError, match="values"):
        condition_averages(trials, np.zeros((5, trials.steps, 1)))
    with pytest.raises(InputError, match="condition"):
        condition_averages(trials, trials.inputs, "speed")
    with pytest.raises(InputError, match="needs one value a trial"):
        condition_averages(trials, trials.inputs, {"half": [1, 2]})
    with pytest.raises(InputError, match="no conditions"):
        condition_averages(replace(trials, conditions={}), trials.inputs)


def test_averages_over_a_condition_of_ones_own():
    trials = get_task("rdm").trials(6, rng=0)
    made = condition_averages(trials, trials.inputs, {"half": [0, 0, 0, 1, 1, 1]})
    np.testing.assert_allclose(made.mean[1], trials.inputs[3:].mean(axis=0))
    assert made.condition == "half" and made.counts.tolist() == [3, 3]


def test_a_long_legend_names_some_levels_only(ax):
    levels = list(range(30))
    legend = condition_legend(ax, levels, "f1")
    texts = [text.get_text() for text in legend.get_texts()]
    assert len(texts) == 12 and texts[0] == "0" and texts[-1] == "29"
    assert legend.legend_handles[-1].get_color() == colors_of(levels)[-1]


def test_angles_are_written_in_degrees(ax):
    half = ActivityComponents(np.array([0.6, 0.4]), np.eye(2), np.zeros(2), 0.9, np.radians([0.5, 60.0]))
    plot_angles(half, ax)
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([0.5, 60.0])
    assert [text.get_text() for text in ax.texts] == ["0.5\N{DEGREE SIGN}", "60\N{DEGREE SIGN}"]
    full = ActivityComponents(np.array([1.0]), np.eye(1), np.zeros(1), None, None)
    assert "full-rank" in plot_angles(full, new_figure()[1]).texts[0].get_text()


def test_projected_kappa_beside_the_exact_one(ax):
    task = get_task("rdm")
    net, trials = LowRankRNN.random(40, 1, task, rng=0), task.trials(4, rng=1)
    run = simulate(net, trials)
    plot_kappa(trials, {"exact": run, "projected": projected_kappa(net, run)}, ax=ax)
    exact, projected = ax.lines[0].get_ydata(), ax.lines[5].get_ydata()
    np.testing.assert_allclose(exact, run.kappa[0, :, 0])
    np.testing.assert_allclose(projected, run.x[0] @ net.m[:, 0] / (net.m**2).sum())
    assert ax.lines[0].get_linestyle() != ax.lines[5].get_linestyle()
