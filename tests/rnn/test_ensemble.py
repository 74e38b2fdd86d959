"""Networks side by side: each as if it had been trained alone, to the last bit; nothing is lost on Ctrl-C."""

import signal
import threading
import warnings
from dataclasses import replace

import numpy as np
import pytest

from rnn.curriculum import Stage, train_stages
from rnn.ensemble import train_many
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.optimizers import SGD
from rnn.training import TrainConfig, train
from tasks import get_task
from tasks.adapters import EnvironmentTask
from tasks.decision import RandomDots
from tasks.errors import InputError, Status

QUICK = TrainConfig(epochs=3, batches_per_epoch=4, batch_size=10)


def starts(task, count, units=24, rank=1):
    return [LowRankRNN.random(units, rank, task, rng=seed, noise_std=0.05) for seed in range(count)]


def same(one, other):
    return (
        one.net.hash == other.net.hash
        and one.status is other.status
        and one.config == other.config
        and one.source == other.source
        and one.message == other.message
        and np.array_equal(one.losses, other.losses)
        and np.array_equal(one.accuracies, other.accuracies, equal_nan=True)
        and np.array_equal(one.gradient_norms, other.gradient_norms)
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"clip": 0.05, "l2_weights": 0.1, "learning_rate": 0.03, "keep_best": False, "validation": 20},
        {"optimizer": SGD(0.9), "learning_rate": 0.1, "train": ("m", "n", "I", "w")},
        {"stop_accuracy": 0.6},
        {"learning_rate": 1e30, "optimizer": SGD(), "train": ("m", "n", "I", "w")},
        {"l2_rates": 0.1},
    ],
)
def test_each_is_as_if_trained_alone(settings):
    """Two threads train whole networks, one thread each; alone, the batch is shared by two threads."""
    task, config = get_task("rdm"), replace(QUICK, **settings)
    nets = starts(task, 5)
    together = train_many(nets, task, config, rng=list(range(5)), threads=2)
    for seed, (net, result) in enumerate(zip(nets, together)):
        alone = train(net, task, replace(config, threads=2), rng=seed)
        assert same(result, replace(alone, config=config)), seed
    if "optimizer" in settings and settings["learning_rate"] > 1:
        assert {result.status for result in together} == {Status.DIVERGED}


def test_full_rank_and_plants_are_trained_too():
    """Each its own task, settings and shape."""
    rdm, reach = get_task("rdm"), get_task("reach", hold=100.0, cue=100.0, reach=400.0, movement=200.0)
    nets = [FullRankRNN.random(12, rdm, rng=0), LowRankRNN.random(12, 2, reach, rng=0), *starts(rdm, 1)]
    configs = [replace(QUICK, train=("J",)), replace(QUICK, train=("m", "n", "I", "w")), QUICK]
    tasks = [rdm, reach, rdm]
    together = train_many(nets, tasks, configs, rng=7)
    rngs = np.random.default_rng(7).spawn(3)
    for result, job in zip(together, zip(nets, tasks, configs, rngs)):
        assert same(result, train(*job))


def test_news_come_to_the_calling_thread():
    task, seen = get_task("rdm"), []

    def progress(number, record):
        seen.append((number, record.epoch, threading.current_thread() is threading.main_thread()))

    train_many(starts(task, 3), task, QUICK, rng=0, progress=progress)
    assert sorted(seen) == [(number, epoch, True) for number in range(3) for epoch in (1, 2, 3)]


@pytest.mark.parametrize("way", ["signal", "exception"])
def test_an_interrupt_keeps_everything(way):
    """The first network is done by then, the second in the middle of its epochs, the last never began."""
    task = get_task("rdm")
    nets, longer = starts(task, 4), replace(QUICK, epochs=2000)

    def progress(number, record):
        if number == 1 and record.epoch == 2:
            if way == "exception":
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGINT)

    results = train_many(nets, task, [QUICK, longer, longer, QUICK], list(range(4)), progress, threads=1)
    assert same(results[0], train(nets[0], task, QUICK, rng=0))
    assert [result.status for result in results] == [Status.COMPLETED, *[Status.INTERRUPTED] * 3]
    second = results[1]
    assert 2 <= len(second.history) < 2000 and second.net.hash != nets[1].hash
    assert np.array_equal(second.losses, train(nets[1], task, longer, 1, _stop(second)).losses)
    for net, result in zip(nets[2:], results[2:]):
        assert result.net is net and result.history == () and "before its first epoch" in result.message
    assert results[3].source == train(nets[3], task, QUICK, rng=3).source


def _stop(result):
    def progress(record):
        if record.epoch == len(result.history):
            raise KeyboardInterrupt

    return progress


