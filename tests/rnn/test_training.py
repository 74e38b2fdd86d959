"""Training: reproducible, threads do not matter, goals, divergence, interruption, refusals."""

import os
import signal
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

import tasks
from rnn.batches import pack
from rnn.checkpoints import load_checkpoint
from rnn.connectivity import factors
from rnn.curriculum import Stage, train_stages
from rnn.gradient import GradientRunner, loss_and_gradient
from rnn.networks import LowRankRNN
from rnn.optimizers import SGD
from rnn.simulation import simulate
from rnn.training import TrainConfig, train
from tasks import get_task
from tasks.base import Task, Trials
from tasks.errors import InputError, Status

QUICK = TrainConfig(epochs=3, batches_per_epoch=4, batch_size=10)


def start(task, units=48, **settings):
    return LowRankRNN.random(units, 1, task, rng=0, noise_std=0.05, **settings)


def test_it_learns_the_task():
    task = get_task("rdm")
    result = train(start(task, 64), task, TrainConfig(epochs=12), rng=1)
    trials = task.trials(500, rng=2)
    assert result.status is Status.COMPLETED
    assert result.losses[-1] < 0.05 * result.losses[0]
    assert tasks.accuracy(simulate(result.net, trials, rng=3).z, trials) >= 0.97
    assert result.net.m.dtype == np.float64
    assert result.net.noise_std == 0.05


def test_same_seed_same_network_whatever_the_threads():
    task = get_task("rdm")
    nets = [train(start(task), task, replace(QUICK, threads=k), rng=7).net for k in (1, 1, 2, 3)]
    assert len({net.hash for net in nets}) == 1
    assert train(start(task), task, QUICK, rng=8).net.hash != nets[0].hash


def test_first_step_of_plain_descent_follows_the_gradient():
    task = get_task("rdm", input_noise=0.0, coherences=(0.2,))
    net = replace(start(task), noise_std=0.0)
    rate = 0.5
    config = TrainConfig(1, 1, 4, rate, train=("m", "n", "I", "w"), optimizer=SGD(), keep_best=False)
    after = train(net, task, config, rng=0).net
    gradient = loss_and_gradient(net, task.trials(4, rng=0))
    for letter in ("m", "n", "I", "w"):
        moved = getattr(net, letter) - getattr(after, letter)
        assert np.allclose(moved, rate * getattr(gradient, letter), rtol=1e-3, atol=2e-6)


def test_gains_scale_whole_channels_and_the_rest_stays():
    task = get_task("rdm")
    net = start(task)
    after = train(net, task, replace(QUICK, train=("n", "w_gain")), rng=1).net
    gain = after.w / net.w
    assert np.allclose(gain, gain[0], rtol=1e-5)
    assert not np.isclose(gain[0], 1.0, atol=1e-4)
    assert np.allclose(after.m, net.m, rtol=1e-6)
    assert np.allclose(after.I, net.I, rtol=1e-6)
    assert not np.allclose(after.n, net.n, rtol=1e-4)


def test_it_stops_at_its_goals():
    task = get_task("rdm")
    by_loss = train(start(task), task, TrainConfig(stop_loss=0.5), rng=1)
    assert by_loss.status is Status.STOPPED_EARLY
    assert by_loss.losses[-1] <= 0.5 < by_loss.losses[:-1].min()
    assert "reached the goal 0.5" in by_loss.message
    by_accuracy = train(start(task), task, TrainConfig(stop_accuracy=0.9), rng=1)
    assert by_accuracy.accuracies[-1] >= 0.9 > by_accuracy.accuracies[:-1].max()


def test_the_best_epoch_is_kept():
    task = get_task("rdm")
    config = TrainConfig(epochs=8, learning_rate=0.3)
    best, last = (train(start(task), task, replace(config, keep_best=keep), rng=3) for keep in (True, False))
    assert np.array_equal(best.losses, last.losses)
    assert best.best_epoch == 1 + best.losses.argmin()
    assert last.best_epoch == 8
    shorter = train(start(task), task, replace(config, epochs=best.best_epoch, keep_best=False), rng=3)
    assert shorter.net.hash == best.net.hash


def test_clipping_bounds_the_step():
    task = get_task("rdm")
    net = start(task)
    config = TrainConfig(1, 1, 8, 1.0, clip=1e-3, train=("m", "n"), optimizer=SGD(), keep_best=False)
    after = train(net, task, config, rng=1)
    step = np.hypot(np.linalg.norm(after.net.m - net.m), np.linalg.norm(after.net.n - net.n))
    assert step == pytest.approx(1e-3, rel=1e-2)
    assert after.gradient_norms[0] > 1e-3


def test_divergence_ends_in_its_epoch_with_finite_weights():
    task = get_task("rdm")
    net = start(task, phi="relu")
    config = TrainConfig(epochs=5, learning_rate=1e6, optimizer=SGD())
    result = train(net, task, config, rng=1)
    assert result.status is Status.DIVERGED
    assert not result.status.ok
    for word in ("Epoch 1", "gradient", "learning rate below", "clip=1"):
        assert word in result.message
    assert all(np.isfinite(getattr(result.net, letter)).all() for letter in ("m", "n", "I", "w"))


