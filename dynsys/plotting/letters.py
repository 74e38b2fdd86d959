"""Letters of attractors in a phase plane, where they cover no marker."""

import numpy as np
from matplotlib.patheffects import withStroke

from dynsys.analysis.attractors import NOWHERE

# In a slice a letter is so far from every marker, as a share of the picture.
CLEAR = 0.065


def draw_letters(ax, portrait, seen, widths, middles=None):
    """The letter of each attractor beside it, or in the middle of its basin.

    Beside a cycle it is where the cycle is farthest from the fixed points.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    portrait : PhasePortrait
        The portrait.
    seen : callable
        x and y (2, K) of states (K, R).
    widths : ndarray (2, 1)
        Sizes of the picture.
    middles : dict of str to tuple of float, optional
        A place in the basin of each attractor by name, for a slice.

    Examples
    --------
    >>> from dynsys.analysis import compile_field, phase_portrait
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.symbolic import System
    >>> field = compile_field(System.from_text("x' = x - x^3; y' = -y"))
    >>> ax = new_figure()[1]
    >>> draw_letters(ax, phase_portrait(field), np.transpose, np.ones((2, 1)))
    >>> [text.get_text() for text in ax.texts]
    ['A', 'B']
    """
    outline = [withStroke(linewidth=1.8, foreground="white")]
    look = {"fontsize": 1.1 * ax.xaxis.label.get_size(), "fontweight": "bold", "zorder": 5, "clip_on": True,
            "path_effects": outline}  # fmt: skip
    points = seen(portrait.fixed_points.kappa) / widths
    if middles is not None:
        for name, place in middles.items():
            if name not in NOWHERE.values():
                at = beside_markers(np.array(place) / widths[:, 0], points) * widths[:, 0]
                ax.annotate(name, at, ha="center", va="center", **look)
        return
    if portrait.attractors is None:
        return
    for name, place in zip(portrait.attractors.names, portrait.attractors.places):
        here = seen(place)
        away = np.abs((here / widths)[:, :, None] - points[:, None]).sum(axis=0).min(axis=1, initial=9.0)
        at = here[:, np.argmax(away) if len(place) > 1 else 0]
        ax.annotate(name, at, xytext=(4, 4), textcoords="offset points", **look)


def beside_markers(place, points):
    """A place or, if a marker is there, the one around it that is farthest from all markers.

    Parameters
    ----------
    place : ndarray (2,)
        Where a letter is wanted, as shares of the picture.
    points : ndarray (2, K)
        Where markers are.

    Returns
    -------
    ndarray (2,)

    Examples
    --------
    >>> markers = np.array([[0.5, 0.1], [0.5, 0.1]])
    >>> beside_markers(np.array([0.3, 0.3]), markers)
    array([0.3, 0.3])
    >>> beside_markers(np.array([0.5, 0.5]), markers).round(3)
    array([0.525, 0.56 ])
    """
    angles = np.pi / 4 * np.arange(8) + np.pi / 8
    around = place + CLEAR * np.column_stack([np.cos(angles), np.sin(angles)])
    free = [np.linalg.norm(points.T - at, axis=1).min(initial=np.inf) for at in (place, *around)]
    return place if free[0] >= CLEAR else around[int(np.argmax(free[1:]))]
