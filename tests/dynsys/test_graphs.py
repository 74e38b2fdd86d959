"""The circuit's arrows add up to the mean field, and equal the symbolic effective couplings."""

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

from dynsys.analysis import circuit_graph, compile_field, reduced_field
from dynsys.numerics.gaussian import gaussian_expectation
from dynsys.plotting import new_figure, plot_circuit
from dynsys.plotting.style import BLUE, VERMILLION
from dynsys.populations import Populations, fit_populations, inactivate, redraw
from dynsys.symbolic import effective_couplings, mean_field
from rnn import LowRankRNN, load_example, loadings
from tasks import InputError


def mixture(seed, rank=2, inputs=2, means=True):
    rng = np.random.default_rng(seed)
    width = 2 * rank + inputs + 1
    factors = rng.standard_normal((2, width, width))
    centres = rng.standard_normal((2, width)) * means
    return Populations([0.6, 0.4], centres, factors @ factors.transpose(0, 2, 1), rank, inputs, 1)


def arrows(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


@pytest.mark.parametrize("means", [True, False])
def test_arrows_add_up_to_the_mean_field(means):
    populations = mixture(0, means=means)
    kappa, v = np.array([0.4, -0.7]), np.array([0.5, 0.2])
    graph = circuit_graph(populations, v, kappa, noise=0.1)
    assert ("means" in graph) == means
    field = compile_field(mean_field(populations, noise=0.1))
    expected = dict(zip(("kappa1", "kappa2"), field.rhs(kappa, v) + kappa))
    expected["z"] = field.outputs(kappa, v)[0]
    for node, drive in expected.items():
        arriving = graph.in_edges(node, data=True)
        total = sum(edge["coupling"] * graph.nodes[sender]["value"] for sender, _, edge in arriving)
        assert total == pytest.approx(drive, abs=1e-12)
        for _, _, edge in arriving:
            assert edge["parts"].sum() == pytest.approx(edge["coupling"], abs=1e-12)
    assert graph.nodes["z"]["value"] == pytest.approx(expected["z"])


def test_arrows_equal_the_symbolic_couplings():
    populations = mixture(1, rank=1, inputs=1)
    system, couplings = mean_field(populations), effective_couplings(populations)
    state = {"kappa": 0.3, "v": -0.6}
    graph = circuit_graph(populations, {"v": -0.6}, {"kappa": 0.3})
    numbers = {system.symbol(name): value for name, value in {**system.values, **state}.items()}
    nodes = {"m": "kappa", "I": "v", "n": "kappa", "w": "z"}
    for q, y in (("n", "m"), ("n", "I"), ("w", "m"), ("w", "I")):
        edge = nodes[y], nodes[q]
        symbolic = float(couplings[q, y].subs(numbers).evalf())
        assert graph.edges[edge]["coupling"] == pytest.approx(symbolic, rel=1e-10)


def gated(strength=3.0):
    """Two populations that read one feature each, and each is closed by the other's cue."""
    covariances = np.zeros((2, 7, 7))  # m, n, A, B, cue A, cue B, w
    for p in (0, 1):
        columns = np.zeros((7, 4))
        columns[0, 0] = columns[2 + p, 1] = columns[6, 0] = 1.0
        columns[1, 0] = columns[1, 1] = 1.0  # n reads m and feature p
        columns[5 - p, 2] = strength  # the cue for the other feature
        covariances[p] = columns @ columns.T
    return Populations([0.5, 0.5], np.zeros((2, 7)), covariances, 1, 4, 1, phi="erf", means_kind="zero")


def test_a_cue_gates_the_features():
    populations = gated()
    graphs = [circuit_graph(populations, {cue: 1.0}) for cue in ("v3", "v4")]
    closed = 1 / np.sqrt(1 + np.pi * 3.0**2 / 2)  # <phi'> of erf
    for own, graph in enumerate(graphs):
        np.testing.assert_allclose(graph.graph["gains"][[own, 1 - own]], [1.0, closed], rtol=1e-12)
        couplings = [graph.edges[f"v{i}", "kappa"]["coupling"] for i in (1, 2)]
        assert couplings[own] == pytest.approx(0.5)
        assert couplings[1 - own] == pytest.approx(0.5 * closed)


def test_an_inactivated_population_has_no_arrows():
    graph = circuit_graph(inactivate(gated(), 1))
    assert graph.edges["v1", "kappa"]["coupling"] == 0.5
    assert graph.edges["v2", "kappa"]["coupling"] == 0.0


def test_the_drawing_shows_size_and_sign():
    graphs = [circuit_graph(gated(), {cue: 1.0}) for cue in ("v3", "v4")]
    for population in (None, 0):
        for graph in graphs:
            ax = plot_circuit(graph, new_figure()[1], population, {"v1": "A"}, beside=graphs)
            texts = [text.get_text() for text in ax.texts]
            assert "A" in texts and r"$\kappa$" in texts and "1" in texts
            ax.figure.canvas.draw()
    ax = plot_circuit(graphs[0], new_figure()[1])
    widths = sorted(patch.get_linewidth() for patch in arrows(ax))
    # A, B and kappa into kappa, kappa into z; only B's way is nearly closed.
    assert len(widths) == 4 and widths[0] < 0.5 * widths[1]
    signed = np.array([[[1, -1.5, 0, 1], [-1.5, 9, 1, 0], [0, 1, 1, 0], [1, 0, 0, 4]]])
    one = Populations([1.0], np.zeros((1, 4)), signed, 1, 1, 1)
    colors = {
        patch.get_edgecolor()[:3] for patch in arrows(plot_circuit(circuit_graph(one), new_figure()[1]))
    }
    assert colors == {matplotlib.colors.to_rgb(BLUE), matplotlib.colors.to_rgb(VERMILLION)}


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_any_rank_can_be_drawn(rank):
    ax = plot_circuit(circuit_graph(mixture(2, rank, 3), np.ones(3)), new_figure()[1])
    ax.figure.canvas.draw()
    assert sum("kappa" in text.get_text() for text in ax.texts) == rank
    assert "means" in [text.get_text() for text in ax.texts]


def test_refusals():
    populations = mixture(0)
    with pytest.raises(InputError, match="source: expected Populations or LowRankRNN"):
        circuit_graph(None)
    with pytest.raises(InputError, match=r"inputs: expected"):
        circuit_graph(populations, [1.0])
    with pytest.raises(InputError, match="name in kappa: got 'v1'"):
        circuit_graph(populations, kappa={"v1": 1.0})
    with pytest.raises(InputError, match="there is no number 2; there are 2"):
        plot_circuit(circuit_graph(populations), new_figure()[1], population=2)
    with pytest.raises(InputError, match=r"make it with circuit_graph"):
        plot_circuit(populations, new_figure()[1])


def test_a_networks_own_couplings_are_the_derivatives_of_its_exact_drive(rng):
    net = LowRankRNN(*(rng.standard_normal((60, k)) for k in (2, 2, 3, 2)))
    v, kappa = np.array([0.3, -0.2, 0.5]), np.array([0.4, -0.7])
    r = rng.dirichlet([1.0, 1.0], 60)
    graph = circuit_graph(net, v, kappa, responsibilities=r)
    field = reduced_field(net)
    recurrent, forward = field.jacobian(kappa, v) + np.eye(2), field.parameter_jacobian(kappa, v)
    for i in range(2):
        for j in range(2):
            edge = graph.edges[f"kappa{j + 1}", f"kappa{i + 1}"]
            assert edge["coupling"] == pytest.approx(recurrent[i, j])
            assert edge["parts"].sum() == pytest.approx(recurrent[i, j])
        for s in range(3):
            assert graph.edges[f"v{s + 1}", f"kappa{i + 1}"]["coupling"] == pytest.approx(forward[i, s])
    z = net.w.T @ np.tanh(net.m @ kappa + net.I @ v) / 60
    assert [graph.nodes[name]["value"] for name in ("z1", "z2")] == pytest.approx(list(z))
    assert "means" not in graph and graph.graph["weights"].sum() == pytest.approx(1.0)


def test_couplings_of_a_large_gaussian_network_are_those_of_its_mixture(rng):
    factor = rng.standard_normal((5, 5)) / 2
    one = Populations([1.0], np.zeros((1, 5)), (factor @ factor.T)[None], 1, 2, 1, means_kind="zero")
    net = redraw(one, 200_000, rng=0, exact_moments=True)
    ours, theirs = circuit_graph(net, kappa=0.8), circuit_graph(one, kappa=0.8)
    assert ours.graph["gains"] == pytest.approx(theirs.graph["gains"], abs=0.005)
    # The derivative of the drive adds Sigma_nm Sigma_Im kappa^2 Phi_3 to the mixture's coupling.
    sigma, (m, n, I) = one.covariances[0], (0, 1, 2)
    third = gaussian_expectation("tanh", 3, 0.0, 0.64 * sigma[m, m])
    expected = theirs.edges["v1", "kappa"]["coupling"] + sigma[n, m] * sigma[I, m] * 0.64 * third
    assert ours.edges["v1", "kappa"]["coupling"] == pytest.approx(float(expected), abs=0.02)


def test_responsibilities_that_are_none_are_refused(rng):
    net = LowRankRNN(*rng.standard_normal((4, 20, 1)))
    with pytest.raises(InputError, match="sum to 1"):
        circuit_graph(net, responsibilities=np.ones((20, 2)))
    one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], 1, 1, 1)
    with pytest.raises(InputError, match="a Populations needs none"):
        circuit_graph(one, responsibilities=np.ones((20, 1)))


@pytest.mark.parametrize("cue", [{}, {"v3": 0.1}, {"v4": 0.1}])
def test_numbers_of_a_circuit_do_not_cover_each_other(cue):
    """Four inputs to kappa and past it to the output."""
    circuit = circuit_graph(fit_populations(loadings(load_example("context")), 2, rng=0), cue)
    figure, ax = new_figure()
    for population in (None, 0, 1):
        ax.clear()
        plot_circuit(circuit, ax, population)
        figure.canvas.draw()
        boxes = [text.get_window_extent() for text in ax.texts if "." in text.get_text()]
        assert len(boxes) > 3
        assert not any(box.overlaps(other) for k, box in enumerate(boxes) for other in boxes[:k])
