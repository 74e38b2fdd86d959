"""The recipes train networks that do their task."""

from dataclasses import replace

import numpy as np
import pytest

import tasks
from rnn.networks import LowRankRNN
from rnn.optimizers import SGD
from rnn.recipes import recipe, train_recipe
from rnn.simulation import simulate
from rnn.training import TrainConfig, train
from tasks.errors import InputError
from tasks.holding import segments_held
from tasks.reach import end_point_errors


def trained_accuracy(preset, units, seed):
    task, plan = tasks.get_task("rdm", preset), recipe("rdm", preset).with_units(units)
    net = LowRankRNN.random(plan.units, plan.rank, task, rng=seed, noise_std=plan.noise_std)
    result = train(net, task, plan.config, rng=1000 + seed)
    trials = task.trials(1000, rng=2000 + seed)
    return tasks.accuracy(simulate(result.net, trials, rng=seed, states=False).z, trials)


@pytest.mark.parametrize("preset", [None, "report"])
def test_random_dots_are_learnt_by_128_units(preset):
    assert min(trained_accuracy(preset, 128, seed) for seed in range(3)) >= 0.99


def test_plain_gradient_descent_on_a_hundred_fixed_trials_learns_random_dots():
    """The report's way: N = 128, only m and n trained, w and I random and frozen; loss to 0, accuracy 1."""
    task = tasks.get_task("rdm", "report")
    config = TrainConfig(
        epochs=200, learning_rate=20.0, optimizer=SGD(), train=("m", "n"), fixed_trials=100, batch_size=20,
        batches_per_epoch=5,
    )  # fmt: skip
    for seed in range(3):
        start = LowRankRNN.random(128, 1, task, rng=seed)
        result = train(start, task, config, rng=5)
        assert result.losses.min() < 0.05
        trials = task.trials(1000, rng=9)
        assert task.accuracy(simulate(result.net, trials).z, trials) >= 0.98
        np.testing.assert_allclose(result.net.I, start.I, rtol=1e-6)  # frozen, up to float32
        np.testing.assert_allclose(result.net.w, start.w, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("preset", [None, "report"])
def test_random_dots_are_learnt_from_twenty_seeds(preset):
    assert min(trained_accuracy(preset, 512, seed) for seed in range(20)) >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, goal",
    [
        ("multisensory", 0.98),
        ("context", 0.98),
        ("romo", 0.95),
        ("dms", 0.95),
        ("flipflop", 0.99),
        ("bistable", 0.98),
    ],
)
def test_recipes_reach_their_accuracy(name, goal):
    task, result = tasks.get_task(name), train_recipe(name, rng=0)
    trials = task.trials(1000, rng=99)
    outputs = simulate(result.net, trials, rng=98, states=False).outputs
    assert task.accuracy(outputs, trials) >= goal
    if name in ("flipflop", "bistable"):
        assert segments_held(outputs, trials) >= 0.98
    if name == "flipflop":
        assert len({tuple(state) for state in trials.conditions["state"]}) == 8


@pytest.mark.slow
def test_reaching_needs_its_feedback():
    """On 64 directions that all lie between the 16 of training."""
    task, result = tasks.get_task("reach", directions=64, offset=np.pi / 64), train_recipe("reach", rng=0)
    trials = task.trials(640, rng=99)
    errors = end_point_errors(simulate(result.net, trials, rng=98, states=False).outputs, trials)
    assert errors.mean() <= 0.05
    blind = replace(task, feedback=False).trials(640, rng=99)
    cut = end_point_errors(simulate(result.net, blind, rng=98, states=False).outputs, blind)
    assert cut.mean() > 3 * errors.mean()


@pytest.mark.slow
@pytest.mark.parametrize("name", tasks.task_names())
def test_every_task_has_a_recipe_that_fits_it(name):
    """Its stages name parameters of the task, parts of the network, and ranks that exist."""
    plan = recipe(name)
    tiny = [
        replace(stage, config=replace(stage.config, epochs=1, batches_per_epoch=1, batch_size=2))
        for stage in plan.stages
    ]
    small = replace(plan, units=8, config=tiny[-1].config, before=tuple(tiny[:-1]))
    result = train_recipe(name, rng=0, plan=small)
    assert result.history[-1].stage == len(plan.stages)
    assert (result.net.units, result.net.rank, result.net.noise_std) == (8, plan.rank, plan.noise_std)


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


def test_full_rank_rates_go_with_the_units():
    """1e-2 / sqrt(N), in either order of asking, and in the stage before a low-rank one too."""
    for name in ("rdm", "context", "romo"):
        one, other = recipe(name).full_rank().with_units(128), recipe(name).with_units(128).full_rank()
        assert one.units == other.units == 128
        assert one.config.learning_rate == pytest.approx(1e-2 / 128**0.5, rel=1e-15)
        assert other.config.learning_rate == pytest.approx(1e-2 / 128**0.5, rel=1e-15)
    romo = recipe("romo").with_units(128)
    assert [stage.config.learning_rate for stage in romo.stages] == pytest.approx([1e-2 / 128**0.5, 1e-2])
    assert recipe("context").with_units(4096).config == recipe("context").config
    with pytest.raises(InputError, match="units"):
        recipe("rdm").with_units(0)


def test_unknown_recipes_are_refused_with_a_list():
    with pytest.raises(InputError, match="'chess'; choose one of"):
        recipe("chess")
    with pytest.raises(InputError, match="exist for None, 'report', got 'easy'"):
        recipe("rdm", "easy")
    with pytest.raises(InputError, match="plan: expected a Recipe such as"):
        train_recipe("rdm", rng=0, plan=TrainConfig())
