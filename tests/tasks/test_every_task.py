import dataclasses

import numpy as np
import pytest

from tasks import InputError, accuracy, get_task, loss, psychometric_matrix, task_names
from tasks.pulses import held_sign, pulse_trains

# Dubreuil et al. 2022 (published task code), steps of 20 ms: the sums of the floored epochs.
STEPS = {
    "rdm": 51,
    "romo": 5 + 5 + 50 + 5 + 5,
    "context": 68,
    "multisensory": 68,
    "dms": 5 + 25 + 150 + 25 + 50,
}


@pytest.mark.parametrize("name, steps", STEPS.items())
def test_published_lengths(name, steps):
    assert get_task(name).trials(3, rng=0).steps == steps


@pytest.mark.parametrize("name", task_names())
def test_targets_are_perfect_outputs(name):
    task = get_task(name)
    trials = task.trials(50, rng=1)
    assert task.accuracy(trials.targets, trials) == 1.0
    assert task.accuracy(-trials.targets, trials) == 0.0
    assert loss(trials.targets, trials) == 0.0
    assert (trials.mask.sum(axis=(1, 2)) > 0).all()


@pytest.mark.parametrize("name", task_names())
def test_the_same_seed_gives_the_same_bytes(name):
    one, two, other = (get_task(name).trials(7, rng=seed) for seed in (5, 5, 6))
    for part in ("inputs", "targets", "mask"):
        np.testing.assert_array_equal(getattr(one, part), getattr(two, part))
    assert (one.inputs != other.inputs).any()


NOISY = [name for name in task_names() if "input_noise" in get_task(name).parameters]


@pytest.mark.parametrize("name", NOISY)
def test_without_noise_the_inputs_are_piecewise_constant(name):
    trials = get_task(name, input_noise=0.0).trials(20, rng=2)
    jumps = (np.diff(trials.inputs, axis=1) != 0).sum(axis=1)
    assert jumps.max() <= 2 * trials.steps / 5  # nothing shorter than a pulse of five steps


@pytest.mark.parametrize("name", NOISY)
def test_noise_is_of_the_stated_size(name):
    quiet = get_task(name, input_noise=0.0)
    noisy = dataclasses.replace(quiet, input_noise=0.2)
    difference = noisy.trials(300, rng=3).inputs - quiet.trials(300, rng=3).inputs
    silent = np.all(difference == 0, axis=(0, 1))
    assert list(np.array(noisy.input_names)[silent]) == [n for n in noisy.input_names if n.startswith("cue")]
    assert abs(difference[:, :, ~silent].std() / 0.2 - 1) < 0.02


def test_working_memory_compares_two_frequencies():
    trials = get_task("romo", input_noise=0.0).trials(3000, rng=4)
    f1, f2 = trials.conditions["f1"], trials.conditions["f2"]
    assert f1.min() == f2.min() == 10 and f1.max() == f2.max() == 34
    assert sorted(set(f2 - f1)) == [-24, -16, -8, 8, 16, 24]
    first, second = trials.epochs["stimulus1"], trials.epochs["stimulus2"]
    for b in range(20):
        np.testing.assert_allclose(trials.inputs[b, first[b, 0] : first[b, 1], 0], (f1[b] - 22) / 24)
        np.testing.assert_allclose(trials.inputs[b, second[b, 0] : second[b, 1], 0], (f2[b] - 22) / 24)
        response = trials.targets[b, trials.mask[b, :, 0] > 0, 0]
        np.testing.assert_allclose(response, (f1[b] - f2[b]) / 24)
        assert len(response) == 5
    gaps = trials.epochs["delay"][:, 1] - trials.epochs["delay"][:, 0]
    assert gaps.min() == 25 and gaps.max() == 49  # floor of 500 to 1000 ms


def test_the_reports_working_memory_has_one_delay():
    delay = get_task("romo", "report").trials(20, rng=0).epochs["delay"]
    np.testing.assert_array_equal(delay[:, 1] - delay[:, 0], 50)


def test_the_cued_feature_decides():
    trials = get_task("context", input_noise=0.0).trials(500, rng=5)
    context = trials.conditions["context"]
    features = np.stack([trials.conditions["coherence A"], trials.conditions["coherence B"]], axis=1)
    np.testing.assert_array_equal(trials.targets[:, -1, 0], np.sign(features[np.arange(500), context]))
    np.testing.assert_allclose(trials.inputs[:, 30, :2], features)
    np.testing.assert_allclose(trials.inputs[:, 10, 2:], 0.1 * np.eye(2)[context])
    assert (
        not trials.inputs[:, :5].any() and not trials.inputs[:, -1].any()
    )  # fixation and response are silent
    assert abs(context.mean() - 0.5) < 0.1 and abs(np.corrcoef(features.T)[0, 1]) < 0.15


def test_modalities_agree_and_are_cued():
    trials = get_task("multisensory", input_noise=0.0).trials(600, rng=6)
    visual, auditory = trials.conditions["visual"], trials.conditions["auditory"]
    np.testing.assert_array_equal(np.sign(visual + auditory), trials.targets[:, -1, 0])
    np.testing.assert_array_equal(trials.inputs[:, 30, 2] > 0, visual != 0)
    np.testing.assert_array_equal(trials.inputs[:, 30, 3] > 0, auditory != 0)
    kinds, counts = np.unique(trials.conditions["modality"], return_counts=True)
    assert list(kinds) == ["A", "V", "VA"] and counts.min() > 150


