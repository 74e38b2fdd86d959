"""Phase portraits in space: three coordinates of a flow."""

import numpy as np

from dynsys.plotting.phase_plane import STABLE, TRIALS, UNSTABLE, fresh
from dynsys.plotting.style import BLACK, GREY, YELLOW, add_legend, shown_figure, symbol
from tasks.errors import InputError


def plot_portrait_3d(portrait, ax=None, axis=(0, 1, 2), limit=24):
    """Three coordinates of a phase portrait in space.

    Parameters
    ----------
    portrait : PhasePortrait
        With three or more state variables, not a slice.
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
    if portrait.plane is not None:
        raise InputError(
            "portrait: a slice is flat; draw it with plot_portrait, or leave plane out of phase_portrait"
        )
    if ax is None:
        ax = shown_figure(size=(4.6, 4.0), subplot_kw={"projection": "3d"})[1]
    axis = list(axis)
    low, high = portrait.box[axis].T

    def inside(points):
        """Three coordinates of a line, NaN beyond the box, since matplotlib cuts nothing off in space."""
        points = points[:, axis]
        return np.where(((points >= low) & (points <= high)).all(axis=1, keepdims=True), points, np.nan).T

    for line in portrait.streamlines:
        ax.plot(*inside(line), color=GREY, linewidth=0.5, alpha=0.6)
    for manifold in portrait.manifolds:
        if manifold.dimension == 1:
            color, label = (STABLE, "stable manifold") if manifold.stable else (UNSTABLE, "unstable manifold")
            ax.plot(*inside(manifold.points), color=color, linewidth=1.1, label=fresh(ax, label))
    for cycle in portrait.cycles:
        style = "-" if cycle.stable else (0, (3, 1.5))
        ax.plot(
            *inside(cycle.points), color=BLACK, linewidth=1.8, linestyle=style, label=fresh(ax, cycle.kind)
        )
    if portrait.trajectories is not None:
        for path in portrait.trajectories[:limit]:
            ax.plot(*inside(path), color=TRIALS, linewidth=0.8, label=fresh(ax, "trials"))
    looks = {"stable": ("o", BLACK), "saddle": ("D", YELLOW), "unstable": ("o", "white")}
    for point in portrait.fixed_points:
        if not ((point.kappa[axis] >= low) & (point.kappa[axis] <= high)).all():
            continue
        marker, color = looks.get(point.kind.split()[0], ("X", BLACK))
        ax.plot(*([value] for value in point.kappa[axis]), marker=marker, markerfacecolor=color, color=BLACK,
                linestyle="none", markersize=4.5, label=fresh(ax, point.kind))  # fmt: skip
    ax.set(**{f"{letter}label": symbol(portrait.state[k]) for letter, k in zip("xyz", axis)})
    ax.set(**{f"{letter}lim": portrait.box[k] for letter, k in zip("xyz", axis)})
    add_legend(ax, loc="upper left", bbox_to_anchor=(0.0, 1.08), ncols=2)
    return ax
