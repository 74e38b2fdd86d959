"""Optimisers against their published formulas."""

import numpy as np
import pytest
from reference import adam

from rnn.optimizers import SGD, Adam, clip_norm
from tasks.errors import InputError


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_adam_follows_the_published_algorithm(rng, dtype, tolerance):
    start, gradients = (
        rng.standard_normal(50),
        rng.standard_normal((30, 50)) * 10.0 ** rng.integers(-6, 3, 50),
    )
    settings = Adam(beta1=0.8, beta2=0.99, epsilon=1e-6)
    theta = start.astype(dtype)
    state = settings.start(theta)
    for gradient in gradients.astype(dtype):
        theta, state = settings.step(theta, gradient, state, 0.01)
    assert theta.dtype == dtype
    assert np.allclose(theta, adam(start, gradients, 0.01, 0.8, 0.99, 1e-6), rtol=0, atol=10 * tolerance)


def test_momentum_is_a_running_sum(rng):
    theta, gradients = rng.standard_normal(8), rng.standard_normal((5, 8))
    settings, velocity, expected = SGD(momentum=0.9), np.zeros(8), theta.copy()
    state = settings.start(theta)
    for gradient in gradients:
        theta, state = settings.step(theta, gradient, state, 0.1)
        velocity = 0.9 * velocity + gradient
        expected = expected - 0.1 * velocity
    assert np.allclose(theta, expected, rtol=1e-14)


def test_a_step_changes_nothing_in_place(rng):
    for settings in (Adam(), SGD(0.5)):
        theta, gradient = rng.standard_normal((2, 6))
        before = theta.copy(), gradient.copy()
        state = settings.start(theta)
        settings.step(theta, gradient, settings.step(theta, gradient, state, 0.1)[1], 0.1)
        assert np.array_equal(theta, before[0])
        assert np.array_equal(gradient, before[1])
        assert np.array_equal(np.ravel(state[-1] if isinstance(state, tuple) else state), np.zeros(6))


def test_clipping_scales_only_what_is_too_long(rng):
    gradient = rng.standard_normal(100).astype(np.float32)
    norm = np.linalg.norm(gradient.astype(float))
    clipped, before = clip_norm(gradient, 1.0)
    assert before == pytest.approx(norm, rel=1e-6)
    assert np.linalg.norm(clipped) == pytest.approx(1.0, rel=1e-6)
    assert clip_norm(gradient, 1e3)[0] is gradient
    assert clip_norm(gradient, None)[0] is gradient


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_norm_shows_what_is_not_finite(bad):
    gradient = np.ones(64, np.float32)
    gradient[17] = bad
    assert not np.isfinite(clip_norm(gradient, 1.0)[1])


@pytest.mark.parametrize(
    "make", [lambda: Adam(beta1=1.0), lambda: Adam(epsilon=0.0), lambda: SGD(momentum=-0.1), lambda: SGD("a")]
)
def test_settings_out_of_range_are_refused(make):
    with pytest.raises(InputError):
        make()
