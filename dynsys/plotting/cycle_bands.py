"""Families of cycles in a bifurcation diagram: bands between their least and greatest value."""

from types import MappingProxyType

import numpy as np

from dynsys.plotting.style import BLUE

CYCLE_MARKERS = MappingProxyType(
    {
        "fold of cycles": "<",
        "period doubling": "*",
        "torus": "h",
        "branch point of cycles": "X",
        "homoclinic": "8",
    }
)
# How dense the bands are, stable and unstable.
FILL = (0.22, 0.07)


def add_cycles(ax, families, coordinate, color=BLUE, outputs=(), of=""):
    """Draw families of cycles into an Axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    families : sequence of CycleBranch
        The families.
    coordinate : str
        Name of a coordinate or an output.
    color : color
        Of bands and markers.
    outputs : sequence of str
        Names of the outputs; "z" or "z1", "z2" and so on if left out.
    of : str
        Before the names in the legend, such as "network, ".

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> ax = new_figure()[1]
    >>> add_cycles(ax, (), "kappa") is ax
    True
    """
    names = (f"{of}stable cycles", f"{of}unstable cycles")
    for family in families:
        low, high = _extremes(family, coordinate, outputs)
        for piece, stable in pieces(family.stable):
            style = "-" if stable else (0, (3, 1.8))
            ax.fill_between(family.values[piece], low[piece], high[piece], color=color, linewidth=0,
                            alpha=FILL[0 if stable else 1], zorder=1)  # fmt: skip
            for edge in (low, high):
                name = names[not stable]
                ax.plot(family.values[piece], edge[piece], color=color, linestyle=style, linewidth=1.2,
                        label=None if name in ax.get_legend_handles_labels()[1] else name)  # fmt: skip
        for kind, marker in CYCLE_MARKERS.items():
            at = [np.argmin(np.abs(family.values - p.value) + np.abs(family.periods / p.period - 1))
                  for p in family.special_points if p.kind == kind]  # fmt: skip
            if at:
                known = kind in ax.get_legend_handles_labels()[1]
                ax.plot(np.tile(family.values[at], 2), np.append(low[at], high[at]), marker=marker,
                        linestyle="none", color=color, markerfacecolor=color, markeredgecolor="white",
                        markeredgewidth=0.6, markersize=8.5 if marker == "*" else 6.5, zorder=5,
                        label=None if known else kind)  # fmt: skip
    return ax


def _extremes(family, coordinate, outputs):
    if coordinate in family.state:
        index = family.state.index(coordinate)
        return family.low[:, index], family.high[:, index]
    count = family.output_low.shape[1]
    names = outputs or (("z",) if count == 1 else tuple(f"z{i + 1}" for i in range(count)))
    column = names.index(coordinate)
    return family.output_low[:, column], family.output_high[:, column]


def pieces(stable):
    """Slices of constant stability; neighbours share a point, so that the curve has no gaps.

    Examples
    --------
    >>> list(pieces([True, True, False]))
    [(slice(0, 2, None), True), (slice(1, 3, None), False)]
    """
    stable = np.asarray(stable, dtype=bool)
    if len(stable) == 0:
        return
    cuts = np.flatnonzero(stable[1:] != stable[:-1]) + 1
    for start, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(stable)]):
        yield slice(max(start - 1, 0), stop), bool(stable[min(start, len(stable) - 1)])
