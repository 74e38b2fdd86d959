"""Bifurcation diagrams: stable branches solid, unstable ones dashed, special points marked and named."""

from types import MappingProxyType

import numpy as np
from matplotlib.ticker import MaxNLocator

from dynsys.analysis.branch import Branch
from dynsys.analysis.cycle_branch import CycleBranch
from dynsys.analysis.diagram import BifurcationDiagram
from dynsys.plotting.cycle_bands import add_cycles, pieces
from dynsys.plotting.style import BLACK, BLUE, add_legend, axes, plain, say, symbol
from tasks.checks import check_kind
from tasks.errors import InputError

# Neutral saddles are left out: nothing changes there.
MARKERS = MappingProxyType(
    {
        "fold": "o",
        "pitchfork": "D",
        "transcritical": "^",
        "branch point": "v",
        "cusp": "P",
        "Hopf": "s",
        "flip": ">",
        "Neimark-Sacker": "p",
        "Bogdanov-Takens": "X",
        "1:1 resonance": "X",
        "event": "x",
    }
)

# What the legend begins with: names that end so.
FIRST = (" stable", " unstable", " stable cycles", " unstable cycles")
MOST_STEPS = 6  # between the numbers along the parameter's axis, so that none touch


def plot_bifurcation(diagram, coordinate=0, ax=None, color=BLACK, label=None, linewidth=1.5, band_color=None):
    """A bifurcation diagram, or one branch; several can share an Axes, each with its colour and name.

    Parameters
    ----------
    diagram : BifurcationDiagram, Branch or CycleBranch
        What to draw.
    coordinate : int or str, default 0
        What goes on the y axis: a coordinate of kappa by its number or name, or an output by its name ("z").
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    color : color
        Of the branches and the markers.
    label : str, optional
        Whose diagram it is, for the legend; dashes and markers mean the same in every diagram.
    linewidth : float, default 1.5
        Of the stable branches; a wider one shows under another diagram that coincides with it.
    band_color : color, optional
        Of cycles; that of the diagram if left out, blue for a black one.

    Notes
    -----
    Cycles are bands from their least to their greatest value (`dynsys.plotting.cycle_bands`). Of a map's
    orbits of period 2 both points are drawn, in blue unless there is another colour.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.analysis import BifurcationDiagram
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import Status
    >>> empty = BifurcationDiagram("gain", (0.0, 2.0), (), (), Status.COMPLETED)
    >>> plot_bifurcation(empty, ax=new_figure()[1]).get_xlabel()
    'recurrent gain $g$'
    """
    check_diagram(diagram)
    ax = axes(ax)
    families = getattr(diagram, "cycles", (diagram,) if hasattr(diagram, "periods") else ())
    branches = getattr(diagram, "branches", () if families else (diagram,))
    of = f"{plain(label)}, " if label else ""
    names = {True: f"{of}stable", False: "unstable"}
    if band_color is None:
        band_color = BLUE if color == BLACK else color
    axis, height_of = vertical(diagram, coordinate)
    add_cycles(ax, families, axis, band_color, getattr(diagram, "output_names", ()), of)
    for branch in branches:
        height, orbit = height_of(branch), branch.source.get("period", 1) > 1
        for piece, stable in pieces(branch.stable):
            name = f"{'' if stable else 'un'}stable orbit of period 2" if orbit else names[stable]
            ax.plot(branch.values[piece], height[piece], color=BLUE if orbit and color == BLACK else color,
                    linestyle="-" if stable else (0, (3, 1.8)), label=_new(ax, name),
                    linewidth=linewidth if stable else 0.75 * linewidth)  # fmt: skip
    for kind in MARKERS if branches else ():
        points = [point for point in diagram.special_points if point.kind == kind]
        if points:
            heights = [height_at(point, branches, height_of) for point in points]
            if axis in diagram.state:
                heights = [point.kappa[diagram.state.index(axis)] for point in points]
            ax.plot([point.value for point in points], heights,
                    marker=MARKERS[kind], linestyle="none", color=color, markerfacecolor="white",
                    markeredgewidth=1.2, markersize=5.5, zorder=4, label=_new(ax, kind))  # fmt: skip
    if not any(len(branch.values) for branch in (*branches, *families)):
        say(ax, "no branch was found")
    ax.set(xlabel=axis_label(diagram.parameter, diagram.source), ylabel=symbol(axis))
    span = getattr(diagram, "span", None)
    if span is not None:
        ax.set_xlim(*span)
    if isinstance(ax.xaxis.get_major_locator(), MaxNLocator):
        ax.xaxis.get_major_locator().set_params(nbins=MOST_STEPS)
    handles, texts = ax.get_legend_handles_labels()
    place = lambda k: next((i for i, end in enumerate(FIRST) if f" {texts[k]}".endswith(end)), len(FIRST))  # noqa: E731
    order = sorted(range(len(texts)), key=place)
    if order:
        add_legend(ax, handles=[handles[k] for k in order])
    return ax


