"""Settings of all tests: no screen, no numbers from the published networks unless their folder is given."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True)
def python_handlers():
    """The handlers of a plain Python process, whatever runs the tests: a job may ignore Ctrl-C."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def rng():
    return np.random.default_rng(20220601)


@pytest.fixture(scope="session")
def published():
    """Folder of the networks published with Dubreuil et al. 2022, named by DYNSYS_PUBLISHED."""
    folder = os.environ.get("DYNSYS_PUBLISHED")
    if not folder or not Path(folder).is_dir():
        pytest.skip("the published networks are not at hand: set DYNSYS_PUBLISHED to their folder")
    return Path(folder)
