"""Threads that wait for one function to be called, and call it.

The compiled kernels let go of Python's lock, so plain threads run them side by side. Handing a job over takes
tens of microseconds, less than an executor of the standard library or a parallel loop of numba; there is
nothing to compile, and a forked process is not in danger as it is after a parallel loop. Where even that is
long, kernels stand by for their next call and share out its blocks among themselves (`rnn.kernels.sharing`).
"""

import queue
import threading
import time
import weakref

import numpy as np

from rnn.kernels.sharing import LEAVE, POLLS, all_done, begin, nothing_to_do, take_seat, threads_can_share

_NAP = 5e-5  # seconds: how often to look after blocks that take longer than the polls


class Worker:
    """One waiting thread.

    Parameters
    ----------
    function : callable
        What to call.

    Examples
    --------
    >>> results = []
    >>> worker = Worker(results.append)
    >>> worker.start(1)
    >>> worker.wait()
    >>> worker.close()
    >>> results
    [1]
    """

    def __init__(self, function):
        self._jobs, self._done = queue.SimpleQueue(), queue.SimpleQueue()
        # Ctrl-C may come before anybody can close it; then it ends with the last reference to it.
        self._end = weakref.finalize(self, self._jobs.put, None)
        threading.Thread(target=_serve, args=(function, self._jobs, self._done), daemon=True).start()

    def start(self, *arguments):
        """Hand over the arguments of one call, and return at once."""
        self._jobs.put(arguments)

    def is_done(self):
        """Whether that call has ended."""
        return not self._done.empty()

    def wait(self):
        """Wait for the end of that call; its error, if any, is raised here."""
        outcome = self._done.get()
        if isinstance(outcome, BaseException):
            raise outcome

    def drain(self):
        """Wait for the end of all calls, whatever was interrupted before; the first error is raised here."""
        last, error = _Mark(), None
        self._jobs.put(last)
        while (outcome := self._done.get()) is not last:
            if isinstance(outcome, BaseException) and error is None:
                error = outcome
        if error is not None:
            raise error

    def close(self):
        """End the thread after the calls handed over so far."""
        self._end()


class SharedKernel:
    """A kernel on several threads that share out its blocks and stand by between its calls.

    Parameters
    ----------
    kernel : callable
        Called as ``kernel(call, seat, *arguments)``, with the arguments of each thread; it claims blocks
        until there are none (see `rnn.kernels.sharing`).
    blocks : int
        Number of blocks in every call.
    threads : int
        Number of threads, the calling one included.

    Examples
    --------
    >>> from rnn.kernels.sharing import BATCH, claim, finish
    >>> def kernel(call, seat, numbers, squares):
    ...     while (block := claim(call, 3, seat)) >= 0:
    ...         squares[block] = numbers[call[BATCH], block] ** 2
    ...         finish(call)
    >>> shared, squares = SharedKernel(kernel, 3, threads=1), [0, 0, 0]
    >>> shared.prepare([(np.arange(6).reshape(2, 3), squares)])
    >>> shared.run(1, 0)
    >>> shared.close()
    >>> [int(square) for square in squares]
    [9, 16, 25]
    """

    def __init__(self, kernel, blocks, threads):
        self._kernel, self._blocks, self._arguments = kernel, blocks, []
        threads = threads if threads_can_share() else 1
        self._call = nothing_to_do(blocks, threads)
        self._workers = [Worker(kernel) for _ in range(threads - 1)]

    def prepare(self, arguments):
        """Set the arguments of the next calls: a tuple for each thread."""
        self._call[LEAVE] = 1
        for worker in self._workers if self._arguments else ():  # nobody goes on with the last ones
            worker.drain()
        self._call[:] = nothing_to_do(self._blocks, len(self._workers) + 1)
        self._arguments = arguments

    def run(self, batch, seed):
        """One call, with the number of a batch and the key of its noise; returns when all is done."""
        if not all_done(self._call, self._blocks, 1):  # the last call was interrupted, or raised
            self.prepare(self._arguments)
        begin(self._call, batch, np.uint64(seed))
        for seat, worker in enumerate(self._workers, 1):
            if take_seat(self._call, seat):
                worker.start(self._call, seat, *self._arguments[seat])
        self._look_after_workers()
        with np.errstate(all="ignore"):  # without the compiler, integers that wrap around would warn
            self._kernel(self._call, 0, *self._arguments[0])
        while not all_done(self._call, self._blocks, POLLS):
            self._look_after_workers()
            time.sleep(_NAP)

    def close(self):
        """End the threads."""
        self._call[LEAVE] = 1
        for worker in self._workers:
            worker.close()

    def _look_after_workers(self):
        """Raise the error of a worker that has one: perhaps a block will never be done."""
        for worker in self._workers:
            while worker.is_done():
                worker.wait()


class _Mark:
    """What a worker hands back as it is."""


def _serve(function, jobs, done):
    while (job := jobs.get()) is not None:
        done.put(job if isinstance(job, _Mark) else _outcome(function, job))


def _outcome(function, arguments):
    """The error of a call, for the thread that waits, or None."""
    try:
        function(*arguments)
    except BaseException as error:
        return error
    return None
