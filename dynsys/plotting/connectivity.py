"""Pictures of loadings: pairs with the ellipses of their populations, histograms with fitted densities."""

import numpy as np
from matplotlib.patches import Ellipse

from dynsys.plotting.style import BLACK, BLUE, CYCLE, GREY, ORANGE, add_legend, axes, say, symbol
from tasks.checks import choose
from tasks.errors import InputError

ELLIPSE_DEVIATIONS = (1.0, 2.0)
DOTS = "#333333"


def plot_loadings(loadings, x="m", y="n", populations=None, ax=None):
    """Two columns of the loadings against each other, one dot a unit, with the ellipses of the fit.

    Parameters
    ----------
    loadings : Loadings
        From `rnn.loadings`.
    x, y : str
        Names of two columns.
    populations : Populations, optional
        Draws each population's ellipses at one and two standard deviations; several that were fitted to these
        units colour the dots, too, each like its most probable population.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 50, 1)))
    >>> plot_loadings(loadings(net), "m", "n", ax=new_figure()[1]).get_xlabel()
    '$m$'
    """
    i = loadings.names.index(choose("x", x, loadings.names))
    j = loadings.names.index(choose("y", y, loadings.names))
    ax = axes(ax)
    ax.axhline(0, color=GREY, linewidth=0.5, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.5, zorder=0)
    size = 3.0 if loadings.units > 300 else 4.5
    for members, color, label in _groups(loadings, populations):
        ax.plot(loadings.values[members, i], loadings.values[members, j], ".", color=color, markersize=size,
                alpha=0.55, markeredgewidth=0, label=label)  # fmt: skip
    if populations is not None:
        for p in range(populations.count):
            for deviations in ELLIPSE_DEVIATIONS:
                _ellipse(ax, populations.means[p][[i, j]], populations.covariances[p][np.ix_([i, j], [i, j])],
                         deviations, population_color(populations, p))  # fmt: skip
        ax.autoscale_view()
    ax.set(xlabel=symbol(x), ylabel=symbol(y))
    return ax


def plot_histogram(loadings, name="n", redrawn=None, ax=None, populations=None):
    """Histogram of one column of the loadings, with that of a redrawn network and the fitted density.

    Parameters
    ----------
    loadings : Loadings
        Of the trained network.
    name : str
        Column.
    redrawn : Loadings, optional
        Of a redrawn network.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    populations : Populations, optional
        Draws the density of the mixture, and of each population when there are several.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 50, 1)))
    >>> plot_histogram(loadings(net), "n", ax=new_figure()[1]).get_ylabel()
    'density'
    """
    column = loadings.names.index(choose("name", name, loadings.names))
    ax = axes(ax)
    values = loadings.values[:, column]
    others = values[:0] if redrawn is None else redrawn.values[:, column]
    everything = np.concatenate([values, others])
    edges = np.linspace(everything.min(), everything.max(), 31) if np.ptp(everything) > 0 else 10
    ax.hist(values, edges, density=True, color="#BBBBBB", label="trained")
    if redrawn is not None:
        ax.hist(others, edges, density=True, histtype="step", color=ORANGE, linewidth=1.2, label="redrawn")
    if populations is not None and np.ptp(everything) > 0:
        _densities(ax, populations, column, np.linspace(edges[0], edges[-1], 201))
    if redrawn is not None or populations is not None:
        ax.set_ylim(top=1.3 * ax.get_ylim()[1])  # room for the legend
        add_legend(ax)
    if not values.size:
        say(ax, "no units")
    ax.set(xlabel=symbol(name), ylabel="density")
    return ax


