"""Basins where activity is not bounded: relu networks made by hand, whose basins are known."""

import numpy as np
import problems
import pytest
import sympy
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from dynsys.analysis import (
    attractor_graph,
    attractor_of,
    basin_distances,
    compile_field,
    escape_rate,
    find_attractors,
    find_basins,
    find_cycles,
    find_fixed_points,
    phase_portrait,
    reduced_field,
    state_machine,
)
from dynsys.analysis.cycles import LimitCycles
from dynsys.plotting.phase_plane import plot_portrait
from dynsys.plotting.style import new_figure
from dynsys.symbolic import System
from rnn import LowRankRNN
from tasks import InputError

THRESHOLDS, SLOPES = np.array([1.0, 2.0, 4.0]), np.array([3.0, -3.0, 2.5])
# F = -k + 3 [k - 1]+ - 3 [k - 2]+ + 2.5 [k - 4]+ rests in 0 and 3; 1.5 and 14/3 are their boundaries.
LOW, HIGH = 1.5, 14 / 3


def steps(rank):
    """``rank`` independent copies of that equation as a relu network; v = 1 makes the thresholds."""
    blocks = np.kron(np.eye(rank), np.ones((3, 1))), np.kron(np.eye(rank), SLOPES[:, None])
    m, n = blocks[0], 3 * rank * blocks[1]
    return reduced_field(LowRankRNN(m, n, np.tile(-THRESHOLDS, rank), np.ones(3 * rank), phi="relu"))


def rotation(a, b):
    """F1 = -k1 + a s(k1) - b s(k2), F2 = -k2 + b s(k1) + a s(k2), s(k) = [k + 1]+ - [k - 1]+ - 1."""
    m = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1], [0, 0]])
    I = np.array([1.0, -1, 1, -1, 1])
    n = 5 * np.array([[a, -a, -b, b, b - a], [b, -b, a, -a, -a - b]]).T
    return reduced_field(LowRankRNN(m, n, I, np.ones(5), phi="relu"))


def known(states):
    """Attractors in ascending order of their states; -4 for what escapes."""
    number = (states > LOW) @ 2 ** np.arange(states.shape[1])[::-1]
    return np.where((states > HIGH).any(axis=1), -4, number)


@pytest.mark.parametrize("rank, box", [(1, None), (2, None), (2, [-2.0, 6.0]), (3, [-2.0, 6.0])])
def test_every_state_goes_where_its_pieces_lead(rank, box):
    field = steps(rank)
    box = None if box is None else [box] * rank
    assert field.trapping_box() is None
    points = find_fixed_points(field, 1.0, box)
    assert len(points) == 4**rank and ("boxes up to" in points.message) == (box is None)
    attractors = find_attractors(field, 1.0, fixed_points=points, cycles=LimitCycles(()))
    assert len(attractors) == 2**rank
    states = np.random.default_rng(rank).uniform(-3, 7, (200, rank))
    states = states[(np.abs(states[:, :, None] - [LOW, HIGH]) > 1e-3).all(axis=(1, 2))]
    labels, times = attractor_of(field, states, attractors)
    np.testing.assert_array_equal(labels, known(states))
    assert (times > 0).any() and np.isfinite(times).all()
    assert attractors.name(-4) == "escapes"
    far = np.array([[-1e4], [1e4]]).repeat(rank, axis=1)  # far outside comes back, or does not
    assert attractor_of(field, far, attractors)[0].tolist() == [0, -4]


