"""Many networks trained side by side: other seeds, other tasks, other settings, on all cores in one process.

Each thread takes whole networks, one after the other, and trains each from beginning to end with `rnn.train`.
The kernels let go of Python's lock, so small networks keep several cores busy, which they cannot when each
batch is shared out among threads; nothing is forked, sent or loaded twice. A network's result is the same, to
the last bit, as if it had been trained alone.
"""

import queue
import threading
import traceback
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from rnn.gradient import available_cores
from rnn.interrupts import interrupts_held
from rnn.parameters import parameters
from rnn.simulation import check_match
from rnn.training import check_training, origin, train_checked, warn_of_long_steps
from rnn.training_records import TrainConfig, TrainResult
from rnn.workers import Worker
from tasks.adapters import EnvironmentTask
from tasks.base import Task
from tasks.checks import check_count, check_rng
from tasks.errors import InputError, Status


def train_many(nets, task, config=None, rng=None, progress=None, threads=None):
    """Train many networks side by side.

    Parameters
    ----------
    nets : sequence of LowRankRNN or FullRankRNN, length K
        Where each starts.
    task : Task or sequence of Task
        One for all, or one for each. What its trials are may depend on the generator only; an environment
        (`tasks.adapters`), which has a state of its own, makes the networks wait for each other.
    config : TrainConfig or sequence of TrainConfig, optional
        One for all, or one for each; each batch runs on one thread, whatever its ``threads``.
    rng : numpy.random.Generator or int, or sequence of those
        One for each network; a single one gives each network a child of its own (``rng.spawn(K)``).
    progress : callable, optional
        Called with a network's number and its `EpochRecord` after each epoch of each.
    threads : int, optional
        Number of networks in training at a time, which does not change the results; all cores if left out.

    Returns
    -------
    tuple of TrainResult, length K
        In the order of ``nets``. One that diverges does not stop the others, nor does one whose task raises
        an error: its status is ``FAILED``, its message names it and the error, and its network is the one
        that was given. Ctrl-C ends every training after its epoch: all results are there, those that never
        began with the network that was given.

    Raises
    ------
    InputError
        What `rnn.train` refuses, before any training begins; numbers of tasks, settings or generators that
        do not fit, and one generator for two networks.
    Exception
        Where every network failed: the error of the first.

    Examples
    --------
    >>> from rnn import LowRankRNN, train
    >>> from tasks import get_task
    >>> task, quick = get_task("rdm"), TrainConfig(epochs=2, batches_per_epoch=2)
    >>> starts = [LowRankRNN.random(16, 1, task, rng=seed) for seed in range(4)]
    >>> results = train_many(starts, task, quick, rng=[10, 11, 12, 13])
    >>> results[2].net.hash == train(starts[2], task, quick, rng=12).net.hash
    True
    """
    jobs = _jobs(nets, task, config, rng)
    for task in {(job[1].dt, job[1].tau): job[1] for job in jobs}.values():
        warn_of_long_steps(task)  # once, not once a network
    shared = any(isinstance(job[1], EnvironmentTask) for job in jobs)
    wanted = available_cores() if threads is None else check_count("threads", threads)
    threads = 1 if shared else min(wanted, len(jobs))
    results, errors, news = [None] * len(jobs), {}, queue.SimpleQueue()
    waiting, stop = iter(range(len(jobs))), threading.Event()

    def report(number, record):
        news.put((number, record))
        if stop.is_set() and record.epoch < record.epochs:
            raise KeyboardInterrupt  # which `train` takes for one of the user's

    def work():
        try:
            for number in waiting:  # the threads share one iterator, so each network is taken once
                if stop.is_set():
                    break
                net, task, config, rng = jobs[number]
                try:
                    result = train_checked(
                        net, task, replace(config, threads=1), rng, lambda record, n=number: report(n, record)
                    )
                    results[number] = replace(result, config=config)
                except Exception as error:
                    errors[number] = error
                    results[number] = _failed(number, net, task, config, rng, error)
        except BaseException:
            stop.set()
            raise  # in the calling thread, at the end
        finally:
            news.put(None)

    workers = [Worker(work) for _ in range(threads)]
    try:
        with interrupts_held() as raise_if_asked:
            for worker in workers:
                worker.start()
            _follow(news, threads, progress, raise_if_asked, stop)
        for worker in workers:
            worker.wait()
    finally:
        stop.set()
        for worker in workers:
            worker.close()
    if len(errors) == len(jobs):
        raise errors[0]
    return tuple(result or _never_began(*job) for result, job in zip(results, jobs))


def _follow(news, threads, progress, raise_if_asked, stop):
    """Hand on the news until all threads have ended; Ctrl-C asks them to."""
    while threads:
        entry = news.get()
        threads -= entry is None
        try:
            if entry is not None and progress is not None:
                progress(*entry)
            raise_if_asked()
        except KeyboardInterrupt:
            stop.set()


def _jobs(nets, task, config, rng):
    """One (net, task, config, rng) for each network, checked."""
    if not isinstance(nets, Iterable):
        raise InputError(f"nets: expected a sequence of networks, got {type(nets).__name__}")
    nets = list(nets)
    if not nets:
        raise InputError("nets: expected one network or more")
    tasks = _for_each("task", [task] if isinstance(task, Task) else task, len(nets))
    config = TrainConfig() if config is None else config
    configs = _for_each("config", [config] if isinstance(config, TrainConfig) else config, len(nets))
    if isinstance(rng, (list, tuple, np.ndarray)):
        rngs = [check_rng(one) for one in rng]
        if len(rngs) != len(nets):
            raise InputError(f"rng: expected one for each of the {len(nets)} networks, got {len(rngs)}")
    else:
        rngs = check_rng(rng).spawn(len(nets))
    if len({id(one.bit_generator) for one in rngs}) < len(rngs):
        raise InputError(
            "rng: one generator for two networks; give each its own, or one for all to share out"
        )
    jobs = list(zip(nets, tasks, configs, rngs))
    for net, task, config, _ in jobs:
        check_training(net, task, config)
        parameters(net, config.train)
        if not isinstance(task, EnvironmentTask):  # which would remember having been asked
            check_match(net, task.trials(1, np.random.default_rng(0)))
    return jobs


def _for_each(name, values, count):
    values = list(values) if isinstance(values, (list, tuple)) else [values]
    if len(values) not in (1, count):
        raise InputError(
            f"{name}: expected one for all or one for each of the {count} networks, got {len(values)}"
        )
    return values * count if len(values) == 1 else values


def _failed(number, net, task, config, rng, error):
    place = traceback.extract_tb(error.__traceback__)[-1]
    message = (
        f"nets[{number}] (task {task.name!r}): {type(error).__name__}: {error} "
        f"({Path(place.filename).name}, line {place.lineno}, in {place.name})"
    )
    return TrainResult(net, net, (), Status.FAILED, message, 0, 0.0, config, origin(net, task, rng))


def _never_began(net, task, config, rng):
    message = "Interrupted before its first epoch."
    return TrainResult(net, net, (), Status.INTERRUPTED, message, 0, 0.0, config, origin(net, task, rng))
