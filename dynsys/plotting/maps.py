"""Maps over two parameters: how many fixed points where."""

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Patch

from dynsys.analysis.count_maps import CountMap
from dynsys.plotting.style import add_legend, axes, symbol
from tasks.checks import check_kind

# Few to many, light to dark, apart for colour-blind readers; grey where the number is not proved.
COLORS, UNKNOWN = "viridis_r", (0.75, 0.75, 0.75, 1.0)


def plot_count_map(count_map, ax=None):
    """Numbers of fixed points over two parameters, one colour each, grey where none is proved.

    Parameters
    ----------
    count_map : CountMap
        From `count_map`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> result = CountMap(("a", "b"), np.arange(2), np.arange(2), np.array([[1, 3], [1, -1]]))
    >>> [text.get_text() for text in plot_count_map(result).get_legend().get_texts()]
    ['1', '3', 'not decided']
    """
    check_kind("count_map", count_map, CountMap, "make it with count_map(field, ...)")
    ax = axes(ax)
    found = np.unique(count_map.counts)
    numbers = [int(n) for n in found if n >= 0]
    shades = colormaps[COLORS](np.linspace(0.02, 0.9, max(len(numbers), 2)))
    shade = {n: shades[k] for k, n in enumerate(numbers)}
    shade |= {int(n): UNKNOWN for n in found if n < 0}
    image = np.empty((*count_map.counts.shape, 4))
    for n, color in shade.items():
        image[count_map.counts == n] = color
    extent = [*_edges(count_map.across), *_edges(count_map.along)]
    ax.imshow(image, origin="lower", extent=extent, aspect="auto", interpolation="nearest")
    ax.set_xlabel(symbol(count_map.names[0]))
    ax.set_ylabel(symbol(count_map.names[1]))
    handles = [Patch(color=shade[n], label=str(n)) for n in numbers]
    if len(numbers) < len(found):
        handles.append(Patch(color=UNKNOWN, label="not decided"))
    add_legend(ax, handles=handles, title="fixed points", loc="upper left", bbox_to_anchor=(1.02, 1))
    return ax


def _edges(values):
    """Outer edges of cells centred on evenly spaced values."""
    half = 0.5 * (values[-1] - values[0]) / (values.size - 1) if values.size > 1 else 0.5
    return values[0] - half, values[-1] + half
