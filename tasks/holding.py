"""Was a state held? Scores of the tasks whose output follows the last pulse."""

import numpy as np

from tasks.checks import as_array
from tasks.errors import InputError


def held_accuracy(outputs, trials):
    """Share of the masked entries whose output has the sign of its target.

    Parameters
    ----------
    outputs : array_like (B, T, O)
        Outputs z.
    trials : Trials
        The trials they belong to.

    Returns
    -------
    float

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("flipflop").trials(3, rng=0)
    >>> held_accuracy(trials.targets, trials)
    1.0
    """
    z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
    counts = (trials.mask > 0) & (trials.targets != 0)
    if not counts.any():
        raise InputError("trials: no masked entry has a target other than 0, so there is nothing to judge")
    return float(np.mean((np.sign(z) == np.sign(trials.targets))[counts]))


def segments_held(outputs, trials):
    """Share of the stretches between pulses on which the output has the target's sign at every step.

    A stretch is an unbroken run of masked steps of one trial and channel: one pulse answered and held.

    Parameters
    ----------
    outputs : array_like (B, T, O)
        Outputs z.
    trials : Trials
        The trials they belong to.

    Returns
    -------
    float

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("bistable").trials(3, rng=0)
    >>> segments_held(trials.targets, trials), segments_held(-trials.targets, trials)
    (1.0, 0.0)
    """
    z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
    masked = np.moveaxis(trials.mask > 0, 1, 2).reshape(-1, trials.steps)
    wrong = np.moveaxis(np.sign(z) != np.sign(trials.targets), 1, 2).reshape(-1, trials.steps)
    begins = masked & ~np.pad(masked, ((0, 0), (1, 0)))[:, :-1]
    segment = np.cumsum(begins.ravel()).reshape(masked.shape) - 1
    count = int(begins.sum())
    failures = np.bincount(segment[masked], (wrong & masked)[masked], minlength=count)
    return float(np.mean(failures == 0))
