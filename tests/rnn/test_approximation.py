import numpy as np
import pytest

from rnn import FullRankRNN, LowRankRNN, loadings, truncate
from tasks import InputError


def full(units=20, seed=0, J=None):
    rng = np.random.default_rng(seed)
    J = rng.standard_normal((units, units)) if J is None else J
    return FullRankRNN(
        J, rng.standard_normal((units, 2)), rng.standard_normal(units), phi="erf", noise_std=0.1
    )


def test_all_singular_values_give_the_matrix_back():
    net = full()
    cut = truncate(net, 20)
    np.testing.assert_allclose(cut.m @ cut.n.T / 20, net.J, atol=1e-12)
    assert (cut.phi, cut.noise_std, cut.input_count) == ("erf", 0.1, 2)


@pytest.mark.parametrize("rank", [1, 3])
def test_the_error_is_the_next_singular_value(rank):  # Eckart & Young 1936
    net = full()
    cut = truncate(net, rank)
    singular = np.linalg.svd(net.J, compute_uv=False)
    assert np.linalg.norm(net.J - cut.m @ cut.n.T / 20, 2) == pytest.approx(singular[rank], rel=1e-12)


def test_with_an_initial_network_the_learned_part_is_cut():
    rng = np.random.default_rng(1)
    start = full()
    learned = rng.standard_normal((20, 2)) @ rng.standard_normal((2, 20))
    cut = truncate(full(J=start.J + learned), 2, initial=start)
    np.testing.assert_allclose(cut.m @ cut.n.T / 20, learned, atol=1e-11)


def test_what_cannot_be_truncated_is_refused():
    net = full()
    with pytest.raises(InputError, match="above the network's own, R = 1"):
        truncate(LowRankRNN(*np.ones((4, 5))), 2)
    with pytest.raises(InputError, match="rank: 21 is above the number of units, 20"):
        truncate(net, 21)
    with pytest.raises(InputError, match="initial: expected a FullRankRNN of 20 units"):
        truncate(net, 1, initial=full(units=5))


@pytest.mark.parametrize("units", [40, 3])
def test_dependent_columns_are_reduced_to_the_rank_they_have(units):
    """What the refusal of a canonical gauge advises gives the same network, which then has that gauge."""
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal((2, units, 4))
    m[:, 3] = m[:, 0] - 2 * m[:, 1]
    net = LowRankRNN(m, n, rng.standard_normal(units), rng.standard_normal(units))
    with pytest.raises(InputError, match=r"numerical rank 3, below R = 4, .*truncate\(net, 3\)"):
        loadings(net, gauge="canonical")
    smaller = truncate(net, 3)
    np.testing.assert_allclose(smaller.m @ smaller.n.T, net.m @ net.n.T, atol=1e-12)
    assert loadings(smaller, gauge="canonical").rank == 3
    best = np.linalg.svd(net.m @ net.n.T / units)[1]
    cut = truncate(net, 1)
    assert np.linalg.norm((net.m @ net.n.T - cut.m @ cut.n.T) / units, 2) == pytest.approx(best[1])


def test_what_cannot_be_truncated_further():
    net = LowRankRNN(np.zeros((5, 2)), np.zeros((5, 2)), np.zeros(5), np.zeros(5))
    with pytest.raises(InputError, match="numerical rank 0"):
        loadings(net, gauge="canonical")
    assert truncate(net, 1).rank == 1
    with pytest.raises(InputError, match="above the network's own, R = 2"):
        truncate(net, 3)
    with pytest.raises(InputError, match="initial: it goes with a full-rank network"):
        truncate(net, 1, initial=FullRankRNN(np.eye(5), np.zeros(5), np.zeros(5)))
    with pytest.raises(InputError, match="expected a FullRankRNN or a LowRankRNN, got str"):
        truncate("net", 1)
