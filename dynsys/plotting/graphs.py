"""Circuits drawn: arrow width is the size of a coupling, colour its sign."""

import networkx
import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path

from dynsys.plotting.style import BLACK, BLUE, VERMILLION, axes, plain, symbol
from tasks.checks import check_kind
from tasks.errors import InputError

RADIUS, MIDDLE = 0.17, 1.35
# Couplings below this share of the largest into the same kind of node get no arrow, below the next no number.
FAINT, SMALL = 0.02, 0.08
# Width and height that a number takes, and how far along its arrow it may move to be free of others.
LABEL, SHIFTS = np.array([0.46, 0.17]), (0.06, 0.12, 0.18)
COLUMNS = (("input", "means"), ("state",), ("output",))


def plot_circuit(graph, ax=None, population=None, labels=None, beside=(), title=None):
    """The equivalent circuit: inputs left, kappas in the middle, outputs right.

    Blue arrows are positive couplings, orange ones negative. Width is size against the largest coupling of
    the same kind (from inputs to kappas, among kappas, to outputs) in this graph and those beside it; below
    2 % of it there is no arrow. An input that is on is yellow.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `dynsys.analysis.circuit_graph`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    population : int, optional
        Draw what this population contributes, counted from 0; all together if left out.
    labels : mapping of str to str, optional
        Words for nodes, such as ``{"v1": "motion"}``.
    beside : sequence of networkx.DiGraph
        Graphs in the panels beside this one, which share its widths.
    title : str, optional
        Title; left out, the gains <phi'> of the populations.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.analysis.graphs import circuit_graph
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.populations.fit import Populations
    >>> one = Populations([1.0], np.zeros((1, 4)), np.full((1, 4, 4), 0.5) + np.eye(4), 1, 1, 1)
    >>> len(plot_circuit(circuit_graph(one), new_figure()[1]).patches)  # 3 nodes and 4 arrows
    7
    """
    check_kind("graph", graph, networkx.DiGraph, "make it with circuit_graph(populations)")
    count = len(graph.graph["gains"])
    if population is not None and not 0 <= population < count:
        raise InputError(f"population: there is no number {population}; there are {count}, counted from 0")
    ax = axes(ax, size=(4.2, 2.9))
    places = _places(graph)
    largest = _largest((graph, *beside), population)
    size = ax.xaxis.label.get_size()
    arrows, taken = [], []
    loops_first = sorted(
        graph.edges(data=True), key=lambda edge: edge[0] != edge[1]
    )  # their numbers stay put
    for sender, receiver, edge in loops_first:
        coupling = edge["coupling"] if population is None else edge["parts"][population]
        share = abs(coupling) / largest[_kind(graph, sender, receiver)]
        if share >= FAINT:
            arrows.append(sender)
            _arrow(ax, places, sender, receiver, coupling, share, size, taken)
    for name, place in places.items():
        if name in arrows or graph.nodes[name]["kind"] != "means":
            _node(ax, place, name, graph.nodes[name], (labels or {}).get(name), size)
    reach = max(0.8, *(abs(y) + 0.5 + 0.3 * (x == MIDDLE) for x, y in places.values()))
    ax.set(xlim=(-0.95, 3.0), ylim=(-reach, reach), aspect="equal")
    ax.set_axis_off()
    ax.set_title(_gains(graph, population) if title is None else plain(title), fontsize=size)
    return ax


def _places(graph):
    """Node -> (x, y): three columns, each centred."""
    columns = [[name for name, node in graph.nodes(data=True) if node["kind"] in kinds] for kinds in COLUMNS]
    places = {}
    for x, column, step in zip((0.0, MIDDLE, 2.55), columns, (0.55, 1.1, 0.8)):
        for i, name in enumerate(column):
            places[name] = x, step * ((len(column) - 1) / 2 - i)
    return places


def _largest(graphs, population):
    """Largest coupling of each kind over all graphs, of all populations together or of any one."""
    largest = {}
    for graph in graphs:
        for sender, receiver, edge in graph.edges(data=True):
            size = abs(edge["coupling"]) if population is None else np.abs(edge["parts"]).max()
            kind = _kind(graph, sender, receiver)
            largest[kind] = max(largest.get(kind, 0.0), float(size))
    return {kind: value or 1.0 for kind, value in largest.items()}


def _kind(graph, sender, receiver):
    """Couplings of one kind share their widths: those of outputs may be ten times those of kappas."""
    if graph.nodes[receiver]["kind"] == "output":
        return "output"
    return "recurrent" if graph.nodes[sender]["kind"] == "state" else "input"


