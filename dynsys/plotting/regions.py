"""Diagrams in two parameters: curves of bifurcations, the points on them, and what lives between them."""

import textwrap
from types import MappingProxyType

import numpy as np

from dynsys.analysis.two_parameters import TwoParameterDiagram
from dynsys.plotting.bifurcation import axis_label
from dynsys.plotting.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILLION, add_legend, axes
from tasks.checks import check_kind

# Told apart by dashes as well as by colour.
CURVES = MappingProxyType(
    {
        "fold": {"color": BLACK, "linestyle": "-"},
        "Hopf": {"color": BLUE, "linestyle": (0, (4, 1.6))},
        "branch point": {"color": ORANGE, "linestyle": (0, (5, 1.2, 1, 1.2))},
        "flip": {"color": ORANGE, "linestyle": (0, (2, 1))},
        "Neimark-Sacker": {"color": BLUE, "linestyle": (0, (4, 1.6))},
        "fold of cycles": {"color": VERMILLION, "linestyle": "-"},
        "period doubling": {"color": GREEN, "linestyle": (0, (2, 1))},
        "torus": {"color": PURPLE, "linestyle": (0, (4, 1.6))},
        "homoclinic": {"color": VERMILLION, "linestyle": (0, (1, 1.1))},
    }
)
MARKERS = MappingProxyType(
    {
        "cusp": "P",
        "Bogdanov-Takens": "s",
        "Bautin": "D",
        "zero-Hopf": "^",
        "Hopf-Hopf": "o",
        "pitchfork": "v",
        "degenerate pitchfork": "X",
        "generalized flip": "d",
        "Chenciner": "D",
        "fold-flip": "p",
        "1:1 resonance": "s",
        "1:2 resonance": "h",
        "1:3 resonance": "<",
        "1:4 resonance": ">",
        "cusp of cycles": "*",
        "generalized period doubling": "d",
        "neutral saddle": "8",
        "saddle-node homoclinic": "H",
    }
)
# Longer legends stand beside the picture, where they hide no label.
INSIDE = 4
# Regions below this share of the area are not labelled. More labels than this, or one of a region below this
# share, stand in the legend, and a number in the region.
LABELLED, IN_WORDS, ROOMY = 0.02, 3, 0.1
# Letters in a line of the legend.
LINE = 32


def plot_two_parameters(diagram, ax=None):
    """Curves of bifurcations in two parameters, with the number and kinds of fixed points between them.

    Parameters
    ----------
    diagram : TwoParameterDiagram
        From `two_parameter_diagram`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.analysis import TwoParameterDiagram
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import Status
    >>> spans, labels = np.array([[0, 1], [0, 1]]), np.zeros((2, 2), dtype=int)
    >>> empty = TwoParameterDiagram(("gain", "v"), spans, (), (), labels, Status.COMPLETED)
    >>> plot_two_parameters(empty, new_figure()[1]).get_xlabel()
    'recurrent gain $g$'
    """
    check_kind(
        "diagram",
        diagram,
        TwoParameterDiagram,
        "make it with two_parameter_diagram(field, names, spans)",
    )
    labelled = [region for region in diagram.regions if region.area >= LABELLED]
    in_words = len(labelled) <= IN_WORDS and all(region.area >= ROOMY for region in labelled)
    ax = axes(ax, (3.5, 2.7) if in_words else (5.6, 3.0))
    for curve in diagram.curves:
        same = [other for other in diagram.curves if other.kind == curve.kind]
        label = curve.kind + " (mirror images)" * all(len(other.images) for other in same)
        known = label in ax.get_legend_handles_labels()[1]
        ax.plot(*curve.drawn.T, label=None if known else label, linewidth=1.5, **CURVES[curve.kind])
    for kind, marker in MARKERS.items():
        places = [point.values for point in diagram.special_points if point.kind == kind]
        if places:
            ax.plot(*np.transpose(places), marker=marker, linestyle="none", color=BLACK, label=kind,
                    markerfacecolor="white", markeredgewidth=1.2, markersize=6, zorder=4)  # fmt: skip
    numbers = {}  # of what is in them
    for region in labelled:
        number = numbers.setdefault(region.label, len(numbers) + 1)
        text = region.label.replace(", ", "\n").replace("; ", "\n") if in_words else str(number)
        ax.text(*region.place, text, ha="center", va="center", fontsize="x-small", zorder=3,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0})  # fmt: skip
    for label, number in () if in_words else numbers.items():
        ax.plot([], [], linestyle="none", marker=f"${number}$", color=BLACK, markeredgewidth=0.3,
                markersize=4.5 + 1.5 * (number > 9), label=textwrap.fill(label, LINE))  # fmt: skip
    (left, right), (low, high) = diagram.spans
    across, up = (axis_label(name, diagram.source) for name in diagram.parameters)
    ax.set(xlabel=across, ylabel=up, xlim=(left, right), ylim=(low, high))
    aside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.0}
    add_legend(ax, **(aside if len(ax.get_legend_handles_labels()[1]) > INSIDE else {}))
    return ax
