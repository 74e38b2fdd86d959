"""Who leads to whom, and how safe attractors are: against known phase portraits and Kramers' rate."""

import networkx as nx
import numpy as np
import problems
import pytest

from dynsys.analysis import (
    attractor_graph,
    basin_distances,
    escape_rate,
    find_attractors,
    reduced_field,
    state_machine,
)
from dynsys.plotting.attractor_graphs import plot_attractors, plot_state_machine
from dynsys.plotting.style import new_figure
from rnn import LowRankRNN, load_example, simulate
from tasks import InputError, get_task

FIVE = np.array([[-5.0, 5.0], [-5.0, 5.0]])


@pytest.fixture(scope="module")
def dms():
    return load_example("dms")


def test_himmelblaus_graph():
    """D12: a ring of four sinks, each saddle between two neighbours."""
    field = problems.himmelblau()
    attractors = find_attractors(field, box=FIVE)
    graph = attractor_graph(field, attractors=attractors, distances=True)
    assert sorted(graph.nodes) == ["A", "B", "C", "D", "s1", "s2", "s3", "s4", "u1"]
    assert {frozenset(graph.successors(s)) for s in ("s1", "s2", "s3", "s4")} == {
        frozenset("AB"), frozenset("BC"), frozenset("CD"), frozenset("AD")
    }  # fmt: skip
    assert graph.nodes["u1"]["kind"] == "unstable node" and graph.nodes["A"]["distance"] > 1
    ax = plot_attractors(graph, new_figure()[1])
    assert len(ax.patches) == 8 and {"A", "s1"} <= {text.get_text().split()[0] for text in ax.texts}


@pytest.mark.slow
def test_distances_from_separatrices_agree_with_rays():
    field = problems.himmelblau()
    attractors = find_attractors(field, box=FIVE)
    lines, rays = basin_distances(field, attractors), basin_distances(field, attractors, rays=48)
    for line, ray in zip(lines, rays):
        assert line.distance <= ray.distance * (1 + 1e-4) and line.distance > 0.999 * ray.distance
        assert line.beyond == ray.beyond and line.attractor == ray.attractor


@pytest.mark.slow
def test_distances_in_three_dimensions():
    """x = tanh(1.8 x), three times: the boundaries are the planes x_i = 0."""
    field = problems.decoupled_tanh(3)
    attractors = find_attractors(field, box=[[-1.5, 1.5]] * 3)
    assert len(attractors) == 8
    edge = np.abs(attractors.places[0][0]).max()
    far = basin_distances(field, attractors)[0]
    assert edge <= far.distance * (1 + 1e-6) and far.distance < 1.05 * edge


def test_a_line_and_its_escape_rate():
    """Kramers: sqrt(U''(a) |U''(b)|) / (2 pi) exp(-2 dU / noise^2), sqrt(2) / (2 pi) e^-2 to first order."""
    field = problems.double_well()
    attractors = find_attractors(field, box=[[-2, 2]])
    assert [far.distance for far in basin_distances(field, attractors)] == pytest.approx([1.0, 1.0], abs=1e-4)
    rate = escape_rate(field, attractors, "A", 0.5, copies=200, duration=400.0, step=0.01, rng=1)
    assert rate.escapes > 150 and rate.targets == {"B": rate.escapes}
    assert rate.error == pytest.approx(rate.rate / np.sqrt(rate.escapes))
    assert rate.rate == pytest.approx(np.sqrt(2) / (2 * np.pi) * np.exp(-2), rel=0.35)
    graph = attractor_graph(field, attractors=attractors)
    assert sorted(graph.edges) == [("u1", "A"), ("u1", "B")]
    assert plot_attractors(graph, new_figure()[1]).get_xlabel() == "$x$"


def test_no_escape_has_a_bound():
    attractors = find_attractors(problems.double_well(), box=[[-2, 2]])
    rate = escape_rate(problems.double_well(), attractors, "B", 0.01, copies=4, duration=10.0, rng=1)
    assert rate.rate == 0 and rate.error == pytest.approx(1 / rate.time) and rate.targets == {}
    with pytest.raises(InputError, match="there is no attractor 'C'; there are A, B"):
        escape_rate(problems.double_well(), attractors, "C", 0.1, rng=1)


def test_the_machine_is_what_the_network_does(dms):
    """The end of each pulse as the network itself runs it: one stimulus, then rest."""
    field, task = reduced_field(dms), get_task("dms", input_noise=0.0)
    trials = task.trials(24, rng=2)
    graph = state_machine(field, trials)
    edges = {(start, edge["input"]): end for start, end, edge in graph.edges(data=True)}
    assert set(edges) == {(a, b) for a in "AB" for b in "AB"} and len(graph.graph["sentences"]) == 4
    places = {name: node["place"] for name, node in graph.nodes(data=True)}
    run = simulate(dms, trials, states=False)
    nearest = lambda x: min(places, key=lambda name: np.linalg.norm(places[name] - x))  # noqa: E731
    checked = 0
    for b in range(trials.size):
        before = run.kappa[b, trials.epochs["stimulus2"][b, 0] - 1]
        if min(np.linalg.norm(place - before) for place in places.values()) < 0.05:
            after = run.kappa[b, trials.epochs["response"][b, 1] - 1]
            shown = "AB"[trials.conditions["second"][b]]
            assert nearest(after) == edges[nearest(before), shown]
            checked += 1
    assert checked > 5
    outputs = sorted(float(node["outputs"][0]) for _, node in graph.nodes(data=True))
    assert outputs[0] < -0.5 and outputs[1] > 0.5
    ax = plot_state_machine(graph, new_figure()[1], words={"A": "no match"})
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"A", "B"}
    assert "no match" in [text.get_text() for text in ax.texts]


def test_bad_input_is_refused():
    net = LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4))
    with pytest.raises(InputError, match="pulses: nothing to present"):
        state_machine(reduced_field(net), {})
    with pytest.raises(InputError, match="'q' unknown"):
        state_machine(reduced_field(net), {"up": {"q": 1.0}})
    with pytest.raises(InputError, match="no attractor at these inputs"):
        state_machine(problems.curved_saddle(), {"nothing": None})
    with pytest.raises(InputError, match="make it with attractor_graph"):
        plot_attractors(None)


def test_names_cover_no_other_point():
    """Two attractors, each near its saddle above it on the right; the names are long."""
    graph = nx.DiGraph(state=("x", "y"))
    for name, place in {"A": (-2, 0.37), "s1": (-1.7, 0.45), "B": (2, -0.37), "s2": (1.7, -0.45)}.items():
        kind = "saddle" if name[0] == "s" else "stable node"
        graph.add_node(name, place=np.array(place), kind=kind, stable=kind != "saddle", distance=0.2)
    for start in ("s1", "s2"):
        for end in ("A", "B"):
            graph.add_edge(start, end, branches=1)
    figure, ax = new_figure()
    plot_attractors(graph, ax)
    figure.canvas.draw()
    points = ax.transData.transform([node["place"] for _, node in graph.nodes(data=True)])
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 4 and not any(box.contains(*point) for box in boxes for point in points)
    assert not any(box.overlaps(other) for k, box in enumerate(boxes) for other in boxes[:k])
    assert all(ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 for box in boxes)
