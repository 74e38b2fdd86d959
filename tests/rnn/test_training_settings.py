"""Schedules, weight penalty, fixed sets of trials, validation, precision, many threads."""

import math
import threading
from dataclasses import replace

import numpy as np
import pytest

import tasks
from rnn.gradient import loss_and_gradient
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.optimizers import SGD
from rnn.schedules import ConstantRate, CosineRate, ExponentialRate, StepRate
from rnn.simulation import simulate
from rnn.training import TrainConfig, train
from tasks import FixedTrials, get_task
from tasks.errors import InputError

TASK = get_task("rdm", stimulus=200.0)
QUICK = TrainConfig(epochs=4, batches_per_epoch=3, batch_size=10)


def start(units=32):
    return LowRankRNN.random(units, 1, TASK, rng=0, noise_std=0.05)


@pytest.mark.parametrize(
    "schedule, rates",
    [
        (ConstantRate(), [1, 1, 1, 1]),
        (StepRate(3, 0.1), [1, 1, 1, 0.1]),
        (ExponentialRate(0.5), [1, 0.5, 0.25, 0.125]),
        (CosineRate(0.2), [1, 0.2 + 0.4 * (1 + math.sqrt(0.5)), 0.6, 0.2 + 0.4 * (1 - math.sqrt(0.5))]),
    ],
)
def test_schedules_reach_the_steps_of_the_optimiser(schedule, rates):
    seen = []

    class Watched(SGD):
        def step(self, theta, gradient, state, rate):
            seen.append(rate)
            return super().step(theta, gradient, state, rate)

    config = TrainConfig(4, 2, 8, 0.01, schedule=schedule, optimizer=Watched())
    train(start(), TASK, config, rng=1)
    assert seen == pytest.approx([0.01 * rate for rate in rates for _ in range(2)])


def test_the_weight_penalty_pulls_towards_zero():
    """One step of plain descent: theta - rate (gradient + c theta)."""
    config = TrainConfig(1, 1, 8, 0.1, train=("m", "n"), optimizer=SGD(), keep_best=False)
    free, pulled = (train(start(), TASK, replace(config, l2_weights=c), rng=1).net for c in (0.0, 0.3))
    for letter in ("m", "n"):
        difference = getattr(free, letter) - getattr(pulled, letter)
        assert np.allclose(difference, 0.1 * 0.3 * getattr(start(), letter), atol=1e-6)


def test_a_fixed_set_is_drawn_once():
    drawn = []

    class Watched(tasks.RandomDots):
        def trials(self, n, rng):
            drawn.append(n)
            return super().trials(n, rng)

    config = replace(QUICK, fixed_trials=30, epochs=3)
    result = train(start(), Watched(stimulus=200.0), config, rng=1)
    assert drawn == [30]
    assert len(result.history) == 3


def test_an_epoch_as_large_as_the_fixed_set_sees_all_of_it():
    """Then the loss of an epoch at rate 0+ is the loss on the set."""
    config = TrainConfig(1, 3, 10, 1e-30, fixed_trials=30, optimizer=SGD())
    quiet = replace(start(), noise_std=0.0)
    trials = TASK.trials(30, np.random.default_rng(4))
    result = train(quiet, TASK, config, rng=4)
    assert result.losses[0] == pytest.approx(
        tasks.loss(simulate(quiet, trials, states=False).z, trials), rel=1e-5
    )


def test_validation_trials_are_judged_after_each_epoch():
    config = replace(QUICK, validation=50, keep_best=False)
    quiet = replace(start(), noise_std=0.0)
    result = train(quiet, TASK, config, rng=2)
    trials = TASK.trials(50, np.random.default_rng(2))
    z = simulate(result.net, trials, states=False).z
    last = result.history[-1]
    assert last.validation_loss == pytest.approx(tasks.loss(z, trials), rel=1e-9)
    assert last.validation_accuracy == pytest.approx(tasks.accuracy(z, trials))
    assert "Validation: loss" in result.message
    assert math.isnan(train(quiet, TASK, QUICK, rng=2).history[-1].validation_loss)


