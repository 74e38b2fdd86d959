import numpy as np
import pytest

from tasks import InputError, lagged_readout


def test_a_delay_line_is_read_at_its_delay(rng):
    hidden = rng.standard_normal((40, 60, 2))
    late = np.zeros_like(hidden)
    late[:, 3:] = hidden[:, :-3]
    mixed = late @ rng.standard_normal((2, 4)) + 0.1 * rng.standard_normal((40, 60, 4))
    found = lagged_readout(mixed[:, 3:], hidden[:, 3:], range(-5, 6))
    assert found.best.tolist() == [-3, -3]
    assert found.explained.max(axis=0).min() > 0.9 > 0.1 > np.delete(found.explained, 2, axis=0).max()


def test_what_was_fitted_is_not_what_is_judged(rng):
    """As many features as samples fit noise exactly, and say nothing about other trials."""
    found = lagged_readout(rng.standard_normal((4, 10, 20)), rng.standard_normal((4, 10, 1)))
    assert found.explained[0, 0] < 0.2


def test_an_offset_and_a_scale_do_not_matter(rng):
    states = rng.standard_normal((6, 9, 2))
    one = lagged_readout(states + 0.3 * rng.standard_normal(states.shape), states)
    assert one.explained.shape == (1, 2) and (one.explained > 0.5).all()
    exact = lagged_readout(5.0 - 7.0 * states, states)
    np.testing.assert_allclose(exact.explained, 1.0, atol=1e-12)
    assert "R^2 1.0000 at +0" in repr(exact)


def test_what_cannot_be_read(rng):
    x = rng.standard_normal((4, 5, 2))
    for arguments, message in (
        ((x[:1], x[:1]), "features: 1 trials cannot be halved"),
        ((x, x[:, :4]), "states: expected"),
        ((x, x, (5,)), "lags: expected lags of less than the 5 steps"),
        ((x, x, ()), "lags: expected"),
        ((x, x, (0.5,)), "lags: expected a whole number"),
        ((x[:, :, :0], x), "features: there is none to read from"),
        ((x, np.ones((4, 5, 1))), "states: one of them does not vary"),
    ):
        with pytest.raises(InputError, match=message):
            lagged_readout(*arguments)