def test_the_portrait_of_a_relu_network():
    field = steps(2)
    portrait = phase_portrait(field, 1.0, [[-1.0, 6.0]] * 2)
    middle = np.stack(np.meshgrid(portrait.basins.x, portrait.basins.y, indexing="ij"), axis=-1)
    wanted = known(middle.reshape(-1, 2)).reshape(middle.shape[:2])
    assert portrait.basins.method == "separatrices" and (portrait.basins.labels == wanted).mean() > 0.98
    assert set(portrait.basins.shares) == {"A", "B", "C", "D", "escapes"} and portrait.cycles == ()
    exact = find_basins(field, portrait.attractors, portrait.box, places=40)
    middle = np.stack(np.meshgrid(exact.x, exact.y, indexing="ij"), axis=-1)
    assert (exact.labels.ravel() == known(middle.reshape(-1, 2))).all()
    ax = plot_portrait(portrait, new_figure()[1])
    assert "escapes" in ax.get_legend_handles_labels()[1]


def test_distances_transitions_and_escapes_of_a_relu_network():
    line, plane = steps(1), steps(2)
    attractors = find_attractors(line, 1.0, [[-2, 6]])
    far = basin_distances(line, attractors)
    assert [round(one.distance, 4) for one in far] == [LOW, LOW] and [one.beyond for one in far] == ["B", "A"]
    # The input moves the thresholds, and B with them: too far up, it is left outside; down, nothing is held.
    graph = state_machine(line, {"up": 2.5, "down": -3.0}, rest=1.0, attractors=attractors)
    ends = {(start, edge["input"]): end for start, end, edge in graph.edges(data=True)}
    assert ends == {("A", "up"): "A", **dict.fromkeys([("B", "up"), ("A", "down"), ("B", "down")], "escapes")}
    graph = attractor_graph(plane, 1.0, find_attractors(plane, 1.0, [[-2, 6]] * 2))
    assert sum(node["kind"] == "saddle" for _, node in graph.nodes(data=True)) == 8
    rate = escape_rate(line, attractors, "B", 1.0, copies=50, duration=200.0, rng=0)
    assert set(rate.targets) <= {"A", "leaves the box"} and rate.escapes > 20


@pytest.mark.slow
@pytest.mark.parametrize("a, b", [(1.4, 1.5), (2.0, 3.0)])
def test_a_relu_network_turns(a, b):
    """The cycle of a piecewise linear field: its period against scipy's, its multiplier by Liouville."""
    field = rotation(a, b)
    (cycle,) = [c for c in find_cycles(field, 1.0, [[-6, 6]] * 2) if c.stable]
    s = lambda k: np.clip(k, -1, 1)  # noqa: E731
    rhs = lambda t, k: [-k[0] + a * s(k[0]) - b * s(k[1]), -k[1] + b * s(k[0]) + a * s(k[1])]  # noqa: E731
    place = np.array([0.7, -0.4])
    np.testing.assert_allclose(field.rhs(place, 1.0), rhs(0, place), atol=1e-12)
    run = solve_ivp(rhs, [0, 200], place, rtol=1e-10, atol=1e-12, dense_output=True, max_step=0.05)
    height = lambda t: run.sol(t)[1]  # noqa: E731
    times = np.linspace(150, 200, 5001)
    up = np.flatnonzero((height(times)[1:] > 0) & (height(times)[:-1] <= 0))
    first, second = (brentq(height, times[k], times[k + 1]) for k in up[:2])
    assert cycle.period == pytest.approx(second - first, rel=1e-6)
    inside = np.abs(cycle.points[:-1]) < 1
    assert np.log(np.abs(cycle.nontrivial[0])) == pytest.approx(
        cycle.period * (a * inside.sum(axis=1).mean() - 2), rel=0.1
    )


