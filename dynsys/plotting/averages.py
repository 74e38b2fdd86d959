"""Pictures of averages by condition: outputs or kappas of networks, redrawn networks and circuits."""

from collections.abc import Mapping

import numpy as np

from dynsys.plotting.activity import time_axis
from dynsys.plotting.style import (
    BLACK,
    GREY,
    LINE,
    add_legend,
    axes,
    colors_of,
    condition_legend,
    line_style,
    plain,
)


def plot_averages(averages, channel=0, label="output", spread=True, ax=None, key=True):
    """Mean traces by condition: colour tells the condition, line style who made them.

    Parameters
    ----------
    averages : ConditionAverages, or mapping of str to them
        From `tasks.condition_averages`, by name when several ("network", "redrawn", "circuit").
    channel : int, default 0
        Which of the K traces.
    label : str
        Label of the y axis.
    spread : bool, default True
        Whether to shade one standard deviation over trials, of the first of several.
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
    >>> from tasks import condition_averages, get_task
    >>> trials = get_task("rdm").trials(40, rng=0)
    >>> ax = plot_averages(condition_averages(trials, trials.inputs), ax=new_figure()[1])
    >>> ax.get_xlabel()
    'time (ms)'
    """
    ax = axes(ax)
    averages = dict(averages) if isinstance(averages, Mapping) else {"network": averages}
    first = next(iter(averages.values()))
    colors = colors_of(first.levels)
    handles = []
    for i, (maker, made) in enumerate(averages.items()):
        style = line_style(maker, i)
        for level, mean, deviation in zip(made.levels, made.mean[..., channel], made.spread[..., channel]):
            color = colors[int(np.flatnonzero(first.levels == level)[0])]
            ax.plot(made.trials.time, mean, color=color, linestyle=style, linewidth=LINE)
            if spread and i == 0:
                ax.fill_between(
                    made.trials.time, mean - deviation, mean + deviation, color=color, alpha=0.15, linewidth=0
                )
        handles += ax.plot([], [], color=BLACK, linestyle=style, linewidth=LINE, label=plain(maker))
    ax.axhline(0.0, color=GREY, linewidth=0.5, zorder=0)
    time_axis(ax, first.trials, label)
    if len(averages) > 1:
        ax.add_artist(add_legend(ax, handles=handles, loc="best"))
    if key:
        condition_legend(ax, list(first.levels), first.condition)
    return ax
