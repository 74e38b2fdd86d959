"""Pictures of the dynamics: flow and potential on a line, trajectories in the plane of v and kappa."""

from itertools import pairwise
from types import MappingProxyType

import numpy as np

from dynsys.analysis.portrait import PhasePortrait
from dynsys.plotting.style import BLACK, GREY, LINE, axes, condition_legend, plain, symbol, trial_colors
from tasks.checks import check_kind
from tasks.errors import InputError

# Filled = attracting, open = repelling, half = saddle; shapes differ too, for grey print.
KINDS = MappingProxyType(
    {
        "stable node": {"marker": "o", "fillstyle": "full"},
        "stable focus": {"marker": "h", "fillstyle": "full"},
        "saddle": {"marker": "D", "fillstyle": "left"},
        "unstable node": {"marker": "o", "fillstyle": "none"},
        "unstable focus": {"marker": "h", "fillstyle": "none"},
        "non-hyperbolic": {"marker": "X", "fillstyle": "full"},
    }
)


def plot_flow(portrait, ax=None, color=BLACK, label=None, arrows=True):
    """One-dimensional flow: F against kappa, arrows where it goes, fixed points by kind.

    Parameters
    ----------
    portrait : PhasePortrait
        From `phase_portrait` of a field with one state variable.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    color : color
        Of the curve and its points.
    label : str, optional
        Name of the curve in the legend.
    arrows : bool, default True
        Whether to draw arrows between the fixed points.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.analysis import phase_portrait, reduced_field
    >>> from dynsys.plotting.style import new_figure
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> plot_flow(phase_portrait(field), new_figure()[1]).get_xlabel()
    '$\\\\kappa$'
    """
    check_kind("portrait", portrait, PhasePortrait, "make it with phase_portrait(field, inputs)")
    ax = axes(ax)
    name = symbol(portrait.state[0])
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    ax.plot(portrait.kappa, portrait.flow, color=color, linewidth=LINE, label=label and plain(label))
    for place, direction in _arrows(portrait) if arrows else ():
        ax.plot(place, 0, marker=">" if direction > 0 else "<", color=color, markersize=4, markeredgewidth=0,
                linestyle="none")  # fmt: skip
    for kind in KINDS:
        points = [point.kappa[0] for point in portrait.fixed_points if point.kind == kind]
        if points:
            draw_points(ax, points, np.zeros(len(points)), kind, color)
    letter = name.strip("$")
    ax.set(xlabel=name, ylabel=rf"$F({letter}) = \tau\,\mathrm{{d}}{letter}/\mathrm{{d}}t$")
    return ax


def plot_potential(portrait, ax=None, color=BLACK, label=None):
    """The potential of a flow on a line, U = -int F: the flow runs downhill to its minima.

    Parameters
    ----------
    portrait : PhasePortrait
        With one state variable.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    color : color
        Of the curve.
    label : str, optional
        Name of the curve in the legend.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.analysis import phase_portrait, reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> from dynsys.plotting.style import new_figure
    >>> plot_potential(phase_portrait(field), new_figure()[1]).get_xlabel()
    '$\\\\kappa$'
    """
    check_kind("portrait", portrait, PhasePortrait, "make it with phase_portrait(field, inputs)")
    if portrait.dimension != 1 or portrait.potential is None:
        raise InputError("portrait: only a flow on a line has a potential; see phase_portrait")
    ax = axes(ax)
    ax.plot(portrait.kappa, portrait.potential, color=color, linewidth=LINE, label=label and plain(label))
    for point in portrait.fixed_points:
        height = np.interp(point.kappa[0], portrait.kappa, portrait.potential)
        draw_points(ax, point.kappa, [height], point.kind, color)
    name = symbol(portrait.state[0])
    ax.set(xlabel=name, ylabel=f"potential $U(${name}$)$")
    return ax


def plot_trajectories(
    trials, trajectory, coordinate=0, channel=0, condition=None, limit=24, ax=None, key=True
):
    """Trajectories in the (v, kappa) plane, the activity's place along I and along m, coloured by condition.

    Parameters
    ----------
    trials : Trials
        The trials; the first `limit` are drawn.
    trajectory : Trajectory
        From `rnn.simulate` or `run_circuit`: ``v`` (B, T, S) and ``kappa`` (B, T, R) are drawn.
    coordinate : int, default 0
        Which kappa.
    channel : int, default 0
        Which v.
    condition : str, optional
        Which of ``trials.conditions`` gives the colours; the first if left out.
    limit : int, default 24
        Most trials to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw, such as the Axes of a bifurcation diagram along v; a new figure if left out.
    key : bool, default True
        Whether to add the legend of conditions.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from rnn import LowRankRNN, simulate
    >>> from tasks import get_task
    >>> trials = get_task("rdm").trials(3, rng=0)
    >>> run = simulate(LowRankRNN.random(20, 1, get_task("rdm"), rng=0), trials)
    >>> plot_trajectories(trials, run, ax=new_figure()[1]).get_xlabel()
    '$v$'
    """
    ax = axes(ax)
    colors, levels, name = trial_colors(trials, condition)
    for color, b in zip(colors, range(min(limit, trials.size))):
        v, kappa = trajectory.v[b, :, channel], trajectory.kappa[b, :, coordinate]
        ax.plot(v, kappa, color=color, linewidth=LINE, zorder=2.5)
        ax.plot(v[-1:], kappa[-1:], "s", color=color, markersize=3.5, zorder=2.6)
    x = "v" if trajectory.v.shape[2] == 1 else f"v{channel + 1}"
    y = "kappa" if trajectory.kappa.shape[2] == 1 else f"kappa{coordinate + 1}"
    ax.set(xlabel=symbol(x), ylabel=symbol(y))
    if key:
        condition_legend(ax, levels, name)
    return ax


def draw_points(ax, x, y, kind, color=BLACK, **options):
    """Fixed points of one kind, with the marker that the project gives that kind.

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> draw_points(new_figure()[1], [0.0], [0.0], "stable node").get_label()
    'stable node'
    """
    known = ax.get_legend_handles_labels()[1]
    look = {"markersize": 5.5, "markeredgewidth": 1.1, "linestyle": "none", "zorder": 3, "color": color}
    if KINDS[kind]["fillstyle"] == "none":
        look["markerfacecolor"] = "white"
    if KINDS[kind]["fillstyle"] == "left":
        look["markerfacecoloralt"] = "white"
    fill = "full" if KINDS[kind]["fillstyle"] == "none" else KINDS[kind]["fillstyle"]
    return ax.plot(x, y, marker=KINDS[kind]["marker"], fillstyle=fill, label=None if kind in known else kind,
                   **{**look, **options})[0]  # fmt: skip


def _arrows(portrait):
    """Places between neighbouring fixed points (or the ends), with the sign of the flow there."""
    points = sorted(point.kappa[0] for point in portrait.fixed_points)
    stops = [portrait.kappa[0], *points, portrait.kappa[-1]] if len(portrait.kappa) else []
    for low, high in pairwise(stops):
        inside = (portrait.kappa > low) & (portrait.kappa < high)
        if inside.any() and high - low > 0.04 * np.ptp(portrait.kappa):
            place = 0.5 * (low + high)
            yield place, np.sign(np.interp(place, portrait.kappa, portrait.flow))
