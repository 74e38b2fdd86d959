"""The counter-based generator: published answers, moments, distribution, independence, order."""

import numpy as np
import pytest
from reference import normals
from scipy import stats

from rnn.kernels.rng import _threefry, decay_and_kick

PARITY = 0x1BD11BDA


@pytest.mark.parametrize(
    "counter, key, answer",
    [  # known answers of the Random123 library, threefry2x32 with 13 rounds
        ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x9D1C5EC6, 0x8BD50731)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xBA3E4725, 0xF27D669E)),
    ],
)
def test_threefry_gives_the_published_answers(counter, key, answer):
    words = (*counter, *key, key[0] ^ key[1] ^ PARITY)
    assert _threefry(*(np.uint32(word) for word in words)) == answer


def test_numbers_are_standard_normal():
    xi = normals(7, 8, 250, 1000).ravel()
    n = xi.size
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)):
        assert abs((xi**power).mean() - mean) < 4 * np.sqrt(variance / n)
    assert stats.kstest(xi, "norm").pvalue > 1e-3
    assert 4.8 < np.abs(xi).max() < 6.7
    assert abs((np.abs(xi) > 4).mean() / (2 * stats.norm.sf(4)) - 1) < 0.4


def test_trials_steps_units_and_seeds_are_independent():
    xi = normals(1, 4, 100, 500)
    limit = 4 / np.sqrt(xi.size)
    for axis in range(3):
        assert abs((xi * np.roll(xi, 1, axis)).mean()) < limit
        assert abs(((xi**2 - 1) * (np.roll(xi, 1, axis) ** 2 - 1)).mean()) < 3 * limit
    partners = xi[..., :250] * xi[..., 250:]  # made of the same two words
    assert abs(partners.mean()) < 4 / np.sqrt(partners.size)
    assert abs((xi * normals(2, 4, 100, 500)).mean()) < limit


def test_a_number_depends_on_its_address_only():
    xi = normals(3, 8, 5, 33)
    later = np.zeros((2, 33))
    with np.errstate(over="ignore"):
        decay_and_kick(np.uint64(3), 6, 4, later, 0.0, 1.0)
    assert np.array_equal(later, xi[6:, 4])
    assert np.array_equal(normals(3, 3, 5, 33), xi[:3])


def test_one_step_decays_and_kicks(rng):
    before = rng.standard_normal((4, 21))
    after = before.copy()
    decay_and_kick(np.uint64(9), 0, 0, after, 0.8, 0.05)
    assert np.allclose(after, 0.8 * before + 0.05 * normals(9, 4, 1, 21)[:, 0], atol=1e-15)