def test_an_error_in_the_users_progress_ends_all():
    task = get_task("rdm")

    def progress(number, record):
        raise ZeroDivisionError(f"{number}")

    count = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        train_many(starts(task, 3), task, replace(QUICK, epochs=1000), 0, progress)
    for thread in threading.enumerate()[count:]:
        thread.join(10.0)
    assert threading.active_count() <= count


class Breaking(RandomDots):
    """Its trials stop coming after a while."""

    def trials(self, n, rng):
        if n > 1 and rng.random() < 0.4:  # one trial is what is asked for beforehand
            raise ZeroDivisionError("no such coherence")
        return super().trials(n, rng)


def test_an_error_in_one_task_keeps_the_others():
    task, breaking = get_task("rdm"), Breaking()
    nets = starts(task, 4)
    for threads in (1, 2):
        results = train_many(
            nets, [task, breaking, task, task], replace(QUICK, epochs=20), list(range(4)), threads=threads
        )
        for number in (0, 2, 3):
            alone = train(nets[number], task, replace(QUICK, epochs=20), rng=number)
            assert same(results[number], alone)
        failed = results[1]
        assert failed.status is Status.FAILED and not failed.status.ok and failed.net is nets[1]
        assert failed.message.startswith("nets[1] (task 'rdm'): ZeroDivisionError: no such coherence (test_")
        assert failed.message.endswith("in trials)") and failed.source["seed"]["entropy"] == 1


def test_where_all_fail_the_first_error_is_raised():
    with pytest.raises(ZeroDivisionError, match="no such coherence"):
        train_many(starts(get_task("rdm"), 3), Breaking(), replace(QUICK, epochs=50), 0)


def test_a_long_step_warns_once():
    task, other = get_task("rdm", dt=120.0, response=120.0), get_task("rdm", dt=130.0, response=130.0)
    for tasks_, count in (([task] * 3, 1), ([task, other, task], 2)):
        nets = [LowRankRNN.random(8, 1, one, rng=0) for one in tasks_]
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            train_many(nets, tasks_, QUICK, 0)
        assert [str(one.message).split(":")[0] for one in seen] == ["dt"] * count
        assert all(one.filename == __file__ for one in seen)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        train_stages(nets[0], task, [Stage(QUICK), Stage(QUICK)], 0)
    assert len(seen) == 1


class Counting:
    """An environment that counts its trials and has no seed: order is everything."""

    def __init__(self):
        self.count, self.users = 0, set()

    def new_trial(self):
        self.count += 1
        self.users.add(threading.get_ident())
        self.ob, self.gt = np.full((6, 1), 0.1 * (self.count % 7)), np.full(6, self.count % 2)


def test_an_environment_serves_one_network_after_the_other():
    one, other = (EnvironmentTask.of(Counting(), outputs="value") for _ in range(2))
    config = replace(QUICK, epochs=2)
    nets = [LowRankRNN.random(10, 1, one, rng=seed) for seed in range(3)]
    together = train_many(nets, one, config, rng=list(range(3)))
    alone = [train(net, other, config, rng=seed) for seed, net in enumerate(nets)]
    assert [result.net.hash for result in together] == [result.net.hash for result in alone]


def test_what_does_not_fit_is_refused_before_training():
    task, rng = get_task("rdm"), np.random.default_rng(0)
    nets = starts(task, 2)
    for given, words in (
        (([], task), "nets: expected one network"),
        ((nets[0], task), "nets: expected a sequence of networks, got LowRankRNN"),
        ((nets, [task] * 3), "task: expected one for all or one for each of the 2 networks, got 3"),
        ((nets, task, [QUICK] * 3, 0), "config: expected one for all"),
        ((nets, task, QUICK, [0]), "rng: expected one for each of the 2 networks, got 1"),
        ((nets, task, QUICK, [rng, rng]), "rng: one generator for two networks"),
        ((nets, task, QUICK, None), "rng: pass numpy.random"),
        ((nets, "rdm", QUICK, 0), "task: expected a Task"),
        ((nets, task, "quick", 0), "config: expected a TrainConfig"),
        (([nets[0], 1], task, QUICK, 0), "net: expected a LowRankRNN or FullRankRNN, got int"),
        (([nets[0], LowRankRNN(*np.ones((4, 9, 2)))], task, QUICK, 0), "2 input channels"),
        ((nets, task, replace(QUICK, train=("J",)), 0), "train: .* has no 'J'"),
        ((nets, task, QUICK, 0, None, 0), "threads: "),
    ):
        with pytest.raises(InputError, match=words):
            train_many(*given)