def plot_pairs(loadings, populations=None, names=None, redrawn=None, ax=None):
    """All pairs of loadings: dots and ellipses below the diagonal, histograms with fitted densities on it.

    Parameters
    ----------
    loadings : Loadings
        From `rnn.loadings`.
    populations : Populations, optional
        Draws ellipses and densities; see `plot_loadings`.
    names : sequence of str, optional
        Which columns; all if left out.
    redrawn : Loadings, optional
        Of a redrawn network: its units are drawn above the diagonal, in orange.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes
        An empty one, that holds the panels as its children.

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 50, 1)))
    >>> len(plot_pairs(loadings(net), ax=new_figure()[1]).child_axes)  # 4 histograms, 6 pairs
    10
    """
    names = loadings.names if names is None else tuple(names)
    if not names:
        raise InputError("names: there is nothing to draw; give names of columns, or leave it out")
    for name in names:
        choose("name in names", name, loadings.names)
    count = len(names)
    ax = axes(ax, (1.25 * count + 0.5,) * 2)
    ax.set_axis_off()
    cell, label = 1.0 / count, ax.xaxis.label.get_size()
    for row, y in enumerate(names):
        for column, x in enumerate(names):
            if column > row and redrawn is None:
                continue
            place = (column * cell, 1 - (row + 1) * cell, 0.9 * cell, 0.9 * cell)
            panel = ax.inset_axes(place)
            if column == row:
                plot_histogram(loadings, x, None, panel, populations)
                if panel.get_legend() is not None:
                    panel.get_legend().remove()
                panel.set_yticks([])
            elif column < row:
                plot_loadings(loadings, x, y, populations, panel)
            else:
                plot_loadings(redrawn, x, y, None, panel)
                panel.lines[-1].set_color(ORANGE)
            _label_edges(panel, row, column, count, label)
    return ax


def population_color(populations, p):
    """Colour of a population, the same in every figure.

    Examples
    --------
    >>> from dynsys.populations import Populations
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], rank=1, inputs=1, outputs=1)
    >>> population_color(one, 0)
    '#0072B2'
    """
    return BLUE if populations.count == 1 else CYCLE[1 + p % (len(CYCLE) - 1)]


def _groups(loadings, populations):
    """Units with their colour and label: by most probable population, where that is known."""
    r = None if populations is None else populations.responsibilities
    if r is None or populations.count == 1 or len(r) != loadings.units:
        return [(np.arange(loadings.units), DOTS, "units")]
    most = r.argmax(axis=1)
    return [
        (np.flatnonzero(most == p), population_color(populations, p), f"population {p + 1}")
        for p in range(populations.count)
    ]


def _densities(ax, populations, column, x):
    """The fitted density of one loading, and each population's part."""
    means, variances = populations.means[:, column], populations.covariances[:, column, column]
    if (variances <= 0).any():
        return
    parts = populations.weights / np.sqrt(2 * np.pi * variances)
    parts = parts * np.exp(-((x[:, None] - means) ** 2) / (2 * variances))
    if populations.count > 1:
        for p in range(populations.count):
            ax.plot(x, parts[:, p], color=population_color(populations, p), linewidth=1.0)
    color = BLUE if populations.count == 1 else BLACK
    ax.plot(x, parts.sum(axis=1), color=color, linewidth=1.2, label="fit")


def _label_edges(panel, row, column, count, size):
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=0.75 * size, length=2, pad=1.5)
    panel.locator_params(nbins=3)
    if row < count - 1:
        panel.set(xlabel="", xticklabels=[])
    if column > 0 or row == 0:
        panel.set(ylabel="", yticklabels=[])
    for label in (panel.xaxis.label, panel.yaxis.label):
        label.set_size(size)


def _ellipse(ax, mean, covariance, deviations, color):
    variances, directions = np.linalg.eigh(covariance)
    width, height = 2 * deviations * np.sqrt(np.maximum(variances, 0.0))[::-1]
    angle = np.degrees(np.arctan2(directions[1, 1], directions[0, 1]))
    ax.add_patch(
        Ellipse(mean, width, height, angle=angle, fill=False, edgecolor=color, linewidth=1.2,
                label="fit, 1 and 2 s.d." if deviations == ELLIPSE_DEVIATIONS[0] else None)
    )  # fmt: skip
