"""Who leads to whom, as graphs: attractors joined by saddles, and a task's finite-state machine.

`attractor_graph` has fixed points and cycles as nodes, and an edge from each saddle to where its unstable
manifold goes. `state_machine` has the attractors at rest as nodes, and an edge for each pulse of input, such
as "from A, input B leads to C".
"""

import networkx

from dynsys.analysis.attractors import Attractors, find_attractors
from dynsys.analysis.conditions import input_conditions, resting_condition
from dynsys.analysis.manifolds import invariant_manifolds
from dynsys.analysis.robustness import basin_distances
from dynsys.analysis.transitions import pulse_transitions, saddle_connections
from dynsys.analysis.vector_field import check_field
from tasks.base import Task, Trials
from tasks.checks import check_kind
from tasks.errors import InputError


def attractor_graph(field, inputs=None, attractors=None, distances=False):
    """Fixed points and cycles as nodes, saddle connections as edges.

    Parameters
    ----------
    field : Field
        The field.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    attractors : Attractors, optional
        Those at the same inputs, if they are already known.
    distances : bool, default False
        Whether to measure how far each attractor is from its basin's boundary.

    Returns
    -------
    networkx.DiGraph
        Nodes named A, B, ... (attractors), s1, s2, ... (saddles), u1, u2, ... (sources and all others), with
        ``kind``, ``place`` (R,), ``stable`` and, if asked for, ``distance``; "box" or "open" where a manifold
        ends elsewhere. Edges have ``branches``, how many branches of the saddle's unstable manifold take it.

    Examples
    --------
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> graph = attractor_graph(compile_field(System([x - x**3, -y], [x, y])))
    >>> sorted(graph.edges)
    [('s1', 'A'), ('s1', 'B')]
    """
    check_field(field)
    if attractors is None:
        attractors = find_attractors(field, inputs)
    check_kind("attractors", attractors, Attractors, "see find_attractors")
    graph = networkx.DiGraph(inputs=dict(attractors.inputs), state=field.state)
    far = basin_distances(field, attractors) if distances else ()
    for k, (name, kind, place) in enumerate(zip(attractors.names, attractors.kinds, attractors.places)):
        graph.add_node(name, kind=kind, place=place.mean(axis=0), stable=True)
        if distances:
            graph.nodes[name]["distance"] = far[k].distance
    names = {}
    attracting = [id(point) for point in attractors.points]
    for k, point in enumerate(attractors.fixed_points):
        if id(point) in attracting:
            names[k] = attractors.names[attracting.index(id(point))]
            continue
        letter = "s" if point.kind == "saddle" else "u"
        names[k] = f"{letter}{1 + sum(name.startswith(letter) for name in names.values())}"
        graph.add_node(names[k], kind=point.kind, place=point.kappa, stable=False)
    for k, cycle in enumerate(cycle for cycle in attractors.cycles if not cycle.stable):
        graph.add_node(f"c{k + 1}", kind=cycle.kind, place=cycle.points.mean(axis=0), stable=False)
    lines = invariant_manifolds(field, attractors, stable=False) if field.dimension > 1 else ()
    for (saddle, end), branches in saddle_connections(attractors, lines).items():
        if end.startswith("fixed point"):
            end = names[int(end.split()[-1])]
        if end not in graph:
            graph.add_node(end, kind="elsewhere", place=None, stable=False)
        graph.add_edge(names[saddle], end, branches=branches)
    if field.dimension == 1:
        _line_edges(graph)
    return graph


def state_machine(field, pulses, rest=None, durations=None, attractors=None):
    """The finite-state machine of a task: where each input takes each attractor.

    Parameters
    ----------
    field : Field
        The field.
    pulses : Trials or Task, or mapping of str to inputs
        Inputs by name; of trials, every condition of `input_conditions` other than rest, each held as long as
        the trials hold it. Of a task, some of its own trials.
    rest : inputs, optional
        Inputs between pulses; zero if left out, or of trials the `resting_condition`.
    durations : mapping of str to float, optional
        How long each pulse is held, in the field's unit of time; long enough to settle if left out.
    attractors : Attractors, optional
        Those at rest, if they are already known.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes: attractors at rest, with ``kind``, ``place`` and ``outputs`` (O,). Edges, one for each input
        and start, with ``input`` and ``state`` (at the end of the pulse). The graph's attribute ``sentences``
        says it in words, ``pulses`` lists the inputs.

    Raises
    ------
    InputError
        Nothing that rests, or nothing to present.

    Examples
    --------
    >>> import numpy as np
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4)))
    >>> state_machine(field, {"up": 2.0}).graph["sentences"]
    ('from state A, input up leads to state B', 'from state B, input up leads to state B')
    """
    check_field(field)
    if attractors is not None:
        check_kind("attractors", attractors, Attractors, "see find_attractors")
    if isinstance(pulses, (Trials, Task)):
        conditions, alpha = input_conditions(pulses), pulses.alpha
        if rest is None and attractors is None:
            rest = conditions[resting_condition(conditions)].inputs
        resting = field.input_vector(rest if attractors is None else attractors.inputs)
        shown = {name: c for name, c in conditions.items() if abs(c.inputs - resting).max() > 1e-9}
        if durations is None:
            durations = {name: c.steps * alpha for name, c in shown.items()}
        pulses = {name: c.inputs for name, c in shown.items()}
    if not pulses:
        raise InputError('pulses: nothing to present; give inputs by name, such as {"A": {"v1": 1.0}}')
    if attractors is None:
        attractors = find_attractors(field, rest)
    if len(attractors) == 0:
        raise InputError("rest: there is no attractor at these inputs, so there is no state to start from")
    graph = networkx.MultiDiGraph(inputs=dict(attractors.inputs), state=field.state, pulses=tuple(pulses))
    u = field.input_vector(attractors.inputs)
    for name, kind, place in zip(attractors.names, attractors.kinds, attractors.places):
        middle = place.mean(axis=0)
        graph.add_node(name, kind=kind, place=middle, outputs=field.outputs(middle, u))
    sentences = []
    for start, pulse, end, state in pulse_transitions(field, attractors, pulses, durations):
        graph.add_edge(start, end, input=pulse, state=state)
        if "kind" not in graph.nodes[end]:
            graph.nodes[end].update(kind="elsewhere", place=None, outputs=None)
        sentences.append(f"from state {start}, input {pulse} leads to state {end}")
    graph.graph["sentences"] = tuple(sentences)
    return graph


def _line_edges(graph):
    """On a line an unstable point leads to its neighbours."""
    order = sorted((data["place"][0], name) for name, data in graph.nodes(data=True))
    for k, (_, name) in enumerate(order):
        if graph.nodes[name]["kind"].startswith("unstable"):
            for other in order[max(k - 1, 0) : k + 2]:
                if graph.nodes[other[1]]["stable"]:
                    graph.add_edge(name, other[1], branches=1)
