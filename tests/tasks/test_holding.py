import numpy as np
import pytest

from tasks import InputError, Trials, get_task, held_accuracy, segments_held, states_held


def test_a_segment_is_lost_by_one_wrong_step():
    mask = np.array([0, 1, 1, 0, 1, 1, 1, 0, 1, 0.0])[None, :, None]
    trials = Trials(np.zeros((1, 10, 1)), np.ones((1, 10, 1)), mask)
    z = np.ones((1, 10, 1))
    z[0, [0, 3, 5]] = -1.0  # steps 0 and 3 do not count, step 5 spoils the second of three stretches
    assert segments_held(z, trials) == pytest.approx(2 / 3)
    assert held_accuracy(z, trials) == pytest.approx(5 / 6)


def test_segments_are_counted_channel_by_channel():
    trials = get_task("flipflop").trials(40, rng=0)
    z = np.array(trials.targets)
    z[:, :, 1] *= -1
    runs = [
        (np.diff(np.concatenate([[0], trials.mask[b, :, c]])) > 0).sum() for b in range(40) for c in range(3)
    ]
    lost = sum(runs[1::3])
    assert segments_held(z, trials) == pytest.approx(1 - lost / sum(runs))


def test_nothing_to_judge():
    trials = Trials(np.zeros((1, 2, 1)), np.zeros((1, 2, 1)), np.ones((1, 2, 1)))
    with pytest.raises(InputError, match="nothing to judge"):
        held_accuracy(np.ones((1, 2, 1)), trials)
    with pytest.raises(InputError, match="on no step every channel has a target that counts"):
        states_held(np.ones((1, 2, 1)), trials)


def test_every_state_is_judged_by_itself(rng):
    trials = get_task("flipflop").trials(60, rng=rng)
    z = trials.targets.copy()
    fine = states_held(z, trials)
    assert len(fine) == 8 and {share for share, _ in fine.values()} == {1.0}
    # A slow count of the stretches in which all three bits count.
    stretches = 0
    for mask in trials.mask.all(axis=2):
        stretches += sum(now and not before for now, before in zip(mask, [False, *mask[:-1]]))
    assert sum(count for _, count in fine.values()) == stretches
    state = np.array([1, -1, 1])
    z[(trials.targets == state).all(axis=2)] *= [1, 1, -1]
    spoilt = states_held(z, trials)
    assert spoilt[tuple(state)] == (0.0, fine[tuple(state)][1])
    assert all(spoilt[s] == fine[s] for s in fine if s != tuple(state))
