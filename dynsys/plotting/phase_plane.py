"""Phase portraits drawn: flow, nullclines, manifolds, basins, cycles in a plane; projections and slices."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, ListedColormap

from dynsys.analysis.attractors import NOWHERE
from dynsys.analysis.portrait import PhasePortrait
from dynsys.plotting.letters import draw_letters
from dynsys.plotting.phase import draw_points
from dynsys.plotting.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILLION,
    add_legend,
    axes,
    plain,
    say,
    shown_figure,
    symbol,
)  # fmt: skip
from tasks.checks import check_kind
from tasks.errors import InputError

# Slow to fast.
SPEED = LinearSegmentedColormap.from_list("speed", ["#D9D9D9", "#8C8C8C", "#3A3A3A"])
TINTS = ("#DCEBF7", "#FBE6D3", "#DDF1E8", "#F3E1EE", "#FBF6CF", "#BBD9EE", "#F5CDAF", "#BFE3D3")
# Places that belong to no attractor.
NOBODY = "#E2E2E2"
NULLCLINES = (BLUE, VERMILLION)
# Length of an arrow's head, inches.
HEAD = 0.05
# Fixed points off a slice: paler with the distance, in shares of the picture; how pale at most; that many of
# them are labelled with it.
FADE, PALEST, MOST_LABELLED = 0.25, 0.18, 6
# So many inputs and held coordinates are all named in a title.
MOST_NAMED = 3
STABLE, UNSTABLE, TRIALS = GREEN, ORANGE, PURPLE


def plot_portrait(portrait, ax=None, plane=(0, 1), key=True, title=None, basins=True, limit=24):
    """One plane of a phase portrait.

    Streamlines are grey, darker where the flow is faster; the nullclines blue and orange-red; stable
    manifolds (separatrices) green, unstable ones orange; stable cycles solid black, others dashed; basins
    tinted, with the letter of their attractor; trials purple.

    In a slice the lines follow the part of the flow along the plane. What lies beside the plane is seen from
    it: fixed points paler the farther they are, cycles and trials pale.

    Parameters
    ----------
    portrait : PhasePortrait
        With two or more state variables.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    plane : tuple of int, default (0, 1)
        Which two coordinates; those of a portrait of more dimensions are projected. Of a slice, those of its
        plane.
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
    '$x$'
    """
    check_kind("portrait", portrait, PhasePortrait, "make it with phase_portrait(field, inputs)")
    i, j = plane
    sliced = portrait.plane is not None
    count = 2 if sliced else portrait.dimension
    if portrait.dimension < 2 or not (i != j and 0 <= min(i, j) and max(i, j) < count):
        raise InputError(f"plane: {plane} of a portrait with {count} coordinates; plot_flow draws a line")
    ax = axes(ax, size=(4.6, 3.4) if key else (3.4, 3.2))
    planar = portrait.dimension == 2 or sliced

    def seen(states):
        """x and y of states (K, R)."""
        return (portrait.plane.coordinates(states) if sliced else states)[:, [i, j]].T

    tinted = planar and basins and portrait.basins is not None
    if tinted:
        _tint(ax, portrait, i, j)
    _streams(ax, portrait, i, j, arrows=planar)
    _nullclines(ax, portrait, i, j)
    _manifolds(ax, portrait, i, j)
    _orbits(ax, portrait, seen, limit)
    _points(ax, portrait, seen)
    middles = None
    if sliced and tinted:
        middles = {name: (place[i], place[j]) for name, place in portrait.basins.middles.items()}
    draw_letters(ax, portrait, seen, np.ptp(portrait.box, axis=1)[[i, j], None], middles)
    names = [symbol(name) for name in (portrait.plane.labels if sliced else portrait.state)]
    if sliced and portrait.plane.axes is None:
        names = [f"{name} along {_direction(way)}" for name, way in zip(names, portrait.plane.basis)]
    ax.set(xlabel=names[i], ylabel=names[j], xlim=portrait.box[i], ylim=portrait.box[j])
    ax.set_title(
        _given(portrait) if title is None else plain(title), fontsize=ax.xaxis.label.get_size(), loc="left"
    )
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


def _tint(ax, portrait, i, j):
    basins = portrait.basins
    numbers = np.unique(basins.labels)
    colors = _tints(numbers)
    places = np.searchsorted(numbers, basins.labels)
    ends = (*portrait.box[i], *portrait.box[j])
    ax.imshow(places.T if i < j else places, origin="lower", extent=ends, aspect="auto",
              cmap=ListedColormap(colors), vmin=-0.5, vmax=len(numbers) - 0.5, interpolation="nearest",
              zorder=0)  # fmt: skip
    nobody = [name for name in basins.shares if name in NOWHERE.values()]
    if nobody:
        ax.plot([], [], "s", color=NOBODY, markersize=7, label=" or ".join(nobody))


def _tints(numbers):
    """Colours by number of the attractor, other ones where two in one picture would be alike."""
    colors = []
    for n in numbers:
        free = [tint for tint in TINTS if tint not in colors] or TINTS
        own = TINTS[n % len(TINTS)]
        colors.append(NOBODY if n < 0 else own if own in free else free[0])
    return colors


def _streams(ax, portrait, i, j, arrows):
    """Streamlines coloured by speed, each with an arrow in its middle."""
    if not portrait.streamlines:
        return
    roots = [np.sqrt(speed) for speed in portrait.speeds]
    low, high = np.percentile(np.concatenate(roots), [2, 98])
    pieces, values = [], []
    for line, root in zip(portrait.streamlines, roots):
        plane = line[:, [i, j]]
        pieces.append(np.stack([plane[:-1], plane[1:]], axis=1))
        values.append(root[:-1])
    look = {"cmap": SPEED, "linewidths": 0.6, "zorder": 1, "capstyle": "round"}
    collection = LineCollection(np.concatenate(pieces), **look)
    collection.set_array(np.concatenate(values))
    collection.set_clim(low, max(high, low + 1e-300))
    ax.add_collection(collection)
    if portrait.plane is not None:
        fast = "|F| is large" if portrait.speed == "full" else "this is fast"
        ax.plot([], [], color=SPEED(1.0), linewidth=0.8, label=f"flow along the plane,\ndark where {fast}")
    middles = [(line[:, [i, j]], len(line) // 2) for line in portrait.streamlines if len(line) > 2 and arrows]
    if middles:
        places = np.array([line[k] for line, k in middles])
        ways = np.array([line[k + 1 if k + 1 < len(line) else k] - line[k - 1] for line, k in middles])
        ways *= HEAD / np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-300)
        speeds = [root[len(root) // 2] for root in roots if len(root) > 2]
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
        ax.plot(*manifold.points.T[[i, j]], color=color, linewidth=1.4, label=fresh(ax, name), zorder=2.3)


def _nullclines(ax, portrait, i, j):
    sliced = portrait.plane is not None
    names = portrait.plane.labels if sliced else portrait.state
    for line in portrait.nullclines:
        name = symbol(names[line.component])
        label = f"no flow along {name}" if sliced else f"{name}-nullcline"
        ax.plot(*line.points.T[[i, j]], color=NULLCLINES[line.component], linewidth=1.1, zorder=2,
                label=fresh(ax, label))  # fmt: skip


def _orbits(ax, portrait, seen, limit):
    """Cycles, continua and trials; pale in a slice, which they are not in."""
    sliced = portrait.plane is not None
    pale, there = ({"alpha": 0.4}, ", projected") if sliced else ({}, "")
    for cycle in portrait.cycles:
        style = "-" if cycle.stable else (0, (3, 1.5))
        ax.plot(*seen(cycle.points), color=BLACK, linewidth=1.8, label=fresh(ax, cycle.kind + there),
                linestyle=style, zorder=2.6, **pale)  # fmt: skip
    for ring in portrait.fixed_points.continua:
        label = fresh(ax, "continuum" + there)
        ax.plot(*seen(ring.points), ".", color=BLACK, markersize=3, label=label, zorder=2.7, **pale)
    for path in () if portrait.trajectories is None else portrait.trajectories[:limit]:
        ax.plot(*seen(path), color=TRIALS, linewidth=0.8, alpha=0.4 if sliced else 0.8, zorder=2.8,
                label=fresh(ax, "trials" + there))  # fmt: skip
        last = path[np.isfinite(path).all(axis=1)][-1:]
        ax.plot(*seen(last), "s", color=TRIALS, markersize=2.5, zorder=2.8, **pale)


def _points(ax, portrait, seen):
    """Fixed points: those in the plane, then paler those beside a slice, with their distance if few."""
    on = portrait.on_plane
    for point in (point for point, here in zip(portrait.fixed_points, on) if here):
        draw_points(ax, *seen(point.kappa[None]), point.kind)
    beside = [point for point, here in zip(portrait.fixed_points, on) if not here]
    if not beside:
        return
    size = 0.5 * np.ptp(portrait.box, axis=1).mean()
    label = "beside the plane, paler\nif farther (number: how far)"
    ax.plot([], [], "o", color=BLACK, alpha=2 * PALEST, markersize=5.5, markeredgewidth=0, label=label)
    for point in beside:
        away = float(portrait.plane.distances(point.kappa))
        alpha = PALEST + 0.5 * float(np.exp(-away / (FADE * size)))
        x, y = seen(point.kappa[None])
        draw_points(ax, x, y, point.kind, alpha=alpha, zorder=2.9)
        if _few(beside):
            ax.annotate(f"{away:.2g}", (x[0], y[0]), xytext=(4, -8), textcoords="offset points", alpha=0.6,
                        fontsize=0.8 * ax.xaxis.label.get_size(), annotation_clip=True)  # fmt: skip


def _few(points):
    return len(points) <= MOST_LABELLED


def _given(portrait):
    """What is held, for the title: inputs, and where a slice lies; of many only those that are not zero."""
    given = [portrait.inputs]
    if portrait.plane is not None and portrait.plane.axes is not None:
        held = [k for k in range(portrait.dimension) if k not in portrait.plane.axes]
        given.append({portrait.state[k]: portrait.plane.origin[k] for k in held})
    lines = [_values(values) for values in given if values]
    if portrait.plane is not None and portrait.plane.axes is None:
        lines.append(f"through {_direction(portrait.plane.origin)}")
    return "\n".join(lines)


def _values(values):
    shown = {name: value for name, value in values.items() if value != 0 or len(values) <= MOST_NAMED}
    texts = [f"{symbol(name)} = {value:.4g}".replace("-", "\u2212") for name, value in shown.items()]
    if len(shown) < len(values):
        first, *_, last = (name for name in values)
        texts.append("others 0" if shown else f"{symbol(first)} to {symbol(last)} = 0")
    return ", ".join(texts)


def _direction(vector):
    return f"({', '.join(f'{value + 0.0:.2g}' for value in vector)})".replace("-", "\u2212")


def fresh(ax, label):
    """A label for the legend, unless it is there already.

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> fresh(new_figure()[1], "saddle")
    'saddle'
    """
    return None if label in ax.get_legend_handles_labels()[1] else label
