"""The recipes train networks that do their task."""

import pytest

import tasks
from rnn.networks import LowRankRNN
from rnn.recipes import recipe
from rnn.simulation import simulate
from rnn.training import train
from tasks.errors import InputError


def trained_accuracy(preset, units, seed):
    task, plan = tasks.get_task("rdm", preset), recipe("rdm", preset).with_units(units)
    net = LowRankRNN.random(plan.units, plan.rank, task, rng=seed, noise_std=plan.noise_std)
    result = train(net, task, plan.config, rng=1000 + seed)
    trials = task.trials(1000, rng=2000 + seed)
    return tasks.accuracy(simulate(result.net, trials, rng=seed, states=False).z, trials)


@pytest.mark.parametrize("preset", [None, "report"])
def test_random_dots_are_learnt_by_128_units(preset):
    assert min(trained_accuracy(preset, 128, seed) for seed in range(3)) >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("preset", [None, "report"])
def test_random_dots_are_learnt_from_twenty_seeds(preset):
    assert min(trained_accuracy(preset, 512, seed) for seed in range(20)) >= 0.99


def test_the_recipe_is_the_published_one():
    plan = recipe("rdm")
    assert (plan.units, plan.rank, plan.noise_std) == (512, 1, 0.05)
    config = plan.config
    assert (config.learning_rate, config.epochs, config.batch_size, config.batches_per_epoch) == (
        5e-3,
        20,
        32,
        25,
    )
    assert config.train == ("m", "n", "I_gain", "w_gain")


def test_unknown_recipes_are_refused_with_a_list():
    with pytest.raises(InputError, match="'chess'; choose one of"):
        recipe("chess")
    with pytest.raises(InputError, match="exist for None, 'report', got 'easy'"):
        recipe("rdm", "easy")
