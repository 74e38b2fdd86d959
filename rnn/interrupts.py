"""A polite request to end (SIGTERM) treated like Ctrl-C."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def sigterm_as_interrupt():
    """Raise KeyboardInterrupt on SIGTERM while the block runs, so that whatever saves work on Ctrl-C does.

    Only the main thread of a process can do so; elsewhere nothing changes. A program's own handler stays.

    Examples
    --------
    >>> with sigterm_as_interrupt():
    ...     work = "saved on SIGTERM"
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(number, frame):
    raise KeyboardInterrupt
