"""Fixed points of all units against numpy's spectrum of the whole Jacobian, scipy, the reduced equation."""

import numpy as np
import problems
import pytest
from reference import ACTIVATIONS
from scipy.optimize import root

from dynsys.analysis import find_fixed_points, find_network_points, find_slow_points, lift, reduced_field
from rnn import FullRankRNN, LowRankRNN, load_example
from tasks import InputError, get_task


def network(rank=2, phi="tanh"):
    rng = np.random.default_rng(4)
    m = rng.standard_normal((40, rank))
    n = 1.9 * m + 0.5 * rng.standard_normal(m.shape)
    return LowRankRNN(m, n, rng.standard_normal((40, 1)), rng.standard_normal((40, 1)), phi=phi)


@pytest.mark.parametrize("phi", ["tanh", "erf"])
def test_lifted_points_rest_with_the_whole_spectrum(phi):
    net, v = network(phi=phi), 0.3
    activation, derivative = ACTIVATIONS[phi]
    J = net.m @ net.n.T / net.units
    found = find_fixed_points(reduced_field(net), v)
    assert len(found) > 2
    for point in found:
        lifted = lift(net, point, [v])
        np.testing.assert_allclose(lifted.x, J @ activation(lifted.x) + net.I @ [v], atol=1e-12)
        full = -np.eye(net.units) + J * derivative(lifted.x)
        ours, theirs = (
            np.sort_complex(np.round(e, 9)) for e in (lifted.eigenvalues, np.linalg.eigvals(full))
        )
        np.testing.assert_allclose(ours, theirs, atol=1e-7)
        for value, vector in zip(lifted.eigenvalues, lifted.eigenvectors.T):
            np.testing.assert_allclose(full @ vector, value * vector, atol=1e-10)
        np.testing.assert_allclose(lifted.z, point.outputs, atol=1e-12)
        assert lifted.residual < 1e-12


def test_full_rank_newton_finds_the_low_rank_points():
    net = network()
    reduced = find_fixed_points(reduced_field(net))
    full = FullRankRNN(net.m @ net.n.T / net.units, net.I, net.w)
    found = find_network_points(full, starts=200)
    ours = np.array([lift(net, point).x for point in reduced])
    for point in found:
        assert np.abs(ours - point.kappa).max(axis=1).min() < 1e-8
    assert len(found) >= len(reduced.stable) + 1 and found.counts["converged"] > 100
    assert "..." in repr(found) and len(repr(found)) < 4000
    stable = [point for point in reduced if point.stable]
    assert len(found.stable) == len(stable)


def test_full_rank_points_against_scipy():
    rng = np.random.default_rng(1)
    J = 1.6 * rng.standard_normal((30, 30)) / np.sqrt(30)
    net = FullRankRNN(J, np.ones((30, 1)), np.ones((30, 1)))
    found = find_network_points(net, [0.2], starts=40, rng=3)
    assert len(found) >= 1 and found.inputs == {"v": 0.2}
    for point in found:
        again = root(lambda x: -x + J @ np.tanh(x) + 0.2, point.kappa + 1e-4, tol=1e-13)
        np.testing.assert_allclose(again.x, point.kappa, atol=1e-8)
        assert point.residual < 1e-10


@pytest.mark.slow
def test_simulated_states_lead_to_the_memories():
    net, task = load_example("dms"), get_task("dms")
    found = find_network_points(net, trials=task.trials(4, rng=0), starts=12)
    memories = [lift(net, point).x for point in find_fixed_points(reduced_field(net)).stable]
    for memory in memories:
        assert min(np.abs(point.kappa - memory).max() for point in found) < 1e-8


def test_the_ghost_of_a_fold_is_slow():
    """mu + x - x^3 beyond its fold at mu = 0.3849: slowest where F' = 0, x = -1 / sqrt 3."""
    field = problems.cusp(0.4, 1.0)
    (ghost,) = find_slow_points(field, box=[[-2, 2]])
    np.testing.assert_allclose(ghost.kappa, -1 / np.sqrt(3), atol=1e-9)
    np.testing.assert_allclose(ghost.speed, 0.4 - 2 / (3 * np.sqrt(3)), rtol=1e-9)


def test_slow_points_in_the_plane():
    """x' = 0.01 + x^2, y' = -y."""
    x, y = problems.sympy.symbols("x y")
    (ghost,) = find_slow_points(problems.field([0.01 + x**2, -y], "x y"), box=[[-1, 1], [-1, 1]])
    np.testing.assert_allclose([*ghost.kappa, ghost.speed], [0, 0, 0.01], atol=1e-9)


def test_bad_input_is_refused():
    net = network()
    point = find_fixed_points(reduced_field(net))[0]
    with pytest.raises(InputError, match="net: expected LowRankRNN, got FullRankRNN"):
        lift(FullRankRNN(np.eye(4), np.ones(4), np.ones(4)), point)
    with pytest.raises(InputError, match=r"inputs: expected \(S,\) = \(1,\), got \(2,\)"):
        lift(net, point, [1.0, 2.0])
    with pytest.raises(InputError, match=r"starts: expected \(K, N\)"):
        find_network_points(net, starts=np.zeros((3, 5)))
    with pytest.raises(InputError, match="net: expected a FullRankRNN or LowRankRNN"):
        find_network_points(None)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_slow_search_confirms_the_points_of_random_networks(rank):
    """Two hundred networks in all: scipy from 60 random starts each finds nothing that is not there."""
    rng = np.random.default_rng(rank)
    missed = 0
    for seed in range({1: 67, 2: 67, 3: 66}[rank]):
        field = reduced_field(problems.random_network(1000 * rank + seed, rank))
        found = find_fixed_points(field)
        low, high = field.trapping_box().T
        for start in rng.uniform(low, high, (60, rank)):
            solution = root(lambda x, rhs=field.rhs: rhs(np.nan_to_num(x, nan=1e3)), start, tol=1e-12)
            if np.isfinite(solution.x).all() and np.abs(field.rhs(solution.x)).max() < 1e-10:
                missed += not (np.abs(found.kappa - solution.x).max(axis=1) < 1e-6).any()
        assert not found.status.ok or found.index_sum == 1
    assert missed == 0
