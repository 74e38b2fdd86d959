"""Phase portraits drawn: flow, nullclines, manifolds, basins, cycles in a plane; projections; potential."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.patheffects import withStroke

from dynsys.plotting.phase import draw_points
from dynsys.plotting.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LINE,
    ORANGE,
    PURPLE,
    VERMILLION,
    YELLOW,
    add_legend,
    axes,
    plain,
    say,
    shown_figure,
    symbol,
)  # fmt: skip
from tasks.errors import InputError

# Slow to fast.
SPEED = LinearSegmentedColormap.from_list("speed", ["#D9D9D9", "#8C8C8C", "#3A3A3A"])
TINTS = ("#DCEBF7", "#FBE6D3", "#DDF1E8", "#F3E1EE", "#FBF6CF", "#E6E6E6")
NULLCLINES = (BLUE, VERMILLION)
# Length of an arrow's head, inches.
HEAD = 0.05
STABLE, UNSTABLE, TRIALS = GREEN, ORANGE, PURPLE


def plot_portrait(portrait, ax=None, plane=(0, 1), key=True, title=None, basins=True, limit=24):
    """One plane of a phase portrait.

    Streamlines are grey, darker where the flow is faster; the nullclines blue and orange-red; stable
    manifolds (separatrices) green, unstable ones orange; stable cycles solid black, others dashed; basins
    tinted, with the letter of their attractor; trials purple.

    Parameters
    ----------
    portrait : PhasePortrait
        With two or more state variables.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    plane : tuple of int, default (0, 1)
        Which two coordinates; those of a portrait of more dimensions are projected.
    key : bool, default True
        Whether to add the legend.
    title : str, optional
        Title; the inputs if left out.
    basins : bool, default True
        Whether to tint the basins.
    limit : int, default 24
        Most trials to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        A portrait on a line, or coordinates that it does not have.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis import compile_field, phase_portrait
    >>> from dynsys.symbolic import System
    >>> x, y = sympy.symbols("x y")
    >>> portrait = phase_portrait(compile_field(System([x - x**3, -y], [x, y])))
    >>> from dynsys.plotting.style import new_figure
    >>> plot_portrait(portrait, new_figure()[1]).get_xlabel()
    'x'
    """
    i, j = plane
    if portrait.dimension < 2 or not (i != j and 0 <= min(i, j) and max(i, j) < portrait.dimension):
        have = f"{portrait.dimension} coordinates"
        raise InputError(f"plane: {plane} of a portrait with {have}; plot_flow draws a line")
    ax = axes(ax, size=(4.6, 3.4) if key else (3.4, 3.2))
    planar = portrait.dimension == 2
    if planar and basins and portrait.basins is not None:
        _tint(ax, portrait)
    _streams(ax, portrait, i, j, arrows=planar)
    for n, line in enumerate(portrait.nullclines):
        known = any(m.component == line.component for m in portrait.nullclines[:n])
        label = None if known else f"{symbol(portrait.state[line.component])}-nullcline"
        ax.plot(
            *line.points.T[[i, j]], color=NULLCLINES[line.component], linewidth=1.1, label=label, zorder=2
        )
    _manifolds(ax, portrait, i, j)
    for cycle in portrait.cycles:
        label = _fresh(ax, cycle.kind)
        style = "-" if cycle.stable else (0, (3, 1.5))
        ax.plot(*cycle.points.T[[i, j]], color=BLACK, linewidth=1.8, label=label,
                linestyle=style, zorder=2.6)  # fmt: skip
    for ring in portrait.fixed_points.continua:
        ax.plot(
            *ring.points.T[[i, j]], ".", color=BLACK, markersize=3, label=_fresh(ax, "continuum"), zorder=2.7
        )
    if portrait.trajectories is not None:
        for path in portrait.trajectories[:limit]:
            ax.plot(
                *path.T[[i, j]],
                color=TRIALS,
                linewidth=0.8,
                alpha=0.8,
                label=_fresh(ax, "trials"),
                zorder=2.8,
            )
            last = path[np.isfinite(path).all(axis=1)][-1:]
            ax.plot(*last.T[[i, j]], "s", color=TRIALS, markersize=2.5, zorder=2.8)
    for point in portrait.fixed_points:
        draw_points(ax, point.kappa[[i]], point.kappa[[j]], point.kind)
    _letters(ax, portrait, i, j)
    ax.set(xlabel=symbol(portrait.state[i]), ylabel=symbol(portrait.state[j]))
    ax.set(xlim=portrait.box[i], ylim=portrait.box[j])
    given = ", ".join(f"{symbol(name)} = {value:g}" for name, value in portrait.inputs.items())
    ax.set_title(given if title is None else plain(title), fontsize=ax.xaxis.label.get_size(), loc="left")
    if key:
        add_legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def plot_portraits(portraits, titles=None, plane=(0, 1), columns=None):
    """Portraits side by side, one for each input condition, with one legend.

    Parameters
    ----------
    portraits : sequence of PhasePortrait, or mapping of str to PhasePortrait
        The portraits; the keys of a mapping are the titles.
    titles : sequence of str, optional
        Titles of the panels; the inputs if left out.
    plane : tuple of int
        Which two coordinates.
    columns : int, optional
        Panels in a row; all of them if there are at most four.

    Returns
    -------
    figure : matplotlib.figure.Figure
    panels : list of matplotlib.axes.Axes

    Examples
    --------
    >>> plot_portraits({})[1]
    []
    """
    if hasattr(portraits, "items"):
        titles, portraits = list(portraits), list(portraits.values())
    count = len(portraits)
    if count == 0:
        figure, ax = shown_figure()
        say(ax, "no portraits")
        return figure, []
    columns = columns or min(count, 4)
    rows = -(-count // columns)
    figure, panels = shown_figure(rows, columns, size=(2.9 * columns + 1.3, 2.8 * rows), squeeze=False)
    panels = list(panels.ravel())
    for ax in panels[count:]:
        ax.set_axis_off()
    named = {}
    for n, (portrait, ax) in enumerate(zip(portraits, panels)):
        plot_portrait(portrait, ax, plane, key=False, title=None if titles is None else titles[n])
        handles, labels = ax.get_legend_handles_labels()
        named |= {label: handle for label, handle in zip(labels, handles) if label not in named}
    figure.legend(named.values(), named.keys(), loc="outside right upper", frameon=False, fontsize=7)
    return figure, panels[:count]


def plot_portrait_3d(portrait, ax=None, axis=(0, 1, 2), limit=24):
    """Three coordinates of a phase portrait in space.

    Parameters
    ----------
    portrait : PhasePortrait
        With three or more state variables.
    ax : mpl_toolkits.mplot3d.Axes3D, optional
        Where to draw; a new figure if left out.
    axis : tuple of int
        Which coordinates.
    limit : int, default 24
        Most trials to draw.

    Returns
    -------
    mpl_toolkits.mplot3d.Axes3D

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis import compile_field, phase_portrait
    >>> from dynsys.symbolic import System
    >>> x, y, z = sympy.symbols("x y z")
    >>> portrait = phase_portrait(compile_field(System([-x, -y, -z], [x, y, z])))
    >>> plot_portrait_3d(portrait).name
    '3d'
    """
    if portrait.dimension < 3:
        raise InputError(f"portrait: a view in space needs three coordinates, this has {portrait.dimension}")
    if ax is None:
        ax = shown_figure(size=(4.6, 4.0), subplot_kw={"projection": "3d"})[1]
    axis = list(axis)
    for line in portrait.streamlines:
        ax.plot(*line.T[axis], color=GREY, linewidth=0.5, alpha=0.6)
    for manifold in portrait.manifolds:
        if manifold.dimension == 1:
            color, label = (STABLE, "stable manifold") if manifold.stable else (UNSTABLE, "unstable manifold")
            ax.plot(*manifold.points.T[axis], color=color, linewidth=1.1, label=_fresh(ax, label))
    for cycle in portrait.cycles:
        style = "-" if cycle.stable else (0, (3, 1.5))
        ax.plot(
            *cycle.points.T[axis], color=BLACK, linewidth=1.8, linestyle=style, label=_fresh(ax, cycle.kind)
        )
    if portrait.trajectories is not None:
        for path in portrait.trajectories[:limit]:
            ax.plot(*path.T[axis], color=TRIALS, linewidth=0.8, label=_fresh(ax, "trials"))
    looks = {"stable": ("o", BLACK), "saddle": ("D", YELLOW), "unstable": ("o", "white")}
    for point in portrait.fixed_points:
        marker, color = looks.get(point.kind.split()[0], ("X", BLACK))
        ax.plot(*([value] for value in point.kappa[axis]), marker=marker, markerfacecolor=color, color=BLACK,
                linestyle="none", markersize=4.5, label=_fresh(ax, point.kind))  # fmt: skip
    ax.set(**{f"{letter}label": symbol(portrait.state[k]) for letter, k in zip("xyz", axis)})
    ax.set(**{f"{letter}lim": portrait.box[k] for letter, k in zip("xyz", axis)})
    add_legend(ax, loc="upper left", bbox_to_anchor=(0.0, 1.08), ncols=2)
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


def _tint(ax, portrait):
    basins = portrait.basins
    numbers = np.unique(basins.labels)
    colors = ["#FFFFFF" if n < 0 else TINTS[n % len(TINTS)] for n in numbers]
    places = np.searchsorted(numbers, basins.labels)
    ends = (*portrait.box[0], *portrait.box[1])
    ax.imshow(places.T, origin="lower", extent=ends, aspect="auto", cmap=ListedColormap(colors), vmin=-0.5,
              vmax=len(numbers) - 0.5, interpolation="nearest", zorder=0)  # fmt: skip


def _streams(ax, portrait, i, j, arrows):
    """Streamlines coloured by speed, each with an arrow in its middle."""
    if not portrait.streamlines:
        return
    speeds = np.concatenate(portrait.speeds)
    low, high = np.percentile(np.sqrt(speeds), [2, 98])
    pieces, values = [], []
    for line, speed in zip(portrait.streamlines, portrait.speeds):
        plane = line[:, [i, j]]
        pieces.append(np.stack([plane[:-1], plane[1:]], axis=1))
        values.append(np.sqrt(speed[:-1]))
    look = {"cmap": SPEED, "linewidths": 0.6, "zorder": 1, "capstyle": "round"}
    collection = LineCollection(np.concatenate(pieces), **look)
    collection.set_array(np.concatenate(values))
    collection.set_clim(low, max(high, low + 1e-300))
    ax.add_collection(collection)
    middles = [(line, len(line) // 2) for line in portrait.streamlines if len(line) > 2 and arrows]
    if middles:
        places = np.array([line[k] for line, k in middles])
        ways = np.array([line[k + 1 if k + 1 < len(line) else k] - line[k - 1] for line, k in middles])
        ways *= HEAD / np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-300)
        speeds = [np.sqrt(speed[len(speed) // 2]) for speed in portrait.speeds if len(speed) > 2]
        heads = ax.quiver(
            *places.T, *ways.T, speeds, cmap=SPEED, angles="xy", units="inches", scale_units="inches",
            scale=1, width=0.2 * HEAD, headwidth=4, headlength=5, headaxislength=5, pivot="mid", zorder=1,
        )  # fmt: skip
        heads.set_clim(low, max(high, low + 1e-300))


def _manifolds(ax, portrait, i, j):
    for manifold in portrait.manifolds:
        if manifold.dimension > 1:
            continue
        color, name = (STABLE, "stable manifold") if manifold.stable else (UNSTABLE, "unstable manifold")
        ax.plot(*manifold.points.T[[i, j]], color=color, linewidth=1.4, label=_fresh(ax, name), zorder=2.3)


def _letters(ax, portrait, i, j):
    """The letter of each attractor beside it; beside a cycle where it is farthest from the fixed points."""
    if portrait.attractors is None:
        return
    outline = [withStroke(linewidth=1.8, foreground="white")]
    look = {"fontsize": 1.1 * ax.xaxis.label.get_size(), "fontweight": "bold", "zorder": 5, "clip_on": True}
    widths = np.ptp(portrait.box, axis=1)[[i, j]]
    points = portrait.fixed_points.kappa[:, [i, j]]
    for name, place in zip(portrait.attractors.names, portrait.attractors.places):
        away = np.abs((place[:, None, [i, j]] - points) / widths).sum(axis=-1).min(axis=1, initial=9.0)
        at = place[np.argmax(away) if len(place) > 1 else 0]
        ax.annotate(name, at[[i, j]], xytext=(4, 4), textcoords="offset points", path_effects=outline, **look)


def _fresh(ax, label):
    """A label for the legend, unless it is there already."""
    return None if label in ax.get_legend_handles_labels()[1] else label