def test_divergence_later_returns_the_best_epoch():
    task = get_task("rdm")
    seen = []

    def poison(record):
        seen.append(record)

    result = train(start(task), Poisoned(epoch=3), replace(QUICK, epochs=9), rng=1, progress=poison)
    assert result.status is Status.DIVERGED
    assert len(seen) == len(result.losses) == 2
    assert result.message.startswith("Epoch 3, batch 1")
    assert result.best_epoch in (1, 2)


@dataclass(frozen=True)
class Poisoned(Task):
    """Random dots whose targets overflow float32 from some epoch on."""

    name: ClassVar[str] = "poisoned"
    input_names: ClassVar[tuple] = ("motion",)
    output_names: ClassVar[tuple] = ("choice",)
    epoch: int = 3
    drawn: tuple = ()

    def trials(self, n, rng):
        object.__setattr__(self, "drawn", (*self.drawn, n))
        trials = get_task("rdm").trials(n, rng)
        huge = 1e30 if len(self.drawn) >= self.epoch else 1.0
        return Trials(trials.inputs, huge * trials.targets, trials.mask)


def test_interruption_keeps_what_is_complete():
    task = get_task("rdm")

    def interrupt(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    result = train(start(task), task, replace(QUICK, epochs=50), rng=1, progress=interrupt)
    assert result.status is Status.INTERRUPTED
    assert len(result.losses) == 2
    assert "Interrupted in epoch 3 of 50" in result.message
    assert result.net.hash == train(start(task), task, replace(QUICK, epochs=2), rng=1).net.hash


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_a_signal_after_the_last_batch_loses_nothing(tmp_path):
    def press(record):
        if record.epoch == record.epochs:
            os.kill(os.getpid(), signal.SIGINT)

    task, path = get_task("rdm"), tmp_path / "checkpoint.npz"
    result = train(start(task), task, QUICK, rng=0, progress=press, checkpoint=path)
    assert result.status is Status.INTERRUPTED and "Interrupted after epoch 3 of 3." in result.message
    whole = train(start(task), task, QUICK, rng=0)
    assert result.net.hash == whole.net.hash == train(None, task, QUICK, resume=path).net.hash
    stages = [Stage(QUICK), Stage(QUICK)]
    first = train_stages(start(task), task, stages, rng=0, progress=press)
    assert first.status is Status.INTERRUPTED and {record.stage for record in first.history} == {1}
    assert first.message.startswith("Stage 1 of 2. Interrupted after epoch 3 of 3.")


def test_fewer_epochs_than_have_run_are_told(tmp_path):
    task, path = get_task("rdm"), tmp_path / "checkpoint.npz"
    whole = train(start(task), task, QUICK, rng=0, checkpoint=path)
    again = train(None, task, replace(QUICK, epochs=1), resume=path)
    assert "3 epochs had run already, more than 1." in again.message and again.net.hash == whole.net.hash
    assert "The only epoch ran." in train(start(task), task, replace(QUICK, epochs=1), rng=0).message


@pytest.mark.parametrize("keep_best", [True, False])
def test_divergence_later_can_be_resumed_from_the_last_complete_epoch(keep_best, tmp_path, monkeypatch):
    monkeypatch.setattr("rnn.checkpoints.SECONDS_BETWEEN", 1e9)  # nothing is written in between
    task, path, config = get_task("rdm"), tmp_path / "checkpoint.npz", replace(QUICK, keep_best=keep_best)
    spoilt, calls = task.trials(config.batches_per_epoch * config.batch_size, rng=9), []
    spoilt = replace(spoilt, targets=spoilt.targets * 1e30)

    class Spoilt(type(task)):
        def trials(self, n, rng):
            calls.append(n)
            return spoilt if len(calls) == 3 else super().trials(n, rng)

    result = train(start(task), Spoilt(), config, rng=0, checkpoint=path)
    assert result.status is Status.DIVERGED
    said = "after epoch" if keep_best else "The network has the last finite weights."
    assert said in result.message and (keep_best or "after epoch" not in result.message)
    assert load_checkpoint(path).state.epoch == 2
    assert train(None, Spoilt(), config, resume=path).status is Status.COMPLETED


@dataclass(frozen=True)
class Odd(Task):
    """As many trials as it likes, of the size it likes."""

    name: ClassVar[str] = "odd"
    input_names: ClassVar[tuple] = ("u",)
    output_names: ClassVar[tuple] = ("z",)
    share: float = 1.0
    scale: float = 1.0

    def trials(self, n, rng):
        inputs, targets, mask = np.ones((3, max(1, int(n * self.share)), 10, 1))
        return self._bundle(self.scale * inputs, self.scale * targets, mask, {}, {})


@pytest.mark.parametrize("threads", [None, 1])
@pytest.mark.parametrize("share", [0.25, 0.6, 2.0])  # a whole number of batches, a broken one, too many
def test_a_task_that_draws_another_number_of_trials_is_refused(share, threads):
    task = Odd(share=share)
    with pytest.raises(InputError, match=r"drew \d+ trials, not 40"):
        train(start(task, 8), task, replace(QUICK, threads=threads), rng=0)
    with pytest.raises(InputError, match=r"drew \d+ trials, not 20"):
        train(start(task, 8), task, replace(QUICK, threads=threads, validation=20), rng=0)


def test_numbers_too_large_for_float32_are_refused():
    task = Odd(scale=1e300)
    with pytest.raises(InputError, match="inputs: its largest entry, 1e.300, is too large for float32"):
        train(start(task, 8), task, QUICK, rng=0)
    task = Odd(scale=1e30)
    result = train(start(task, 8), task, QUICK, rng=0)
    assert result.status is Status.DIVERGED and "not yet a step of it" in result.message


def test_progress_sees_every_epoch():
    task, seen = get_task("rdm"), []
    result = train(start(task), task, QUICK, rng=1, progress=seen.append)
    assert tuple(seen) == result.history
    assert [(record.epoch, record.epochs) for record in seen] == [(1, 3), (2, 3), (3, 3)]


def test_the_result_says_where_it_comes_from():
    task = get_task("rdm", delay=40.0)
    net = start(task)
    result = train(net, task, QUICK, rng=11)
    assert result.initial is net
    assert result.source["network"] == net.hash
    assert result.source["task"] == "rdm"
    assert result.source["parameters"]["delay"] == 40.0
    assert result.source["seed"]["entropy"] == 11
    assert "COMPLETED" in repr(result)
    assert "<table>" in result._repr_html_()


def test_the_task_is_the_judge():
    """Every masked entry counts in a flip-flop (`tasks.held_accuracy`), not the mean of each trial."""
    task = get_task("flipflop", bits=1, duration=600.0)
    result = train(start(task), task, TrainConfig(1, 1, 16, keep_best=False), rng=1)
    rng = np.random.default_rng(1)
    trials, seed = task.trials(16, rng), rng.integers(2**63)
    z = outputs_with_noise(start(task), trials, seed)
    assert result.accuracies[0] == pytest.approx(task.accuracy(z, trials), abs=1e-6)
    assert abs(result.accuracies[0] - tasks.accuracy(z, trials)) > 1e-3


def outputs_with_noise(net, trials, seed):
    with GradientRunner(net, net.noise_std, trials.size, trials.steps, float) as runner:
        runner.run(*factors(net), pack(trials, trials.size, float), 0, seed)
        return runner.z[: trials.size].copy()


def test_targets_without_a_sign_have_no_accuracy():
    @dataclass(frozen=True)
    class Silence(Task):
        name: ClassVar[str] = "silence"
        input_names: ClassVar[tuple] = ("u",)
        output_names: ClassVar[tuple] = ("z",)

        def trials(self, n, rng):
            return Trials(rng.standard_normal((n, 5, 1)), np.zeros((n, 5, 1)), np.ones((n, 5, 1)))

    result = train(start(Silence()), Silence(), QUICK, rng=0)
    assert np.isnan(result.accuracies).all()
    assert "accuracy" not in result.message


@pytest.mark.parametrize(
    "settings, word",
    [
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": -1e-3}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"batches_per_epoch": 1.5}, "batches_per_epoch"),
        ({"clip": 0.0}, "clip"),
        ({"stop_accuracy": 1.5}, "stop_accuracy"),
        ({"stop_loss": -1.0}, "stop_loss"),
        ({"train": ()}, "train"),
        ({"train": "mn"}, "train"),
        ({"train": 3}, "train: give a tuple of names"),
        ({"keep_best": "no"}, "keep_best: expected True or False"),
        ({"train": ("Q",)}, "'Q'; choose one of 'm'"),
        ({"train": ("w", "w_gain")}, "exclude each other"),
        ({"threads": 0}, "threads"),
        ({"optimizer": "adam"}, "optimizer"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, word):
    with pytest.raises(InputError, match=word):
        TrainConfig(**settings)


def test_task_and_network_that_do_not_fit_are_refused():
    task = get_task("rdm")
    with pytest.raises(InputError, match="2 input channels, but trials of task 'rdm' have 1: motion"):
        train(LowRankRNN(*np.ones((2, 8, 1)), np.ones((8, 2)), np.ones(8)), task, QUICK, rng=0)
    with pytest.raises(InputError, match="alpha: the network has 0.2"):
        train(start(task), get_task("rdm", dt=10.0), QUICK, rng=0)
    with pytest.raises(InputError, match="expected a Task"):
        train(start(task), "rdm", QUICK, rng=0)
    with pytest.raises(InputError, match="rng"):
        train(start(task), task, QUICK)


def test_a_step_longer_than_tau_warns():
    task = get_task("rdm", dt=120.0, response=120.0)
    with pytest.warns(UserWarning, match="120 ms is longer than tau = 100 ms"):
        train(start(task), task, QUICK, rng=0)