def test_delayed_match_shows_two_stimuli_and_asks_whether_they_were_the_same():
    trials = get_task("dms", input_noise=0.0).trials(400, rng=7)
    first, second = trials.conditions["first"], trials.conditions["second"]
    for b in range(20):
        np.testing.assert_array_equal(trials.inputs[b, trials.epochs["stimulus1"][b, 0]], np.eye(2)[first[b]])
        np.testing.assert_array_equal(
            trials.inputs[b, trials.epochs["stimulus2"][b, 0]], np.eye(2)[second[b]]
        )
        stop = trials.epochs["response"][b, 1]
        assert trials.targets[b, stop - 1, 0] == (1 if first[b] == second[b] else -1)
        assert not trials.mask[b, stop:].any() and not trials.inputs[b, stop:].any()
    assert trials.epochs["delay"].dtype.kind == "i" and trials.mask.sum(axis=(1, 2)).min() == 50


def test_pulses_keep_their_distance_and_their_mean_interval():
    train = pulse_trains(200, 2, 2000, 10, 40.0, np.random.default_rng(0))
    intervals = np.concatenate(
        [np.diff(np.flatnonzero(train[b, :, c])) for b in range(200) for c in range(2)]
    )
    assert train[:, 0].all() and intervals.min() == 10
    assert abs(intervals.mean() / 40 - 1) < 0.02


def test_held_signs_follow_a_slow_loop(rng):
    signs = rng.choice([0.0, 0.0, 0.0, 1.0, -1.0], size=(4, 30, 2))
    held, age = held_sign(signs)
    for b in range(4):
        for c in range(2):
            last, since = 0.0, -1
            for t in range(30):
                since = since + 1 if since >= 0 else -1
                if signs[b, t, c]:
                    last, since = signs[b, t, c], 0
                assert (held[b, t, c], age[b, t, c]) == (last, since)


def test_every_flip_flop_state_occurs_and_follows_the_last_pulse():
    trials = get_task("flipflop", input_noise=0.0).trials(300, rng=8)
    assert len({tuple(s) for s in trials.conditions["state"]}) == 8
    pulses = trials.inputs
    settled = trials.mask > 0
    on = pulses != 0
    assert not (settled & on & (np.sign(pulses) != trials.targets)).any()
    assert get_task("flipflop", bits=1).trials(2, rng=0).inputs.shape[2] == 1


def test_each_pulse_switches_the_percept():
    trials = get_task("bistable", input_noise=0.0).trials(200, rng=9)
    percept = trials.targets[:, :, 0]
    flips = (np.diff(percept, axis=1) != 0).sum(axis=1)
    np.testing.assert_array_equal(flips, trials.conditions["switches"])
    np.testing.assert_array_equal(percept[:, 0], trials.conditions["first"])
    pulsed = trials.inputs > 1.0
    assert (np.where(pulsed[:, :, 0], percept, 1) == 1).all()
    assert (np.where(pulsed[:, :, 1], percept, -1) == -1).all()
    np.testing.assert_allclose(np.unique(trials.inputs), [0.5, 1.5])


def test_a_long_dwell_leaves_only_the_first_pulse():
    trials = get_task("bistable", dwell=1e9, duration=20000.0).trials(20, rng=0)
    assert not trials.conditions["switches"].any()


def test_a_psychometric_matrix_shows_what_is_ignored():
    trials = get_task("context").trials(3000, rng=10)
    for context, axis in ((0, 1), (1, 0)):
        some = trials.select(trials.conditions["context"] == context)
        matrix = psychometric_matrix(some.targets, some, "coherence A", "coherence B")
        assert (matrix.probability.std(axis=axis) == 0).all() and matrix.counts.sum() == some.size
        assert accuracy(some.targets, some) == 1.0
    matrix = psychometric_matrix(trials.targets[:2], trials.select([0, 1]), "coherence A", "coherence B")
    assert np.isnan(matrix.probability[matrix.counts == 0]).all()
    with pytest.raises(InputError, match="not 'coherence'"):
        psychometric_matrix(trials.targets, trials, "coherence", "coherence B")


@pytest.mark.parametrize(
    "name, changes, message",
    [
        ("romo", {"delay_max": 100.0}, "delay_max: must be >= 500"),
        ("romo", {"differences": (30,)}, "differences: each must fit"),
        ("romo", {"response": 0.0}, "response: 0 ms is less than one step"),
        ("romo", {"f_min": "ten"}, "f_min: expected a real number"),
        ("context", {"coherences": (0.0,)}, "coherences: give at least one"),
        ("context", {"cue_amplitude": np.nan}, "cue_amplitude: must be finite"),
        ("dms", {"stimulus1": -5.0}, "stimulus1: must be >= 0"),
        ("flipflop", {"bits": 4}, "bits: this task has 1 to 3 channels"),
        ("flipflop", {"interval": 100.0}, "interval: must be >= 300"),
        ("flipflop", {"settling": 2000.0, "interval": 3000.0}, "settling: must be <="),
        ("bistable", {"dwell": 10.0}, "dwell: must be >= 300"),
    ],
)
def test_bad_parameters_are_refused(name, changes, message):
    with pytest.raises(InputError, match=message):
        get_task(name, **changes)
