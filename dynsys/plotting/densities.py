"""Pictures of densities of loadings: the scatter of units beside its kernel density, network by network."""

from collections.abc import Mapping

import numpy as np

from dynsys.plotting.style import CYCLE, GREY, ROLES, axes, plain, say, symbol

LEVELS = 7


def plot_density(density, ax=None, color=None):
    """The kernel density of two loadings, as filled contours over the units.

    Parameters
    ----------
    density : LoadingDensity
        From `dynsys.populations.loading_density`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    color : color, optional
        Of the contour lines.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.populations import loading_density
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 50, 1)))
    >>> plot_density(loading_density(loadings(net), "m", "I"), new_figure()[1]).get_ylabel()
    '$I$'
    """
    ax = axes(ax)
    levels = np.linspace(0, density.density.max(), LEVELS + 1)[1:]
    ax.contourf(density.x, density.y, density.density, [*levels[:-1], 1.001 * levels[-1]], cmap="Blues")
    ax.contour(
        density.x, density.y, density.density, levels[:-1], colors=[color or "#1F4E79"], linewidths=0.5
    )
    _frame(ax, density)
    return ax


def plot_densities(densities, ax=None):
    """Several networks below each other: left the scatter of units, right their kernel density.

    Parameters
    ----------
    densities : mapping of str to LoadingDensity
        By name, such as "trained" and "redrawn"; best on one grid, see `loading_density`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes
        An empty one, that holds two panels for each network as its children.

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.populations import loading_density
    >>> from rnn import LowRankRNN, loadings
    >>> rows = [loadings(LowRankRNN(*np.random.default_rng(i).standard_normal((4, 50, 1)))) for i in (0, 1)]
    >>> first = loading_density(rows[0], "m", "n")
    >>> pair = {"trained": first, "redrawn": loading_density(rows[1], "m", "n", like=first)}
    >>> len(plot_densities(pair, new_figure()[1]).child_axes)
    4
    """
    densities = dict(densities) if isinstance(densities, Mapping) else {"network": densities}
    ax = axes(ax, (4.4, 0.5 + 1.9 * max(len(densities), 1)))
    ax.set_axis_off()
    if not densities:
        say(ax, "no networks")
        return ax
    height, size = 1.0 / len(densities), ax.xaxis.label.get_size()
    for row, (name, density) in enumerate(densities.items()):
        color = ROLES[name]["color"] if name in ROLES else CYCLE[row % len(CYCLE)]
        bottom = 1 - (row + 1) * height
        scatter, smooth = (ax.inset_axes((x, bottom, 0.46, 0.86 * height)) for x in (0.0, 0.54))
        scatter.plot(*density.units.T, ".", color=color, markersize=3.0, alpha=0.55, markeredgewidth=0)
        _frame(scatter, density)
        plot_density(density, smooth)
        scatter.set_title(plain(name), fontsize=size, loc="left", pad=2)
        smooth.set(ylabel="", yticklabels=[])
        for panel in (scatter, smooth):
            panel.spines[["top", "right"]].set_visible(False)
            panel.tick_params(labelsize=0.85 * size)
            panel.xaxis.label.set_size(size)
            panel.yaxis.label.set_size(size)
            if row < len(densities) - 1:
                panel.set(xlabel="", xticklabels=[])
    return ax


def _frame(ax, density):
    ax.axhline(0, color=GREY, linewidth=0.5, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.5, zorder=0)
    ax.set(
        xlabel=symbol(density.names[0]), ylabel=symbol(density.names[1]),
        xlim=density.x[[0, -1]], ylim=density.y[[0, -1]],
    )  # fmt: skip
