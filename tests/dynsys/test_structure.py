import itertools

import numpy as np
import pytest

from dynsys.populations import compare_counts, epairs, label_stability
from dynsys.populations.structure import adjusted_rand
from rnn import LowRankRNN, loadings
from tasks import InputError


def gaussian(units, seed, mixing_seed=0):
    mixing = np.random.default_rng(mixing_seed).standard_normal((4, 4))
    return loadings(LowRankRNN(*(np.random.default_rng(seed).standard_normal((units, 4)) @ mixing).T))


def clustered(units, seed):
    rng = np.random.default_rng(seed)
    factors = np.random.default_rng(7).standard_normal((2, 4, 4))
    which = rng.random(units) < 0.5
    X = rng.standard_normal((units, 4))
    return loadings(LowRankRNN(*np.where(which[:, None], X @ factors[0], X @ factors[1]).T))


def test_epairs_keeps_its_level_on_gaussian_loadings():
    p_values = [epairs(gaussian(150, seed), rng=seed, draws=60).p_value for seed in range(60)]
    assert np.mean(np.array(p_values) <= 0.05) < 0.15 and 0.3 < np.mean(p_values) < 0.7


def test_epairs_sees_two_populations_of_one_mean():
    result = epairs(clustered(500, 1), rng=0, draws=100)
    assert result.significant() and result.effect < -3 and result.p_value == pytest.approx(2 / 101)


def test_the_nearest_neighbour_is_the_one_a_slow_loop_finds():
    lo = gaussian(40, 3)
    X = (lo.values - lo.values.mean(axis=0)) / lo.values.std(axis=0)
    angles = np.full(40, np.pi)
    for i, j in itertools.permutations(range(40), 2):
        angles[i] = min(angles[i], np.arccos(X[i] @ X[j] / np.linalg.norm(X[i]) / np.linalg.norm(X[j])))
    assert epairs(lo, rng=0, draws=2).angle == pytest.approx(angles.mean(), rel=1e-10)


def test_the_number_of_populations_is_found():
    one = compare_counts(gaussian(400, 5), (1, 2), restarts=5, rng=0)
    two = compare_counts(clustered(600, 2), (1, 2, 3), restarts=5, rng=0)
    assert one.best == 1 and one.bic.argmin() == 0
    assert two.best >= 2 and two.bic.argmin() == 1
    assert (np.diff(two.log_likelihood) > 0).all()  # more parameters always fit better


def test_real_populations_are_stable_and_invented_ones_are_not():
    real = label_stability(clustered(600, 3), 2, samples=4, restarts=8, rng=0)
    invented = label_stability(gaussian(600, 3), 2, samples=4, restarts=8, rng=0)
    assert real.min() > 0.5 > invented.mean()


def test_adjusted_rand_is_that_of_counting_pairs(rng):
    one, two = rng.integers(3, size=(2, 30))
    pairs = list(itertools.combinations(range(30), 2))
    same1 = np.array([one[i] == one[j] for i, j in pairs])
    same2 = np.array([two[i] == two[j] for i, j in pairs])
    expected = same1.sum() * same2.sum() / len(pairs)
    by_pairs = ((same1 & same2).sum() - expected) / ((same1.sum() + same2.sum()) / 2 - expected)
    assert adjusted_rand(one, two) == pytest.approx(by_pairs)
    assert adjusted_rand(np.zeros(5), np.zeros(5)) == 1.0


def test_too_few_units():
    with pytest.raises(InputError, match="2 units have no neighbours"):
        epairs(loadings(LowRankRNN(*np.ones((4, 2)))), rng=0)


def test_counts_that_make_no_sense():
    lo = gaussian(30, 0)
    with pytest.raises(InputError, match="at least one number"):
        compare_counts(lo, (), rng=0)
    with pytest.raises(InputError, match="30 units cannot give 40"):
        compare_counts(lo, (1, 40), restarts=2, rng=0)
    with pytest.raises(InputError, match="counts: expected a whole number"):
        compare_counts(lo, (0,), rng=0)
    flat = epairs(loadings(LowRankRNN(*np.zeros((4, 20)))), rng=0, draws=2)
    assert flat.effect == 0.0 and not flat.significant()
