"""Pictures of loadings: pairs with the ellipses of their populations, covariances, histograms."""

import numpy as np
from matplotlib.patches import Ellipse

from dynsys.plotting.style import BLUE, CYCLE, GREY, ORANGE, add_legend, axes, say, symbol
from tasks.checks import choose

ELLIPSE_DEVIATIONS = (1.0, 2.0)


def plot_loadings(loadings, x="m", y="n", populations=None, ax=None):
    """Two columns of the loadings against each other, one dot a unit, with the ellipses of the fit.

    Parameters
    ----------
    loadings : Loadings
        From `rnn.loadings`.
    x, y : str
        Names of two columns.
    populations : Populations, optional
        Draws each population's ellipses at one and two standard deviations.
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
    ax.plot(loadings.values[:, i], loadings.values[:, j], ".", color="#333333", markersize=3.0,
            alpha=0.55, markeredgewidth=0, label="units")  # fmt: skip
    if populations is not None:
        for p in range(populations.count):
            color = BLUE if populations.count == 1 else CYCLE[1 + p % (len(CYCLE) - 1)]
            for deviations in ELLIPSE_DEVIATIONS:
                _ellipse(ax, populations.means[p][[i, j]], populations.covariances[p][np.ix_([i, j], [i, j])],
                         deviations, color)  # fmt: skip
        ax.autoscale_view()
    ax.set(xlabel=symbol(x), ylabel=symbol(y))
    return ax


def plot_covariance(populations, population=0, ax=None):
    """The covariance of the loadings as a table: numbers with standard errors, coloured by correlation.

    Parameters
    ----------
    populations : Populations
        From `fit_populations`.
    population : int, default 0
        Which one.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.populations import Populations
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], rank=1, inputs=1, outputs=1)
    >>> len(plot_covariance(one, ax=new_figure()[1]).texts)
    16
    """
    covariance = populations.covariances[population]
    errors = None if populations.covariance_errors is None else populations.covariance_errors[population]
    spread = np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny))
    count = len(covariance)
    ax = axes(ax, (0.75 * count + 1.2, 0.65 * count + 0.6))
    correlation = covariance / np.outer(spread, spread)
    picture = ax.imshow(correlation, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    size = ax.xaxis.label.get_size() * (0.9 if count <= 5 else 0.65)
    for i in range(count):
        for j in range(count):
            text = f"{covariance[i, j]:.3g}".replace("-", "\u2212")
            if errors is not None:
                text += f"\n±{errors[i, j]:.2g}"
            ink = "white" if abs(correlation[i, j]) > 0.65 else "black"
            ax.text(j, i, text, ha="center", va="center", color=ink, fontsize=size, linespacing=1.15)
    labels = [symbol(name) for name in populations.names]
    ax.set_xticks(range(count), labels)
    ax.set_yticks(range(count), labels)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.9, aspect=22, pad=0.02)
    bar.set_label("correlation", fontsize=ax.xaxis.label.get_size())
    bar.ax.tick_params(labelsize=ax.xaxis.get_ticklabels()[0].get_size())
    bar.outline.set_visible(False)
    return ax


def plot_histogram(loadings, name="n", redrawn=None, ax=None):
    """Histogram of one column of the loadings, with that of a redrawn network over it.

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
        ax.set_ylim(top=1.3 * ax.get_ylim()[1])  # room for the legend
        add_legend(ax)
    if not values.size:
        say(ax, "no units")
    ax.set(xlabel=symbol(name), ylabel="density")
    return ax


def _ellipse(ax, mean, covariance, deviations, color):
    variances, directions = np.linalg.eigh(covariance)
    width, height = 2 * deviations * np.sqrt(np.maximum(variances, 0.0))[::-1]
    angle = np.degrees(np.arctan2(directions[1, 1], directions[0, 1]))
    ax.add_patch(
        Ellipse(mean, width, height, angle=angle, fill=False, edgecolor=color, linewidth=1.2,
                label="fit, 1 and 2 s.d." if deviations == ELLIPSE_DEVIATIONS[0] else None)
    )  # fmt: skip
