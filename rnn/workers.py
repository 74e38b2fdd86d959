"""A thread that waits for one function to be called, and calls it.

The compiled kernels let go of Python's lock, so plain threads run them side by side. Handing a job over takes
a few microseconds, several times less than an executor of the standard library or a parallel loop of numba;
there is nothing to compile, and a forked process is not in danger as it is after a parallel loop.
"""

import queue
import threading


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
        threading.Thread(target=_serve, args=(function, self._jobs, self._done), daemon=True).start()

    def start(self, *arguments):
        """Hand over the arguments of one call, and return at once."""
        self._jobs.put(arguments)

    def wait(self):
        """Wait for the end of that call; its error, if any, is raised here."""
        error = self._done.get()
        if error is not None:
            raise error

    def close(self):
        """End the thread after the calls handed over so far."""
        self._jobs.put(None)


def _serve(function, jobs, done):
    while (arguments := jobs.get()) is not None:
        try:
            function(*arguments)
        except BaseException as error:  # handed to the thread that waits
            done.put(error)
        else:
            done.put(None)
