import numpy as np
import pytest

from tasks import InputError, get_task
from tasks.adapters import EnvironmentTask, FixedTrials


class Dots:
    """Like a neurogym perceptual decision: fixate (0), then answer 1 or 2; lengths vary."""

    dt = 50

    def seed(self, seed):
        self.rng = np.random.default_rng(seed)

    def new_trial(self):
        side, steps = self.rng.integers(2), self.rng.integers(8, 12)
        self.ob = np.tile([1.0, *np.eye(2)[side]], (steps, 1)).astype(np.float32)
        self.gt = np.where(np.arange(steps) < steps - 2, 0, 1 + side)


class ActionSpace:
    n = 3


def test_labels_become_one_hot_targets_padded_to_the_longest_trial():
    environment = Dots()
    environment.action_space = ActionSpace()
    task = EnvironmentTask.of(environment, score="decision")
    trials = task.trials(30, rng=0)
    assert (task.dt, trials.inputs.shape[2], trials.targets.shape[2]) == (50.0, 3, 3)
    lengths = trials.conditions["length"]
    assert trials.steps == lengths.max() > lengths.min()
    for b, length in enumerate(lengths):
        side = int(trials.inputs[b, 0, 2])
        np.testing.assert_array_equal(trials.targets[b, length - 1], np.eye(3)[1 + side])
        assert trials.mask[b, :, 0].sum() == 2 and not trials.mask[b, length:].any()
    assert task.accuracy(trials.targets, trials) == 1.0


def test_the_same_rng_gives_the_same_trials():
    task = EnvironmentTask.of(Dots(), answers=3)
    np.testing.assert_array_equal(task.trials(5, rng=3).inputs, task.trials(5, rng=3).inputs)


def test_values_are_taken_as_they_are():
    class Copy:
        def new_trial(self):
            self.ob = np.linspace(-1, 1, 6)[:, None]
            self.gt = np.stack([self.ob[:, 0], -self.ob[:, 0]], axis=1)

    task = EnvironmentTask.of(Copy(), outputs="value")
    trials = task.trials(2, rng=0)
    np.testing.assert_allclose(trials.targets[0, :, 1], -np.linspace(-1, 1, 6))
    assert task.output_names == ("value 1", "value 2") and task.name == "Copy"


@pytest.mark.parametrize(
    "attributes, message",
    [
        ({}, "has no .ob after new_trial"),
        ({"ob": np.zeros((5, 2))}, "has no .gt after new_trial"),
        ({"ob": np.zeros(5), "gt": np.zeros(5)}, r"environment.ob: expected \(T, C\)"),
        (
            {"ob": np.zeros((5, 2)), "gt": np.zeros(4)},
            r"environment.gt: expected \(T,\) or \(T, O\) with T = 5",
        ),
        ({"ob": np.full((5, 2), np.nan), "gt": np.zeros(5)}, "environment.ob: 10 of 10"),
        ({"ob": np.ones((0, 2)), "gt": np.ones(0)}, "environment.ob: a trial of Broken has no step"),
        ({"ob": np.ones((5, 2)), "gt": np.array(list("abcde"))}, "environment.gt: expected real numbers"),
        ({"ob": np.ones((5, 2)), "gt": np.ones(5), "dt": None}, "environment.dt: expected a real number"),
        ({"ob": np.ones((5, 2)), "gt": np.ones(5), "dt": -20}, "environment.dt: must be > 0.0, got -20"),
        ({"ob": np.ones((5, 2)), "gt": np.ones(5), "dt": 300}, "dt: 300 ms is not below 2 tau"),
    ],
)
def test_incomplete_environments_are_refused(attributes, message):
    class Broken:
        def new_trial(self):
            for name, value in attributes.items():
                setattr(self, name, value)

    with pytest.raises(InputError, match=message):
        EnvironmentTask.of(Broken(), answers=2)


@pytest.mark.parametrize("part, outputs", [("ob", "one-hot"), ("gt", "value")])
def test_an_environment_that_changes_its_channels_is_refused(part, outputs):
    class Growing:
        drawn = 0

        def new_trial(self):
            self.drawn += 1
            self.ob, self.gt = np.ones((5, 2)), np.ones((5, 1))
            setattr(self, part, np.ones((5, 1 + self.drawn)))

    task = EnvironmentTask.of(Growing(), outputs=outputs, answers=2)
    with pytest.raises(InputError, match=rf"environment.{part}: expected .* \(any, 2\), got \(5, 3\)"):
        task.trials(3, rng=0)


def test_what_is_no_environment_is_refused():
    with pytest.raises(InputError, match="has no method new_trial.*write one, or use FixedTrials"):
        EnvironmentTask.of(object())
    with pytest.raises(InputError, match="answers: expected a whole number >= 1, got 'three'"):
        EnvironmentTask.of(Dots(), answers="three")
    with pytest.raises(InputError, match="give the number of answers"):
        EnvironmentTask.of(Dots())


def test_labels_out_of_range_are_refused():
    task = EnvironmentTask.of(Dots(), answers=2)
    with pytest.raises(InputError, match="from 0 to 1"):
        task.trials(20, rng=0)


def test_fixed_trials_are_drawn_without_replacement_while_they_last():
    recorded = get_task("rdm").trials(20, rng=0)
    task = FixedTrials.of(recorded)
    assert (task.name, task.input_names, task.alpha) == ("rdm", ("motion",), 0.2)
    assert task.trials(20, rng=1) is recorded
    drawn = task.trials(10, rng=1).inputs[:, 0, 0]
    assert len(set(drawn)) == 10 and set(drawn) <= set(recorded.inputs[:, 0, 0])
    assert task.trials(50, rng=1).size == 50
    origin = get_task("flipflop")
    some = FixedTrials.of(origin.trials(5, rng=0), origin)
    assert some.accuracy(some.fixed.targets, some.fixed) == 1.0
    for make in (lambda: FixedTrials.of(np.zeros((3, 4, 1))), FixedTrials):
        with pytest.raises(InputError, match="expected Trials"):
            make()
    with pytest.raises(InputError, match=r"use EnvironmentTask.of"):
        EnvironmentTask(environment=Dots())