def test_the_best_epoch_and_the_goal_go_by_the_validation_trials():
    config = replace(QUICK, epochs=12, validation=40, learning_rate=0.2)
    result = train(start(), TASK, config, rng=3)
    losses = [record.validation_loss for record in result.history]
    assert result.best_epoch == 1 + int(np.argmin(losses))
    goal = sorted(losses)[2]
    stopped = train(start(), TASK, replace(config, stop_loss=goal), rng=3)
    assert stopped.history[-1].validation_loss <= goal < min(r.validation_loss for r in stopped.history[:-1])


def test_recorded_trials_are_split():
    recorded = FixedTrials.of(TASK.trials(40, rng=0), TASK)
    result = train(start(), recorded, replace(QUICK, validation=15), rng=1)
    assert len(result.history) == 4 and result.history[-1].validation_loss > 0
    with pytest.raises(InputError, match="40 fixed trials cannot give 35 validation trials"):
        train(start(), recorded, replace(QUICK, validation=35), rng=1)


def test_recorded_trials_without_a_split_are_all_used():
    trials = TASK.trials(30, rng=0)
    config = TrainConfig(1, 3, 10, 1e-30, optimizer=SGD())
    quiet = replace(start(), noise_std=0.0)
    result = train(quiet, FixedTrials.of(trials, TASK), config, rng=4)
    z = simulate(quiet, trials, states=False).z
    assert result.losses[0] == pytest.approx(tasks.loss(z, trials), rel=1e-5)


@pytest.mark.parametrize(
    "settings, word",
    [
        ({"schedule": 0.5}, "schedule: expected one of ConstantRate"),
        ({"l2_weights": -1.0}, "l2_weights"),
        ({"fixed_trials": 0}, "fixed_trials"),
        ({"validation": 0}, "validation"),
        ({"fixed_trials": 20, "batch_size": 21}, "batch_size: 21 is more than the 20 fixed_trials"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, word):
    with pytest.raises(InputError, match=word):
        TrainConfig(**settings)


@pytest.mark.parametrize(
    "make",
    [lambda: StepRate(0), lambda: StepRate(2, 1.5), lambda: ExponentialRate(0.0), lambda: CosineRate(2.0)],
)
def test_schedules_that_make_no_sense_are_refused(make):
    with pytest.raises(InputError):
        make()


@pytest.mark.parametrize("name", ["m", "n", "I", "w", "h0", "noise_std", "J"])
def test_networks_too_large_for_float32_are_refused(name):
    """In float64 each is finite: no warning, no network out of infinities, the right name."""
    task = get_task("reach", hold=100.0, cue=100.0, reach=400.0, movement=200.0)
    nets = LowRankRNN.random(8, 2, task, rng=0), FullRankRNN.random(8, task, rng=0)
    words = rf"{name}: its largest entry, 1\S*e\+4., is too large for float32"
    for net in (net for net in nets if hasattr(net, name)):
        huge = replace(net, **{name: np.asarray(getattr(net, name)) + 1e41})
        with pytest.raises(InputError, match=words):
            train(huge, task, TrainConfig(epochs=1, train=("w",)), rng=0)
        with pytest.raises(InputError, match=words):
            loss_and_gradient(huge, task.trials(4, rng=0), rng=0, dtype=np.float32)


def test_a_plant_too_large_for_float32_is_refused():
    task = get_task("reach", hold=100.0, cue=100.0, reach=400.0, movement=200.0)
    trials = task.trials(4, rng=0)
    strong = replace(trials, plant=replace(trials.plant, B=1e41 * trials.plant.B))
    for net in (LowRankRNN.random(8, 2, task, rng=0), FullRankRNN.random(8, task, rng=0)):
        with pytest.raises(InputError, match="plant.B: its largest entry, .* is too large for float32"):
            loss_and_gradient(net, strong, dtype=np.float32)


def test_there_are_no_more_threads_than_pieces_of_work():
    task, most = get_task("rdm"), []
    net = FullRankRNN.random(16, task, rng=0)
    config = TrainConfig(epochs=2, batches_per_epoch=2, batch_size=8, train=("J",))

    def progress(record):
        most.append(threading.active_count())

    many = train(net, task, replace(config, threads=10**6), rng=1, progress=progress)
    assert many.net.hash == train(net, task, replace(config, threads=1), rng=1).net.hash
    assert max(most) < 20