def _arrow(ax, places, sender, receiver, coupling, share, size, taken):
    (x0, y0), (x1, y1) = places[sender], places[receiver]
    color = BLUE if coupling > 0 else VERMILLION
    look = {"color": color, "linewidth": 0.4 + 2.8 * share, "mutation_scale": 6 + 6 * share, "zorder": 2,
            "alpha": 0.35 + 0.65 * share, "arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0}  # fmt: skip
    if sender == receiver:
        up = 1.0 if y0 >= 0 else -1.0
        corners = np.array([(-0.09, 0.15), (-0.42, 0.62), (0.42, 0.62), (0.1, 0.17)]) * [1.0, up] + [x0, y0]
        route = {"path": Path(corners, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])}
        route_of_label = [np.array([x0, y0 + up * 0.5])]
    else:
        bend = _bend(places, sender, receiver)
        direction = np.array([x1 - x0, y1 - y0])
        middle = 0.5 * np.array([x0 + x1, y0 + y1]) + bend * direction[::-1] * [1, -1]
        ends = _towards((x0, y0), middle, RADIUS), _towards((x1, y1), middle, RADIUS + 0.02)
        route = {"posA": ends[0], "posB": ends[1], "connectionstyle": f"arc3,rad={bend}"}
        t = 0.42 if bend == 0 else 0.3 if x1 - x0 > 2.0 else 0.5
        along = np.array([t, *(t + side * step for step in SHIFTS for side in (-1, 1))])[:, None]
        route_of_label = (1 - along) ** 2 * [x0, y0] + 2 * along * (1 - along) * middle + along**2 * [x1, y1]
    ax.add_patch(FancyArrowPatch(**route, **look))
    if share >= SMALL:
        label = max(route_of_label, key=lambda spot: _free(spot, taken))
        taken.append(label)
        text = f"{coupling:.2f}".replace("-", "\N{MINUS SIGN}")
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
        ax.text(*label, text, ha="center", va="center", fontsize=0.85 * size, color=color, bbox=box, zorder=5)


def _free(spot, taken):
    """How far a number there would be from those that are written, as a share of what is far enough."""
    gaps = [np.max(np.abs(np.subtract(spot, other)) / LABEL) for other in taken]
    return min([1.0, *gaps])


def _bend(places, sender, receiver):
    """Arrows that would run through other nodes, or over the arrow back, are bent."""
    (x0, y0), x1 = places[sender], places[receiver][0]
    if x0 == x1:
        return 0.35  # between two kappas: there and back on opposite sides
    if x1 - x0 > 2.0:  # past the kappas, above or below
        highest = max(y for x, y in places.values() if x == MIDDLE)
        return (-1 if y0 > 0 else 1) * (0.36 + 0.7 * max(highest - 0.5 * abs(y0), 0.0))
    return 0.0


def _towards(point, aim, distance):
    point, step = np.asarray(point), np.asarray(aim) - np.asarray(point)
    return tuple(point + distance * step / np.linalg.norm(step))


def _node(ax, place, name, node, word, size):
    """A circle with the symbol in it; a word and, for an input that is on, its value beside it."""
    on = node["kind"] == "input" and node["value"] != 0
    fill = "#F7E99B" if on else "#E8E8E8" if node["kind"] == "state" else "#FFFFFF"
    ax.add_patch(Circle(place, RADIUS, facecolor=fill, edgecolor=BLACK, linewidth=0.8, zorder=3))
    means = node["kind"] == "means"
    ax.text(*place, "1" if means else symbol(name), ha="center", va="center", fontsize=size, zorder=4)
    text = plain(word or ("means" if means else ""))
    if on:
        text = f"{text} = {node['value']:g}" if text else f"{node['value']:g}"
    side = {"input": (-1, "right"), "means": (-1, "right"), "output": (1, "left"), "state": (0, "center")}
    shift, align = side[node["kind"]]
    at = place[0] + shift * (RADIUS + 0.05), place[1] - (RADIUS + 0.12) * (shift == 0)
    ax.text(*at, text, ha=align, va="center", fontsize=0.9 * size, zorder=4)


def _gains(graph, population):
    gains = graph.graph["gains"]
    shown = range(len(gains)) if population is None else [population]
    values = ", ".join(f"{gains[p]:.2f}" for p in shown)
    index = f"_{{{population + 1}}}" if population is not None else ""
    return rf"$\langle\phi'\rangle{index}$ = {values}"
