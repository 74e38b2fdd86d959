"""Graphs of attractors drawn: in state space where the plane allows it, or around a circle."""

import networkx
import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.patheffects import withStroke

from dynsys.plotting.phase import KINDS, draw_points
from dynsys.plotting.style import BLACK, CYCLE, GREY, add_legend, axes, plain, say, symbol
from tasks.checks import check_kind

LETTER, BEND = 0.16, 0.18
# Room around the points, as a share of what they span; a letter's width and height, as shares of its size;
# what distance of a text from a point or an arrow is enough, as a share of the span.
MARGIN, LETTER_WIDTH, LETTER_HEIGHT, CLEAR = 0.18, 0.66, 1.2, 0.03
CORNERS = ((1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))
SIDES = {-1: "right", 0: "center", 1: "left"}
ALONG = (0.15, 0.3, 0.5, 0.7, 0.85)
OUTLINE = (withStroke(linewidth=1.5, foreground="white"),)


def plot_attractors(graph, ax=None, plane=(0, 1), key=True):
    """Saddles and what they lead to, each at its place in the plane of two coordinates.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `dynsys.analysis.attractor_graph`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    plane : tuple of int, default (0, 1)
        Which coordinates; of a flow on a line, the points are drawn along it.
    key : bool, default True
        Whether to add the legend of kinds.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis import attractor_graph, compile_field
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.symbolic import System
    >>> x, y = sympy.symbols("x y")
    >>> graph = attractor_graph(compile_field(System([x - x**3, -y], [x, y])))
    >>> len(plot_attractors(graph, new_figure()[1]).patches)  # two arrows
    2
    """
    check_kind("graph", graph, networkx.DiGraph, "make it with attractor_graph(field)")
    ax = axes(ax, size=(4.4, 3.2))
    known = {name: node for name, node in graph.nodes(data=True) if node["place"] is not None}
    if not known:
        say(ax, "no fixed points")
        return ax
    i, j = plane if len(graph.graph["state"]) > 1 else (0, None)
    places = {
        name: (node["place"][i], 0.0 if j is None else node["place"][j]) for name, node in known.items()
    }
    for start, end, edge in graph.edges(data=True):
        if end in places:
            _arrow(ax, places[start], places[end], GREY, 0.12 * (1 if edge["branches"] == 1 else 2))
    size = ax.xaxis.label.get_size()
    texts = {
        name: name if "distance" not in node else f"{name} ({node['distance']:.2g})"
        for name, node in known.items()
    }
    room = ax.get_position().size * ax.figure.get_size_inches() * 72 / (1 + 2 * MARGIN)
    letter = np.array([LETTER_WIDTH, LETTER_HEIGHT]) * size / room
    corners = _free_corners(places, texts, [edge for edge in graph.edges if edge[1] in places], letter)
    for name, node in known.items():
        if node["kind"] in KINDS:
            draw_points(ax, [places[name][0]], [places[name][1]], node["kind"])
        else:
            label = None if node["kind"] in ax.get_legend_handles_labels()[1] else node["kind"]
            marker = "*" if node["stable"] else "x"
            ax.plot(*places[name], marker, color=BLACK, markersize=7, linestyle="none", label=label)
        right, up = corners[name]
        ax.annotate(texts[name], places[name], xytext=(5 * right, 5 * up), textcoords="offset points",
                    ha=SIDES[right], va="bottom" if up > 0 else "top", fontsize=size,
                    fontweight="bold" if node["stable"] else "normal", path_effects=OUTLINE)  # fmt: skip
    ax.margins(MARGIN)
    ax.set_xlabel(symbol(graph.graph["state"][i]))
    if j is None:
        ax.set_yticks([])
    else:
        ax.set_ylabel(symbol(graph.graph["state"][j]))
    if key:
        add_legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def plot_state_machine(graph, ax=None, words=None, colors=None):
    """A finite-state machine: a circle for each attractor at rest, an arrow for each input.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        From `dynsys.analysis.state_machine`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    words : mapping of str to str, optional
        Words for attractors, such as ``{"A": "remembers A"}``.
    colors : mapping of str to color, optional
        Colour of each input.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.analysis import reduced_field, state_machine
    >>> from dynsys.plotting.style import new_figure
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4)))
    >>> ax = plot_state_machine(state_machine(field, {"up": 2.0}), new_figure()[1])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['up']
    """
    check_kind("graph", graph, networkx.MultiDiGraph, "make it with state_machine(field, pulses)")
    ax = axes(ax, size=(4.2, 3.2))
    size = ax.xaxis.label.get_size()
    names = list(graph.nodes)
    turns = np.pi - 2 * np.pi * np.arange(len(names)) / max(len(names), 1)
    places = {name: np.array([np.cos(t), np.sin(t)]) for name, t in zip(names, turns)}
    if len(names) == 1:
        places = {names[0]: np.zeros(2)}
    shown = [edge["input"] for *_, edge in graph.edges(data=True)]
    inputs = list(dict.fromkeys([*(name for name in graph.graph.get("pulses", ()) if name in shown), *shown]))
    palette = {name: CYCLE[1 + k % (len(CYCLE) - 1)] for k, name in enumerate(inputs)} | dict(colors or {})
    loops = dict.fromkeys(names, 0)
    used = {}
    for start, end, edge in graph.edges(data=True):
        color = palette[edge["input"]]
        if start == end:
            _loop(ax, places[start], loops[start], color)
            loops[start] += 1
        else:
            turn = used.get((start, end), 0)
            used[start, end] = turn + 1
            _arrow(ax, places[start], places[end], color, BEND * (1 + turn), LETTER)
    for name in names:
        ax.add_patch(_disc(places[name], graph.nodes[name]["kind"]))
        text = (words or {}).get(name, "" if len(name) < 4 else name)
        within = len(names) > 2 and 0 < len(text) < 5  # below the disc it would be among loops
        ax.text(
            *(places[name] + [0, 0.3 * LETTER * within]), name if len(name) < 4 else "", ha="center",
            va="center", fontsize=(1.0 if within else 1.2) * size, fontweight="bold", zorder=4,
        )  # fmt: skip
        ax.text(*(places[name] - [0, 0.45 * LETTER if within else LETTER + 0.08]), plain(text), ha="center",
                va="center" if within else "top", fontsize=(0.85 if within else 1.0) * size, zorder=4,
                path_effects=() if within else OUTLINE)  # fmt: skip
    for name in inputs:
        ax.plot([], [], color=palette[name], label=plain(name))
    height = 1.45 if len(names) > 2 else 0.7
    ax.set(xlim=(-1.75, 1.75), ylim=(-height, height), aspect="equal")
    ax.set_axis_off()
    add_legend(ax, loc="upper left", bbox_to_anchor=(0.98, 1.0), title="input")
    return ax


