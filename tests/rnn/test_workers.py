"""Threads that share out blocks: each is done once, whoever is awake, whatever was interrupted."""

import signal
import threading
import time

import numpy as np
import pytest

import rnn.workers
from rnn.batches import pack
from rnn.connectivity import factors
from rnn.gradient import GradientRunner
from rnn.jit import jit
from rnn.kernels.sharing import (
    BATCH,
    LEAVE,
    SEATS,
    SEED,
    begin,
    claim,
    finish,
    nothing_to_do,
    take_seat,
    threads_can_share,
)
from rnn.networks import LowRankRNN
from rnn.workers import SharedKernel, Worker
from tasks import get_task
from tasks.errors import InputError


@jit(cache=False, nogil=True)
def count(call, seat, counts, seeds, work):
    block = claim(call, counts.shape[1], seat)
    while block >= 0:
        counts[call[BATCH], block] += 1
        seeds[call[BATCH], block] = call[SEED]
        for i in range(work[block]):
            work[-1] += i
        finish(call)
        block = claim(call, counts.shape[1], seat)


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


def test_who_leaves_says_so_and_looks_for_a_block_once_more():
    call = nothing_to_do(3, 2)
    assert take_seat(call, 1) and not take_seat(call, 1)
    assert claim(call, 3, 1) == -1 and take_seat(call, 1)
    begin(call, 0, np.uint64(0))
    call[LEAVE], call[SEATS + 1] = (
        1,
        1,
    )  # on its way out, and it has said so
    assert claim(call, 3, 1) == 0 and not take_seat(call, 1)
    assert [claim(call, 3, seat) for seat in (0, 1, 0, 1)] == [1, 2, -1, -1]
    assert take_seat(call, 1)


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


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_call_that_was_interrupted_does_not_disturb_the_next(threads):
    """As if Ctrl-C had come before this thread took its share, or within a block of its own."""
    counts, seeds = fresh()
    shared = SharedKernel(count, 7, threads)
    shared.prepare([(counts, seeds, np.full(8, 500)) for _ in range(threads)])
    for call in range(0, 300, 2):
        shared.run(call, 1)
        begin(shared._call, call + 1, np.uint64(1))
        if call % 3:
            claim(shared._call, 7, 0)  # and never done
        if call % 7 == 0:
            time.sleep(0.001)
    shared.run(300, 1)
    shared.close()
    assert (counts[0:301:2] == 1).all() and (counts <= 1).all()


def test_interrupts_at_any_moment_leave_every_call_whole():
    """Whatever Ctrl-C cuts off, the next call does each block once, on the arguments that it is given."""
    rng, work = np.random.default_rng(0), np.full(8, 2000)
    shared, interrupted, old = SharedKernel(count, 7, 3), 0, []

    def interrupt(number, frame):
        while frame is not None:  # not in the lines of this test, which may have caught one already
            if frame.f_code.co_filename == rnn.workers.__file__:
                raise KeyboardInterrupt
            frame = frame.f_back

    shared.prepare([(*fresh(), work.copy()) for _ in range(3)])
    shared.run(0, 1)  # compiles
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(300):
            new = fresh(40)
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 2e-3))
                shared.prepare([(*new, work.copy()) for _ in range(3)])
                for call in range(39):
                    shared.run(call, 1)
            except (KeyboardInterrupt, SystemError):  # the second out of a compiled function's way back
                interrupted += 1
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            shared.prepare([(*new, work.copy()) for _ in range(3)])
            shared.run(39, 1)
            assert (new[0][39] == 1).all() and (new[0] <= 1).all()
            old.append((new[0], new[0].copy()))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        shared.close()
    assert interrupted > 10
    assert all(np.array_equal(counts, copy) for counts, copy in old)


@pytest.mark.skipif(not threads_can_share(), reason="no compiler")
def test_an_error_on_another_thread_comes_out():
    def kernel(call, seat, message):
        if message:
            raise ValueError(message)
        count(call, seat, *arrays, np.zeros(8, np.int64))

    arrays = fresh()
    shared = SharedKernel(kernel, 7, 2)
    shared.prepare([("",), ("on a worker",)])
    shared.run(0, 1)
    with pytest.raises(ValueError, match="on a worker"):
        shared.prepare([])
    shared.close()
    assert (arrays[0][0] == 1).all()


@pytest.mark.skipif(not threads_can_share(), reason="no compiler")
def test_an_error_within_a_block_does_not_leave_anybody_waiting():
    def kernel(call, seat, name):
        if name:
            while (block := claim(call, 7, seat)) < 0:
                claimed.wait(1e-4)
            claimed.set()
            raise MemoryError(f"in block {block} of {name}")
        claimed.wait(10.0)
        count(call, seat, *arrays, np.zeros(8, np.int64))

    arrays, claimed = fresh(), threading.Event()
    shared = SharedKernel(kernel, 7, 2)
    shared.prepare([("",), ("a worker",)])
    with pytest.raises(MemoryError, match="of a worker"):
        shared.run(0, 1)
    shared.prepare([("",), ("",)])
    shared.run(1, 1)
    shared.close()
    assert (arrays[0][1] == 1).all()


def test_a_worker_that_nobody_closed_ends_with_its_owner():
    work = np.full(8, 500)
    before, shared = set(threading.enumerate()), SharedKernel(count, 7, 3)
    shared.prepare([(*fresh(), work.copy()) for _ in range(3)])
    shared.run(0, 1)
    theirs = set(threading.enumerate()) - before
    assert len(theirs) == (2 if threads_can_share() else 0)
    del shared
    for thread in theirs:
        thread.join(10.0)
        assert not thread.is_alive()


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
