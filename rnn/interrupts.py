"""Ctrl-C and a polite request to end (SIGTERM), taken where nothing is half done.

Python raises KeyboardInterrupt between any two of its instructions, also in those that numba runs to hand a
compiled function's result back, where it turns into a SystemError. Work that calls compiled functions all the
time therefore holds both signals back and asks for them at places of its own.
"""

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
    if not _in_main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def interrupts_held(sigterm=False):
    """Hold Ctrl-C back while the block runs; yields a function that raises it if it came.

    A second Ctrl-C is not held back. One that came and was not asked for is raised when the block has ended.
    A program's own handlers stay, and so does everything outside the main thread.

    Parameters
    ----------
    sigterm : bool, default False
        Whether SIGTERM is held back like Ctrl-C where it would end the process.

    Yields
    ------
    callable
        Raises KeyboardInterrupt if a signal has come since the last call.

    Examples
    --------
    >>> with interrupts_held() as raise_if_asked:
    ...     for batch in range(3):
    ...         raise_if_asked()
    """
    pending = []

    def note(number, frame):
        if pending:
            raise KeyboardInterrupt
        pending.append(number)

    def raise_if_asked():
        if pending:
            pending.clear()
            raise KeyboardInterrupt

    held = {signal.SIGINT: (signal.default_int_handler,), signal.SIGTERM: (_interrupt,)}
    if sigterm:
        held[signal.SIGTERM] = (_interrupt, signal.SIG_DFL)
    before = {}
    for number, handlers in held.items() if _in_main_thread() else ():
        handler = signal.getsignal(number)
        if handler in handlers:
            before[number] = handler
            signal.signal(number, note)
    try:
        yield raise_if_asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if pending:
        raise KeyboardInterrupt


def _in_main_thread():
    return threading.current_thread() is threading.main_thread()


def _interrupt(number, frame):
    raise KeyboardInterrupt
