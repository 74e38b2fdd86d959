import dataclasses

import numpy as np
import pytest

from tasks import InputError, Task, Trials, get_task, task_names


def batch(**changes):
    parts = {"inputs": np.zeros((3, 5, 2)), "targets": np.ones((3, 5, 1)), "mask": np.ones((3, 5, 1))}
    return Trials(**{**parts, **changes})


def test_the_published_timing_of_random_dots():
    trials = get_task("rdm").trials(6, rng=1)  # 5 + 40 + 5 + 1 steps of 20 ms (Dubreuil et al. 2022)
    assert trials.steps == 51 and trials.alpha == 0.2
    assert {name: tuple(v[0]) for name, v in trials.epochs.items()} == {
        "fixation": (0, 5), "stimulus": (5, 45), "delay": (45, 50), "response": (50, 51),
    }  # fmt: skip
    np.testing.assert_array_equal(trials.mask.sum(axis=(1, 2)), 1)


def test_the_reports_variant_has_75_steps_of_which_15_count():
    trials = get_task("rdm", "report").trials(4, rng=1)
    assert trials.steps == 75
    np.testing.assert_array_equal(trials.mask[0, :, 0], np.arange(75) >= 60)
    levels = np.unique(get_task("rdm", "report").trials(500, rng=1).conditions["coherence"])
    np.testing.assert_allclose(
        levels, np.concatenate([-np.array([16, 8, 4, 2, 1]), [1, 2, 4, 8, 16]]) * 0.032
    )


def test_the_input_is_the_coherence_plus_noise_of_the_stated_size():
    task = get_task("rdm")
    trials = task.trials(4000, rng=7)
    noise = trials.inputs[:, :, 0].copy()
    noise[:, 5:45] -= trials.conditions["coherence"][:, None]
    assert abs(noise.mean()) < 4 * task.input_noise / np.sqrt(noise.size)
    assert abs(noise.std() / task.input_noise - 1) < 0.01
    levels, counts = np.unique(trials.conditions["coherence"], return_counts=True)
    np.testing.assert_array_equal(levels, sorted(task.coherences))
    assert np.abs(counts - 4000 / 6).max() < 4 * np.sqrt(4000 / 6)


def test_the_same_seed_gives_the_same_trials_and_another_other_ones():
    task = get_task("rdm")
    np.testing.assert_array_equal(task.trials(5, rng=3).inputs, task.trials(5, rng=3).inputs)
    assert (task.trials(5, rng=3).inputs != task.trials(5, rng=4).inputs).any()


def test_steps_are_floored_epoch_by_epoch_and_forgive_rounding():
    task = get_task("rdm", dt=0.1, tau=0.5, stimulus=0.3, fixation=0.29, delay=0.0, response=0.1)
    assert task.trials(1, rng=0).steps == 2 + 3 + 0 + 1  # 0.3 / 0.1 is 2.9999999999999996 in floats


def test_every_task_by_name_agrees_with_its_own_description():
    for name in task_names():
        task = get_task(name)
        trials = task.trials(3, rng=0)
        assert isinstance(task, Task) and task.name == name == trials.task
        assert trials.inputs.shape[2] == len(task.input_names)
        assert trials.targets.shape[2] == len(task.output_names)
        assert list(task.parameters) == [entry.name for entry in dataclasses.fields(task)]
        assert task.parameters["dt"] == task.dt


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"dt": 0.0}, "dt: must be > 0"),
        ({"dt": 200.0}, "dt: 200 ms is not below 2 tau"),
        ({"stimulus": -1.0}, "stimulus: must be >= 0"),
        ({"response": 10.0}, "response: 10 ms is less than one step"),
        ({"coherences": ()}, "coherences: give at least one"),
        ({"coherences": (0.1, np.nan)}, "coherences: 1 of 2 entries is not finite"),
        ({"input_noise": "big"}, "input_noise: expected a real number"),
        ({"duration": 3.0}, "parameter of task 'rdm': got 'duration'"),
    ],
)
def test_bad_parameters_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        get_task("rdm", **changes)


def test_unknown_tasks_and_presets_are_refused_with_the_list():
    with pytest.raises(InputError, match="choose one of 'rdm', 'romo'"):
        get_task("random dots")
    with pytest.raises(InputError, match="choose one of 'report'"):
        get_task("rdm", "paper")
    with pytest.raises(InputError, match="'input_names'; choose one of 'dt', 'tau'"):
        get_task("rdm", input_names=())


@pytest.mark.parametrize("n", [0, -3, 2.0])
def test_a_number_of_trials_is_a_positive_whole_number(n):
    with pytest.raises(InputError, match="n: expected a whole number"):
        get_task("rdm").trials(n, rng=0)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"mask": np.zeros((3, 5, 1))}, "mask: every entry is 0"),
        ({"mask": -np.ones((3, 5, 1))}, "mask: a weight must be >= 0, got -1"),
        ({"mask": np.ones((3, 4, 1))}, r"mask: expected \(B, T, O\) = \(3, 5, 1\)"),
        ({"targets": np.ones((2, 5, 1))}, "targets: expected"),
        ({"inputs": np.zeros((3, 5))}, "inputs: expected"),
        ({"inputs": np.full((3, 5, 2), np.nan)}, "inputs: 30 of 30 entries are not finite"),
        ({"conditions": {"c": [1, 2]}}, "conditions\\['c'\\]: expected one value per trial"),
        ({"epochs": {"stimulus": (2, 9)}}, "epochs\\['stimulus'\\]: steps must satisfy"),
        ({"epochs": {"stimulus": (1.0, 2.0)}}, "epochs\\['stimulus'\\]: expected whole steps"),
        ({"input_names": ("a",)}, "input_names: expected 2 names"),
        ({"dt": 0.0}, "dt: must be > 0"),
    ],
)
def test_inconsistent_trials_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        batch(**changes)


def test_no_trials_at_all_are_refused():
    with pytest.raises(InputError, match="no trial or no step"):
        Trials(np.zeros((0, 5, 1)), np.zeros((0, 5, 1)), np.zeros((0, 5, 1)))


def test_a_selection_keeps_everything_that_belongs_to_the_trials():
    trials = get_task("rdm").trials(10, rng=2)
    some = trials.select([7, 2])
    np.testing.assert_array_equal(some.inputs[1], trials.inputs[2])
    np.testing.assert_array_equal(some.conditions["coherence"], trials.conditions["coherence"][[7, 2]])
    assert some.epochs["delay"].shape == (2, 2) and some.task == "rdm"


def test_what_the_caller_keeps_does_not_change_the_trials():
    levels, stretch = np.arange(3.0), np.array([[0, 1], [1, 2], [2, 3]])
    trials = batch(conditions={"c": levels}, epochs={"stimulus": stretch})
    levels[0], stretch[0, 1] = 9.0, 5
    assert trials.conditions["c"][0] == 0 and trials.epochs["stimulus"][0, 1] == 1
    for array in (trials.conditions["c"], trials.epochs["stimulus"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_trials_are_frozen_and_show_themselves():
    trials = batch(conditions={"<b>": [1, 2, 3]}, input_names=("<script>", "b"))
    with pytest.raises(ValueError, match="read-only"):
        trials.inputs[0, 0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        trials.dt = 1.0
    assert "<script>" not in trials._repr_html_() and "3 trials of 5 steps" in repr(trials)