def _free_corners(places, texts, edges, letter):
    """On which side (right, up) of each point its text meets no point and no arrow: right above if free."""
    spots = np.array(list(places.values()), dtype=float)
    span = np.ptp(spots, axis=0)
    scaled = dict(zip(places, (spots - spots.min(axis=0)) / np.where(span > 0, span, 1.0)))
    chosen, taken = {}, []
    for name, place in scaled.items():
        others = [spot for other, spot in scaled.items() if other != name] + taken
        arrows = [scaled[start] + t * (scaled[end] - scaled[start]) for start, end in edges for t in ALONG]
        half = 0.5 * letter * [len(texts[name]), 1]
        clearance = {}
        for corner in CORNERS:
            middle = place + np.array(corner) * (half + 0.02)
            outside = np.maximum(np.abs(middle - 0.5) + half - 0.5 - MARGIN, 0.0).max()
            free = [
                np.linalg.norm(np.maximum(np.abs(np.array(spots) - middle) - half, 0.0), axis=1).min()
                for spots in (others, arrows) if spots
            ]  # fmt: skip
            clearance[corner] = sum(min(gap, CLEAR) for gap in free) - outside - CLEAR * (free[:1] == [0.0])
        chosen[name] = best = max(CORNERS, key=clearance.get)
        taken += [place + np.array(best) * (half + 0.02) + [x * half[0], 0.0] for x in (-0.7, 0.0, 0.7)]
    return chosen


def _disc(place, kind):
    fill, edge = ("#FFFFFF", (0, (1, 1))) if kind == "elsewhere" else ("#E8E8E8", "-")
    if "cycle" in kind:
        edge = (0, (3, 1))
    return Circle(place, LETTER, facecolor=fill, edgecolor=BLACK, linewidth=0.9, linestyle=edge, zorder=3)


def _arrow(ax, start, end, color, bend, gap=0.0):
    start, end = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    shrink = {"shrinkA": 5, "shrinkB": 6}
    if gap:
        along = (end - start) / max(np.linalg.norm(end - start), 1e-300)
        side = np.array([along[1], -along[0]])
        start, end = start + gap * along, end - gap * along
        start, end = start - 0.5 * gap * side * bend * 4, end - 0.5 * gap * side * bend * 4
        shrink = {"shrinkA": 0, "shrinkB": 0}
    look = {"arrowstyle": "-|>", "mutation_scale": 9, "color": color, "linewidth": 1.3, "zorder": 2}
    ax.add_patch(FancyArrowPatch(start, end, connectionstyle=f"arc3,rad={-bend}", **look, **shrink))


def _loop(ax, place, number, color):
    """An arrow from a state to itself, outwards, one outside another."""
    out = place / np.linalg.norm(place) if np.linalg.norm(place) > 0 else np.array([0.0, 1.0])
    side = np.array([-out[1], out[0]])
    turn = 0.55 * ((number + 1) // 2) * (1 if number % 2 else -1) * 1.6
    out, side = np.cos(turn) * out + np.sin(turn) * side, -np.sin(turn) * out + np.cos(turn) * side
    start, end = place + LETTER * (0.8 * out - 0.6 * side), place + (LETTER + 0.02) * (0.8 * out + 0.6 * side)
    look = {"arrowstyle": "-|>", "mutation_scale": 9, "color": color, "linewidth": 1.3, "zorder": 2}
    ax.add_patch(FancyArrowPatch(start, end, connectionstyle="arc3,rad=1.6", shrinkA=0, shrinkB=0, **look))
