import numpy as np
import pytest

from tasks import InputError, Trials, accuracy, get_task, loss, psychometric_curve, r_squared


def slow_loss(z, trials):
    """TASKS 1 in loops: masked squares averaged over outputs, over masked steps, over trials."""
    total = 0.0
    for b in range(trials.size):
        squares, masked = 0.0, 0
        for t in range(trials.steps):
            O = z.shape[2]
            squares += (
                sum((trials.mask[b, t, o] * (z[b, t, o] - trials.targets[b, t, o])) ** 2 for o in range(O))
                / O
            )
            masked += any(trials.mask[b, t, o] != 0 for o in range(O))
        total += squares / masked
    return total / trials.size


def test_loss_equals_the_loops(rng):
    mask = (rng.random((4, 6, 3)) < 0.5).astype(float)
    mask[:, 0] = 1.0
    trials = Trials(np.zeros((4, 6, 1)), rng.standard_normal((4, 6, 3)), mask)
    z = rng.standard_normal((4, 6, 3))
    assert loss(z, trials) == pytest.approx(slow_loss(z, trials), rel=1e-14)


def test_accuracy_takes_the_sign_of_the_mean_over_the_response():
    targets = np.array([1.0, 1.0, -1.0, 0.0])[:, None, None] * np.ones((1, 4, 1))
    mask = np.zeros((4, 4, 1))
    mask[:, 2:] = 1.0
    z = np.zeros((4, 4, 1))
    z[0, :, 0] = [-9, -9, 3, -1]  # mean over the response +1: right, whatever came before
    z[1, :, 0] = [9, 9, -3, 1]  # wrong
    z[2, :, 0] = [0, 0, -1, -1]  # right; trial 3 has no target and is left out
    assert accuracy(z, Trials(np.zeros((4, 4, 1)), targets, mask)) == pytest.approx(2 / 3)


def test_accuracy_without_any_target_is_refused():
    with pytest.raises(InputError, match="nothing to judge"):
        accuracy(np.ones((2, 3, 1)), Trials(np.zeros((2, 3, 1)), np.zeros((2, 3, 1)), np.ones((2, 3, 1))))


def test_outputs_of_another_shape_or_not_finite_are_refused():
    trials = get_task("rdm").trials(3, rng=0)
    for metric in (loss, accuracy, psychometric_curve):
        with pytest.raises(InputError, match="outputs: expected"):
            metric(trials.targets[:, :-1], trials)
        with pytest.raises(InputError, match="not finite"):
            metric(trials.targets * np.nan, trials)


def test_r_squared_has_its_known_values(rng):
    reference = rng.standard_normal((3, 4, 2))
    assert r_squared(reference, reference) == 1.0
    assert r_squared(np.full_like(reference, reference.mean()), reference) == pytest.approx(0.0, abs=1e-14)
    worse = 1 - ((reference + 1 - reference) ** 2).sum() / ((reference - reference.mean()) ** 2).sum()
    assert r_squared(reference + 1, reference) == pytest.approx(worse)
    assert np.isnan(r_squared(np.ones((1, 2, 1)), np.ones((1, 2, 1))))


def test_the_psychometric_curve_counts_choices_per_level():
    trials = get_task("rdm", "report").trials(2000, rng=5)
    z = np.where(np.abs(trials.conditions["coherence"]) > 0.05, 1.0, -1.0)[:, None, None] * np.ones(
        (1, 75, 1)
    )
    curve = psychometric_curve(z, trials)
    np.testing.assert_array_equal(curve.probability, (np.abs(curve.levels) > 0.05).astype(float))
    assert curve.counts.sum() == 2000
    np.testing.assert_array_equal(curve.errors, 0.0)


def test_a_psychometric_curve_needs_a_condition_that_exists():
    trials = get_task("rdm").trials(3, rng=0)
    with pytest.raises(InputError, match=r"these trials have \['coherence'\], not 'contrast'"):
        psychometric_curve(trials.targets, trials, "contrast")