@pytest.mark.slow
def test_a_way_out_is_told_from_a_way_round():
    """Of x' = x^2 - 1 the right side blows up in finite time; a long way round comes back from far out."""
    x, y = sympy.symbols("x y")
    blow = problems.field([x**2 - 1, -y], "x y")
    attractors = find_attractors(blow, box=[[-2, 2]] * 2)
    assert attractor_of(blow, [[0.9, 0], [1.1, 0], [-50, 3]], attractors)[0].tolist() == [0, -4, 0]
    # A spiral that opens to 30 times the box before y^2 brings it home is no escape.
    turn = problems.field([-x + 40 * y * sympy.exp(-(y**2)), -y / 10], "x y")
    attractors = find_attractors(turn, box=[[-1, 1]] * 2)
    assert attractor_of(turn, [[0.5, 0.9], [3.9, -3.9]], attractors)[0].tolist() == [0, 0]
    # What rests outside the box that was searched has left it and does not escape.
    well = problems.field([x - x**3, -y], "x y")
    attractors = find_attractors(well, box=[[0.9, 1.02], [-0.02, 0.02]])
    assert attractor_of(well, [[-0.5, 0.0], [0.95, 0.0]], attractors)[0].tolist() == [-2, 0]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"attractors": None}, "attractors: .*find_attractors"),
        ({"box": [[1.0, -1.0], [-1.0, 1.0]]}, "box: expected lower and upper"),
        ({"box": [[-1.0, np.nan], [-1.0, 1.0]]}, "box: 1 of 4"),
        ({"places": 0}, "places: "),
    ],
)
def test_basins_refuse_by_name(change, message):
    field = problems.himmelblau()
    box = np.array([[-5.0, 5.0], [-5.0, 5.0]])
    arguments = {"attractors": find_attractors(field, box=box), "box": box} | change
    with pytest.raises(InputError, match=message):
        find_basins(field, **arguments)


def test_an_attractor_outside_the_searched_box_has_its_own_label():
    """x' = -x (x - 1) (x - 2): 0 is inside the box, 2 is not; beyond 1 everything goes there."""
    field = compile_field(System.from_text("x' = -x (x - 1) (x - 2); y' = -y"))
    attractors = find_attractors(field, box=[[-1.0, 1.5], [-1.0, 1.0]])
    assert len(attractors) == 1
    np.testing.assert_allclose(attractors.searched, [[-1.0, 1.5], [-1.0, 1.0]], atol=1e-12)
    labels, times = attractor_of(field, [[0.5, 0.3], [1.2, 0.0], [1.4, -0.9], [3.0, 0.0]], attractors)
    assert labels.tolist() == [0, -5, -5, -5] and np.isfinite(times).all()
    assert attractors.name(-5) == "ends outside the box"
    basins = find_basins(field, attractors, np.array([[-1.0, 1.5], [-1.0, 1.0]]))
    assert basins.shares == pytest.approx({"A": 0.8, "ends outside the box": 0.2}, abs=0.01)
    portrait = phase_portrait(field, box=[[-1.0, 1.5], [-1.0, 1.0]])
    assert "ends outside the box" in repr(portrait.basins)
    _, labels = plot_portrait(portrait, new_figure()[1]).get_legend_handles_labels()
    assert "ends outside the box" in labels


def test_a_cycle_outside_the_box_too():
    """r' = -r (r^2 - 1) (r^2 - 4) / 4: the circle of radius 2 is outside, within four times the box."""
    pull = "(x^2 + y^2 - 1) (x^2 + y^2 - 4) / 4"
    text = f"x' = -x {pull} - y; y' = -y {pull} + x"
    field, box = compile_field(System.from_text(text)), [[-1.2, 1.2]] * 2
    points = find_fixed_points(field, box=box)
    attractors = find_attractors(field, None, box, points, LimitCycles((), {}))
    assert attractor_of(field, [[0.5, 0.3], [1.1, 0.0], [0.9, 0.9]], attractors)[0].tolist() == [0, -5, -5]


def test_what_only_passes_outside_is_not_called_so():
    """A cycle that was not looked for, and leaves the box on its way: undecided."""
    field, box = problems.van_der_pol(1.0), [[-1.2, 1.2]] * 2
    points = find_fixed_points(field, box=box)
    attractors = find_attractors(field, None, box, points, LimitCycles((), {}))
    starts = np.random.default_rng(0).uniform(-1, 1, (24, 2))
    labels = attractor_of(field, starts, attractors)[0]
    assert (labels == -1).all()
