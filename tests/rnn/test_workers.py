"""Threads that share out blocks: each is done once, whoever is awake, whatever was interrupted."""

import time

import numpy as np
import pytest

from rnn.batches import pack
from rnn.connectivity import factors
from rnn.gradient import GradientRunner
from rnn.jit import jit
from rnn.kernels.sharing import BATCH, SEED, begin, claim, finish
from rnn.networks import LowRankRNN
from rnn.workers import SharedKernel, Worker
from tasks import get_task
from tasks.errors import InputError


@jit(cache=False, nogil=True)
def count(call, polls, counts, seeds, work):
    block = claim(call, counts.shape[1], polls)
    while block >= 0:
        counts[call[BATCH], block] += 1
        seeds[call[BATCH], block] = call[SEED]
        for i in range(work[block]):
            work[-1] += i
        finish(call)
        block = claim(call, counts.shape[1], polls)


def fresh(calls=400, blocks=7):
    return np.zeros((calls, blocks), np.int64), np.zeros((calls, blocks), np.int64)


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_each_block_of_each_call_is_done_once(threads):
    counts, seeds = fresh()
    work = [np.random.default_rng(i).integers(0, 3000, 8) for i in range(threads)]
    shared = SharedKernel(count, 7, threads)
    shared.prepare([(counts, seeds, each) for each in work])
    for call in range(400):
        shared.run(call, 2**63 + call)
        assert (counts[call] == 1).all()
        if call % 100 == 50:
            time.sleep(0.01)  # long enough for everybody to fall asleep
    shared.close()
    assert counts.sum() == 400 * 7
    assert (seeds.view(np.uint64) == 2**63 + np.arange(400, dtype=np.uint64)[:, None]).all()


def test_other_arguments_leave_the_old_ones_alone():
    work = np.full(8, 500)
    shared = SharedKernel(count, 7, 2)
    old = fresh()
    shared.prepare([(*old, work.copy()) for _ in range(2)])
    shared.run(0, 1)
    for _ in range(50):
        before, new = old[0].copy(), fresh()
        shared.prepare([(*new, work.copy()) for _ in range(2)])
        shared.run(3, 1)
        assert new[0].sum() == 7
        assert (new[0][3] == 1).all()
        assert (old[0] == before).all()
        old = new
    shared.close()


def test_a_call_that_was_interrupted_is_finished_before_the_next_begins():
    counts, seeds = fresh()
    shared = SharedKernel(count, 7, 2)
    shared.prepare([(counts, seeds, np.zeros(8, np.int64)) for _ in range(2)])
    shared.run(0, 1)
    begin(shared._call, 1, np.uint64(1))  # as if Ctrl-C had come before this thread took its share
    shared.run(2, 1)
    shared.close()
    assert counts[:3].tolist() == [[1] * 7] * 3


def test_an_error_on_another_thread_comes_out():
    def kernel(call, polls, message):
        if message:
            raise ValueError(message)
        count(call, polls, *arrays, np.zeros(8, np.int64))

    arrays = fresh()
    shared = SharedKernel(kernel, 7, 2)
    shared.prepare([("",), ("on a worker",)])
    shared.run(0, 1)
    with pytest.raises(ValueError, match="on a worker"):
        shared.prepare([])
    shared.close()
    assert (arrays[0][0] == 1).all()


def test_a_worker_raises_where_one_waits_for_it():
    worker = Worker(lambda: 1 / 0)
    worker.start()
    with pytest.raises(ZeroDivisionError):
        worker.wait()
    worker.close()


@pytest.mark.parametrize("noise_std", [0.0, 0.05])
def test_gradient_does_not_depend_on_who_is_asleep(noise_std):
    task = get_task("rdm")
    net, trials = LowRankRNN.random(33, 2, task, rng=0), task.trials(48, rng=1)
    batches, rows = pack(trials, 24, np.float32), factors(net, np.float32)
    results = []
    for threads, nap in ((1, 0.0), (2, 0.0), (2, 0.005), (4, 0.001)):
        with GradientRunner(net, noise_std, 24, trials.steps, np.float32, threads) as runner:
            for index in (0, 1, 0, 1, 1):
                loss = runner.run(*rows, batches, index, 7 + index)
                time.sleep(nap)
            results.append((loss, runner.dleft.copy(), runner.dright.copy(), runner.z.copy()))
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other))


def test_a_batch_that_is_not_there_is_refused():
    task = get_task("rdm")
    net, trials = LowRankRNN.random(8, 1, task, rng=0), task.trials(8, rng=1)
    batches = pack(trials, 4, np.float32)
    with GradientRunner(net, 0.0, 4, trials.steps, np.float32, 1) as runner:
        for index in (-1, 2):
            with pytest.raises(InputError, match="one of 2 batches"):
                runner.run(*factors(net, np.float32), batches, index, 0)
