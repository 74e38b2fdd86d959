"""Processes that tests start and stop."""

import signal
import subprocess


def start(command, **options):
    """Start a process that listens to Ctrl-C, even where the tests themselves run in the background.

    A shell makes its background jobs ignore SIGINT, and a child would inherit that.
    """
    return subprocess.Popen(
        command,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )
