"""Pictures of the state behind the outputs: kappa over time, and how many dimensions the activity has."""

from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import PercentFormatter

from dynsys.plotting.activity import time_axis
from dynsys.plotting.style import (
    BLACK,
    BLUE,
    GREY,
    LINE,
    add_legend,
    axes,
    condition_legend,
    line_style,
    plain,
    say,
    symbol,
    trial_colors,
)


def plot_kappa(trials, trajectories, coordinate=0, condition=None, limit=24, ax=None, key=True):
    """Traces of one kappa by condition: colour tells the condition, line style who made them.

    Parameters
    ----------
    trials : Trials
        The trials; the first `limit` are drawn.
    trajectories : Trajectory, array_like (B, T, R), or mapping of str to them
        Kappa on these trials, by name when several ("network", "circuit", "projection").
    coordinate : int, default 0
        Which kappa.
    condition : str, optional
        Which of ``trials.conditions`` gives the colours; the first if left out.
    limit : int, default 24
        Most trials to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    key : bool, default True
        Whether to add the legend of conditions.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import get_task
    >>> trials = get_task("rdm").trials(3, rng=0)
    >>> plot_kappa(trials, trials.targets, ax=new_figure()[1]).get_ylabel()
    '$\\\\kappa$'
    """
    ax = axes(ax)
    several = isinstance(trajectories, Mapping)
    trajectories = dict(trajectories) if several else {"network": trajectories}
    colors, levels, name = trial_colors(trials, condition)
    shown = min(limit, trials.size)
    handles, label = [], symbol("kappa")
    for i, (maker, made) in enumerate(trajectories.items()):
        kappa = np.asarray(getattr(made, "kappa", made))
        style = line_style(maker, i)
        for b in range(shown):
            ax.plot(trials.time, kappa[b, :, coordinate], color=colors[b], linestyle=style,
                    linewidth=LINE if shown <= 12 else 0.8)  # fmt: skip
        handles += ax.plot([], [], color=BLACK, linestyle=style, linewidth=LINE, label=plain(maker))
        label = symbol("kappa" if kappa.shape[2] == 1 else f"kappa{coordinate + 1}")
    ax.axhline(0.0, color=GREY, linewidth=0.5, zorder=0)
    time_axis(ax, trials, label)
    if len(trajectories) > 1:
        ax.add_artist(add_legend(ax, handles=handles, loc="best"))
    if key:
        condition_legend(ax, levels, name)
    return ax


def plot_variance_explained(components, count=8, ax=None):
    """Share of the activity's variance in each principal component, and together, with the span in words.

    Parameters
    ----------
    components : ActivityComponents
        From `dynsys.populations.activity_components`.
    count : int, default 8
        Most components to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.populations.activity import ActivityComponents
    >>> two = ActivityComponents(np.array([0.9, 0.1]), np.eye(2), np.zeros(2), 1.0, np.zeros(2))
    >>> len(plot_variance_explained(two, ax=new_figure()[1]).patches)
    2
    """
    ax = axes(ax)
    shares = components.variance_explained[:count]
    places = np.arange(1, len(shares) + 1)
    ax.bar(places, shares, color=BLUE, width=0.7, label="each")
    ax.plot(places, np.cumsum(shares), "o-", color=BLACK, linewidth=LINE, markersize=3, label="together")
    ax.set(xlabel="principal component", ylabel="variance explained", ylim=(0, 1.04), xticks=places)
    ax.set_xlim(0.4, max(len(places), 5) + 0.6)  # few components leave room for the words
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    legend = add_legend(ax, loc="center right")
    if components.share_in_span is not None:
        angle = np.degrees(components.angles.max(initial=0.0))
        span = f"{components.share_in_span:.1%} of the variance in span$[m, I]$".replace("%", r"$\%$")
        title = f"{span},\nlargest principal angle {angle:.2g}\N{DEGREE SIGN}"
        legend.set_title(title, prop={"size": 0.88 * ax.xaxis.label.get_size()})
    return ax


def plot_angles(components, ax=None):
    """Principal angles between span[m, I] and the leading principal components of the activity.

    Parameters
    ----------
    components : ActivityComponents
        From `dynsys.populations.activity_components`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.populations.activity import ActivityComponents
    >>> two = ActivityComponents(np.array([0.9, 0.1]), np.eye(2), np.zeros(2), 1.0, np.zeros(2))
    >>> len(plot_angles(two, new_figure()[1]).patches)
    2
    """
    ax = axes(ax)
    if components.angles is None:
        say(ax, "a full-rank network has no span to compare with")
        return ax
    angles = np.degrees(components.angles)
    places = np.arange(1, len(angles) + 1)
    ax.bar(places, angles, color=BLUE, width=0.7)
    for place, angle in zip(places, angles):
        ax.annotate(f"{angle:.2g}\N{DEGREE SIGN}", (place, angle), (0, 2), textcoords="offset points",
                    ha="center", fontsize=0.88 * ax.xaxis.label.get_size())  # fmt: skip
    ax.axhline(90, color=GREY, linewidth=0.6, linestyle="--")
    ax.set(xlabel="principal angle", ylabel="angle to span$[m, I]$ (degrees)", ylim=(0, 97), xticks=places)
    ax.set_yticks((0, 30, 60, 90))
    return ax
