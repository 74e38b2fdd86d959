import numpy as np
import pytest

from rnn import FullRankRNN, LowRankRNN, truncate
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
    with pytest.raises(InputError, match="it is of low rank already"):
        truncate(LowRankRNN(*np.ones((4, 5))), 1)
    with pytest.raises(InputError, match="rank: 21 is above the number of units, 20"):
        truncate(net, 21)
    with pytest.raises(InputError, match="initial: expected a FullRankRNN of 20 units"):
        truncate(net, 1, initial=full(units=5))
