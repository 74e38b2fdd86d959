"""A trained network to look at: one call trains it by the recipe of its task."""

import numpy as np

from rnn.networks import LowRankRNN
from rnn.recipes import recipe
from rnn.training import train
from tasks.checks import check_count
from tasks.registry import get_task


def train_example(task_name="rdm", units=None, seed=0, progress=None):
    """Train a network on a task by the recipe that is known to work.

    Parameters
    ----------
    task_name : str, default "rdm"
        The task.
    units : int, optional
        Number of units N; the recipe's if left out.
    seed : int, default 0
        Of the initial network and of the training.
    progress : callable, optional
        As in `rnn.train`.

    Returns
    -------
    TrainResult

    Examples
    --------
    >>> train_example("rdm", units=32, seed=1).net.units
    32
    """
    task, known = get_task(task_name), recipe(task_name)
    units = known.units if units is None else check_count("units", units)
    # Two streams of one seed, apart from the stream that the analysis makes of the bare number.
    start, run = (np.random.default_rng([check_count("seed", seed, 0), stream]) for stream in (1, 2))
    net = LowRankRNN.random(units, known.rank, task, rng=start, noise_std=known.noise_std)
    return train(net, task, known.config, rng=run, progress=progress)
