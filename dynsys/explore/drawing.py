"""The picture of a scene; it computes nothing."""

import matplotlib
import numpy as np
from matplotlib import pyplot

from dynsys.explore.scene import number
from dynsys.plotting.phase import plot_flow
from dynsys.plotting.phase_plane import STABLE, TRIALS, UNSTABLE, plot_portrait
from dynsys.plotting.style import BLACK, STYLE, add_legend, plain, say, symbol

SIZE = (5.8, 4.0)
# Axes in a figure, as shares of it. Fixed, since looking for the best places takes as long as drawing.
PLANE, FLOW, TIME = (0.11, 0.12, 0.59, 0.8), (0.11, 0.13, 0.36, 0.78), (0.58, 0.13, 0.4, 0.78)
# Eigenvectors reach so far from a chosen point, as a share of the view.
ARM = 0.12


def draw_scene(scene, figure=None):
    """Draw a scene, in place of what the figure showed before.

    Trajectories are purple and start at a dot; the chosen fixed point has a circle, its kind and eigenvalues
    in the corner, and its real eigenvectors (green stable, orange unstable). On a line: F against the state,
    and the trajectories in time.

    Parameters
    ----------
    scene : Scene
        From a `PhasePlaneModel`.
    figure : matplotlib.figure.Figure, optional
        Where to draw; a new one if left out.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from dynsys.explore.scene import Scene
    >>> from matplotlib.figure import Figure
    >>> scene = Scene(("x", "y"), np.array([[-1.0, 1], [-1, 1]]), message="F is not finite here.")
    >>> len(draw_scene(scene, Figure()).axes)
    1
    """
    if figure is None:
        figure = pyplot.figure(figsize=SIZE, dpi=STYLE["figure.dpi"])
    figure.clear()
    with matplotlib.rc_context({key: value for key, value in STYLE.items() if key != "figure.dpi"}):
        if scene.portrait is None:
            ax = figure.add_axes(PLANE)
            say(ax, scene.message)
        elif len(scene.state) == 1:
            _draw_line(scene, figure)
        else:
            _draw_plane(scene, figure.add_axes(PLANE))
    return figure


def _draw_plane(scene, ax):
    i, j = scene.plane
    sliced = scene.portrait.plane is not None  # along the two coordinates, in their order
    plot_portrait(scene.portrait, ax, (0, 1) if sliced else scene.plane, key=False)
    for n, path in enumerate(scene.trajectories):
        label = "trajectory" if n == 0 else None
        ax.plot(*path.T[[i, j]], color=TRIALS, linewidth=1.3, label=label, zorder=2.9)
        ax.plot(*path[:1].T[[i, j]], ".", color=TRIALS, markersize=6, zorder=2.9)
    if scene.selected is not None:
        _mark(scene, ax, scene.selected.kappa[[i, j]], (1.03, 0.02))
        _arms(scene, ax, [i, j])
    ax.set(xlim=scene.box[i], ylim=scene.box[j])
    add_legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw_line(scene, figure):
    ax, beside = figure.add_axes(FLOW), figure.add_axes(TIME)
    plot_flow(scene.portrait, ax)
    given = ", ".join(f"{symbol(name)} = {value:g}" for name, value in scene.inputs.items())
    ax.set_title(given, fontsize=ax.xaxis.label.get_size(), loc="left")
    for path in scene.trajectories:
        beside.plot(scene.time, path[:, 0], color=TRIALS, linewidth=1.3)
        ax.plot(path[:1, 0], [0.0], ".", color=TRIALS, markersize=6)
    for point in scene.portrait.fixed_points:
        beside.axhline(point.kappa[0], color=BLACK, linewidth=0.6, linestyle="-" if point.stable else "--")
    if scene.selected is not None:
        _mark(scene, ax, np.array([scene.selected.kappa[0], 0.0]), (0.03, 0.02))
    unit = symbol(scene.time_unit) if scene.time_unit != "tau" else r"$\tau$"
    beside.set(xlabel=f"time ({unit})" if scene.time_unit else "time", ylabel=symbol(scene.state[0]))
    ax.set(xlim=scene.box[0])
    beside.set(xlim=(0.0, scene.settled), ylim=scene.box[0])
    add_legend(ax, loc="best")


def _mark(scene, ax, place, beside):
    """A circle round the chosen point, and its eigenvalues at a place of the Axes."""
    ax.plot(*place[:, None], "o", markersize=12, markerfacecolor="none", color=BLACK, zorder=3.5)
    values = [plain(number(value)).replace("-", "\u2212") for value in scene.selected.eigenvalues]
    text = "\n".join([scene.selected.kind, *values])
    size = 0.88 * ax.xaxis.label.get_size()
    ax.text(*beside, text, transform=ax.transAxes, va="bottom", fontsize=size, linespacing=1.5, zorder=6)


def _arms(scene, ax, axes):
    point, widths = scene.selected, np.diff(scene.box[axes], axis=1)[:, 0]
    for value, vector in zip(point.eigenvalues, point.eigenvectors.T):
        arm = vector.real[axes]
        size = np.abs(arm / widths).max()
        if value.imag == 0 and np.isfinite(value) and size > 1e-9:
            ends = point.kappa[axes] + np.outer([-1, 1], ARM * arm / size)
            color, name = (STABLE, "stable direction") if value.real < 0 else (UNSTABLE, "unstable direction")
            label = None if name in ax.get_legend_handles_labels()[1] else name
            ax.plot(*ends.T, color=color, linewidth=2.6, label=label, zorder=2.95)
