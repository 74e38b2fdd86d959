"""Perturbed mixtures and perturbed networks agree with each other and with the sums by hand."""

import numpy as np
import pytest

from dynsys.analysis import compile_field, reduced_field
from dynsys.populations import Populations, inactivate, redraw, scale_gain
from dynsys.symbolic import mean_field
from rnn import LowRankRNN
from tasks import InputError


@pytest.fixture
def two(rng):
    factors = rng.standard_normal((2, 5, 5))
    return Populations(
        [0.7, 0.3], rng.standard_normal((2, 5)), factors @ factors.transpose(0, 2, 1), 1, 2, 1, phi="erf"
    )


def parts(populations, kappa, v):
    """The drive of n and of w from each population alone, by the mean field of one population."""
    drives = []
    for p in range(populations.count):
        alone = Populations([1.0], populations.means[p, None], populations.covariances[p, None], 1, 2, 1,
                            phi=populations.phi)  # fmt: skip
        field = compile_field(mean_field(alone))
        drives.append([(field.rhs(kappa, v) + kappa)[0], field.outputs(kappa, v)[0]])
    return populations.weights[:, None] * np.array(drives)


@pytest.mark.parametrize("gain, share", [(0.0, 1.0), (0.0, 0.4), (1.7, 1.0), (0.5, 0.25)])
def test_the_mean_field_loses_or_gains_that_part_of_the_drive(two, gain, share):
    kappa, v = np.array([0.6]), np.array([0.3, -0.8])
    field = compile_field(mean_field(scale_gain(two, gain, population=1, share=share)))
    drives = parts(two, kappa, v) * np.array([[1.0], [1 - share + gain * share]])
    np.testing.assert_allclose(field.rhs(kappa, v), -kappa + drives[:, 0].sum(), atol=1e-13)
    np.testing.assert_allclose(field.outputs(kappa, v), drives[:, 1].sum(), atol=1e-13)


def test_a_gain_of_one_changes_nothing(two):
    same = scale_gain(two, 1.0)
    np.testing.assert_array_equal(same.covariances, two.covariances)
    np.testing.assert_array_equal(same.means, two.means)


def test_shares_add_up_and_are_written_down(two):
    both = inactivate(inactivate(two, 0, 0.5), 1, 0.1)
    np.testing.assert_allclose(both.weights, [0.35, 0.27, 0.35, 0.03])
    assert [change["population"] for change in both.source["perturbed"]] == [0, 1]
    assert redraw(both, 200, rng=0).units == 200  # silent populations have singular covariances


def test_a_perturbed_network_follows_its_perturbed_mixture(two):
    units = 100_000
    net = redraw(two, units, rng=1, exact_moments=True)
    responsibilities = np.repeat(np.eye(2), [70_000, 30_000], axis=0)
    kappa, v = np.array([0.6]), np.array([0.3, -0.8])
    for change in ({"gain": 0.0}, {"gain": 0.4, "share": 0.5}):
        finite = scale_gain(net, population=1, responsibilities=responsibilities, rng=0, **change)
        mixture = scale_gain(two, population=1, **change)
        expected = compile_field(mean_field(mixture)).rhs(kappa, v)
        np.testing.assert_allclose(reduced_field(finite).rhs(kappa, v), expected, atol=0.03)
        np.testing.assert_array_equal(finite.m, net.m)
    np.testing.assert_array_equal(finite.n[:70_000], net.n[:70_000])
    assert (finite.n[70_000:] != net.n[70_000:]).sum() == 15_000


def test_inactivated_units_are_silent():
    net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 50, 1)))
    labels = np.repeat(np.eye(2), [20, 30], axis=0)
    silent = inactivate(net, 1, responsibilities=labels)
    assert not silent.n[20:].any() and not silent.w[20:].any()
    np.testing.assert_array_equal(silent.n[:20], net.n[:20])


def test_refusals(two):
    net = LowRankRNN(*np.ones((4, 6, 1)))
    with pytest.raises(InputError, match="there is no number 2; there are 2, counted from 0"):
        inactivate(two, 2)
    with pytest.raises(InputError, match="there is no number 1; there is 1"):
        inactivate(net, 1)
    with pytest.raises(InputError, match="share: must be <= 1.0, got 1.5"):
        inactivate(two, share=1.5)
    with pytest.raises(InputError, match="gain: must be >= 0.0"):
        scale_gain(two, -1.0)
    with pytest.raises(InputError, match="a Populations needs none"):
        inactivate(two, responsibilities=np.ones((6, 2)))
    with pytest.raises(InputError, match="responsibilities: expected"):
        inactivate(net, responsibilities=np.ones((5, 2)))
    with pytest.raises(InputError, match="rng"):
        inactivate(net, share=0.5)
    with pytest.raises(InputError, match="expected a Populations or a LowRankRNN, got dict"):
        inactivate({})