def check_diagram(diagram):
    """Refuse what is neither a diagram nor a branch.

    Examples
    --------
    >>> check_diagram(0)
    Traceback (most recent call last):
    tasks.errors.InputError: diagram: expected BifurcationDiagram or Branch or CycleBranch, got int; make one
    with bifurcation_diagram(field, parameter, span)
    """
    kinds, hint = (BifurcationDiagram, Branch, CycleBranch), "bifurcation_diagram(field, parameter, span)"
    check_kind("diagram", diagram, kinds, f"make one with {hint}")


def vertical(diagram, coordinate):
    """Name of the vertical axis, and a function from a branch to its heights.

    Examples
    --------
    >>> from dynsys.analysis import BifurcationDiagram
    >>> from tasks import Status
    >>> vertical(BifurcationDiagram("gain", (0.0, 2.0), (), (), Status.COMPLETED), 0)[0]
    'kappa'
    """
    if coordinate in range(len(diagram.state)):
        coordinate = diagram.state[coordinate]
    if coordinate in diagram.state:
        index = diagram.state.index(coordinate)
        return coordinate, lambda branch: branch.kappa[:, index]
    branches = getattr(diagram, "branches", (diagram,))
    if branches and hasattr(branches[0], "periods"):
        count = branches[0].output_low.shape[1]
    else:
        count = branches[0].outputs.shape[1] if branches else 0
    numbered = ("z",) if count == 1 else tuple(f"z{i + 1}" for i in range(count))
    names = getattr(diagram, "output_names", ()) or numbered
    if coordinate not in names:
        have = ", ".join((*diagram.state, *names))
        raise InputError(
            f"coordinate: {coordinate!r} is neither a coordinate nor an output; there are {have}"
        )
    column = names.index(coordinate)
    return coordinate, lambda branch: branch.outputs[:, column]


def height_at(point, branches, height_of):
    """Height of a special point, which is among the points of its branch.

    Examples
    --------
    >>> from dynsys.analysis import bifurcation_diagram, reduced_field
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> diagram = bifurcation_diagram(reduced_field(net), "gain", (0, 2))
    >>> float(height_at(diagram.special_points[0], diagram.branches, vertical(diagram, "z")[1]))
    0.0
    """
    best, height = np.inf, np.nan
    for branch in branches:
        apart = np.abs(branch.values - point.value) + np.abs(branch.kappa - point.kappa).sum(axis=1)
        if apart.size and apart.min() < best:
            best, height = apart.min(), height_of(branch)[apart.argmin()]
    return height


def _new(ax, label):
    """The label, unless the legend has it already."""
    return None if label in ax.get_legend_handles_labels()[1] else label


def axis_label(parameter, source=()):
    """What a parameter is called along an axis; equations that somebody typed have their own meanings.

    Examples
    --------
    >>> axis_label("gain"), axis_label("v"), axis_label("v3", {"text": "x' = v3 - x"})
    ('recurrent gain $g$', 'input $v$', '$v_{3}$')
    """
    if "text" in source:
        return symbol(parameter)
    if parameter == "gain":
        return f"recurrent gain {symbol(parameter)}"
    return f"input {symbol(parameter)}" if parameter.rstrip("0123456789") == "v" else symbol(parameter)
